"""A thousand conversations in three days, answered by the same agents with and without the chore: what it saves.

The clock is shifted, the dice are seeded, the queue is the simulated Genesys Cloud's (a point of priority counts as a
minute of waiting), and who waits in it is raised by the chore itself. docs/performance.md has the figures.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from io import StringIO

import msgspec

from chalicelib.observability import log
from chalicelib.pipeline.chores.closing import Closing
from chalicelib.pipeline.chores.raising import Raising
from chalicelib.pipeline.chores.warning import Warnings
from chalicelib.pipeline.desks import Desks
from chalicelib.registry import CHANNELS, DESKS, abouts
from chalicelib.rules.closing import steps_of
from chalicelib.vocabulary.capabilities import Capabilities, WindowPolicy
from chalicelib.vocabulary.records import Account, Conversation, Seat, Thread, Urged
from sandbox.simulators.genesys.routing import queue
from sandbox.simulators.genesys.store import Conversation as Talk
from tests.fakes import INSTAGRAM, START, TIKTOK, FakeClient, FakeClock, FakeDesk, FakeLedger, FakeMetrics, FakeWindows

HOUR_S, TICK_S = 3600.0, 300.0
COUNT, ARRIVE_H = 1_000, 48
WINDOWS_H = {"instagram": 24, "tiktok": 48}
# Minutes of an agent's: an answer, and a look at one that nobody may answer any more.
ANSWER_MIN, LOOK_MIN = 6.0, 1.0
ALWAYS = range(24)
# As it is unless set otherwise, and where the first step comes before a night of twelve hours.
STEPS, NIGHT = "4:1440,2:2880,1:4320", "14:1440,4:2880,1:4320"


class Hall(FakeDesk):
    """The desk, as the queue has it."""

    def __init__(self) -> None:
        super().__init__()
        self.talks: dict[str, Talk] = {}

    def urge(self, account: Account, customer: str, seat: Seat, priority: int, marks: Mapping[str, str]) -> Urged:
        talk = self.talks.get(seat.conversation)
        if talk is None:
            return "over"
        talk.priority = max(talk.priority, priority)
        return "raised"


class Days:
    """Customers write, agents answer whom the queue gives them, and the chore runs or does not."""

    def __init__(self, agents: float, steps: str, works: range) -> None:
        self.clock, self.ledger, self.hall = FakeClock(), FakeLedger(), Hall()
        self.rows, self.metrics = FakeWindows(self.ledger), FakeMetrics()
        self.works = works
        self.minutes, self.left = agents * TICK_S / 60, 0.0
        self.answered: set[str] = set()
        self.expired: dict[str, float] = {}
        self.said: list[tuple[float, Conversation]] = []
        mode = "raise" if steps else "off"
        accounts = [
            msgspec.convert(msgspec.to_builtins(one) | {"closing": mode}, Account) for one in (INSTAGRAM, TIKTOK)
        ]
        self.ledger.listed = accounts
        self.chore = Closing(
            steps=steps_of(steps or STEPS), ledger=self.ledger, rows=self.rows,
            raising=Raising(Desks({"genesys": self.hall}, self.ledger), self.clock, self.metrics),
            warnings=Warnings(None, abouts(CHANNELS), self.metrics),
            clients={name: FakeClient(_can(hours)) for name, hours in WINDOWS_H.items()},
            channels=abouts(CHANNELS), desks=abouts(DESKS), clock=self.clock, metrics=self.metrics,
        )  # fmt: skip

    def customers(self, seed: int) -> None:
        """When who writes: three in five on Instagram, and one in three writes again while they wait."""
        dice = random.Random(seed)
        for number in range(COUNT):
            account = INSTAGRAM if dice.random() < 0.6 else TIKTOK
            whose = Conversation(account.channel, account.id, f"{number:04}")
            at = START + dice.uniform(0, ARRIVE_H) * HOUR_S
            self.said.append((at, whose))
            if dice.random() < 1 / 3:
                self.said.append((at + dice.uniform(1, 20) * HOUR_S, whose))
        self.said.sort(key=lambda one: -one[0])

    def run(self) -> int:
        """How many windows closed unanswered."""
        while self.said or self.hall.talks:
            self.clock.advance(TICK_S)
            self._write()
            self.chore.run(self.clock())
            if int((self.clock() - START) / HOUR_S) % 24 in self.works:
                self._answer()
        assert len(self.answered) + len(self.expired) == COUNT
        return len(self.expired)

    def _write(self) -> None:
        while self.said and self.said[-1][0] <= self.clock():
            at, whose = self.said.pop()
            if whose.key in self.answered or whose.key in self.expired:
                continue  # another conversation than the one that is counted
            thread = Thread(seat=Seat(conversation=whose.key), customer_ms=int(at * 1000))
            self.rows.wrote(whose, thread, self.clock())
            self.hall.talks.setdefault(whose.key, Talk(whose.key, "int", {"id": whose.customer}, at))

    def _answer(self) -> None:
        self.left += self.minutes
        for talk in queue(self.hall.talks.values(), self.clock()):
            if self.left <= 0:
                return
            whose, _, _ = self.rows.since[talk.id]
            wrote_s = self.ledger.threads[talk.id].customer_ms / 1000
            in_time = self.clock() - wrote_s <= WINDOWS_H[whose.channel] * HOUR_S
            self.left -= ANSWER_MIN if in_time else LOOK_MIN
            if in_time:
                self.answered.add(talk.id)
            else:
                self.expired[talk.id] = wrote_s
            self.rows.answered(whose)
            del self.hall.talks[talk.id]
        self.left = 0.0  # nobody works ahead


def _can(hours: float) -> Capabilities:
    return Capabilities(text_limit=1000, text_unit="bytes", window=WindowPolicy(open_s=hours * HOUR_S))


def expired(agents: float, steps: str = "", works: range = ALWAYS, seed: int = 15) -> int:
    """How many windows close unanswered: with so many agents, and with the chore by these steps, if any."""
    days = Days(agents, steps, works)
    days.customers(seed)
    return days.run()


def test_with_the_same_agents_nobodys_window_closes_unanswered() -> None:
    """Around the clock; first come, first served lets those of the shorter window wait behind the longer one's."""
    assert (expired(1.25), expired(1.25, STEPS)) == (91, 0)


def figures() -> None:
    """The table of docs/performance.md."""
    log.write_to(StringIO())
    for works, several in ((ALWAYS, (1.0, 1.25, 1.5)), (range(1, 13), (2.0, 2.5, 3.0))):
        for agents in several:
            found = [expired(agents, steps, works) for steps in ("", STEPS, NIGHT)]
            print(f"{len(works)} hours a day, {agents:g} agents: {found}")


if __name__ == "__main__":
    figures()
