"""Short scenes of what may stand in front of the desk, and what must have become of them whatever broke on the way."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import msgspec

from chalicelib.rules.spam import NEWCOMERS_S
from chalicelib.vocabulary.front import Bot, Crm, Front, Guards, Triage
from chalicelib.vocabulary.guarding import Rule, Said
from chalicelib.vocabulary.records import Account, Conversation
from tests.chaos.asked import SIGNED_WITH
from tests.chaos.lab import Lab
from tests.chaos.scenes import ANA, Scene
from tests.chaos.talks import TalkLab, became, wrong
from tests.chaos.world import nothing
from tests.fakes import INSTAGRAM

CRM = Crm(url="https://crm.example/dm", secret=SIGNED_WITH)
TRIAGE = Triage(intents={"order": ""}, model="m", priorities={"high": 900})
HOLDS = "[What this customer writes is held back"
PARKS = "[What this customer writes is put aside"
HOUR_S = 3600.0


def fronted(front: Front) -> Account:
    """The account with that in front of its desk."""
    return msgspec.structs.replace(INSTAGRAM, front=front)


ASKS = fronted(Front(crm=CRM, triage=TRIAGE))
GUARDED = fronted(Front(guards=Guards(hold_minutes=60)))
BOT = fronted(Front(bot=Bot(model="m")))
ALL = fronted(Front(guards=Guards(hold_minutes=5), crm=CRM, triage=TRIAGE, bot=Bot(model="m")))


@dataclass(frozen=True)
class Guarded(Scene):
    """Before `rule`. Of `line` agents read once at the most. A guard that fails lets through: then they read
    `let_through`, and nothing is parked."""

    rule: Rule | None = None
    line: str = ""
    let_through: tuple[str, ...] = ()

    def begun(self) -> Lab:
        lab = super().begun()
        lab.book.listed = [self.rule] if self.rule else []
        lab.clock.advance(61)  # the rules are read again
        return lab

    def wrong(self, lab: Lab) -> list[str]:
        lines = [one for one in lab.world.shown if self.line and one.text.startswith(self.line)]
        lab.world.shown = [one for one in lab.world.shown if one not in lines]
        found = [f"agents read {len(lines)} lines of the guard's"] if len(lines) > 1 else []
        kept = super().wrong(lab)
        if kept and lab.steps.failed.total():
            open_door = Scene(self.act, shown=list(self.let_through), account=self.account, open=self.open)
            kept = open_door.wrong(lab)
        return found + kept


@dataclass(frozen=True)
class Talk(Scene):
    """Before a bot. Where nothing breaks it answers `answers` of the messages, and agents read `read` for
    themselves."""

    account: Account = BOT
    open: bool = False
    answers: int = 0
    read: int = 0

    def begun(self) -> Lab:
        lab = TalkLab()
        lab.ledger.listed = [self.account]
        return lab

    def wrong(self, lab: Lab) -> list[str]:
        assert isinstance(lab, TalkLab)
        found = became(lab, ANA)
        broken = lab.kills or lab.steps.failed.total() or lab.front.was_ill or lab.world.faults is not nothing
        faults = {
            "it does not come to rest": not lab.idle,
            f"{found.takes_over} times a person took over": found.takes_over > 1,
            f"agents' answers: {lab.world.receipts}": not self._agents(lab),
            f"dead: {len(lab.dead)}, parked: {lab.parked}, turned away: {lab.turned_away}": bool(
                lab.dead or lab.parked or lab.turned_away
            ),
            f"answered {found.answered}, read {found.shown}": not broken
            and (len(found.answered), len(found.shown)) != (self.answers, self.read),
        }
        return wrong(lab, ANA) + [words for words, is_so in faults.items() if is_so]

    def _agents(self, lab: Lab) -> bool:
        """Each agent's answer came once, or they were told that it did not."""
        told = [(lab.told(one), lab.got(ANA).count(f"agent {number}")) for number, one in enumerate(lab.answers)]
        return all(times == 1 or (times == 0 and "Failed" in statuses) for statuses, times in told)


