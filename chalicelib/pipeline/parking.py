"""The bucket's two uses: what is too big for a queue, and what nobody can deliver now."""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec

from chalicelib.messages import Event, Parked, digest
from chalicelib.observability import Metrics, log
from chalicelib.pipeline.ports import Clock, Shelf, Turn


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
        """Keeps the whole event (with its bytes) until an operator sends it back. Raises Retryable."""
        self._keep(reason, advice, event.source, event.received_ms, turn.order, event.dedup, event)
        log.error("parked", reason=reason, event=event.id, account=event.account, advice=advice)

    def keep_body(self, reason: str, advice: str, source: str, body: bytes) -> None:
        """Keeps a verified delivery that could not be cut into events; its id is its bytes'. Raises Retryable."""
        now_ms = int(self._clock() * 1000)
        self._keep(reason, advice, source, now_ms, "", digest(body), body)
        log.error("parked", reason=reason, source=source, advice=advice)

    def _keep(
        self, reason: str, advice: str, source: str, received_ms: int, order: str, name: str, what: Event | bytes
    ) -> None:
        parked = Parked(
            queue=self._queue,
            reason=reason,
            advice=advice,
            parked_ms=int(self._clock() * 1000),
            order=order,
            event=what if isinstance(what, Event) else None,
            body=what if isinstance(what, bytes) else b"",
        )
        day = datetime.fromtimestamp(received_ms / 1000, UTC).date().isoformat()
        # what came first is listed first: by the queue's own count, which has up to 20 digits
        key = f"parked/{reason}/{source}/{day}/{received_ms:013d}-{order:0>20}-{name}"
        self._shelf.keep(key, msgspec.json.encode(parked))
        self._metrics.count("parked", reason=reason)
