"""The permissions that a simulated Genesys Cloud organisation knows, and what a role's policies allow."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

# The part of GET /api/v2/authorization/permissions that Open Messaging touches.
CATALOGUE: dict[str, dict[str, tuple[str, ...]]] = {
    "analytics": {"conversationDetail": ("view",), "conversationAggregate": ("view",)},
    "architect": {
        "flow": ("add", "delete", "edit", "launch", "publish", "search", "unlock", "view"),
        "job": ("create", "view"),
    },
    "authorization": {"role": ("add", "delete", "edit", "view"), "grant": ("add", "delete", "view")},
    "conversation": {
        "communication": ("disconnect", "view"),
        "message": ("accept", "create", "park", "receive", "view"),
        "threadingTimeline": ("edit", "view"),
    },
    "externalContacts": {
        "contact": ("add", "delete", "edit", "view"),
        "externalSource": ("add", "delete", "edit", "view"),
    },
    "messaging": {
        "identityResolutionOpen": ("edit", "view"),
        "integration": ("add", "delete", "edit", "view"),
        "setting": ("add", "delete", "edit", "view"),
        "supportedContent": ("add", "delete", "edit", "view"),
    },
    "oauth": {"client": ("add", "delete", "edit", "view")},
    "routing": {
        "conversation": ("edit", "view"),
        "message": ("manage",),
        "queue": ("add", "delete", "edit", "view"),
        "wrapupCode": ("add", "delete", "edit", "view"),
    },
}


def known(domain: str, entity: str, action: str) -> bool:
    """Whether there is such a permission; "*" stands for every entity or action."""
    entities = CATALOGUE.get(domain, {})
    named = list(entities) if entity == "*" else [entity]
    return any(action == "*" or action in entities.get(one, ()) for one in named if one in entities)


def granted(roles: Iterable[Mapping[str, Any]], permission: str) -> bool:
    """Whether one of the roles (as the API shows them) gives `domain:entity:action`."""
    domain, entity, action = permission.split(":")
    for role in roles:
        for policy in role.get("permissionPolicies") or []:
            fits = policy.get("domain") == domain and policy.get("entityName") in {entity, "*"}
            if fits and {action, "*"} & set(policy.get("actionSet") or []):
                return True
    return False


def listed() -> dict[str, Any]:
    """As GET /api/v2/authorization/permissions answers."""
    entities = [
        {
            "domain": domain,
            "permissionMap": {
                entity: [{"domain": domain, "entityType": entity, "action": action} for action in actions]
                for entity, actions in held.items()
            },
        }
        for domain, held in CATALOGUE.items()
    ]
    return {"entities": entities, "pageSize": 100, "pageNumber": 1, "total": len(entities), "pageCount": 1}
