"""What became of everything that was sent, by what the desk and the platforms took: the bridge is not asked."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, fields

from tests.chaos.storm import Storm
from tests.chaos.world import PICTURE

NOTICES = ("[Your reply was not delivered.", "[Your reply arrived only in part.", "[Your reply arrived without")
MISSING = "[A message of the customer's could not be shown"
ELSEWHERE = "[Sent "
AFTER_ALL = "[It did arrive"
NO_FILE = "[A file (image)"


@dataclass
class Side:
    """One direction. `told` did not arrive, and whoever has to know does; everything from `lost` on should not be."""

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

    @property
    def faults(self) -> dict[str, int]:
        """What should not be, where it is."""
        names = [one.name for one in fields(self)][3:]
        return {name: getattr(self, name) for name in names if getattr(self, name)}


@dataclass
class Tally:
    """Both directions, and what is left over."""

    inbound: Side = field(default_factory=Side)
    outbound: Side = field(default_factory=Side)
    turned_away: int = 0
    dead: int = 0
    parked: int = 0
    unfinished: int = 0
    excused: int = 0
    """How many receipts may have come again: nobody could know that the first was taken."""

    @property
    def faults(self) -> dict[str, int]:
        """What should not be, where it is."""
        rest = {name: getattr(self, name) for name in ("turned_away", "dead", "parked", "unfinished")}
        found = {f"to the desk: {name}": number for name, number in self.inbound.faults.items()}
        found |= {f"to customers: {name}": number for name, number in self.outbound.faults.items()}
        found |= {name: number for name, number in rest.items() if number}
        if self.outbound.receipts_again <= self.excused:
            found.pop("to customers: receipts_again", None)
        return found

    def __str__(self) -> str:
        rows = [f"{'':24}{'to the desk':>14}{'to customers':>14}"]
        for one in fields(Side):
            name = one.name.replace("_", " ")
            rows.append(f"{name:24}{getattr(self.inbound, one.name):14}{getattr(self.outbound, one.name):14}")
        rest = ["turned_away", "dead", "parked", "unfinished", "excused"]
        return "\n".join(rows + [f"{name.replace('_', ' '):24}{getattr(self, name):14}" for name in rest])


def tally(storm: Storm) -> Tally:
    """Counts a storm that is over."""
    lab = storm.lab
    open_claims = [work for work in lab.ledger.claims.values() if work.open]
    found = Tally(
        turned_away=len(lab.turned_away),
        dead=len(lab.dead),
        parked=len(lab.parked),
        unfinished=len(open_claims) + (0 if lab.idle else 1),
        excused=lab.world.unanswered + lab.kills + lab.steps.failed["sqs put out"],
    )
    for person in storm.accounts:
        _shown(storm, person, found.inbound)
        _received(storm, person, found.outbound)
    return found


def _shown(storm: Storm, person: str, side: Side) -> None:
    wrote = storm.lab.wrote[person]
    shown = [_words(text) for text in storm.lab.shown(person)]
    side.told_as_from_elsewhere += sum(text.startswith(ELSEWHERE) for text in shown)
    said = [text for text in shown if not text.startswith((*NOTICES, MISSING, ELSEWHERE, AFTER_ALL, NO_FILE))]
    expected, came = Counter(wrote), Counter(said)
    side.sent += len(wrote)
    side.told += sum(text.startswith((MISSING, NO_FILE)) for text in shown)
    missing = (expected - came).total()
    side.once += len(wrote) - missing
    side.lost += max(0, missing - sum(text.startswith((MISSING, NO_FILE)) for text in shown))
    side.doubled += (came - expected).total()
    order = [(text, f"m-{person}-{number}") for number, text in enumerate(wrote, 1) if text != PICTURE]
    side.out_of_order += _out_of_order(storm, order, said)


def _words(text: str) -> str:
    """The text without the line that says that it comes late."""
    return text.removeprefix("[This message comes late:]\n")


def _received(storm: Storm, person: str, side: Side) -> None:
    lab = storm.lab
    left = Counter(lab.got(person))
    answers = storm.answers[person]
    failed = 0
    # who says the same twice is believed where they are told that it arrived
    for identifier, parts in sorted(answers, key=lambda answer: "Failed" in lab.told(answer[0])):
        told = lab.told(identifier)
        whole = not (Counter(parts) - left)
        left -= Counter(parts)
        side.sent += 1
        side.once += whole
        side.untold += not told
        side.lost += not whole and "Failed" not in told
        side.told += not whole and "Failed" in told
        side.failed_but_received += whole and "Failed" in told
        side.receipts_of_both_kinds += len(set(told)) > 1
        side.receipts_again += max(0, len(told) - 1)
        failed += "Failed" in told
    side.doubled += left.total()
    notices = sum(text.startswith(NOTICES) for text in lab.shown(person))
    side.untold += max(0, failed - notices)
    side.notices_again += max(0, notices - failed)
    order = [(parts[0], identifier) for identifier, parts in answers if parts[0].startswith("to-")]
    side.out_of_order += _out_of_order(storm, order, lab.got(person))


def _out_of_order(storm: Storm, order: list[tuple[str, str]], came: list[str]) -> int:
    """How many came after one that was both written and taken by the bridge behind them."""
    taken = {identifier: _taken_s(storm, identifier) for _, identifier in order}
    place = {text: came.index(text) for text, _ in order if text in came}
    return sum(
        any(
            taken[before] < taken[behind] and place.get(text, -1) > place.get(later, len(came))
            for later, behind in order[number + 1 :]
        )
        for number, (text, before) in enumerate(order)
    )


def _taken_s(storm: Storm, identifier: str) -> float:
    """When a queue first took the event of this id."""
    return next((when_s for when_s, body in storm.lab.sqs.taken if f'{identifier}"' in body), float("inf"))
