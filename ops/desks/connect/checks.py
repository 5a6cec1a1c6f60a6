"""What doctor looks at in an Amazon Connect instance."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from chalicelib.vocabulary.records import Account
from ops.bridge import Bridge
from ops.desks.connect import asking, files, register
from ops.errors import OpsError
from ops.findings import Checks, check, made

PUBLISHER = "connect.amazonaws.com"
LINK = "dmdesk link-connect"
BUCKET = "set connect.attachments, or Connect console > Data storage > Attachments > Enable"
FLOWS = "make it in the Connect console, or name another in connect_flow (or the account's flow)"


def run(bridge: Bridge, accounts: Sequence[Account]) -> Checks:
    """One that cannot be made is a failed one, and stops no other."""
    told = bridge.settings.vendors
    instance, flow = asking.instance(bridge), told["connect_flow"].rpartition("/")[2]
    yield from made("instance", instance, _instance, bridge, instance)
    own = (str(account.options.get("flow") or "").rpartition("/")[2] for account in accounts)
    for one in dict.fromkeys([flow, *filter(None, own)]):
        yield from made("flow", one, _flow, bridge, instance, one)
    yield from made("topic", told["connect_topic"], _topic, bridge, told["connect_topic"])
    yield from made("files", instance, _files, bridge, instance)
    yield from made("kinds of files", instance, _kinds, bridge, instance)
    if register.domain(bridge):
        yield from made("customer profiles", register.domain(bridge), _register, bridge)


def _instance(bridge: Bridge, instance: str) -> Checks:
    client = asking.client(bridge, "connect")
    found: dict[str, Any] = bridge.aws(lambda: client.describe_instance(InstanceId=instance), f"instance {instance}")
    status = str(found["Instance"].get("InstanceStatus", ""))
    if status != "ACTIVE":
        raise OpsError(f"it is {status}", "wait until it is active, or look at its StatusReason in the console")
    yield check("instance", instance, "ok", str(found["Instance"].get("InstanceAlias") or "active"))


def _flow(bridge: Bridge, instance: str, flow: str) -> Checks:
    client = asking.client(bridge, "connect")
    found: dict[str, Any] = bridge.aws(
        lambda: client.describe_contact_flow(InstanceId=instance, ContactFlowId=flow), f"flow {flow}"
    )
    told = found["ContactFlow"]
    if told.get("Status") == "SAVED":
        raise OpsError("it is saved and not published", "publish it: a chat enters the published one")
    if told.get("Type") != "CONTACT_FLOW":
        raise OpsError(f"it is a {told.get('Type')}", f"chats enter an inbound flow: {FLOWS}")
    yield check("flow", flow, "ok", str(told.get("Name", "")))


def _topic(bridge: Bridge, topic: str) -> Checks:
    client = asking.client(bridge, "sns")
    found: dict[str, Any] = bridge.aws(lambda: client.get_topic_attributes(TopicArn=topic), f"topic {topic}")
    statements = json.loads(found["Attributes"].get("Policy") or "{}").get("Statement", [])
    if topic.endswith(".fifo"):
        raise OpsError("it is a FIFO topic", "Connect streams to standard topics only")
    if not any(one.get("Effect") == "Allow" and PUBLISHER in json.dumps(one.get("Principal")) for one in statements):
        fix = f"let {PUBLISHER} publish (sns:Publish) where aws:SourceArn is the instance's: without it, nothing comes"
        raise OpsError(f"its policy does not name {PUBLISHER}", fix)
    yield check("topic", topic, "ok", f"{PUBLISHER} may publish")


def _files(bridge: Bridge, instance: str) -> Checks:
    client = asking.client(bridge, "connect")
    found: dict[str, Any] = bridge.aws(
        lambda: client.list_instance_storage_configs(InstanceId=instance, ResourceType="ATTACHMENTS"),
        f"instance {instance}",
    )
    if not found.get("StorageConfigs"):
        detail = "customers' files go as links: the instance keeps no attachments"
        yield check("files", instance, "warn", detail, BUCKET)
        return
    yield check("files", instance, "ok", "attachments are kept")


def _kinds(bridge: Bridge, instance: str) -> Checks:
    taken = files.taken(bridge)
    if taken.unknown:
        fix = "take them out of connect.more_files: they are no types of what the bridge lets pass"
        yield check("kinds of files", instance, "warn", f"no file is ever a {', '.join(taken.unknown)}", fix)
    elif taken.enough:
        yield check("kinds of files", instance, "ok", "it takes what the bridge uploads")
    else:
        refused = ", ".join(taken.lacking) or f"more than {taken.largest} bytes"
        yield check("kinds of files", instance, "warn", f"it refuses, so that they go as links: {refused}", LINK)


def _register(bridge: Bridge) -> Checks:
    domain = register.domain(bridge)
    if register.ready(bridge):
        yield check("customer profiles", domain, "ok", "customers can be put there")
        return
    yield check(
        "customer profiles", domain, "fail", "it lacks the kind of object that customers are put there as", LINK
    )
