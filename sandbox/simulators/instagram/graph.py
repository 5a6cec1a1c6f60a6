"""The Graph API nodes a connected business sees, and the API's way to refuse."""

from __future__ import annotations

import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs

from sandbox.simulators.instagram.schema import GraphError
from sandbox.stage.faults import Fault
from sandbox.stage.people import display_name, username
from sandbox.stage.web import Answer, Call

_FIELDS = frozenset(
    {
        "messages",
        "messaging_postbacks",
        "message_reactions",
        "message_edit",
        "messaging_seen",
        "messaging_referral",
        "messaging_optins",
        "messaging_handover",
        "message_echoes",
        "standby",
        "comments",
        "live_comments",
        "mentions",
        "story_insights",
    }
)
# A Page refuses Instagram's own field names: github.com/restfb/restfb/issues/1210
_PAGE_FIELDS = frozenset(
    {
        "feed",
        "messages",
        "message_deliveries",
        "message_echoes",
        "message_reactions",
        "message_reads",
        "messaging_postbacks",
        "messaging_referrals",
        "standby",
    }
)
# .../reference/ig-user/mentioned_comment and mentioned_media: a field of the account, with the fields of what is asked
_MENTIONED = re.compile(r"mentioned_(comment|media)\.\1_id\((\d+)\)(?:\{(.*)\})?")
_NESTED = re.compile(r"\{[^{}]*\}")
_COMMENTS = frozenset({"comments", "live_comments", "mentions"})
_PROFILE = (
    "name",
    "username",
    "profile_pic",
    "follower_count",
    "is_user_follow_business",
    "is_business_follow_user",
    "is_verified_user",
)


@dataclass
class Account:
    """A connected business; `login` is "instagram" or "facebook" (then with the id of its Page)."""

    ig_id: str
    app_secret: str
    webhook_url: str
    login: str
    page_id: str | None
    username: str
    human_agent: bool
    comments: bool = True  # the token has instagram_business_manage_comments
    subscribed: tuple[str, ...] = ()
    features: dict[str, str] = field(default_factory=dict)  # of its messaging

    @property
    def node(self) -> str:
        """The id its API calls go to."""
        return self.page_id or self.ig_id


def refused(error: GraphError, account: Account | None, fault: Fault | None) -> Answer:
    """`error` as the Graph API answers it; the error's type tells the login flavour."""
    kind = "IGApiException" if account and account.login == "instagram" else "OAuthException"
    body: dict[str, Any] = {"message": error.message, "type": error.type or kind, "code": error.code}
    if error.code in (2, 4):
        body["is_transient"] = True
    if error.subcode is not None:
        body["error_subcode"] = error.subcode
    body["fbtrace_id"] = secrets.token_urlsafe(12)
    return Answer(error.status, {"error": body}, fault.headers if fault else {})


def me(account: Account, call: Call) -> dict[str, Any]:
    """GET /me, or the account's own id."""
    if account.page_id:
        page: dict[str, Any] = {"name": account.username, "instagram_business_account": {"id": account.ig_id}}
        page["messaging_feature_status"] = account.features
        return chosen(account.page_id, page, call, ("name",))
    # `id` is app-scoped and useless for routing, `user_id` is the webhooks' entry.id
    scoped = f"28{int(account.ig_id) % 10**15:015d}" if account.ig_id.isdigit() else f"app-{account.ig_id}"
    person = {"user_id": account.ig_id, "username": account.username, "account_type": "BUSINESS"}
    return chosen(scoped, person, call, ("user_id", "username"))


def mention_asked(call: Call) -> tuple[str, str, str] | None:
    """Of what mention the call asks, if of any: "comment" or "media", its id, and which fields of it."""
    found = _MENTIONED.fullmatch(call.query.get("fields", ""))
    return (found[1], found[2], found[3] or "") if found else None


def mentioned(account: Account, where: str, held: dict[str, Any] | None, fields: str) -> dict[str, Any]:
    """A mention as its account reads it; GraphError where there is none, or for a field that it does not have."""
    if not account.comments:
        raise GraphError(10, "(#10) To use 'Instagram Manage Comments' this app needs its permission", status=403)
    if held is None:
        raise GraphError(100, f"Unsupported get request. The mentioned {where} does not exist", 33)
    asked = [name for name in _NESTED.sub("", fields).split(",") if name]
    for name in asked:
        if name not in held:
            raise GraphError(100, f"(#100) Tried accessing nonexisting field ({name})")
    return {f"mentioned_{where}": {name: held[name] for name in asked} | {"id": held["id"]}, "id": account.ig_id}


def chosen(node: str, held: dict[str, Any], call: Call, default: Sequence[str]) -> dict[str, Any]:
    """What the call's `fields` ask of a node, and always its id; GraphError 100 for an unknown field."""
    asked = [name.partition("{")[0] for name in call.query.get("fields", "").split(",") if name]
    for name in asked:
        if name not in held and name != "id":
            raise GraphError(100, f"Tried accessing nonexisting field ({name})")
    return {name: held[name] for name in asked or default if name != "id"} | {"id": node}


def profile(customer: str) -> dict[str, Any]:
    """A made-up customer: .../messaging-api/user-profile."""
    values = (
        display_name(customer),
        username(customer),
        f"https://scontent.cdninstagram.com/v/{customer}_n.jpg?oe=7FFFFFFF",
        1234,
        False,
        True,
        False,
    )
    return dict(zip(_PROFILE, values, strict=True))


def subscription(account: Account, call: Call) -> dict[str, Any]:
    """GET, POST or DELETE .../subscribed_apps."""
    if call.method == "GET":
        return {"data": [{"id": "1", "name": "dmdesk", "subscribed_fields": list(account.subscribed)}]}
    if call.method == "DELETE":
        account.subscribed = ()
        return {"success": True}
    allowed = _PAGE_FIELDS if account.page_id else _FIELDS
    form = parse_qs(call.body.decode("utf-8", "replace"))
    value = call.query.get("subscribed_fields") or ",".join(form.get("subscribed_fields", []))
    asked = tuple(filter(None, value.split(",")))
    for index, name in enumerate(asked):
        if name not in allowed:
            options = ", ".join(sorted(allowed))
            raise GraphError(100, f"(#100) Param subscribed_fields[{index}] must be one of {{{options}}}")
        if name in _COMMENTS and not account.comments:
            needed = "one of these permissions is needed: instagram_business_manage_comments"
            raise GraphError(200, f"(#200) To subscribe to the {name} field, {needed}", status=403)
    if not asked:
        raise GraphError(100, "(#100) The parameter subscribed_fields is required.")
    account.subscribed = asked
    return {"success": True}
