"""Work that several threads ask for at once is done by one of them, and waited for once."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from chalicelib.sharing import Shared
from tests.threads import put, together

THREADS = 6


def shared_by_all(outcome: Callable[[], str]) -> tuple[list[str], int]:
    """What each of several threads is told that asked at the same time, and how often the work was done."""
    shared: Shared[str] = Shared()
    door, times = put(shared, "_lock"), 0

    def work() -> str:
        nonlocal times
        times += 1
        door.met(THREADS)
        return outcome()

    def told() -> str:
        try:
            return shared(work)
        except KeyError as error:
            return repr(error)

    return together(THREADS, told), times


def says() -> str:
    return "found"


def fails() -> str:
    raise KeyError("nobody answers")


def test_who_asks_meanwhile_is_told_the_same() -> None:
    assert shared_by_all(says) == (["found"] * THREADS, 1)


def test_what_does_not_answer_is_waited_for_once() -> None:
    assert shared_by_all(fails) == (["KeyError('nobody answers')"] * THREADS, 1)


def test_one_after_the_other_each_asks_anew() -> None:
    shared: Shared[str] = Shared()
    answers = iter(["one", "two"])
    assert [shared(lambda: next(answers)) for _ in range(2)] == ["one", "two"]


def test_an_error_is_raised_and_forgotten() -> None:
    shared: Shared[str] = Shared()
    with pytest.raises(KeyError):
        shared(fails)
    assert shared(says) == "found"
