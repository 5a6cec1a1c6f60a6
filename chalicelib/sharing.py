"""What several threads ask for at once, and one of them fetches."""

from __future__ import annotations

from collections.abc import Callable
from threading import Lock
from typing import Generic, TypeVar

Found = TypeVar("Found")


class Shared(Generic[Found]):
    """Work that only one thread is at: who asks meanwhile waits, and gets what came of it, an error too. So what does
    not answer is waited for once, and not by one after the other."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._ended = 0
        self._outcome: Callable[[], Found]

    def __call__(self, work: Callable[[], Found]) -> Found:
        """What the work answers, or answered to another thread while this one waited. Raises as the work does."""
        known = self._ended
        with self._lock:
            if self._ended == known:
                self._outcome = _done(work)
                self._ended += 1
            outcome = self._outcome
        return outcome()


def _done(work: Callable[[], Found]) -> Callable[[], Found]:
    try:
        found = work()
    except Exception as error:
        failed = error
    else:
        return lambda: found

    def fails() -> Found:
        raise failed.with_traceback(None)

    return fails
