"""What became of everything that was sent, by what the desk and the platforms took: the bridge is not asked."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, fields
from math import inf

from tests.chaos.world import PICTURE

NOTICES = ("[Your reply was not delivered.", "[Your reply arrived only in part.", "[Your reply arrived without")
MISSING = "[A message of the customer's could not be shown"
ELSEWHERE = "[Sent "
AFTER_ALL = "[It did arrive"
NO_FILE = "[A file (image)"
READ = "[Has read your message]"
LATE = "[This message comes late:]\n"
MOST_NAMED = 10


@dataclass(frozen=True)
class Said:
    """Something that was written: its id, the parts that it arrives in, and when the bridge was first told of it and
    had taken it (s; infinite: nobody knows)."""

    id: str
    parts: Sequence[str]
    begun_s: float = inf
    taken_s: float = inf


@dataclass(frozen=True)
class Talk:
    """One customer's: what they wrote and what agents read of it, in order; what agents answered, what the customer
    got of it, in order, and the receipts of each answer."""

    wrote: Sequence[Said]
    shown: Sequence[str]
    answers: Sequence[Said]
    got: Sequence[str]
    told: dict[str, list[str]]


@dataclass
class Side:
    """One direction. `told` did not arrive, and whoever has to know does; everything from `lost` on should not be.
    Of the traces `traced` were whole, where somebody looked. `ids` names, for each fault, whose it is."""

    sent: int = 0
    once: int = 0
    told: int = 0
    lost: int = 0
    doubled: int = 0
    out_of_order: int = 0
    untold: int = 0
    failed_but_received: int = 0
    receipts_again: int = 0
    notices_again: int = 0
    receipts_of_both_kinds: int = 0
    told_as_from_elsewhere: int = 0
    untraced: int = 0
    traced: int = 0
    ids: defaultdict[str, list[str]] = field(default_factory=lambda: defaultdict(list))

    @property
    def faults(self) -> dict[str, int]:
        """What should not be, where it is."""
        return {name: getattr(self, name) for name in COUNTS[3:] if getattr(self, name)}

    def add(self, fault: str, number: int, identifier: str) -> None:
        """So many more of a fault, which this message has."""
        setattr(self, fault, getattr(self, fault) + number)
        if number:
            self.ids[fault].append(identifier)


COUNTS = [one.name for one in fields(Side)][:-2]


@dataclass
class Tally:
    """Both directions, and what is left over."""

    inbound: Side = field(default_factory=Side)
    outbound: Side = field(default_factory=Side)
    turned_away: int = 0
    dead: int = 0
    parked: int = 0
    unfinished: int = 0
    begun_again: int = 0
    """Conversations beside another of the same customer's, where somebody counts them."""
    excused: int = 0
    """How many receipts may have come again: nobody could know that the first was taken."""

    @property
    def faults(self) -> dict[str, int]:
        """What should not be, where it is."""
        rest = {name: getattr(self, name) for name in REST[:-1]}
        found = {f"to the desk: {name}": number for name, number in self.inbound.faults.items()}
        found |= {f"to customers: {name}": number for name, number in self.outbound.faults.items()}
        found |= {name: number for name, number in rest.items() if number}
        if self.outbound.receipts_again <= self.excused:
            found.pop("to customers: receipts_again", None)
        return found

    def named(self, allowed: Sequence[str] = ()) -> list[tuple[str, str]]:
        """Some of the messages that a fault has which is not allowed: the fault and the id of each."""
        return [
            (name, identifier)
            for side in (self.inbound, self.outbound)
            for name, found in side.ids.items()
            for identifier in found[:MOST_NAMED]
            if name not in allowed
        ]

    def __str__(self) -> str:
        rows = [f"{'':26}{'to the desk':>14}{'to customers':>14}"]
        rows += [
            _row(TITLES.get(name, name), getattr(self.inbound, name), getattr(self.outbound, name))
            for name in (*COUNTS, "traced")
        ]
        return "\n".join([*rows, *(_row(name, getattr(self, name)) for name in REST)])


