"""How X names things: numbers that tell their time, and who talks with whom."""

from __future__ import annotations

import threading
from collections.abc import Callable

_EPOCH_MS = 1_288_834_974_657  # of snowflakes: docs.x.com/fundamentals/x-ids


class Snowflakes:
    """Ids that go up and hold the millisecond at which they were made; `clock` in epoch seconds."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock, self._last, self._lock = clock, 0, threading.Lock()

    def next(self) -> str:
        with self._lock:
            fresh = (int(self._clock() * 1000) - _EPOCH_MS) << 22
            self._last = max(self._last + 1, fresh)
            return str(self._last)


def made_ms(snowflake: str) -> int:
    """When it was made, epoch milliseconds."""
    return (int(snowflake) >> 22) + _EPOCH_MS


def is_group(conversation: str) -> bool:
    return conversation.startswith("g")


def between(one: str, other: str) -> str:
    """The conversation of two people as it is signed; a group's id stands for itself."""
    if is_group(other):
        return other
    return ":".join(sorted((one, other), key=int))


def in_path(conversation: str) -> str:
    """As it stands in addresses, and in what people see: no colon."""
    return conversation.replace(":", "-")
