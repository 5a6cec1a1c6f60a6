"""Talks with a bot that people take over: what must have become of each of a customer's messages, and many of them at
once, by a seed, while whatever can fail does.

Each message has a name of its own, which the bot repeats in its answer, so that it is known wherever it is told.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import partial
from itertools import combinations
from random import Random
from typing import Any, get_args

import msgspec

from chalicelib.vocabulary.front import Bot, Front
from chalicelib.vocabulary.records import BOT, Account, Conversation, Seat
from tests.chaos import webhooks
from tests.chaos.asked import ASKS, ILLS, Ill
from tests.chaos.lab import Lab
from tests.chaos.timeline import AwsFault, When
from tests.chaos.world import Fault, Sent
from tests.fakes import INSTAGRAM, START

TAKES_OVER = "Thank you. A person takes over from here."
HUMAN = "I want to talk to a human,"
MISSING = "[A message of the customer's could not be shown here."
ANSWERS = re.compile(r"^re (.*) by \d+$", re.MULTILINE)
_SAID = re.compile(r'"id":"(bot:[0-9a-f]+)"')
_CUSTOMERS = re.compile(r"^\[The customer: (.*)\]$", re.MULTILINE)
_BOTS = re.compile(r"^\[The bot: re (.*) by \d+\]$", re.MULTILINE)


class TalkLab(Lab):
    """A bridge that notes where a conversation sat as each of the bridge's messages came to its customer."""

    def __init__(self, containers: int = 1) -> None:
        super().__init__(containers)
        self.came: list[tuple[str, str, Seat]] = []
        """Customer, text and seat."""

    def _sent(self, sent: Sent) -> None:
        whose = Conversation(sent.platform, sent.account, sent.customer)
        self.came.append((sent.customer, sent.held.text, self.ledger.thread(whose).seat))
        super()._sent(sent)

    def asks(self, customer: str, account: Account, *, human: bool = False, **when: Any) -> str:
        """The customer asks the bot, or for a person; the message's name."""
        name = f"q{customer}-{len(self.wrote[customer])}"
        self.customer(customer, f"{HUMAN} {name}" if human else f"When, {name}?", account, **when)
        return name

    def elsewhere(self, customer: str, account: Account, number: int) -> None:
        """A person answers in the platform's app."""
        told = {"mid": f"app-{customer}-{number}", "text": "I am Ana.", "is_echo": True}
        body = webhooks.instagram(account, customer, int(self.clock() * 1000), {"message": told}, echo=True)
        self.deliver("instagram", body)


@dataclass
class Became:
    """What became of a customer's messages, by their names."""

    answered: list[str] = field(default_factory=list)
    """Those that the bot answered, in the order in which its answers came."""
    shown: list[str] = field(default_factory=list)
    """Those that agents read for themselves, in order."""
    told: list[str] = field(default_factory=list)
    """Those and the ones that agents read in what was said before, in order."""
    beside: set[str] = field(default_factory=set)
    """Those that agents read with the bot's answer."""
    late: list[str] = field(default_factory=list)
    """What the bot said where the conversation was not its own any more."""
    takes_over: int = 0


def became(lab: TalkLab, customer: str) -> Became:
    found = Became()
    for whose, text, seat in lab.came:
        said = ANSWERS.search(text) if whose == customer else None
        if said:
            found.answered += ASKS.findall(said[1])
            found.late += [text] if seat.desk != BOT else []
        found.takes_over += whose == customer and text == TAKES_OVER
    for text in lab.shown(customer):
        before = ASKS.findall(" ".join(_CUSTOMERS.findall(text)))
        own = ASKS.findall(" ".join(line for line in text.splitlines() if not line.startswith("[")))
        found.shown += own
        found.told += before + own
        found.beside |= set(ASKS.findall(" ".join(_BOTS.findall(text))))
    return found


def wrong(lab: TalkLab, customer: str) -> list[str]:
    """What should not be, in words, of all that the customer wrote."""
    found = became(lab, customer)
    wrote = [name for text in lab.wrote[customer] for name in ASKS.findall(text)]
    answered, shown = Counter(found.answered), Counter(found.shown)
    both = [name for name in answered if shown[name] and name not in found.beside]
    given_up = set(ASKS.findall(" ".join(message["body"] for message in lab.dead)))
    done = {*answered, *found.told, *given_up, *unsaid(lab)}
    lost = [name for name in wrote if name not in done]
    faults = {
        f"lost: {lost}": lost,
        f"answered twice: {[name for name, times in answered.items() if times > 1]}": max(answered.values(), default=0)
        > 1,
        f"shown twice: {[name for name, times in shown.items() if times > 1]}": max(shown.values(), default=0) > 1,
        f"answered, and shown as if it were not: {both}": both,
        f"said by the bot where people have the conversation: {found.late}": found.late,
        f"answered out of order: {found.answered}": not _in_order(lab, found.answered),
        f"shown out of order: {found.told}": not _in_order(lab, found.told),
    }
    return [words for words, is_so in faults.items() if is_so]


