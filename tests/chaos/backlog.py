"""A long backlog against the desk's limit of 300 calls a minute: nothing is given up, each conversation is read in
order, and none is let wait for the others. Queue and limit are a model's; the workers are the bridge's."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from math import inf
from random import Random
from typing import Any

from tests.chaos.aws import Sqs, record_of
from tests.chaos.lab import Lab
from tests.chaos.world import Fault
from tests.fakes import INSTAGRAM, START, TIKTOK

LIMIT, WINDOW_S = 300, 60.0
"""developer.genesys.cloud/organization/organization/limits: of a client's token."""
# Nobody's webhooks overtake each other here.
APART_S = 0.2
MESSAGES, PEOPLE, CONTAINERS = 20_000, 400, 4


class Indexed(Sqs):
    """The same queues, whose long ones are looked through by group: a group is free when all of it that was handed out
    is deleted, or visible again."""

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self._out: dict[tuple[str, str], dict[str, float]] = {}
        """Until when each message of a group that was handed out is hidden."""
        self._whose: dict[str, tuple[str, str]] = {}
        self._busy: dict[str, dict[str, float]] = {"in": {}, "out": {}}
        """Until when each queue's groups are not free."""

    def change_message_visibility_batch(self, QueueUrl: str, Entries: list[dict[str, Any]]) -> dict[str, Any]:
        now = self._clock()
        for entry in Entries:
            group = self._whose.get(entry["ReceiptHandle"])
            if group is not None:
                self._out[group][entry["ReceiptHandle"]] = now + entry["VisibilityTimeout"]
                self._note(*group)
        return {}

    def receive(self, url: str) -> list[dict[str, Any]]:
        now = self._clock()
        busy = self._busy[url]
        ready = [name for name in self._groups.get(url, {}) if busy.get(name, -inf) <= now]
        heads = sorted(ready, key=lambda name: self._order(url, name))
        held = [one for name in heads[: self.BATCH] for one in self._groups[url][name][: self.BATCH]]
        taken = sorted(held, key=lambda message: int(message["order"]))[: self.BATCH]
        for message in taken:
            message["receives"] += 1
            key = url, str(message["group"])
            self._out.setdefault(key, {})[message["id"]] = now + self.VISIBILITY_S
            self._whose[message["id"]] = key
            self.longest_receives = max(self.longest_receives, message["receives"])
            self._note(*key)
        assert self.longest_receives <= self.MOST_RECEIVES
        return [record_of(message) for message in taken]

    def next_s(self, url: str) -> float:
        groups, busy = self._groups.get(url, {}), self._busy[url]
        if not groups:
            return inf
        return min(busy.values()) if len(busy) == len(groups) else -inf

    def _note(self, url: str, name: str) -> None:
        hidden = self._out[url, name]
        if hidden:
            self._busy[url][name] = max(hidden.values())
        else:
            self._busy[url].pop(name, None)

    def _order(self, url: str, name: str) -> int:
        return int(self._groups[url][name][0]["order"])

    def _remove(self, url: str, gone: set[str]) -> None:
        for name in {self._whose[one][1] for one in gone}:
            left = [message for message in self._groups[url][name] if message["id"] not in gone]
            if left:
                self._groups[url][name] = left
            else:
                del self._groups[url][name]
            for one in gone:
                self._out[url, name].pop(one, None)
            self._note(url, name)


class Limit:
    """Takes so many calls of each minute, and refuses the others without a word of when it is over."""

    def __init__(self, lab: Lab) -> None:
        self._clock = lab.clock
        self.taken: Counter[int] = Counter()
        self.refused = 0

    def __call__(self, target: str, path: str, body: bytes) -> Fault | None:
        if target != "genesys" or path == "/oauth/token":
            return None
        minute = int((self._clock() - START) // WINDOW_S)
        if self.taken[minute] >= LIMIT:
            self.refused += 1
            return "429"
        self.taken[minute] += 1
        return None


@dataclass(frozen=True)
class Found:
    """What became of it. `minutes` it took, `least` it can take; halfway through, between `behind` and `ahead` of a
    conversation were read (shares of 1)."""

    messages: int
    read: int
    out_of_order: int
    dead: int
    parked: int
    minutes: float
    least: float
    refused: int
    most_receives: int
    behind: float
    ahead: float

    def __str__(self) -> str:
        return (
            f"{self.messages:,} messages of a backlog, {LIMIT} calls a minute: {self.read:,} read once, "
            f"{self.out_of_order} conversations out of order, {self.dead} dead letters, {self.parked} parked; "
            f"{self.minutes:.0f} minutes of at least {self.least:.0f}, {self.refused:,} calls refused, "
            f"no message handed out more than {self.most_receives} times; halfway, between {self.behind:.0%} and "
            f"{self.ahead:.0%} of each conversation were read"
        )

    @property
    def faults(self) -> dict[str, int]:
        """What should not be, where it is."""
        wrong = {"out of order": self.out_of_order, "dead": self.dead, "parked": self.parked,
                 "lost or doubled": abs(self.messages - self.read),
                 "unfair": int(self.ahead - self.behind > 0.5)}  # fmt: skip
        return {name: number for name, number in wrong.items() if number}


def played(messages: int = MESSAGES, people: int = PEOPLE, seed: int = 1, containers: int = CONTAINERS) -> Found:
    """All of it lies on the queue before the first worker looks, as after an outage; who wrote when is drawn."""
    lab = Lab(containers)
    _index(lab)
    limit = Limit(lab)
    lab.world.faults = limit
    random, names = Random(seed), [str(80_000 + number) for number in range(people)]
    writers = [name for name in names for _ in range(messages // people)]
    random.shuffle(writers)
    waiting, lab._free["in"] = lab._free["in"], []
    for place, name in enumerate(writers):
        lab.customer(name, f"{name} {place}", TIKTOK if int(name) % 2 else INSTAGRAM, after_s=place * APART_S)
    lab.run(messages * APART_S + 1)
    lab._free["in"] = waiting
    began = lab.clock()
    lab.settle(12 * 3600)
    return _found(lab, limit, names, began)


def _index(lab: Lab) -> None:
    """The lab's queues as they are, looked through faster."""
    indexed = Indexed(lab.clock, lab.steps)
    vars(lab.sqs).update(vars(indexed))
    lab.sqs.__class__ = Indexed


def _found(lab: Lab, limit: Limit, names: Iterable[str], began: float) -> Found:
    shown = lab.world.shown
    written = {name: lab.wrote[name] for name in names}
    whose = {text: name for name, texts in written.items() for text in texts}
    read: dict[str, list[str]] = {name: [] for name in written}
    half: Counter[str] = Counter()
    for place, one in enumerate(shown):
        read[whose[one.text]].append(one.text)
        half[whose[one.text]] += place < len(shown) / 2
    shares = [half[name] / len(texts) for name, texts in written.items()]
    took_s = (shown[-1].at_s if shown else inf) - began
    return Found(
        messages=len(whose),
        read=len({one.text for one in shown}) - (len(shown) - len({one.text for one in shown})),
        out_of_order=sum(read[name] != texts for name, texts in written.items()),
        dead=len(lab.dead),
        parked=len(lab.parked),
        minutes=took_s / 60,
        least=-(-len(whose) // LIMIT) - 2,  # all of the first window and of the last may go at once
        refused=limit.refused,
        most_receives=lab.sqs.longest_receives,
        behind=min(shares),
        ahead=max(shares),
    )
