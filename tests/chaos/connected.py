"""The bridge with Amazon Connect as its desk, in memory: the sandbox's simulator without its server, told by a topic
that repeats and disorders what it carries."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from email.message import Message
from functools import partial
from random import Random
from types import MappingProxyType
from typing import Any, ClassVar
from urllib.parse import parse_qsl, urlsplit

import msgspec

from chalicelib.aws.secrets import SecretStore
from chalicelib.desks.connect.client import open_desk
from chalicelib.desks.connect.translate import TRANSLATOR
from chalicelib.desks.connect.webhook import WEBHOOK
from chalicelib.http import Answer
from chalicelib.protocols.desk import Desk, DeskTranslator
from chalicelib.protocols.webhook import Feed
from chalicelib.registry import DESKS, part
from chalicelib.vocabulary.records import Account
from sandbox.simulators.connect.contacts import Chat
from sandbox.simulators.connect.instance import FLOW, INSTANCE
from sandbox.simulators.connect.simulator import ConnectSimulator
from sandbox.simulators.connect.streaming import NoTopics, Record, Stream
from sandbox.stage.faults import Faults
from sandbox.stage.web import Answer as Answered
from sandbox.stage.web import Call
from tests.chaos.lab import Container, Lab
from tests.chaos.timeline import Killed
from tests.chaos.world import PICTURE, Fault, World
from tests.fakes import INSTAGRAM, TIKTOK

REGION, NUMBER = "eu-central-1", "123456789012"
TOPIC = f"arn:aws:sns:{REGION}:{NUMBER}:dmdesk-connect"
QUEUE = f"arn:aws:sqs:{REGION}:{NUMBER}:dmdesk-from-connect"
# How long a queue hides what a function has not taken.
AGAIN_S = 60.0
SIGNED = "AWS4-HMAC-SHA256 Credential=A/20260101/{region}/{service}/aws4_request"
JSON = {"Content-Type": "application/json"}
AT_CONNECT = tuple(msgspec.structs.replace(one, desk="connect") for one in (INSTAGRAM, TIKTOK))


class Told(Stream):
    """The topic, on the lab's timeline: `tell` is given what passes its filter."""

    def __init__(self, instance: str, tell: Callable[[Record], None]) -> None:
        super().__init__(instance, NUMBER, NoTopics())
        self._tell = tell

    def put(self, record: Record) -> None:
        beside = record.attributes
        if beside.get("ParticipantRole") != "CUSTOMER" or beside.get("Type") == "ATTACHMENT":
            self._tell(record)


class Outside(World):
    """The platforms, and Amazon Connect in place of the other desk."""

    connect: ConnectSimulator

    def put(self, url: str, *, headers: dict[str, str], body: bytes, read_s: float | None = None) -> Answer:
        return self._called("PUT", url, headers, body, read_s)

    def signed(
        self,
        service: str,
        region: str,
        method: str,
        url: str,
        body: bytes,
        read_s: float | None = None,
        within_s: float | None = None,
    ) -> Answer:
        signature = {"Authorization": SIGNED.format(region=region, service=service)}
        return self._called(method, url, signature | JSON, body, read_s)

    def target(self, netloc: str) -> str:
        return "connect" if netloc == urlsplit(self.connect.url).netloc else super().target(netloc)

    def _faulty(
        self, fault: Fault | None, target: str, method: str, url: str, headers: dict[str, str], body: bytes
    ) -> Answer:
        if target != "connect" or fault in {"odd", "reset"}:
            return super()._faulty(fault, target, method, url, headers, body)
        if fault not in {None, "blind", "deaf"}:
            return Answer(
                status=int(str(fault)), headers={"x-amzn-errortype": _CODES[str(fault)]}, body=b'{"Message": "x"}'
            )
        found = self._asked(method, url, headers, body)
        return Answer(status=502, headers={}, body=b"<html>") if fault == "blind" else found

    def _asked(self, method: str, url: str, headers: dict[str, str], body: bytes) -> Answer:
        parts, told = urlsplit(url), Message()
        for name, value in headers.items():
            told[name] = value
        answer = self.connect._handle(Call(method, parts.path, dict(parse_qsl(parts.query)), told, body))
        assert isinstance(answer, Answered)
        said = answer.body if isinstance(answer.body, bytes) else json.dumps(answer.body).encode()
        return Answer(
            status=answer.status, headers={name.lower(): value for name, value in answer.headers.items()}, body=said
        )


_CODES = {
    "400": "ValidationException", "429": "ThrottlingException", "500": "InternalServerException",
    "503": "ServiceUnavailableException",
}  # fmt: skip


