"""Conversations of one batch beside each other: each in order, none held up by another, no death counted twice."""

from __future__ import annotations

import io
import json
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from threading import Barrier, Condition, Event, Lock, current_thread
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.errors import Misconfigured, RateLimited, Retryable, Waiting
from chalicelib.observability import EmfMetrics, log
from chalicelib.pipeline.batch import NEEDED_S, Batch
from chalicelib.pipeline.beside import Pause
from chalicelib.pipeline.budgets import Budgets, WornOut
from chalicelib.pipeline.ports import Turn
from chalicelib.rules.budgets import BUDGETS
from chalicelib.vocabulary.records import Event as Stored
from chalicelib.vocabulary.records import Tried
from tests.fakes import START, FakeClock, FakeLedger, FakeMetrics, FakeQueue
from tests.kits import impatient
from tests.kits import record as kit_record

PATIENCE_S = 30.0
"""Only what is broken takes so long."""


def record(name: str, group: str, received: int = 1) -> dict[str, Any]:
    event = Stored(source="instagram", account="a", party=group, id=name, received_ms=int(START * 1000))
    return kit_record(event, name=name, group=group, received=received)


def ten() -> list[dict[str, Any]]:
    return [record(f"{number}1", f"{number}") for number in range(10)]


class Kit:
    """A batch over work that each test makes."""

    def __init__(
        self,
        work: Callable[[Stored, Turn], None] = lambda event, turn: None,
        at_once: int = 10,
        pause: Pause = impatient,
    ) -> None:
        self.queue = FakeQueue()
        self.metrics = FakeMetrics()
        self.clock = FakeClock()
        self.ledger = FakeLedger()
        self.handled: defaultdict[str, list[str]] = defaultdict(list)
        self._work = work
        self.budgets = Budgets(self.ledger, self.clock)
        self.batch = Batch(self, self.queue, self.budgets, self.metrics, self.clock, lambda: 0.0, at_once, pause)

    def handle(self, event: Stored, turn: Turn) -> None:
        self.handled[event.party].append(event.id)
        self._work(event, turn)

    def give_up(self, event: Stored, turn: Turn, reason: str) -> None:
        self.queue.bury(event, reason, turn.life, turn.order)

    def run(self, *records: dict[str, Any], remaining_s: Callable[[], float] = lambda: 300.0) -> list[str]:
        answer = self.batch.run(records, remaining_s)
        return [item["itemIdentifier"].removeprefix("id-") for item in answer["batchItemFailures"]]


def test_ten_conversations_are_dealt_with_at_a_time() -> None:
    all_there = Barrier(10)
    kit = Kit(lambda event, turn: (all_there.wait(PATIENCE_S), None)[1])
    assert kit.run(*ten()) == []


@pytest.mark.parametrize("at_once", [1, 2, 3, 10])
def test_no_more_are_than_is_set(at_once: int) -> None:
    lock, there, most = Lock(), 0, 0
    several = Barrier(at_once)

    def work(event: Stored, turn: Turn) -> None:
        nonlocal there, most
        with lock:
            there += 1
            most = max(most, there)
        if event.id.endswith("0"):  # the first so many wait for each other
            several.wait(PATIENCE_S)
        with lock:
            there -= 1

    kit = Kit(work, at_once)
    first = [record(f"{number}0", f"{number}") for number in range(at_once)]
    assert kit.run(*first, *[record(f"{number}1", f"{number}") for number in range(10)]) == []
    assert most == at_once


def test_one_after_the_other_needs_no_thread() -> None:
    threads = set()
    for kit in (Kit(lambda event, turn: threads.add(current_thread()), at_once=1), Kit(
        lambda event, turn: threads.add(current_thread())
    )):  # fmt: skip
        kit.run(record("a1", "a"), record("a2", "a"))
    assert threads == {current_thread()}


def test_one_conversation_is_never_beside_itself_and_keeps_its_order() -> None:
    there: Counter[str] = Counter()
    several = Barrier(2)

    def work(event: Stored, turn: Turn) -> None:
        there[event.party] += 1
        assert there[event.party] == 1
        several.wait(PATIENCE_S)  # one of each conversation, in pairs
        there[event.party] -= 1

    kit = Kit(work)
    records = [record(f"{group}{number}", group) for number in range(5) for group in "ab"]
    assert kit.run(*records) == []
    assert kit.handled == {group: [f"{group}{number}" for number in range(5)] for group in "ab"}


def test_one_that_is_silent_or_fails_holds_up_its_own_conversation_and_no_other() -> None:
    others_done = Event()
    left = Counter("bcd" * 2)

    def work(event: Stored, turn: Turn) -> None:
        if event.party == "a":
            assert others_done.wait(PATIENCE_S)
            raise Retryable("no answer", 20)
        left[event.party] -= 1
        if not +left:
            others_done.set()

    kit = Kit(work)
    records = [record(f"{group}{number}", group) for group in "abcd" for number in (1, 2)]
    assert kit.run(*records) == ["a1", "a2"]
    assert kit.handled["a"] == ["a1"]
    assert kit.queue.postponed == [(["handle-a1", "handle-a2"], 20)]
    assert kit.metrics.totals() == {"retried": 1}


