"""A draft of an account that has something in front of its desk, and who is asked for it."""

from __future__ import annotations

import base64
import json
from collections import Counter
from collections.abc import Mapping
from typing import Any

import msgspec

from chalicelib.pipeline.front.asking import Asking
from chalicelib.pipeline.front.crm import Lookup
from chalicelib.pipeline.front.endpoint import Signed
from chalicelib.pipeline.front.triage import Judging
from chalicelib.pipeline.inbound.composing import Draft
from chalicelib.pipeline.ports import Arrival
from chalicelib.protocols.asking import Question, Reply
from chalicelib.vocabulary.front import Crm, Front, Triage
from chalicelib.vocabulary.messages import CustomerEvent, CustomerMessage
from chalicelib.vocabulary.records import Account, Claim, Conversation, Event
from chalicelib.vocabulary.replies import DeskEvent
from tests.fakes import INSTAGRAM, START, FakeClock, FakeMemory, FakeMetrics, FakeSecrets, turn

SECRET = "whsec_" + base64.b64encode(bytes(range(32))).decode()
CRM = Crm(url="https://crm.example/dm", secret="front/crm")
TRIAGE = Triage(intents={"order": "", "returns": ""}, model="amazon.nova-micro-v1:0", priorities={"high": 900})
RIGHT = {"intent": "order", "sentiment": "neutral", "language": "en", "urgency": "high", "spam": 1}
CONVERSATION = Conversation("instagram", INSTAGRAM.id, "55501")
SAID = CustomerMessage(
    id="message:mid-1", conversation=CONVERSATION, sent_ms=int(START) * 1000, text="Is it back?", username="ann"
)


def account(front: Front) -> Account:
    return msgspec.structs.replace(INSTAGRAM, front=front)


def draft(front: Front, message: CustomerMessage = SAID, facts: Mapping[str, str] | None = None) -> Draft:
    event = Event(source="instagram", account=INSTAGRAM.id, party="55501", id=message.id, received_ms=int(START) * 1000)
    arrival = Arrival(event=event, turn=turn(), account=account(front))
    return Draft(arrival=arrival, claim=Claim(state="fresh"), message=message, facts=dict(facts or {}))


class Translating:
    """The translators: they read whatever they are told to."""

    def __init__(self) -> None:
        self.happened: list[CustomerEvent] = []
        self.told: DeskEvent | None = None

    def parse(self, event: Event) -> Any:
        return self.happened if event.source == "instagram" else self.told


class Says:
    """An endpoint and a model that answer what they are told to; an exception is raised. Both keep what came."""

    def __init__(self) -> None:
        self.crm: object = {"tier": "gold"}
        self.status = 200
        self.model: object = RIGHT
        self.posts: list[tuple[str, Mapping[str, str], Any, float]] = []
        self.questions: list[Question] = []

    def post(self, url: str, headers: Mapping[str, str], body: bytes, within_s: float) -> Reply:
        self.posts.append((url, headers, json.loads(body), within_s))
        if isinstance(self.crm, Exception):
            raise self.crm
        return Reply(self.status, self.crm if isinstance(self.crm, bytes) else json.dumps(self.crm).encode())

    def judge(self, triage: Triage, question: Question, within_s: float) -> object:
        self.questions.append(question)
        if isinstance(self.model, Exception):
            raise self.model
        return self.model


class Counted:
    """A memory, and how often it is read and written."""

    def __init__(self, memory: FakeMemory) -> None:
        self._memory = memory
        self.calls: Counter[str] = Counter()

    def get(self, of: Conversation, name: str) -> bytes | None:
        self.calls["read"] += 1
        return self._memory.get(of, name)

    def under(self, of: Conversation, prefix: str) -> Mapping[str, bytes]:
        raise AssertionError("nobody asks for all")

    def keep(self, of: Conversation, name: str, value: bytes, for_s: float) -> None:
        self.calls["write"] += 1
        self._memory.keep(of, name, value, for_s)

    def keep_first(self, of: Conversation, name: str, value: bytes, for_s: float) -> bytes:
        self.calls["write"] += 1
        return self._memory.keep_first(of, name, value, for_s)


class Kit:
    def __init__(self) -> None:
        self.clock, self.metrics, self.says = FakeClock(), FakeMetrics(), Says()
        self.memory = FakeMemory(self.clock)
        self.counted = Counted(self.memory)
        self.secrets = FakeSecrets(**{"front/crm": {"keys": [SECRET]}})
        self.container()

    def container(self) -> None:
        """Another one begins: nothing is in its memory."""
        numbers = iter(range(1000))
        calls = Signed(self.says.post, self.secrets, self.clock, lambda: f"call-{next(numbers)}")
        self.lookup = Lookup(calls, self.counted, self.clock, self.metrics)
        classifiers = {True: self.says.judge}
        self.judging = Judging(classifiers, self.counted, self.clock, self.metrics)
        self.asking = Asking([self.judging, self.lookup])
