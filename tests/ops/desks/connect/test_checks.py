"""What doctor finds in an Amazon Connect instance, whose answers botocore's stubber holds to the services' models."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest
from botocore.exceptions import BotoCoreError, ClientError
from botocore.session import get_session
from botocore.stub import Stubber

from chalicelib.vocabulary.records import Account
from ops import causes
from ops.desks.connect import PROVIDER, asking
from ops.findings import Check
from ops.provider import Asked
from tests.desks.connect.kit import ACCOUNT, FLOW, INSTANCE, SETTINGS, TOPIC

OWN = "bbbbbbbb-0000-4000-8000-00000000000f"
# the extensions of what docs/connect.md says that files go as
TAKEN = ("jpg", "png", "heic", "mp4", "mov", "wav", "pdf", "txt", "csv", "docx", "xlsx", "pptx")
ALLOWED = {"Effect": "Allow", "Principal": {"Service": "connect.amazonaws.com"}, "Action": "sns:Publish"}


def taking(*extensions: str, largest: int = 20_971_520) -> dict[str, Any]:
    """An instance's configuration of files in chats."""
    allowed = [{"Extension": one} for one in extensions]
    return {
        "InstanceId": INSTANCE, "AttachmentScope": "CHAT", "MaximumSizeLimitInBytes": largest,
        "ExtensionConfiguration": {"AllowedExtensions": allowed},
    }  # fmt: skip


class Bridge:
    """As much of one as the checks ask for."""

    def __init__(self, **vendors: str) -> None:
        self.settings = SimpleNamespace(vendors=SETTINGS | vendors)
        self.clock = lambda: 1_800_000_000.0

    def aws(self, work: Callable[[], Any], what: str) -> Any:
        try:
            return work()
        except (BotoCoreError, ClientError) as error:
            raise causes.aws(error, what) from None


@cache
def _made(service: str) -> Any:
    return get_session().create_client(
        service, region_name="eu-central-1", aws_access_key_id="x", aws_secret_access_key="x"
    )


