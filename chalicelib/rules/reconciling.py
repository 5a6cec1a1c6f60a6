"""What two sides' lists of messages say of each other: what became of each, what is doubled, what overtook another."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Literal

import msgspec

from chalicelib.vocabulary import claims
from chalicelib.vocabulary.proof import Tally, Told, Worked
from chalicelib.vocabulary.records import PREVENTED

DAY_S = 86_400.0
# Never further back than this: what the ledger does not remember any more, it would take for missing. It remembers a
# message's work for twice as long.
FURTHEST_S = 14 * DAY_S
# A message is not missing until its webhook has had so long to come and to be worked on. Whatever was begun later than
# that is late, and is not asked whether it came in its order.
SETTLED_S = 900.0
# What was written within this (ms) may come in any order: webhooks overtake each other by a second or two, which nobody
# waits for (docs/adr/0011-order.md), and Meta tells whole seconds.
APART_MS = 3000

Fate = Literal["delivered", "told", "under_way", "missing"]


class Seen(msgspec.Struct, frozen=True, kw_only=True):
    """A message that its sender's side holds, when it was sent there, what became of it, and when that was begun (epoch
    ms, 0: never)."""

    sent_ms: int
    fate: Fate
    begun_ms: int = 0


class Window(msgspec.Struct, frozen=True):
    """What is counted: sent from `since_ms` until `until_ms`. What is missing is brought from `floor_ms` on, and
    counted whenever it was sent."""

    since_ms: int
    until_ms: int
    floor_ms: int

    def counts(self, seen: Seen) -> bool:
        """Whether it belongs to the tally."""
        return self.since_ms <= seen.sent_ms < self.until_ms or self.brings(seen)

    def brings(self, seen: Seen) -> bool:
        """Whether it is to be brought."""
        return seen.fate == "missing" and self.floor_ms <= seen.sent_ms < self.until_ms


def customers(name: str, also: tuple[str, ...], sent_ms: int, work: Mapping[str, Worked]) -> Seen:
    """A customer's message, by the name of its claim, and by how those of other events begin that may have brought
    it."""
    begins = tuple(claims.inbound(start) for start in also)
    found = [worked for item, worked in work.items() if item == name or item.startswith(begins)]
    if not found:
        return Seen(sent_ms=sent_ms, fate="missing")
    fates = {_fate(worked) for worked in found}
    best: Fate = "delivered" if "delivered" in fates else "told" if "told" in fates else "under_way"
    return Seen(sent_ms=sent_ms, fate=best, begun_ms=int(min(worked.since_s for worked in found) * 1000))


def agents(message: str, told: Told, sent_ms: int, work: Mapping[str, Worked]) -> Seen:
    """An agent's message, by the claims of its parts; where nobody has made any, by what the desk was told of it."""
    parts = [worked for item, worked in work.items() if item.startswith(claims.parts(message))]
    if not parts:
        fates: dict[Told, Fate] = {"": "missing", "delivered": "delivered", "failed": "told"}
        return Seen(sent_ms=sent_ms, fate=fates[told])
    begun_ms = int(min(worked.since_s for worked in parts) * 1000)
    of_parts = {_fate(worked) for worked in parts}
    fate: Fate = "under_way" if "under_way" in of_parts else "told" if "told" in of_parts else "delivered"
    return Seen(sent_ms=sent_ms, fate=fate, begun_ms=begun_ms)


def strangers(begins: str, listed: Iterable[str], since_ms: int, work: Mapping[str, Worked]) -> bool:
    """Whether a list calls messages otherwise than the ledger does: work that begins so was begun since then, and none
    of it is of anything that is `listed`, by how its names begin. Then nothing is missing for being called otherwise.
    """
    recent = [name for name, worked in work.items() if name.startswith(begins) and worked.since_s * 1000 >= since_ms]
    known = tuple(listed)
    return bool(recent) and not any(name.startswith(known) for name in recent)


def typed_again(text: str, sent_ms: int, ours: Iterable[tuple[str, int]]) -> bool:
    """Whether the customer has these words already, by what the brand's account sent (text, epoch ms) since then: by
    the platform's app, it may be."""
    words = text.strip()
    return bool(words) and any(said.strip() == words and at_ms >= sent_ms - APART_MS for said, at_ms in ours)


def tally(seen: Sequence[Seen], window: Window, doubled: int = 0, out_of_order: int = 0) -> Tally:
    """What became of those that count."""
    fates = Counter(one.fate for one in seen if window.counts(one))
    return Tally(
        received=fates.total(),
        delivered=fates["delivered"],
        told=fates["told"],
        under_way=fates["under_way"],
        missing=fates["missing"],
        doubled=doubled,
        out_of_order=out_of_order,
    )


def in_time(seen: Iterable[Seen], window: Window) -> list[tuple[int, int]]:
    """When each was sent, and when its delivery was begun, of those that count and were delivered in time."""
    return [
        (one.sent_ms, one.begun_ms)
        for one in seen
        if one.fate == "delivered" and window.counts(one) and 0 < one.begun_ms - one.sent_ms < SETTLED_S * 1000
    ]


def overtaken(times: Sequence[tuple[int, int]], apart_ms: int = 1) -> int:
    """How many of them came behind one that was sent later: `times` are when each was sent and when it came (ms), and
    two that came within `apart_ms` came together."""
    return sum(
        any(later - sent >= APART_MS and came - other >= apart_ms for later, other in times) for sent, came in times
    )


def copies(names: Iterable[str]) -> int:
    """How many there are too many, of things that there should be one of; "" is the name of none."""
    counted = Counter(name for name in names if name)
    return counted.total() - len(counted)


def floor_ms(since_ms: int, now_s: float) -> int:
    """From when on may be compared (epoch ms), if it is to be since then."""
    return max(since_ms, int((now_s - FURTHEST_S) * 1000))


def until_ms(now_s: float, settled_s: float = SETTLED_S) -> int:
    """Until when is compared (epoch ms), where what is younger is left alone."""
    return int((now_s - settled_s) * 1000)


def _fate(worked: Worked) -> Fate:
    if worked.state == "done":
        return "told" if worked.result == PREVENTED else "delivered"
    return "told" if worked.state in {"refused", "buried"} else "under_way"
