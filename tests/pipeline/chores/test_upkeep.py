"""The list of chores."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.errors import Misconfigured, Retryable
from chalicelib.observability import log
from chalicelib.pipeline.chores.upkeep import Upkeep
from tests.fakes import FakeClock, FakeMetrics


class Does:
    """Notes when it ran; fails with what it is given."""

    def __init__(self, name: str, error: BaseException | None = None, clock: FakeClock | None = None) -> None:
        self.name, self.error, self.clock = name, error, clock
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
    Upkeep(chores, FakeClock(), metrics).run()
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
        Upkeep(chores, FakeClock(), metrics).run()
    assert [len(chore.runs) for chore in chores] == [1, 1]
    assert metrics.total("chore_failed", chore="second") == 1


def test_every_chore_is_told_when_the_run_began() -> None:
    clock = FakeClock()
    began = clock()
    chores = [Does("first", clock=clock), Does("second", clock=clock)]
    Upkeep(chores, clock, FakeMetrics()).run()
    assert [chore.runs for chore in chores] == [[began], [began]]


def test_nothing_to_do_is_no_failure() -> None:
    Upkeep([], FakeClock(), FakeMetrics()).run()


class Killed(BaseException):
    """The function ends here."""


def test_what_ends_the_function_ends_the_run() -> None:
    chores = [Does("first", Killed()), Does("second")]
    with pytest.raises(Killed):
        Upkeep(chores, FakeClock(), FakeMetrics()).run()
    assert chores[1].runs == []
