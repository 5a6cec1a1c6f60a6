"""Who is asked beside a message's way, in memory: a company's CRM, a classifier, and the bot that answers before an
agent does. Each call is a step; they fail, dawdle and lie as they are told to."""

from __future__ import annotations

import json
import re
from base64 import b64encode
from collections.abc import Callable, Mapping, Sequence
from itertools import count
from typing import Any, Literal, get_args

from chalicelib.errors import Misconfigured, Uncertain, Unreachable
from chalicelib.pipeline.front.asking import Asking
from chalicelib.pipeline.front.crm import Lookup
from chalicelib.pipeline.front.endpoint import Signed
from chalicelib.pipeline.front.triage import Judging
from chalicelib.pipeline.inbound.composing import Draft, Enricher, switched
from chalicelib.protocols.asking import Question, Reply, Turn
from chalicelib.vocabulary.front import Bot, Triage
from chalicelib.vocabulary.records import Account
from tests.chaos.timeline import Steps

FRONT = "front"
CALL_S = 0.3
SIGNED_WITH = "front/crm"
KEY = "whsec_" + b64encode(bytes(range(32))).decode()
# "down" cannot be reached, "late" has not answered when the time is over, "refuses" has to be set right by somebody,
# "odd" breaks in a way that nobody foresaw; of what "lies" and "babbles" nothing is to be believed.
Ill = Literal["down", "late", "refuses", "odd", "lies", "babbles"]
ILLS: tuple[Ill, ...] = get_args(Ill)
RIGHT = {"intent": "order", "sentiment": "neutral", "language": "en", "urgency": "high", "spam": 1}
ASKS = re.compile(r"q\d+-\d+")
"""What a customer's message to a bot is known by, wherever it is told."""


class Asked:
    """All of them."""

    def __init__(self, steps: Steps) -> None:
        self._steps = steps
        self.ill: Callable[[str], Ill | None] = lambda who: None
        """What is wrong with whoever is asked now: "crm", "triage", "bot"."""
        self.was_ill = False
        self.calls = {"crm": 0, "triage": 0, "bot": 0}
        self.longest_s = 0.0
        """The longest time that anybody was given (s)."""

    def post(self, url: str, headers: Mapping[str, str], body: bytes, within_s: float) -> Reply:
        """The company's CRM."""
        told = self._told("crm", {"tier": "gold", "priority": "900"}, within_s)
        return Reply(200, told.encode() if isinstance(told, str) else json.dumps(told).encode())

    def judge(self, triage: Triage, question: Question, within_s: float) -> object:
        return self._told("triage", RIGHT, within_s)

    def talk(self, bot: Bot, question: Question, talk: Sequence[Turn], within_s: float) -> object:
        """It names what it answers, each of its answers by a number of its own."""
        text = f"re {' '.join(ASKS.findall(talk[-1].text))} by {self.calls['bot']}"
        said = {"text": text, "confidence": 90, "intent": "hours", "summary": "Asks."}
        return self._told("bot", said, within_s)

    def _told(self, who: str, right: Mapping[str, Any], within_s: float) -> object:
        ill = self.ill(who)
        self.was_ill |= ill is not None
        self.calls[who] += 1
        self.longest_s = max(self.longest_s, within_s)
        self._steps.step(f"{FRONT} {who}", lambda: None, within_s if ill == "late" else min(CALL_S, within_s))
        if ill in _ERRORS:
            raise _ERRORS[ill]()
        lies = {"lies": {**right, "channel": "forged", "priority": 10**9}, "babbles": "Roses are red"}
        return lies.get(ill or "", dict(right))


_ERRORS: dict[str | None, Callable[[], Exception]] = {
    "down": lambda: Unreachable("no connection"),
    "late": lambda: Uncertain("no answer in time"),
    "refuses": lambda: Misconfigured("403", "let the bridge in"),
    "odd": lambda: LookupError("odd"),
}


def asking(front: Asked, memory: Any, secrets: Any, clock: Any, metrics: Any) -> tuple[Enricher, ...]:
    """One after the other, so that each of their steps has its place; the product's own asks them side by side."""
    calls = count()
    lookup = Lookup(Signed(front.post, secrets, clock, lambda: f"call-{next(calls)}"), memory, clock, metrics)
    judging = Judging({True: front.judge}, memory, clock, metrics, lambda: f"judge-{next(calls)}")
    asks = [Asking([judging]).enrich, Asking([lookup]).enrich]

    def enrich(draft: Draft) -> Draft:
        for ask in asks:
            draft = ask(draft)
        return draft

    return (switched(_asks, lambda: enrich),)


def _asks(account: Account) -> bool:
    return account.front.crm is not None or account.front.triage is not None
