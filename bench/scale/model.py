"""The bridge as queues and limits: what a deployment makes of so many messages, event by event.

A text: API Gateway's limit, the edge, the queue, a worker, one call of the conversation's OAuth client. A reply: the
same way back, the platform's limit, and its receipt, which is a call of the client's as well. Its echo comes in as a
text does, in a group of its own, and ends at the worker.
"""

from __future__ import annotations

import math
import random
from collections import defaultdict
from collections.abc import Callable
from functools import partial

import msgspec

from bench.scale import quotas
from bench.scale.engine import Action, Bucket, Engine, Station, Window
from bench.scale.inputs import Deployment, Times
from bench.scale.queue import Done, Fifo, Message
from chalicelib.wire import digest

# chalicelib/rules/budgets.py: what the queue has handed out often rests longer
PACE_S, LONGEST_PACE_S = 0.0037, 3600.0
JITTER = 0.2
# How soon a platform tells of our own message, and how soon it repeats what was refused: assumed (Genesys says 5 s).
ECHO_S, REPEAT_S = 1.0, 15.0


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """What others let through: calls in a span of time of each OAuth client; sends of the account a second; units that
    the table takes a second."""

    client_calls: int = quotas.GENESYS_CALLS
    client_s: float = quotas.GENESYS_S
    sends_s: float = quotas.INSTAGRAM_SENDS_S
    table_writes_s: float = quotas.TABLE_WRITES_S
    concurrency: int = quotas.CONCURRENCY


class Spans(msgspec.Struct, frozen=True, kw_only=True):
    """How long messages of a kind took from their webhook to the other side (s)."""

    count: int
    p50: float
    p95: float
    p99: float
    longest: float


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What became of it. `sent` and `delivered` are by kind; `delays` by kind; `shares` how much of each limit was used
    over the whole time; `oldest_s` and `most_waiting` by queue; `refused` what a limit did not let through; `order` the
    numbers of each group's messages as they were delivered."""

    took_s: float
    sent: dict[str, int]
    delivered: dict[str, int]
    delays: dict[str, Spans]
    shares: dict[str, float]
    oldest_s: dict[str, float]
    most_waiting: dict[str, int]
    refused: dict[str, float]
    batches: dict[str, int]
    looks: dict[str, int]
    order: dict[str, list[int]]
    # messages there at once, over time (message seconds), and the sum of what each took: Little's law
    there: float
    spent: float


Arrival = tuple[float, str, str]
"""When (s), what (`text`, `first_text` or `reply`), and of which conversation."""


