"""Who gets a thread beside others: nobody while things end, all once nothing does. The pause is the test's."""

from __future__ import annotations

import concurrent.futures
from collections.abc import Callable
from concurrent.futures import Future
from threading import Barrier, Event, Semaphore, Thread, current_thread
from threading import enumerate as threads_alive
from unittest.mock import Mock

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.pipeline.beside import QUIET_S, Pause, beside, quiet
from chalicelib.sharing import _READY
from tests.kits import impatient

PATIENCE_S = 30.0
"""Only what is broken takes so long."""
TEN = list(range(10))


def patient(thread: Future[None]) -> None:
    """Sees everything end."""
    thread.exception(PATIENCE_S)


class Done:
    """Work that notes who did what, in the order in which it began."""

    def __init__(self, also: Callable[[int], object] = lambda one: None) -> None:
        self.threads: dict[int, Thread] = {}
        self._also = also

    def __call__(self, one: int) -> int:
        self.threads[one] = current_thread()
        self._also(one)
        return one * one


def test_what_ends_soon_is_done_by_one_thread_one_after_the_other() -> None:
    work = Done()
    assert beside(work, TEN, 10, patient) == [one * one for one in TEN]
    assert list(work.threads) == TEN
    assert len(set(work.threads.values())) == 1


def test_one_begins_alone_and_all_others_when_nothing_has_ended() -> None:
    first, all_there = Event(), Barrier(10)
    looks: list[list[int]] = []

    def also(one: int) -> None:
        first.set()
        all_there.wait(PATIENCE_S)

    def pause(thread: Future[None]) -> None:
        assert first.wait(PATIENCE_S)
        looks.append(list(work.threads))

    work = Done(also)
    assert beside(work, TEN, 10, pause) == [one * one for one in TEN]
    assert looks == [[0]]
    assert len(set(work.threads.values())) == 10


@pytest.mark.parametrize("quick", [1, 2, 5, 8])
def test_while_one_ends_in_each_pause_none_begins_beside_it(quick: int) -> None:
    """So many end, each in a pause of its own; the rest wait, and are all begun."""
    begun, may_end, all_there = [Event() for _ in TEN], Semaphore(0), Barrier(10 - quick)
    looks: list[list[int]] = []

    def also(one: int) -> None:
        begun[one].set()
        assert may_end.acquire(timeout=PATIENCE_S) if one < quick else all_there.wait(PATIENCE_S) >= 0

    def pause(thread: Future[None]) -> None:
        at = len(looks)
        assert begun[at].wait(PATIENCE_S)
        looks.append(list(work.threads))
        if at < quick:
            may_end.release()
            assert begun[at + 1].wait(PATIENCE_S)

    work = Done(also)
    assert beside(work, TEN, 10, pause) == [one * one for one in TEN]
    assert looks == [TEN[: number + 1] for number in range(quick + 1)]
    threads = list(work.threads.values())
    assert set(threads[: quick + 1]) == {threads[0]}
    assert len(set(threads)) == 10 - quick


@pytest.mark.parametrize(("at_once", "given"), [(1, 10), (10, 1), (10, 0)])
def test_what_is_alone_needs_no_thread(at_once: int, given: int) -> None:
    work = Done()
    assert beside(work, TEN[:given], at_once, impatient) == [one * one for one in TEN[:given]]
    assert set(work.threads.values()) <= {current_thread()}


@pytest.mark.parametrize("pause", [patient, impatient])
def test_what_fails_is_raised_when_all_has_ended_and_nothing_more_begins(pause: Pause) -> None:
    """The first waits for the second where that is beside it, and for nobody where it is not."""
    second = Event()

    def also(one: int) -> None:
        if one == 0 and pause is impatient:
            assert second.wait(PATIENCE_S)
        if one == 1:
            second.set()
        raise SystemExit(f"number {one}")

    work = Done(also)
    with pytest.raises(SystemExit):
        beside(work, TEN, 2, pause)
    assert list(work.threads) == ([0, 1] if pause is impatient else [0])
    assert not [thread for thread in threads_alive() if thread in work.threads.values()]


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 12), st.integers(1, 12), st.sampled_from([patient, impatient]))
def test_each_is_done_once_and_answered_in_its_place(count: int, at_once: int, pause: Pause) -> None:
    begun: list[int] = []
    assert beside(Done(begun.append), range(count), at_once, pause) == [one * one for one in range(count)]
    assert sorted(begun) == list(range(count))


def test_types_are_looked_at_while_there_is_no_thread() -> None:
    class New(msgspec.Struct):
        number: int = 1

    assert New not in _READY
    assert beside(lambda one: New in _READY, [1, 2], 2, patient) == [True, True]


def test_the_pause_of_a_deployment_ends_with_the_thread_or_after_a_few_milliseconds(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    wait = Mock(wraps=concurrent.futures.wait)
    monkeypatch.setattr(concurrent.futures, "wait", wait)
    thread: Future[None] = Future()
    thread.set_result(None)
    quiet(thread)
    wait.assert_called_once_with([thread], QUIET_S)
    assert 0.003 <= QUIET_S <= 0.01
