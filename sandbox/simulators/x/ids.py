"""How X names things: numbers that tell their time, and who talks with whom."""

from __future__ import annotations

import itertools
from collections.abc import Callable

_EPOCH_MS = 1_288_834_974_657  # of snowflakes: docs.x.com/fundamentals/x-ids
_BITS = 22  # behind the milliseconds


class Snowflakes:
    """Ids that hold the millisecond at which they were made, and go up as the clock does; `clock` in epoch seconds."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock, self._count = clock, itertools.count()

    def next(self) -> str:
        made = int(self._clock() * 1000) - _EPOCH_MS
        return str((made << _BITS) + next(self._count) % (1 << _BITS))


def made_ms(snowflake: str) -> int:
    """When it was made, epoch milliseconds."""
    return (int(snowflake) >> _BITS) + _EPOCH_MS


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
