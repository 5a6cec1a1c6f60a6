"""Two desks at once: where conversations sit, and what happens when they are moved, ended or half delivered."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from chalicelib.errors import Malformed, Misconfigured, Refused, Retryable, Uncertain, Waiting
from chalicelib.pipeline.delivery import Dropped
from chalicelib.pipeline.desks import Desks
from chalicelib.pipeline.inbound.composing import Draft, Enricher
from chalicelib.protocols.desk import Desk
from chalicelib.rules.budgets import BUDGETS
from chalicelib.vocabulary.capabilities import DeskCapabilities
from chalicelib.vocabulary.claims import LEASE_S
from chalicelib.vocabulary.messages import CustomerEvent, CustomerMessage, Fetched, Line, Media, Note
from chalicelib.vocabulary.records import Conversation, Event, Parked, Seat, Thread
from chalicelib.vocabulary.replies import AgentMessage, AgentTyping, DeskEnded, DeskEvent, File
from tests.extension.memory import Counter
from tests.fakes import INSTAGRAM, START, FakeClient, FakeDesk, FakeFetch, FakeLedger, turn
from tests.kits import Bench

START_MS = int(START) * 1000
CONVERSATION = Conversation("instagram", INSTAGRAM.id, "55501")
SESSION = Seat("counter", "session-1", "key", 1)


def said(number: int = 1, **changes: Any) -> CustomerMessage:
    whole = CustomerMessage(
        id=f"message:mid-{number}", conversation=CONVERSATION, sent_ms=int(START) * 1000 + number, text=f"text {number}"
    )
    return msgspec.structs.replace(whole, **changes)


class Says:
    """Both sides' translators: they read whatever they are told to."""

    def __init__(self) -> None:
        self.happened: list[CustomerEvent] = []
        self.told: DeskEvent | None = None

    def parse(self, event: Event) -> Any:
        found = self.happened if event.source == "instagram" else self.told
        if found is None:
            raise Malformed("nothing")
        return found


class Kit:
    """Both workers, Genesys' stand-in and the counter. `desks` names those that there are, in order."""

    def __init__(self, *enrichers: Enricher, desks: str = "genesys counter", desk: str = "") -> None:
        self.genesys, self.counter = FakeDesk(), Counter()
        every: dict[str, Desk] = {"genesys": self.genesys, "counter": self.counter}
        self.says, self.client = Says(), FakeClient()
        bench = Bench({"instagram": self.client}, {name: every[name] for name in desks.split()})
        self.clock, self.metrics, self.ledger, self.shelf = bench.clock, bench.metrics, bench.ledger, bench.shelf
        self.fetch, self.outbound, self.memory = bench.fetch, bench.outbound, bench.memory
        self.ledger.listed = [msgspec.structs.replace(INSTAGRAM, desk=desk)]
        self.to_desk = bench.to_desk({"instagram": self.says}, *enrichers)
        self.to_customer = bench.to_customer({"genesys": self.says, "counter": self.says})

    def write(self, *happened: CustomerEvent) -> None:
        self.says.happened = list(happened)
        first: Any = happened[0]  # not all that may happen has an id, and what is written here has one
        event = Event(
            source="instagram", account=INSTAGRAM.id, party="55501", id=first.id, received_ms=int(START) * 1000
        )
        self.to_desk.handle(event, turn(event.id))

    def tell(self, told: DeskEvent, desk: str = "counter") -> None:
        self.says.told = told
        self.to_customer.handle(
            Event(source=desk, account="", party="", id="e", received_ms=int(self.clock() * 1000)), turn("told")
        )

    @property
    def seat(self) -> Seat:
        return self.ledger.thread(CONVERSATION).seat

    def move_accounts(self, desk: str) -> None:
        self.ledger.listed = [msgspec.structs.replace(INSTAGRAM, desk=desk)]
        self.clock.advance(61)


def reply(number: int = 1, **changes: Any) -> AgentMessage:
    whole = AgentMessage(id=f"r-{number}", text="It is.", author="human", desk_conversation="session-1")
    return msgspec.structs.replace(whole, **changes)


# Which desk


