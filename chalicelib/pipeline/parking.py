"""The bucket's two uses: what is too big for a queue, and what nobody can deliver now."""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec

from chalicelib.messages import Event
from chalicelib.observability import Metrics, log
from chalicelib.pipeline.ports import Shelf


def fetched(shelf: Shelf, event: Event) -> Event:
    """The event with its bytes, wherever they waited. Raises Retryable."""
    if not event.aside:
        return event
    return msgspec.structs.replace(event, raw=msgspec.Raw(shelf.fetch(event.aside)))


def park(shelf: Shelf, metrics: Metrics, event: Event, reason: str, advice: str) -> None:
    """Keeps the whole event in the bucket under its reason, day and id, until an operator looks. Raises Retryable."""
    day = datetime.fromtimestamp(event.received_ms / 1000, UTC).date().isoformat()
    key = f"parked/{reason}/{event.source}/{day}/{event.dedup}"
    shelf.keep(key, msgspec.json.encode(event))
    metrics.count("parked", reason=reason)
    log.error("parked", reason=reason, key=key, event=event.id, account=event.account, advice=advice)
