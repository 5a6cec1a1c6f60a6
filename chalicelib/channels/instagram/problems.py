"""Meta's error codes, what each means, and how its answers are read."""

from __future__ import annotations

from typing import Any, NoReturn

import msgspec

from chalicelib.http import LONGEST_WAIT_S, Answer
from chalicelib.protocols.verdicts import (
    NOT_DONE,
    REFUSED,
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

_DOCS = "developers.facebook.com/docs/"
GUIDE = _DOCS + "graph-api/guides/error-handling"
RATES = _DOCS + "graph-api/overview/rate-limiting"
CODES = "developers.facebook.com/documentation/business-messaging/messenger-platform/error-codes"
OLD_CODES = _DOCS + "messenger-platform/reference/send-api/error-codes (older copy)"
PROFILE = _DOCS + "instagram-platform/instagram-api-with-instagram-login/messaging-api/user-profile"
PUBLISHING = _DOCS + "instagram-platform/instagram-graph-api/reference/error-codes"
CHANGELOG = _DOCS + "graph-api/changelog"
ROUTING = _DOCS + "messenger-platform/instagram/features/conversation-routing (code: seen by one vendor)"
RESTRICTED_APP = "github.com/chatwoot/chatwoot/issues/14932"
SEEN = "seen in production code, in none of Meta's tables"

_RECONNECT = "connect the account again: Instagram settings > Connected tools, or the app's login"
_LOGIN = "log the account in again (App dashboard > Generate token) and put the new token into its secret"
_CHECKPOINT = "the person who connected the account has to log in at facebook.com and do what it asks; then " + _LOGIN
_RIGHTS = "who connected the account needs a role on its Page again; then " + _LOGIN
_LIMITED = "Meta restricts the account: see Account Status in Instagram and Business Support Home"
_PERMISSION = "the app lacks a permission or its review: App dashboard > App review, and the account's access"
_TERMS = "an administrator of the Page has to accept Meta's terms for the inbox: facebook.com > the Page > Inbox"
_VERSION = "set vendors.graph_version to a version that lives (dmdesk doctor tells), and run terraform apply"
_APP_OFF = (
    "Meta has switched the app off, so every account's calls fail: see the alerts in the App dashboard and the app's "
    "contact e-mail, and appeal or submit what they ask for"
)
_UNAPPROVED = "Meta has not approved the Human Agent tag: apply in App review, until then set human_agent = false"


_WINDOW = Verdict(group="window", action="refuse", reason="window_closed")
_TAG = Verdict(group="window", action="refuse", reason="window_closed", advice=_UNAPPROVED)
_COMMENT = Verdict(group="window", action="refuse", reason="comment_expired")
# Trying again would hold up what follows; nobody knows when the other app lets go.
_OTHER_APP = Verdict(group="window", action="refuse", reason="other_app")
_UNAVAILABLE = Verdict(group="person", action="refuse", reason="person_unavailable")
_NOBODY = Verdict(group="person", action="refuse", reason="wrong_person")
_GONE = Verdict(group="person", action="refuse", reason="no_conversation")
_CONTENT = Verdict(group="content", action="refuse", reason="rejected_content")
_MEDIA = Verdict(group="content", action="refuse", reason="media_refused")
_TOO_BIG = Verdict(group="content", action="refuse", reason="media_too_big")
_SLOWER = Verdict(group="throttled", action="retry", reason="rate_limited", after_s=60)


def _row(code: int, subcode: int, means: str, source: str, verdict: Verdict, **more: Any) -> Problem:
    return Problem(code=code, subcode=subcode, means=means, source=source, verdict=verdict, **more)


_SESSION: tuple[tuple[int, str, Verdict], ...] = (
    (458, "the person removed the app", token(_RECONNECT)),
    (459, "the person has to pass a checkpoint", token(_CHECKPOINT)),
    (460, "the password was changed", token(_LOGIN)),
    (463, "the token expired", token(_LOGIN)),
    (464, "the person has not confirmed their login", token(_CHECKPOINT)),
    (467, "the token is invalid", token(_LOGIN)),
    (492, "the person has no role on the Page any more", token(_RIGHTS)),
)

PROBLEMS: tuple[Problem, ...] = (
    # another token
    _row(190, 0, "the access token expired, was revoked or is invalid", GUIDE, token(_LOGIN)),
    _row(102, 0, "the session is over", GUIDE, token(_LOGIN)),
    *(_row(code, sub, means, GUIDE, verdict) for code in (190, 102) for sub, means, verdict in _SESSION),
    # Meta's guide lists them as subcodes; one that stands in the code's place means the same
    *(_row(sub, 0, means, GUIDE, verdict) for sub, means, verdict in _SESSION),

    # it passes by itself
    _row(-1, 0, "unknown", GUIDE, NOT_DONE),
    _row(1, 0, "unknown, possibly downtime", GUIDE, NOT_DONE),
    _row(1, 99, "unknown; a missing permission can be the cause", CODES, NOT_DONE),
    _row(1, 1357046, "an error although the message was sent", CODES, UNKNOWN),
    _row(2, 0, "the service is down for now", GUIDE, NOT_DONE),
    _row(2, 1545133, "the service is down for now", CODES, NOT_DONE),
    _row(1200, 0, "the message could not be sent for now", OLD_CODES, NOT_DONE),
    _row(1200, 2018024, "the message could not be sent for now", OLD_CODES, NOT_DONE),

    # too many calls
    _row(4, 0, "the app makes too many calls", GUIDE, THROTTLED),
    _row(4, 2018022, "too many sends to phone numbers", OLD_CODES, THROTTLED),
    _row(4, 2018354, "too soon after the last notification", CODES, THROTTLED),
    _row(9, 0, "too many actions at once", CODES, THROTTLED),
    _row(9, 2018352, "too many actions by this person", CODES, THROTTLED),
    _row(17, 0, "the account makes too many calls", GUIDE, THROTTLED),
    _row(32, 0, "the Page makes too many calls", RATES, THROTTLED),
    _row(341, 0, "the app's limit is reached", GUIDE, THROTTLED),
    _row(613, 0, "too many calls of this kind", RATES, THROTTLED),
    _row(613, 2534040, "too many calls to this API", CODES, THROTTLED),
    _row(613, 2018338, "an abuse warning: too many messages to one person", CODES, _SLOWER),
    _row(80000, 0, "the business use case's limit is reached", RATES, THROTTLED, last=80014),

    # somebody has to let the account again
    _row(3, 0, "the app lacks a capability or permission", GUIDE, stop(_PERMISSION)),
    _row(10, 0, "the permission is missing or was taken back", GUIDE, stop(_PERMISSION)),
    _row(200, 0, "a permission is missing or was taken back", GUIDE, stop(_PERMISSION), last=299),
    _row(200, 2018021, "finding people by phone number is not paid for", OLD_CODES, stop(_PERMISSION)),
    _row(200, 2018027, "finding people by phone number is not permitted", OLD_CODES, stop(_PERMISSION)),
    _row(200, 2018028, "only testers until the permission is reviewed", CODES, stop(_PERMISSION)),
    _row(200, 2534041, "the owner switched access to messages off", CODES, stop(_RECONNECT)),
    _row(10, 2534077, "the Page's link to Instagram, or its two-factor rule", CODES, stop(_RECONNECT)),
    _row(100, 2534013, "the Page is not linked to the Instagram account", CODES, stop(_RECONNECT)),
    _row(2, 2018344, "the inbox's terms are not accepted", CODES, stop(_TERMS)),
    _row(10, 1893063, "the account may not send messages for now", CODES, stop(_LIMITED)),
    _row(100, 2534029, "the account is restricted", CODES, stop(_LIMITED)),
    _row(2635, 0, "the version of the API is over", CHANGELOG, stop(_VERSION)),
    _row(2022, 0, "sending is disabled after a policy violation", OLD_CODES, stop(_LIMITED)),
    # hours or days: waiting would leave the agent untold, and calls against a block prolong it
    _row(368, 0, "blocked for a policy violation", GUIDE, stop(_LIMITED)),
    _row(25, 2207050, "the account is restricted or has to pass a checkpoint", PUBLISHING, stop(_LIMITED)),
    _row(100, 0, "the app is switched off: no method of the API is there", RESTRICTED_APP, stop(_APP_OFF),
         words="unsupported request"),

    # who may write now
    _row(10, 2534022, "outside the window", CODES, _WINDOW),
    _row(10, 2018278, "outside the window", CODES, _WINDOW),
    _row(10, 2018065, "outside the window", CODES, _WINDOW),
    _row(10, 0, "outside the window", CODES, _WINDOW, words="allowed window"),
    _row(10, 0, "the Human Agent tag is not approved", CODES, _TAG, words="human agent"),
    _row(100, 2534025, "the comment is too old, gone, or answered already", CODES, _COMMENT),
    _row(10900, 0, "the comment has been answered", SEEN, _COMMENT),
    _row(10903, 0, "the comment's author cannot be answered", SEEN, _COMMENT),
    _row(100, 2534037, "another app has the conversation", CODES, _OTHER_APP),
    _row(100, 2018300, "another app has the conversation", CODES, _OTHER_APP),
    _row(100, 2018321, "another app has the conversation", CODES, _OTHER_APP),
    _row(27, 0, "no app may take a conversation: routing is off, or this one is not ticked for it", ROUTING, _OTHER_APP,
         acts=("control",)),

    # whom it is for
    _row(10, 2018108, "the person receives no messages from you now", CODES, _UNAVAILABLE),
    _row(200, 1545041, "the person is not available", CODES, _UNAVAILABLE),
    _row(551, 0, "the person is not available", CODES, _UNAVAILABLE),
    _row(230, 0, "the person has not consented by writing", PROFILE, _UNAVAILABLE, acts=("profile",)),
    _row(100, 2018218, "the person has no profile for you", "github.com/chatwoot/chatwoot/pull/6632", _UNAVAILABLE),
    _row(100, 2534014, "no such person for this account", CODES, _NOBODY),
    _row(100, 2018001, "no such person for this account", CODES, _NOBODY),
    _row(100, 33, "no such object, or none that the token may see", CODES, _NOBODY),
    _row(9010, 0, "no such person for this account", CODES, _NOBODY),
    _row(100, 2534001, "the owner archived or deleted the conversation", SEEN, _GONE),
    _row(2534001, 0, "the owner archived or deleted the conversation", SEEN, _GONE),

    # what it says
    _row(100, 0, "a parameter is invalid", GUIDE, REFUSED),
    _row(100, 2534015, "the message is not one that Instagram takes", CODES, _CONTENT),
    _row(100, 2018034, "the message is empty", OLD_CODES, _CONTENT),
    _row(100, 2018035, "the message is not one that the Send API takes", OLD_CODES, _CONTENT),
    _row(100, 2018008, "the file cannot be fetched", CODES, _MEDIA),
    _row(100, 2018294, "the file cannot be fetched in 75 s", CODES, _MEDIA),
    _row(100, 2018074, "the file cannot be used", CODES, _MEDIA),
    _row(100, 2018047, "the file is of another kind", CODES, _MEDIA),
    _row(100, 2018109, "the file is too big", CODES, _TOO_BIG),
    _row(506, 0, "the same post twice in a row", GUIDE, _CONTENT),
    _row(508, 2534122, "the link cannot be shared", SEEN, _CONTENT),
    _row(1609005, 0, "the link cannot be read", GUIDE, _CONTENT),
    _row(2500, 0, "the API knows no such path", "github.com/restfb/restfb/issues/1558", REFUSED),
    _row(10303, 0, "the account linking token is invalid", OLD_CODES, REFUSED),
)  # fmt: skip
"""Every code that Meta's pages name, and those that others have met."""

_TABLE = Table(PROBLEMS)


def judged(answer: Answer, act: Act) -> dict[str, Any]:
    """The answer's object. Raises what its error means to the act, told by its code, hardly ever by its words."""
    body = answer.json()
    error = body.get("error") if isinstance(body, dict) else None
    if error:
        _refuse(answer, error if isinstance(error, dict) else {}, act)
    if answer.status != 200 or not isinstance(body, dict):
        detail = f"Instagram, HTTP {answer.status} without an error"
        after_s = answer.retry_after_s()
        raise_for(by_status(answer.status, after_s), act, detail, after_s)
    return body


def _refuse(answer: Answer, error: dict[str, Any], act: Act) -> NoReturn:
    code, subcode = number(error.get("code")), number(error.get("error_subcode")) or 0
    verdict, listed = _verdict(error, code, subcode, answer, act)
    trace = str(error.get("fbtrace_id", ""))[:64]
    detail = f"Instagram {code or 0}/{subcode}, HTTP {answer.status}, trace {trace}"
    wait = answer.retry_after_s() or _regain_s(answer) if verdict.action == "retry" else None
    raise_for(verdict, act, detail, wait, "" if listed else label(code, subcode))


def _verdict(error: dict[str, Any], code: int | None, subcode: int, answer: Answer, act: Act) -> tuple[Verdict, bool]:
    """What it means, and whether a row says so."""
    if code is None and error.get("type") == "OAuthException":  # GUIDE: alone, the type means the token
        code = 190
    passes = error.get("is_transient") is True
    if code is not None:
        row = _TABLE.find(act, code, subcode, str(error.get("message", "")))
        if row:
            return row.verdict, True
        near = _TABLE.nearest(act, code)
        if near and not (passes and near.verdict.action in {"refuse", "stop"}):
            return near.verdict, False
    if answer.status == 429:
        return THROTTLED, False
    # Meta's negative codes are faults of its own
    if passes or (code or 0) < 0:
        return NOT_DONE, False
    return by_status(max(answer.status, 400), answer.retry_after_s()), False


def _regain_s(answer: Answer) -> float | None:
    """Seconds until calls are allowed again: the header tells minutes. RATES"""
    try:
        usage = msgspec.json.decode(
            answer.headers.get("x-business-use-case-usage", "{}"), type=dict[str, list[dict[str, Any]]]
        )
    except (msgspec.MsgspecError, RecursionError):
        return None
    minutes = [number(use.get("estimated_time_to_regain_access")) or 0 for uses in usage.values() for use in uses]
    return float(min(max([0, *minutes]) * 60, LONGEST_WAIT_S)) or None
