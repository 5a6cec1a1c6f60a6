"""What is told of a chat, as captured records of AWS have it."""

from __future__ import annotations

import json
import uuid
from typing import Any

import pytest

from sandbox.simulators.connect.agents import NotFound, Over
from sandbox.simulators.connect.instance import INSTANCE
from sandbox.simulators.connect.streaming import permits
from tests.sandbox.conftest import until
from tests.sandbox.simulators.connect.conftest import ACCOUNT, PERMITS, REGION, TOPIC, Caller, refusal

EVENT = "application/vnd.amazonaws.connect.event."
# What a message has, in records captured in 2024 and 2026.
ITEM = {
    "AbsoluteTime", "Content", "ContentType", "Id", "Type", "ParticipantId", "DisplayName", "ParticipantRole",
    "InitialContactId", "ContactId",
}  # fmt: skip
BESIDE = {
    "InitialContactId", "MessageVisibility", "Type", "AccountId", "ContentType", "InstanceId", "ContactId",
    "ParticipantRole",
}  # fmt: skip


def kinds(caller: Caller, number: int) -> list[tuple[str, str]]:
    """Role and kind of so many records."""
    return [
        (one.get("ParticipantRole", ""), one.get("ContentType", one["Type"]).removeprefix(EVENT))
        for one, _ in caller.told(number)
    ]


def test_a_message_is_told_as_aws_tells_it(caller: Caller) -> None:
    contact, token = caller.chat()
    said = caller.say(token)
    [(item, beside)] = caller.told(1)
    assert set(item) == ITEM
    assert set(beside) == BESIDE
    assert (item["Id"], item["AbsoluteTime"], item["Content"]) == (said["Id"], said["AbsoluteTime"], "Hello")
    assert (item["ParticipantRole"], item["DisplayName"], item["Type"]) == ("CUSTOMER", "Ada", "MESSAGE")
    assert (item["ContactId"], item["InitialContactId"]) == (contact, contact)
    assert (beside["InstanceId"], beside["AccountId"]) == (INSTANCE, ACCOUNT)


def test_an_id_is_a_uuid_of_its_time_or_of_chance(caller: Caller) -> None:
    _, token = caller.chat()
    caller.say(token)
    caller.switches.random_ids = True
    caller.say(token)
    timed, random = (uuid.UUID(item["Id"]) for item, _ in caller.told(2))
    assert (timed.version, random.version) == (7, 4)
    assert abs((timed.int >> 80) / 1000 - caller.clock()) < 60


def test_the_end_names_nobody(caller: Caller) -> None:
    contact, _ = caller.chat()
    caller.agents.text(contact, "Bye")
    caller.agents.end(contact)
    told = caller.told(4)
    assert kinds(caller, 4)[1:] == [("AGENT", "text/plain"), ("AGENT", "participant.left"), ("", "chat.ended")]
    ended, beside = told[-1]
    assert set(ended) == ITEM - {"ParticipantId", "DisplayName", "ParticipantRole", "Content"}
    assert "ParticipantRole" not in beside
    assert ended["ContactId"] != ended["InitialContactId"] == contact


def test_who_leaves_ends_the_chat_only_where_it_is_the_customer(caller: Caller) -> None:
    contact, token = caller.chat()
    caller.agents.text(contact, "Hello")
    caller.agents.leave(contact)
    [chat] = caller.simulator.contacts()
    assert chat["state"] == "queued"
    caller.say(token)
    caller.participant.disconnect_participant(ConnectionToken=token)
    [chat] = caller.simulator.contacts()
    assert chat["state"] == "ended"
    assert kinds(caller, 6)[-2:] == [("CUSTOMER", "participant.left"), ("", "chat.ended")]
    with pytest.raises(Over):
        caller.agents.leave(contact)


