"""Quick texts become one message: shown once each, in order, whoever dies, whatever the desk answers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from chalicelib.errors import Refused, Retryable, Uncertain
from chalicelib.pipeline.batch import Batch
from chalicelib.pipeline.erased import Heeding
from chalicelib.vocabulary.capabilities import DeskCapabilities
from chalicelib.vocabulary.claims import LEASE_S
from chalicelib.vocabulary.messages import CustomerEvent, CustomerMessage, DeskMessage, Line, Media, Note
from chalicelib.vocabulary.records import Account, Conversation, Erasure, Event, Seat
from tests.fakes import INSTAGRAM, START, FakeClient, FakeDesk
from tests.kits import Bench, record

CONVERSATION = Conversation("instagram", INSTAGRAM.id, "55501")
START_MS = int(START) * 1000
FOLD_S = 5


class Killed(BaseException):
    """The worker's process ends."""


class Desk(FakeDesk):
    """Takes a message once under one id where it is `idempotent`, and is searched elsewhere. `fails` is raised once,
    before or after it has taken a message."""

    def __init__(self, idempotent: bool) -> None:
        super().__init__()
        self.idempotent = idempotent
        self.shown: list[DeskMessage] = []
        self.fails: list[BaseException | None] = []
        self.taken_first = False
        self.poison = ""

    @property
    def capabilities(self) -> DeskCapabilities:
        return DeskCapabilities(stateful=self.idempotent, idempotent=self.idempotent)

    def deliver(self, account: Account, message: DeskMessage, seat: Seat, now: float) -> Seat:
        if self.poison and self.poison in message.text:
            raise Refused("rejected_content", "no")
        error = self.fails.pop(0) if self.fails else None
        if error is None or self.taken_first:
            if not self.idempotent or message.id not in {one.id for one in self.shown}:
                self.shown.append(message)
            self.holds[message.id] = self.conversation
        if error is not None:
            raise error
        return msgspec.structs.replace(seat, conversation=self.conversation)

    @property
    def texts(self) -> list[str]:
        return [message.text for message in self.shown]


class Road:
    """An inbound queue with its worker: a group's messages are handed out in order, and none while one of them rests.
    `hands_out` tells how many the queue hands out at once."""

    def __init__(self, *, fold_s: int = FOLD_S, idempotent: bool = False) -> None:
        self.desk = Desk(idempotent)
        self.happened: dict[str, list[CustomerEvent]] = {}
        self.bench = Bench({"instagram": FakeClient()}, self.desk)
        self.clock, self.metrics, self.ledger = self.bench.clock, self.bench.metrics, self.bench.ledger
        self.ledger.listed = [msgspec.structs.replace(INSTAGRAM, fold_s=fold_s)]
        self.queue: list[Event] = []
        self.received: dict[str, int] = {}
        self.rests_until = 0.0
        self.hands_out: Callable[[], int] = lambda: 10
        self.looks: list[float] = []
        self.start()

    def start(self) -> None:
        """A new container."""
        work = Heeding(self.bench.to_desk({"instagram": self}), self.ledger, self.clock, self.metrics)
        self.batch: Batch = self.bench.batch(work, self.bench.inbound)

    def parse(self, event: Event) -> list[CustomerEvent]:
        return self.happened[event.id]

    def comes(self, *happened: CustomerEvent, **event: Any) -> None:
        first: Any = happened[0]
        self.happened[first.id] = list(happened)
        now_ms = int(self.clock() * 1000)
        whole = Event(
            source="instagram", account=INSTAGRAM.id, party="55501", id=first.id, received_ms=now_ms,
            sent_ms=first.sent_ms,
        )  # fmt: skip
        self.queue.append(msgspec.structs.replace(whole, **event))

    def writes(self, number: int, words: str = "", **more: Any) -> None:
        """The customer writes now."""
        sent_ms = int(self.clock() * 1000)
        whole = CustomerMessage(
            id=f"message:mid-{number}", conversation=CONVERSATION, sent_ms=sent_ms, text=words or f"text {number}"
        )
        self.comes(msgspec.structs.replace(whole, **more))

    def look(self) -> None:
        """The worker is handed what lies on the queue, if the group does not rest."""
        if self.clock() < self.rests_until or not self.queue:
            return
        handed = self.queue[: self.hands_out()]
        for event in handed:
            self.received[event.id] = self.received.get(event.id, 0) + 1
        records = [record(event, order=str(place), received=self.received[event.id])
                   for place, event in enumerate(handed)]  # fmt: skip
        self.looks.append(self.clock())
        before = len(self.bench.inbound.postponed)
        try:
            failed = {one["itemIdentifier"] for one in self.batch.run(records, lambda: 300.0)["batchItemFailures"]}
        except Killed:
            self.rests_until = self.clock() + 2 * LEASE_S
            self.start()
            return
        for _, delay_s in self.bench.inbound.postponed[before:]:
            self.rests_until = self.clock() + delay_s
        self.queue = [event for event in self.queue if event not in handed or f"id-{event.id}" in failed]

    def empties(self) -> None:
        for _ in range(3000):
            if not self.queue:
                return
            self.look()
            self.clock.advance(1)
        raise AssertionError(f"still on the queue: {[event.id for event in self.queue]}")

    def ended(self, *numbers: int) -> bool:
        return all(self.ledger.state(CONVERSATION, f"IN#message:mid-{number}") == "done" for number in numbers)


