"""Whom the operator's terminal asks at Amazon Connect: with the operator's own credentials for AWS."""

from __future__ import annotations

from typing import Any

from chalicelib.aws import calls
from chalicelib.desks.connect.api import Places
from chalicelib.errors import Misconfigured
from ops.bridge import Bridge
from ops.errors import OpsError

_ADDRESSES = {"connect": "connect_api", "customer-profiles": "connect_profiles_api"}


def client(bridge: Bridge, service: str) -> Any:
    """A client of that service in the instance's region. Raises OpsError where the topic names none."""
    told = bridge.settings.vendors
    try:
        region = Places(topic=told["connect_topic"]).region
    except Misconfigured as no:
        raise OpsError(no.reason, no.advice) from None
    address = told.get(_ADDRESSES.get(service, ""), "")
    return calls.session().create_client(service, region_name=region, endpoint_url=address or None, config=calls.CONFIG)


def instance(bridge: Bridge) -> str:
    """The instance's id, which ends its ARN."""
    return bridge.settings.vendors["connect_instance"].rpartition("/")[2]
