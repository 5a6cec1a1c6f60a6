"""Everything at once, by a seed: hundreds of messages both ways while whatever can fail does."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from itertools import pairwise
from random import Random
from typing import Any, get_args

from msgspec.structs import replace

from chalicelib.vocabulary.records import Account, Conversation, Row
from tests.chaos import webhooks
from tests.chaos.lab import SECRET, Lab
from tests.chaos.tally import READ, Said, Talk, Tally, counted
from tests.chaos.timeline import AwsFault, When
from tests.chaos.traces import Lines, Traces
from tests.chaos.world import PICTURE, Fault
from tests.fakes import INSTAGRAM, START, TIKTOK

NEWCOMER = Account(channel="instagram", id="17841400000000999", integration="int-new", secret="s/new", name="new.shop")
HTTP_FAULTS: tuple[Fault, ...] = ("429", "500", "503", "blind", "reset", "silent", "deaf")
# a look and a line take no longer (s)
AT_ONCE_S = 0.5
ROTATED = "the-next-webhook-secret-of-the-tests"
# agents say the same again and again
THANKS = "You are welcome!"
_IDS = re.compile(r'(m-\d+-\d+|gen-\d+)"')


@dataclass(frozen=True)
class Weather:
    """How bad it is: shares are of 1, times in seconds. `reads` are those of the answers that customers are told to
    have read, once or again, and `ends` those after which the agent ends the conversation, untold."""

    seed: int = 1
    messages: int = 300
    people: int = 60
    lasts_s: float = 1200.0
    http: float = 0.1
    aws: float = 0.0
    kills: int = 20
    doubled: float = 0.15
    late: float = 0.2
    echoes: bool = True
    skew_s: float = 3.0
    rotates: bool = True
    newcomer: bool = True
    reads: float = 0.0
    ends: float = 0.0


class Storm:
    """One run over a bridge, `lab`. `accounts` are whose customers the people are."""

    def __init__(self, weather: Weather) -> None:
        self.weather = weather
        self.random = Random(weather.seed)
        self.lab = Lab(containers=4)
        accounts = [INSTAGRAM, TIKTOK, NEWCOMER][: 3 if weather.newcomer else 2]
        self.accounts = {str(70_000 + number): accounts[number % len(accounts)] for number in range(weather.people)}
        self.answers: defaultdict[str, list[tuple[str, list[str]]]] = defaultdict(list)
        """Each person's answers in the order in which they were given: the id, and the parts that arrive."""
        self.read: defaultdict[str, set[int]] = defaultdict(set)
        """When each person has read something (epoch ms)."""
        self.ended: defaultdict[str, list[float]] = defaultdict(list)
        """When agents have ended their conversations (epoch s)."""
        if weather.reads:
            self.lab.ledger.listed = [replace(one, show_reads=True) for one in self.lab.ledger.listed]
        self._kills = sorted(self.random.uniform(20, weather.lasts_s) for _ in range(weather.kills))
        self._blow()
        self._talk()

    def run(self) -> None:
        """Lets it rage, then lets everything come to rest."""
        self.lab.run(self.weather.lasts_s)
        self.lab.settle(6 * 3600)

    # --- what breaks

    def _blow(self) -> None:
        lab, random, weather = self.lab, self.random, self.weather
        lab.steps.pace = lambda: random.uniform(0.5, 2.0)
        lab.steps.kill_at = self._kill
        lab.steps.fails = lambda number, name: self._by(weather.aws, get_args(AwsFault))
        lab.world.faults = lambda target, path, body: self._by(weather.http, HTTP_FAULTS)
        lab.skew_s = lambda: random.uniform(-weather.skew_s, weather.skew_s)
        lab.echo_s = self._echo
        if weather.rotates:
            self._at(weather.lasts_s * 0.4, self._rotate)
        if weather.newcomer:
            lab.secrets.stored[NEWCOMER.secret] = {"access_token": "new"}
            newcomer = replace(NEWCOMER, show_reads=weather.reads > 0)
            self._at(60, lambda: lab.ledger.listed.append(newcomer))

    def _by(self, share: float, choices: tuple[Any, ...]) -> Any:
        raging = self.lab.clock() - START < self.weather.lasts_s
        return self.random.choice(choices) if raging and self.random.random() < share else None

    def _kill(self, number: int, name: str) -> When | None:
        if not self._kills or self.lab.clock() - START < self._kills[0]:
            return None
        self._kills.pop(0)
        return "before" if self.random.random() < 0.5 else "after"

    def _echo(self) -> float | None:
        """Most come at once, some late, some never."""
        kind = self.random.random()
        if kind < 0.15 or not self.weather.echoes:
            return None
        return self.random.uniform(5, 100) if kind < 0.3 else self.random.uniform(0.2, 2)

    def _rotate(self) -> None:
        """The new secret beside the former one, then the senders change over: the desk at once, the platforms within
        a minute. In the end the new one stands alone."""
        lab = self.lab
        lab.secrets.stored["edge"] = {"secrets": [ROTATED, SECRET]}
        lab.sign["genesys"] = ROTATED
        now_s = lab.clock() - START
        for platform in ("instagram", "tiktok"):
            self._at(now_s + self.random.uniform(0, 60), partial(lab.sign.update, {platform: ROTATED}))
        self._at(now_s + 120, lambda: lab.secrets.stored.update(edge={"secrets": [ROTATED]}))

    # --- who talks

    def _talk(self) -> None:
        """Everybody writes first; then people and agents write when they like to."""
        half = self.weather.messages // 2
        people = list(self.accounts)
        writers = people + [self.random.choice(people) for _ in range(half - len(people))]
        for number, person in enumerate(writers):
            first = number < len(people)
            soon = self.random.uniform(0, self.weather.lasts_s * (0.3 if first else 1))
            self._at(soon, partial(self._writes, person))
        for _ in range(self.weather.messages - len(writers)):
            soon = self.random.uniform(0, self.weather.lasts_s)
            person = self.random.choice(people)
            self._at(soon, partial(self._answers, person))

    def _writes(self, person: str) -> None:
        number = len(self.lab.wrote[person])
        text = PICTURE if self.random.random() < 0.1 else f"{person} says {number}"
        late = self.random.random() < self.weather.late
        after_s = self.random.uniform(1, 4) if late else self.random.uniform(0.1, 0.6)
        again = self.random.random() < self.weather.doubled
        again_s = [self.random.choice([0.3, 30, 400])] if again else []
        self.lab.customer(person, text, self.accounts[person], after_s, again_s)

    def _answers(self, person: str) -> None:
        """Nobody answers what has not been shown."""
        if not self.lab.shown(person):
            self._at(self.lab.clock() - START + 20, partial(self._answers, person))
            return
        account, kind = self.accounts[person], self.random.random()
        words = f"to-{person}-{len(self.answers[person])}"
        parts = [THANKS if kind < 0.15 else words]
        if 0.15 < kind < 0.25 and account.channel == "instagram":  # which takes 1,000 bytes at a time
            parts = [f"{words}-{letter * 900} " for letter in "abc"]
        files = [PICTURE] if kind > 0.9 else []
        identifier = self.lab.agent(person, "".join(parts), account, len(files))
        self.answers[person].append((identifier, parts + files))
        if self.weather.reads and account.channel == "instagram":
            self._is_read(person, account, identifier)

    def _is_read(self, person: str, account: Account, answer: str) -> None:
        """Some moments later, beside an agent who may have ended the conversation by then."""
        random, now_s = self.random, self.lab.clock() - START
        if random.random() < self.weather.ends:
            self._at(now_s + random.uniform(0.2, 10), partial(self._ends, person))
        if random.random() < self.weather.reads:
            self._at(now_s + random.uniform(0.5, 20), partial(self._reads, person, account, answer))

    def _ends(self, person: str) -> None:
        self.ended[person].append(self.lab.clock())
        self.lab.world.over[person] += 1

    def _reads(self, person: str, account: Account, answer: str) -> None:
        at_ms = int(self.lab.clock() * 1000)
        self.read[person].add(at_ms)
        body = webhooks.instagram(
            account, person, at_ms, {"read": {"mid": f"{answer}-read"}}
        )  # no answer's own id (_IDS)
        again_s = [self.random.choice([0.3, 30, 400])] if self.random.random() < self.weather.doubled else []
        for delay_s in (self.random.uniform(0.1, 6), *again_s):
            self.lab.deliver("instagram", body, delay_s)

    def _at(self, second: float, work: Callable[[], object]) -> None:
        self.lab.timeline.at(START + second, work)


