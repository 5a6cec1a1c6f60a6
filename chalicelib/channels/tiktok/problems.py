"""TikTok's return codes, what each means, and how its answers are read. The HTTP status is 200 whatever happens.

The texts of the codes: TikTok portal doc 1737172488964097, where a row names no other source. Codes that only
advertising can cause stand with the others, so that none of TikTok's is new.
"""

from __future__ import annotations

from datetime import timedelta
from email.utils import parsedate_to_datetime
from typing import Any

from chalicelib.http import Answer
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

CODES = "TikTok portal doc 1737172488964097"
RULES = "TikTok portal docs 1832184403754242, 1854823717597185"
VENDOR = "help.sleekflow.io: troubleshooting TikTok Business Messaging"

_AUTHORISE = "have the account's owner authorise the app again and put the new tokens into the account's secret"
_APP = "compare app id and secret in TikTok's secret with My Apps > App Detail > Basic Information"
_PERMISSION = (
    "TikTok gives no permission: have the account's owner authorise the app again, with message.list.send, "
    "and see that the account is a Business Account outside the EEA, Switzerland and the UK"
)
_LISTED = "TikTok has not opened this to the app or to the account's country: ask TikTok for Business Messaging access"
_DEVELOPER = "complete the developer's profile at TikTok for Business and wait for its approval"
_COUNTRY = "TikTok refuses calls from the country that the functions run in: deploy to another AWS region"

_RETRY_LATER = Verdict(group="temporary", action="retry", after_s=60)
_WINDOW = Verdict(group="window", action="refuse", reason="window_closed")
_NOBODY = Verdict(group="person", action="refuse", reason="wrong_person")
_CONTENT = Verdict(group="content", action="refuse", reason="rejected_content")
_MEDIA = Verdict(group="content", action="refuse", reason="media_refused")
_TOO_BIG = Verdict(group="content", action="refuse", reason="media_too_big")


def _row(code: int, means: str, verdict: Verdict, source: str = CODES, acts: tuple[Act, ...] = ()) -> Problem:
    return Problem(code=code, means=means, source=source, verdict=verdict, acts=acts)


