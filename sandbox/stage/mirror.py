"""A customer who is a bot: it says back whatever the brand writes, soon and for ever."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from queue import SimpleQueue
from typing import Any

from sandbox.stage.gate import Gate

Write = Callable[[str, str, str], object]
"""A customer writes to the account: account, customer, text. ValueError where they cannot."""
_WORDS = {"text", "choices"}
SOON_S = 0.5


class Mirror:
    """Every customer while it is on; `writes` are how they write, by channel. They answer one after another, beside
    whoever wrote to them, each after `soon_s`: no machine answers what its platform has only just taken."""

    def __init__(self, writes: Mapping[str, Write], soon_s: float = SOON_S) -> None:
        self._writes, self._soon_s = writes, soon_s
        self._stopping = threading.Event()
        self._on = False
        self._times = 0  # how often it was turned off: what was heard before is nobody's any more
        self._heard: SimpleQueue[tuple[int, dict[str, Any]] | None] = SimpleQueue()
        self._gate = Gate()
        self._thread = threading.Thread(target=self._loop, daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Returns when nobody answers any more."""
        self.turn(False)
        self._stopping.set()
        self._heard.put(None)
        if self._thread.is_alive():
            self._thread.join()

    def is_on(self) -> bool:
        return self._on

    def turn(self, on: bool) -> None:
        """Off, what has not been answered yet never is."""
        self._times += not on
        self._on = on

    def held(self) -> AbstractContextManager[None]:
        """Nobody answers meanwhile."""
        return self._gate.closed()

    def shown(self, event: dict[str, Any]) -> None:
        """What a customer's phone shows (sandbox/stage/screen.py)."""
        if self._on and event["side"] == "brand" and event["kind"] in _WORDS and event["text"]:
            self._heard.put((self._times, event))

    def _loop(self) -> None:
        while (heard := self._heard.get()) is not None:
            times, event = heard
            self._stopping.wait(self._soon_s)
            with self._gate.passing():
                if self._on and times == self._times:
                    self._answer(event)

    def _answer(self, event: dict[str, Any]) -> None:
        try:
            self._writes[event["channel"]](event["account"], event["customer"], event["text"])
        except ValueError as no:
            print(f"sandbox: a customer cannot write: {no}")
