"""Where deliveries go that were let in: as events onto a queue, or where a queue cannot carry them."""

from __future__ import annotations

from itertools import groupby

import msgspec

from chalicelib.errors import Malformed
from chalicelib.observability import Metrics, log, where
from chalicelib.pipeline.parking import Parking, lightened
from chalicelib.pipeline.ports import Clock, Outbox, Shelf
from chalicelib.protocols.webhook import MOST_PIECES, Feed
from chalicelib.vocabulary.records import Event
from chalicelib.wire import bounded


class Store:
    """One side's queue and its bucket. `queue` is "inbound" or "outbound"."""

    def __init__(self, queue: str, outbox: Outbox, shelf: Shelf, clock: Clock, metrics: Metrics) -> None:
        self._outbox = outbox
        self._shelf = shelf
        self._parking = Parking(queue, shelf, clock, metrics)
        self._metrics = metrics

    def keep(self, feed: Feed, body: bytes, now: float, signer: str = "") -> None:
        """Keeps the delivery that comes now (epoch s), whatever it is: repeating it would not help where it cannot be
        cut up. `signer` is the account whose own secret signs it. Raises Retryable where it could not be kept."""
        try:
            events = events_of(feed, body, now, signer)
        except Exception as error:
            detail = str(error) if isinstance(error, Malformed) else where(error)
            self.park("not_json", f"look whether {feed.name} has changed its webhook: {detail}", feed.name, body)
            return
        if len(events) > MOST_PIECES:
            advice = f"more than {MOST_PIECES} events in one delivery, more than {feed.name} documents"
            self.park("too_many", advice, feed.name, body)
            return
        carried = [light for event in events if (light := self._light(event)) is not None]
        self._outbox.put(carried)
        self._metrics.count("received", len(carried), source=feed.name)
        if undated := sum(not event.made_ms for event in events):
            self._metrics.count("undated", undated, source=feed.name)
        for account, together in groupby(carried, lambda event: event.account):
            told = " ".join(event.id for event in together)
            log.info("received", events=told, source=feed.name, account=account)

    def park(self, reason: str, advice: str, source: str, body: bytes) -> None:
        """Keeps a delivery that is not cut into events until an operator has looked. Raises Retryable."""
        self._parking.keep_body(reason, advice, source, body)

    def _light(self, event: Event) -> Event | None:
        """The event as the queue takes it; what is too big waits in the bucket. None, and the event is parked by
        itself, where the queue would take it in no form: it must not hold up those that came with it."""
        light = lightened(event, self._outbox, self._shelf)
        if light is None:
            self._parking.keep_event("not_carried", "no queue takes it in any form", event)
        elif light.aside:
            self._metrics.count("stored_aside", source=event.source)
        return light


def events_of(feed: Feed, body: bytes, now: float, signer: str = "") -> list[Event]:
    """The events of a delivery that comes now (epoch s), as they are stored. Raises Malformed."""
    return [
        Event(
            source=feed.name,
            account=bounded(piece.account),
            party=bounded(piece.party),
            id=bounded(piece.id),
            received_ms=int(now * 1000),
            section=piece.section,
            sent_ms=piece.sent_ms,
            made_ms=max(piece.made_ms, piece.sent_ms),
            raw=msgspec.Raw(piece.raw),
            signer=signer,
        )
        for piece in feed.split(body)
    ]
