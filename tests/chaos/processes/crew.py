"""The processes of one function: as many as it may have, each at one event at a time, and a new one where one dies."""

from __future__ import annotations

import threading
from collections.abc import Callable
from multiprocessing.context import ForkServerContext, ForkServerProcess
from queue import SimpleQueue
from random import Random
from typing import Any

from sandbox.stage.poller import WorkerKilled
from tests.chaos.processes.worker import Errand, Failed, work

# A function that takes longer is ended, as Lambda does.
GRACE_S = 5.0
_STARTING = threading.Lock()


class Hand:
    """One process."""

    def __init__(self, context: ForkServerContext, *given: Any) -> None:
        """`given` is what `worker.work` begins with."""
        self._pipe, theirs = context.Pipe()
        with _STARTING:
            self.process: ForkServerProcess = context.Process(target=work, args=(*given, theirs), daemon=True)
            self.process.start()
        theirs.close()

    def do(self, errand: Errand) -> Any:
        """What the function answers. Raises EOFError or OSError where the process ended over it."""
        self._pipe.send(errand)
        if not self._pipe.poll(errand.timeout_ms / 1000 + GRACE_S):
            self.end()
        answer = self._pipe.recv()
        if isinstance(answer, Failed):
            raise RuntimeError(answer.error)
        return answer

    def end(self) -> None:
        """SIGKILL; nothing of it cleans up."""
        self.process.kill()
        self.process.join()


class Crew:
    """Calls one of them that is free; `make` makes a new one."""

    def __init__(self, size: int, make: Callable[[], Hand], errand: Callable[[dict[str, Any]], Errand]) -> None:
        self._make = make
        self._errand = errand
        self._hands = {index: make() for index in range(size)}
        self._free: SimpleQueue[int] = SimpleQueue()
        self._stopping = False
        self.died = 0
        for index in self._hands:
            self._free.put(index)

    def __call__(self, event: dict[str, Any], context: object = None) -> dict[str, Any]:
        """Raises WorkerKilled where the process died over it."""
        index = self._free.get()
        try:
            answer: dict[str, Any] = self._hands[index].do(self._errand(event))
        except (EOFError, OSError):
            self._replace(index)
            raise WorkerKilled("killed") from None
        finally:
            self._free.put(index)
        return answer

    def kill_one(self, random: Random) -> None:
        """Whatever it is at."""
        self._hands[random.randrange(len(self._hands))].process.kill()

    def stop(self) -> None:
        self._stopping = True
        for hand in self._hands.values():
            hand.end()

    def _replace(self, index: int) -> None:
        self._hands[index].end()
        self.died += 1
        if not self._stopping:
            self._hands[index] = self._make()
