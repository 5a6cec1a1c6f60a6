"""A thousand hand-overs, whose workers are killed before and after whatever they write, run beside each other, and are
called again: the bot says nothing after people have taken over, and nobody is answered twice."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from random import Random
from typing import Any

import msgspec

from chalicelib.errors import Retryable, Uncertain
from chalicelib.protocols.desk import Desk
from chalicelib.vocabulary.claims import LEASE_S
from chalicelib.vocabulary.front import Bot, Front
from chalicelib.vocabulary.messages import CustomerMessage, DeskMessage, Echo
from chalicelib.vocabulary.records import BOT, Account, Conversation, Event, Seat
from tests.fakes import (
    INSTAGRAM,
    START,
    FakeClient,
    FakeClock,
    FakeDesk,
    FakeFetch,
    FakeFloor,
    FakeLedger,
    FakeMemory,
    FakeMetrics,
    FakeQueue,
    FakeSecrets,
    FakeShelf,
    turn,
)  # fmt: skip
from tests.kits import Wired
from tests.pipeline.front.kit import Translating
from tests.pipeline.front.test_bot import ASKED, Talker, answer

RUNS = 1000
# What a worker dies at: one call in so many.
ONE_IN = 12
# A message over which workers die more often is given up, and told so: tests/chaos sees to that.
MOST_DEATHS = 4
STEPS = 400


class Killed(BaseException):
    """The worker is gone."""


class Mortal:
    """Something whose every call may be the worker's last, before its effect or after it."""

    def __init__(self, inner: Any, strikes: Callable[[], bool]) -> None:
        self._inner, self._strikes = inner, strikes

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._inner, name)
        if not callable(found):
            return found

        def call(*args: Any, **named: Any) -> Any:
            self._strike()
            answered = found(*args, **named)
            self._strike()
            return answered

        return call

    def __call__(self, *args: Any, **named: Any) -> Any:
        self._strike()
        answered = self._inner(*args, **named)
        self._strike()
        return answered

    def _strike(self) -> None:
        if self._strikes():
            raise Killed


class Remembers(FakeDesk):
    """A desk that can be asked what it holds."""

    def deliver(self, account: Account, message: DeskMessage, seat: Seat, now: float) -> Seat:
        after = super().deliver(account, message, seat, now)
        self.holds[message.id] = after.conversation
        return after