def _heard(found: Became) -> list[str]:
    return [*found.answered, *found.told]


def unsaid(lab: Lab) -> set[str]:
    """Whom the platform did not take the bot's answer for, which is counted (`bot_unsaid`): it is not said again."""
    refused = {item for (_, item), work in lab.ledger.claims.items() if work.reason not in {"", "no_conversation"}}
    bodies = [body for _, body in lab.sqs.taken if any(f"OUT#{name}#1" in refused for name in _SAID.findall(body))]
    return set(ASKS.findall(" ".join(bodies)))


def _in_order(lab: Lab, names: Iterable[str]) -> bool:
    """Whether none stands behind one that was both written and told after it."""
    places: dict[str, int] = {}
    for place, (_, body) in enumerate(lab.sqs.taken):
        for name in ASKS.findall(body):
            places.setdefault(name, place)
    return not any(
        places[later] < places[one] and _number(later) < _number(one) for one, later in combinations(names, 2)
    )


def _number(name: str) -> int:
    return int(name.rpartition("-")[2])


@dataclass
class Figures:
    """Of many talks."""

    hand_overs: int = 0
    messages: int = 0
    answered: int = 0
    shown: int = 0
    told_before: int = 0
    both: int = 0
    takes_over: int = 0
    agents: int = 0
    kills: int = 0
    twice: int = 0
    failed: int = 0
    given_up: int = 0
    unsaid: int = 0
    wrong: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        told = {
            "hand-overs": self.hand_overs, "customers' messages": self.messages, "answered by the bot": self.answered,
            "shown to agents by themselves": self.shown, "shown in what was said before": self.told_before,
            "shown with the bot's answer": self.both, "customers told that a person takes over": self.takes_over,
            "agents' answers": self.agents, "processes killed": self.kills, "webhooks told twice": self.twice,
            "calls failed": self.failed, "given up, and told so": self.given_up,
            "never said, as nobody confirmed it": self.unsaid, "wrong": len(self.wrong),
        }  # fmt: skip
        return "\n".join(f"{what:40}{number:7}" for what, number in told.items())