def test_two_accounts_have_two_desks() -> None:
    kit = Kit()
    other = msgspec.structs.replace(INSTAGRAM, id="2", integration="int-2", desk="counter")
    kit.ledger.listed = [INSTAGRAM, other]
    kit.write(said())
    there = Conversation("instagram", "2", "9")
    kit.says.happened = [said(conversation=there)]
    kit.to_desk.handle(Event(source="instagram", account="2", party="9", id="x", received_ms=1), turn("x"))
    assert [one.text for one in kit.genesys.delivered] == ["text 1"]
    assert kit.counter.texts == [("session-1", "text 1")]
    assert kit.seat == Seat("", "desk-conversation", "", 1)
    assert kit.ledger.thread(there).seat == SESSION


@pytest.mark.parametrize(("first", "then"), [("", "counter"), ("counter", ""), ("counter", "genesys")])
def test_an_open_conversation_stays_where_it_sits_and_a_new_one_goes_to_the_accounts_desk(
    first: str, then: str
) -> None:
    kit = Kit(desk=first)
    kit.write(said(1))
    kit.move_accounts(then)
    kit.write(said(2))
    assert (len(kit.genesys.delivered), len(kit.counter.texts)) == ((0, 2) if first else (2, 0))
    kit.ledger.seat(CONVERSATION, kit.seat, kit.seat.moved(), START)
    kit.write(said(3))
    assert (len(kit.genesys.delivered), len(kit.counter.texts)) == ((1, 2) if first else (2, 1))
    assert kit.seat.desk == ("counter" if then == "counter" else "")
    assert kit.seat.generation == 3


def test_a_desk_that_the_deployment_has_not_is_waited_for_and_the_claim_given_back() -> None:
    kit = Kit(desk="nobodys")
    with pytest.raises(Misconfigured, match="nobodys"):
        kit.write(said())
    assert kit.ledger.claims == {}


def test_a_conversation_at_a_desk_that_is_gone_goes_to_the_accounts() -> None:
    kit = Kit(desks="genesys")
    kit.ledger.threads[CONVERSATION.key] = Thread(seat=SESSION)
    kit.write(said())
    assert len(kit.genesys.delivered) == 1
    assert kit.seat == Seat("", "desk-conversation", "", 2)


@pytest.mark.parametrize(
    ("desks", "reads"), [("genesys", False), ("counter", True), ("genesys counter", True), ("counter genesys", True)]
)
def test_only_one_stateless_desk_is_never_asked_where_a_conversation_sits(desks: str, reads: bool) -> None:
    every: dict[str, Desk] = {"genesys": FakeDesk(), "counter": Counter()}
    ledger = FakeLedger(down=True)
    asked = Desks({name: every[name] for name in desks.split()}, ledger)
    if reads:
        with pytest.raises(Retryable):
            asked.remembered(INSTAGRAM, CONVERSATION)
    else:
        assert asked.remembered(INSTAGRAM, CONVERSATION) is None


def test_what_one_stateless_desk_shows_is_remembered_as_it_always_was() -> None:
    kit = Kit(desks="genesys")
    kit.write(said())
    assert kit.seat == Seat(conversation="desk-conversation")


# Moved, ended


def test_a_seat_that_is_moved_beside_a_delivery_is_not_overwritten_and_the_new_desk_shows_it_too() -> None:
    kit = Kit(desk="counter")
    kit.write(said(1))

    def hand_over() -> None:
        assert kit.ledger.seat(CONVERSATION, kit.seat, kit.seat.moved("desk-7"), START)

    kit.counter.beside = hand_over
    with pytest.raises(Waiting):
        kit.write(said(2))
    kit.write(said(2))
    assert [one.text for one in kit.genesys.delivered] == ["text 2"]
    assert kit.seat.desk == ""
    assert kit.ledger.state(CONVERSATION, "IN#message:mid-2") == "done"


def test_a_session_that_ends_while_something_is_shown_in_it_has_shown_it() -> None:
    kit = Kit(desk="counter")
    kit.write(said(1))
    kit.counter.beside = lambda: kit.tell(DeskEnded(desk_conversation="session-1"))
    kit.write(said(2))
    assert kit.counter.texts == [("session-1", "text 1"), ("session-1", "text 2")]
    assert kit.seat == Seat(generation=2)
    assert kit.ledger.thread(CONVERSATION).customer_ms == said(2).sent_ms