def test_quick_texts_become_one_message_and_keep_a_claim_each() -> None:
    road = Road()
    for number in (1, 2, 3):
        road.writes(number)
        road.look()
        road.clock.advance(1)
    assert road.desk.texts == []
    road.empties()
    assert road.desk.texts == ["text 1\ntext 2\ntext 3"]
    assert road.ended(1, 2, 3)
    assert road.metrics.total("folded") == 2
    assert road.ledger.thread(CONVERSATION).customer_ms == START_MS + 2000


def test_a_single_text_waits_for_so_many_seconds_and_no_longer() -> None:
    road = Road()
    road.writes(1)
    for _ in range(FOLD_S):
        road.look()
        assert road.desk.texts == []
        road.clock.advance(1)
    road.look()
    assert road.desk.texts == ["text 1"]
    assert road.looks == [START, START + FOLD_S]


def test_a_text_that_waited_elsewhere_waits_no_more() -> None:
    road = Road()
    road.writes(1)
    road.clock.advance(FOLD_S)
    road.look()
    assert (road.desk.texts, len(road.looks)) == (["text 1"], 1)


def test_off_nothing_waits_and_nothing_is_asked_besides() -> None:
    road = Road(fold_s=0)
    for number in (1, 2, 3):
        road.writes(number)
    road.look()
    assert road.desk.texts == ["text 1", "text 2", "text 3"]
    assert road.queue == []
    assert road.bench.inbound.postponed == []
    assert all(work.folded == () for work in road.ledger.claims.values())


def counted(fold_s: int, texts: int) -> dict[str, int]:
    """How often what is called while so many texts come within a second, in a conversation that is open."""
    road = Road(fold_s=fold_s)
    road.writes(0)
    road.empties()
    road.clock.advance(60)
    counts: Counter[str] = Counter()

    def counting(owner: Any, name: str) -> None:
        whole = getattr(owner, name)

        def call(*given: Any, **named: Any) -> Any:
            counts[name] += 1
            return whole(*given, **named)

        setattr(owner, name, call)

    for name in vars(type(road.ledger)):
        if not name.startswith("_") and callable(getattr(road.ledger, name)) and name not in {"state", "erasures"}:
            counting(road.ledger, name)
    counting(road.desk, "deliver")
    counting(road.bench.inbound, "postpone")
    counting(road.batch, "run")
    for number in range(1, texts + 1):
        road.writes(number)
    road.empties()
    told = {"accounts", "held", "pauses", "led", "thread"}  # once a minute, whatever comes; and the fake's own
    return {name: count for name, count in counts.items() if name not in told}


def test_what_it_saves_is_what_the_papers_say() -> None:
    alone, folded = counted(0, 3), counted(FOLD_S, 3)
    assert alone == {"claim": 3, "delivered": 3, "deliver": 3, "run": 1}
    assert folded == {"claim": 3, "delivered": 1, "deliver": 1, "run": 2, "postpone": 1}
    page = (Path(__file__).parents[3] / "docs" / "deploy.md").read_text(encoding="utf-8")
    rows = {
        "messages at the desk": "deliver", "claims, a write each": "claim", "transactions": "delivered",
        "`ChangeMessageVisibility`": "postpone",
    }  # fmt: skip
    for row, name in rows.items():
        assert f"| {row} | {alone.get(name, 0)} | {folded.get(name, 0)} |" in page


def test_a_text_that_stays_alone_costs_one_look_more() -> None:
    assert counted(0, 1) == {"claim": 1, "delivered": 1, "deliver": 1, "run": 1}
    assert counted(FOLD_S, 1) == {"claim": 1, "delivered": 1, "deliver": 1, "run": 2, "postpone": 1}


