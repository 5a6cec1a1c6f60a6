"""Short scenes of what customers do in passing, and what must have become of it whatever broke on the way."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import msgspec

from chalicelib.vocabulary.records import Account
from tests.chaos import webhooks
from tests.chaos.lab import Lab
from tests.chaos.scenes import ANA, Scene, broken
from tests.chaos.tally import READ
from tests.fakes import INSTAGRAM

READS = msgspec.structs.replace(INSTAGRAM, show_reads=True)
# later (s) than the queue remembers what it was given
FORGOTTEN_S = 400.0


@dataclass(frozen=True)
class Passing(Scene):
    """Agents read the line `lines` times; up to `most` where what waits comes in its order after all. Fewer only where
    a process died, where nobody can know whether the table or the desk took it, or where it could not be given back.
    Never more, never an older one behind a newer, and never in another conversation than the one that was open."""

    account: Account = READS
    lines: int = 1
    most: int = 0

    def wrong(self, lab: Lab) -> list[str]:
        shown = [one for one in lab.world.shown if one.customer == ANA][1:]
        times = [one.time for one in shown]
        failed = sum(lab.steps.failed[f"table {name}_passing"] for name in ("take", "leave"))
        excused = lab.kills or lab.world.unknown or failed
        most = max(self.lines, self.most)
        found = {
            "it does not come to rest": not lab.idle,
            f"agents read {[one.text for one in shown]}": {one.text for one in shown} - {READ} != set(),
            f"{len(shown)} lines": len(shown) > most or (len(shown) < self.lines and not excused),
            f"of {times}": times != sorted(set(times)),
            f"in {[one.conversation for one in shown]}": {one.conversation for one in shown} - {f"desk-{ANA}"} != set(),
            f"receipts say {lab.world.receipts}": bool(lab.world.receipts),
            f"dead: {len(lab.dead)}, parked: {lab.parked}, turned away: {lab.turned_away}": bool(
                lab.dead or lab.parked or lab.turned_away
            ),
        }
        return [words for words, is_so in found.items() if is_so]


def _read(lab: Lab, number: int = 1, ago_s: float = 0.0) -> bytes:
    at_ms = int((lab.clock() - ago_s) * 1000)
    return webhooks.instagram(READS, ANA, at_ms, {"read": {"mid": f"gen-{number}"}})


def _reads(*each: tuple[int, float, float]) -> Callable[[Lab], None]:
    """Of which message, told after how long (s), and how long before now (s) it was read."""

    def act(lab: Lab) -> None:
        for number, after_s, ago_s in each:
            lab.deliver("instagram", _read(lab, number, ago_s), after_s)

    return act


def _over(lab: Lab) -> None:
    """The agent has ended the conversation, and nobody has told."""
    lab.world.over[ANA] += 1
    _reads((1, 0, 0))(lab)


def _throttled(lab: Lab) -> None:
    broken(lab, "429", "genesys", "/message", for_s=20)
    _reads((1, 0, 0))(lab)


IN_PASSING: dict[str, Scene] = {
    "a read, as a line": Passing(_reads((1, 0, 0))),
    "two reads": Passing(_reads((1, 0, 20), (2, 10, 10)), lines=2),
    "a read that an older one comes behind": Passing(_reads((2, 0, 5), (1, 10, 10)), most=2),
    "a read that is told twice": Passing(_reads((1, 0, 0), (1, FORGOTTEN_S, 0))),
    "a read of a conversation that is over": Passing(_over, lines=0),
    "a read while the desk takes no more calls": Passing(_throttled),
}
