"""What doctor looks at in an Amazon Connect instance."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from chalicelib.desks.connect.problems import QUOTA
from chalicelib.vocabulary.records import Account
from ops.bridge import Bridge
from ops.desks.connect import asking, files, register
from ops.errors import OpsError
from ops.findings import Checks, check, made

PUBLISHER = "connect.amazonaws.com"
LINK = "dmdesk link-connect"
PAGE = "docs/connect.md#the-flows"
BUCKET = "set connect.attachments, or Connect console > Data storage > Attachments > Enable"
FLOWS = "make it in the Connect console, or name another in connect_flow (or the account's flow)"


HOUR_S, DAY_S = 3600, 86_400
# Of the quota of active chats: from here on it is time to act.
NEAR = 0.8


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
    yield from made("active chats", instance, _chats, bridge, instance)
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
    lacking = _flaws(str(told.get("Content") or "{}"))
    if lacking:
        yield check("flow", flow, "warn", f"{told.get('Name', '')}: {'; '.join(lacking)}", f"see {PAGE}")
        return
    yield check("flow", flow, "ok", str(told.get("Name", "")))


def _flaws(content: str) -> list[str]:
    """What hurts in a flow that chats enter; nothing of one whose content nobody can read.
    docs.aws.amazon.com/connect/latest/APIReference/flow-language-actions.html"""
    try:
        actions = [one for one in json.loads(content).get("Actions", []) if isinstance(one, dict)]
    except (ValueError, AttributeError):
        return []
    if not actions:
        return []
    hooks = {
        hook
        for one in actions
        if one.get("Type") == "UpdateContactEventHooks"
        for hook in (one.get("Parameters") or {}).get("EventHooks") or ()
    }
    flaws = [] if "CustomerQueue" in hooks else ["it sets no customer queue flow, and the default one knows no chat"]
    if "CustomerRemaining" not in hooks:
        flaws.append("it sets no disconnect flow, and the sample one tells customers that the agent has left")
    if any(one.get("Type") == "MessageParticipant" for one in actions):
        flaws.append("it says something, which is a direct message where flow_texts is on")
    return flaws


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


def _chats(bridge: Bridge, instance: str) -> Checks:
    """How near the quota is, by what the instance tells CloudWatch each minute.
    docs.aws.amazon.com/connect/latest/adminguide/monitoring-cloudwatch.html"""
    refused = sum(_measured(bridge, instance, "ChatsBreachingActiveChatQuota", "Sum", DAY_S))
    # "displays as a decimal"; a number beyond 1 would be percent
    newest = (_measured(bridge, instance, "ConcurrentActiveChatsPercentage", "Maximum", HOUR_S) or [0.0])[-1]
    share = newest if newest <= 1 else newest / 100
    if refused:
        yield check("active chats", instance, "warn", f"{refused:g} were refused for the quota since yesterday", QUOTA)
    elif share >= NEAR:
        yield check("active chats", instance, "warn", f"{share:.0%} of the quota", QUOTA)
    else:
        yield check("active chats", instance, "ok", f"{share:.0%} of the quota")


def _measured(bridge: Bridge, instance: str, metric: str, statistic: str, since_s: int) -> list[float]:
    """Oldest first; none where nobody has chatted."""
    client, now = asking.client(bridge, "cloudwatch"), bridge.clock()
    found: dict[str, Any] = bridge.aws(
        lambda: client.get_metric_statistics(
            Namespace="AWS/Connect",
            MetricName=metric,
            Dimensions=[{"Name": "InstanceId", "Value": instance}, {"Name": "MetricGroup", "Value": "Chats"}],
            StartTime=now - since_s,
            EndTime=now,
            Period=3600 if since_s > HOUR_S else 60,
            Statistics=[statistic],
        ),
        f"CloudWatch metrics of instance {instance}",
    )
    points = sorted(found.get("Datapoints", []), key=lambda point: point["Timestamp"])
    return [float(point[statistic]) for point in points]


def _register(bridge: Bridge) -> Checks:
    domain = register.domain(bridge)
    if register.ready(bridge):
        yield check("customer profiles", domain, "ok", "customers can be put there")
        return
    yield check(
        "customer profiles", domain, "fail", "it lacks the kind of object that customers are put there as", LINK
    )
