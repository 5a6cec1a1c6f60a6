"""The whole bridge over the world in memory: hours of it in a second, and every step of it a place to break."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable
from typing import Any

from chalicelib.aws.queues import Queue
from chalicelib.channels.base import Client
from chalicelib.channels.instagram import client as instagram_client
from chalicelib.channels.instagram.translate import TRANSLATOR as INSTAGRAM_TRANSLATOR
from chalicelib.channels.instagram.webhook import WEBHOOK as INSTAGRAM_WEBHOOK
from chalicelib.channels.tiktok import client as tiktok_client
from chalicelib.channels.tiktok.translate import TRANSLATOR as TIKTOK_TRANSLATOR
from chalicelib.channels.tiktok.webhook import WEBHOOK as TIKTOK_WEBHOOK
from chalicelib.desks.genesys.client import Genesys
from chalicelib.desks.genesys.oauth import Tokens
from chalicelib.desks.genesys.translate import TRANSLATOR as GENESYS_TRANSLATOR
from chalicelib.desks.genesys.webhook import WEBHOOK as GENESYS_WEBHOOK
from chalicelib.pipeline.batch import Batch
from chalicelib.pipeline.receive import Edge
from tests.chaos.world import Killed, Sqs, Steps, World
from tests.contract.signing import signed
from tests.fakes import INSTAGRAM, TIKTOK, FakeClock, FakeFetch, FakeLedger, FakeMetrics, FakeSecrets, FakeShelf
from tests.kits import Wired

SECRET = "the-webhook-secret-of-the-tests"
TIMEOUT_S = 80.0
RETRIES = 5


class _Stepped:
    """A ledger, secret store or bucket whose every call is a step."""

    def __init__(self, inner: Any, steps: Steps, name: str) -> None:
        self._inner, self._steps, self._name = inner, steps, name

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._inner, name)
        if not callable(found):
            return found
        return lambda *args, **named: self._steps.step(f"{self._name} {name}", lambda: found(*args, **named))


class Lab:
    """Edge, queues and workers. Whenever one is killed, all are replaced: what they held in memory is gone."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.steps = Steps()
        self.world = World(self.clock, self.steps)
        self.sqs = Sqs(self.clock, self.steps)
        self.ledger = FakeLedger()
        self.shelf = FakeShelf()
        self.metrics = FakeMetrics()
        self.secrets = FakeSecrets()
        self.secrets.stored = {
            "edge": {"secrets": [SECRET]},
            "oauth": {"clients": [{"id": "client", "secret": "s"}]},
            INSTAGRAM.secret: {"access_token": "ig"},
            TIKTOK.secret: {"access_token": "tt"},
        }
        self.kills = 0
        self.wrote: dict[str, list[str]] = defaultdict(list)
        self.answered: dict[str, str] = {}
        self._later: list[tuple[float, str, bytes, int]] = []
        self._start()

    def _start(self) -> None:
        """A new container on each side."""
        client: Any = self.sqs
        ledger: Any = _Stepped(self.ledger, self.steps, "table")
        inbound, outbound = Queue("in", "in-dead", client), Queue("out", "out-dead", client)
        wired = Wired(
            clients=self._clients(),
            desk=self._desk(),
            secrets=self.secrets,
            ledger=ledger,
            shelf=self.shelf,
            fetch=FakeFetch(),
            clock=self.clock,
            metrics=self.metrics,
        )
        to_desk = wired.to_desk({"instagram": INSTAGRAM_TRANSLATOR, "tiktok": TIKTOK_TRANSLATOR}, inbound)
        to_customer = wired.to_customer(GENESYS_TRANSLATOR, outbound)
        self._batches = {"in": wired.batch(to_desk, inbound), "out": wired.batch(to_customer, outbound)}
        self._edge = Edge(
            webhooks=[INSTAGRAM_WEBHOOK, TIKTOK_WEBHOOK],
            desk=GENESYS_WEBHOOK,
            secrets=self.secrets,
            secret_names={"instagram": "edge", "tiktok": "edge", "genesys": "edge"},
            inbound=inbound,
            outbound=outbound,
            shelf=self.shelf,
            clock=self.clock,
            metrics=self.metrics,
        )

    def _desk(self) -> Genesys:
        tokens = Tokens(self.world, self.secrets.get, "oauth", "https://login.genesys.example", self.clock)
        return Genesys(self.world, tokens, "https://api.genesys.example")

    def _clients(self) -> dict[str, Client]:
        urls = {"instagram_graph": "https://instagram.example", "facebook_graph": "https://instagram.example",
                "tiktok_api": "https://tiktok.example", "graph_version": "v25.0"}  # fmt: skip
        return {
            "instagram": instagram_client.open_client(self.world, self.secrets.get, urls.__getitem__),
            "tiktok": tiktok_client.open_client(self.world, self.secrets.get, urls.__getitem__),
        }

    # --- who writes

    def customer(self, customer: str, text: str, channel: str = "instagram") -> None:
        """The customer writes; the platform delivers it now."""
        self.wrote[customer].append(text)
        now_ms = int(self.clock() * 1000)
        identifier = f"m-{customer}-{len(self.wrote[customer])}"
        self._deliver(channel, _instagram(customer, now_ms, {"mid": identifier, "text": text}) if channel == "instagram"
                      else _tiktok(customer, now_ms, identifier, text))  # fmt: skip

    def agent(self, customer: str, text: str, channel: str = "instagram") -> str:
        """The agent answers; the id of the answer."""
        account = INSTAGRAM if channel == "instagram" else TIKTOK
        identifier = f"gen-{len(self.answered)}"
        self.answered[identifier] = text
        body = {
            "id": identifier, "type": "Text", "text": text, "direction": "Outbound", "originatingEntity": "Human",
            "channel": {"id": account.integration, "to": {"id": customer}}, "conversationId": f"desk-{customer}",
        }  # fmt: skip
        self._deliver("genesys", json.dumps(body).encode())
        return identifier

    def _deliver(self, source: str, body: bytes, tries: int = RETRIES) -> None:
        """As the platforms do: again where it was not taken."""
        request = signed(source, body, SECRET, self.clock())
        try:
            status = (self._edge.desk if source == "genesys" else self._edge.social)(request).status
        except Killed:
            status = 502
            self._killed()
        if status >= 500 and tries:
            self._later.append((self.clock() + 5, source, body, tries - 1))

    # --- time goes by

    def run(self, seconds: float, each: Callable[[], None] = lambda: None) -> None:
        """Works for so long; `each` is called before every batch."""
        end = self.clock() + seconds
        while self.clock() < end:
            each()
            self._echo()
            for source, body, tries in self._due():
                self._deliver(source, body, tries)
            if not any([self._work("in"), self._work("out")]):
                times = [self.sqs.next_s(), *(due for due, *_ in self._later)]
                coming = min((one for one in times if one is not None), default=end)
                self.clock.now = min(end, max(coming, self.clock() + 0.01))

    def _due(self) -> list[tuple[str, bytes, int]]:
        due = [entry for entry in self._later if entry[0] <= self.clock()]
        self._later = [entry for entry in self._later if entry not in due]
        return [(source, body, tries) for _, source, body, tries in due]

    def _echo(self) -> None:
        echoes, self.world.to_echo = self.world.to_echo, []
        now_ms = int(self.clock() * 1000)
        for platform, customer, identifier, text, mark in echoes:
            if platform == "instagram":
                message = {"mid": identifier, "text": text, "is_echo": True}
                message |= {"metadata": mark} if mark else {}
                self._deliver("instagram", _instagram(customer, now_ms, message, echo=True))
            else:
                self._deliver("tiktok", _tiktok(customer.removeprefix("conv-"), now_ms, identifier, text, echo=True))

    def _work(self, url: str) -> bool:
        records = self.sqs.receive(url)
        if not records:
            return False
        started = self.clock()
        batch: Batch = self._batches[url]
        try:
            failures = batch.run(records, lambda: TIMEOUT_S - (self.clock() - started))["batchItemFailures"]
        except Killed:
            self._killed()
            return True
        kept = {one["itemIdentifier"] for one in failures}
        self.sqs.delete(url, [record["messageId"] for record in records if record["messageId"] not in kept])
        return True

    def _killed(self) -> None:
        self.kills += 1
        self.steps.kill_at = None
        self._start()

    # --- what became of it

    def shown(self, customer: str) -> list[str]:
        """What agents read of the customer, in order."""
        return [text for who, _, text, _ in self.world.shown if who == customer]

    def got(self, customer: str) -> list[str]:
        """What the customer received, in order."""
        return [text for _, who, text in self.world.received if who.removeprefix("conv-") == customer]

    def told(self, identifier: str) -> list[str]:
        return [status for message, status in self.world.receipts if message == identifier]

    @property
    def dead(self) -> list[dict[str, Any]]:
        return [*self.sqs.waiting("in-dead"), *self.sqs.waiting("out-dead")]

    @property
    def idle(self) -> bool:
        return not (self.sqs.waiting("in") or self.sqs.waiting("out"))


def _instagram(customer: str, now_ms: int, message: dict[str, Any], *, echo: bool = False) -> bytes:
    parties = [customer, INSTAGRAM.id][:: -1 if echo else 1]
    item = {"sender": {"id": parties[0]}, "recipient": {"id": parties[1]}, "timestamp": now_ms, "message": message}
    entry = {"id": INSTAGRAM.id, "time": now_ms, "messaging": [item]}
    return json.dumps({"object": "instagram", "entry": [entry]}).encode()


def _tiktok(customer: str, now_ms: int, identifier: str, text: str, *, echo: bool = False) -> bytes:
    parties = [customer, TIKTOK.id][:: -1 if echo else 1]
    content = {
        "timestamp": now_ms, "from_user": {"id": parties[0]}, "to_user": {"id": parties[1]}, "from": "someone",
        "conversation_id": f"conv-{customer}", "message_id": identifier, "type": "text", "text": {"body": text},
    }  # fmt: skip
    event = "im_send_msg" if echo else "im_receive_msg"
    told = {"client_key": "1", "event": event, "create_time": now_ms // 1000, "user_openid": TIKTOK.id}
    return json.dumps(told | {"content": json.dumps(content)}).encode()
