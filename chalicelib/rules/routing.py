"""Which app has a conversation, by what was told of it in whatever order, and what that lets us do: pure.

The newest telling wins, and of two of the same moment the one that would lose a customer's message otherwise: so any
order, and any repetition, leads to the same holder.
"""

from __future__ import annotations

from typing import Literal

from chalicelib.vocabulary.capabilities import DAY_S
from chalicelib.vocabulary.front import Routing
from chalicelib.vocabulary.records import NOBODY, US, Thread

# Control lasts for so long after the customer's newest message, unless it was prolonged (ms): so the one platform
# documents it that has such a thing (its routing.py names the page).
LASTS_MS = int(DAY_S * 1000)

Standing = Literal["ours", "lapsed", "theirs"]
"""Ours to write in; ours until a while ago, or nobody's, so that the platform has to be asked; another app's."""


def is_newer(by: str, at_ms: int, held: Thread) -> bool:
    """Whether what is told of then (epoch ms) says at least as new a thing as what is remembered. That a customer
    wrote to us says that it was ours then, and is not written down once more."""
    if by != US and held.holder in {"", US} and held.customer_ms >= at_ms:
        return False
    return (at_ms, by) >= (held.holder_ms, held.holder)


def is_theirs(held: Thread) -> bool:
    """Whether another app has it, as far as was told."""
    return held.holder not in {"", US, NOBODY}


def standing(routing: Routing, held: Thread, now_ms: int) -> Standing:
    """What is to be expected of a send now. Nobody's conversation is the default app's."""
    if is_theirs(held):
        return "theirs"
    if routing.primary:
        return "ours"
    until_ms = max(held.customer_ms + LASTS_MS, held.held_until_ms)
    return "lapsed" if held.holder == NOBODY or now_ms >= until_ms else "ours"


def extends_s(routing: Routing, held: Thread, now_ms: int) -> int:
    """By how long from now (s) it is to be prolonged, 0 where it is not: once a day while the customer writes, and not
    for the default app, which may always write."""
    if routing.primary or is_theirs(held) or held.holder == NOBODY or not held.customer_ms:
        return 0
    until_ms = held.customer_ms + routing.extend_hours * 3_600_000
    lasts_ms = max(held.customer_ms + LASTS_MS, held.held_until_ms)
    due = until_ms - lasts_ms > LASTS_MS / 2
    return max(0, (until_ms - now_ms) // 1000) if due else 0


def moment(now: float, held: Thread) -> int:
    """When what we have just done to it happened (epoch ms): after all that was known, whatever the clocks say."""
    return max(int(now * 1000), held.holder_ms + 1, held.customer_ms + 1)