OTHERS: dict[str, dict[str, Any]] = {
    "a file": {"media": Media(kind="image", url="https://files.example/1"), "text": ""},
    "a tap": {"tap": "token"},
    "a quote": {"quotes": "mid-0"},
}


@pytest.mark.parametrize("more", OTHERS.values(), ids=OTHERS)
def test_what_is_no_plain_text_is_shown_by_itself_at_once_with_all_before_it(more: dict[str, Any]) -> None:
    road = Road()
    road.writes(1)
    road.writes(2)
    road.writes(3, "other", **more)
    road.writes(4)
    road.look()
    assert road.desk.texts[0] == "text 1\ntext 2"
    assert len(road.desk.texts) == 2
    road.empties()
    assert road.desk.texts[2:] == ["text 4"]


def test_texts_further_apart_than_that_are_messages_of_their_own() -> None:
    road = Road()
    road.writes(1)
    road.clock.advance(FOLD_S + 0.001)
    road.writes(2)
    road.look()
    assert road.desk.texts == ["text 1"]
    road.empties()
    assert road.desk.texts == ["text 1", "text 2"]


def test_a_bundle_is_folded_as_what_lies_in_several_records() -> None:
    road = Road()
    for number in (1, 2):
        road.writes(number)
    bundle = msgspec.structs.replace(road.queue[0], id="bundle", bundle=tuple(road.queue))
    road.queue = [bundle]
    road.writes(3)
    road.empties()
    assert road.desk.texts == ["text 1\ntext 2\ntext 3"]
    assert road.ended(1, 2, 3)


@pytest.mark.parametrize("late", [{"late": True}, {"order": "7"}], ids=["compared", "replayed"])
def test_what_comes_back_is_shown_by_itself_and_does_not_wait(late: dict[str, Any]) -> None:
    road = Road()
    road.writes(1)
    [event] = road.queue
    road.queue = [msgspec.structs.replace(event, **late)]
    road.writes(2)
    road.look()
    assert [text.splitlines()[-1] for text in road.desk.texts] == ["text 1"]
    road.empties()
    assert [text.splitlines()[-1] for text in road.desk.texts] == ["text 1", "text 2"]


def test_a_duplicate_that_lies_beside_it_is_shown_once() -> None:
    road = Road()
    road.writes(1)
    road.writes(2)
    road.queue += [road.queue[0], road.queue[1]]
    road.empties()
    assert road.desk.texts == ["text 1\ntext 2"]


def test_an_edit_of_a_folded_text_is_a_note_and_one_that_came_first_is_shown() -> None:
    road = Road()
    road.writes(1)
    road.writes(2)
    road.ledger.edited(CONVERSATION, "IN#message:mid-2", road.clock(), 1, "text 2, edited")
    road.empties()
    assert road.desk.texts == ["text 1\ntext 2, edited"]
    edit = Note(id="e-1", conversation=CONVERSATION, sent_ms=START_MS, kind="edit", lines=(Line("edited"),),
                text="text 1, edited", about="mid-1", edit=1)  # fmt: skip
    road.comes(edit)
    road.look()
    assert "text 1, edited" in road.desk.texts[1]


def test_what_was_taken_back_before_it_was_shown_is_left_out() -> None:
    road = Road()
    road.writes(1)
    road.writes(2)
    road.writes(3)
    assert road.ledger.forestall(CONVERSATION, "IN#message:mid-2", road.clock())
    road.empties()
    assert [line for text in road.desk.texts for line in text.splitlines()] == ["text 1", "text 3"]


def test_an_unsend_of_a_folded_text_names_it() -> None:
    road = Road()
    road.writes(1, "one")
    road.writes(2, "two")
    road.empties()
    gone = Note(id="u-1", conversation=CONVERSATION, sent_ms=START_MS, kind="unsend", lines=(Line("unsent"),),
                about="mid-2", removes="mid-2", prevents="message:mid-2")  # fmt: skip
    road.comes(gone)
    road.look()
    assert road.desk.texts[1:] == ["[Took back: two]"]


def test_an_erased_customers_text_is_not_shown_with_one_that_came_later() -> None:
    road = Road()
    road.writes(1)
    road.writes(2)
    [_, old] = road.queue
    road.queue[1] = msgspec.structs.replace(old, received_ms=START_MS - 1000)
    road.ledger.erased[old.mark] = Erasure(until_ms=START_MS - 1)
    road.empties()
    assert road.desk.texts == ["text 1"]