def reads(storm: Storm) -> dict[str, int]:
    """What was read, how much of it agents were shown, and what of that should not be. An agent may end the
    conversation between the look and the line, which nobody can tell."""
    found: Counter[str] = Counter(read=sum(map(len, storm.read.values())))
    for person, read in storm.read.items():
        told = [one for one in storm.lab.world.shown if one.customer == person]
        lines = [one for one in told if one.text == READ]
        firsts = {one.conversation: one for one in reversed(told)}
        times = [round(datetime.fromisoformat(one.time).timestamp() * 1000) for one in lines]
        found["shown"] += len(lines)
        found["of nothing that was read"] += len(set(times) - read)
        found["twice"] += len(times) - len(set(times))
        found["out of order"] += sum(later <= sooner for sooner, later in pairwise(times))
        found["opening a conversation"] += sum(
            one in lines and not any(0 <= one.at_s - ended_s < AT_ONCE_S for ended_s in storm.ended[person])
            for one in firsts.values()
        )
    return dict(found)


def tally(storm: Storm) -> Tally:
    """Counts a storm that is over."""
    lab = storm.lab
    found = counted(talks(storm))
    found.turned_away, found.dead, found.parked = len(lab.turned_away), len(lab.dead), len(lab.parked)
    found.unfinished = sum(work.open for work in lab.ledger.claims.values()) + (0 if lab.idle else 1)
    found.excused = lab.world.unanswered + lab.kills + lab.steps.failed["sqs put out"]
    return found