class Talks:
    """One bridge and its customers, by a seed: each talks with the bot, until people take over; some of their
    conversations end, and begin anew."""

    PEOPLE = 10
    LASTS_S = 2400.0
    KILLED = 1 / 60
    FAILED = 0.03

    def __init__(self, seed: int) -> None:
        self.random = random = Random(seed)
        self.lab = lab = TalkLab(containers=4)
        self.account = msgspec.structs.replace(INSTAGRAM, front=Front(bot=Bot(model="m", turns=8)))
        lab.ledger.listed = [self.account]
        self.people = [str(70_000 + number) for number in range(self.PEOPLE)]
        self.twice = self.failed = 0
        self.handed: Counter[str] = Counter()
        self._due: defaultdict[str, float] = defaultdict(float)
        lab.steps.pace = lambda: random.uniform(0.5, 2.0)
        lab.steps.kill_at = lambda number, name: self._by(self.KILLED, get_args(When))
        lab.steps.fails = lambda number, name: self._by(self.FAILED, get_args(AwsFault))
        lab.world.faults = lambda target, path, body: self._by(self.FAILED, get_args(Fault)[1:-1])
        lab.front.ill = lambda who: self._ill()
        lab.echo_s = lambda: random.choice([0.2, 1.0, 40.0, None])
        self._count_hand_overs()
        for person in self.people:
            self._talks(person)

    def run(self) -> Figures:
        self.lab.run(self.LASTS_S)
        self.lab.settle(12 * 3600)
        return self._figures()

    def _by(self, share: float, choices: tuple[Any, ...]) -> Any:
        raging = self.lab.clock() - START < self.LASTS_S
        hit = raging and self.random.random() < share
        return self.random.choice(choices) if hit else None

    def _ill(self) -> Ill | None:
        found: Ill | None = self._by(self.FAILED, ILLS)
        return found

    def _count_hand_overs(self) -> None:
        seats = self.lab.floor.hand_over

        def hand_over(conversation: Conversation, before: Seat, after: Seat, now: float) -> bool:
            was = self.lab.ledger.thread(conversation).seat
            moved = seats(conversation, before, after, now)
            self.handed[conversation.customer] += moved and was != after
            return moved

        vars(self.lab.floor)["hand_over"] = hand_over

    # --- who talks

    def _talks(self, person: str) -> None:
        """A few questions, a wish for a person or a person's own word, and what follows."""
        random, second = self.random, self.random.uniform(0, 60)
        for again in range(random.choice([1, 1, 2])):
            for _ in range(random.randrange(1, 4)):
                second += random.choice([0.1, 0.5, 3, 12, 60])
                self._at(second, partial(self._asks, person))
            second += random.choice([0.05, 0.4, 2, 9, 30])
            if random.random() < 0.25:
                self._at(second, partial(self.lab.elsewhere, person, self.account, again))
                second += random.choice([0.05, 1, 20])
            self._at(second, partial(self._asks, person, human=True))
            second += random.choice([0.2, 2, 40])
            self._at(second, partial(self._asks, person))
            second += 500  # longer than a dead worker's messages rest
            self._at(second, partial(self._answers, person))
            self._at(second + 60, partial(self._ends, person))
            second += 200

    def _asks(self, person: str, *, human: bool = False) -> None:
        """In the order in which they write the platform tells it, now and then once more."""
        told_s = max(self._due[person], self.lab.clock() + self.random.uniform(0.1, 0.6)) + 0.001
        self._due[person] = told_s
        again_s = [self.random.choice([0.3, 8.0, 400.0])] if self.random.random() < 0.2 else []
        self.twice += len(again_s)
        after_s = told_s - self.lab.clock()
        self.lab.asks(person, self.account, human=human, after_s=after_s, again_s=[after_s + one for one in again_s])

    def _answers(self, person: str) -> None:
        if self.lab.shown(person):
            self.lab.agent(person, f"agent to {person}, {len(self.lab.answers)}", self.account)

    def _ends(self, person: str) -> None:
        """The agent ends the conversation; the bot may have the next."""
        if not self.lab.shown(person):
            return
        conversation = self.lab.world.open_conversation(person)
        self.lab.world.over[person] += 1
        self.lab.deliver("genesys", webhooks.genesys_ended(conversation, self.account.integration, person))

    def _at(self, second: float, work: Any) -> None:
        self.lab.timeline.at(START + second, work)

    # --- what became of it

    def _figures(self) -> Figures:
        lab = self.lab
        figures = Figures(kills=lab.kills, twice=self.twice, failed=lab.steps.failed.total())
        figures.hand_overs = self.handed.total()
        for person in self.people:
            found = became(lab, person)
            figures.messages += len(lab.wrote[person])
            figures.answered += len(found.answered)
            figures.shown += len(found.shown)
            figures.told_before += len(found.told) - len(found.shown)
            figures.both += len(set(found.answered) & set(found.shown))
            figures.takes_over += found.takes_over
            figures.wrong += [f"{person}: {words}" for words in wrong(lab, person)]
            if found.takes_over > self.handed[person]:
                figures.wrong.append(f"{person}: told {found.takes_over} times that a person takes over")
        figures.agents = len(lab.answers)
        figures.unsaid = len(unsaid(lab) - {name for person in self.people for name in _heard(became(lab, person))})
        figures.given_up = len({message["body"] for message in lab.dead})
        figures.wrong += self._agents()
        figures.wrong += [] if lab.idle else ["it does not come to rest"]
        figures.wrong += [f"parked: {lab.parked}"] if lab.parked else []
        figures.wrong += [f"turned away: {lab.turned_away}"] if lab.turned_away else []
        return figures

    def _agents(self) -> list[str]:
        """Each agent's answer has arrived once, or they were told that it did not."""
        found = []
        for identifier, person in self.lab.answers.items():
            times = Counter(self.lab.got(person))[f"agent to {person}, {identifier.removeprefix('gen-')}"]
            told = set(self.lab.told(identifier))
            if times > 1 or (times == 0 and told != {"Failed"}):
                found.append(f"{person}: an agent's answer came {times} times, told {told}")
        return found


def hand_overs(least: int, seed: int = 0) -> Figures:
    """So many hand-overs, or a few more."""
    whole = Figures()
    while whole.hand_overs < least:
        one = Talks(seed).run()
        for name, value in vars(one).items():
            held = getattr(whole, name)
            told = [f"seed {seed}, {words}" for words in value] if name == "wrong" else value
            setattr(whole, name, held + told)
        seed += 1
    return whole
