"""X's error codes and statuses, what each means, and how its answers are read.

A row's code is the code that X names in `errors`, else the answer's HTTP status; the words are looked for in title,
detail and type. Pages: docs.x.com/x-api/fundamentals/response-codes-and-errors (statuses, types) and
developer.x.com/en/support/x-api/error-troubleshooting (codes), where a row names no other source.
"""

from __future__ import annotations

from typing import Any, NoReturn

from chalicelib.fields import Fields
from chalicelib.http import Answer
from chalicelib.protocols.verdicts import (
    NOT_DONE,
    THROTTLED,
    UNKNOWN,
    Act,
    Problem,
    Table,
    Verdict,
    by_status,
    label,
    number,
    raise_for,
    stop,
    token,
)

CODES = "developer.x.com/en/support/x-api/error-troubleshooting"
STATUSES = "docs.x.com/x-api/fundamentals/response-codes-and-errors"
LIMITS = "docs.x.com/x-api/fundamentals/rate-limits"
SEEN = "answers of X's that public repositories quote, 2023 to 2026"

_AUTHORISE = "log the account in again and store its new tokens in the account's secret (dmdesk token set)"
_SCOPES = (
    "the app or its token lacks a permission: set the app to Read, Write and Direct Messages, with the scopes dm.read, "
    "dm.write, media.write, tweet.read, users.read, offline.access, and log the account in again"
)
_CREDITS = "X's credits are used up, or its spending limit is reached: buy credits at console.x.com, or raise the limit"
_PLAN = "the app's project is not allowed to call this: attach the app to a project with pay-per-use at console.x.com"
_LOCKED = "X has locked or suspended the account: log in to x.com as the account and do what X asks there"
_POLICY = (
    "X lets the account send no such messages for now, by its rules on automated and unasked messages: look for X's "
    "notice at x.com as the account, and send less until it is over"
)
_CLOCK = "the clock of this machine is off: calls that are signed with OAuth 1.0a must be of X's time"

_RETRY_LATER = Verdict(group="temporary", action="retry", after_s=60)
_CLOSED = Verdict(group="person", action="refuse", reason="person_unavailable")
_NOBODY = Verdict(group="person", action="refuse", reason="wrong_person")
_CONTENT = Verdict(group="content", action="refuse", reason="rejected_content")
_MEDIA = Verdict(group="content", action="refuse", reason="media_refused")
_TOO_BIG = Verdict(group="content", action="refuse", reason="media_too_big")


def _row(
    code: int, means: str, verdict: Verdict, source: str = CODES, words: str = "", acts: tuple[Act, ...] = ()
) -> Problem:
    return Problem(code=code, means=means, source=source, verdict=verdict, words=words, acts=acts)


PROBLEMS: tuple[Problem, ...] = (
    # another token
    _row(401, "the access token expired, was revoked, or is none", token(_AUTHORISE), STATUSES),
    _row(32, "the call could not be authenticated", token(_AUTHORISE)),
    _row(89, "the access token is wrong or expired", token(_AUTHORISE)),
    _row(99, "the app's credentials could not be verified", token(_AUTHORISE)),
    _row(135, "the call's time is too far from X's", token(_CLOCK)),
    _row(215, "the call carries nothing that authenticates it", token(_AUTHORISE)),

    # it passes by itself. A server's fault may come after the message went out, and there is no idempotency key
    _row(130, "more is asked of X than it can do", _RETRY_LATER),
    _row(131, "a fault of X's", UNKNOWN),
    _row(187, "the same text was sent already", UNKNOWN),
    _row(151, "the same message was sent already", UNKNOWN, words="already"),
    _row(403, "the same text was sent already", UNKNOWN, SEEN, words="duplicate"),
    _row(409, "another write got in the way", NOT_DONE, STATUSES),
    _row(409, "the same message was sent already", UNKNOWN, "docs.x.com/xchat: reuse the same payload", acts=("send",)),

    # too many calls
    _row(429, "too many calls, until x-rate-limit-reset", THROTTLED, LIMITS),
    _row(88, "too many calls, until x-rate-limit-reset", THROTTLED, LIMITS),

    # somebody has to let the account again
    _row(402, "the credits are used up", stop(_CREDITS), "docs.x.com/x-api/getting-started/pricing"),
    _row(403, "the credits are used up", stop(_CREDITS), SEEN, words="credits"),
    _row(429, "the month's or the project's spending limit is reached", stop(_CREDITS), STATUSES, words="usage-capped"),
    _row(429, "the month's or the project's spending limit is reached", stop(_CREDITS), STATUSES, words="usage cap"),
    _row(403, "the app lacks the permission for direct messages", stop(_SCOPES), SEEN, words="oauth1-permissions"),
    _row(403, "the app lacks the permission for direct messages", stop(_SCOPES), SEEN, words="app permissions"),
    _row(403, "the token lacks a scope", stop(_SCOPES), STATUSES, words="scope"),
    _row(403, "this kind of token may not call this", stop(_SCOPES), STATUSES, words="unsupported-authentication"),
    _row(403, "this kind of token may not call this", stop(_SCOPES), STATUSES, words="unsupported authentication"),
    _row(403, "the app is in no project that may call this", stop(_PLAN), STATUSES, words="client-not-enrolled"),
    _row(403, "the app may not call this", stop(_PLAN), STATUSES, words="client-forbidden"),
    _row(403, "the app may not call this", stop(_PLAN), STATUSES, words="client forbidden"),
    _row(403, "the account may not do this for now", stop(_POLICY), SEEN, words="operation is not permitted"),
    _row(403, "the account is suspended or locked", stop(_LOCKED), STATUSES, words="suspended"),
    _row(403, "the account is suspended or locked", stop(_LOCKED), STATUSES, words="temporarily locked"),
    _row(64, "the account is suspended", stop(_LOCKED)),
    _row(87, "the app may not do this", stop(_PLAN)),
    _row(93, "the app may not read or send direct messages", stop(_SCOPES)),
    _row(226, "the call looks automated to X", stop(_POLICY)),
    _row(231, "the account's owner has to log in first", stop(_LOCKED)),
    _row(261, "the app may not write", stop(_SCOPES)),
    _row(326, "the account is locked until its owner logs in", stop(_LOCKED)),
    _row(453, "the app's access level does not cover this", stop(_PLAN)),

    # whom it is for
    _row(403, "the customer takes no messages of this account: closed, blocked, or not followed", _CLOSED, SEEN,
         words="permission to dm"),
    _row(403, "the customer takes no messages of this account", _CLOSED, SEEN, words="cannot send messages"),
    _row(404, "there is no such person or conversation", _NOBODY, STATUSES),
    _row(404, "the file is not there any more", _MEDIA, STATUSES, acts=("media",)),
    _row(50, "there is no such person", _NOBODY),
    _row(63, "the customer's account is suspended", _CLOSED),
    _row(150, "the customer takes messages only from whom they follow", _CLOSED),
    _row(349, "the customer takes no messages of this account", _CLOSED),
    _row(476, "the customer takes requests only from verified accounts", _CLOSED, SEEN),

    # what it says
    _row(400, "a parameter is invalid", _CONTENT, STATUSES),
    _row(400, "the file is not as it has to be", _MEDIA, STATUSES, acts=("media",)),
    _row(403, "the file may not be attached to a direct message", _MEDIA, SEEN, words="attach this media"),
    _row(413, "the file is too big", _TOO_BIG, STATUSES),
    _row(415, "the file's type is not taken", _MEDIA, STATUSES),
    _row(151, "the message could not be sent", _CONTENT),
    _row(323, "several files, or an animation beside another", _MEDIA),
    _row(324, "the file did not pass X's checks", _MEDIA),
    _row(325, "the uploaded file is not there any more", _MEDIA),
    _row(354, "the text is too long", _CONTENT),
)  # fmt: skip
"""What X documents of direct messages, media and profiles, and what others have met."""

