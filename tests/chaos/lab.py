"""The whole bridge over the world in memory: hours of it in a second, and every step of it a place to break."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from math import inf
from typing import Any, ClassVar

import msgspec

from chalicelib.aws.queues import Queue
from chalicelib.aws.secrets import SecretStore
from chalicelib.channels.instagram import client as instagram_client
from chalicelib.channels.instagram import routing as instagram_routing
from chalicelib.channels.instagram.translate import TRANSLATOR as INSTAGRAM_TRANSLATOR
from chalicelib.channels.instagram.webhook import WEBHOOK as INSTAGRAM_WEBHOOK
from chalicelib.channels.tiktok import client as tiktok_client
from chalicelib.channels.tiktok.translate import TRANSLATOR as TIKTOK_TRANSLATOR
from chalicelib.channels.tiktok.webhook import WEBHOOK as TIKTOK_WEBHOOK
from chalicelib.desks.genesys.capabilities import CAPABILITIES
from chalicelib.desks.genesys.client import Genesys
from chalicelib.desks.genesys.oauth import Tokens
from chalicelib.desks.genesys.translate import TRANSLATOR as GENESYS_TRANSLATOR
from chalicelib.desks.genesys.webhook import WEBHOOK as GENESYS_WEBHOOK
from chalicelib.edge.receive import Edge
from chalicelib.errors import Retryable
from chalicelib.pipeline.batch import Batch
from chalicelib.pipeline.chores.ends import Ends
from chalicelib.pipeline.desks import Desks
from chalicelib.pipeline.erased import Heeding
from chalicelib.protocols.channel import Client, Translator
from chalicelib.protocols.desk import Desk, DeskTranslator
from chalicelib.protocols.webhook import Feed
from chalicelib.registry import CHANNELS, DESKS, abouts
from chalicelib.vocabulary.records import Account
from tests.chaos import webhooks
from tests.chaos.asked import KEY, SIGNED_WITH, Asked, asking
from tests.chaos.aws import BUCKET_S, TABLE_S, SecretsManager, Sqs, Stepped
from tests.chaos.timeline import Killed, Steps, Timeline
from tests.chaos.world import Sent, World
from tests.contract.signing import signed
from tests.fakes import (
    INSTAGRAM,
    TIKTOK,
    FakeBook,
    FakeClock,
    FakeFetch,
    FakeFloor,
    FakeLedger,
    FakeMemory,
    FakeMetrics,
    FakeRoutes,
    FakeShelf,
)
from tests.kits import Wired

SECRET = "the-webhook-secret-of-the-tests"
TIMEOUT_S = 80.0
LAG_S = 120.0
EDGE_S = 10.0
# How soon a delivery that was not taken is repeated (seconds). Genesys: five times, 5 s apart, then it is lost
# (developer.genesys.cloud/commdigital/digital/openmessaging/validate); Meta: for 36 h; TikTok: for 72 h.
REPEATS: dict[str, list[float]] = {
    "genesys": [5.0] * 5,
    "instagram": [1.0, 5.0, 30.0, 120.0, 600.0, 3600.0],
    "tiktok": [60.0, 120.0, 240.0, 600.0, 3600.0],
}
ECHO_S = 0.7
FETCH_S = 0.2
URLS = {
    "instagram_graph": "https://instagram.example",
    "facebook_graph": "https://instagram.example",
    "tiktok_api": "https://tiktok.example",
    "graph_version": "v25.0",
}


class Container:
    """One process of one of the bridge's functions: what it holds in memory ends with it."""

    translators: ClassVar[Mapping[str, DeskTranslator]] = {"genesys": GENESYS_TRANSLATOR}
    feeds: ClassVar[Sequence[Feed]] = [GENESYS_WEBHOOK]

    def desks(self, lab: Any, secrets: SecretStore, clock: Any) -> dict[str, Desk]:
        """Those that the deployment has."""
        return {"genesys": _desk(lab, secrets, clock)}

    def __init__(self, lab: Lab) -> None:
        self._lab = lab
        self.skew_s = 0.0
        """How far its clock is ahead."""
        manager: Any = lab.secrets
        self._secrets = SecretStore(self._now, manager)
        self._seen: dict[str, Any] = {"clock": self._now, "metrics": lab.metrics}
        client: Any = lab.sqs
        self._in, self._out = Queue("in", "in-dead", client), Queue("out", "out-dead", client)
        self._ledger = self._stepped(lab.ledger, "table")
        self._memory = self._stepped(lab.memory, "memory")
        self._shelf = self._stepped(lab.shelf, "bucket", BUCKET_S)

    def _now(self) -> float:
        return self._lab.clock() + self.skew_s

    def _stepped(self, inner: Any, name: str, takes_s: float = TABLE_S) -> Any:
        return Stepped(inner, self._lab.steps, name, takes_s)

    # --- the functions, of which a container is one: each is made where it is called first

    @cached_property
    def inbound(self) -> Batch:
        lab, wired = self._lab, self._wired
        translators: dict[str, Translator] = {"instagram": INSTAGRAM_TRANSLATOR, "tiktok": TIKTOK_TRANSLATOR}
        asks = asking(lab.front, self._memory, self._secrets, **self._seen)
        work = Heeding(wired.to_desk(translators, self._in, asks), self._ledger, self._now, lab.metrics)
        return wired.batch(work, self._in)

    @cached_property
    def outbound(self) -> Batch:
        to_customer = self._wired.to_customer(self.translators, self._out)
        work = Heeding(to_customer, self._ledger, self._now, self._lab.metrics, to_customer.let_go)
        return self._wired.batch(work, self._out)

    @cached_property
    def ends(self) -> Ends:
        return Ends(
            desks=Desks(self._desks, self._ledger),
            channels=abouts(CHANNELS),
            known_desks=abouts(DESKS),
            ledger=self._ledger,
            outbox=self._out,
            **self._seen,
        )

    @cached_property
    def edge(self) -> Edge:
        return Edge(
            channels=[INSTAGRAM_WEBHOOK, TIKTOK_WEBHOOK],
            desks=self.feeds,
            secret_names={"instagram": "edge", "tiktok": "edge", "genesys": "edge"},
            inbound=self._in,
            outbound=self._out,
            secrets=self._secrets,
            shelf=self._shelf,
            **self._seen,
        )

    @cached_property
    def _desks(self) -> dict[str, Desk]:
        return self.desks(self._lab, self._secrets, self._now)

    @cached_property
    def _wired(self) -> Wired:
        lab, secrets = self._lab, self._secrets
        threads = instagram_routing.open_routing(lab.world, secrets.get, URLS.__getitem__)
        book: Any = self._stepped(lab.book, "book")
        talker: Any = lab.front.talk
        clients: dict[str, Client] = {
            "instagram": instagram_client.open_client(lab.world, secrets.get, URLS.__getitem__),
            "tiktok": tiktok_client.open_client(lab.world, secrets.get, URLS.__getitem__),
        }
        return Wired(
            clients=clients,
            desk=self._desks,
            ledger=self._ledger,
            fetch=self._stepped(lab.fetch, "file", FETCH_S),
            outbox=self._out,
            secrets=secrets,
            shelf=self._shelf,
            memory=self._memory,
            talker=talker,
            floor=self._stepped(lab.floor, "floor"),
            book=lambda: book,
            routes=self._stepped(FakeRoutes(lab.ledger), "table"),
            threads=lambda name: threads,
            **self._seen,
        )