class Run:
    """One customer, one bot, one desk, and what became of each message."""

    def __init__(self, seed: int) -> None:
        self.dice = Random(seed)
        self.deaths = 0
        self.clock, self.says, self.talker = FakeClock(), Translating(), Talker()
        self.desk, self.client, self.ledger = Remembers(), FakeClient(), FakeLedger()
        self.floor, self.outbound = FakeFloor(self.ledger), FakeQueue()
        self.conversation = Conversation("instagram", INSTAGRAM.id, "55501")
        self.ledger.listed = [msgspec.structs.replace(INSTAGRAM, front=Front(bot=Bot(model="m", turns=50)))]
        self.taken_after: int | None = None
        """How many parts had been sent when people took over."""
        mortal: Any = lambda inner: Mortal(inner, self._strikes)  # noqa: E731 — one thing, said for each
        desk: Desk = mortal(self.desk)
        wired = Wired(
            clients={"instagram": mortal(self.client)},
            desk=desk,
            secrets=FakeSecrets(),
            ledger=mortal(self.ledger),
            shelf=FakeShelf(),
            fetch=FakeFetch(),
            clock=self.clock,
            metrics=FakeMetrics(),
            memory=mortal(FakeMemory(self.clock)),
            talker=mortal(self.talker),
            floor=mortal(self.floor),
            outbox=mortal(self.outbound),
        )
        self.to_desk = wired.to_desk({"instagram": self.says}, FakeQueue())
        self.to_customer = wired.to_customer(self.says, self.outbound)
        self.crossed = 0
        self.waits: list[Any] = []
        """The inbound queue: its head is tried until it is dealt with."""
        self.depth = 0
        self.talker.beside = lambda: self._beside(self._out)
        self.client.on_send = self._sends

    def _strikes(self) -> bool:
        strikes = self.deaths < MOST_DEATHS and self.dice.randrange(ONE_IN) == 0
        self.deaths += strikes
        return strikes

    def _sends(self, text: str) -> None:
        """The part is under way when people take over, or it is not."""
        self._note()
        before = self.taken_after
        self._beside(self._in)
        self._note()
        self.crossed += before != self.taken_after and "answer" in text

    def _beside(self, work: Callable[[], None]) -> None:
        """Another worker, while this one is at it."""
        if self.depth or self.dice.random() < 0.5:
            return
        self.depth += 1
        happened = self.says.happened
        try:
            work()
        finally:
            self.depth -= 1
            self.says.happened = happened

    def _note(self) -> None:
        thread = self.ledger.thread(self.conversation)
        if self.taken_after is None and thread.seat.generation > 1 and thread.seat.desk != BOT:
            self.taken_after = len(self.client.parts)

    def _in(self) -> None:
        if not self.waits:
            return
        head = self.waits[0]
        self.says.happened = [head]
        event = Event(source="instagram", account=INSTAGRAM.id, party="55501", id=head.id,
                      received_ms=int(self.clock() * 1000))  # fmt: skip
        if self._done(lambda: self.to_desk.handle(event, turn(head.id))) and self.waits[:1] == [head]:
            self.waits.pop(0)

    def _out(self) -> None:
        if not self.outbound.events:
            return
        head = self.outbound.events[0]
        if self._done(lambda: self.to_customer.handle(head, turn(head.id))) and self.outbound.events[:1] == [head]:
            self.outbound.events.pop(0)

    def _done(self, work: Callable[[], object]) -> bool:
        try:
            work()
        except (Killed, Retryable):
            return False
        finally:
            self._note()
        return True

    def go(self) -> None:
        many = self.dice.randrange(1, 5)
        self.texts = [f"text {number}." for number in range(1, many + 1)]
        for number in range(1, many + 3):
            text = ASKED if number == many + 1 else f"text {number}."
            self.waits.append(
                CustomerMessage(
                    id=f"message:m{number}",
                    conversation=self.conversation,
                    sent_ms=int(START) * 1000 + number,
                    text=text,
                )
            )
        if self.dice.random() < 0.3:
            person = Echo(id="e1", conversation=self.conversation, sent_ms=int(START) * 1000, text="I am Ana.")
            self.waits.insert(self.dice.randrange(1, many + 1), person)
        self.talker.answers = [answer(f"answer {number}") for number in range(1, 99)]
        self.client.answers = [
            Uncertain("silence") if self.dice.random() < 0.1 else f"platform-{number}" for number in range(99)
        ]
        for _ in range(STEPS):
            if not (self.waits or self.outbound.events):
                return
            self.dice.choice([self._in, self._out])()
            self.clock.advance(self.dice.choice([1.0, 10.0, LEASE_S + 31.0]))
        raise AssertionError("not done")


def said(run: Run) -> list[str]:
    """The bot's answers as they went out, by their words."""
    return [text.rpartition("\n\n")[2] for text in run.client.texts if "answer" in text]


def test_a_thousand_hand_overs() -> None:
    handed, spoke, deaths = 0, 0, 0
    for seed in range(RUNS):
        run = Run(seed)
        run.go()
        handed += run.taken_after is not None
        answers = said(run)
        assert len(answers) == len(set(answers)), (seed, answers)
        late = run.client.texts[run.taken_after :] if run.taken_after is not None else []
        assert ([text for text in late if "answer" in text], run.crossed) == ([], 0), seed
        shown = Counter(message.id for message in run.desk.delivered)
        assert max(shown.values()) == 1, (seed, shown)
        # whoever was not answered by the bot is shown to people, by itself or in the transcript
        told = "\n".join(message.text for message in run.desk.delivered)
        assert ASKED in told, seed
        asked = {f"answer {number}": talk[-1].text for number, (_, talk, _) in enumerate(run.talker.asked, start=1)}
        heard = {asked[text] for text in answers}
        assert [text for text in run.texts if text not in heard and text not in told] == [], seed
        spoke += len(answers)
        deaths += run.deaths
    assert handed == RUNS
    assert spoke > RUNS / 2
    assert deaths > 2 * RUNS