def test_a_session_that_opens_while_the_end_of_the_last_one_comes_keeps_the_customer() -> None:
    kit = Kit(desk="counter")
    kit.write(said(1))
    kit.counter.sessions["session-1"].open = False
    kit.counter.beside = lambda: kit.tell(DeskEnded(desk_conversation="session-1"))
    kit.write(said(2))
    assert kit.seat == Seat("counter", "session-2", "key", 3)
    assert kit.ledger.seated("counter", "session-2") == CONVERSATION


def test_a_conversation_that_ends_is_nobodys_and_the_next_message_opens_another() -> None:
    kit = Kit(desk="counter")
    kit.write(said(1))
    kit.counter.sessions["session-1"].open = False
    kit.tell(DeskEnded(desk_conversation="session-1"))
    assert kit.seat == Seat(generation=2)
    kit.write(said(2))
    assert kit.counter.texts == [("session-1", "text 1"), ("session-2", "text 2")]
    kit.tell(DeskEnded(desk_conversation="session-1"))  # told twice
    assert kit.seat == Seat("counter", "session-2", "key", 3)
    assert kit.metrics.total("desk_ended") == 1
    assert kit.metrics.total("ignored", reason="desk_ended_elsewhere") == 1


def test_the_end_of_a_conversation_that_nobody_knows_is_let_go() -> None:
    kit = Kit()
    with pytest.raises(Retryable):
        kit.tell(DeskEnded(desk_conversation="session-9"))
    for _ in range(100):
        kit.clock.advance(BUDGETS["account"].for_s)
        try:
            kit.tell(DeskEnded(desk_conversation="session-9"))
            break
        except Retryable:
            continue
    assert kit.metrics.total("ignored", reason="desk_ended_unknown") == 1


def test_a_message_of_unknown_outcome_is_read_back_in_the_session_that_it_opened() -> None:
    kit = Kit(desk="counter")
    kit.counter.beside = _silent
    with pytest.raises(Retryable):
        kit.write(said())
    assert kit.seat == Seat()
    kit.write(said())
    assert kit.counter.texts == [("session-1", "text 1")]
    assert kit.seat == SESSION
    assert kit.ledger.seated("counter", "session-1") == CONVERSATION


def test_a_message_of_unknown_outcome_is_shown_where_its_conversation_was_taken_since() -> None:
    kit = Kit(desk="counter")
    kit.write(said(1))
    kit.counter.beside = _silent
    with pytest.raises(Retryable):
        kit.write(said(2))
    assert kit.ledger.seat(CONVERSATION, kit.seat, kit.seat.moved("desk-7"), START)
    kit.write(said(2))
    assert [one.text for one in kit.genesys.delivered] == ["text 2"]
    assert kit.genesys.looked_for == []
    assert kit.seat.desk == ""


def _silent() -> None:
    raise Uncertain("no answer")


# A desk that knows its conversations only


def test_an_agents_message_finds_its_customer_by_the_desks_conversation() -> None:
    kit = Kit(desk="counter")
    kit.write(said())
    kit.tell(reply())
    assert kit.client.sent == [("55501", "", "It is.")]
    assert kit.metrics.total("sent") == 1
    kit.tell(AgentTyping(desk_conversation="session-1"))
    assert kit.client.acts == ["seen", "typing"]


def test_a_message_that_overtakes_the_write_of_whose_it_is_waits_for_it() -> None:
    kit = Kit(desk="counter")
    with pytest.raises(Retryable):
        kit.tell(reply())
    kit.write(said())
    kit.tell(reply())
    assert kit.client.texts == ["It is."]


def test_a_message_of_a_conversation_that_nobody_knows_is_parked() -> None:
    kit = Kit()
    for _ in range(100):
        try:
            kit.tell(reply())
            break
        except Retryable:
            kit.clock.advance(30)
    [parked] = [msgspec.json.decode(body, type=Parked) for body in kit.shelf.kept.values()]
    assert parked.reason == "unknown_account"
    assert "session-1" in parked.advice
    assert kit.client.sent == []


