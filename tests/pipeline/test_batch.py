"""A batch of a FIFO queue: which records come back, when, and which never block their conversation."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from chalicelib.errors import Misconfigured, RateLimited, Retryable, Waiting
from chalicelib.pipeline.batch import NEEDED_S, Batch
from chalicelib.pipeline.budgets import Budgets
from chalicelib.pipeline.ports import Turn
from chalicelib.rules.budgets import BUDGETS, LONGEST_BACKOFF_S, LONGEST_THROTTLED_S
from chalicelib.vocabulary.records import Event
from tests.fakes import START, FakeClock, FakeLedger, FakeMetrics, FakeQueue
from tests.kits import record as kit_record


def event(name: str, age_s: float = 0, sent_ms: int = 0) -> Event:
    received_ms = int((START - age_s) * 1000)
    return Event(source="instagram", account="a", party="p", id=name, received_ms=received_ms, sent_ms=sent_ms)


def record(name: str, group: str = "g", received: int = 1, body: Event | str | None = None) -> dict[str, Any]:
    return kit_record(event(name) if body is None else body, name=name, group=group, received=received)


class Kit:
    def __init__(self, jitter: float = 0.0) -> None:
        self.queue = FakeQueue()
        self.metrics = FakeMetrics()
        self.clock = FakeClock()
        self.ledger = FakeLedger()
        self.errors: dict[str, Exception] = {}
        self.handled: list[str] = []
        self.turns: list[Turn] = []
        budgets = Budgets(self.ledger, self.clock)
        self.batch = Batch(self, self.queue, budgets, self.metrics, self.clock, jitter=lambda: jitter)

    def handle(self, event: Event, turn: Turn) -> None:
        self.handled.append(event.id)
        self.turns.append(turn)
        if event.id in self.errors:
            raise self.errors[event.id]

    def give_up(self, event: Event, turn: Turn, reason: str) -> None:
        self.queue.bury(event, reason, turn.life, turn.order)

    def run(self, *records: dict[str, Any], remaining_s: Callable[[], float] = lambda: 300.0) -> list[str]:
        """Runs the records; answers the names of the failed ones."""
        answer = self.batch.run(records, remaining_s)
        assert list(answer) == ["batchItemFailures"]
        assert all(list(item) == ["itemIdentifier"] for item in answer["batchItemFailures"])
        return [item["itemIdentifier"].removeprefix("id-") for item in answer["batchItemFailures"]]

    def delay(self, *records: dict[str, Any]) -> int:
        """Runs records of which the first fails; answers after how many seconds it comes again."""
        self.run(*records)
        return self.queue.postponed[-1][1]


def test_a_good_batch_fails_nothing() -> None:
    kit = Kit()
    assert kit.run(record("1"), record("2", "h"), record("3", received=4)) == []
    assert kit.handled == ["1", "3", "2"]
    assert [turn.again for turn in kit.turns] == [False, True, False]
    assert kit.queue.postponed == []
    assert kit.metrics.lines == []
    assert kit.ledger.tries == {}


def test_an_empty_batch_fails_nothing() -> None:
    assert Kit().run() == []


def test_a_failed_record_stops_its_own_group_and_no_other() -> None:
    kit = Kit()
    kit.errors = {"a2": Retryable("later", 30)}
    failed = kit.run(
        record("a1", "a"), record("b1", "b"), record("a2", "a"), record("a3", "a"), record("b2", "b"), record("a4", "a")
    )
    assert failed == ["a2", "a3", "a4"]
    assert kit.handled == ["a1", "a2", "b1", "b2"]
    assert kit.queue.postponed == [(["handle-a2", "handle-a3", "handle-a4"], 30)]
    assert kit.metrics.totals() == {"retried": 1}


def test_two_stopped_groups_wait_each_for_its_own_time() -> None:
    kit = Kit()
    kit.errors = {"a1": Retryable("later", 30), "b1": Retryable("later", 7)}
    failed = kit.run(record("a1", "a"), record("b1", "b"), record("a2", "a"), record("b2", "b"))
    assert failed == ["a1", "a2", "b1", "b2"]
    assert sorted(kit.queue.postponed) == [(["handle-a1", "handle-a2"], 30), (["handle-b1", "handle-b2"], 7)]


# When it comes again


@pytest.mark.parametrize("received", [1, 8, 16])
def test_how_often_the_queue_handed_it_out_says_nothing_of_its_tries(received: int) -> None:
    kit = Kit()
    kit.errors = {"1": Retryable("later")}
    assert kit.delay(record("1", received=received)) == 1


@pytest.mark.parametrize("error", [Retryable("503"), RateLimited("429", 1)])
def test_the_delay_grows_with_the_events_own_tries_and_its_own_time(error: Retryable) -> None:
    kit = Kit()
    kit.errors = {"1": error}
    delays = []
    while kit.clock() - START < 6 * 3600:
        delays.append(kit.delay(record("1")))
        kit.clock.advance(delays[-1])
    longest = LONGEST_THROTTLED_S if isinstance(error, RateLimited) else LONGEST_BACKOFF_S
    assert delays[:5] == [1, 2, 4, 8, 8]
    assert delays == sorted(delays)
    assert delays[-1] == longest


@pytest.mark.parametrize("error", [Waiting("not yet", 1), Retryable("503", 1), RateLimited("429", 1)])
def test_fourteen_days_of_it_are_less_than_what_a_queue_hands_out(error: Retryable) -> None:
    kit = Kit()
    kit.errors = {"1": error}
    looks = 0
    while kit.clock() - START < 14 * 86_400:
        looks += 1
        kit.clock.advance(kit.delay(record("1", received=looks)))
    assert looks < 1000


def test_an_event_that_only_waited_starts_at_the_shortest_delay() -> None:
    kit = Kit()
    kit.errors = {"1": Retryable("later")}
    assert kit.delay(record("1", body=event("1", age_s=6 * 3600))) == 1


@pytest.mark.parametrize(
    ("age_s", "received", "asked", "expected"),
    [(0, 1, None, 1), (10**6, 1, None, 1), (0, 16, None, 1), (0, 1, 60, 60), (0, 100, 1, 37), (0, 999, None, 3600),
     (0, 1, 0, 1), (-60, 1, None, 1)],
)  # fmt: skip
def test_waiting_for_ones_turn_spends_nothing(age_s: float, received: int, asked: float | None, expected: int) -> None:
    kit = Kit()
    kit.errors = {"1": Waiting("another worker is at it", asked)}
    for _ in range(50):
        assert kit.delay(record("1", received=received, body=event("1", age_s))) == expected
    assert kit.ledger.tries == {}
    assert kit.metrics.totals() == {"waiting": 50}
    assert kit.queue.buried == []


def test_a_fault_of_configuration_waits_and_rings() -> None:
    kit = Kit()
    kit.errors = {"1": Misconfigured("the secret x lacks clients", "put {…} into x")}
    assert kit.delay(record("1")) == 60
    assert kit.ledger.tries == {}
    assert kit.metrics.totals() == {"misconfigured": 1}


@pytest.mark.parametrize("jitter", [0.0, 0.5, 1.0])
@pytest.mark.parametrize("asked", [1.0, 1.4, 60.0, 1140.0])
def test_the_delay_is_whole_seconds_and_at_least_what_was_asked_for(asked: float, jitter: float) -> None:
    kit = Kit(jitter)
    kit.errors = {"1": Retryable("later", asked)}
    delay = kit.delay(record("1"))
    assert type(delay) is int  # the queue counts whole seconds
    assert asked <= delay <= math.ceil(asked * 1.2)


def test_a_ledger_that_is_down_still_lets_records_come_again() -> None:
    kit = Kit()
    kit.ledger.down = True
    kit.errors = {"1": Retryable("table busy"), "2": KeyError("surprise")}
    assert kit.run(record("1", "a"), record("2", "b")) == ["1", "2"]
    assert kit.queue.buried == []


def test_out_of_time_nothing_more_is_begun_and_nothing_is_spent() -> None:
    kit = Kit()
    left = iter([NEEDED_S + 0.1, NEEDED_S - 0.1, 3.0])
    failed = kit.run(
        record("a1", "a"), record("b1", "b"), record("b2", "b"), record("a2", "a"), remaining_s=lambda: next(left)
    )
    assert failed == ["a2", "b1", "b2"]
    assert kit.handled == ["a1"]
    assert [delay for _, delay in kit.queue.postponed] == [0]
    assert kit.metrics.totals() == {"out_of_time": 2}
    assert kit.ledger.tries == {}


# What nobody foresaw


def test_what_nobody_foresaw_is_retried_then_buried() -> None:
    kit = Kit()
    kit.errors = {"1": KeyError("surprise")}
    budget, tries = BUDGETS["unforeseen"], 0
    while kit.run(record("1"), record("2")) == ["1", "2"]:
        tries += 1
        assert kit.queue.buried == []
        kit.clock.advance(kit.queue.postponed[-1][1])
    assert tries + 1 >= budget.tries
    assert kit.clock() - START >= budget.for_s
    [(buried, reason)] = kit.queue.buried
    assert buried == event("1")
    assert reason.startswith("KeyError at ")
    assert "surprise" not in reason
    assert kit.handled[-1] == "2"
    assert kit.metrics.total("failed") == tries + 1


def test_an_event_that_waited_long_is_not_buried_at_its_own_first_failure() -> None:
    kit = Kit()
    kit.errors = {"1": KeyError("surprise")}
    assert kit.run(record("1", received=500, body=event("1", age_s=86_400))) == ["1"]
    assert kit.queue.buried == []


def test_a_replay_begins_a_new_budget_and_may_be_buried_again() -> None:
    kit = Kit()
    kit.errors = {"1": KeyError("surprise")}
    for name in ("first-life", "second-life"):
        while kit.run(kit_record(event("1"), name=name)):
            kit.clock.advance(kit.queue.postponed[-1][1])
    assert [buried.id for buried, _ in kit.queue.buried] == ["1", "1"]


@pytest.mark.parametrize("received", [1, 999])
def test_a_retryable_failure_is_never_buried(received: int) -> None:
    kit = Kit()
    kit.errors = {"1": Retryable("the desk is down")}
    for _ in range(200):
        kit.clock.advance(3600)
        assert kit.run(record("1", received=received)) == ["1"]
    assert kit.queue.buried == []


@pytest.mark.parametrize("body", ["", "nonsense", "{}", '{"source": 1}', "null", "\ufffd"])
def test_a_body_that_is_no_event_is_buried_as_it_is(body: str) -> None:
    kit = Kit()
    kit.errors = {"id-1": KeyError("no source")}
    while kit.run(record("1", body=body)):
        kit.clock.advance(kit.queue.postponed[-1][1])
    [(buried, _)] = kit.queue.buried
    assert msgspec.json.decode(buried.raw) == body


def test_a_record_that_cannot_be_buried_is_kept() -> None:
    kit = Kit()
    kit.errors = {"1": KeyError("surprise")}
    kit.queue.refuses = True
    for _ in range(20):
        assert kit.run(record("1")) == ["1"]
        kit.clock.advance(60)
    kit.queue.refuses = False
    assert kit.run(record("1")) == []
    assert len(kit.queue.buried) == 1


def test_the_jitter_that_ships_spreads_retries() -> None:
    kit = Kit()
    kit.errors = {"1": Retryable("later", 100)}
    batch = Batch(kit, kit.queue, Budgets(kit.ledger, kit.clock), kit.metrics, kit.clock)
    for _ in range(30):
        batch.run([record("1")], lambda: 300.0)
    delays = {delay for _, delay in kit.queue.postponed}
    assert len(delays) > 1
    assert all(100 <= delay <= 120 for delay in delays)


# Bundles and order


def bundle(*names: str) -> Event:
    return msgspec.structs.replace(event("bundle"), bundle=tuple(event(name) for name in names))


def test_the_events_of_a_bundle_are_dealt_with_in_order_each_with_a_life_of_its_own() -> None:
    kit = Kit()
    assert kit.run(record("b", body=bundle("1", "2", "3"))) == []
    assert kit.handled == ["1", "2", "3"]
    assert [turn.life for turn in kit.turns] == ["id-b/0", "id-b/1", "id-b/2"]


def test_a_bundle_stops_at_the_first_that_fails_and_begins_again() -> None:
    kit = Kit()
    kit.errors = {"2": Retryable("later", 5)}
    assert kit.run(record("b", body=bundle("1", "2", "3"))) == ["b"]
    kit.errors = {}
    assert kit.run(record("b", body=bundle("1", "2", "3"))) == []
    assert kit.handled == ["1", "2", "1", "2", "3"]


def test_one_poison_of_a_bundle_is_buried_alone() -> None:
    kit = Kit()
    kit.errors = {"2": KeyError("surprise")}
    while kit.run(record("b", body=bundle("1", "2", "3"))):
        kit.clock.advance(kit.queue.postponed[-1][1])
    assert [buried.id for buried, _ in kit.queue.buried] == ["2"]
    assert kit.handled[-1] == "3"


def test_a_bundle_out_of_time_goes_on_later() -> None:
    kit = Kit()
    left = iter([300.0, 1.0])
    assert kit.run(record("b", body=bundle("1", "2")), remaining_s=lambda: next(left)) == ["b"]
    assert kit.handled == ["1"]


def test_what_lies_on_the_queue_together_goes_by_the_platforms_clock() -> None:
    kit = Kit()
    late = [record(name, body=event(name, sent_ms=ms)) for name, ms in (("2", 2000), ("1", 1000), ("3", 3000))]
    other = record("x", "h", body=event("x", sent_ms=500))
    assert kit.run(late[0], other, *late[1:]) == []
    assert kit.handled == ["x", "1", "2", "3"]


def test_of_conversations_that_lie_there_together_that_goes_first_which_has_waited_longest() -> None:
    kit = Kit()
    waited = {"a": 5000, "b": 3000, "c": 4000, "d": 3000}
    assert kit.run(*[record(name, name, body=event(name, sent_ms=ms)) for name, ms in waited.items()]) == []
    assert kit.handled == ["b", "d", "c", "a"]


@pytest.mark.parametrize(
    "times", [(1000, 0, 2000), (0, 0, 0), (1000, 1000, 1000), (1003, 1001, 1000), (1499, 1000, 1000)]
)
def test_without_a_time_that_tells_them_apart_the_queues_order_stands(times: tuple[int, ...]) -> None:
    kit = Kit()
    names = ["first", "second", "third"]
    pairs = zip(names, times, strict=True)
    assert kit.run(*[record(name, body=event(name, sent_ms=ms)) for name, ms in pairs]) == []
    assert kit.handled == names


def test_an_earlier_one_that_fails_keeps_back_the_later_ones_though_they_came_first() -> None:
    kit = Kit()
    kit.errors = {"1": Retryable("later", 3)}
    failed = kit.run(record("2", body=event("2", sent_ms=2000)), record("1", body=event("1", sent_ms=1000)))
    assert sorted(failed) == ["1", "2"]
    assert kit.handled == ["1"]