def _desk(lab: Lab, secrets: SecretStore, clock: Any) -> Genesys:
    tokens = Tokens(lab.world, secrets.get, "oauth", "https://login.genesys.example", clock)
    desk = Genesys(lab.world, tokens, "https://api.genesys.example")
    # whatever other tests of this process have made of it
    desk.capabilities = msgspec.structs.replace(CAPABILITIES, lag_s=LAG_S)
    return desk


class Lab:
    """The bridge's functions, their queues and everybody who talks to them. A container serves one batch or request
    at a time; where one is killed, a new one takes its place. `container` and `outside` are what it is made of."""

    container: ClassVar[type[Container]] = Container
    outside: ClassVar[type[World]] = World

    def __init__(self, containers: int = 1) -> None:
        """`containers` is how many each function may have at a time."""
        self.clock = FakeClock()
        self.timeline = Timeline(self.clock)
        self.timeline.quiet = lambda until_s: until_s < self._ends_s and until_s < self._next_batch_s
        self.steps = Steps(self.timeline)
        self.world = self.outside(self.timeline, self.steps, self._sent)
        self.sqs = Sqs(self.clock, self.steps)
        self.ledger = FakeLedger(listed=[INSTAGRAM, TIKTOK])
        self.memory = FakeMemory(self.clock)
        self.floor = FakeFloor(self.ledger)
        self.book = FakeBook(self.ledger)
        self.front = Asked(self.steps)
        self.shelf = FakeShelf()
        self.fetch = FakeFetch()
        self.metrics = FakeMetrics()
        self.secrets = SecretsManager(
            self.steps,
            {
                "edge": {"secrets": [SECRET]},
                "oauth": {"clients": [{"id": "client", "secret": "s"}]},
                SIGNED_WITH: {"keys": [KEY]},
                INSTAGRAM.secret: {"access_token": "ig"},
                TIKTOK.secret: {"access_token": "tt"},
            },
        )
        self.kills = self._replays = 0
        self.told_at_kill: set[str] = set()
        """The answers whose receipt had come, or was under way by itself, when a process was last killed."""
        self.dead_at_kill: list[str] = []
        """The bodies of the dead letters of that moment."""
        self.echo_s: Callable[[], float | None] = lambda: ECHO_S
        """How long after a send its echo comes; None where none does."""
        self.skew_s: Callable[[], float] = lambda: 0.0
        """How far a container's clock is ahead when it is called."""
        self.sign = dict.fromkeys(REPEATS, SECRET)
        """What each sender signs with."""
        self.wrote: dict[str, list[str]] = defaultdict(list)
        self.answers: dict[str, str] = {}
        """Whom each answer is for, by its id."""
        self.turned_away: list[tuple[str, int]] = []
        """Deliveries that were refused for good, by sender and status."""
        self._ends_s = -inf
        """When the time is over that goes by."""
        self._free = {role: [self.container(self) for _ in range(containers)] for role in ("in", "out", "edge")}

    # --- who writes

    def customer(
        self,
        customer: str,
        text: str,
        account: Account = INSTAGRAM,
        after_s: float = 0.0,
        again_s: Sequence[float] = (),
    ) -> str:
        """The customer writes now; the platform tells it after so long, and again after so long each. A text
        "<picture>" is one. The message's id on the platform."""
        self.wrote[customer].append(text)
        identifier = f"m-{customer}-{len(self.wrote[customer])}"
        now_ms = int(self.clock() * 1000)
        if account.channel == "instagram":
            body = webhooks.instagram(account, customer, now_ms, webhooks.instagram_message(identifier, text))
            conversation = customer
        else:
            body = webhooks.tiktok(account, customer, now_ms, webhooks.tiktok_message(identifier, text))
            conversation = f"conv-{customer}"
        self.world.wrote(conversation, identifier, customer, text)
        for delay_s in (after_s, *again_s):
            self.deliver(account.channel, body, delay_s)
        return identifier

    def agent(
        self, customer: str, text: str, account: Account = INSTAGRAM, files: int = 0, *, dated: bool = True
    ) -> str:
        """The agent answers; the id of the answer. The desk tells when, if it is `dated`."""
        identifier = f"gen-{len(self.answers)}"
        self.answers[identifier] = customer
        now_ms = int(self.clock() * 1000) if dated else 0
        self.deliver("genesys", webhooks.genesys(account, customer, identifier, text, files, now_ms))
        return identifier

    def deliver(self, source: str, body: bytes, after_s: float = 0.0, tried: int = 0) -> None:
        """As the senders do: again where it was not taken."""
        self.timeline.at(self.clock() + after_s, lambda: self._deliver(source, body, tried))

    def _deliver(self, source: str, body: bytes, tried: int) -> None:
        request = signed(source, body, self.sign[source], self.clock())
        container = self._free["edge"].pop() if self._free["edge"] else self.container(self)
        container.skew_s = self.skew_s()
        try:
            edge = container.edge
            status = (edge.desk if source == "genesys" else edge.social)(request).status
            self._free["edge"].append(container)
        except Killed:
            status = 502
            self._killed("edge")
        if status == 200:
            return
        if tried < len(REPEATS[source]) and (status >= 500 or source != "genesys"):
            self.deliver(source, body, REPEATS[source][tried], tried + 1)
        else:
            self.turned_away.append((source, status))

    def _sent(self, sent: Sent) -> None:
        """The platform tells what the brand sent."""
        after_s = self.echo_s()
        if after_s is None:
            return
        account = next(one for one in self.ledger.listed if one.id == sent.account)
        now_ms = int(self.clock() * 1000)
        if sent.platform == "instagram":
            message = webhooks.instagram_message(sent.held.id, sent.held.text)["message"] | {"is_echo": True}
            message |= {"metadata": sent.held.mark} if sent.held.mark else {}
            body = webhooks.instagram(account, sent.customer, now_ms, {"message": message}, echo=True)
        else:
            content = webhooks.tiktok_message(sent.held.id, sent.held.text)
            body = webhooks.tiktok(account, sent.customer, now_ms, content, echo=True)
        self.deliver(sent.platform, body, after_s)

    # --- time goes by

    def run(self, seconds: float) -> None:
        """Lets so much time go by."""
        self._ends_s = end_s = self.clock() + seconds
        while True:
            for url in ("in", "out"):
                while self._free[url] and self.sqs.next_s(url) <= self.clock():
                    self._begin(url, self._free[url].pop())
            next_s = min(self.timeline.next_s, self._next_batch_s)
            if next_s > end_s:
                break
            if self.timeline.next_s <= next_s:
                self.timeline.go()
            self.clock.now = max(self.clock.now, next_s)
        self.clock.now = max(self.clock.now, end_s)

    @property
    def _next_batch_s(self) -> float:
        """When a free worker may begin next."""
        inbound_s = self.sqs.next_s("in") if self._free["in"] else inf
        outbound_s = self.sqs.next_s("out") if self._free["out"] else inf
        return min(inbound_s, outbound_s)

    def settle(self, most_s: float = 2 * 3600.0) -> None:
        """Lets the bridge come to rest, for so long at the most."""
        end_s = self.clock() + most_s
        while not self.idle and self.clock() < end_s:
            self.run(60)

    def upkeep(self) -> None:
        """The upkeep's function starts, in a process of its own, and looks for ends that nobody told."""
        self.timeline.at(self.clock(), self._upkeep)

    def _upkeep(self) -> None:
        try:
            self.container(self).ends.run(self.clock())
        except Retryable:  # it is due again at the next start
            return
        except Killed:
            self.kills += 1

    def _begin(self, url: str, container: Container) -> None:
        container.skew_s = self.skew_s()
        records = self.sqs.receive(url)
        started_s = self.clock()
        self.timeline.at(started_s, lambda: self._batch(url, container, records), started_s + TIMEOUT_S)

    def _batch(self, url: str, container: Container, records: list[dict[str, Any]]) -> None:
        ends_s = self.clock() + TIMEOUT_S
        try:
            batch = container.inbound if url == "in" else container.outbound
            failures = batch.run(records, lambda: ends_s - self.clock())["batchItemFailures"]
            kept = {one["itemIdentifier"] for one in failures}
            self.sqs.delete(url, [record["messageId"] for record in records if record["messageId"] not in kept])
            self._free[url].append(container)
        except Killed:
            self._killed(url)

    def _killed(self, role: str) -> None:
        self.kills += 1
        waiting = [message["body"] for message in self.sqs.waiting("out")]
        told = {message for message, _ in self.world.receipts}
        self.told_at_kill = told | {one for one in self.answers if any(f"receipt:{one}:" in body for body in waiting)}
        self.dead_at_kill = [message["body"] for message in self.dead]
        self._free[role].append(self.container(self))

    def replay(self) -> None:
        """The operator puts all dead letters back where they came from, each under an id of its own."""
        for url in ("in", "out"):
            for letter in self.sqs.waiting(f"{url}-dead"):
                self._replays += 1
                group, name = letter["group"], f"replay-{self._replays}"
                entry = {"MessageBody": letter["body"], "MessageGroupId": group, "MessageDeduplicationId": name}
                self.sqs.put(url, entry)
            self.sqs.purge(f"{url}-dead")

    # --- what became of it

    def shown(self, customer: str) -> list[str]:
        """What agents read of the customer, in the order in which it came."""
        return [one.text for one in self.world.shown if one.customer == customer]

    def got(self, customer: str) -> list[str]:
        """What the customer received, in order."""
        return [text for who, text in self.world.received if who == customer]

    def told(self, identifier: str) -> list[str]:
        return [status for message, status in self.world.receipts if message == identifier]

    @property
    def dead(self) -> list[dict[str, Any]]:
        return [*self.sqs.waiting("in-dead"), *self.sqs.waiting("out-dead")]

    @property
    def parked(self) -> list[str]:
        return sorted(key for key in self.shelf.kept if key.startswith("parked/"))

    @property
    def idle(self) -> bool:
        return self.timeline.next_s == inf and not (self.sqs.waiting("in") or self.sqs.waiting("out"))