def _asked(*, human: bool = False, then: Callable[[Lab], object] | None = None) -> Callable[[Lab], None]:
    def act(lab: Lab) -> None:
        assert isinstance(lab, TalkLab)
        lab.asks(ANA, lab.ledger.listed[0], human=human)
        if then:
            lab.timeline.at(lab.clock() + HOUR_S, lambda: then(lab))

    return act


def _handed_over(lab: Lab) -> None:
    """The bot has answered; then a person is wished for, and another message follows at once, and an agent answers."""

    def wishes(lab: Lab) -> None:
        assert isinstance(lab, TalkLab)
        lab.asks(ANA, BOT, human=True)
        lab.timeline.at(lab.clock() + 0.2, lambda: lab.asks(ANA, BOT))
        lab.timeline.at(lab.clock() + HOUR_S, lambda: lab.agent(ANA, "agent 0"))

    _asked(then=wishes)(lab)


def _answered_elsewhere(lab: Lab) -> None:
    """A person answers in the app, while the bot's second answer is on its way."""

    def again(lab: Lab) -> None:
        assert isinstance(lab, TalkLab)
        lab.asks(ANA, BOT)
        lab.timeline.at(lab.clock() + 0.2, lambda: lab.elsewhere(ANA, BOT, 1))
        lab.timeline.at(lab.clock() + HOUR_S, lambda: lab.asks(ANA, BOT))

    _asked(then=again)(lab)


def _rushes(lab: Lab) -> None:
    """Another has written for the first time in each of these ten minutes."""
    for span in range(100):
        lab.book.newcomers[INSTAGRAM.id, int(lab.clock()) // NEWCOMERS_S + span] = 1
    lab.customer(ANA, "hi")


def _loops(lab: Lab) -> None:
    """What the bridge itself has said meanwhile is more than anybody reads."""
    now_ms = int(lab.clock() * 1000)
    key = Conversation(INSTAGRAM.channel, INSTAGRAM.id, ANA).key
    lab.ledger.turns[key] = tuple(Said(by="automatic", at_ms=now_ms - 1000 * one) for one in range(40, 0, -1))
    lab.customer(ANA, "hi")


IN_FRONT: dict[str, Scene] = {
    "a message that is looked up and judged": Scene(
        lambda lab: lab.customer(ANA, "hi"), shown=["hi"], account=ASKS, open=False
    ),
    "the next, of somebody who is known": Scene(lambda lab: lab.customer(ANA, "hi"), shown=["hi"], account=ASKS),
    "a message that guards let through": Guarded(lambda lab: lab.customer(ANA, "hi"), shown=["hi"], account=GUARDED),
    "a newcomer's message": Guarded(
        _rushes,
        shown=["[This may be spam"],
        account=GUARDED,
        open=False,
        rule=Rule(id="rush", kind="newcomers", value="1", action="mark"),
        let_through=("hi",),
    ),
    "a message that is held for a while": Guarded(
        lambda lab: lab.customer(ANA, "free money"),
        shown=["[This may be spam"],
        account=GUARDED,
        rule=Rule(id="money", kind="pattern", value="free money", action="hold"),
        line=HOLDS,
        let_through=("free money",),
    ),
    "a blocked sender": Guarded(
        lambda lab: lab.customer(ANA, "hi"),
        account=GUARDED,
        rule=Rule(id="troll", kind="sender", value=ANA, action="drop"),
        let_through=("hi",),
    ),
    "a machine": Guarded(_loops, account=GUARDED, line=PARKS, parked=1, let_through=("hi",)),
    "a bot's answer": Talk(_asked(), answers=1),
    "a wish for a person": Talk(_asked(human=True), read=1),
    "a hand-over": Talk(_handed_over, answers=1, read=2),
    "a person who answers in the app": Talk(_answered_elsewhere, answers=2, read=1),
    "all at once": Talk(_handed_over, account=ALL, answers=1, read=2),
}
