"""The bucket's two uses: what is too big for a queue, and what nobody can deliver now."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import NamedTuple

import msgspec

from chalicelib.observability import Metrics, log
from chalicelib.pipeline.ports import Carrier, Clock, Shelf, Turn
from chalicelib.vocabulary.records import Event, Parked
from chalicelib.wire import digest

# as `name_of` makes it
_NAME = re.compile(r"(\d{13})-(\d+(?:\.\d+)?)-[0-9a-f]{64}-([0-9a-f]{16})")


class Parking:
    """One queue's events, seen from its bucket. `queue` is "inbound" or "outbound"."""

    def __init__(self, queue: str, shelf: Shelf, clock: Clock, metrics: Metrics) -> None:
        self._queue = queue
        self._shelf = shelf
        self._clock = clock
        self._metrics = metrics

    def fetched(self, event: Event) -> Event:
        """The event with its bytes, wherever they waited. Raises Retryable."""
        if not event.aside:
            return event
        return msgspec.structs.replace(event, raw=msgspec.Raw(self._shelf.fetch(event.aside)), aside="")

    def park(self, event: Event, turn: Turn, reason: str, advice: str) -> None:
        """Keeps the whole event (with its bytes), as a worker had it. Raises Retryable."""
        self.keep_event(reason, advice, event, turn.order)

    def keep_body(self, reason: str, advice: str, source: str, body: bytes) -> None:
        """Keeps a verified delivery that could not be cut into events, once a day. Raises Retryable."""
        parked = self._parked(reason, advice, body=body)
        self._keep(parked, source, parked.parked_ms, digest(body))
        log.error("parked", reason=reason, source=source, advice=advice)

    def keep_event(self, reason: str, advice: str, event: Event, order: str = "") -> None:
        """Keeps the whole event until an operator sends it back. Raises Retryable."""
        name = name_of(event, order)
        self._keep(self._parked(reason, advice, order=order, event=event), event.source, event.received_ms, name)
        log.error("parked", reason=reason, event=event.id, account=event.account, advice=advice)

    def _parked(
        self, reason: str, advice: str, order: str = "", event: Event | None = None, body: bytes = b""
    ) -> Parked:
        now_ms = int(self._clock() * 1000)
        return Parked(
            queue=self._queue, reason=reason, advice=advice, parked_ms=now_ms, order=order, event=event, body=body
        )

    def _keep(self, parked: Parked, source: str, received_ms: int, name: str) -> None:
        self._shelf.keep(place(parked.reason, source, received_ms, name), msgspec.json.encode(parked))
        self._metrics.count("parked", reason=parked.reason)


PARKED = "parked/"
UNKNOWN_ACCOUNT = "unknown_account"
"""Why what belongs to no account is parked."""


def place(reason: str, source: str, received_ms: int, name: str) -> str:
    """The key under which something is parked."""
    day = datetime.fromtimestamp(received_ms / 1000, UTC).date().isoformat()
    return f"{PARKED}{reason}/{source}/{day}/{name}"


def name_of(event: Event, order: str) -> str:
    """What a parked event is called: what came first is listed first, by the queue's own count of up to 20 digits; and
    whose it is can be told without its bytes."""
    count, point, number = order.partition(".")
    return f"{event.received_ms:013d}-{count:0>20}{point}{number}-{event.dedup}-{mark_of(event.source, event.account)}"


class Named(NamedTuple):
    """What a parked event's key tells: how the queue counted it, when the edge took it (epoch ms), and whose it is."""

    order: str
    received_ms: int
    mark: str


def named(key: str) -> Named | None:
    """What the key tells, None where it is no event's or one of a former release's."""
    found = _NAME.fullmatch(key.rpartition("/")[2])
    return Named(order=found[2], received_ms=int(found[1]), mark=found[3]) if found else None


def mark_of(source: str, account: str) -> str:
    """By which the account is told, as events of the source name it (16 characters)."""
    return digest(source, account)[:16]


def lightened(event: Event, queue: Carrier, shelf: Shelf) -> Event | None:
    """The event as the queue takes it: what is too big waits in the bucket. None where the queue takes it in no form.
    Raises Retryable."""
    if queue.carries(event):
        return event
    light = _light(event)
    if not queue.carries(light):
        return None
    shelf.keep(light.aside, bytes(event.raw))
    return light


def fits(event: Event, queue: Carrier) -> bool:
    """Whether the queue takes the event in any form."""
    return queue.carries(event) or queue.carries(_light(event))


def _light(event: Event) -> Event:
    """The event with its bytes left in the bucket."""
    return msgspec.structs.replace(event, raw=msgspec.Raw(b"null"), aside=f"aside/{event.source}/{event.dedup}")
