"""EventBridge Scheduler on one machine: the function that runs by the clock, which can be moved."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from chalice.local import LambdaContext

from chalicelib.pipeline.chores.upkeep import STARTS_S
from sandbox.stage.aws import REGION

LOOK_S = 0.5
EVENT = {
    "version": "0", "id": "00000000-0000-0000-0000-000000000000", "account": "000000000000", "region": REGION,
    "source": "aws.events", "detail-type": "Scheduled Event", "time": "1970-01-01T00:00:00Z", "resources": [],
    "detail": {},
}  # fmt: skip


class Schedule:
    """Calls the handler whenever five minutes of the clock have gone by."""

    def __init__(self, clock: Callable[[], float], handler: Callable[[dict[str, Any], Any], Any]) -> None:
        self._clock = clock
        self._handler = handler
        self._last_s = clock()
        self._stopping = threading.Event()
        self._turn = threading.Lock()
        self._thread = threading.Thread(target=self._loop, daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Returns when no call is under way."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join()

    @contextmanager
    def held(self) -> Iterator[None]:
        """No call is under way meanwhile, and the next comes five minutes after it."""
        with self._turn:
            yield
            self._last_s = self._clock()

    def _loop(self) -> None:
        while not self._stopping.wait(LOOK_S):
            with self._turn:
                if abs(self._clock() - self._last_s) >= STARTS_S:
                    self._last_s = self._clock()
                    self._call()

    def _call(self) -> None:
        try:
            self._handler(EVENT, LambdaContext("dmdesk-upkeep", 512, 60_000))
        except Exception as error:
            print(f"sandbox: the upkeep failed: {type(error).__name__}: {error}")
