"""Tokens of two kinds, client tokens, quotas and rates."""

from __future__ import annotations

import pytest

from sandbox.simulators.connect.instance import INSTANCE
from tests.sandbox.simulators.connect.conftest import Caller, refusal

DENIED = (403, "AccessDeniedException")
DAY_S = 86_400.0


def test_a_connection_lives_for_a_day_and_is_made_anew_as_often_as_one_likes(caller: Caller) -> None:
    begun = caller.start()
    first, second = caller.connected(begun), caller.connected(begun)
    assert caller.say(first)["Id"] != caller.say(second)["Id"]
    caller.clock.offset_s = DAY_S - 5
    caller.say(first)
    caller.clock.offset_s = DAY_S + 5
    assert refusal(lambda: caller.say(first)) == DENIED
    caller.say(caller.connected(begun))


def test_a_token_of_the_other_kind_is_none(caller: Caller) -> None:
    begun = caller.start()
    connection = caller.connected(begun)
    assert refusal(lambda: caller.say(begun["ParticipantToken"])) == DENIED
    assert refusal(lambda: caller.connected({"ParticipantToken": connection})) == DENIED
    assert refusal(lambda: caller.say("made up")) == DENIED


def test_when_a_chat_has_ended_everything_is_denied_in_the_same_words(caller: Caller) -> None:
    begun = caller.start()
    token = caller.connected(begun)
    caller.agents.end(begun["ContactId"])
    for call in (
        lambda: caller.say(token),
        lambda: caller.say("made up"),
        lambda: caller.connected(begun),
        lambda: caller.participant.get_transcript(ConnectionToken=token),
        lambda: caller.participant.disconnect_participant(ConnectionToken=token),
    ):
        assert refusal(call) == DENIED


def test_a_repeated_start_answers_the_original_chat_also_when_it_has_ended(caller: Caller) -> None:
    first = caller.start(ClientToken="same")
    assert caller.start(ClientToken="same")["ContactId"] == first["ContactId"]
    caller.agents.end(first["ContactId"])
    again = caller.start(ClientToken="same")
    assert (again["ContactId"], again["ParticipantToken"]) == (first["ContactId"], first["ParticipantToken"])
    assert caller.start(ClientToken="other")["ContactId"] != first["ContactId"]
    assert len(caller.simulator.contacts()) == 2


@pytest.mark.parametrize("refuses", [True, False])
def test_the_same_token_with_other_parameters(caller: Caller, refuses: bool) -> None:
    first = caller.start(ClientToken="same")
    caller.switches.repeats = "refuses" if refuses else "answers"
    other = {"ClientToken": "same", "Attributes": {"a": "b"}}
    if refuses:
        assert refusal(lambda: caller.start(**other)) == (400, "InvalidRequestException")
    else:
        assert caller.start(**other)["ContactId"] == first["ContactId"]


def test_a_repeated_message_is_said_once(caller: Caller) -> None:
    _, token = caller.chat()
    first = caller.say(token, ClientToken="same")
    again = caller.say(token, ClientToken="same")
    assert (again["Id"], again["AbsoluteTime"]) == (first["Id"], first["AbsoluteTime"])
    assert caller.say(token)["Id"] != first["Id"]
    [chat] = caller.simulator.contacts()
    assert [one["content"] for one in chat["messages"]] == ["Hello", "Hello"]


def test_a_day_of_chat_ends_by_itself(caller: Caller) -> None:
    begun = caller.start(ChatDurationInMinutes=60)
    token = caller.connected(begun)
    caller.clock.offset_s = 3_590.0
    caller.say(token)
    caller.clock.offset_s = 3_610.0
    assert refusal(lambda: caller.say(token)) == DENIED
    assert [one["state"] for one in caller.simulator.contacts()] == ["ended"]


@pytest.mark.parametrize("connects", [True, False])
def test_who_does_not_connect_may_be_given_up(caller: Caller, connects: bool) -> None:
    caller.switches.unconnected_s = 300.0
    begun = caller.start()
    caller.stream(begun["ContactId"])
    if connects:
        caller.connected(begun)
    caller.clock.offset_s = 301.0
    assert [one["state"] for one in caller.simulator.contacts()] == ["queued" if connects else "ended"]


def test_connecting_before_streaming_connects_nobody(caller: Caller) -> None:
    caller.switches.unconnected_s = 300.0
    begun = caller.start()
    caller.connected(begun)
    caller.stream(begun["ContactId"])
    caller.clock.offset_s = 301.0
    assert [one["state"] for one in caller.simulator.contacts()] == ["ended"]


def test_one_call_begins_streams_and_connects(caller: Caller) -> None:
    topic = {"StreamingEndpointArn": "arn:aws:sns:eu-central-1:123456789012:dmdesk-connect"}
    begun = caller.start(ConnectionTypes=["CONNECTION_CREDENTIALS"], ChatStreamingConfiguration=topic)
    assert begun["StreamingId"]
    caller.say(begun["ConnectionCredentials"]["ConnectionToken"])
    assert [told["Content"] for told, _ in caller.told(1)] == ["Hello"]


def test_the_quota_of_active_chats_is_another_error_than_the_rate(caller: Caller) -> None:
    caller.switches.active_chats = 1
    first = caller.start()["ContactId"]
    assert refusal(caller.start) == (429, "LimitExceededException")
    caller.agents.end(first)
    assert caller.start()["ContactId"]


def test_calls_that_come_too_fast_are_refused_until_time_has_passed(caller: Caller) -> None:
    caller.switches.throttles, caller.switches.active_chats = True, 100
    begun = [caller.start() for _ in range(8)]
    assert refusal(caller.start) == (429, "TooManyRequestsException")
    tokens = [caller.connected(begun[0]) for _ in range(9)]
    assert refusal(lambda: caller.connected(begun[0])) == (429, "ThrottlingException")
    typing = {"ContentType": "application/vnd.amazonaws.connect.event.typing", "ConnectionToken": tokens[0]}
    for number in range(15):
        caller.say(tokens[0]) if number % 2 else caller.participant.send_event(**typing)
    assert refusal(lambda: caller.say(tokens[0])) == (429, "ThrottlingException")
    caller.clock.offset_s += 60.0
    assert caller.start()["ContactId"]
    assert caller.say(tokens[0])["Id"]


def test_stopping_a_contact_that_is_over_says_that_it_is_gone(caller: Caller) -> None:
    contact = caller.start()["ContactId"]
    caller.connect.stop_contact(InstanceId=INSTANCE, ContactId=contact)
    stop = {"InstanceId": INSTANCE, "ContactId": contact}
    assert refusal(lambda: caller.connect.stop_contact(**stop)) == (410, "ContactNotFoundException")
    assert refusal(lambda: caller.connect.stop_contact(InstanceId=INSTANCE, ContactId="unknown")) == (
        404,
        "ResourceNotFoundException",
    )
