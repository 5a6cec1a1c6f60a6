"""A simulated instance, called by AWS' own clients: what they refuse to read is wrong."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import boto3
import pytest
import requests
from botocore import UNSIGNED
from botocore.config import Config
from botocore.exceptions import ClientError

from sandbox.simulators.connect.agents import Agents
from sandbox.simulators.connect.hall import Switches
from sandbox.simulators.connect.instance import FLOW, INSTANCE
from sandbox.simulators.connect.simulator import ConnectSimulator
from sandbox.simulators.connect.wire import Operation, broken, operations
from sandbox.stage.clock import Clock
from sandbox.stage.faults import Faults
from tests.sandbox.conftest import until

REGION = "eu-central-1"
ACCOUNT = "123456789012"
TOPIC = f"arn:aws:sns:{REGION}:{ACCOUNT}:dmdesk-connect"
PERMITS = {"Effect": "Allow", "Principal": {"Service": "connect.amazonaws.com"}, "Action": "sns:Publish"}


class Still(Clock):
    """Time passes where a test says so."""

    def __call__(self) -> float:
        return 1_795_000_000.0 + self.offset_s


class Topics:
    """SNS, which keeps what is published."""

    def __init__(self) -> None:
        self.statements: list[dict[str, Any]] = [PERMITS]
        self.told: list[tuple[dict[str, Any], Mapping[str, str]]] = []

    def policy(self, topic: str) -> str:
        return json.dumps({"Version": "2012-10-17", "Statement": self.statements})

    def publish(self, topic: str, message: str, attributes: Mapping[str, str]) -> None:
        self.told.append((json.loads(message), attributes))


class Caller:
    """Amazon Connect as a program of AWS' customers sees it; no SDK repeats anything."""

    def __init__(self, simulator: ConnectSimulator, clock: Clock, topics: Topics) -> None:
        self.simulator, self.clock, self.topics = simulator, clock, topics
        keys: Any = {"aws_access_key_id": "AKIAEXAMPLE", "aws_secret_access_key": "secret", "region_name": REGION}
        once = Config(retries={"total_max_attempts": 1}, proxies={}, parameter_validation=False)
        make: Any = boto3.session.Session(**keys).client
        self.connect: Any = make("connect", endpoint_url=simulator.url, config=once)
        self.profiles: Any = make("customer-profiles", endpoint_url=simulator.url, config=once)
        bearer = once.merge(Config(signature_version=UNSIGNED))
        self.participant: Any = make("connectparticipant", endpoint_url=simulator.url, config=bearer)

    @property
    def agents(self) -> Agents:
        return self.simulator.agents

    @property
    def switches(self) -> Switches:
        return self.simulator.hall.switches

    def start(self, **changes: Any) -> dict[str, Any]:
        """A chat, begun."""
        asked = {"InstanceId": INSTANCE, "ContactFlowId": FLOW, "ParticipantDetails": {"DisplayName": "Ada"}}
        begun: dict[str, Any] = self.connect.start_chat_contact(**asked | {"ClientToken": str(uuid.uuid4())} | changes)
        return begun

    def stream(self, contact: str, topic: str = TOPIC, which: str = "stream") -> dict[str, Any]:
        told: dict[str, Any] = self.connect.start_contact_streaming(
            InstanceId=INSTANCE,
            ContactId=contact,
            ChatStreamingConfiguration={"StreamingEndpointArn": topic},
            ClientToken=which,
        )
        return told

    def connected(self, begun: Mapping[str, Any]) -> str:
        """A connection token of the chat's customer."""
        answer = self.participant.create_participant_connection(
            Type=["CONNECTION_CREDENTIALS"], ParticipantToken=begun["ParticipantToken"], ConnectParticipant=True
        )
        token: str = answer["ConnectionCredentials"]["ConnectionToken"]
        return token

    def chat(self, **changes: Any) -> tuple[str, str]:
        """A chat that is streamed to, whose customer is connected: the contact, and the connection token."""
        begun = self.start(**changes)
        self.stream(begun["ContactId"])
        return begun["ContactId"], self.connected(begun)

    def say(self, token: str, text: str = "Hello", **changes: Any) -> dict[str, Any]:
        said = {"ContentType": "text/plain", "Content": text, "ConnectionToken": token}
        answer: dict[str, Any] = self.participant.send_message(**said | {"ClientToken": str(uuid.uuid4())} | changes)
        return answer

    def upload(self, token: str, body: bytes, name: str = "mug.png", mime: str = "image/png") -> str:
        """The attachment's id, after the upload of its bytes."""
        begun = self.participant.start_attachment_upload(
            ContentType=mime, AttachmentSizeInBytes=len(body), AttachmentName=name, ConnectionToken=token
        )
        place = begun["UploadMetadata"]
        answer = requests.put(place["Url"], data=body, headers=place["HeadersToInclude"], timeout=60)
        assert answer.status_code == 200, answer.text
        identifier: str = begun["AttachmentId"]
        return identifier

    def complete(self, token: str, attachment: str, **changes: Any) -> None:
        self.participant.complete_attachment_upload(AttachmentIds=[attachment], ConnectionToken=token, **changes)

    def told(self, number: int) -> list[tuple[dict[str, Any], Mapping[str, str]]]:
        """So many records of the stream."""
        until(lambda: len(self.topics.told) >= number)
        return self.topics.told[:number]


def refusal(call: Any) -> tuple[int, str]:
    """Status and code of the error that a call ends with."""
    with pytest.raises(ClientError) as raised:
        call()
    answer: Any = raised.value.response
    return answer["ResponseMetadata"]["HTTPStatusCode"], answer["Error"]["Code"]


@pytest.fixture
def caller() -> Iterator[Caller]:
    clock, topics = Still(), Topics()
    simulator = ConnectSimulator(clock, Faults(), region=REGION, account=ACCOUNT, topic=TOPIC)
    simulator.tells(topics)
    simulator.hall.switches.throttles = False
    wrong = _watched(simulator)
    simulator.start()
    yield Caller(simulator, clock, topics)
    simulator.stop()
    assert wrong == []


def _watched(simulator: ConnectSimulator) -> list[str]:
    """What its answers have that AWS' model has not: AWS' client would pass it over without a word."""
    wrong: list[str] = []

    def watched(operation: Operation, do: Callable[[dict[str, Any]], dict[str, Any]]) -> Any:
        def answer(asked: dict[str, Any]) -> dict[str, Any]:
            body = do(asked)
            shape = operation.model.output_shape
            wrong.extend(broken(shape, body, operation.name) if shape else map(str, body))
            return body

        return answer

    for one in operations(frozenset(simulator._operations)):
        simulator._operations[one.name] = watched(one, simulator._operations[one.name])
    return wrong
