"""Who writes: customers in both apps, and the agents who answer them. It knows what was said, and sees what came."""

from __future__ import annotations

import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from random import Random
from typing import Any, Literal

from sandbox.stage.acts import Act
from sandbox.stage.vendors import Account, Channel
from sandbox.stage.watching import Unwatched
from tests.chaos.processes.agents import agents_of
from tests.chaos.processes.postmen import WORDS
from tests.chaos.processes.postmen import Way as Taken
from tests.chaos.processes.site import Site
from tests.chaos.tally import Said, Talk
from tests.chaos.world import PICTURE

WRITERS = 16
Way = Literal["in", "out"]
# agents say the same again and again
THANKS = "You are welcome!"
# Instagram takes 1,000 bytes at a time
LONG = [f"{letter * 900} " for letter in "abc"]
# one in so many writes to the account that the operator forgot, in the beginning, and so often at the most
FORGOTTEN = 50
PATIENT = 3


@dataclass
class Person:
    """A customer: whose, what they wrote and were answered (the id and the parts), what the desk showed of them and in
    which conversation, and what they received."""

    id: str
    account: Account
    wrote: list[tuple[str, str]] = field(default_factory=list)
    answers: list[tuple[str, list[str], str]] = field(default_factory=list)
    shown: list[str] = field(default_factory=list)
    got: list[str] = field(default_factory=list)
    conversation: str = ""
    turn: threading.Lock = field(default_factory=threading.Lock)


class Town:
    """Who talks at a site."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._weather = site.weather
        self._random = Random(site.weather.seed + 1)
        self._channels: dict[str, Channel] = {channel.name: channel for channel in site.vendors.channels}
        self.people = {one.id: one for one in _people(site)}
        self._all = list(self.people.values())
        self._silent = self._all[::-1]
        self._open: list[Person] = []
        """Who has a conversation at the desk."""
        self.told: defaultdict[str, list[str]] = defaultdict(list)
        """The receipts of each answer."""
        self._lock = threading.Lock()
        self._under_way: set[str] = set()
        half = self._weather.messages // 2
        self._left = {"in": half, "out": self._weather.messages - half}
        self._agents = agents_of(site.desk, self, site.weather.people)
        for channel in site.vendors.channels:
            channel.simulator.watch = _Phones(self)

    def talk(self, until_s: float) -> None:
        """Everything that is to be written is written, or the time (monotonic s) has come."""
        writers = [threading.Thread(target=self._write, args=(until_s,), daemon=True) for _ in range(WRITERS)]
        for writer in writers:
            writer.start()
        for writer in writers:
            writer.join()

    @property
    def under_way(self) -> int:
        """How many messages have not come, and nobody was told of."""
        self._agents.look()
        with self._lock:
            return len(self._under_way)

    @property
    def begun_again(self) -> int:
        """How many conversations more than one there have been of somebody, as none has ended."""
        return sum(max(0, self._agents.conversations(one) - 1) for one in self.people)

    def talks(self) -> list[Talk]:
        """What became of everything."""
        desk_ways = self._site.postman(self._site.desk.name).ways
        ways = {name: self._site.postman(name).ways for name in self._channels}
        found = []
        for one in self.people.values():
            theirs = ways[one.account["channel"]]
            found.append(
                Talk(
                    wrote=[_said(identifier, [text], theirs.get(text)) for identifier, text in one.wrote],
                    shown=one.shown,
                    answers=[
                        _said(identifier, parts, desk_ways.get(words)) for identifier, parts, words in one.answers
                    ],
                    got=one.got,
                    told={identifier: self.told[identifier] for identifier, *_ in one.answers},
                )
            )
        return found

    def read(self, customer: str, conversation: str, text: str) -> None:
        """Agents read it, in a conversation that may have begun with it."""
        person = self.people[customer]
        person.shown.append(text)
        found = WORDS.search(text)
        with self._lock:
            if not person.conversation:
                self._open.append(person)
            person.conversation = conversation
            if found:
                self._under_way.discard(found[0])

    def learnt(self, answer: str, status: str) -> None:
        """It is where it should be, or somebody was told that it is not."""
        self.told[answer].append(status)
        with self._lock:
            self._under_way.discard(answer)

    # --- who writes

    def _write(self, until_s: float) -> None:
        pause = threading.Event()
        while time.monotonic() < until_s and any(self._left.values()):
            if self.under_way >= self._weather.at_once or not self._one():
                pause.wait(0.05)

    def _one(self) -> bool:
        """Somebody writes; False where nobody can just now."""
        with self._lock:
            way, person = self._next()
            if person is None or not person.turn.acquire(blocking=False):
                return False
            self._left[way] -= 1
        try:
            self._says(person) if way == "in" else self._answered(person)
        finally:
            person.turn.release()
        return True

    def _next(self) -> tuple[Way, Person | None]:
        """Everybody writes once before anybody is chosen."""
        ways: list[Way] = ["in", "out"]
        [way] = self._random.choices(ways, [self._left[one] for one in ways])
        if way == "out" and self._open:
            return "out", self._random.choice(self._open)
        silent = self._silent.pop() if self._silent and self._left["in"] else None
        if silent or not self._left["in"]:
            return "in", silent
        person = self._random.choice(self._all)
        return "in", None if person.account is self._site.late and len(person.wrote) >= PATIENT else person

    def _says(self, person: Person) -> None:
        channel, account = self._channels[person.account["channel"]], person.account["id"]
        words = f"{person.id}-says-{len(person.wrote)}"
        if self._random.random() < 0.03:
            identifier = channel.do(account, person.id, Act(action="picture"))
            person.wrote.append((identifier, PICTURE))
            return
        if person.account is not self._site.late:
            with self._lock:
                self._under_way.add(words)
        person.wrote.append((channel.simulator.write(account, person.id, words), words))

    def _answered(self, person: Person) -> None:
        words, chance = f"{person.id}-hears-{len(person.answers)}", self._random.random()
        parts = [words]
        if chance < 0.1:
            parts = [THANKS]
        elif chance < 0.15 and person.account["channel"] == "instagram":
            parts = [f"{words}-{part}" for part in LONG]
        if identifier := self._agents.reply(person.conversation, "".join(parts)):
            person.answers.append((identifier, parts, words))
            with self._lock:
                if not self.told[identifier]:
                    self._under_way.add(identifier)


class _Phones(Unwatched):
    """What customers receive."""

    def __init__(self, town: Town) -> None:
        self._town = town

    def brand(self, account: str, customer: str, message_id: str, said: dict[str, Any]) -> None:
        if message_id:
            self._town.people[customer].got.append(shown(said))


def shown(said: dict[str, Any]) -> str:
    """What a phone shows of what its platform was given: X tells of a message, TikTok of a body, Instagram of words."""
    if "message" in said:
        return str(said["message"].text)
    text = said.get("text", PICTURE)
    return str(text["body"] if isinstance(text, dict) else text)


def _people(site: Site) -> Iterator[Person]:
    *usual, late = site.accounts
    for number in range(site.weather.people):
        account = late if number < site.weather.people // FORGOTTEN else usual[number % len(usual)]
        yield Person(str(10_000_000 + number), account)


def _said(identifier: str, parts: list[str], way: Taken | None) -> Said:
    way = way or Taken()
    return Said(identifier, parts, way.begun_s, way.taken_s)
