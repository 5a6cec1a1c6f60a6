"""What keeps to no shape of AWS' own models is refused, also where AWS' client lets it pass."""

from __future__ import annotations

from typing import Any

import pytest
import requests

from sandbox.simulators.connect.instance import FLOW, INSTANCE
from tests.sandbox.simulators.connect.conftest import REGION, TOPIC, Caller, refusal

INVALID = (400, "InvalidParameterException")


@pytest.mark.parametrize(
    "wrong",
    [
        {"ParticipantDetails": {"DisplayName": "A" * 257}},
        {"ParticipantDetails": {"DisplayName": ""}},
        {"ParticipantDetails": {}},
        {"ClientToken": "t" * 501},
        {"ChatDurationInMinutes": 59},
        {"ChatDurationInMinutes": 10_081},
        {"Attributes": {"name": "v" * 32_768}},
        {"Attributes": {"a.dot": "v"}},
        {"SupportedMessagingContentTypes": ["text/markdown"]},
        {"SupportedMessagingContentTypes": ["t" * 101, "text/plain"]},
        {"ParticipantConfiguration": {"ResponseMode": "WHOLE"}},
        {"PersistentChat": {"RehydrationType": "NOTHING", "SourceContactId": "x"}},
        {"ConnectionTypes": ["CARRIER_PIGEON"]},
        {"ConnectionTypes": []},
        {"ConnectionTypes": ["WEBSOCKET", "CONNECTION_CREDENTIALS", "WEBRTC_CONNECTION"]},
        {"DisconnectOnCustomerExit": ["CUSTOMER"]},
        {"ChatStreamingConfiguration": {"StreamingEndpointArn": f"{TOPIC}.fifo"}},
        {"ChatStreamingConfiguration": {"StreamingEndpointArn": TOPIC.replace(REGION, "eu-west-2")}},
        {"ChatStreamingConfiguration": {"StreamingEndpointArn": "arn:aws:sqs:eu-central-1:123456789012:q"}},
        {"ChatStreamingConfiguration": {}},
        {"InitialMessage": {"ContentType": "text/markdown", "Content": "x"}},
        {"InitialMessage": {"ContentType": "text/plain", "Content": "é" * 8_193}},
        {"CustomerId": "c" * 129},
        {"InstanceId": "i" * 101},
    ],
    ids=str,
)
def test_a_chat_is_not_begun_with_what_has_another_shape(caller: Caller, wrong: dict[str, Any]) -> None:
    assert refusal(lambda: caller.start(**wrong)) == INVALID
    assert caller.simulator.contacts() == []


@pytest.mark.parametrize(
    "right",
    [
        {"ParticipantDetails": {"DisplayName": "A" * 256}},
        {"ClientToken": "t" * 500},
        {"ChatDurationInMinutes": 60},
        {"ChatDurationInMinutes": 10_080},
        {"Attributes": {"a-B_9": "v" * 32_700}},
        {"SupportedMessagingContentTypes": ["text/plain", "text/markdown"]},
        {"InitialMessage": {"ContentType": "text/plain", "Content": "é" * 8_192}},
        {"CustomerId": "c" * 128},
        {"ContactFlowId": f"arn:aws:connect:{REGION}:123456789012:instance/{INSTANCE}/contact-flow/{FLOW}"},
    ],
    ids=str,
)
def test_a_chat_is_begun_at_the_limits(caller: Caller, right: dict[str, Any]) -> None:
    assert caller.start(**right)["ContactId"]


def test_what_excludes_each_other_is_refused(caller: Caller) -> None:
    source = {"RehydrationType": "ENTIRE_PAST_SESSION", "SourceContactId": "x"}
    both = {"PersistentChat": source, "RelatedContactId": "y"}
    assert refusal(lambda: caller.start(**both)) == (400, "InvalidRequestException")
    contact = caller.start()["ContactId"]
    routed = {"QueuePriority": 1, "QueueTimeAdjustmentSeconds": 5, "InstanceId": INSTANCE, "ContactId": contact}
    assert refusal(lambda: caller.connect.update_contact_routing_data(**routed)) == (400, "InvalidRequestException")


def test_there_is_one_instance_and_its_flows(caller: Caller) -> None:
    for wrong in (
        {"InstanceId": f"arn:aws:connect:{REGION}:1:instance/x"},
        {"InstanceId": "another"},
        {"ContactFlowId": "unknown"},
    ):
        assert refusal(lambda wrong=wrong: caller.start(**wrong)) == (404, "ResourceNotFoundException")


