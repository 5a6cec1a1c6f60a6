"""Where an event waits that nobody can deliver now; the operator sees it and replays it."""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec

from chalicelib.messages import Event
from chalicelib.observability import Metrics, log
from chalicelib.pipeline.ports import Shelf


def park(shelf: Shelf, metrics: Metrics, event: Event, reason: str, advice: str) -> None:
    """Keeps the whole event in the bucket under its reason, day and id. Raises Retryable."""
    day = datetime.fromtimestamp(event.received_ms / 1000, UTC).date().isoformat()
    key = f"parked/{reason}/{event.source}/{day}/{event.dedup}"
    shelf.keep(key, msgspec.json.encode(event))
    metrics.count("parked", reason=reason)
    log.error("parked", reason=reason, key=key, event=event.id, account=event.account, advice=advice)
