"""The product between played vendors: app, edge and workers as they are; queues, table and bucket in memory."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

import msgspec

import app as chalice_app
from chalicelib import registry as product
from chalicelib import runtime
from chalicelib.runtime import Runtime
from chalicelib.settings import load
from chalicelib.vocabulary.records import Account, Conversation, Seat
from sandbox import registry
from sandbox.cast import accounts_of, tokens_of
from sandbox.stage.clock import Clock
from sandbox.stage.faults import Faults
from sandbox.stage.gateway import Gateway
from tests.extension.counter.simulator.hall import CounterSimulator, Session
from tests.extension.counter.simulator.vendor import Counter
from tests.extension.pigeon.simulator.loft import PigeonSimulator
from tests.extension.pigeon.simulator.vendor import Pigeon
from tests.fakes import FakeLedger, FakeMemory, FakeMetrics, FakeQueue, FakeRuns, FakeSecrets, FakeShelf, FakeWindows
from tests.kits import record

PACKAGES = {"pigeon": "tests.extension.pigeon", "counter": "tests.extension.counter"}
PATIENCE_S = 30.0
# longer than any wait that a worker asks for
LATER_S = 120.0
ROUNDS = 12


def entered(patched: Any) -> None:
    """The registry lines of both, in the product and in the sandbox; `patched` is a MonkeyPatch."""
    patched.setitem(product.CHANNELS, "pigeon", PACKAGES["pigeon"])
    patched.setitem(product.DESKS, "counter", PACKAGES["counter"])
    patched.setitem(registry.CHANNELS, "pigeon", Pigeon)
    patched.setitem(registry.DESKS, "counter", Counter)


def row(account: Mapping[str, Any], desk: str) -> Account:
    """The account as the table has it, at that desk."""
    known = {name: value for name, value in account.items() if name in Account.__struct_fields__}
    rest = {name: value for name, value in account.items() if name not in known}
    return msgspec.convert(known | {"desk": desk, "options": rest}, Account)


class Idle:
    """A chore that finds nothing to do."""

    name = "idle"
    every_s = 3600.0

    def run(self, now: float) -> None:
        pass


class Town:
    """Everybody plays; `desks` tells which desk a channel's first account has, where it is not the first one."""

    def __init__(self, desks: Mapping[str, str]) -> None:
        self.clock, self.faults, self.metrics = Clock(), Faults(), FakeMetrics()
        self.ledger, self.shelf = FakeLedger(), FakeShelf()
        self.windows = FakeWindows(self.ledger)
        self.inbound, self.outbound = FakeQueue(), FakeQueue()
        self.vendors = registry.vendors(self.clock, self.faults)
        self.gateway = Gateway(chalice_app.app)
        self.rows = {
            channel.name: row(channel.accounts[0], desks.get(channel.name, "")) for channel in self.vendors.channels
        }
        self.ledger.listed = list(self.rows.values())
        self.secrets = FakeSecrets(**self._secrets())
        made = Runtime(load(self._settings()), self.clock, self.metrics)
        stand_ins: dict[str, Any] = {
            "table": self.ledger, "bucket": self.shelf, "secrets": self.secrets,
            "runs": FakeRuns(), "windows": self.windows, "_deletions": Idle(),
            "inbound": self.inbound, "outbound": self.outbound, "memory": FakeMemory(self.clock),
        }  # fmt: skip
        vars(made).update(stand_ins)
        self.runtime = made

    def __enter__(self) -> Town:
        runtime.use(self.runtime)
        for vendor in self.vendors.all:
            vendor.simulator.start()
        self.gateway.start()
        for desk in self.vendors.desks:
            desk.connect(accounts_of(self.vendors.channels), self.gateway.url + desk.source.path)
        for channel in self.vendors.channels:
            for account in channel.accounts:
                channel.connect(account, self.gateway.url + channel.source.path, tokens_of(account))
        return self

    def __exit__(self, *_: object) -> None:
        for vendor in self.vendors.all:
            vendor.simulator.stop()
        self.gateway.stop()
        runtime.use(None)

    @property
    def counter(self) -> CounterSimulator:
        return next(one.simulator for one in self.vendors.desks if isinstance(one, Counter))

    @property
    def pigeon(self) -> PigeonSimulator:
        return next(one.simulator for one in self.vendors.channels if isinstance(one, Pigeon))

    @property
    def sessions(self) -> list[Session]:
        return list(self.counter.sessions.values())

    @property
    def conversation(self) -> Conversation:
        """Of the pigeon's usual customer."""
        return Conversation("pigeon", self.rows["pigeon"].id, Pigeon.customer)

    @property
    def seat(self) -> Seat:
        return self.ledger.thread(self.conversation).seat

    def channel(self, name: str) -> Any:
        return next(one for one in self.vendors.channels if one.name == name)

    def desk(self, name: str) -> Any:
        return next(one for one in self.vendors.desks if one.name == name)

    def say(self, text: str, channel: str = "pigeon") -> None:
        """A customer writes, and both workers do all that follows."""
        vendor = self.channel(channel)
        vendor.simulator.write(self.rows[channel].id, vendor.customer, text)
        self.work()

    def told(self) -> None:
        """A desk has told something, and both workers do all that follows."""
        self.until(lambda: self.outbound.events)
        self.work()

    def work(self) -> None:
        """Until the queues are empty; what comes again comes at once, by a clock that is later."""
        for _ in range(ROUNDS):
            again = self._drained(self.inbound, self.runtime.to_desk)
            again |= self._drained(self.outbound, self.runtime.to_customer)
            if not (self.inbound.events or self.outbound.events):
                return
            if again:
                self.clock.offset_s += LATER_S
        raise AssertionError(f"still on the queues: {[*self.inbound.events, *self.outbound.events]}")

    def move(self, desk: str) -> None:
        """Somebody sets the pigeon's account to another desk, and closes what is open."""
        self.rows["pigeon"] = msgspec.structs.replace(self.rows["pigeon"], desk=desk)
        self.ledger.listed = list(self.rows.values())
        self.clock.offset_s += LATER_S
        assert self.ledger.seat(self.conversation, self.seat, self.seat.moved(), self.clock())

    def until(self, holds: Callable[[], object]) -> None:
        deadline = time.monotonic() + PATIENCE_S
        while not holds():
            assert time.monotonic() < deadline
            time.sleep(0.01)

    def _drained(self, queue: FakeQueue, batch: Any) -> bool:
        """Whether something is to come again. A record leaves the queue when it is dealt with, not before."""
        again = False
        for event in list(queue.events):
            if batch.run([record(event)], lambda: 600.0)["batchItemFailures"]:
                again = True
            else:
                queue.events.remove(event)
        return again

    def _secrets(self) -> dict[str, dict[str, Any]]:
        kept: dict[str, dict[str, Any]] = {
            account["secret"]: dict(tokens_of(account)) for account in accounts_of(self.vendors.channels)
        }
        kept["media"] = {"keys": ["a-media-key-of-more-than-32-characters"]}
        for vendor in self.vendors.all:
            kept |= vendor.kept_secrets()
        return {name: dict(held) for name, held in kept.items()}

    def _settings(self) -> dict[str, str]:
        given = dict.fromkeys(
            ("table", "bucket", "inbound_queue", "inbound_dead_letters", "outbound_queue", "outbound_dead_letters"), "-"
        )
        hosts = ",".join(vendor.simulator.url for vendor in self.vendors.all)
        given |= {"media_secret": "media", "public_url": self.gateway.url, "media_hosts": hosts}
        for vendor in self.vendors.all:
            given |= vendor.settings()
        return {f"DMDESK_{name.upper()}": value for name, value in given.items()}