def talks(storm: Storm) -> list[Talk]:
    """What everybody said and heard."""
    lab = storm.lab
    taken: dict[str, float] = {}
    for when_s, body in lab.sqs.taken:
        for identifier in _IDS.findall(body):
            taken.setdefault(identifier, when_s)

    def said(identifier: str, parts: list[str]) -> Said:
        when_s = taken.get(identifier, float("inf"))
        return Said(identifier, parts, when_s, when_s)

    return [
        Talk(
            wrote=[said(f"m-{person}-{number}", [text]) for number, text in enumerate(lab.wrote[person], 1)],
            shown=lab.shown(person),
            answers=[said(identifier, parts) for identifier, parts in storm.answers[person]],
            got=lab.got(person),
            told={identifier: lab.told(identifier) for identifier, _ in storm.answers[person]},
        )
        for person in storm.accounts
    ]


def untraced(storm: Storm, texts: list[str]) -> list[str]:
    """What the lines that the bridge has written, and its ledger, do not tell the whole way of."""
    ledger = storm.lab.ledger

    def rows(conversation: Conversation) -> list[Row]:
        held = [(item, work) for (key, item), work in ledger.claims.items() if key == conversation.key]
        return [Row(name=item, fields={"state": work.state, "since": work.since}) for item, work in held]

    accounts = [account for account in ledger.listed if isinstance(account, Account)]
    traces = Traces(Lines(texts), accounts, storm.accounts, rows, storm.lab.clock)
    said = [one.id for talk in talks(storm) for one in (*talk.wrote, *talk.answers)]
    return [f"{identifier}: {lacks}" for identifier in said if (lacks := traces.lacking(identifier))]
