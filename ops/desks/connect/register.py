"""The kind of object that customers are put into Customer Profiles as, where the deployment names a domain.

docs.aws.amazon.com/customerprofiles/latest/APIReference/API_PutProfileObjectType.html
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from botocore.exceptions import ClientError

from chalicelib.desks.connect.profiles import KEY, KIND
from ops.bridge import Bridge
from ops.desks.connect import asking
from ops.errors import OpsError

SERVICE = "customer-profiles"
# Of a customer who has not written for so long, nothing is left there.
EXPIRES_DAYS = 90
# What flows look customers up by.
SEARCHED = "_dmdesk"
_FIELDS = {KEY: "Attributes.dmdesk", "name": "FirstName"} | {
    name: f"Attributes.{name}" for name in ("username", "channel", "account", "followers", "verified", "follows")
}
OBJECT: dict[str, Any] = {
    "Description": "dmdesk: customers who write direct messages",
    "ExpirationDays": EXPIRES_DAYS,
    # without it an object belongs to nobody
    "AllowProfileCreation": True,
    "Fields": {
        name: {"Source": f"_source.{name}", "Target": f"_profile.{target}", "ContentType": "STRING"}
        for name, target in _FIELDS.items()
    },
    "Keys": {SEARCHED: [{"StandardIdentifiers": ["PROFILE", "UNIQUE"], "FieldNames": [KEY]}]},
}
HOW = "aws customer-profiles create-domain, or Connect console > Customer profiles; or another connect.profiles_domain"


def domain(bridge: Bridge) -> str:
    """The domain's name, "" where customers are put into none."""
    return bridge.settings.vendors.get("connect_profiles_domain", "")


def ready(bridge: Bridge) -> bool:
    """Whether the domain has the kind of object, and makes profiles of it. Raises OpsError where there is no domain."""
    client, name = asking.client(bridge, SERVICE), domain(bridge)
    if _found(bridge, lambda: client.get_domain(DomainName=name), f"domain {name}") is None:
        raise OpsError(f"there is no domain {name} of Customer Profiles", HOW)
    kind = _found(
        bridge, lambda: client.get_profile_object_type(DomainName=name, ObjectTypeName=KIND), f"kind of object {KIND}"
    )
    return kind is not None and bool(kind.get("AllowProfileCreation")) and SEARCHED in kind.get("Keys", {})


def prepare(bridge: Bridge) -> bool:
    """Puts the kind of object into the domain, unless it is there; answers whether that was needed. Raises OpsError."""
    if ready(bridge):
        return False
    client, name = asking.client(bridge, SERVICE), domain(bridge)
    bridge.aws(lambda: client.put_profile_object_type(DomainName=name, ObjectTypeName=KIND, **OBJECT), f"domain {name}")
    return True


def _found(bridge: Bridge, ask: Callable[[], Any], what: str) -> dict[str, Any] | None:
    """What was asked for, None where there is none."""

    def work() -> Any:
        try:
            return ask()
        except ClientError as error:
            if error.response.get("Error", {}).get("Code") == "ResourceNotFoundException":
                return None
            raise

    found: dict[str, Any] | None = bridge.aws(work, what)
    return found
