"""An SQS FIFO queue and the functions that its event source mapping runs.

As many at once as there are active message groups, up to the maximum concurrency; what is of a group that is at work,
or rests, is not handed out. docs.aws.amazon.com/lambda/latest/dg/services-sqs-scaling.html
"""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Callable
from typing import NamedTuple

from bench.scale.engine import Action, Busy, Engine

Done = Callable[[float | None], None]


class Message(NamedTuple):
    """What waits: its group, what it is, when it came (s), its number, and how often it was handed out before."""

    group: str
    kind: str
    came: float
    number: int
    looks: int = 0


class Group:
    """A conversation's messages, in order. It is handed out where it is neither at work nor resting."""

    __slots__ = ("line", "open")

    def __init__(self) -> None:
        self.line: deque[Message] = deque()
        self.open = True


class Fifo:
    """The queue and its workers. `work` does one message for the worker of that number, and tells `done` None, or the
    seconds for which it, and what is behind it in its group, shall rest."""

    def __init__(
        self,
        engine: Engine,
        work: Callable[[Message, int, Done], None],
        *,
        workers: int,
        batch: int = 10,
        overlap: int = 1,
        poll_s: float = 0.0,
        cold_s: float = 0.0,
    ) -> None:
        """A batch's groups go `overlap` at a time; a worker's first batch waits for `cold_s`, each for `poll_s`."""
        self._engine, self._work = engine, work
        self._batch, self._overlap, self._poll_s, self._cold_s = batch, overlap, poll_s, cold_s
        self._idle = list(range(workers - 1, -1, -1))
        self._warm: set[int] = set()
        self._groups: dict[str, Group] = {}
        self._ready: list[tuple[float, int, str]] = []  # by how long the first of each has been there
        self._awake = False
        self.workers = workers
        self.busy, self.waiting = Busy(engine), Busy(engine)
        self.batches = self.looks = self.ended = 0

    def put(self, message: Message) -> None:
        """At the end of its group."""
        group = self._groups.setdefault(message.group, Group())
        group.line.append(message)
        self.waiting.change(1)
        if group.open and len(group.line) == 1:
            self._lies_ready(message.group, message)

    def oldest_s(self) -> float:
        """How long the oldest has been there."""
        return max((self._engine.now - one.line[0].came for one in self._groups.values() if one.line), default=0.0)

    def _lies_ready(self, name: str, first: Message) -> None:
        """What comes at one moment is handed out together."""
        heapq.heappush(self._ready, (first.came, first.number, name))
        if not self._awake:
            self._awake = True
            self._engine.after(0.0, self._hand_out)

    def _hand_out(self) -> None:
        self._awake = False
        while self._idle and self._ready:
            worker, taken, room = self._idle.pop(), deque[tuple[str, deque[Message]]](), self._batch
            while room and self._ready:
                name = heapq.heappop(self._ready)[2]
                group = self._groups[name]
                group.open = False
                mine = deque(group.line.popleft() for _ in range(min(room, len(group.line))))
                room -= len(mine)
                taken.append((name, mine))
            cold = 0.0 if worker in self._warm else self._cold_s
            self._warm.add(worker)
            self.batches += 1
            self.busy.change(1)
            self._engine.after(self._poll_s + cold, _Run(self, worker, taken).begin)

    def _over(self, worker: int, rests: list[tuple[str, deque[Message], float]], ended: list[str]) -> None:
        self.busy.change(-1)
        self._idle.append(worker)
        for name in ended:
            self._open(name)
        for name, left, seconds in rests:
            again = [one._replace(looks=one.looks + 1) for one in left]
            self._groups[name].line.extendleft(reversed(again))
            self._engine.after(seconds, self._opening(name))
        if self._ready and not self._awake:
            self._awake = True
            self._engine.after(0.0, self._hand_out)

    def _opening(self, name: str) -> Action:
        return lambda: self._open(name)

    def _open(self, name: str) -> None:
        group = self._groups[name]
        if group.line:
            group.open = True
            self._lies_ready(name, group.line[0])
        else:
            del self._groups[name]


class _Run:
    """One batch at its worker."""

    def __init__(self, queue: Fifo, worker: int, taken: deque[tuple[str, deque[Message]]]) -> None:
        self._queue, self._worker, self._taken = queue, worker, taken
        self._rests: list[tuple[str, deque[Message], float]] = []
        self._ended: list[str] = []
        self._lanes = 0

    def begin(self) -> None:
        """So many groups at a time as overlap."""
        for _ in range(min(self._queue._overlap, len(self._taken))):
            self._lanes += 1
            self._next()

    def _next(self) -> None:
        if self._taken:
            self._one(*self._taken.popleft())
            return
        self._lanes -= 1
        if not self._lanes:
            self._queue._over(self._worker, self._rests, self._ended)

    def _one(self, name: str, line: deque[Message]) -> None:
        if not line:
            self._ended.append(name)
            self._next()
            return

        def done(rests: float | None) -> None:
            self._queue.looks += 1
            if rests is not None:
                self._rests.append((name, line, rests))
                self._next()
                return
            line.popleft()
            self._queue.ended += 1
            self._queue.waiting.change(-1)
            self._one(name, line)

        self._queue._work(line[0], self._worker, done)
