"""In which order agents read what customers wrote, when webhooks overtake each other."""

from __future__ import annotations

from functools import partial

from chalicelib.vocabulary.records import Account
from tests.chaos.lab import Lab
from tests.fakes import INSTAGRAM, TIKTOK

WEBHOOK_S, LATE_S = 0.2, 1.5


def conversations(gap_s: float, backlog_s: float = 0.0, people: int = 20, messages: int = 4) -> Lab:
    """Everybody writes so many messages, one every `gap_s`; every other webhook comes 1.5 s late, and the desk takes
    nothing for the first `backlog_s`."""
    lab = Lab(containers=4)
    until_s = lab.clock() + backlog_s
    lab.world.faults = lambda target, path, body: "503" if target == "genesys" and lab.clock() < until_s else None

    def writes(person: str, account: Account, late_s: float) -> None:
        lab.customer(person, f"{len(lab.wrote[person])}", account, WEBHOOK_S + late_s)

    for number in range(people):
        person, account = str(7000 + number), INSTAGRAM if number % 2 else TIKTOK
        for count in range(messages):
            late_s = LATE_S if (number + count) % 2 else 0.0
            lab.timeline.at(lab.clock() + number / people + count * gap_s, partial(writes, person, account, late_s))
    lab.settle()
    return lab


def disordered(lab: Lab) -> int:
    """How many conversations agents read in another order than they were written."""
    return sum(lab.shown(person) != written for person, written in lab.wrote.items())


def disordered_by_time(lab: Lab) -> int:
    """The same, where the desk orders what it shows by the time that a message bears."""
    return sum(
        [one.text for one in sorted(lab.world.shown, key=lambda one: one.time) if one.customer == person] != written
        for person, written in lab.wrote.items()
    )


def figures() -> str:
    """The table of docs/adr/0011-order.md: conversations of 20 that were read in another order."""
    rows = [f"{'every':>8}{'nothing waits':>16}{'5 s wait':>12}{'60 s wait':>12}{'by their times':>16}"]
    for gap_s in (0.5, 1.0, 1.4, 2.0, 5.0):
        labs = [conversations(gap_s, backlog_s) for backlog_s in (0.0, 5.0, 60.0)]
        counts = "".join(f"{disordered(lab):{width}}" for lab, width in zip(labs, (16, 12, 12), strict=True))
        rows.append(f"{gap_s:6.1f} s{counts}{disordered_by_time(labs[0]):16}")
    return "\n".join(rows)
