"""Processor time of work that begins threads: theirs is its own."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch


class Meter:
    """What timed work has spent (s), in whichever threads: those that it begins count when they end."""

    def __init__(self, clock: Callable[[], float] = time.thread_time) -> None:
        """`clock` answers what the thread that asks has spent (s)."""
        self.spent_s = 0.0
        self._clock = clock
        self._here = threading.local()
        self._lock = threading.Lock()

    def timed(self, work: Callable[..., Any]) -> Callable[..., Any]:
        """The same work, timed."""

        def run(*given: Any, **named: Any) -> Any:
            start, self._here.working = self._clock(), True
            try:
                return work(*given, **named)
            finally:
                self._here.working = False
                with self._lock:
                    self.spent_s += self._clock() - start

        return run

    @contextmanager
    def counting(self) -> Iterator[None]:
        """Threads that timed work begins meanwhile are timed, too."""
        start = threading.Thread.start

        def begun(thread: threading.Thread) -> None:
            if getattr(self._here, "working", False):
                vars(thread)["run"] = self.timed(thread.run)
            start(thread)

        with patch.object(threading.Thread, "start", begun):
            yield
