"""That a customer has read, or is writing, as a line: at most once, the newest only, and in no conversation that is
over."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from chalicelib.errors import AlreadyThere, Misconfigured, RateLimited, Refused, Retryable, Uncertain, Unreachable
from chalicelib.pipeline.inbound.passing import FRESH_S
from chalicelib.rules.budgets import BUDGETS
from chalicelib.vocabulary.capabilities import DeskCapabilities
from chalicelib.vocabulary.claims import LEASE_S
from chalicelib.vocabulary.messages import CustomerEvent, Line, Note
from chalicelib.vocabulary.records import Conversation, Event, Seat, Thread
from tests.fakes import INSTAGRAM, START, FakeClient, FakeDesk, FakeSecrets, turn
from tests.kits import Bench

WHOSE = Conversation("instagram", INSTAGRAM.id, "55501")
SEAT = Seat(conversation="desk-conversation")
READ_MS = int(START) * 1000
KINDS = pytest.mark.parametrize("kind", ["read", "typing"])


class Says:
    def __init__(self) -> None:
        self.happened: list[CustomerEvent] = []

    def parse(self, event: Event) -> list[CustomerEvent]:
        return self.happened


class Desk(FakeDesk):
    """`strict` refuses by itself what is for a conversation that is over."""

    strict = idempotent = False

    @property
    def capabilities(self) -> DeskCapabilities:
        return msgspec.structs.replace(super().capabilities, refuses_over=self.strict, idempotent=self.idempotent)


class Kit:
    def __init__(self, kind: str = "read") -> None:
        self.desk, self.says, self.kind = Desk(), Says(), kind
        bench = Bench({"instagram": FakeClient()}, self.desk, FakeSecrets())
        self.clock, self.metrics, self.ledger, self.queue = bench.clock, bench.metrics, bench.ledger, bench.inbound
        self.work = bench.to_desk({"instagram": self.says})
        self.ledger.listed = [msgspec.structs.replace(INSTAGRAM, show_reads=True)]
        self.ledger.threads[WHOSE.key] = Thread(seat=SEAT, customer_ms=1)
        self.calls: list[str] = []

    def happens(self, name: str = "1", after_ms: int = 0, *, again: bool = False) -> None:
        event = Event(
            source="instagram", account=INSTAGRAM.id, party="55501", id=name, received_ms=READ_MS,
            section="messaging", raw=msgspec.Raw(b"{}"),
        )  # fmt: skip
        self.says.happened = [
            Note(id=name, conversation=WHOSE, sent_ms=READ_MS + after_ms, kind=self.kind, lines=(Line(self.kind),))
        ]
        self.work.handle(event, turn(name, received=2 if again else 1))

    def later(self, *given: Any, **named: Any) -> None:
        with pytest.raises(Retryable):
            self.happens(*given, **named)

    @property
    def shown(self) -> int:
        return len(self.desk.delivered)

    def ignored(self, why: str) -> int:
        return int(self.metrics.total("ignored", reason=f"{self.kind}_{why}"))


def watched(kit: Kit, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The calls of the ledger and the desk, as they are made."""
    calls: list[str] = []

    def spied(one: Any, name: str) -> None:
        whole = getattr(one, name)

        def call(*given: Any, **named: Any) -> Any:
            calls.append(name)
            return whole(*given, **named)

        monkeypatch.setattr(one, name, call)

    for name in ("take_passing", "leave_passing", "claim", "delivered", "thread", "standing", "begun", "tried"):
        spied(kit.ledger, name)
    for name in ("is_open", "deliver"):
        spied(kit.desk, name)
    return calls