class Client:
    """Of one service, stubbed anew for each question, so that botocore judges question and answer."""

    def __init__(self, service: str, told: dict[str, Any]) -> None:
        self._service, self._told = service, told

    def __getattr__(self, name: str) -> Callable[..., Any]:
        def ask(**given: Any) -> Any:
            made = _made(self._service)
            with Stubber(made) as stubber:
                if isinstance(self._told[name], str):
                    stubber.add_client_error(name, self._told[name])
                else:
                    stubber.add_response(name, self._told[name], given)
                return getattr(made, name)(**given)

        return ask


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What each question is answered: an instance in which all is well."""
    answers: dict[str, Any] = {
        "describe_instance": {"Instance": {"InstanceStatus": "ACTIVE", "InstanceAlias": "tea"}},
        "describe_contact_flow": {"ContactFlow": {"Name": "Inbound", "Type": "CONTACT_FLOW", "Status": "PUBLISHED"}},
        "get_topic_attributes": {"Attributes": {"Policy": json.dumps({"Statement": [ALLOWED]})}},
        "list_instance_storage_configs": {"StorageConfigs": [{"StorageType": "S3"}]},
        "describe_attached_files_configuration": {"AttachedFilesConfiguration": taking(*TAKEN)},
        "get_metric_statistics": {"Datapoints": []},
    }
    monkeypatch.setattr(asking, "client", lambda bridge, service: Client(service, answers))
    return answers


def found(*accounts: Account, bridge: Bridge | None = None) -> dict[tuple[str, str], Check]:
    asked: Any = bridge or Bridge()
    return {(one.check, one.subject): one for one in PROVIDER.checks(asked, accounts, Asked())}


def test_where_all_is_well_each_part_says_so(told: dict[str, Any]) -> None:
    every = found(ACCOUNT, msgspec.structs.replace(ACCOUNT, id="2", options={"flow": f"arn:aws:x/contact-flow/{OWN}"}))
    assert [key for key, one in every.items() if one.status != "ok"] == []
    assert set(every) == {
        ("instance", INSTANCE), ("flow", FLOW), ("flow", OWN), ("topic", TOPIC), ("files", INSTANCE),
        ("kinds of files", INSTANCE), ("active chats", INSTANCE),
    }  # fmt: skip


@pytest.mark.parametrize(
    ("question", "answer", "check", "says"),
    [
        ("describe_instance", {"Instance": {"InstanceStatus": "CREATION_FAILED"}}, "instance", "CREATION_FAILED"),
        ("describe_instance", "ResourceNotFoundException", "instance", "instance"),
        ("describe_contact_flow", {"ContactFlow": {"Type": "CONTACT_FLOW", "Status": "SAVED"}}, "flow", "published"),
        ("describe_contact_flow", {"ContactFlow": {"Type": "AGENT_WHISPER"}}, "flow", "AGENT_WHISPER"),
        ("describe_contact_flow", "AccessDeniedException", "flow", "flow"),
        ("get_topic_attributes", {"Attributes": {}}, "topic", "connect.amazonaws.com"),
        (
            "get_topic_attributes",
            {"Attributes": {"Policy": json.dumps({"Statement": [ALLOWED | {"Effect": "Deny"}]})}},
            "topic",
            "connect.amazonaws.com",
        ),
        ("list_instance_storage_configs", {"StorageConfigs": []}, "files", "links"),
        (
            "describe_attached_files_configuration",
            {"AttachedFilesConfiguration": taking(*(set(TAKEN) - {"pdf", "csv", "mov"}), "PDF")},
            "kinds of files",
            "csv, mov dmdesk link-connect",
        ),
        (
            "describe_attached_files_configuration",
            {"AttachedFilesConfiguration": taking(*TAKEN, largest=5_000_000)},
            "kinds of files",
            "5000000",
        ),
    ],
)
def test_what_is_wrong_is_told_with_what_to_do_and_stops_nothing_else(
    told: dict[str, Any], question: str, answer: Any, check: str, says: str
) -> None:
    told[question] = answer
    every = list(found(ACCOUNT).values())
    [wrong] = [one for one in every if one.status != "ok"]
    assert wrong.check == check
    assert wrong.fix
    assert says in f"{wrong.detail} {wrong.fix}"
    assert len(every) == 6


def test_a_topic_of_the_wrong_kind_is_told(told: dict[str, Any]) -> None:
    bridge = Bridge()
    bridge.settings.vendors["connect_topic"] = f"{TOPIC}.fifo"
    assert found(bridge=bridge)["topic", f"{TOPIC}.fifo"].status == "fail"


def test_where_the_topic_tells_no_region_nothing_can_be_asked() -> None:
    bridge = Bridge()
    bridge.settings.vendors["connect_topic"] = "dmdesk"
    assert {one.status for one in found(bridge=bridge).values()} == {"fail"}


def test_it_has_no_secret_and_tells_no_time() -> None:
    bridge: Any = Bridge()
    assert PROVIDER.secrets(bridge.settings) == ()
    assert list(PROVIDER.clock(bridge, Asked())) == []


# The domain of Customer Profiles

DOMAIN = "tea-house"
THERE: dict[str, Any] = {
    "get_domain": {"DomainName": DOMAIN, "CreatedAt": 0, "LastUpdatedAt": 0},
    "get_profile_object_type": {
        "ObjectTypeName": "dmdesk", "Description": "d", "AllowProfileCreation": True,
        "Keys": {"_dmdesk": [{"StandardIdentifiers": ["PROFILE", "UNIQUE"], "FieldNames": ["key"]}]},
    },
}  # fmt: skip


@pytest.mark.parametrize(
    ("answers", "status", "says"),
    [
        ({}, "ok", ()),
        ({"get_domain": "ResourceNotFoundException"}, "fail", ("there is no domain tea-house", "create-domain")),
        ({"get_domain": "AccessDeniedException"}, "fail", ("credentials may not",)),
        ({"get_profile_object_type": "ResourceNotFoundException"}, "fail", ("kind of object", "dmdesk link-connect")),
        (
            {"get_profile_object_type": THERE["get_profile_object_type"] | {"AllowProfileCreation": False}},
            "fail",
            ("kind of object", "dmdesk link-connect"),
        ),
        ({"get_profile_object_type": "ThrottlingException"}, "fail", ("ThrottlingException",)),
    ],
)
def test_the_domain_has_to_take_customers(
    told: dict[str, Any], answers: dict[str, Any], status: str, says: tuple[str, ...]
) -> None:
    told |= THERE | answers
    one = found(ACCOUNT, bridge=Bridge(connect_profiles_domain=DOMAIN))["customer profiles", DOMAIN]
    assert one.status == status
    for words in says:
        assert words in f"{one.detail} {one.fix}"


@pytest.mark.parametrize(
    ("vendors", "taking_more", "status", "says"),
    [
        ({"connect_more_files": "image/gif"}, {}, "warn", "gif"),
        ({"connect_more_files": "image/gif"}, {"extensions": ("GIF",)}, "ok", ""),
        ({"connect_file_mb": "25"}, {}, "warn", "20971520 bytes"),
        ({"connect_file_mb": "25"}, {"largest": 25_000_000}, "ok", ""),
        ({"connect_more_files": "image/tiff"}, {}, "warn", "connect.more_files"),
    ],
)
def test_what_is_wanted_beside_the_defaults_is_looked_for(
    told: dict[str, Any], vendors: dict[str, str], taking_more: dict[str, Any], status: str, says: str
) -> None:
    extensions, largest = taking_more.get("extensions", ()), taking_more.get("largest", 20_971_520)
    told["describe_attached_files_configuration"] = {
        "AttachedFilesConfiguration": taking(*TAKEN, *extensions, largest=largest)
    }
    one = found(ACCOUNT, bridge=Bridge(**vendors))["kinds of files", INSTANCE]
    assert one.status == status
    assert says in f"{one.detail} {one.fix}"


@pytest.mark.parametrize(
    ("share", "refused", "status", "says"),
    [
        (0.5, 0, "ok", "50%"),
        (0.85, 0, "warn", "85% of the quota"),
        (85.0, 0, "warn", "85% of the quota"),
        (50.0, 0, "ok", "50%"),
        (0.1, 3, "warn", "3 were refused"),
    ],
)
def test_how_near_the_quota_of_chats_is(
    told: dict[str, Any], monkeypatch: pytest.MonkeyPatch, share: float, refused: float, status: str, says: str
) -> None:
    def points(*values: float) -> dict[str, Any]:
        return {"Datapoints": [{"Timestamp": at, "Sum": one, "Maximum": one} for at, one in enumerate(values)][::-1]}

    class Watch:
        def get_metric_statistics(self, **asked: Any) -> dict[str, Any]:
            dimensions = {one["Name"]: one["Value"] for one in asked["Dimensions"]}
            assert (asked["Namespace"], dimensions) == ("AWS/Connect", {"InstanceId": INSTANCE, "MetricGroup": "Chats"})
            assert (asked["EndTime"] - asked["StartTime"]) / asked["Period"] <= 1440  # the most points of an answer
            if asked["MetricName"] == "ConcurrentActiveChatsPercentage":
                return points(0.99, share)
            assert asked["MetricName"] == "ChatsBreachingActiveChatQuota"
            return points(0, refused)

    clients = {"cloudwatch": Watch()}
    monkeypatch.setattr(asking, "client", lambda bridge, service: clients.get(service) or Client(service, told))
    one = found(ACCOUNT)["active chats", INSTANCE]
    assert (one.status, "quota raised" in one.fix) == (status, status == "warn")
    assert says in one.detail


def flow(*actions: dict[str, Any]) -> str:
    return json.dumps({"Version": "2019-10-30", "StartAction": "a", "Actions": list(actions)})


def hook(name: str) -> dict[str, Any]:
    return {"Identifier": name, "Type": "UpdateContactEventHooks", "Parameters": {"EventHooks": {name: "arn"}}}


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (flow(hook("CustomerQueue"), hook("CustomerRemaining")), []),
        (flow(hook("CustomerRemaining")), ["no customer queue flow"]),
        (flow(hook("CustomerQueue")), ["no disconnect flow"]),
        (
            flow(hook("CustomerQueue"), hook("CustomerRemaining"), {"Type": "MessageParticipant", "Parameters": {}}),
            ["it says something"],
        ),
        (flow({"Type": "DisconnectParticipant", "Parameters": None}), ["no customer queue flow", "no disconnect flow"]),
        ("no JSON", []),
        ("[]", []),
        ('{"Actions": [7]}', []),
    ],
)
def test_a_flow_that_hurts_is_told(told: dict[str, Any], content: str, says: list[str]) -> None:
    told["describe_contact_flow"]["ContactFlow"]["Content"] = content
    one = found(ACCOUNT)["flow", FLOW]
    assert one.status == ("warn" if says else "ok")
    assert all(words in one.detail for words in says)


def test_the_flows_that_terraform_makes_do_not_hurt(told: dict[str, Any]) -> None:
    path = Path(__file__).parents[4] / "terraform/modules/connect/flows/inbound.json"
    told["describe_contact_flow"]["ContactFlow"]["Content"] = re.sub(r"\$\{\w+\}", "arn", path.read_text())
    assert found(ACCOUNT)["flow", FLOW].status == "ok"
