"""The Graph API as an operator uses it. developers.facebook.com/docs/instagram-platform/webhooks"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime
from typing import Any, Literal, NamedTuple
from urllib.parse import quote, urlencode

from chalicelib.channels.instagram.about import options
from chalicelib.http import Answer
from chalicelib.vocabulary.records import Account
from ops.bridge import Bridge
from ops.errors import OpsError

# What the bridge renders or counts. An account may have each field ticked in the App Dashboard only.
FIELDS = (
    "messages", "messaging_postbacks", "message_reactions", "message_edit", "messaging_seen",
    "messaging_referral", "messaging_handover", "message_echoes", "standby",
)  # fmt: skip
# A Page refuses Instagram's own names; any Page field subscribes it, the rest comes from the App Dashboard.
PAGE_FIELDS = (
    "messages", "messaging_postbacks", "message_reactions", "messaging_referrals", "message_echoes", "standby",
)  # fmt: skip
# Wanted by some only: each comment becomes a conversation, and they need a permission that messages do not.
# With Instagram Login mentions come as `comments`; a Page has no field for either.
COMMENT_FIELDS = ("comments", "live_comments")
DASHBOARD = (
    "tick comments, live_comments and mentions for the instagram object in the App Dashboard; "
    "the Page's token needs instagram_manage_comments"
)
_MESSAGES = "the token lacks instagram_business_manage_messages (or the Page's instagram_manage_messages)"
_COMMENTS = (
    "add the permission instagram_business_manage_comments in the App Dashboard (API setup with Instagram login; App "
    "Review for accounts that are not yours), then Generate token and put the new token into the secret"
)
# What tells of conversations that another app has; a Page has no field for hand-overs, which are ticked in the
# dashboard.
ROUTING_FIELDS = {"standby"}
# What `messaging_feature_status` may say of Conversation Routing, which is named hop_v2 there; nobody documents it.
ON, OFF = {"enabled", "on", "true", "active", "1"}, {"disabled", "off", "false", "inactive", "0"}
# Graph's versions and their last day, "" where Meta has named none: developers.facebook.com/docs/graph-api/changelog
VERSIONS = {
    "v21.0": "2027-01-21", "v22.0": "2027-05-20", "v23.0": "2027-10-08", "v24.0": "2028-02-18", "v25.0": "2028-07-29",
    "v26.0": "", "v27.0": "",
}  # fmt: skip
TESTED = "v25.0"
SOON_DAYS = 90
VERSION_SETTING = f"set vendors.graph_version to {TESTED} in Terraform's variables, and run terraform apply"
UNIFIED = (
    "neither login's answer: see which login the app has (App Dashboard > Instagram > API setup). Unified Login, which "
    "Meta named in October 2026, is not known to dmdesk: connect the account by Instagram Login or by its Page"
)
RENEW = "log in again in the App Dashboard (Generate token) and put the new token into the secret"


def fields(account: Account) -> tuple[str, ...]:
    """The webhook fields that this account is to deliver."""
    return FIELDS if options(account).login == "instagram" else PAGE_FIELDS


def comment_fields(account: Account) -> tuple[str, ...]:
    """The webhook fields of comments and mentions that this account can be subscribed to by a call."""
    return COMMENT_FIELDS if options(account).login == "instagram" else ()


def subscribed(bridge: Bridge, account: Account) -> set[str]:
    """What the account delivers now."""
    found = _call(bridge, account, "GET", "/subscribed_apps")
    return {str(name) for app in found.get("data", []) for name in app.get("subscribed_fields", [])}


def subscribe(bridge: Bridge, account: Account, names: Iterable[str]) -> None:
    """Subscribes the account to these fields, in place of those it had. One that is refused refuses all (OpsError)."""
    asked = sorted(names)
    lacks = _COMMENTS if set(COMMENT_FIELDS) & set(asked) else _MESSAGES
    _call(bridge, account, "POST", "/subscribed_apps", {"subscribed_fields": ",".join(asked)}, lacks=lacks)


class Identity(NamedTuple):
    """What a token stands for: `user_id` is what webhooks carry, `page` the Page's id. `shape` names the fields of the
    answer, `version` the version of Graph that gave it ("" where it does not tell)."""

    user_id: str
    id: str
    page: str
    shape: tuple[str, ...]
    version: str


def identity(bridge: Bridge, account: Account) -> Identity:
    """Whose the token is, by the login that the account has. An answer of another shape leaves `user_id` empty."""
    page = options(account).login == "facebook"
    fields = "name,instagram_business_account" if page else "user_id,username"
    answer, found = _answered(bridge, account, "GET", f"?fields={fields}", node="me")
    linked = found.get("instagram_business_account")
    holder = (linked if isinstance(linked, dict) else {}).get("id", "") if page else found.get("user_id", "")
    own = str(found.get("id", ""))
    return Identity(
        user_id=str(holder or ""),
        id="" if page else own,
        page=own if page else "",
        shape=tuple(sorted(found)),
        version=answer.headers.get("facebook-api-version", ""),
    )


def app(bridge: Bridge, account: Account) -> str:
    """The id of the app that the token is of."""
    return str(_answered(bridge, account, "GET", "?fields=id", node="app")[1].get("id", ""))


def features(bridge: Bridge, account: Account) -> dict[str, str]:
    """What Meta says of the messaging features of the account's Page.
    .../instagram-messaging/features/conversation-routing/apis"""
    found = _answered(bridge, account, "GET", "?fields=messaging_feature_status", node="me")[1]
    told = found.get("messaging_feature_status")
    return {str(name): str(value) for name, value in told.items()} if isinstance(told, dict) else {}


def version_of(setting: str, now: float) -> tuple[Literal["ok", "warn", "fail"], str]:
    """Whether this version of Graph will do, and in which words; `now` in epoch seconds."""
    ends = VERSIONS.get(setting)
    if ends is None:
        older = _order(setting) < _order(min(VERSIONS, key=_order))
        return ("fail", "is over") if older else ("warn", "is newer than any that this release knows")
    if _order(setting) > _order(TESTED):
        return "warn", f"is newer than {TESTED}, with which dmdesk is tested"
    left = (date.fromisoformat(ends) - datetime.fromtimestamp(now, UTC).date()).days
    if left < 0:
        return "fail", f"is over since {ends}"
    return ("ok" if left >= SOON_DAYS else "warn"), f"lives until {ends}"


def _order(version: str) -> tuple[int, ...]:
    """v9.0 comes before v25.0."""
    return tuple(int(part) for part in version.removeprefix("v").split(".") if part.isdecimal())


def _call(
    bridge: Bridge,
    account: Account,
    method: str,
    edge: str,
    form: dict[str, str] | None = None,
    *,
    lacks: str = _MESSAGES,
) -> dict[str, Any]:
    return _answered(bridge, account, method, edge, form, lacks=lacks)[1]


def _answered(
    bridge: Bridge,
    account: Account,
    method: str,
    edge: str,
    form: dict[str, str] | None = None,
    *,
    node: str = "",
    lacks: str = _MESSAGES,
) -> tuple[Answer, dict[str, Any]]:
    """The answer and its object. Raises OpsError."""
    token = bridge.token(account)
    if not token:
        raise OpsError(f"the secret {account.secret} holds no access_token", RENEW)
    host = bridge.settings.url("instagram_graph" if options(account).login == "instagram" else "facebook_graph")
    node = node or (account.id if options(account).login == "instagram" else options(account).page or "me")
    url = f"{host}/{bridge.settings.vendors['graph_version']}/{quote(node)}{edge}"
    headers = {"Authorization": f"Bearer {token}"}
    what = f"Instagram {account.id}"
    if method == "GET":
        answer = bridge.get(url, headers, what)
    else:
        headers["Content-Type"] = "application/x-www-form-urlencoded"
        answer = bridge.post(url, headers, urlencode(form or {}).encode(), what)
    found = answer.json()
    error = found.get("error") if isinstance(found, dict) else None
    if answer.status == 200 and isinstance(found, dict) and not error:
        return answer, found
    raise _refused(what, answer.status, error if isinstance(error, dict) else {}, lacks)


def _refused(what: str, status: int, error: dict[str, Any], lacks: str) -> OpsError:
    code = error.get("code")
    message = f"{what}: HTTP {status}, code {code}: {str(error.get('message', ''))[:200]}"
    if code == 190:
        return OpsError(message, RENEW)
    if code in {10, 200, 3}:
        return OpsError(message, lacks)
    return OpsError(message, "developers.facebook.com/docs/graph-api/guides/error-handling explains the code")
