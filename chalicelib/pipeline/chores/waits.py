"""What waits for an operator is measured every hour, so that none of it is forgotten: parked things, and pauses."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Protocol

from chalicelib.observability import Metrics, log
from chalicelib.pipeline.parking import PARKED
from chalicelib.pipeline.ports import UpkeepLedger


class Listed(Protocol):
    """The bucket, as far as it tells what lies there."""

    def keys(self, prefix: str) -> Iterator[str]:
        """The keys that begin so. Raises Retryable."""


class Waits:
    """The chore that measures them."""

    name = "waits"
    every_s = 3600.0

    def __init__(self, *, shelf: Listed, ledger: UpkeepLedger, metrics: Metrics) -> None:
        self._shelf = shelf
        self._ledger = ledger
        self._metrics = metrics

    def run(self, now: float) -> None:
        """Counts what is parked, and how long the oldest has been; and how long each pause has lasted. Raises
        Retryable."""
        for pause in self._ledger.pauses(now):
            hours = int((now - pause.since_s) / 3600)
            self._metrics.count("paused_hours", hours, account=pause.account)
            log.info("paused", account=pause.account, kind=pause.direction, count=hours)
        today = datetime.fromtimestamp(now, UTC).date()
        ages = [age for key in self._shelf.keys(PARKED) if (age := _days(key, today)) is not None]
        self._metrics.count("parked_waiting", len(ages))
        self._metrics.count("parked_oldest_days", max(ages, default=0))


def _days(key: str, today: date) -> int | None:
    """How many days ago it came, by the key that `parking.place` makes; None where it is no such key."""
    try:
        return (today - date.fromisoformat(key.split("/")[3])).days
    except (IndexError, ValueError):
        return None
