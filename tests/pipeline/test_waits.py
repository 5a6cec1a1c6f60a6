"""What waits for an operator is measured: how much is parked, since when, and how long a pause lasts."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

from chalicelib.pipeline.chores.waits import Waits
from chalicelib.vocabulary.records import Pause
from tests.fakes import START, FakeLedger, FakeMetrics


class Shelf:
    def __init__(self, *keys: str) -> None:
        self._keys = keys

    def keys(self, prefix: str) -> Iterator[str]:
        return (key for key in self._keys if key.startswith(prefix))


def day(ago: int) -> str:
    return datetime.fromtimestamp(START - ago * 86_400, UTC).date().isoformat()


def measured(ledger: FakeLedger, *keys: str) -> dict[str, int]:
    metrics = FakeMetrics()
    Waits(shelf=Shelf(*keys), ledger=ledger, metrics=metrics).run(START)
    return metrics.totals()


def test_nothing_waits() -> None:
    assert measured(FakeLedger()) == {"parked_waiting": 0, "parked_oldest_days": 0}


def test_what_is_parked_is_counted_with_the_age_of_the_oldest() -> None:
    keys = [
        f"parked/unknown_account/instagram/{day(3)}/1",
        f"parked/not_json/tiktok/{day(61)}/2",
        "aside/x/y/z",
        "parked/x",
    ]
    assert measured(FakeLedger(), *keys) == {"parked_waiting": 2, "parked_oldest_days": 61}


def test_a_pause_tells_its_hours() -> None:
    ledger = FakeLedger()
    ledger.paused = [
        Pause(channel="instagram", account="1", direction="inbound", since_s=START - 7500, until_s=START + 1),
        Pause(channel="instagram", account="2", direction="inbound", since_s=START - 7500, until_s=START - 1),
    ]
    assert measured(ledger)["paused_hours"] == 2
