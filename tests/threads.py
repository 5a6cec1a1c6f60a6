"""Several threads at one thing, without a look at the time: a lock that tells who has come to it."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Lock, Semaphore
from typing import Any, TypeVar

T = TypeVar("T")

PATIENCE_S = 30.0
"""Only what is broken takes so long."""


class Door:
    """Stands in for a lock. Who has it may let the others come first (`met`)."""

    def __init__(self) -> None:
        self._came = Semaphore(0)
        self._lock = Lock()

    def __enter__(self) -> None:
        self._came.release()
        assert self._lock.acquire(timeout=PATIENCE_S)

    def __exit__(self, *_: object) -> None:
        self._lock.release()

    def met(self, threads: int) -> None:
        """Returns when so many have come, the one that asks among them."""
        for _ in range(threads):
            assert self._came.acquire(timeout=PATIENCE_S)


def put(owner: Any, name: str) -> Door:
    """A door in place of the owner's lock of that name."""
    door = Door()
    setattr(owner, name, door)
    return door


def together(threads: int, work: Callable[[], T]) -> list[T]:
    """What each of so many threads is answered. Raises what one of them does."""
    with ThreadPoolExecutor(threads) as pool:
        return [future.result(PATIENCE_S) for future in [pool.submit(work) for _ in range(threads)]]
