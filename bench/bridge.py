"""The whole bridge in the sandbox: `python -m bench.bridge OUT.json whole MESSAGES | poison CONVERSATIONS | clients N`.

Each runs in a process of its own, which the simulators share with the bridge: rates are this machine's, and
compare with the bare handler's only, which makes the same calls of the same emulator and simulators.
"""

from __future__ import annotations

import json
import os
import statistics
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec

import sandbox.bridge
import sandbox.simulators.genesys.access
from bench import place
from bench.measure import plain, stock_client
from bench.same import Handler, handler, heard
from bench.threads import Meter
from chalicelib import runtime
from chalicelib.errors import Retryable
from chalicelib.registry import DESKS
from chalicelib.runtime import Runtime
from chalicelib.vocabulary.records import Seat
from sandbox.bridge import Sandbox
from sandbox.simulators.genesys.cast import OAUTH
from sandbox.simulators.genesys.simulator import GenesysSimulator
from sandbox.simulators.instagram.simulator import InstagramSimulator
from sandbox.simulators.instagram.vendor import Instagram
from sandbox.stage.poller import Poller

FOLDER = Path(__file__).resolve().parents[1] / "build" / "bench" / "sandbox"
TICK_S = os.sysconf("SC_CLK_TCK") if hasattr(os, "sysconf") else 100
# Genesys counts 300 calls in 60 s; here it counts a fifth of them in a fifth of the time: the same rate, sooner known
LIMIT, WINDOW_S, PART = 300, 60.0, 5
PACE_S = 0.1
ROUNDS = 3
LONG_POLL_S = 1.5
PATIENCE_S = 1200.0


class Flow(msgspec.Struct, frozen=True, kw_only=True):
    """What one worker did with a full queue: when its last batch was over (s); and per message: rate, and whose CPU
    time it took (ms)."""

    over_s: float
    per_s: float
    worker_ms: float
    emulator_ms: float
    simulators_ms: float


class Delay(msgspec.Struct, frozen=True, kw_only=True):
    """From the webhook's arrival to Genesys' answer, ten messages a second (ms)."""

    p50_ms: float
    p99_ms: float


class Whole(msgspec.Struct, frozen=True, kw_only=True):
    """Both directions beside the bare handler, and beside one that makes the bridge's own calls; `of_…` are medians of
    the rounds' ratios."""

    inbound: Flow
    bare: Flow
    same: Flow
    of_bare: float
    of_same: float
    outbound: Flow
    delay: Delay
    bare_delay: Delay


class Poison(msgspec.Struct, frozen=True, kw_only=True):
    """Many conversations, one of which Genesys never takes: what came through of the others."""

    conversations: int
    expected: int
    taken: int
    twice: int
    out_of_order: int
    per_s: float


class Clients(msgspec.Struct, frozen=True, kw_only=True):
    """Messages through so many OAuth clients: how long it took, and how long their limit makes it last (s)."""

    clients: int
    messages: int
    took_s: float
    limit_s: float


