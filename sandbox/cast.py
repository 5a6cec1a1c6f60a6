"""Who takes part in the sandbox: the brand's accounts, the vendors' secrets."""

from __future__ import annotations

from typing import Any

TIKTOK_APP = "7600000000000000001"
SECRETS = {
    "meta_app_secret": "sandbox-meta-app-secret",
    "meta_verify_token": "sandbox-verify-token",
    "tiktok_app_secret": "sandbox-tiktok-app-secret",
    "genesys_webhook_secret": "sandbox-genesys-webhook-secret",
}
# One client may make 300 calls a minute.
OAUTH = {"clients": [{"id": f"sandbox-client-{n}", "secret": f"sandbox-client-secret-{n}"} for n in (1, 2, 3)]}
# Who looks after the organisation, as the operator's commands log in.
OPERATOR = {"id": "sandbox-operator", "secret": "sandbox-operator-secret"}
# What the bridge's own clients may do; the operator may do everything.
ROLE: dict[str, Any] = {
    "name": "dmdesk bridge",
    "permissionPolicies": [
        {"domain": "conversation", "entityName": "message", "actionSet": ["*"]},
        {"domain": "analytics", "entityName": "conversationDetail", "actionSet": ["view"]},
    ],
}
ACCOUNTS: list[dict[str, Any]] = [
    {
        "channel": "instagram", "id": "17841400000000001", "name": "our.shop", "login": "instagram",
        "integration": "6a1f2c3e-0000-4000-8000-000000000001", "secret": "dmdesk/account/instagram-1",
    },
    {
        "channel": "tiktok", "id": "-000Ab1Cd2Ef3Gh4Ij5Kl6Mn7Op8Qr9St0", "name": "our_shop",
        "integration": "6a1f2c3e-0000-4000-8000-000000000002", "secret": "dmdesk/account/tiktok-1",
    },
    {
        "channel": "instagram", "id": "17841400000000002", "name": "our.other.shop", "login": "facebook",
        "page": "100000000000002", "integration": "6a1f2c3e-0000-4000-8000-000000000003",
        "secret": "dmdesk/account/instagram-2", "human_agent": True, "show_reads": True,
    },
]  # fmt: skip


CHANNELS: dict[str, str] = {one["integration"]: one["channel"] for one in ACCOUNTS}
"""The channels' names by integration id."""


def hidden() -> list[str]:
    """What no record may show."""
    tokens = [f"{kind}-{one['id']}" for one in ACCOUNTS for kind in ("token", "refresh")]
    return [*SECRETS.values(), *tokens, *(client["secret"] for client in (OPERATOR, *OAUTH["clients"]))]