def test_what_ends_a_worker_ends_it_after_the_others() -> None:
    """An interpreter that is told to leave fails the whole batch, as ever; what has begun is not cut off."""
    done, both = Event(), Barrier(2)

    def work(event: Stored, turn: Turn) -> None:
        both.wait(PATIENCE_S)
        if event.party == "a":
            raise SystemExit
        done.set()

    with pytest.raises(SystemExit):
        Kit(work).run(record("a1", "a"), record("b1", "b"))
    assert done.is_set()


# What operators see


class Written(io.StringIO):
    """What is not written in one piece may have another thread's line in the middle."""

    def write(self, text: str) -> int:
        assert text.endswith("\n"), text
        return super().write(text)


@contextmanager
def told(monkeypatch: pytest.MonkeyPatch) -> Iterator[io.StringIO]:
    """Metrics and log lines, as a function writes them."""
    stream = Written()
    monkeypatch.setattr("sys.stdout", stream)
    before = log.write_to(stream)
    try:
        yield stream
    finally:
        log.write_to(before)


def test_every_line_of_metrics_and_logs_is_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    metrics, all_there = EmfMetrics(), Barrier(10)

    def work(event: Stored, turn: Turn) -> None:
        all_there.wait(PATIENCE_S)
        for number in range(200):
            metrics.count("delivered", channel="instagram", account=event.party)
            log.info("delivered", event=event.id, count=number, account=event.party)

    with told(monkeypatch) as stream:
        assert Kit(work).run(*ten()) == []
    lines = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert Counter(line["account"] for line in lines if "_aws" in line) == {str(number): 200 for number in range(10)}
    logged: defaultdict[str, list[int]] = defaultdict(list)
    for line in lines:
        if "_aws" not in line:
            logged[line["account"]].append(line["count"])
    assert logged == {str(number): list(range(200)) for number in range(10)}


# Any batch is dealt with as one after the other would be

FAULTS: dict[str, Callable[[], Exception]] = {
    "waits": lambda: Waiting("its turn", 7),
    "fails": lambda: Retryable("503", 30),
    "limited": lambda: RateLimited("429", 3),
    "wrong": lambda: Misconfigured("no key", "give it one"),
    "unforeseen": lambda: KeyError("surprise"),
}
EVENTS = st.lists(st.tuples(st.sampled_from("abcde"), st.sampled_from(["", "", "", *FAULTS])), max_size=10)


class After:
    """A pause that lasts until so many events have been begun; the next last no time."""

    def __init__(self, begun: int) -> None:
        self._left = begun
        self._changed = Condition()

    def begins(self) -> None:
        with self._changed:
            self._left -= 1
            self._changed.notify_all()

    def __call__(self, thread: Future[None]) -> None:
        thread.add_done_callback(self._ended)
        with self._changed:
            assert self._changed.wait_for(lambda: self._left <= 0 or thread.done(), PATIENCE_S)

    def _ended(self, _: Future[None]) -> None:
        with self._changed:
            self._changed.notify_all()


def outcome(
    events: list[tuple[str, str]], at_once: int, remaining: Callable[[], float], patient: int = 0
) -> dict[str, Any]:
    pause = After(patient)

    def work(event: Stored, turn: Turn) -> None:
        pause.begins()
        fault = event.id.partition("-")[2]
        if fault:
            raise FAULTS[fault]()

    kit = Kit(work, at_once, pause)
    records = [record(f"{number}-{fault}", group) for number, (group, fault) in enumerate(events)]
    failed = kit.run(*records, remaining_s=remaining)
    return {
        "failed": failed,
        "handled": dict(kit.handled),
        "postponed": kit.queue.postponed,
        "metrics": kit.metrics.totals(),
        "tries": {key: tried.count for key, tried in kit.ledger.tries.items()},
    }


@settings(max_examples=150, deadline=None)
@given(EVENTS, st.integers(2, 10), st.integers(0, 5))
def test_beside_each_other_the_outcome_is_that_of_one_after_the_other(
    events: list[tuple[str, str]], at_once: int, patient: int
) -> None:
    """So many are begun by one thread, at least, before anything is found to wait."""
    assert outcome(events, at_once, lambda: 300.0, patient) == outcome(events, 1, lambda: 300.0)