@pytest.mark.parametrize(
    ("said", "right"),
    [
        ({"Content": ""}, False),
        ({"Content": "x" * 1_025}, False),
        ({"Content": "x" * 1_024}, True),
        ({"Content": "🍵" * 1_024}, True),
        ({"ContentType": "text/markdown"}, False),
        ({"ContentType": "text/html"}, False),
        ({"ClientToken": "t" * 501}, False),
        ({"ConnectionToken": "t" * 1_001}, False),
    ],
    ids=str,
)
def test_a_message_keeps_to_its_shape(caller: Caller, said: dict[str, Any], right: bool) -> None:
    _, token = caller.chat()
    if right:
        assert caller.say(token, **said)["Id"]
    else:
        assert refusal(lambda: caller.say(token, **said)) == (400, "ValidationException")


def test_the_longer_text_is_counted_in_bytes(caller: Caller) -> None:
    caller.switches.text_limit = 16_384
    _, token = caller.chat()
    assert caller.say(token, "é" * 8_192)["Id"]
    assert refusal(lambda: caller.say(token, "é" * 8_193)) == (400, "ValidationException")


def test_declared_types_are_taken(caller: Caller) -> None:
    _, token = caller.chat(SupportedMessagingContentTypes=["text/plain", "text/markdown"])
    assert caller.say(token, ContentType="text/markdown")["Id"]
    answered = "application/vnd.amazonaws.connect.message.interactive.response"
    assert refusal(lambda: caller.say(token, "{}", ContentType=answered)) == (400, "ValidationException")


@pytest.mark.parametrize(
    ("kind", "content", "right"),
    [
        ("typing", None, True),
        ("typing", "x", False),
        ("chat.ended", None, False),
        ("message.delivered", '{"messageId": "unknown"}', False),
        ("message.delivered", "no JSON", False),
        ("message.read", None, False),
    ],
)
def test_an_event_keeps_to_its_shape(caller: Caller, kind: str, content: str | None, right: bool) -> None:
    _, token = caller.chat()
    asked = {"ContentType": f"application/vnd.amazonaws.connect.event.{kind}", "ConnectionToken": token}
    asked |= {"Content": content} if content is not None else {}
    if right:
        assert caller.participant.send_event(**asked)["Id"]
    else:
        assert refusal(lambda: caller.participant.send_event(**asked)) == (400, "ValidationException")


@pytest.mark.parametrize("seconds", [4, 301])
def test_a_link_lives_for_five_seconds_to_five_minutes(caller: Caller, seconds: int) -> None:
    _, token = caller.chat()
    asked = {"AttachmentId": "x", "ConnectionToken": token, "UrlExpiryInSeconds": seconds}
    assert refusal(lambda: caller.participant.get_attachment(**asked)) == (400, "ValidationException")


def test_unknown_members_types_and_operations_are_refused(caller: Caller) -> None:
    url = caller.simulator.url
    _, token = caller.chat()
    bearer = {"X-Amz-Bearer": token}
    bodies: list[Any] = [{"ContentTyp": "text/plain"}, {"ContentType": 1, "Content": "x"}, [], "x"]
    for body in bodies:
        assert requests.post(f"{url}/participant/message", json=body, headers=bearer, timeout=60).status_code == 400
    assert requests.post(f"{url}/participant/message", data=b"{", headers=bearer, timeout=60).status_code == 400
    assert requests.post(f"{url}/participant/telepathy", json={}, headers=bearer, timeout=60).status_code == 404


def test_connect_wants_a_signature_for_its_service_and_region(caller: Caller) -> None:
    def asked(scope: str) -> tuple[int, str]:
        signed = {"Authorization": f"AWS4-HMAC-SHA256 Credential=AKIA/20261127/{scope}/aws4_request, Signature=x"}
        answer = requests.get(
            f"{caller.simulator.url}/instance/{INSTANCE}", headers=signed if scope else {}, timeout=10
        )
        return answer.status_code, answer.headers.get("x-amzn-ErrorType", "")

    assert asked(f"{REGION}/connect") == (200, "")
    assert asked("") == (403, "MissingAuthenticationTokenException")
    assert asked(f"{REGION}/execute-api") == (403, "AccessDeniedException")
    assert asked("us-east-1/connect") == (403, "AccessDeniedException")


def test_participants_want_their_token_and_no_signature(caller: Caller) -> None:
    answer = requests.post(f"{caller.simulator.url}/participant/message", json={}, timeout=60)
    assert (answer.status_code, answer.headers["x-amzn-ErrorType"]) == (403, "AccessDeniedException")