def test_where_no_receipts_are_taken_only_the_notice_is_told() -> None:
    kit = Kit(desk="counter")
    kit.write(said())
    kit.client.answers = [Refused("window_closed", "closed")]
    kit.tell(reply())
    _, *notice = kit.counter.sessions["session-1"].shown
    assert "".join(one.text for one in notice).startswith("[Your reply was not delivered.")
    assert kit.metrics.total("receipt") == 0
    kit.tell(reply(2))
    assert kit.outbound.events == []  # what was delivered is nothing to tell


def test_an_agents_file_is_fetched_with_the_seats_key() -> None:
    kit = Kit(desk="counter")
    kit.write(said())
    kit.tell(reply(files=(File(url="https://counter.example/1", kind="image", mime="image/png"),)))
    assert ("https://counter.example/1", ("counter.example",), {"Session-Key": "key"}) in kit.fetch.asked


def test_a_note_is_shown_in_the_open_session_and_moves_nothing() -> None:
    kit = Kit(desk="counter")
    kit.write(said())
    note = Note(id="n", conversation=CONVERSATION, sent_ms=1, kind="reaction", lines=(Line("reacted", {"emoji": "!"}),))
    kit.write(note)
    assert len(kit.counter.texts) == 2
    kit.counter.sessions["session-1"].open = False
    kit.write(msgspec.structs.replace(note, id="n-2"))
    assert len(kit.counter.texts) == 2
    assert kit.seat == SESSION


def test_what_names_no_desk_is_read_as_the_first_ones_and_parked() -> None:
    kit = Kit()
    kit.to_customer.handle(Event(source="", account="", party="", id="odd", received_ms=1), turn())
    assert kit.metrics.total("parked", reason="unreadable") == 1


# What a desk takes

PICTURE = Media(kind="image", url="https://cdn.platform.example/1")


def test_a_file_is_handed_over_where_the_desk_takes_it_by_upload() -> None:
    kit = Kit(desk="counter")
    kit.write(said(media=PICTURE))
    [shown] = kit.counter.sessions["session-1"].shown
    assert shown.attachment is not None
    assert (shown.attachment.body, shown.attachment.size) == (FakeFetch.PICTURE, len(FakeFetch.PICTURE))


@pytest.mark.parametrize(
    "file",
    [
        Fetched(body=FakeFetch.PICTURE + bytes(1_000), mime="image/png"),
        Fetched(body=b"GIF89a" + bytes(9), mime="image/gif"),
    ],
)
def test_a_file_that_the_desk_does_not_take_goes_as_a_link(file: Fetched) -> None:
    kit = Kit(desk="counter")
    kit.fetch.answers = [file]
    kit.write(said(media=PICTURE, text=""))
    shown = kit.counter.sessions["session-1"].shown
    assert [one.attachment for one in shown] == [None] * len(shown)
    assert "".join(one.text for one in shown).startswith("https://bridge.example/v1/api/media/")
    assert kit.metrics.total("media", outcome="linked") == 1


def test_a_text_that_is_too_long_for_the_desk_is_shown_in_parts_in_one_session() -> None:
    kit = Kit(desk="counter")
    text = "The white one with the lid, and then the blue one without, please."
    kit.write(said(text=text))
    texts = kit.counter.texts
    assert len(texts) == 2
    assert "".join(part for _, part in texts) == text
    assert {session for session, _ in texts} == {"session-1"}
    assert all(len(part) <= 40 for _, part in texts)


# Killed


class Killed(BaseException):
    """A worker dies."""


STEPS = ["claim", "thread", "deliver", "delivered"]


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("step", STEPS)
def test_a_worker_that_dies_at_any_step_leaves_one_message_in_one_session(step: str, after: bool) -> None:
    kit = Kit(desk="counter")
    target: Any = kit.counter if step == "deliver" else kit.ledger
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(target, step, _dies(getattr(target, step), after))
        with pytest.raises(Killed):
            kit.write(said())
    for _ in range(10):
        kit.clock.advance(LEASE_S + 1)
        try:
            kit.write(said())
            break
        except Retryable:
            continue
    assert kit.counter.texts == [("session-1", "text 1")]
    assert kit.seat == SESSION
    assert kit.ledger.seated("counter", "session-1") == CONVERSATION
    assert kit.ledger.state(CONVERSATION, "IN#message:mid-1") == "done"