@settings(max_examples=50, deadline=None)
@given(EVENTS, st.integers(1, 10), st.integers(0, 10))
def test_without_time_each_conversation_stops_where_it_is(
    events: list[tuple[str, str]], at_once: int, looks: int
) -> None:
    lock, left = Lock(), looks

    def remaining() -> float:
        nonlocal left
        with lock:
            left -= 1
            return NEEDED_S if left >= 0 else 0.0

    told = outcome(events, at_once, remaining)
    places: defaultdict[str, list[str]] = defaultdict(list)
    for number, (group, fault) in enumerate(events):
        places[group].append(f"{number}-{fault}")
    assert sum(map(len, told["handled"].values())) <= looks
    for group, names in places.items():
        begun = told["handled"].get(group, [])
        ended = [name for name in names if name not in told["failed"]]
        assert begun == names[: len(begun)]
        assert ended == names[: len(ended)]
        assert ended == [name for name in begun if name.endswith("-")][: len(ended)]


# Who has to be alone


def test_who_is_apart_has_waited_for_the_others_and_none_begins_beside_it() -> None:
    events: list[str] = []
    beside, wants = Event(), Event()
    lock = Lock()

    def note(what: str) -> None:
        with lock:
            events.append(what)

    def work(event: Stored, turn: Turn) -> None:
        if event.id == "a1":  # a worker died over it before
            assert beside.wait(PATIENCE_S)
            wants.set()
            turn.apart()
            turn.apart()
            note("alone")
        elif event.id == "b1":
            beside.set()
            assert wants.wait(PATIENCE_S)
            note("b1")
        else:
            note(event.id)

    kit = Kit(work)
    assert kit.run(record("a1", "a"), record("b1", "b"), record("b2", "b"), record("a2", "a")) == []
    assert events.index("b1") < events.index("alone")
    assert sorted(events) == ["a2", "alone", "b1", "b2"]


def test_several_that_have_to_be_alone_take_turns() -> None:
    there, all_there = Lock(), Barrier(10)

    def work(event: Stored, turn: Turn) -> None:
        all_there.wait(PATIENCE_S)
        turn.apart()
        assert there.acquire(blocking=False)
        there.release()

    assert Kit(work).run(*ten()) == []


def test_who_cannot_be_alone_in_time_comes_again() -> None:
    ended = Event()

    def work(event: Stored, turn: Turn) -> None:
        if event.party == "a":
            both.wait(PATIENCE_S)
            try:
                turn.apart()
            finally:
                ended.set()
        else:
            both.wait(PATIENCE_S)
            assert ended.wait(PATIENCE_S)

    both = Barrier(2)
    kit = Kit(work)
    assert kit.run(record("a1", "a"), record("b1", "b"), remaining_s=lambda: NEEDED_S) == ["a1"]
    assert kit.metrics.totals() == {"waiting": 1}


class Died(BaseException):
    """The process is gone: nothing of it goes on."""


class Mortal(FakeLedger):
    """A ledger that no process writes into that has died."""

    dead = False

    def tried(self, life: str, what: str, now: float) -> Tried:
        if self.dead:
            raise Died
        return super().tried(life, what, now)


class Deaths:
    """A worker that dies over one event, beside others, until that is given up. Who began and did not end is found so
    by the next."""

    def __init__(self, groups: str) -> None:
        self.clock, self.queue, self.ledger = FakeClock(), FakeQueue(), Mortal()
        self.budgets = Budgets(self.ledger, self.clock)
        self.groups = groups
        self.begun: set[str] = set()
        self.ended: set[str] = set()
        self.worn: set[str] = set()
        self.deaths = 0

    def process(self) -> None:
        """One container's batch, to its end or its death."""
        self.ledger.dead = False
        left = [group for group in self.groups if group not in self.ended]
        self._all_there = Barrier(len([group for group in left if group not in self.begun]) or 1)
        batch = Batch(self, self.queue, self.budgets, FakeMetrics(), self.clock, lambda: 0.0, 10, impatient)
        try:
            batch.run([record(group, group) for group in left], lambda: 300.0)
        except Died:
            self.deaths += 1

    def handle(self, event: Stored, turn: Turn) -> None:
        again = event.id in self.begun
        self.begun.add(event.id)
        if again:
            try:
                self.budgets.died(turn)
            except WornOut:
                self.worn.add(event.id)
                self.ended.add(event.id)
                return
        else:
            self._all_there.wait(PATIENCE_S)
        if self.ledger.dead:
            raise Died
        if event.id == "p":
            self.ledger.dead = True
            raise Died
        if not again:  # it is not over when the other dies
            raise Died
        self.ended.add(event.id)

    def give_up(self, event: Stored, turn: Turn, reason: str) -> None:
        raise AssertionError


@pytest.mark.parametrize("groups", ["pa", "abcp", "abcdpefgh"])
def test_who_was_beside_the_one_that_kills_its_worker_is_not_given_up_with_it(groups: str) -> None:
    world = Deaths(groups)
    for _ in range(100):
        world.process()
        world.clock.advance(90)
        if world.ended == set(groups):
            break
    assert world.worn == {"p"}
    assert world.ended == set(groups)
    assert world.deaths >= BUDGETS["died"].tries
    counts = {life: tried.count for (life, what), tried in world.ledger.tries.items() if what == "died"}
    assert max(count for life, count in counts.items() if life != "id-p") == 1
