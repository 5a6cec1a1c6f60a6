"""Whether two machines answer each other: one who writes to the account, and what the bridge sends by itself.

Only automatic sends count: an agent who answers fast, or a customer who repeats themselves to nobody, is no loop. The
shape of the conversation tells: the same text again after our answer, our own text back, answers faster than anybody
reads. Rate alone silences people who type fast, so that it tells nothing below HOLD_SENDS.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Sequence
from itertools import pairwise
from statistics import median

from chalicelib.vocabulary.guarding import Said, Step

WINDOW_MS = 10 * 60_000
# After a pause of this, or a person's turn, what was said before counts no more.
PAUSE_MS = 15 * 60_000
# How many turns are remembered: more than twice what PARK_SENDS needs.
MOST = 80
SAME_TIMES = 3
OURS = 5
FAST_MS = 2_000
FAST_TURNS = 6
HOLD_SENDS = 12
PARK_SENDS = 30
COMPARED = 200
LEAST_LETTERS = 4


def normalised(text: str) -> str:
    """The text as it is compared: what a machine varies in it (numbers, case, invisible signs, spaces) is gone. "" of
    one that says too little, such as "ok", a number, or emoji."""
    signs = (sign for sign in unicodedata.normalize("NFKC", text) if unicodedata.category(sign) != "Cf")
    plain = "".join("0" if sign.isdecimal() else sign for sign in "".join(signs).casefold())
    words = " ".join(plain.split())[:COMPARED]
    return words if sum(sign.isalpha() for sign in words) >= LEAST_LETTERS else ""


def counted(said: Sequence[Said], now_ms: int) -> list[Said]:
    """The turns that still count, in order: since the last of a person's, and the last pause."""
    found: list[Said] = []
    later = now_ms
    for turn in sorted(said, key=lambda one: one.at_ms, reverse=True):
        if turn.by == "person" or later - turn.at_ms > PAUSE_MS:
            break
        found.insert(0, turn)
        later = turn.at_ms
    return found[-MOST:]


def signals(said: Sequence[Said], new: Said) -> list[str]:
    """What of the turns, with the customer's new one, looks like a loop: `same`, `ours`, `fast`."""
    within = [turn for turn in counted(said, new.at_ms) if new.at_ms - turn.at_ms <= WINDOW_MS]
    looks: dict[str, Callable[[Sequence[Said], Said], bool]] = {"same": _same, "ours": _ours, "fast": _fast}
    return [name for name, look in looks.items() if look(within, new)]


def judged(said: Sequence[Said], new: Said, *, again: bool = False) -> tuple[Step, str]:
    """What is to become of the customer's new turn, and why. `again` tells that the conversation was held just now."""
    told = signals(said, new)
    sends = sum(turn.by == "automatic" and new.at_ms - turn.at_ms <= WINDOW_MS for turn in counted(said, new.at_ms))
    why = "+".join([*told, *(["rate"] if sends >= HOLD_SENDS else [])])
    if sends >= PARK_SENDS:
        return "park", why
    if sends >= HOLD_SENDS or len(told) > 1:
        return ("park" if again else "hold"), why
    return ("mark" if told else ""), why


def _same(said: Sequence[Said], new: Said) -> bool:
    """The customer's text came so often, each time after an automatic answer of ours."""
    times, answered = 0, True
    for turn in (*said, new):
        if turn.by == "automatic":
            answered = True
        elif turn.mark == new.mark and answered:
            times, answered = times + 1, False
    return new.mark != "" and times >= SAME_TIMES


def _ours(said: Sequence[Said], new: Said) -> bool:
    """It is what we have just said."""
    return new.mark != "" and new.mark in [turn.mark for turn in said if turn.by == "automatic"][-OURS:]


def _fast(said: Sequence[Said], new: Said) -> bool:
    """They answer our automatic texts, turn by turn, faster than these can be read."""
    turns = [*said, new]
    delays = [
        turn.at_ms - before.at_ms
        for before, turn in pairwise(turns)
        if before.by == "automatic" and turn.by == "customer"
    ]
    return len(delays) >= FAST_TURNS and median(delays[-FAST_TURNS:]) < FAST_MS