@pytest.mark.parametrize("place", [1, 2, 3])
def test_a_text_that_the_desk_refuses_takes_no_other_with_it(place: int) -> None:
    road = Road()
    for number in (1, 2, 3):
        road.writes(number)
    road.desk.poison = f"text {place}"
    road.empties()
    said = [line for text in road.desk.texts for line in text.splitlines() if line.startswith("text")]
    assert said == [f"text {number}" for number in (1, 2, 3) if number != place]
    assert [event.id for event, _ in road.bench.inbound.buried] == [f"message:mid-{place}"]


def test_a_desk_that_is_away_holds_them_and_shows_them_together() -> None:
    road = Road()
    road.writes(1)
    road.writes(2)
    road.desk.fails = [Retryable("away"), Retryable("away")]
    road.empties()
    assert road.desk.texts == ["text 1\ntext 2"]


class Odd(Exception):
    """Nobody foresaw it."""


@pytest.mark.parametrize("idempotent", [True, False])
@pytest.mark.parametrize("taken_first", [True, False])
@pytest.mark.parametrize("error", [Uncertain("timeout"), Odd(), Killed()], ids=["unknown", "unforeseen", "killed"])
@pytest.mark.parametrize("hands_out", [1, 2, 10])
def test_whatever_became_of_the_first_try_each_text_is_read_once(
    idempotent: bool, taken_first: bool, error: BaseException, hands_out: int
) -> None:
    """However many of them the queue hands out at the next try, and whatever has come meanwhile."""
    road = Road(idempotent=idempotent)
    for number in (1, 2, 3):
        road.writes(number)
    road.desk.fails, road.desk.taken_first = [error], taken_first
    road.clock.advance(FOLD_S)
    road.look()
    road.writes(4)
    handed = iter([hands_out] * 2)
    road.hands_out = lambda: next(handed, 10)
    road.empties()
    assert [line for text in road.desk.texts for line in text.splitlines()] == [f"text {n}" for n in (1, 2, 3, 4)]
    assert road.ended(1, 2, 3, 4)


CALLS = ["claim", "release", "doubt", "delivered", "thread"]


@pytest.mark.parametrize("idempotent", [True, False])
@pytest.mark.parametrize("after", [True, False])
@pytest.mark.parametrize("nth", range(4))
@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("first", [None, Uncertain("timeout"), Retryable("busy")], ids=["", "unknown", "busy"])
def test_a_worker_that_dies_at_any_step_leaves_each_text_to_be_read_once(
    idempotent: bool, after: bool, nth: int, call: str, first: BaseException | None
) -> None:
    road = Road(idempotent=idempotent)
    for number in (1, 2, 3):
        road.writes(number)
    road.desk.fails, road.desk.taken_first = [first], isinstance(first, Uncertain)
    whole, count = getattr(road.ledger, call), iter(range(1000))

    def dies(*given: Any, **named: Any) -> Any:
        now = next(count) == nth
        answer = whole(*given, **named) if after or not now else None
        if now:
            raise Killed
        return answer

    setattr(road.ledger, call, dies)
    road.empties()
    assert [line for text in road.desk.texts for line in text.splitlines()] == [f"text {n}" for n in (1, 2, 3)]
    assert road.ended(1, 2, 3)


@pytest.mark.parametrize("meanwhile", [False, True])
def test_workers_that_die_over_them_again_and_again_cost_one_message_and_the_others_are_shown(meanwhile: bool) -> None:
    """Also where another text, which was written in time, came when they had begun."""
    road = Road()
    for number in (1, 2):
        road.writes(number)
    road.desk.fails = [Killed() for _ in range(5)]
    road.clock.advance(FOLD_S)
    road.look()
    if meanwhile:
        road.writes(3, sent_ms=START_MS + 1000 * FOLD_S)
    road.empties()
    assert [event.id for event, _ in road.bench.inbound.buried] == ["message:mid-1"]
    said = [line for text in road.desk.texts for line in text.splitlines() if line.startswith("text")]
    assert said == ["text 2", *(["text 3"] if meanwhile else [])]


def test_what_it_was_shown_with_never_comes_again() -> None:
    """The others are gone from the queue, by an operator's hand: the first is not held up for ever."""
    road = Road()
    road.writes(1)
    road.writes(2)
    road.desk.fails = [Uncertain("timeout")]
    road.clock.advance(FOLD_S)
    road.look()
    del road.queue[1]
    road.empties()
    assert road.desk.texts == ["text 1"]
