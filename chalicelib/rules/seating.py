"""Where a conversation sits after something was shown in it, whatever else happened to its seat meanwhile."""

from __future__ import annotations

from typing import Literal

import msgspec

from chalicelib.vocabulary.records import Seat

Verdict = Literal["take", "leave", "again"]


def taken(before: Seat, answered: Seat) -> Seat:
    """The desk's answer as it is remembered: another place is a generation later, whatever the desk says of that. Where
    it names no conversation, the seat is what it was."""
    if not answered.conversation:
        return before
    moved = answered.place != before.place
    return msgspec.structs.replace(answered, generation=before.generation + (1 if moved else 0))


def settled(before: Seat, after: Seat, now: Seat) -> Verdict:
    """What becomes of `after`, in which something was shown, where the seat has become `now` since it was `before`.

    "take": the conversation was over, and what was shown has opened another, which takes the seat. "leave": who has
    the conversation by now has seen it, or had it until the end. "again": it sits elsewhere, where nobody has seen
    it, so that it has to be shown there, too: what one desk reads twice is less than what another never reads.
    """
    if now.place == after.place:
        return "leave"
    if now.conversation:
        return "again"
    return "leave" if after.place == before.place else "take"
