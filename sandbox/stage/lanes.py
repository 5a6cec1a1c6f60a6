"""Threads that do things later, each in its turn."""

from __future__ import annotations

import heapq
import itertools
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

Job = TypeVar("Job")
_JOIN_S = 10.0


@dataclass
class Lane(Generic[Job]):
    """One thread that does its jobs at their time, one after the other. It starts with its first job."""

    run: Callable[[Job], object]
    _jobs: list[tuple[float, int, Job]] = field(default_factory=list)
    _turn: itertools.count[int] = field(default_factory=itertools.count)
    _wake: threading.Condition = field(default_factory=threading.Condition)
    _thread: threading.Thread | None = None
    _stopped: bool = False
    _busy: bool = False

    def push(self, delay_s: float, job: Job) -> None:
        with self._wake:
            if self._stopped:
                return
            heapq.heappush(self._jobs, (time.monotonic() + delay_s, next(self._turn), job))
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, daemon=True)
                self._thread.start()
            self._wake.notify_all()

    def clear(self) -> None:
        """Returns when the job that it is at has ended."""
        with self._wake:
            self._jobs.clear()
            self._wake.wait_for(lambda: not self._busy)

    def stop(self) -> None:
        with self._wake:
            self._stopped = True
            self._jobs.clear()
            self._wake.notify_all()
        if self._thread:
            self._thread.join(_JOIN_S)

    def _work(self) -> None:
        while job := self._next():
            self.run(job)

    def _next(self) -> Job | None:
        with self._wake:
            self._busy = False
            self._wake.notify_all()
            while not self._stopped:
                wait = self._jobs[0][0] - time.monotonic() if self._jobs else None
                if wait is not None and wait <= 0:
                    self._busy = True
                    return heapq.heappop(self._jobs)[2]
                self._wake.wait(wait)
        return None