PROBLEMS: tuple[Problem, ...] = (
    # another token
    _row(40101, "app id, secret or authorization code do not match", token(_APP)),
    _row(40102, "the access token expired", token(_AUTHORISE)),
    _row(40103, "the refresh token expired", token(_AUTHORISE)),
    _row(40104, "the access token is missing", token(_AUTHORISE)),
    _row(40105, "the access token is wrong or was revoked", token(_AUTHORISE)),
    _row(40106, "the token's user is not valid", token(_AUTHORISE)),
    _row(40107, "the refresh token is wrong", token(_AUTHORISE)),
    _row(40108, "the grant type is not known", token(_AUTHORISE)),
    _row(40109, "the token cannot be deciphered", token(_AUTHORISE)),
    _row(40110, "the authorization code is used, cancelled or expired", token(_AUTHORISE)),
    _row(40112, "the password is wrong", token(_AUTHORISE)),
    _row(40115, "the authentication's time is over", token(_AUTHORISE)),
    _row(40116, "the authentication's signature is wrong", token(_APP)),

    # it passes by itself. A server's fault may come after the message went out, and there is no idempotency key
    _row(20001, "done in part", UNKNOWN),
    _row(40050, "the same request came twice", UNKNOWN),
    _row(50000, "a fault of TikTok's", UNKNOWN),
    _row(50002, "a fault of TikTok's", UNKNOWN),
    _row(51065, "a fault of TikTok's", UNKNOWN, VENDOR),
    _row(51305, "a fault of a service behind TikTok's", UNKNOWN),
    _row(40201, "a task is not ready yet", NOT_DONE),
    _row(40202, "another write got in the way", NOT_DONE),
    _row(40901, "the video is still being worked on", NOT_DONE),
    _row(60001, "maintenance", _RETRY_LATER),

    # too many calls
    _row(40016, "too many calls of the app", THROTTLED),
    _row(40100, "too many calls of the app", THROTTLED),
    _row(40132, "too many calls about one thing", THROTTLED),
    _row(40133, "too many calls of the account", THROTTLED),

    # somebody has to let the account again: no message of it can go out
    _row(40001, "no permission", stop(_PERMISSION)),
    _row(40113, "the app is blocked or does not exist", stop(_APP)),
    _row(40118, "app or account is not on the list for this", stop(_LISTED)),
    _row(40118, "files are not open to the app or the account", _MEDIA, acts=("media",)),
    _row(40119, "developer and account belong to different companies", stop(_PERMISSION)),
    _row(40124, "the developer's profile is not approved", stop(_DEVELOPER)),
    _row(40125, "the developer lacks the permission", stop(_LISTED)),
    _row(40125, "the developer may not send files", _MEDIA, acts=("media",)),
    _row(41000, "calls from this country are banned", stop(_COUNTRY)),

    # who may write now: one code for 48 hours, ten messages, and who may write to whom
    _row(40064, "the rules of direct messages forbid it", _WINDOW, RULES),

    # whom it is for
    _row(40007, "the conversation does not exist", _NOBODY),
    _row(40007, "the file is not there any more", _MEDIA, acts=("media",)),
    _row(40002, "the conversation is not one of the account's", _NOBODY, acts=("profile", "history")),

    # what it says
    _row(40000, "a parameter is invalid", _CONTENT),
    _row(40002, "a parameter is invalid", _CONTENT),
    _row(40700, "the parameters do not pass TikTok's checks", _CONTENT),
    _row(40900, "the file's signature differs", _MEDIA),
    _row(40902, "the file's address cannot be fetched", _MEDIA),
    _row(40903, "the picture's address is not there", _MEDIA),
    _row(40904, "the picture is in no format that is taken", _MEDIA),
    _row(40905, "the file does not exist", _MEDIA),
    _row(40906, "the file is empty", _MEDIA),
    _row(40907, "the file is too big", _TOO_BIG),
    _row(40908, "the file's type is not taken", _MEDIA),
    _row(40909, "the file's encryption is not known", _MEDIA),
    _row(40910, "the file has expired", _MEDIA),
    _row(40911, "a file of this name is there", _MEDIA),
    _row(40912, "the picture's address is not there", _MEDIA),
    _row(40913, "the picture cannot be fetched", _MEDIA),
    _row(40914, "the file is invalid", _MEDIA),
    _row(40915, "the file is not as it has to be", _MEDIA),

    # what the bridge does not do, or only advertising can
    _row(40006, "the API's version does not know these parameters", REFUSED),
    _row(40008, "there is no such endpoint", REFUSED),
    _row(40009, "not in the sandbox", REFUSED),
    _row(40010, "the host is not this version's", REFUSED),
    _row(40011, "too many ids in one call", REFUSED),
    _row(40013, "there is no such sandbox account", REFUSED),
    _row(40014, "not in the sandbox", REFUSED),
    _row(40051, "there is no such version of the API", REFUSED),
    _row(40052, "the advertising material is there already", REFUSED),
    _row(40053, "there is no such video", REFUSED),
    _row(40065, "advertising to people under 18", REFUSED),
    _row(40117, "the method cannot be used", REFUSED),
    _row(40121, "the person is no marketplace creator", REFUSED),
    _row(40122, "the creator's country is not served", REFUSED),
    _row(40200, "a task failed", REFUSED),
    _row(40300, "there is no such advertiser", REFUSED),
    _row(40301, "the advertiser does not match", REFUSED),
    _row(40502, "too many advertisements", REFUSED),
    _row(41001, "the endpoint is switched off", REFUSED),
    _row(41002, "these fields are not in use any more", REFUSED),
)  # fmt: skip
"""Every code of TikTok's list, and those that others have met."""

_TABLE = Table(PROBLEMS)
# An app's limits end with the second, after five minutes, or with the UTC day: TikTok portal, Rate limits
_MINUTES_S = 300.0


def judged(answer: Answer, act: Act) -> dict[str, Any]:
    """The data of TikTok's answer; raises what its `code` means to the act."""
    body = answer.json()
    code = number(body.get("code")) if isinstance(body, dict) else None
    if code is None:
        after_s = answer.retry_after_s()
        raise_for(by_status(answer.status, after_s), act, f"TikTok, HTTP {answer.status} without a code", after_s)
    if code != 0:
        verdict, listed = _verdict(code, answer, act)
        request = str(body.get("request_id", ""))[:64]
        wait = _wait_s(answer, str(body.get("message", ""))) if verdict.group == "throttled" else None
        detail = f"TikTok {code}, request {request}"
        raise_for(verdict, act, detail, answer.retry_after_s() or wait, "" if listed else label(code))
    data = body.get("data")
    return data if isinstance(data, dict) else {}


def _verdict(code: int, answer: Answer, act: Act) -> tuple[Verdict, bool]:
    """What it means, and whether a row says so. 4xxxx is the caller's fault, 5xxxx TikTok's, 6xxxx its maintenance."""
    row = _TABLE.find(act, code, 0)
    if row:
        return row.verdict, True
    if answer.status == 429:
        return THROTTLED, False
    if 60000 <= code < 70000:
        return _RETRY_LATER, False
    return (REFUSED if 40000 <= code < 50000 else by_status(answer.status, answer.retry_after_s())), False


def _wait_s(answer: Answer, message: str) -> float | None:
    """How long the limit lasts that the message names, by TikTok's own clock; None where it names none."""
    if "QPM" in message:
        return _MINUTES_S
    if "QPD" not in message:
        return None
    try:
        now = parsedate_to_datetime(answer.headers.get("date", ""))
    except ValueError:
        return _MINUTES_S
    midnight = (now + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)
    return (midnight - now).total_seconds()
