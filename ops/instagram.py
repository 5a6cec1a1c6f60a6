"""The Graph API as an operator uses it. developers.facebook.com/docs/instagram-platform/webhooks"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from urllib.parse import quote, urlencode

from chalicelib.messages import Account
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
RENEW = "log in again in the App Dashboard (Generate token) and put the new token into the secret"


def fields(account: Account) -> tuple[str, ...]:
    """The webhook fields that this account is to deliver."""
    return FIELDS if account.login == "instagram" else PAGE_FIELDS


def comment_fields(account: Account) -> tuple[str, ...]:
    """The webhook fields of comments and mentions that this account can be subscribed to by a call."""
    return COMMENT_FIELDS if account.login == "instagram" else ()


def subscribed(bridge: Bridge, account: Account) -> set[str]:
    """What the account delivers now."""
    found = _call(bridge, account, "GET", "/subscribed_apps")
    return {str(name) for app in found.get("data", []) for name in app.get("subscribed_fields", [])}


def subscribe(bridge: Bridge, account: Account, names: Iterable[str]) -> None:
    """Subscribes the account to these fields, in place of those it had. One that is refused refuses all (OpsError)."""
    asked = sorted(names)
    lacks = _COMMENTS if set(COMMENT_FIELDS) & set(asked) else _MESSAGES
    _call(bridge, account, "POST", "/subscribed_apps", {"subscribed_fields": ",".join(asked)}, lacks=lacks)


def identity(bridge: Bridge, account: Account) -> dict[str, str]:
    """The ids that the token stands for: `user_id` (what webhooks carry), `id`, and `page` with a Page."""
    if account.login == "instagram":
        found = _call(bridge, account, "GET", "?fields=user_id,username", node="me")
        return {"user_id": str(found.get("user_id", "")), "id": str(found.get("id", ""))}
    found = _call(bridge, account, "GET", "?fields=name,instagram_business_account", node="me")
    linked = found.get("instagram_business_account") or {}
    return {"user_id": str(linked.get("id", "")), "id": "", "page": str(found.get("id", ""))}


def _call(
    bridge: Bridge,
    account: Account,
    method: str,
    edge: str,
    form: dict[str, str] | None = None,
    *,
    node: str = "",
    lacks: str = _MESSAGES,
) -> dict[str, Any]:
    token = bridge.token(account)
    if not token:
        raise OpsError(f"the secret {account.secret} holds no access_token", RENEW)
    host = bridge.settings.url("instagram_graph" if account.login == "instagram" else "facebook_graph")
    node = node or (account.id if account.login == "instagram" else account.page or "me")
    url = f"{host}/{bridge.settings.graph_version}/{quote(node)}{edge}"
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
        return found
    raise _refused(what, answer.status, error if isinstance(error, dict) else {}, lacks)


def _refused(what: str, status: int, error: dict[str, Any], lacks: str) -> OpsError:
    code = error.get("code")
    said = f"{what}: HTTP {status}, code {code}: {str(error.get('message', ''))[:200]}"
    if code == 190:
        return OpsError(said, RENEW)
    if code in {10, 200, 3}:
        return OpsError(said, lacks)
    return OpsError(said, "developers.facebook.com/docs/graph-api/guides/error-handling explains the code")
