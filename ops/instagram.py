"""The Graph API as an operator uses it. developers.facebook.com/docs/instagram-platform/webhooks"""

from __future__ import annotations

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
RENEW = "log in again in the App Dashboard (Generate token) and put the new token into the secret"


def fields(account: Account) -> tuple[str, ...]:
    """The webhook fields that this account is to deliver."""
    return FIELDS if account.login == "instagram" else PAGE_FIELDS


def subscribed(bridge: Bridge, account: Account) -> set[str]:
    """What the account delivers now."""
    found = _call(bridge, account, "GET", "/subscribed_apps")
    return {str(name) for app in found.get("data", []) for name in app.get("subscribed_fields", [])}


def subscribe(bridge: Bridge, account: Account) -> None:
    """Subscribes the account to every field."""
    _call(bridge, account, "POST", "/subscribed_apps", {"subscribed_fields": ",".join(fields(account))})


def identity(bridge: Bridge, account: Account) -> dict[str, str]:
    """The ids that the token stands for: `user_id` (what webhooks carry), `id`, and `page` with a Page."""
    if account.login == "instagram":
        found = _call(bridge, account, "GET", "?fields=user_id,username", node="me")
        return {"user_id": str(found.get("user_id", "")), "id": str(found.get("id", ""))}
    found = _call(bridge, account, "GET", "?fields=name,instagram_business_account", node="me")
    linked = found.get("instagram_business_account") or {}
    return {"user_id": str(linked.get("id", "")), "id": "", "page": str(found.get("id", ""))}


def _call(
    bridge: Bridge, account: Account, method: str, edge: str, form: dict[str, str] | None = None, node: str = ""
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
    raise _refused(what, answer.status, error if isinstance(error, dict) else {})


def _refused(what: str, status: int, error: dict[str, Any]) -> OpsError:
    code = error.get("code")
    said = f"{what}: HTTP {status}, code {code}: {str(error.get('message', ''))[:200]}"
    if code == 190:
        return OpsError(said, RENEW)
    if code in {10, 200, 3}:
        return OpsError(
            said, "the token lacks instagram_business_manage_messages (or the Page's instagram_manage_messages)"
        )
    return OpsError(said, "developers.facebook.com/docs/graph-api/guides/error-handling explains the code")
