"""The list of chores."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.errors import Misconfigured, Retryable
from chalicelib.observability import log
from chalicelib.pipeline.chores.upkeep import LEASE_S, STARTS_S, Upkeep
from tests.fakes import FakeClock, FakeMetrics, FakeRuns


class Does:
    """Notes when it ran; fails with what it is given."""

    def __init__(
        self, name: str, error: BaseException | None = None, clock: FakeClock | None = None, every_s: float = 3600.0
    ) -> None:
        self.name, self.error, self.clock, self.every_s = name, error, clock, every_s
        self.runs: list[float] = []

    def run(self, now: float) -> None:
        self.runs.append(now)
        if self.clock:
            self.clock.advance(5)
        if self.error:
            raise self.error


TROUBLES = [Retryable("table busy"), Misconfigured("aws", "give it its role"), KeyError("customer"), OSError("disk")]


@pytest.mark.parametrize("trouble", TROUBLES, ids=lambda trouble: type(trouble).__name__)
def test_a_chore_that_fails_stops_no_other_and_is_told_by_name(
    trouble: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    metrics = FakeMetrics()
    told: list[tuple[str, dict[str, Any]]] = []
    monkeypatch.setattr(log, "error", lambda outcome, **facts: told.append((outcome, facts)))
    chores = [Does("first", trouble), Does("second")]
    Upkeep(chores, FakeRuns(), FakeClock(), metrics).run()
    assert [len(chore.runs) for chore in chores] == [1, 1]
    assert metrics.total("chore_failed", chore="first") == 1
    assert metrics.total("chore_failed") == 1
    ((outcome, facts),) = told
    assert (outcome, facts["kind"]) == ("chore failed", "first")
    assert facts["advice"] == getattr(trouble, "advice", facts["advice"])
    assert "customer" not in facts["detail"]  # an exception's words may quote one's


def test_a_run_fails_as_its_first_chore_where_none_succeeded() -> None:
    metrics = FakeMetrics()
    chores = [Does("first", TROUBLES[0]), Does("second", TROUBLES[2])]
    with pytest.raises(Retryable, match="table busy"):
        Upkeep(chores, FakeRuns(), FakeClock(), metrics).run()
    assert [len(chore.runs) for chore in chores] == [1, 1]
    assert metrics.total("chore_failed", chore="second") == 1


def test_every_chore_is_told_when_the_run_began() -> None:
    clock = FakeClock()
    began = clock()
    chores = [Does("first", clock=clock), Does("second", clock=clock)]
    Upkeep(chores, FakeRuns(), clock, FakeMetrics()).run()
    assert [chore.runs for chore in chores] == [[began], [began]]


def test_nothing_to_do_is_no_failure() -> None:
    Upkeep([], FakeRuns(), FakeClock(), FakeMetrics()).run()


class Killed(BaseException):
    """The function ends here."""


def test_what_ends_the_function_ends_the_run() -> None:
    chores = [Does("first", Killed()), Does("second")]
    with pytest.raises(Killed):
        Upkeep(chores, FakeRuns(), FakeClock(), FakeMetrics()).run()
    assert chores[1].runs == []


HOUR_S = 3600.0


class Kit:
    """Starts at the times that a test gives, on one clock and one memory."""

    def __init__(self, *chores: Does) -> None:
        self.clock, self.runs = FakeClock(), FakeRuns()
        self.upkeep = Upkeep(chores, self.runs, self.clock, FakeMetrics())

    def start(self, later_s: float = 0.0) -> None:
        self.clock.advance(later_s)
        try:
            self.upkeep.run()
        except (Retryable, Killed):
            return


def test_each_chore_is_done_as_often_as_it_says_however_late_the_starts_come() -> None:
    hourly, always = Does("hourly"), Does("always", every_s=STARTS_S)
    kit = Kit(hourly, always)
    began = kit.clock()
    for number in range(37):
        late_s = 55.0 if number % 2 else 3.0
        kit.clock.advance(began + number * STARTS_S + late_s - kit.clock())
        kit.start()
    assert [round((at - began) / HOUR_S) for at in hourly.runs] == [0, 1, 2, 3]
    assert len(always.runs) == 37


def test_a_start_that_is_doubled_or_late_does_nothing_twice_and_misses_nothing() -> None:
    hourly, always = Does("hourly"), Does("always", every_s=STARTS_S)
    kit = Kit(hourly, always)
    for later_s in (0.0, 0.0, 60.0, 5 * HOUR_S, 0.0):
        kit.start(later_s)
    assert (len(hourly.runs), len(always.runs)) == (2, 2)


def test_a_start_beside_another_leaves_alone_what_that_one_does(monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = Does("first"), Does("second")
    kit = Kit(first, second)
    ran = first.run

    def meanwhile(now: float) -> None:
        ran(now)
        monkeypatch.setattr(first, "run", ran)
        kit.upkeep.run()

    monkeypatch.setattr(first, "run", meanwhile)
    kit.start()
    assert (len(first.runs), len(second.runs)) == (1, 1)


@pytest.mark.parametrize(("error", "rests_s"), [(Retryable("busy"), 0.0), (Killed(), LEASE_S + 1)])
def test_what_did_not_come_to_its_end_is_done_at_the_next_start(error: BaseException, rests_s: float) -> None:
    chore = Does("tokens", error)
    kit = Kit(chore)
    kit.start()
    chore.error = None
    kit.start(rests_s)
    kit.start(1.0)
    assert len(chore.runs) == 2


def test_a_last_run_that_a_wrong_clock_wrote_holds_up_nothing() -> None:
    chore = Does("tokens")
    kit = Kit(chore)
    kit.runs.ended["tokens"] = kit.clock() + 365 * 24 * HOUR_S
    kit.start()
    assert len(chore.runs) == 1


def test_what_cannot_be_written_at_the_end_is_no_failure_and_is_done_again(monkeypatch: pytest.MonkeyPatch) -> None:
    def busy(*_: object) -> None:
        raise Retryable("table busy")

    chore = Does("tokens")
    kit = Kit(chore)
    with monkeypatch.context() as patched:
        patched.setattr(kit.runs, "end", busy)
        kit.upkeep.run()
    kit.start(STARTS_S)
    assert len(chore.runs) == 2


def test_where_nobody_knows_what_is_due_the_run_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    def busy() -> dict[str, float]:
        raise Retryable("table busy")

    chore = Does("tokens")
    kit = Kit(chore)
    monkeypatch.setattr(kit.runs, "last", busy)
    with pytest.raises(Retryable):
        kit.upkeep.run()
    assert chore.runs == []