class ConnectContainer(Container):
    translators: ClassVar[Mapping[str, DeskTranslator]] = {"connect": TRANSLATOR}
    feeds: ClassVar[Sequence[Feed]] = [WEBHOOK]

    def desks(self, lab: Any, secrets: SecretStore, clock: Any) -> dict[str, Desk]:
        url = lab.connect.url
        about = part(DESKS["connect"], "about", "ABOUT")
        settings = {name: default for name, default in about.settings.items() if default is not None}
        settings |= {"connect_instance": INSTANCE, "connect_flow": FLOW, "connect_topic": TOPIC}
        settings |= dict.fromkeys(("connect_api", "connect_participant_api", "connect_profiles_api"), url)
        settings |= dict(lab.settings)
        return {"connect": open_desk(lab.world, secrets.get, lambda name: False, settings.__getitem__, clock)}


class ConnectLab(Lab):
    """`settings` are those of the desk that are not its defaults; `copies_s` answers after how long each copy of a
    record comes from the topic."""

    container: ClassVar[type[Container]] = ConnectContainer
    outside: ClassVar[type[World]] = Outside
    world: Outside

    def __init__(self, containers: int = 1, settings: Mapping[str, str] = MappingProxyType({})) -> None:
        self.settings = settings
        self.copies_s: Callable[[], Sequence[float]] = lambda: (0.1,)
        self.connect = ConnectSimulator(self._now, Faults(), region=REGION, account=NUMBER, topic=TOPIC)
        self.connect._web.stop()  # it is called without its server
        stream = Told(self.connect.instance.arn, self._published)
        self.connect.stream = self.connect.hall.stream = stream
        super().__init__(containers)
        self.world.connect = self.connect
        self.ledger.listed = list(AT_CONNECT)
        self._serial = 0

    def _now(self) -> float:
        return self.clock()

    def _published(self, record: Record) -> None:
        for after_s in self.copies_s():
            self.timeline.at(self.clock() + after_s, partial(self._fed, record))

    def _fed(self, record: Record) -> None:
        """The queue hands it to a function, and again where the function has not taken it."""
        self._serial += 1
        held = {name: {"Type": "String", "Value": value} for name, value in record.attributes.items()}
        body = {"Type": "Notification", "TopicArn": TOPIC, "Message": record.message, "MessageAttributes": held}
        one = {"messageId": f"s-{self._serial}", "body": json.dumps(body), "eventSourceARN": QUEUE}
        container = self._free["edge"].pop() if self._free["edge"] else self.container(self)
        try:
            failed = container.edge.fed([one])["batchItemFailures"]
            self._free["edge"].append(container)
        except Killed:
            self._killed("edge")
            failed = [one]
        if failed:
            self.timeline.at(self.clock() + AGAIN_S, partial(self._fed, record))

    # --- the desk

    def chats(self, customer: str) -> list[Chat]:
        return [one for one in self.connect.hall.chats.every.values() if one.asked.get("CustomerId") == customer]

    def open_chat(self, customer: str) -> Chat | None:
        self.connect.hall.overdue()
        return next((one for one in self.chats(customer) if not one.ended_at), None)

    def shown(self, customer: str) -> list[str]:
        """What agents read of the customer, in order; a file is a picture."""
        return [text for chat in self.chats(customer) for text in self.read(chat)]

    def read(self, chat: Chat) -> list[str]:
        """The same of one chat."""
        return [item.content or PICTURE for item in chat.items if item.kind != "EVENT" and item.by is chat.customer]

    def agent(
        self, customer: str, text: str, account: Account = INSTAGRAM, files: int = 0, *, dated: bool = True
    ) -> str:
        """The agent answers in the chat that goes on; the id of the answer, "" where none does, or where nobody has
        written in it. A picture is an answer of its own."""
        chat = self.open_chat(customer)
        if chat is None or all(item.by is not chat.customer for item in chat.items):
            return ""
        agents = self.connect.agents
        identifier = agents.file(chat.id, "image") if files else agents.text(chat.id, text)
        self.answers[identifier] = customer
        return identifier

    def told(self, identifier: str) -> list[str]:
        """What tells that an answer failed: lines in its chat, or that it is over, as none is opened for a line."""
        customer = self.answers[identifier]
        of = next(chat for chat in self.chats(customer) if any(item.id == identifier for item in chat.items))
        return ["over"] if of.ended_at else [one for one in self.shown(customer) if one.startswith("[")]


# One whose answer was lost, and whose contact ended before it was repeated: nobody can look into that one any more.
AGAIN = "shown_again_in_the_next_contact"
FAULTS = (
    "customers_messages_lost", "customers_messages_doubled", AGAIN, "answers_lost_and_not_told", "answers_doubled",
    "contacts_too_many", "contacts_beside_another",
)  # fmt: skip


