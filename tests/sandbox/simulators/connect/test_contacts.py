"""What is known of a contact, what it goes on from, receipts, the transcript, and what doctor asks of the instance."""

from __future__ import annotations

import json
from typing import Any

import pytest

from sandbox.simulators.connect.instance import DISCONNECT_FLOW, FLOW, INSTANCE, QUEUE_FLOW
from tests.sandbox.simulators.connect.conftest import Caller, refusal

EVENT = "application/vnd.amazonaws.connect.event."
INVALID = (400, "InvalidRequestException")


def source(contact: str) -> dict[str, str]:
    return {"RehydrationType": "ENTIRE_PAST_SESSION", "SourceContactId": contact}


def test_attributes_are_merged_by_key_also_after_the_end(caller: Caller) -> None:
    contact = caller.start(Attributes={"a": "1", "b": "2"})["ContactId"]
    change = caller.connect.update_contact_attributes
    change(InstanceId=INSTANCE, InitialContactId=contact, Attributes={"b": "", "c": "3"})
    caller.agents.end(contact)
    change(InstanceId=INSTANCE, InitialContactId=contact, Attributes={"d": "4"})
    found = caller.connect.get_contact_attributes(InstanceId=INSTANCE, InitialContactId=contact)
    assert found["Attributes"] == {"a": "1", "c": "3", "d": "4"}
    too_many = {"InstanceId": INSTANCE, "InitialContactId": contact, "Attributes": {"e": "x" * 32_767}}
    assert refusal(lambda: change(**too_many)) == INVALID


def test_a_contact_tells_how_it_stands(caller: Caller) -> None:
    contact, _ = caller.chat(CustomerId="ada")
    told = caller.connect.describe_contact(InstanceId=INSTANCE, ContactId=contact)["Contact"]
    assert (told["Id"], told["InitialContactId"], told["Channel"], told["CustomerId"]) == (
        contact,
        contact,
        "CHAT",
        "ada",
    )
    assert "DisconnectTimestamp" not in told
    caller.connect.stop_contact(InstanceId=INSTANCE, ContactId=contact)
    told = caller.connect.describe_contact(InstanceId=INSTANCE, ContactId=contact)["Contact"]
    assert (told["DisconnectReason"], told["DisconnectTimestamp"].timestamp() > 0) == ("API", True)


def test_a_chat_goes_on_from_one_that_has_ended_and_settled(caller: Caller) -> None:
    first = caller.start()["ContactId"]
    assert refusal(lambda: caller.start(PersistentChat=source(first))) == INVALID
    caller.agents.end(first)
    assert refusal(lambda: caller.start(PersistentChat=source(first))) == INVALID
    caller.clock.offset_s = 31.0
    assert refusal(lambda: caller.start(PersistentChat=source("unknown"))) == (404, "ResourceNotFoundException")
    assert refusal(lambda: caller.start(PersistentChat={"SourceContactId": first})) == INVALID
    second = caller.start(PersistentChat=source(first))
    assert second["ContinuedFromContactId"] == first
    assert caller.simulator.contacts()[1]["continued_from"] == first


def test_the_past_is_named_by_its_first_contact(caller: Caller) -> None:
    first = caller.start()["ContactId"]
    moved = caller.agents.transfer(first)
    caller.agents.end(moved)
    caller.clock.offset_s = 31.0
    assert refusal(lambda: caller.start(PersistentChat=source(moved))) == (404, "ResourceNotFoundException")


def test_a_running_chat_is_associated_with_its_past_once(caller: Caller) -> None:
    first, second = caller.start()["ContactId"], caller.start()["ContactId"]
    caller.agents.end(first)
    asked: dict[str, Any] = {"InstanceId": INSTANCE, "InitialContactId": second} | source(first)
    associate = caller.connect.create_persistent_contact_association
    assert refusal(lambda: associate(**asked)) == INVALID
    caller.clock.offset_s = 31.0
    assert associate(**asked, ClientToken="same")["ContinuedFromContactId"] == first
    assert associate(**asked, ClientToken="same")["ContinuedFromContactId"] == first
    assert refusal(lambda: associate(**asked)) == INVALID


@pytest.mark.parametrize("kind", ["message.delivered", "message.read"])
def test_receipts_are_for_two(caller: Caller, kind: str) -> None:
    contact, token = caller.chat()
    reply = caller.agents.text(contact, "Hello")
    told = {"ContentType": EVENT + kind, "Content": json.dumps({"messageId": reply}), "ConnectionToken": token}
    assert caller.participant.send_event(**told)["Id"]
    chat = caller.simulator.hall.chats.every[contact]
    caller.agents._join(chat)
    assert refusal(lambda: caller.participant.send_event(**told)) == (409, "ConflictException")


