"""Everything that is told as it happens: who watches what, and how it is compared afterwards."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping
from typing import Any, Protocol

from chalicelib.pipeline.parking import named
from sandbox.show.naming import Names
from sandbox.show.proof import Findings, Witness, keys_of, prove, taken
from sandbox.show.road import Road
from sandbox.stage.clock import Clock
from sandbox.stage.journal import Journal, Name
from sandbox.stage.screen import Screen
from sandbox.stage.vendors import Vendors
from sandbox.stage.watching import PhoneWatch

TICK_S = 0.5


class Stores(Protocol):
    """The product's queues and bucket, and what it counts."""

    def totals(self) -> dict[str, int]:
        """Metrics, and how many messages are in the queues."""

    def held(self) -> tuple[list[dict[str, Any]], list[dict[str, Any]], list[str]]:
        """The events in the queues, those among the dead letters, and the keys of what is parked."""


class Live:
    """Connects the simulators with the journal."""

    def __init__(
        self,
        stores: Stores,
        journal: Journal,
        road: Road,
        vendors: Vendors,
        clock: Clock,
        names: Names,
        overheard: Callable[[dict[str, Any]], None] = lambda shown: None,
    ) -> None:
        """`overheard` hears of what customers' phones show, too."""
        self._stores, self._journal, self._road, self._vendors, self._names = stores, journal, road, vendors, names
        self._witness = Witness(names, clock)
        for desk in vendors.desks:
            desk.show(self._telling("desk", desk=desk.name), names.channels)
        for channel in vendors.channels:
            phone = channel.phone(Screen(channel.name, self._showing(overheard), clock))
            channel.simulator.watch = _Both(channel.name, phone, self._witness)
        self._stopping = threading.Event()
        self._told: dict[str, int] | None = None
        self._telling_totals = threading.Lock()
        self._ticker = threading.Thread(target=self._tick, daemon=True)

    def start(self) -> None:
        self._ticker.start()

    def stop(self) -> None:
        """Ends every stream; returns when nothing is told any more."""
        self._stopping.set()
        self._journal.close()
        if self._ticker.is_alive():
            self._ticker.join()

    def reset(self) -> None:
        """Forgets what happened; whoever follows is told."""
        with self._telling_totals:  # what they were before is not told after
            self._road.reset()
            self._witness.reset()
            self._told = None
            self._journal.reset()

    def proof(self) -> dict[str, Any]:
        """What GET /proof answers. What was sent is read first and what arrived last, so that what is under way
        meanwhile is never taken for lost."""
        customers = self._witness.events()
        replies = [(desk.name, reply) for desk in self._vendors.desks for reply in desk.replies()]
        agents = {
            one.key: one._replace(written_ms=number)  # the order in which the desk took them
            for number, (desk, reply) in enumerate(replies, 1)
            for one in self._names.passages(desk, reply.raw)
        }
        delivered, given_up = self._road.taken_in(), self._given_up()
        queued, dead, parked = self._stores.held()
        return prove(
            Findings(
                customers=customers,
                agents=agents,
                delivered=delivered,
                given_up=given_up,
                waiting=keys_of(queued),
                parked=keys_of(dead) | {named(key).dedup for key in parked},
                ignored=self._road.ignored(),
                folded=self._road.shown_with(),
                told=frozenset(reply.id for _, reply in replies if reply.failed),
                at_desk=tuple(one for desk in self._vendors.desks for one in taken(desk.calls(), desk.shown)),
                at_platform=tuple(
                    one
                    for channel in self._vendors.channels
                    for one in taken(channel.simulator.sent(), _given_to_platform)
                ),
            )
        )

    def _given_up(self) -> frozenset[str]:
        return frozenset(
            one.key
            for vendor in self._vendors.all
            for body in vendor.simulator.deliveries.given_up()
            for one in self._names.passages(vendor.name, body)
        )

    def _telling(self, name: Name, **beside: str) -> Callable[[dict[str, Any]], None]:
        return lambda data: self._journal.put(name, beside | data)

    def _showing(self, overheard: Callable[[dict[str, Any]], None]) -> Callable[[dict[str, Any]], None]:
        tell = self._telling("customer")

        def show(shown: dict[str, Any]) -> None:
            tell(shown)
            overheard(shown)

        return show

    def _tick(self) -> None:
        """Tells the totals while somebody listens and they change."""
        while not self._stopping.wait(TICK_S):
            if not self._journal.followed:
                continue
            with self._telling_totals:
                totals = self._stores.totals()
                if totals != self._told:
                    self._told = totals
                    self._journal.put("metrics", {"totals": totals})


class _Both:
    """The customer's phone, and the witness of what it sent."""

    def __init__(self, source: str, phone: PhoneWatch, witness: Witness) -> None:
        self._source, self._phone, self._witness = source, phone, witness

    def customer(self, raw: bytes) -> None:
        self._witness.saw(self._source, raw)
        self._phone.customer(raw)

    def author(self, identifier: str, customer: str, text: str) -> None:
        self._phone.author(identifier, customer, text)

    def brand(self, account: str, customer: str, message_id: str, said: dict[str, Any]) -> None:
        self._phone.brand(account, customer, message_id, said)


def _given_to_platform(call: Mapping[str, Any]) -> str:
    return json.dumps(call["body"], sort_keys=True) if call["message_id"] else ""
