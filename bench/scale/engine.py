"""Discrete events: a clock, what happens next, and the few things that work waits for.

A heap and a loop of our own and not a library: SimPy would be one more thing to lock, to license and to keep new, for
the thirty lines below; what else a model needs (queues by group, windows, buckets) it does not have either.
"""

from __future__ import annotations

import heapq
import math
from collections import deque
from collections.abc import Callable

Action = Callable[[], None]


class Engine:
    """The clock (s), and what is to happen, in its order; what falls together goes in the order it was asked for."""

    def __init__(self) -> None:
        self.now = 0.0
        self._heap: list[tuple[float, int, Action]] = []
        self._count = 0

    def after(self, seconds: float, action: Action) -> None:
        """Does it so many seconds from now (not below 0)."""
        self._count += 1
        heapq.heappush(self._heap, (self.now + seconds, self._count, action))

    def run(self, until: float = math.inf) -> None:
        """Until nothing is to happen any more, or that moment (s)."""
        while self._heap and self._heap[0][0] <= until:
            self.now, _, action = heapq.heappop(self._heap)
            action()


class Busy:
    """How much of something is in use, over time: its integral tells utilisation and, by Little's law, a mean wait."""

    def __init__(self, engine: Engine) -> None:
        self._engine, self._since = engine, engine.now
        self.level = self.most = 0
        self.integral = 0.0

    def change(self, by: int) -> None:
        """So many more (or fewer) from now on."""
        self.integral += self.level * (self._engine.now - self._since)
        self._since = self._engine.now
        self.level += by
        self.most = max(self.most, self.level)


class Station:
    """So many servers with one line before them, first come first served."""

    def __init__(self, engine: Engine, servers: int) -> None:
        self._engine, self.servers = engine, servers
        self.busy, self.line = Busy(engine), Busy(engine)
        self._waiting: deque[tuple[float, Action]] = deque()

    def serve(self, seconds: float, done: Action) -> None:
        """Takes a server for so long, as soon as there is one."""
        if self.busy.level < self.servers:
            self._begin(seconds, done)
        else:
            self.line.change(1)
            self._waiting.append((seconds, done))

    def _begin(self, seconds: float, done: Action) -> None:
        def end() -> None:
            self.busy.change(-1)
            if self._waiting:
                self.line.change(-1)
                self._begin(*self._waiting.popleft())
            done()

        self.busy.change(1)
        self._engine.after(seconds, end)


class Bucket:
    """A rate with a burst: so many a second, so many at once."""

    def __init__(self, engine: Engine, rate: float, burst: float) -> None:
        self._engine, self.rate, self._burst = engine, rate, burst
        self._left, self._at = burst, engine.now
        self.taken = self.refused = 0.0

    def most(self, seconds: float) -> float:
        """What can be had of it in so long."""
        return self._burst + self.rate * seconds

    def take(self, units: float = 1.0) -> bool:
        """Whether so much may be had now; what may, counts."""
        self._left = min(self._burst, self._left + (self._engine.now - self._at) * self.rate)
        self._at = self._engine.now
        if self._left < units:
            self.refused += units
            return False
        self._left -= units
        self.taken += units
        return True


class Window:
    """So many in any span of time, as Genesys Cloud counts calls of a client; what is refused does not count."""

    def __init__(self, engine: Engine, limit: int, seconds: float) -> None:
        self._engine, self.limit, self.seconds = engine, limit, seconds
        self._calls: deque[float] = deque()
        self.taken = self.refused = 0

    def most(self, seconds: float) -> float:
        """What can be had of it in so long: a span's worth at its beginning, and as many after each span."""
        return float(self.limit * max(1, math.ceil(seconds / self.seconds)))

    def take(self) -> float:
        """0 where one more may be made now, and then it counts; else how long to stay away (whole seconds)."""
        now = self._engine.now
        while self._calls and self._calls[0] <= now - self.seconds:
            self._calls.popleft()
        if len(self._calls) >= self.limit:
            self.refused += 1
            return max(1.0, math.ceil(self._calls[0] + self.seconds - now))
        self._calls.append(now)
        self.taken += 1
        return 0.0
