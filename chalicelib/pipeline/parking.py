"""The bucket's two uses: what is too big for a queue, and what nobody can deliver now."""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec

from chalicelib.observability import Metrics, log
from chalicelib.pipeline.ports import Carrier, Clock, Shelf, Turn
from chalicelib.vocabulary.records import Event, Parked
from chalicelib.wire import digest


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
ASIDE = "aside/"
UNKNOWN_ACCOUNT = "unknown_account"
"""Why what belongs to no account is parked."""


def place(reason: str, source: str, received_ms: int, name: str) -> str:
    """The key under which something is parked."""
    day = datetime.fromtimestamp(received_ms / 1000, UTC).date().isoformat()
    return f"{PARKED}{reason}/{source}/{day}/{name}"


def name_of(event: Event, order: str) -> str:
    """What a parked event is called: what came first is listed first, by the queue's own count of up to 20 digits; and
    whose it is can be told without its bytes, the account's and the customer's."""
    count, point, number = order.partition(".")
    account = account_mark(event.source, event.account)
    told = (f"{event.received_ms:013d}", f"{count:0>20}{point}{number}", event.dedup, account, event.mark)
    return "-".join(filter(None, told))


class Named(msgspec.Struct, frozen=True):
    """What a key tells of what lies under it: when it came (epoch ms, 0 where that is not told); the event's `dedup`,
    or the fingerprint of a delivery that nobody could cut up; how the queue counted it, whose account's it is and
    which customer's, each "" where that is not told, as of what an earlier release parked."""

    since_ms: int
    dedup: str
    order: str = ""
    account: str = ""
    mark: str = ""


def named(key: str) -> Named:
    """What the key of something parked, or of an event that is set aside, has in it."""
    *folders, name = key.split("/")
    told = name.split("-")
    since_ms = int(told[0]) if len(told) > 1 and told[0].isdecimal() else 0
    if len(told) > 2:
        order, dedup, account, mark, *_ = [*told[1:], "", ""]
        return Named(since_ms, dedup, order, account, mark)
    return Named(since_ms, told[-1], mark=folders[-1] if len(told) == 2 else "")


def account_mark(source: str, account: str) -> str:
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
    place = aside(event.source, event.mark) if event.mark else f"{ASIDE}{event.source}/"
    name = f"{event.since_ms:013d}-{event.dedup}" if event.mark else event.dedup
    return msgspec.structs.replace(event, raw=msgspec.Raw(b"null"), aside=place + name)


def aside(source: str, mark: str) -> str:
    """Under which a customer's events of the source lie aside."""
    return f"{ASIDE}{source}/{mark}/"