class Bench:
    """A running sandbox with one worker of each kind, its pollers by queue, and what they cost."""

    def __init__(self, running: Sandbox) -> None:
        self.sandbox, self.genesys = running, running.playing(GenesysSimulator)
        self.instagram = running.playing(InstagramSimulator)
        self.inbound, self.outbound = running._pollers[:2]  # what desks publish has its own, behind these
        self.meter = Meter()
        self._serial = self._looked = self._counted = 0
        for poller in running._pollers:
            poller._handler = self.meter.timed(poller._handler)
        process = running.aws._process
        assert process is not None
        self._stat = Path(f"/proc/{process.pid}/stat")

    @contextmanager
    def handled_by(self, other: Handler) -> Iterator[None]:
        """Another handler takes the inbound queue meanwhile."""
        before = self.inbound._handler
        self.inbound._handler = self.meter.timed(other)
        try:
            yield
        finally:
            self.inbound._handler = before

    def write(self, customers: Sequence[str], round_: int = 0) -> None:
        """Each customer writes once, up to 100 to a delivery, straight into the app."""
        for start in range(0, len(customers), 100):
            self._serial += 1
            events = [
                place.messaging(customer, f"{self._serial:08d}{number:024d}")
                for number, customer in enumerate(customers[start : start + 100])
            ]
            for event in events:
                event["message"]["text"] = f"{round_} {place.TEXT}"
            self.deliver(events)

    def deliver(self, events: list[dict[str, Any]]) -> None:
        """Straight into the app; the simulator learns who wrote, or it would refuse every answer."""
        raw = place.delivery(events)
        answer = self.sandbox.gateway._function(place.webhook(raw), place.Context())
        assert answer["statusCode"] == 200, answer
        self.instagram._inbox.note(json.loads(raw), time.time())

    def count(self) -> int:
        """How many of the customers' messages Genesys has taken. Asked for while a worker is at it, so that it looks at
        what is new only: it shares the worker's interpreter."""
        calls = self.genesys._log
        while self._looked < len(calls):
            self._counted += _shown(calls[self._looked])
            self._looked += 1
        return self._counted

    def taken(self) -> list[dict[str, Any]]:
        """The customers' messages that Genesys took, oldest first."""
        return [one for one in self.genesys.messages() if _shown(one)]

    def warm(self) -> None:
        """A first text, and its answer, by one worker each: msgspec looks into a type when it first meets it, and
        two threads that meet one together end the process (segmentation fault, msgspec 0.22)."""
        self.drained(self.inbound, lambda: self.write([customer(999_999)]), self.count, 1)
        [first] = self.taken()

        def told() -> int:
            return sum(found["kind"] == "receipt" for found in self.genesys.messages())

        def answered() -> None:
            self.genesys.reply(first["conversation_id"], text="It is!")
            until(lambda: self.waiting("outbound") > 0, 0.2)

        self.drained(self.outbound, answered, told, 1)
        self.genesys._access.forget_calls()

    def waiting(self, name: str) -> int:
        return int(self.sandbox.state()["queues"][name])

    def drained(self, poller: Poller, fill: Callable[[], None], done: Callable[[], int], wanted: int) -> Flow:
        """Fills the queue, then lets one worker at it until `done` says `wanted`."""
        with poller.held():
            time.sleep(LONG_POLL_S)  # a poll under way takes nothing of it
            fill()
            before, began = done(), time.perf_counter()
            spent, emulator, process = self.meter.spent_s, self._emulator_s(), time.process_time()
        until(lambda: done() - before >= wanted, 0.05)
        took = time.perf_counter() - began
        with poller.held():  # the last batch has been seen, and is not over: what it spends counts when it is
            over = time.perf_counter() - began
        share = 1e3 / wanted
        worker = self.meter.spent_s - spent
        return Flow(
            over_s=over,
            per_s=wanted / took,
            worker_ms=worker * share,
            emulator_ms=(self._emulator_s() - emulator) * share,
            simulators_ms=(time.process_time() - process - worker) * share,
        )

    def delay(self, messages: int) -> Delay:
        """Each from a conversation of its own that is known, one after the other."""
        before, counted, began = len(self.taken()), self.count(), []
        for number in range(messages):
            began.append(time.time())
            self.write([customer(number)])
            time.sleep(max(0.0, PACE_S - (time.time() - began[-1])))
        until(lambda: self.count() - counted >= messages, 0.2)
        ended = {one["body"]["channel"]["from"]["id"]: one["at"] for one in self.taken()[before:]}
        took = sorted(
            (datetime.fromisoformat(ended[customer(number)]).timestamp() - start) * 1e3
            for number, start in enumerate(began)
        )
        return Delay(p50_ms=took[len(took) // 2], p99_ms=took[min(len(took) - 1, int(len(took) * 0.99))])

    def _emulator_s(self) -> float:
        """proc_pid_stat(5): utime and stime; 0 where there is no /proc."""
        if not self._stat.exists():
            return 0.0
        fields = self._stat.read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / TICK_S


def _shown(call: dict[str, Any]) -> bool:
    return bool(call["kind"] == "message" and call["status"] == 200)


def customer(number: int) -> str:
    return f"5550000000{number:06d}"


def until(holds: Callable[[], bool], look_s: float) -> None:
    """Waits for what must come."""
    deadline = time.monotonic() + PATIENCE_S
    while not holds():
        assert time.monotonic() < deadline, "the bridge does not come to its end"
        time.sleep(look_s)


@contextmanager
def bench(threads: int, calls_per_minute: int, at_once: int = 10) -> Iterator[Bench]:
    """A sandbox with so many workers of each kind, each of which deals with up to `at_once` conversations of a batch
    beside each other, whose Genesys takes so many calls a minute."""
    sandbox.bridge.THREADS = threads
    Instagram.secrets["meta_app_secret"] = place.KEY
    with Sandbox(folder=FOLDER) as running:
        running.playing(GenesysSimulator)._access._calls_per_minute = calls_per_minute
        running.playing(InstagramSimulator).echo = "none"
        _deploy(running, at_once)
        one = Bench(running)
        with one.meter.counting():
            yield one


def _deploy(running: Sandbox, at_once: int) -> None:
    """The runtime of a deployment with one desk, as most have, in the place of the sandbox's: that knows all desks, of
    which a conversation's has to be read, and tells a page what the bridge does."""
    settings = running._settings()
    others = tuple(f"{name}_" for name in [*DESKS][1:])
    vendors = {name: value for name, value in settings.vendors.items() if not name.startswith(others)}
    deployed = msgspec.structs.replace(settings, vendors=vendors, at_once=at_once)
    made = Runtime(deployed, running.clock, running.metrics)
    for role in ("edge", "to_desk", "to_customer"):  # as a warm container has
        getattr(made, role)
    runtime.use(made)


def bare(running: Sandbox) -> Handler:
    """A handler that makes the inbound worker's three calls, and does nothing else that a bridge should."""
    genesys = running.playing(GenesysSimulator)
    dynamodb = stock_client("dynamodb")
    session = plain()
    client = OAUTH["clients"][0]
    login = session.post(f"{genesys.url}/oauth/token", {"grant_type": "client_credentials"},
                         auth=(client["id"], client["secret"]))  # fmt: skip
    headers = {"Authorization": f"Bearer {login.json()['access_token']}"}
    path = f"/api/v2/conversations/messages/{Instagram.accounts[0]['integration']}/inbound/open/message"

    def by_hand(event: dict[str, Any], _: Any) -> dict[str, Any]:
        for one in event["Records"]:
            said = json.loads(one["body"])["raw"]
            key = {"pk": {"S": f"BARE#{said['sender']['id']}"}, "sk": {"S": said["message"]["mid"]}}
            dynamodb.put_item(TableName="dmdesk", Item=key | {"state": {"S": "leased"}},
                              ConditionExpression="attribute_not_exists(pk)")  # fmt: skip
            moment = datetime.fromtimestamp(said["timestamp"] / 1e3).astimezone().isoformat(timespec="milliseconds")
            channel = {"messageId": said["message"]["mid"], "time": moment[:23] + "Z",
                       "from": {"id": said["sender"]["id"], "idType": "Opaque"}}  # fmt: skip
            body = {"channel": channel, "text": said["message"]["text"]}
            answer = session.post(f"{genesys.url}{path}?prefetchConversationId=true", json=body, headers=headers)
            assert answer.ok, answer.text
            done = {
                "TableName": "dmdesk",
                "UpdateExpression": "SET s = :s",
                "ExpressionAttributeValues": {":s": {"S": "d"}},
            }
            state = done | {"Key": {"pk": key["pk"], "sk": {"S": "STATE"}}}
            dynamodb.transact_write_items(TransactItems=[{"Update": done | {"Key": key}}, {"Update": state}])
        return {"batchItemFailures": []}

    return by_hand


def whole(messages: int) -> Whole:
    """Both directions, the bridge and the bare handler in turn."""
    with bench(threads=1, calls_per_minute=10**9) as one:
        customers = [customer(number) for number in range(messages)]

        def known() -> None:
            one.write(customers, 1)

        def carried(by: Handler | None = None) -> Flow:
            with one.handled_by(by) if by else nullcontext():
                return one.drained(one.inbound, known, one.count, messages)

        carried()  # now every conversation is known
        by_hand, alike = bare(one.sandbox), _alike(one)
        ours, floor, twin = zip(*[(carried(), carried(by_hand), carried(alike)) for _ in range(ROUNDS)], strict=True)
        delay = one.delay(min(messages, 150))
        with one.handled_by(by_hand):
            bare_delay = one.delay(min(messages, 150))
        ids = {found["conversation_id"] for found in one.taken()}

        def answered() -> None:
            for conversation in ids:
                one.genesys.reply(conversation, text="It is! Shall I wrap it?")
            until(lambda: one.waiting("outbound") >= len(ids), 0.2)

        def receipts() -> int:
            return sum(
                found["kind"] == "receipt" and not found["body"].get("reasons") for found in one.genesys.messages()
            )

        outbound = one.drained(one.outbound, answered, receipts, len(ids))
        return Whole(
            inbound=_median(ours),
            bare=_median(floor),
            same=_median(twin),
            of_bare=_ratio(ours, floor),
            of_same=_ratio(ours, twin),
            outbound=outbound,
            delay=delay,
            bare_delay=bare_delay,
        )


def _alike(one: Bench) -> Handler:
    """By what the bridge did for one text."""
    text = place.messaging(customer(0), "9" * 32)
    with heard() as made:
        one.drained(one.inbound, lambda: one.deliver([text]), one.count, 1)
    return handler(made, text)


def _ratio(ours: Sequence[Flow], floor: Sequence[Flow]) -> float:
    return statistics.median(mine.per_s / theirs.per_s for mine, theirs in zip(ours, floor, strict=True))


def _median(flows: Sequence[Flow]) -> Flow:
    return Flow(**{name: statistics.median(getattr(one, name) for one in flows) for name in Flow.__struct_fields__})


def poison(conversations: int) -> Poison:
    """Ten messages each, in rounds; Genesys never takes those of the first conversation."""
    with bench(threads=4, calls_per_minute=10**9) as one:
        poisoned, desk = customer(0), runtime.current().desks["genesys"]
        deliver = desk.deliver

        def picky(account: Any, message: Any, seat: Seat, now: float) -> Seat:
            if message.customer == poisoned:
                raise Retryable("never")
            return deliver(account, message, seat, now)

        vars(desk)["deliver"] = picky
        customers, rounds = [customer(number) for number in range(conversations)], 10
        expected = (conversations - 1) * rounds

        def fill() -> None:
            for round_ in range(rounds):
                one.write(customers, round_)

        flow = one.drained(one.inbound, fill, one.count, expected)
        heard: dict[str, list[int]] = {}
        for found in one.taken():
            heard.setdefault(found["body"]["channel"]["from"]["id"], []).append(int(found["body"]["text"].split()[0]))
        return Poison(
            conversations=conversations,
            expected=expected,
            taken=sum(len(set(rounds_)) for rounds_ in heard.values()),
            twice=sum(len(rounds_) - len(set(rounds_)) for rounds_ in heard.values()),
            out_of_order=sum(rounds_ != sorted(rounds_) for rounds_ in heard.values()),
            per_s=flow.per_s,
        )


def clients(count: int) -> Clients:
    """Half as many again as the clients may send at once, by four workers: conversations spread over the clients
    unevenly, and none gets more than two windows' worth."""
    OAUTH["clients"][:] = [{"id": f"client-{n}", "secret": f"secret-{n}"} for n in range(count)]
    window_s, limit = WINDOW_S / PART, LIMIT // PART
    sandbox.simulators.genesys.access._MINUTE_S = window_s
    with bench(threads=4, calls_per_minute=limit) as one:
        one.warm()
        messages = limit * count * 3 // 2
        flow = one.drained(
            one.inbound, lambda: one.write([customer(number) for number in range(messages)]),
            one.count, messages,
        )  # fmt: skip
        return Clients(clients=count, messages=messages, took_s=messages / flow.per_s, limit_s=window_s)


if __name__ == "__main__":
    run: dict[str, Callable[[int], msgspec.Struct]] = {"whole": whole, "poison": poison, "clients": clients}
    Path(sys.argv[1]).write_bytes(msgspec.json.encode(run[sys.argv[2]](int(sys.argv[3]))))
