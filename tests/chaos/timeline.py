"""Time in which several things happen at once, on a clock that nobody waits for; and the steps that may break."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from heapq import heappop, heappush
from itertools import count
from math import inf
from typing import Any, Literal

from greenlet import getcurrent, greenlet  # type: ignore[import-untyped]  # greenlet has no types

from tests.fakes import FakeClock


class Killed(BaseException):
    """The process is gone."""


@dataclass(frozen=True)
class _Task:
    """Something that is done beside other things. Its process is killed where it is not done by `until_s`."""

    thread: Any
    until_s: float


class Timeline:
    """Runs tasks in the order of the clock, one at a time: only where one waits does another go on."""

    def __init__(self, clock: FakeClock) -> None:
        self.clock = clock
        self._due: list[tuple[float, int, _Task]] = []
        self._numbers = count()
        self._hub: Any = None
        self._at_work: _Task | None = None
        self.quiet: Callable[[float], bool] = lambda until_s: False
        """Whether nobody but the tasks has anything to do before then, nor then (epoch s)."""

    def at(self, when_s: float, work: Callable[[], object], until_s: float = inf) -> None:
        """Begins the work then (epoch s)."""
        self._push(when_s, _Task(greenlet(work), until_s))

    def wait(self, seconds: float) -> None:
        """Lets time pass for whoever calls. Raises Killed where the task has no more of it."""
        task = self._at_work
        if task is None:
            self.clock.advance(seconds)
            return
        awake_s = self.clock() + seconds
        if awake_s < self.next_s and awake_s <= task.until_s and self.quiet(awake_s):
            self.clock.now = awake_s  # nothing happens meanwhile
            return
        self._push(min(awake_s, task.until_s), task)
        self._hub.switch()
        if awake_s > task.until_s:
            raise Killed

    @property
    def next_s(self) -> float:
        """When the next thing happens (epoch s, infinite where nothing will)."""
        return self._due[0][0] if self._due else inf

    def go(self) -> None:
        """Lets the next thing happen."""
        when_s, _, task = heappop(self._due)
        self.clock.now = max(self.clock.now, when_s)
        self._hub = task.thread.parent = getcurrent()
        self._at_work = task
        try:
            task.thread.switch()
        finally:
            self._at_work = None

    def _push(self, when_s: float, task: _Task) -> None:
        heappush(self._due, (when_s, next(self._numbers), task))


# What may happen to a call of AWS': "throttle" and "reset" come before it has any effect, "lost" loses its answer.
AwsFault = Literal["throttle", "reset", "lost"]
When = Literal["before", "after"]
LOST_S = 5.0


class Steps:
    """Every step that leaves a process. One of them may kill it, before or after its effect; AWS' own may fail."""

    def __init__(self, timeline: Timeline) -> None:
        self._timeline = timeline
        self.names: list[str] = []
        self.failed: Counter[str] = Counter()
        """How often each step has failed for a fault of AWS'."""
        self.kill_at: Callable[[int, str], When | None] = lambda number, name: None
        self.fails: Callable[[int, str], AwsFault | None] = lambda number, name: None
        self.repeats: Callable[[int, str], bool] = lambda number, name: False
        """Whether botocore does it twice, the answer to the first being lost, and tells the second."""
        self.pace: Callable[[], float] = lambda: 1.0
        """How much longer than usual a step takes."""

    def step(
        self, name: str, work: Callable[[], Any], takes_s: float, failure: Callable[[AwsFault], Exception] | None = None
    ) -> Any:
        """Does the work in the middle of so long (seconds). `failure` is how a fault of AWS' looks to the caller."""
        number = len(self.names)
        self.names.append(name)
        half_s = takes_s * self.pace() / 2
        dies = self.kill_at(number, name)
        fault = self.fails(number, name) if failure else None
        self._timeline.wait(half_s)
        if dies == "before":
            raise Killed
        self.failed[name] += fault is not None
        try:
            if failure and fault in {"throttle", "reset"}:
                raise failure(fault)
            result = work()
            if self.repeats(number, name):
                result = work()
        finally:
            if dies == "after":
                raise Killed
        if failure and fault:
            self._timeline.wait(LOST_S)
            raise failure(fault)
        self._timeline.wait(half_s)
        return result