REST = [one.name for one in fields(Tally)][2:]
TITLES = {
    "once": "delivered once", "failed_but_received": "told failed, but received", "receipts_again": "receipts doubled",
    "notices_again": "notices doubled", "untraced": "no whole trace",
}  # fmt: skip


def _row(name: str, *counts: int) -> str:
    return f"{name.replace('_', ' '):26}" + "".join(f"{count:14,}" for count in counts)


def counted(talks: Iterable[Talk]) -> Tally:
    """Both directions of all of them."""
    found = Tally()
    for talk in talks:
        _shown(talk, found.inbound)
        _received(talk, found.outbound)
    return found


def _shown(talk: Talk, side: Side) -> None:
    shown = [text.removeprefix(LATE) for text in talk.shown]
    said = [text for text in shown if not text.startswith((*NOTICES, MISSING, ELSEWHERE, AFTER_ALL, NO_FILE, READ))]
    told = sum(text.startswith((MISSING, NO_FILE)) for text in shown)
    came = Counter(said)
    missing: list[str] = []
    for one in talk.wrote:
        [text] = one.parts
        side.sent += 1
        if came[text]:
            came[text] -= 1
            side.once += 1
        else:
            missing.append(one.id)
    side.told += min(told, len(missing))
    for identifier in missing[told:]:
        side.add("lost", 1, identifier)
    for text, number in came.items():
        side.add("doubled", number, next((one.id for one in talk.wrote if one.parts == [text]), text[:40]))
    for text in shown:
        side.add("told_as_from_elsewhere", text.startswith(ELSEWHERE), text[:40])
    _ordered(talk.wrote, [text for text in said if LATE + text not in talk.shown], side)  # the line tells of it


def _received(talk: Talk, side: Side) -> None:
    left, failed = Counter(talk.got), list[str]()
    # who says the same twice is believed where they are told that it arrived
    for answer in sorted(talk.answers, key=lambda one: "Failed" in talk.told.get(one.id, [])):
        told = talk.told.get(answer.id, [])
        parts = Counter(answer.parts)
        whole = not (parts - left)
        left -= parts
        side.sent += 1
        side.once += whole
        side.told += not whole and "Failed" in told
        side.add("untold", not told, answer.id)
        side.add("lost", not whole and "Failed" not in told, answer.id)
        side.add("failed_but_received", whole and "Failed" in told, answer.id)
        side.add("receipts_of_both_kinds", len(set(told)) > 1, answer.id)
        side.add("receipts_again", max(0, len(told) - 1), answer.id)
        failed += [answer.id] if "Failed" in told else []
    for text, number in left.items():
        side.add("doubled", number, next((one.id for one in talk.answers if text in one.parts), text[:40]))
    notices = sum(text.startswith(NOTICES) for text in talk.shown)
    last = failed[-1] if failed else ""
    side.add("untold", max(0, len(failed) - notices), last)
    side.add("notices_again", max(0, notices - len(failed)), last)
    _ordered(talk.answers, talk.got, side)


def _ordered(said: Sequence[Said], came: Sequence[str], side: Side) -> None:
    """What came after one that was written behind it, and begun when the bridge had taken it already. What was said
    twice tells nothing."""
    often = Counter(one.parts[0] for one in said)
    place = {text: number for number, text in reversed(list(enumerate(came)))}
    alone = [one for one in said if often[one.parts[0]] == 1 and one.parts[0] != PICTURE]
    for number, one in enumerate(alone):
        came_at = place.get(one.parts[0], -1)
        late = any(
            one.taken_s < behind.begun_s < inf and came_at > place.get(behind.parts[0], len(came))
            for behind in alone[number + 1 :]
        )
        side.add("out_of_order", late, one.id)