def _dies(method: Callable[..., Any], after: bool) -> Callable[..., Any]:
    def dying(*given: Any, **named: Any) -> Any:
        if after:
            method(*given, **named)
        raise Killed

    return dying


# Desks that do once what comes twice, and that go on with the past


class Able(FakeDesk):
    """`can` is what it says of itself."""

    def __init__(self, **can: Any) -> None:
        super().__init__()
        self.can = can

    @property
    def capabilities(self) -> DeskCapabilities:
        return DeskCapabilities(stateful=True, lag_s=120.0, **self.can)


class AbleKit(Kit):
    def __init__(self, **can: Any) -> None:
        super().__init__(desks="genesys")
        self.able = Able(**can)
        bench = Bench({"instagram": self.client}, {"genesys": self.able}, clock=self.clock, metrics=self.metrics)
        self.ledger = bench.ledger
        self.ledger.listed = [INSTAGRAM]
        self.to_desk = bench.to_desk({"instagram": self.says})


@pytest.mark.parametrize("idempotent", [True, False])
def test_a_desk_that_does_once_what_comes_twice_is_given_it_again_and_not_searched(idempotent: bool) -> None:
    kit = AbleKit(idempotent=idempotent)
    kit.able.answers = [Killed(), "desk-1"]
    with pytest.raises(Killed):
        kit.write(said())
    kit.clock.advance(LEASE_S + 1)
    if idempotent:
        kit.write(said())
        assert (kit.able.looked_for, kit.metrics.total("sent_again")) == ([], 0)
        assert [message.id for message in kit.able.delivered] == [kit.able.delivered[0].id] * 2
    else:
        with pytest.raises(Waiting):
            kit.write(said())
        assert len(kit.able.looked_for) == 1


@pytest.mark.parametrize("continues", [True, False])
def test_a_desk_that_goes_on_with_the_past_is_told_which_conversation_was_over_last(continues: bool) -> None:
    kit = AbleKit(continues=continues)
    kit.write(said())
    kit.write(said(2))
    ended_ms = int(kit.clock() * 1000)
    assert kit.ledger.end(CONVERSATION, kit.ledger.standing(CONVERSATION), kit.clock())
    kit.clock.advance(5)
    kit.write(said(3))
    told = [(message.former, message.former_ms) for message in kit.able.delivered]
    assert told == [("", 0), ("", 0), ("desk-conversation", ended_ms) if continues else ("", 0)]


def test_only_what_a_customer_says_may_open_a_conversation() -> None:
    kit = AbleKit()
    kit.write(said())
    kit.write(Note(id="n-1", conversation=CONVERSATION, sent_ms=START_MS, kind="reaction", lines=(Line("theirs"),)))
    assert [message.opens for message in kit.able.delivered] == [True, False]


# Enrichers


def test_an_enricher_changes_what_is_shown() -> None:
    def classify(draft: Draft) -> Draft:
        return msgspec.structs.replace(draft, facts=draft.facts | {"topic": "tea"})

    kit = Kit(classify)
    kit.write(said())
    assert kit.genesys.delivered[0].attributes["topic"] == "tea"


def test_an_enricher_holds_a_message_and_gives_it_back() -> None:
    held = [True]

    def hold(draft: Draft) -> Draft:
        if held:
            raise Waiting("the bot is at it", held.pop() and 3.0)
        return draft

    kit = Kit(hold)
    with pytest.raises(Waiting):
        kit.write(said())
    assert kit.ledger.claims == {}
    kit.write(said())
    assert len(kit.genesys.delivered) == 1


def test_an_enricher_drops_a_message_for_good() -> None:
    def drop(draft: Draft) -> Draft:
        raise Dropped("spam")

    kit = Kit(drop)
    for _ in range(2):
        kit.write(said())
    assert kit.genesys.delivered == []
    assert kit.seat == Seat()
    assert kit.metrics.totals() == {"ignored": 1, "duplicate": 1}