class Bridge:
    """One run of it."""

    def __init__(
        self,
        arrivals: list[Arrival],
        deployment: Deployment,
        times: Times,
        limits: Limits,
        units: dict[str, float],
        seed: int = 15,
        echoes: bool = True,
        processors: int = 0,
    ) -> None:
        """`units` are the table's write units by kind. `processors`: all workers are threads of one process on so many
        of them, as in the sandbox: they know together that a client is at its limit, and no more of them do work of
        their own at once (0: each has its own, as Lambda's)."""
        self._engine, self._times, self._units = Engine(), times, units
        self._echoes, self._shared = echoes, processors > 0
        self._dice = random.Random(seed)
        engine = self._engine
        self._doors = {
            "webhooks": Bucket(engine, deployment.webhooks_rate, deployment.webhooks_burst),
            "replies": Bucket(engine, deployment.replies_rate, deployment.replies_burst),
        }
        self._edge = Station(engine, limits.concurrency)
        self._own: Callable[[float, Action], None] = Station(engine, processors).serve if processors else engine.after
        self._clients = [Window(engine, limits.client_calls, limits.client_s) for _ in range(deployment.oauth_clients)]
        self._sends = Bucket(engine, limits.sends_s, limits.sends_s)
        self._table = Bucket(engine, limits.table_writes_s, limits.table_writes_s)
        queue = partial(
            Fifo,
            engine,
            workers=deployment.maximum_concurrency,
            batch=deployment.batch,
            overlap=deployment.overlap,
            poll_s=times.poll,
            cold_s=times.cold,
        )
        self._queues = {"inbound": queue(self._to_desk), "outbound": queue(self._to_customer)}
        self._blocked: defaultdict[tuple[int, int], float] = defaultdict(float)
        self._sent: defaultdict[str, int] = defaultdict(int)
        self._spans: defaultdict[str, list[float]] = defaultdict(list)
        self._order: defaultdict[str, list[int]] = defaultdict(list)
        self._oldest = dict.fromkeys(self._queues, 0.0)
        self._there, self._level, self._since = 0.0, 0, 0.0
        for number, (at, kind, group) in enumerate(arrivals):
            engine.after(at, self._coming(Message(group, kind, at, number)))

    # --- the edge

    def _coming(self, message: Message) -> Callable[[], None]:
        def come() -> None:
            self._sent[message.kind] += 1
            self._change(1)
            self._enter(message)

        return come

    def _enter(self, message: Message) -> None:
        outbound = message.kind in {"reply", "receipt"}
        if not self._doors["replies" if outbound else "webhooks"].take():
            self._engine.after(REPEAT_S, lambda: self._enter(message))
            return
        queue = self._queues["outbound" if outbound else "inbound"]
        self._edge.serve(self._spread(self._times.edge), lambda: queue.put(message))

    # --- the workers

    def _to_desk(self, message: Message, worker: int, done: Done) -> None:
        times = self._times
        if message.kind == "echo":
            self._engine.after(self._spread(times.echo), lambda: self._delivered(message, "inbound", done))
            return
        own = self._spread(times.first_text if message.kind == "first_text" else times.text)
        if self._throttled(message, done):
            return
        self._own(own / 2, lambda: self._called(message, worker, done, own / 2))

    def _called(self, message: Message, worker: int, done: Done, behind: float) -> None:
        wait = self._client(message.group, worker)
        if wait:
            self._own(self._times.look / 2, lambda: done(self._rest(message, wait)))
            return

        def told() -> None:
            self._own(behind, lambda: self._delivered(message, "inbound", done))

        self._engine.after(self._spread(self._times.desk), told)

    def _to_customer(self, message: Message, worker: int, done: Done) -> None:
        times = self._times
        if message.kind == "receipt":
            self._engine.after(times.look / 2, lambda: self._receipt(message, worker, done))
            return
        if self._throttled(message, done):
            return
        if not self._sends.take():
            self._engine.after(times.look, lambda: done(self._rest(message, 1.0)))
            return
        platform = times.platform_calls * self._spread(times.platform)

        def own() -> None:
            self._own(self._spread(times.reply), lambda: self._replied(message, worker, done))

        self._engine.after(platform, own)

    def _replied(self, message: Message, worker: int, done: Done) -> None:
        """The customer has it; its desk is told at once where that may be, else by an event of its own."""
        if self._echoes:
            self._engine.after(ECHO_S, lambda: self._spawn(message, "echo", f"echo {message.number}"))
        if self._client(message.group, worker):
            self._spawn(message, "receipt", f"receipt {message.group}", stored=True)
            self._delivered(message, "outbound", done)
        else:
            self._engine.after(self._spread(self._times.desk), lambda: self._delivered(message, "outbound", done))

    def _receipt(self, message: Message, worker: int, done: Done) -> None:
        wait = self._client(message.group.removeprefix("receipt "), worker)
        if wait:
            done(self._rest(message, wait))
        else:
            self._engine.after(self._spread(self._times.desk), lambda: self._delivered(message, "outbound", done))

    def _spawn(self, message: Message, kind: str, group: str, *, stored: bool = False) -> None:
        self._sent[kind] += 1
        self._change(1)
        made = Message(group, kind, self._engine.now, message.number)
        if stored:
            self._queues["outbound"].put(made)
        else:
            self._enter(made)

    def _delivered(self, message: Message, queue: str, done: Done) -> None:
        span = self._engine.now - message.came
        self._spans[message.kind].append(span)
        self._oldest[queue] = max(self._oldest[queue], span)
        self._order[message.group].append(message.number)
        self._change(-1)
        done(None)

    # --- limits

    def _client(self, group: str, worker: int) -> float:
        """0 where the conversation's client may make a call now, else how long to wait (s): no call is made before."""
        number = hash_of(group) % len(self._clients)
        known = (number, 0 if self._shared else worker)
        wait = self._blocked[known] - self._engine.now
        if wait > 0:
            return wait
        wait = self._clients[number].take()
        self._blocked[known] = self._engine.now + wait
        return wait

    def _throttled(self, message: Message, done: Done) -> bool:
        if self._table.take(self._units.get(message.kind, 0.0)):
            return False
        self._engine.after(self._times.look, lambda: done(self._rest(message, 1.0)))
        return True

    def _rest(self, message: Message, asked_s: float) -> float:
        """As pipeline/batch.py rests what waits: whole seconds, and up to a fifth more."""
        received = message.looks + 1
        seconds = max(asked_s, 1.0, min(LONGEST_PACE_S, PACE_S * received * received))
        return math.ceil(seconds) + int(JITTER * seconds * self._dice.random())

    def _spread(self, seconds: float) -> float:
        sigma = self._times.spread
        return seconds * self._dice.lognormvariate(-sigma * sigma / 2, sigma) if sigma else seconds

    def _change(self, by: int) -> None:
        now = self._engine.now
        self._there += self._level * (now - self._since)
        self._since, self._level = now, self._level + by

    # --- what came of it

    def run(self, until: float = math.inf) -> Outcome:
        """Plays it to its end, or so long (s): what is under way then is not delivered."""
        self._engine.run(until)
        took = self._engine.now if math.isinf(until) else until
        self._change(0)
        spent = sum(map(sum, self._spans.values()))
        for name, queue in self._queues.items():
            self._oldest[name] = max(self._oldest[name], queue.oldest_s())
        return Outcome(
            took_s=took,
            sent=dict(self._sent),
            delivered={kind: len(spans) for kind, spans in self._spans.items()},
            delays={kind: _spans(spans) for kind, spans in self._spans.items()},
            shares=self._shares(took),
            oldest_s=self._oldest,
            most_waiting={name: queue.waiting.most for name, queue in self._queues.items()},
            refused={
                **{name: door.refused for name, door in self._doors.items()},
                "OAuth clients": float(sum(one.refused for one in self._clients)),
                "platform": self._sends.refused,
                "table": self._table.refused,
            },
            batches={name: queue.batches for name, queue in self._queues.items()},
            looks={name: queue.looks - queue.ended for name, queue in self._queues.items()},
            order=dict(self._order),
            there=self._there,
            spent=spent,
        )

    def _shares(self, took: float) -> dict[str, float]:
        took = took or 1.0
        for queue in self._queues.values():
            queue.busy.change(0)
        self._edge.busy.change(0)
        return {
            "edge": self._edge.busy.integral / took / self._edge.servers,
            **{f"{name} workers": queue.busy.integral / took / queue.workers for name, queue in self._queues.items()},
            "OAuth clients": sum(one.taken for one in self._clients) / sum(one.most(took) for one in self._clients),
            "platform": self._sends.taken / self._sends.most(took),
            "table": self._table.taken / self._table.most(took),
        }


def hash_of(group: str) -> int:
    """By which a conversation has its client, as desks/genesys/oauth.py takes it."""
    return int(digest(group)[:8], 16)


def _spans(spans: list[float]) -> Spans:
    ordered = sorted(spans)
    p50, p95, p99 = (ordered[min(len(ordered) - 1, int(len(ordered) * share))] for share in (0.50, 0.95, 0.99))
    return Spans(count=len(ordered), p50=p50, p95=p95, p99=p99, longest=ordered[-1])
