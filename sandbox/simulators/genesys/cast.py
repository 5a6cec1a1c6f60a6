"""Who may call the simulated organisation: the bridge's clients, and who looks after it."""

from __future__ import annotations

from typing import Any

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
        {"domain": "routing", "entityName": "conversation", "actionSet": ["edit"]},
    ],
}
