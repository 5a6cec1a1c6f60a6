"""The simulated instance: what an administrator has set up in it."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from typing import Any

from sandbox.simulators.connect.wire import ApiError

INSTANCE = "11111111-2222-4333-8444-555555555555"
FLOW, DISCONNECT_FLOW, QUEUE_FLOW = (f"aaaaaaaa-0000-4000-8000-00000000000{end}" for end in ("f", "d", "c"))
QUEUE = "aaaaaaaa-0000-4000-8000-00000000000a"
# The default of the administrators' page: no webp, no gif, and of sounds only wav.
# docs.aws.amazon.com/connect/latest/adminguide/feature-limits.html
EXTENSIONS = (
    "csv", "doc", "docx", "heic", "jfif", "jpeg", "jpg", "mov", "mp4", "pdf", "png", "ppt", "pptx", "rtf", "txt", "wav",
    "xls", "xlsx",
)  # fmt: skip
LARGEST = 20 * 1024 * 1024
CREATED = 1_700_000_000.0
_ATTRIBUTES = {
    "INBOUND_CALLS": "true", "OUTBOUND_CALLS": "true", "CONTACTFLOW_LOGS": "true", "CONTACT_LENS": "false",
    "AUTO_RESOLVE_BEST_VOICES": "true", "EARLY_MEDIA": "true", "MULTI_PARTY_CONFERENCE": "false",
    "HIGH_VOLUME_OUTBOUND": "false", "ENHANCED_CONTACT_MONITORING": "false",
    "MULTI_PARTY_CHAT_CONFERENCE": "false", "MESSAGE_STREAMING": "true",
}  # fmt: skip


@dataclass
class Flow:
    """A flow and its content in the flow language."""

    id: str
    name: str
    type: str
    content: str
    status: str = "PUBLISHED"


def _flow(start: str, *actions: dict[str, Any]) -> str:
    return json.dumps({"Version": "2019-10-30", "StartAction": start, "Actions": list(actions), "Metadata": {}})


def _action(name: str, kind: str, parameters: dict[str, Any], following: str = "") -> dict[str, Any]:
    """One action; what follows it also follows its errors."""
    errors = [{"ErrorType": "NoMatchingError", "NextAction": following}] if following else []
    transitions = {"NextAction": following, "Errors": errors, "Conditions": []} if following else {}
    return {"Identifier": name, "Type": kind, "Parameters": parameters, "Transitions": transitions}


def _flows(arn: str) -> dict[str, Flow]:
    """The smallest set in which a chat waits for an agent, and ends when they end it."""
    end = _action("end", "DisconnectParticipant", {})
    hooks = [("CustomerQueue", QUEUE_FLOW), ("CustomerRemaining", DISCONNECT_FLOW)]
    main = [
        _action(name, "UpdateContactEventHooks", {"EventHooks": {name: f"{arn}/contact-flow/{flow}"}}, following)
        for (name, flow), following in zip(hooks, ("CustomerRemaining", "queue"), strict=True)
    ]
    queue = _action("queue", "UpdateContactTargetQueue", {"QueueId": f"{arn}/queue/{QUEUE}"}, "transfer")
    transfer = _action("transfer", "TransferContactToQueue", {}, "end")
    wait = _action("wait", "Wait", {"TimeLimitSeconds": "60"}, "wait")
    return {
        FLOW: Flow(FLOW, "dmdesk inbound", "CONTACT_FLOW", _flow("CustomerQueue", *main, queue, transfer, end)),
        DISCONNECT_FLOW: Flow(DISCONNECT_FLOW, "dmdesk disconnect", "CONTACT_FLOW", _flow("end", end)),
        QUEUE_FLOW: Flow(QUEUE_FLOW, "dmdesk queue", "CUSTOMER_QUEUE", _flow("wait", wait)),
    }


@dataclass
class Instance:
    """One instance of Amazon Connect, in one Region and account."""

    region: str
    account: str
    id: str = INSTANCE
    extensions: list[str] = field(default_factory=lambda: list(EXTENSIONS))
    largest: int = LARGEST
    flows: dict[str, Flow] = field(default_factory=dict)
    attributes: dict[str, str] = field(default_factory=lambda: dict(_ATTRIBUTES))
    storage: dict[str, list[dict[str, Any]]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.flows = self.flows or _flows(self.arn)
        for kind in ("CHAT_TRANSCRIPTS", "ATTACHMENTS"):
            place = {"BucketName": "connect-sandbox", "BucketPrefix": kind.lower()}
            self.storage.setdefault(
                kind, [{"AssociationId": f"{kind.lower()}-1", "StorageType": "S3", "S3Config": place}]
            )

    @property
    def arn(self) -> str:
        return f"arn:aws:connect:{self.region}:{self.account}:instance/{self.id}"

    def flow(self, named: str) -> Flow:
        """The flow with this id or ARN. Raises ApiError where there is none."""
        known = self.flows.get(named.removeprefix(f"{self.arn}/contact-flow/"))
        if known is None:
            raise ApiError("ResourceNotFoundException", "there is no such flow")
        return known

    def fault(self, name: str, size: int) -> str:
        """Why a file is not taken, "" where it is: by its extension, whatever it is said to be."""
        extension = name.rpartition(".")[2].lower() if "." in name else ""
        if extension not in self.extensions:
            return f"files with the extension {extension or '(none)'} are not allowed"
        return "" if size <= self.largest else f"the file has more than {self.largest} bytes"


Asked = dict[str, Any]


class Describing:
    """What the instance tells of itself, and what may be changed in it."""

    def __init__(self, instance: Instance) -> None:
        self._instance = instance
        self.operations = {
            "DescribeInstance": self._instance_told,
            "DescribeInstanceAttribute": lambda asked: {"Attribute": self._attribute(asked["AttributeType"])},
            "ListInstanceAttributes": self._attributes,
            "UpdateInstanceAttribute": self._set_attribute,
            "ListContactFlows": self._flow_list,
            "DescribeContactFlow": self._flow_told,
            "ListQueues": self._queues,
            "ListInstanceStorageConfigs": self._storage,
            "AssociateInstanceStorageConfig": self._store,
            "DescribeAttachedFilesConfiguration": self._files,
            "UpdateAttachedFilesConfiguration": self._set_files,
        }

    def _instance_told(self, asked: Asked) -> Asked:
        one = self._instance
        told = {
            "Id": one.id, "Arn": one.arn, "InstanceAlias": "sandbox", "InstanceStatus": "ACTIVE",
            "CreatedTime": CREATED,
            "IdentityManagementType": "CONNECT_MANAGED", "InboundCallsEnabled": True, "OutboundCallsEnabled": True,
            "ServiceRole": f"arn:aws:iam::{one.account}:role/aws-service-role/connect.amazonaws.com/sandbox",
        }  # fmt: skip
        return {"Instance": told}

    def _attribute(self, kind: str) -> Asked:
        return {"AttributeType": kind, "Value": self._instance.attributes.get(kind, "false")}

    def _attributes(self, asked: Asked) -> Asked:
        kinds = list(self._instance.attributes)
        begin, most = int(asked.get("NextToken", "0")), asked.get("MaxResults", 7)
        page = [self._attribute(kind) for kind in kinds[begin : begin + most]]
        return {"Attributes": page} | ({"NextToken": str(begin + most)} if begin + most < len(kinds) else {})

    def _set_attribute(self, asked: Asked) -> Asked:
        self._instance.attributes[asked["AttributeType"]] = asked["Value"]
        return {}

    def _flow_list(self, asked: Asked) -> Asked:
        wanted = asked.get("ContactFlowTypes") or []
        flows = [one for one in self._instance.flows.values() if not wanted or one.type in wanted]
        return {"ContactFlowSummaryList": [self._flow(one) for one in flows]}

    def _flow(self, one: Flow) -> Asked:
        arn = f"{self._instance.arn}/contact-flow/{one.id}"
        return {
            "Id": one.id, "Arn": arn, "Name": one.name, "ContactFlowType": one.type, "ContactFlowState": "ACTIVE",
            "ContactFlowStatus": one.status,
        }  # fmt: skip

    def _flow_told(self, asked: Asked) -> Asked:
        one = self._instance.flow(asked["ContactFlowId"])
        told = {
            "Id": one.id, "Arn": f"{self._instance.arn}/contact-flow/{one.id}", "Name": one.name, "Type": one.type,
            "State": "ACTIVE", "Status": one.status, "Content": one.content,
            "FlowContentSha256": hashlib.sha256(one.content.encode()).hexdigest(),
        }  # fmt: skip
        return {"ContactFlow": told}

    def _queues(self, asked: Asked) -> Asked:
        queue = {"Id": QUEUE, "Arn": f"{self._instance.arn}/queue/{QUEUE}", "Name": "dmdesk", "QueueType": "STANDARD"}
        return {"QueueSummaryList": [queue]}

    def _storage(self, asked: Asked) -> Asked:
        return {"StorageConfigs": self._instance.storage.get(asked["ResourceType"], [])}

    def _store(self, asked: Asked) -> Asked:
        """One per kind: a second is refused."""
        kind = asked["ResourceType"]
        if self._instance.storage.get(kind):
            raise ApiError("ResourceConflictException", f"there is a storage of {kind}")
        association = f"{kind.lower()}-1"
        self._instance.storage[kind] = [asked["StorageConfig"] | {"AssociationId": association}]
        return {"AssociationId": association}

    def _files(self, asked: Asked) -> Asked:
        extensions = [{"Extension": one} for one in self._instance.extensions]
        configuration = {
            "InstanceId": self._instance.id, "AttachmentScope": asked["AttachmentScope"],
            "MaximumSizeLimitInBytes": self._instance.largest,
            "ExtensionConfiguration": {"AllowedExtensions": extensions}, "LastModifiedTime": CREATED,
        }  # fmt: skip
        return {"AttachedFilesConfiguration": configuration}

    def _set_files(self, asked: Asked) -> Asked:
        """Field by field; a list of extensions takes the place of the one before."""
        self._instance.largest = asked.get("MaximumSizeLimitInBytes", self._instance.largest)
        if "ExtensionConfiguration" in asked:
            given = asked["ExtensionConfiguration"]["AllowedExtensions"]
            self._instance.extensions = [one["Extension"].lower() for one in given]
        return dict(self._files(asked)["AttachedFilesConfiguration"])