def test_the_transcript_is_read_from_either_end_in_pages(caller: Caller) -> None:
    contact, token = caller.chat()
    for number in range(5):
        caller.say(token, f"{number}")
    read = caller.participant.get_transcript
    newest = read(ConnectionToken=token, MaxResults=2)
    assert [one["Content"] for one in newest["Transcript"]] == ["4", "3"]
    more = read(ConnectionToken=token, MaxResults=2, NextToken=newest["NextToken"])
    assert [one["Content"] for one in more["Transcript"]] == ["2", "1"]
    whole = read(ConnectionToken=token, ScanDirection="FORWARD", SortOrder="ASCENDING", ContactId=contact)
    assert [one["Content"] for one in whole["Transcript"]] == ["0", "1", "2", "3", "4"]
    assert "NextToken" not in whole
    lost = {"ConnectionToken": token, "NextToken": "unknown"}
    assert refusal(lambda: read(**lost)) == (400, "ValidationException")


def test_typing_is_told_and_not_kept(caller: Caller) -> None:
    contact, token = caller.chat()
    caller.participant.send_event(ContentType=f"{EVENT}typing", ConnectionToken=token)
    caller.agents.types(contact)
    assert [item["ParticipantRole"] for item, _ in caller.told(3)] == ["CUSTOMER", "AGENT", "AGENT"]
    transcript = caller.participant.get_transcript(ConnectionToken=token)["Transcript"]
    assert [one["ContentType"] for one in transcript] == [f"{EVENT}participant.joined"]


def test_a_priority_is_set(caller: Caller) -> None:
    contact = caller.start()["ContactId"]
    caller.connect.update_contact_routing_data(InstanceId=INSTANCE, ContactId=contact, QueuePriority=1)
    told = caller.connect.describe_contact(InstanceId=INSTANCE, ContactId=contact)["Contact"]
    assert told["QueuePriority"] == 1


def test_what_the_doctor_asks_of_the_instance(caller: Caller) -> None:
    one = caller.connect.describe_instance(InstanceId=INSTANCE)["Instance"]
    assert (one["Id"], one["InstanceStatus"]) == (INSTANCE, "ACTIVE")
    flows = caller.connect.list_contact_flows(InstanceId=INSTANCE)["ContactFlowSummaryList"]
    assert {flow["Id"] for flow in flows} == {FLOW, DISCONNECT_FLOW, QUEUE_FLOW}
    queue = caller.connect.list_contact_flows(InstanceId=INSTANCE, ContactFlowTypes=["CUSTOMER_QUEUE"])
    assert [flow["Id"] for flow in queue["ContactFlowSummaryList"]] == [QUEUE_FLOW]
    flow = caller.connect.describe_contact_flow(InstanceId=INSTANCE, ContactFlowId=FLOW)["ContactFlow"]
    content = json.loads(flow["Content"])
    actions = {action["Identifier"]: action for action in content["Actions"]}
    assert (flow["Status"], content["StartAction"] in actions) == ("PUBLISHED", True)
    followed = [action["Transitions"].get("NextAction") for action in actions.values()]
    assert {name for name in followed if name} <= set(actions)
    attributes = caller.connect.list_instance_attributes(InstanceId=INSTANCE)["Attributes"]
    assert {"AttributeType", "Value"} <= set(attributes[0])
    streaming = caller.connect.describe_instance_attribute(InstanceId=INSTANCE, AttributeType="MESSAGE_STREAMING")
    assert streaming["Attribute"]["Value"] == "true"
    assert caller.connect.list_queues(InstanceId=INSTANCE)["QueueSummaryList"]
    stored = {"InstanceId": INSTANCE, "ResourceType": "CHAT_TRANSCRIPTS"}
    assert caller.connect.list_instance_storage_configs(**stored)["StorageConfigs"]
    config = {"StorageType": "S3", "S3Config": {"BucketName": "b", "BucketPrefix": "p"}}
    associate = caller.connect.associate_instance_storage_config
    assert refusal(lambda: associate(**stored, StorageConfig=config)) == (409, "ResourceConflictException")
    caller.simulator.instance.storage.clear()
    assert associate(**stored, StorageConfig=config)["AssociationId"]
    caller.connect.update_instance_attribute(InstanceId=INSTANCE, AttributeType="MESSAGE_STREAMING", Value="false")