@pytest.mark.parametrize(("strict", "looks"), [(False, ["is_open"]), (True, [])])
def test_it_takes_three_calls_and_two_where_the_desk_refuses_by_itself(
    strict: bool, looks: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    kit = Kit()
    kit.desk.strict = strict
    kit.happens("0", -1)  # the accounts are known from here on
    calls = watched(kit, monkeypatch)
    kit.happens("1", 0)
    # the fake looks up by itself what the table tells by the same call
    assert calls == ["take_passing", "thread", *looks, "deliver"]


@KINDS
def test_it_is_shown_and_opens_nothing_and_changes_nothing_that_is_remembered(kind: str) -> None:
    kit = Kit(kind)
    before = kit.ledger.thread(WHOSE), dict(kit.ledger.shown)
    kit.happens()
    [line] = kit.desk.delivered
    assert (line.opens, line.sent_ms, line.text[0]) == (False, READ_MS, "[")
    assert (kit.ledger.thread(WHOSE), kit.ledger.shown) == before
    assert kit.ledger.claims == {}
    assert kit.metrics.totals() == {"delivered": 1}


@KINDS
def test_an_event_is_shown_once_however_often_it_comes(kind: str) -> None:
    kit = Kit(kind)
    for again in (False, False, True, True):
        kit.happens(again=again)
        kit.clock.advance(3600)
    assert kit.shown == 1
    assert kit.ignored("overtaken") == 3


def test_what_is_older_or_of_the_same_moment_is_not_shown_behind_what_is_newer() -> None:
    kit = Kit()
    for name, after_ms in (("b", 5), ("a", 4), ("c", 5), ("d", 6)):
        kit.happens(name, after_ms)
    assert [one.sent_ms - READ_MS for one in kit.desk.delivered] == [5, 6]
    assert kit.ignored("overtaken") == 2


def test_a_conversation_that_is_over_as_is_known_is_not_looked_for() -> None:
    kit = Kit()
    kit.ledger.threads[WHOSE.key] = Thread(seat=SEAT.moved(), customer_ms=1)
    kit.happens()
    assert (kit.shown, kit.desk.looks, kit.ignored("no_open_conversation")) == (0, 0, 1)


def test_a_conversation_that_only_the_desk_knows_to_be_over_is_not_opened() -> None:
    kit = Kit()
    kit.desk.open = False
    kit.happens()
    kit.desk.open = True
    kit.happens(again=True)
    assert (kit.shown, kit.ignored("no_open_conversation")) == (0, 1)


def test_a_desk_that_refuses_by_itself_is_believed() -> None:
    kit = Kit()
    kit.desk.strict = True
    kit.desk.answers = [Refused("no_conversation", "over")]
    kit.happens()
    assert (kit.desk.looks, kit.ignored("no_open_conversation"), kit.ignored("refused")) == (0, 1, 0)


def test_a_desk_that_there_is_not_any_more_is_shown_nothing() -> None:
    kit = Kit()
    kit.ledger.threads[WHOSE.key] = Thread(seat=Seat("elsewhere", "x"))
    kit.happens()
    assert (kit.shown, kit.metrics.total("misconfigured")) == (0, 1)


def test_what_the_desk_takes_in_no_form_is_let_go() -> None:
    kit = Kit()
    kit.desk.answers = [Refused("other", "HTTP 400")]
    kit.happens()
    kit.happens(again=True)
    assert (kit.shown, kit.ignored("refused"), kit.queue.buried) == (1, 1, [])


NOT_DONE = [RateLimited("HTTP 429", 5.0), Unreachable("no connection"), Misconfigured("HTTP 403", "see")]


@KINDS
@pytest.mark.parametrize("no", NOT_DONE)
def test_what_is_known_not_to_have_happened_is_shown_with_the_next_try(no: Retryable, kind: str) -> None:
    kit = Kit(kind)
    kit.desk.answers = [no]
    kit.later()
    assert kit.shown == 1  # was tried
    kit.happens(again=True)
    kit.happens(again=True)
    assert kit.shown == 2
    assert kit.metrics.totals()["delivered"] == 1


def test_a_desk_that_cannot_be_looked_at_is_looked_at_again_and_not_for_long() -> None:
    kit = Kit()
    kit.desk.open_error = Retryable("HTTP 503")
    kit.later()
    kit.desk.open_error = None
    kit.happens(again=True)
    assert kit.shown == 1
    kit.desk.open_error = Retryable("HTTP 503")
    for _ in range(100):
        try:
            kit.happens("2", 1, again=True)
        except Retryable:
            kit.clock.advance(max(1.0, BUDGETS["note"].for_s / 7))
        else:
            break
    assert (kit.shown, kit.ignored("no_open_conversation")) == (1, 1)


def test_what_was_given_back_is_not_shown_behind_what_came_meanwhile() -> None:
    kit = Kit()
    kit.desk.answers = [RateLimited("HTTP 429", 5.0)]
    kit.later("1")
    kit.happens("2", 1)
    kit.happens("1", again=True)
    assert [one.sent_ms - READ_MS for one in kit.desk.delivered[1:]] == [1]


@pytest.mark.parametrize("answered", [False, True])
def test_where_nobody_knows_whether_it_was_shown_it_is_not_shown_again(answered: bool) -> None:
    kit = Kit()
    kit.desk.answers = [Uncertain("HTTP 502", answered=answered)]
    kit.happens()
    kit.happens(again=True)
    assert (kit.shown, kit.metrics.total("uncertain")) == (1, 1)
    kit.happens("2", 1)
    assert kit.shown == 2


def test_a_desk_that_shows_nothing_twice_is_given_it_again() -> None:
    kit = Kit()
    kit.desk.idempotent = True
    kit.desk.answers = [Uncertain("no answer")]
    kit.later()
    kit.happens(again=True)
    first, second = kit.desk.delivered
    assert first.id == second.id


def test_a_desk_that_knows_it_already_has_shown_it() -> None:
    kit = Kit()
    kit.desk.answers = [AlreadyThere("HTTP 409")]
    kit.happens()
    assert kit.metrics.totals() == {"duplicate": 1}


class Died(BaseException):
    """The worker's process ends."""


@pytest.mark.parametrize("where", ["looked", "posted"])
def test_a_worker_that_dies_half_way_leaves_it_out_and_holds_up_nothing(where: str) -> None:
    kit = Kit()
    if where == "looked":
        kit.desk.beside = _dies
    else:
        kit.desk.answers = [Died()]
    with pytest.raises(Died):
        kit.happens()
    kit.desk.beside = lambda: None
    tried = kit.shown
    kit.happens(again=True)
    assert kit.shown == tried
    kit.happens("2", 1)
    assert kit.shown == tried + 1


def _dies() -> None:
    raise Died


def test_what_nobody_foresaw_is_not_tried_again() -> None:
    kit = Kit()
    kit.desk.answers = [LookupError("odd")]
    with pytest.raises(LookupError):
        kit.happens()
    kit.happens(again=True)
    assert kit.shown == 1


def test_a_conversation_that_ended_in_that_very_moment_is_remembered_as_the_desk_tells() -> None:
    kit = Kit()
    kit.desk.conversation = "another"
    kit.happens()
    assert kit.ledger.thread(WHOSE).seat.conversation == "another"
    assert kit.ledger.thread(WHOSE).customer_ms == 1


def test_whether_that_can_be_written_down_or_not_it_is_shown_once(monkeypatch: pytest.MonkeyPatch) -> None:
    kit = Kit()
    kit.desk.conversation = "another"

    def busy(*_: Any, **__: Any) -> bool:
        raise Retryable("table busy")

    monkeypatch.setattr(kit.ledger, "delivered", busy)
    kit.happens()
    kit.happens(again=True)
    assert kit.shown == 1


# An earlier version beside this one, which claims each read in a row of its own


@pytest.mark.parametrize("state", ["leased", "doubt", "done", "refused"])
@pytest.mark.parametrize("again", [False, True])
def test_what_an_earlier_version_has_begun_is_not_shown_again(state: str, again: bool) -> None:
    """It is handed out again, or its copy comes after the queue has forgotten the first."""
    kit = Kit()
    kit.ledger.claim(WHOSE, "IN#1", START, LEASE_S)
    kit.ledger.claims[WHOSE.key, "IN#1"].state = state
    kit.clock.advance(0 if again else FRESH_S + 1)
    kit.happens(again=again)
    assert (kit.shown, kit.metrics.total("duplicate")) == (0, 1)
    kit.happens("2", 1, again=again)
    assert kit.shown == 1


def test_a_claim_of_another_event_whose_name_begins_so_says_nothing() -> None:
    kit = Kit()
    kit.ledger.claim(WHOSE, "IN#11", START, LEASE_S)
    kit.happens("1", again=True)
    assert kit.shown == 1


def test_a_claim_that_cannot_be_looked_up_now_is_looked_up_later(monkeypatch: pytest.MonkeyPatch) -> None:
    kit = Kit()

    def busy(*_: Any) -> set[str]:
        raise Retryable("table busy")

    with monkeypatch.context() as patched:
        patched.setattr(kit.ledger, "begun", busy)
        kit.later(again=True)
    kit.happens(again=True)
    assert kit.shown == 1
