"""What a worker's threads spend is the worker's; what others spend is not."""

from __future__ import annotations

import threading
from collections.abc import Callable

from bench.threads import Meter


class Spent(threading.local):
    """What each thread has spent (s)."""

    s = 0.0

    def spend(self, s: float) -> None:
        self.s += s


def joined(*works: Callable[[], None]) -> None:
    threads = [threading.Thread(target=work) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def test_threads_of_the_work_count_and_those_of_theirs() -> None:
    spent = Spent()
    meter = Meter(lambda: spent.s)

    def nested() -> None:
        spent.spend(10)
        joined(lambda: spent.spend(100))

    def work() -> str:
        spent.spend(1)
        joined(nested, lambda: spent.spend(1000))
        return "done"

    with meter.counting():
        assert meter.timed(work)() == "done"
    assert meter.spent_s == 1111


def test_what_is_not_the_works_does_not_count() -> None:
    spent = Spent()
    meter = Meter(lambda: spent.s)
    with meter.counting():
        spent.spend(1)
        joined(lambda: spent.spend(10))
        meter.timed(lambda: spent.spend(100))()
        joined(lambda: spent.spend(1000))
    meter.timed(lambda: joined(lambda: spent.spend(10_000)))()
    assert meter.spent_s == 100


def test_what_fails_has_spent_as_well() -> None:
    spent = Spent()
    meter = Meter(lambda: spent.s)

    def work() -> None:
        spent.spend(1)
        raise KeyError

    with meter.counting():
        for _ in range(2):
            try:
                meter.timed(work)()
            except KeyError:
                joined(lambda: spent.spend(10))
    assert meter.spent_s == 2
