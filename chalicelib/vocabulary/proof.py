"""What a comparison of both sides finds, and how far it has come. Times are epoch milliseconds unless their name says
more."""

from __future__ import annotations

from typing import Literal

import msgspec

from chalicelib.vocabulary.records import Thread

Told = Literal["", "delivered", "failed"]
"""What a desk was told of an agent's message: nothing yet, or how it ended."""


class Worked(msgspec.Struct, frozen=True, kw_only=True):
    """What the ledger holds of a piece of work: the claim's state as it lies there, its result or reason, and when it
    was first claimed (epoch s)."""

    state: str
    result: str = ""
    reason: str = ""
    since_s: float = 0.0


class Known(msgspec.Struct, frozen=True, kw_only=True):
    """What the ledger knows of a conversation: its work by the claims' names, and what is remembered of it."""

    work: dict[str, Worked] = {}
    thread: Thread = Thread()


class Tally(msgspec.Struct, frozen=True, kw_only=True):
    """Messages of one direction, counted: those that the sender's side holds, and what became of them.

    `told`: not delivered, and somebody was told so, or delivered and nobody knows; `under_way`: still being worked on;
    `missing`: nobody had brought it. `doubled` are copies too many, `out_of_order` those that overtook another.
    """

    received: int = 0
    delivered: int = 0
    told: int = 0
    under_way: int = 0
    missing: int = 0
    doubled: int = 0
    out_of_order: int = 0

    def __add__(self, other: Tally) -> Tally:
        sums = {name: getattr(self, name) + getattr(other, name) for name in Tally.__struct_fields__}
        return Tally(**sums)


class Comparison(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An account's comparison, as far as it has come.

    It counts what was sent from `since_ms` until `until_ms`, and brings what is missing since `floor_ms`. `cursor` is
    where the platform's list goes on ("" at its beginning), `seen` the conversations of that page that have been looked
    at, `begun` how often the list was begun; `waiting` tells that it is through, and that those who wait for an answer
    are looked at. `looked` counts conversations, `short` those whose history does not reach back so far. It rests until
    `rests_s` and ended at `ended_s` (epoch s, 0: it has not).
    """

    since_ms: int
    until_ms: int
    floor_ms: int
    began_s: float
    cursor: str = ""
    seen: tuple[str, ...] = ()
    begun: int = 1
    waiting: bool = False
    looked: int = 0
    short: int = 0
    inbound: Tally = Tally()
    outbound: Tally = Tally()
    rests_s: float = 0.0
    ended_s: float = 0.0
