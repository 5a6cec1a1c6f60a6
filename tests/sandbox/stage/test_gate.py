"""Work passes the gate, and a reset closes it: what is inside ends first, and what comes waits."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from sandbox.stage.gate import Gate
from tests.sandbox.conftest import WAIT_S


class Parallel:
    """A function in a thread of its own, which says when it ended."""

    def __init__(self, work: Callable[[], None]) -> None:
        self._thread = threading.Thread(target=work)
        self._thread.start()

    def ended(self) -> None:
        self._thread.join(WAIT_S)
        assert not self._thread.is_alive()


def test_many_pass_at_once() -> None:
    gate, both = Gate(), threading.Barrier(3)

    def passes() -> None:
        with gate.passing():
            both.wait(WAIT_S)

    others = Parallel(passes), Parallel(passes)
    passes()
    for other in others:
        other.ended()


def test_closing_waits_for_who_is_inside_and_keeps_out_who_comes() -> None:
    gate, inside, leave = Gate(), threading.Event(), threading.Event()
    seen: list[str] = []

    def works() -> None:
        with gate.passing():
            inside.set()
            leave.wait(WAIT_S)
            seen.append("worked")

    def closes() -> None:
        with gate.closed():
            seen.append("closed")
            late.append(Parallel(comes_late))
            late[0]._thread.join(0.05)  # it cannot end, and need not have begun
            seen.append("opened")

    def comes_late() -> None:
        with gate.passing():
            seen.append("late")

    late: list[Parallel] = []
    working = Parallel(works)
    assert inside.wait(WAIT_S)
    closing = Parallel(closes)
    leave.set()
    for one in (working, closing, *late):
        one.ended()
    late[0].ended()
    assert seen == ["worked", "closed", "opened", "late"]


def test_two_close_it_one_after_the_other() -> None:
    gate = Gate()
    at_once: list[int] = []

    def closes() -> None:
        with gate.closed():
            at_once.append(1)
            assert sum(at_once) == 1
            at_once.pop()

    for one in [Parallel(closes) for _ in range(8)]:
        one.ended()


def test_whoever_fails_inside_leaves_all_the_same() -> None:
    gate = Gate()

    def fails() -> None:
        with gate.passing():
            raise RuntimeError("inside")

    with pytest.raises(RuntimeError, match="inside"):
        fails()
    with gate.closed():
        pass
    with gate.passing():
        pass
