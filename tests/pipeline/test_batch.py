"""A batch of a FIFO queue: which records come back, when, and which never block their conversation."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from chalicelib.errors import Retryable
from chalicelib.messages import Event
from chalicelib.pipeline.batch import ATTEMPTS, LONGEST_BACKOFF_S, NEEDED_S, Batch
from tests.fakes import START, FakeClock, FakeMetrics, FakeQueue


def event(name: str, age_s: float = 86_400) -> Event:
    return Event(source="instagram", account="a", party="p", id=name, received_ms=int((START - age_s) * 1000))


def record(name: str, group: str = "g", attempt: int = 1, body: str | None = None) -> dict[str, Any]:
    """An SQS record as Lambda hands it over."""
    return {
        "messageId": f"id-{name}",
        "receiptHandle": f"handle-{name}",
        "body": msgspec.json.encode(event(name)).decode() if body is None else body,
        "attributes": {"MessageGroupId": group, "ApproximateReceiveCount": str(attempt)},
    }


class Kit:
    def __init__(self, jitter: float = 0.0) -> None:
        self.queue = FakeQueue()
        self.metrics = FakeMetrics()
        self.errors: dict[str, Exception] = {}
        self.handled: list[tuple[str, int]] = []
        self.batch = Batch(self._handle, self.queue, self.metrics, FakeClock(), jitter=lambda: jitter)

    def _handle(self, event: Event, attempt: int) -> None:
        self.handled.append((event.id, attempt))
        if event.id in self.errors:
            raise self.errors[event.id]

    def run(self, *records: dict[str, Any], remaining_s: Callable[[], float] = lambda: 300.0) -> list[str]:
        """Runs the records; answers the names of the failed ones."""
        answer = self.batch.run(records, remaining_s)
        assert list(answer) == ["batchItemFailures"]
        assert all(list(item) == ["itemIdentifier"] for item in answer["batchItemFailures"])
        return [item["itemIdentifier"].removeprefix("id-") for item in answer["batchItemFailures"]]

    @property
    def names(self) -> list[str]:
        return [name for name, _ in self.handled]


def test_a_good_batch_fails_nothing() -> None:
    kit = Kit()
    assert kit.run(record("1"), record("2", "h"), record("3", attempt=4)) == []
    assert kit.handled == [("1", 1), ("2", 1), ("3", 4)]
    assert kit.queue.postponed == []
    assert kit.metrics.lines == []


def test_an_empty_batch_fails_nothing() -> None:
    assert Kit().run() == []


def test_a_failed_record_stops_its_own_group_and_no_other() -> None:
    kit = Kit()
    kit.errors = {"a2": Retryable("later", 30)}
    failed = kit.run(
        record("a1", "a"), record("b1", "b"), record("a2", "a"), record("a3", "a"), record("b2", "b"), record("a4", "a")
    )
    assert failed == ["a2", "a3", "a4"]
    assert kit.names == ["a1", "b1", "a2", "b2"]
    assert kit.queue.postponed == [(["handle-a2", "handle-a3", "handle-a4"], 30.0)]
    assert kit.metrics.totals() == {"retried": 1}


def test_two_stopped_groups_wait_each_for_its_own_time() -> None:
    kit = Kit()
    kit.errors = {"a1": Retryable("later", 30), "b1": Retryable("later", 7)}
    failed = kit.run(record("a1", "a"), record("b1", "b"), record("a2", "a"), record("b2", "b"))
    assert failed == ["a1", "b1", "a2", "b2"]
    assert sorted(kit.queue.postponed) == [(["handle-a1", "handle-a2"], 30.0), (["handle-b1", "handle-b2"], 7.0)]


@pytest.mark.parametrize(
    ("attempt", "expected"),
    [(1, 1), (2, 2), (3, 4), (4, 8), (9, 256), (10, LONGEST_BACKOFF_S), (1000, LONGEST_BACKOFF_S)],
)
def test_without_a_time_the_delay_doubles_up_to_five_minutes(attempt: int, expected: float) -> None:
    kit = Kit()
    kit.errors = {"1": Retryable("later")}
    kit.run(record("1", attempt=attempt))
    assert kit.queue.postponed == [(["handle-1"], expected)]


@pytest.mark.parametrize(
    ("age_s", "attempt", "expected"),
    [(0, 9, 1), (3, 9, 1), (8, 9, 2), (8, 1, 1), (9, 9, 3), (400, 9, 100), (4000, 9, 256), (-60, 9, 1)],
)
def test_a_young_event_is_not_punished_for_the_waiting_of_others(age_s: float, attempt: int, expected: float) -> None:
    kit = Kit()
    kit.errors = {"1": Retryable("later")}
    kit.run(record("1", attempt=attempt, body=msgspec.json.encode(event("1", age_s)).decode()))
    assert kit.queue.postponed == [(["handle-1"], expected)]


@pytest.mark.parametrize("jitter", [0.0, 0.5, 1.0])
@pytest.mark.parametrize("asked", [0.0, 0.2, 0.5, 1.4, 60.0, 1140.0])
def test_the_delay_is_whole_seconds_and_at_least_what_was_asked_for(asked: float, jitter: float) -> None:
    kit = Kit(jitter)
    kit.errors = {"1": Retryable("later", asked)}
    kit.run(record("1"))
    [(_, delay)] = kit.queue.postponed
    assert type(delay) is int  # the queue counts whole seconds
    assert asked <= delay <= math.ceil(asked * 1.2)


def test_out_of_time_nothing_more_is_begun() -> None:
    kit = Kit()
    left = iter([NEEDED_S + 0.1, NEEDED_S, 3.0])
    failed = kit.run(
        record("a1", "a"), record("b1", "b"), record("b2", "b"), record("a2", "a"), remaining_s=lambda: next(left)
    )
    assert failed == ["b1", "b2", "a2"]
    assert kit.names == ["a1"]
    assert kit.queue.postponed == [(["handle-b1", "handle-b2", "handle-a2"], 0.0)]
    assert kit.metrics.totals() == {"out_of_time": 2}


def test_what_nobody_foresaw_is_retried_then_buried() -> None:
    kit = Kit()
    kit.errors = {"1": KeyError("surprise")}
    for attempt in range(1, ATTEMPTS):
        assert kit.run(record("1", attempt=attempt), record("2", attempt=attempt)) == ["1", "2"]
    assert kit.queue.buried == []
    assert kit.run(record("1", attempt=ATTEMPTS), record("2", attempt=ATTEMPTS)) == []
    [(buried, reason)] = kit.queue.buried
    assert buried == event("1")
    assert reason.startswith("KeyError at ")
    assert "surprise" not in reason
    assert kit.names == ["1"] * ATTEMPTS + ["2"]
    assert kit.metrics.totals() == {"failed": ATTEMPTS, "dead_letter": 1}
    assert [delay for _, delay in kit.queue.postponed] == [1.0, 2.0, 4.0, 8.0]


def test_a_retryable_failure_is_never_buried() -> None:
    kit = Kit()
    kit.errors = {"1": Retryable("the desk is down")}
    assert kit.run(record("1", attempt=500)) == ["1"]
    assert kit.queue.buried == []


@pytest.mark.parametrize("body", ["", "nonsense", "{}", '{"source": 1}', "null"])
def test_a_body_that_is_no_event_stays_for_the_queues_own_dead_letters(body: str) -> None:
    kit = Kit()
    assert kit.run(record("1", attempt=ATTEMPTS + 1, body=body), record("2", "h")) == ["1"]
    assert kit.queue.buried == []
    assert kit.names == ["2"]
    assert kit.metrics.totals() == {"failed": 1}


def test_a_record_that_cannot_be_buried_is_kept() -> None:
    kit = Kit()
    kit.errors = {"1": KeyError("surprise")}
    kit.queue.refuses = True
    assert kit.run(record("1", attempt=ATTEMPTS)) == ["1"]
    assert kit.metrics.total("dead_letter") == 0
    kit.queue.refuses = False
    assert kit.run(record("1", attempt=ATTEMPTS + 1)) == []
    assert len(kit.queue.buried) == 1


def test_the_jitter_that_ships_spreads_retries() -> None:
    queue = FakeQueue()

    def later(event: Event, attempt: int) -> None:
        raise Retryable("later", 100)

    batch = Batch(later, queue, FakeMetrics(), FakeClock())
    for _ in range(30):
        batch.run([record("1")], lambda: 300.0)
    delays = {delay for _, delay in queue.postponed}
    assert len(delays) > 1
    assert all(100 <= delay <= 120 for delay in delays)
