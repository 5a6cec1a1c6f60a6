"""Who fails again and again is left alone, then tried once."""

from __future__ import annotations

from chalicelib.pipeline.front.breaker import LONG_S, OPEN_S, Breaker
from tests.fakes import FakeClock


def failing(breaker: Breaker, times: int) -> None:
    for _ in range(times):
        breaker.failed("a")


def test_three_failures_within_a_minute_open_it() -> None:
    breaker = Breaker(FakeClock())
    failing(breaker, 2)
    assert breaker.admits("a")
    failing(breaker, 1)
    assert not breaker.admits("a")
    assert breaker.admits("b")


def test_three_in_more_than_a_minute_do_not() -> None:
    clock = FakeClock()
    breaker = Breaker(clock)
    for _ in range(10):
        breaker.failed("a")
        clock.advance(31)
        assert breaker.admits("a")


def test_once_the_time_is_over_one_may_try() -> None:
    clock = FakeClock()
    breaker = Breaker(clock)
    failing(breaker, 3)
    clock.advance(OPEN_S)
    assert [breaker.admits("a") for _ in range(3)] == [True, False, False]
    failing(breaker, 1)
    clock.advance(OPEN_S - 1)
    assert not breaker.admits("a")
    clock.advance(1)
    assert breaker.admits("a")
    breaker.worked("a")
    failing(breaker, 2)
    assert breaker.admits("a")


def test_what_somebody_has_to_set_right_rests_longer() -> None:
    clock = FakeClock()
    breaker = Breaker(clock)
    breaker.failed("a", long=True)
    clock.advance(LONG_S - 1)
    assert not breaker.admits("a")
    clock.advance(1)
    assert breaker.admits("a")