class Gale:
    """A storm over Amazon Connect, by a seed: every tenth call fails in some way, processes are killed, the stream
    repeats and disorders, agents transfer, leave and end, and days go by."""

    def __init__(self, seed: int, people: int = 24, messages: int = 160, lasts_s: float = 900.0) -> None:
        self.random, self.lasts_s = Random(seed), lasts_s
        self.lab = lab = ConnectLab(containers=4)
        self.start_s = lab.clock()
        self.people = {str(70_000 + number): AT_CONNECT[number % 2] for number in range(people)}
        self.answers: dict[str, str] = {}
        self.ends: Counter[str] = Counter()
        self._kills = sorted(self.random.uniform(20, lasts_s) for _ in range(12))
        lab.steps.pace = lambda: self.random.uniform(0.5, 2.0)
        lab.steps.kill_at = self._kill
        lab.world.faults = lambda target, path, body: self._fault()
        lab.copies_s = self._copies
        for person in self.people:
            self._at(self.random.uniform(0, lasts_s / 3), partial(self._writes, person))
        for _ in range(messages):
            act = self.random.choice([self._writes, self._writes, self._answers, self._answers, self._acts])
            self._at(self.random.uniform(0, lasts_s), partial(act, self.random.choice(list(self.people))))
        self._at(lasts_s * 0.7, self._tomorrow)

    def run(self) -> None:
        self.lab.run(self.lasts_s)
        self.lab.settle(12 * 3600)

    def faults(self) -> dict[str, int]:
        """What became of everything that must not, by its kind."""
        lab, found = self.lab, dict.fromkeys(FAULTS, 0)
        for person in self.people:
            chats, wrote = lab.chats(person), Counter(lab.wrote[person])
            read = [Counter(_own(lab.read(chat))) for chat in chats]
            shown = sum(read, Counter[str]())
            again = (shown - wrote).total()
            within = sum((in_one - wrote).total() for in_one in read)
            found["customers_messages_lost"] += (wrote - shown).total()
            found["customers_messages_doubled"] += within
            found[AGAIN] += again - within
            # another one only after an end, and one at a time
            found["contacts_too_many"] += max(0, len(chats) - 1 - self.ends[person])
            found["contacts_beside_another"] += max(0, sum(not chat.ended_at for chat in chats) - 1)
        got = Counter(text for person in self.people for text in lab.got(person))
        found["answers_doubled"] = sum(times - 1 for times in got.values())
        found["answers_lost_and_not_told"] = sum(
            not got[words] and not lab.told(one) for one, words in self.answers.items()
        )
        found |= {"parked": len(lab.parked), "dead": len(lab.dead), "turned_away": len(lab.turned_away)}
        return found | {"unfinished": int(not lab.idle)}

    def _at(self, second: float, work: Callable[[], object]) -> None:
        self.lab.timeline.at(self.start_s + second, work)

    @property
    def _raging(self) -> bool:
        return self.lab.clock() - self.start_s < self.lasts_s

    def _fault(self) -> Fault | None:
        faults: tuple[Fault, ...] = ("429", "500", "503", "blind", "reset", "silent", "deaf")
        return self.random.choice(faults) if self._raging and self.random.random() < 0.1 else None

    def _kill(self, number: int, name: str) -> Any:
        if not self._kills or self.lab.clock() - self.start_s < self._kills[0]:
            return None
        self._kills.pop(0)
        return self.random.choice(["before", "after"])

    def _copies(self) -> list[float]:
        first = self.random.uniform(0.05, 3.0)
        return [first, first + self.random.uniform(0.1, 60)] if self.random.random() < 0.2 else [first]

    def _writes(self, person: str) -> None:
        number = len(self.lab.wrote[person])
        text = PICTURE if self.random.random() < 0.1 else f"{person} says {number}"
        again_s = [self.random.choice([0.3, 30.0])] if self.random.random() < 0.15 else []
        self.lab.customer(person, text, self.people[person], self.random.uniform(0.1, 0.6), again_s)

    def _answers(self, person: str) -> None:
        words = f"to-{person}-{len(self.answers)}"
        identifier = self.lab.agent(person, words)
        if identifier:
            self.answers[identifier] = words

    def _acts(self, person: str) -> None:
        """Agents transfer, leave and end."""
        chat, agents = self.lab.open_chat(person), self.lab.connect.agents
        if chat is None:
            return
        kind = self.random.random()
        if kind < 0.4:
            agents.transfer(chat.id)
        elif kind < 0.6 and chat.agent:
            agents.leave(chat.id)
        elif self.lab.shown(person):
            self.ends[person] += 1
            agents.end(chat.id)

    def _tomorrow(self) -> None:
        """Every connection has expired: the tokens are taken for old, as after a day."""
        for chat in self.lab.connect.hall.chats.every.values():
            chat.connections = dict.fromkeys(chat.connections, 0.0)


def _own(texts: list[str]) -> list[str]:
    """The customer's own words: the bridge's lines stand in brackets."""
    return [text for text in texts if not text.startswith("[")]