def test_a_transfer_gives_another_contact_to_the_same_chat(caller: Caller) -> None:
    contact, token = caller.chat()
    caller.agents.text(contact, "One moment")
    moved = caller.agents.transfer(contact)
    caller.say(token, "Still there?")
    caller.agents.text(moved, "Now me")
    caller.agents.text(contact, "By the old id")
    told = [item for item, _ in caller.told(7)]
    assert [one["ContactId"] for one in told] == [contact, contact, contact, moved, moved, moved, moved]
    assert {one["InitialContactId"] for one in told} == {contact}
    assert [one["DisplayName"] for one in told[-2:]] == ["Agent 2", "Agent 2"]
    [chat] = caller.simulator.contacts()
    assert (chat["contact_id"], chat["initial_contact_id"], chat["state"]) == (moved, contact, "connected")
    following = caller.connect.describe_contact(InstanceId=INSTANCE, ContactId=contact)["Contact"]
    assert following["NextContacts"][0]["NextContactMetadata"]["QuickConnectContactData"]["ContactId"] == moved


def test_last_words_may_come_after_the_end(caller: Caller) -> None:
    contact, _ = caller.chat()
    caller.agents.end(contact, "One more thing")
    assert kinds(caller, 4)[-2:] == [("", "chat.ended"), ("AGENT", "text/plain")]
    (ended, _), (last, _) = caller.told(4)[-2:]
    assert last["AbsoluteTime"] < ended["AbsoluteTime"]


def test_the_sample_flow_tells_the_customer_and_holds_the_chat(caller: Caller) -> None:
    caller.switches.disconnect_flow = True
    contact, token = caller.chat()
    caller.agents.end(contact)
    [(item, beside)] = caller.told(1)
    assert (item["ParticipantRole"], item["DisplayName"]) == ("SYSTEM", "SYSTEM_MESSAGE")
    assert "in the next 15 minutes" in item["Content"]
    assert beside["ContactId"] != contact
    caller.say(token)
    caller.clock.offset_s = 901.0
    assert refusal(lambda: caller.say(token)) == (403, "AccessDeniedException")


@pytest.mark.parametrize("whole", [True, False])
def test_a_bots_answer_grows_under_one_id_unless_it_comes_whole(caller: Caller, whole: bool) -> None:
    mode = {"ParticipantConfiguration": {"ResponseMode": "COMPLETE"}} if whole else {}
    contact, _ = caller.chat(**mode)
    caller.agents.text(contact, "A long answer", by="bot", chunks=3)
    number = 1 if whole else 3
    told = [item for item, _ in caller.told(number)]
    assert len({one["Id"] for one in told}) == 1
    assert told[-1]["Content"] == "A long answer"
    completed = [one.get("MessageMetadata", {}).get("MessageCompleted") for one in told]
    assert completed == ([None] if whole else [False, False, True])


def test_a_whisper_is_told_as_the_agents_own(caller: Caller) -> None:
    contact, token = caller.chat()
    caller.agents.text(contact, "Psst", visibility="AGENT")
    caller.agents.text(contact, "Hello")
    assert [beside["MessageVisibility"] for _, beside in caller.told(3)][1:] == ["AGENT", "ALL"]
    transcript = caller.participant.get_transcript(ConnectionToken=token)["Transcript"]
    assert "Psst" not in str(transcript)


def test_a_record_comes_again_on_demand_and_raw_ones_go_out_as_they_are(caller: Caller) -> None:
    _, token = caller.chat()
    said = caller.say(token)
    caller.agents.redeliver(said["Id"])
    caller.agents.stream('{"Type": "EVENT"}', {"Type": "EVENT"})
    told = caller.told(3)
    assert told[0] == told[1]
    assert told[2] == ({"Type": "EVENT"}, {"Type": "EVENT"})
    with pytest.raises(NotFound):
        caller.agents.redeliver("unknown")