_TABLE = Table(PROBLEMS)
# Of the limits that a 429 may be of, those of a day come first: with one of them used up the other ends in vain.
_LIMITS = ("x-app-limit-24hour", "x-user-limit-24hour", "x-rate-limit")
_LONGEST_S = 86_400.0
_WORDED = ("title", "detail", "type", "message", "reason")


def judged(answer: Answer, act: Act) -> dict[str, Any]:
    """X's answer, whole; raises what its problem means to the act. Some problems come with HTTP 200 and no data."""
    body, after_s = answer.json(), answer.retry_after_s()
    if answer.status == 204:
        return {}
    if not isinstance(body, dict):
        raise_for(by_status(answer.status, after_s), act, f"X, HTTP {answer.status} without JSON", after_s)
    succeeded = 200 <= answer.status < 300
    if not succeeded or ("errors" in body and body.get("data") is None):
        told = Fields(body)
        errors = told.each("errors")
        code = next((code for error in errors if (code := number(error.value("code"))) is not None), None)
        named = next((status for error in errors if (status := number(error.value("status")))), 404)
        words = " ".join(one.text(name) for one in (told, *errors) for name in _WORDED)
        _raise(answer, act, code, named if succeeded else answer.status, words)
    return body


def _raise(answer: Answer, act: Act, code: int | None, status: int, words: str) -> NoReturn:
    """What the row of the code means; where there is none, or X names none, that of the status."""
    by_code = _TABLE.find(act, code, 0, words) if code is not None else None
    row = by_code or _TABLE.find(act, status, 0, words)
    after_s = answer.retry_after_s()
    verdict = row.verdict if row else by_status(status, after_s)
    if verdict.group == "throttled" and after_s is None:
        after_s = reset_s(answer)
    unlisted = "" if row else label(status if code is None else code)
    # X's own words may quote what was sent
    raise_for(verdict, act, f"X {label(status)}, code {label(code)}", after_s, unlisted)


def reset_s(answer: Answer) -> float | None:
    """Seconds until the limit that is used up begins anew, by X's own clock; None where the answer names none.

    docs.x.com/x-api/fundamentals/rate-limits
    """
    limits = [_limit(answer, name) for name in _LIMITS]
    spent = [reset for remaining, reset in limits if remaining == 0]
    reset = next(iter(spent), limits[-1][1])
    return min(max(reset - answer.answered_s(), 1.0), _LONGEST_S) if reset else None


def _limit(answer: Answer, name: str) -> tuple[int | None, int]:
    """How many calls remain of a limit, and when it begins anew (epoch s)."""
    remaining, reset = (answer.headers.get(f"{name}-{part}", "") for part in ("remaining", "reset"))
    return number(remaining), number(reset) or 0
