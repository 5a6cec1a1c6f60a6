"""What Amazon Connect's refusals mean: by code and status, never by their words.

docs.aws.amazon.com/connect/latest/APIReference, "Errors" of each call and "Common Errors"; botocore's models of connect
and connectparticipant.
"""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from chalicelib.errors import Misconfigured, RateLimited, Refused, Retryable, Unreachable
from chalicelib.http import Answer

Api = Literal["connect", "participant", "profiles"]
Then = Literal["denied", "conflict", "role", "quota", "rate", "absent", "region", "full", "refused"]

ROLE = (
    "let the role of the functions that call Connect begin contacts (connect:StartChatContact on the flow and "
    "connect:StartContactStreaming on the instance's contacts)"
)
ABSENT = (
    "connect_instance, connect_flow or connect_topic names what is not there: compare them, and the account's own flow,"
    " with the instance, whose region is the topic's"
)
QUOTA = (
    "the instance has as many active chats as its quota allows: end forgotten ones, lower connect_chat_minutes, or "
    "have the quota raised (Service Quotas > Amazon Connect > Concurrent active chats per instance)"
)
ENDPOINT = "connect_participant_api, where it is set, is the participant service of the instance's region"
PROFILES = (
    "make the domain of Customer Profiles that connect_profiles_domain names, have `dmdesk link-connect` put the kind "
    "of object into it, and let the role of the functions that call Connect do profile:PutProfileObject there"
)
# A quota is freed as chats end; whoever waits for one looks again after this.
QUOTA_S = 120.0


class Denied(Exception):
    """The participant is not let in: the contact is over, or the token has expired, or is another's. Connect has one
    answer for all of them."""


class Conflict(Refused):
    """What was asked for is done already, or cannot be in this contact."""

    def __init__(self, detail: str) -> None:
        super().__init__("other", detail)


class Absent(Misconfigured):
    """What a setting names, or the chat that is gone on with, is not there."""


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """What an answer of that code and status means, and what happens then.

    "denied" and "conflict" are the exceptions of these names; "role", "absent" and "region" have to be set right,
    "quota" waits for room and "rate" for a moment; a contact that is "full" takes no more files, and what is "refused"
    is so for good.
    """

    status: int
    means: str
    then: Then


PROBLEMS: dict[tuple[Api, str], Problem] = {
    ("participant", "AccessDeniedException"): Problem(
        status=403, means="The contact is over, or the token has expired or is another's.", then="denied"
    ),
    ("participant", "ServiceQuotaExceededException"): Problem(
        status=402, means="The contact has as many attachments as it may.", then="full"
    ),
    ("connect", "AccessDeniedException"): Problem(status=403, means="The role may not do this.", then="role"),
    ("connect", "LimitExceededException"): Problem(
        status=429, means="The instance has as many active chats as its quota allows.", then="quota"
    ),
    ("connect", "ServiceQuotaExceededException"): Problem(
        status=402, means="The instance has as many active chats as its quota allows.", then="quota"
    ),
    ("connect", "ResourceNotFoundException"): Problem(
        status=404, means="There is no such instance, flow, contact or topic.", then="absent"
    ),
    ("connect", "InvalidActiveRegionException"): Problem(
        status=400, means="The instance is active in another region.", then="region"
    ),
    ("profiles", "AccessDeniedException"): Problem(
        status=403, means="The role may not put customers into the domain.", then="role"
    ),
    ("profiles", "ResourceNotFoundException"): Problem(
        status=404, means="There is no such domain, or no such kind of object in it.", then="absent"
    ),
}
# What has no row of its own.
BY_STATUS: dict[int, Then] = {
    400: "refused", 401: "role", 402: "refused", 403: "role", 404: "absent", 409: "conflict", 410: "denied",
    429: "rate",
}  # fmt: skip


def judged(answer: Answer, api: Api, what: str) -> dict[str, Any]:
    """The object that was answered, {} where there is none. `what` is the call's name, for logs.

    Raises Denied, Conflict, Misconfigured, RateLimited, Retryable (Unreachable among it) or Refused. Every call may be
    repeated, so that a server's own fault is one that passes.
    """
    if answer.status // 100 == 2:
        body = answer.json()
        return body if isinstance(body, dict) else {}
    code, after_s = code_of(answer), answer.retry_after_s()
    detail = f"Connect {what}: HTTP {answer.status} {code} request {answer.headers.get('x-amzn-requestid', '')[:64]}"
    problem = PROBLEMS.get((api, code))
    known = problem.then if problem and problem.status == answer.status else BY_STATUS.get(answer.status)
    if known is not None:
        raise _error(known, api, detail, after_s)
    if answer.status in Answer.NOT_PROCESSED:
        raise Retryable(detail, after_s)
    if 400 <= answer.status < 500:
        raise Refused("other", detail)
    raise Unreachable(detail, after_s)


def _error(then: Then, api: Api, detail: str, after_s: float | None) -> Exception:
    match then:
        case "denied":
            return Denied(detail)
        case "conflict":
            return Conflict(detail)
        case "rate":
            return RateLimited(detail, after_s)
        case "quota":
            return Misconfigured(detail, QUOTA, QUOTA_S if after_s is None else after_s)
        case "absent" if api == "connect":
            return Absent(detail, ABSENT)
        case "role" | "region" | "absent":
            advice = {"participant": ENDPOINT, "profiles": PROFILES}.get(api, ROLE if then == "role" else ABSENT)
            return Misconfigured(detail, advice)
        case "full" | "refused":
            return Refused("media_refused" if then == "full" else "other", detail)


def code_of(answer: Answer) -> str:
    """The error's name, "" where none is told: `x-amzn-ErrorType: Name:http://…`, or `__type` of the body."""
    body = answer.json()
    told = answer.headers.get("x-amzn-errortype") or (body.get("__type") if isinstance(body, dict) else "")
    name = str(told or "").partition(":")[0].rpartition("#")[2]
    return name if name.isascii() and name.isalnum() and len(name) <= 60 else ""