def test_records_may_come_twice_and_overtake_each_other(caller: Caller) -> None:
    _, token = caller.chat()
    caller.simulator.stream.duplicates = caller.simulator.stream.reorders = True
    for text in ("One", "Two"):
        caller.say(token, text)
    texts = [item["Content"] for item, _ in caller.told(4)]
    assert sorted(texts) == ["One", "One", "Two", "Two"]
    assert texts[0] == "Two"


def test_two_topics_at_most_and_a_repeated_start_of_streaming_is_one(caller: Caller) -> None:
    contact = caller.start()["ContactId"]
    first = caller.stream(contact, which="one")["StreamingId"]
    assert caller.stream(contact, which="one")["StreamingId"] == first
    second = caller.stream(contact, f"{TOPIC}-2", which="two")["StreamingId"]
    assert refusal(lambda: caller.stream(contact, f"{TOPIC}-3", which="three")) == (
        429,
        "LimitExceededException",
    )
    caller.agents.text(contact, "Hello")
    caller.told(4)
    stop: Any = caller.connect.stop_contact_streaming
    stop(InstanceId=INSTANCE, ContactId=contact, StreamingId=first)
    gone = {"InstanceId": INSTANCE, "ContactId": contact, "StreamingId": first}
    assert refusal(lambda: stop(**gone)) == (404, "ResourceNotFoundException")
    stop(InstanceId=INSTANCE, ContactId=contact, StreamingId=second)


def test_what_the_topic_does_not_permit_is_lost_without_a_word(caller: Caller) -> None:
    contact, token = caller.chat()
    caller.topics.statements = []
    caller.say(token, "Lost")
    until(lambda: not caller.simulator.stream._lane._jobs and not caller.simulator.stream._lane._busy)
    caller.topics.statements = [PERMITS]
    caller.say(token, "Told")
    assert [item["Content"] for item, _ in caller.told(1)] == ["Told"]
    assert caller.stream(contact, f"{TOPIC}-unknown", which="other")["StreamingId"]


MINE = {"aws:SourceAccount": ACCOUNT}
HERE = {"aws:SourceArn": f"arn:aws:connect:{REGION}:{ACCOUNT}:instance/{INSTANCE}"}


@pytest.mark.parametrize(
    ("statement", "permitted"),
    [
        ({}, True),
        ({"Action": ["sns:*"]}, True),
        ({"Action": "SNS:Publish"}, True),
        ({"Action": "sns:Subscribe"}, False),
        ({"Principal": {"Service": ["lambda.amazonaws.com", "connect.amazonaws.com"]}}, True),
        ({"Principal": {"Service": "lambda.amazonaws.com"}}, False),
        ({"Principal": "*"}, False),
        ({"Condition": {"StringEquals": MINE, "ArnEquals": HERE}}, True),
        ({"Condition": {"ArnLike": {"aws:SourceArn": f"arn:aws:connect:*:{ACCOUNT}:instance/*"}}}, True),
        ({"Condition": {"StringEquals": {"aws:SourceAccount": "999999999999"}}}, False),
        ({"Condition": {"StringEquals": {"AWS:SourceOwner": ACCOUNT}}}, False),
        ({"Condition": {"NumericLessThan": {"aws:MultiFactorAuthAge": "1"}}}, False),
        ({"Effect": "Deny"}, False),
    ],
    ids=str,
)
def test_a_policy_permits_connect_for_this_instance(statement: dict[str, Any], permitted: bool) -> None:
    policy = json.dumps({"Statement": [PERMITS | statement]})
    assert permits(policy, ACCOUNT, HERE["aws:SourceArn"]) is permitted


def test_a_denial_outweighs(caller: Caller) -> None:
    both = json.dumps({"Statement": [PERMITS, PERMITS | {"Effect": "Deny"}]})
    assert not permits(both, ACCOUNT, HERE["aws:SourceArn"])
    assert not permits("no JSON", ACCOUNT, HERE["aws:SourceArn"])
    assert not permits("", ACCOUNT, HERE["aws:SourceArn"])
