"""The end of a conversation at a desk that may reopen it: believed where the desk confirms it, once, in order."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from chalicelib.errors import Misconfigured, RateLimited, Refused, Retryable, Waiting
from chalicelib.pipeline.outbound import ending
from chalicelib.rules.planning import token
from chalicelib.vocabulary.capabilities import ChoicesLimit
from chalicelib.vocabulary.claims import LEASE_S
from chalicelib.vocabulary.messages import CustomerMessage, Line, Note
from chalicelib.vocabulary.records import Event, Pause, Seat
from chalicelib.vocabulary.replies import AgentMessage, Choice, DeskEnded
from tests.fakes import INSTAGRAM, START, turn
from tests.pipeline.test_seats import CONVERSATION, Kit, said

SURVEY = "How did we do? https://tea.example/survey"
END = DeskEnded(desk_conversation="desk-conversation", integration="int-ig", customer="55501")
OPEN = Seat(conversation="desk-conversation")


class Talk(Kit):
    """A talk at the one desk, which finds its customers' conversations itself and reopens them."""

    def __init__(self, **account: Any) -> None:
        super().__init__(desks="genesys")
        self.genesys.reopens = True
        self.ledger.listed = [msgspec.structs.replace(INSTAGRAM, **account)]
        self.write(said())

    def over(self) -> None:
        """The agent ends it."""
        self.genesys.open = False

    def ends(self, told: DeskEnded = END) -> None:
        self.tell(told, desk="genesys")

    def found(self) -> None:
        """The end comes that the bridge has found itself."""
        [event] = [ending.found("genesys", INSTAGRAM, CONVERSATION, OPEN, self.clock())]
        self.to_customer.handle(event, turn("found"))


def answer(number: int = 1, **more: Any) -> AgentMessage:
    return AgentMessage(
        id=f"r-{number}", text="It is.", author="human", integration="int-ig", customer="55501",
        desk_conversation="desk-conversation", **more,
    )  # fmt: skip


def test_an_end_empties_the_seat_and_the_next_message_opens_another_conversation() -> None:
    talk = Talk()
    talk.over()
    talk.ends()
    assert talk.seat == Seat(generation=1)
    assert talk.ledger.asks == {}
    assert talk.metrics.total("desk_ended", channel="instagram") == 1
    talk.genesys.conversation = "desk-2"
    talk.write(said(2))
    assert talk.seat.conversation == "desk-2"


def test_an_end_that_comes_again_or_after_the_customers_next_message_ends_nothing() -> None:
    talk = Talk()
    talk.over()
    talk.ends()
    talk.ends()
    assert talk.metrics.total("duplicate") == 1
    talk.genesys.conversation, talk.genesys.open = "desk-2", True
    talk.write(said(2))
    talk.ends()
    assert talk.seat.conversation == "desk-2"
    assert talk.metrics.total("desk_ended") == 1
    assert talk.metrics.total("ignored", reason="desk_ended_elsewhere") == 1


def test_an_old_end_of_a_conversation_that_goes_on_under_its_id_is_not_believed() -> None:
    talk = Talk()
    talk.over()
    talk.ends()
    talk.genesys.open = True
    talk.write(said(2))
    talk.ends()
    assert talk.seat.conversation == "desk-conversation"
    assert talk.metrics.total("ignored", reason="desk_ended_open") == 1
    assert talk.ledger.asks == {CONVERSATION: talk.clock()}  # the upkeep asks again


@pytest.mark.parametrize(
    "trouble", [Retryable("away"), RateLimited("429", 60), Misconfigured("403", "give it"), Refused("other", "404")]
)
def test_a_desk_that_cannot_be_asked_holds_up_no_reply_and_ends_nothing(trouble: Exception) -> None:
    talk = Talk()
    talk.over()
    talk.genesys.open_error = trouble
    talk.ends()
    assert talk.seat.conversation == "desk-conversation"
    assert talk.ledger.asks == {CONVERSATION: talk.clock()}


def test_a_message_that_is_shown_while_the_desk_is_asked_keeps_the_conversation() -> None:
    talk = Talk()
    talk.over()

    def beside() -> None:
        talk.genesys.beside = lambda: None
        talk.genesys.open = True
        talk.write(said(2))

    talk.genesys.beside = beside
    with pytest.raises(Retryable):
        talk.ends()
    assert talk.seat.conversation == "desk-conversation"
    talk.ends()
    assert talk.seat.conversation == "desk-conversation"
    assert talk.metrics.total("desk_ended") == 0


def test_the_end_of_a_conversation_of_others_is_let_go_at_once() -> None:
    talk = Talk()
    talk.ends(msgspec.structs.replace(END, integration="int-of-others"))
    assert talk.metrics.total("ignored", reason="desk_ended_unknown") == 1
    assert talk.genesys.looks == 0


def test_a_paused_accounts_ends_wait() -> None:
    talk = Talk()
    talk.ledger.paused = [
        Pause(channel="instagram", account=INSTAGRAM.id, direction="outbound", since_s=START, until_s=START + 99)
    ]
    talk.clock.advance(61)
    with pytest.raises(Waiting):
        talk.ends()


def test_what_belongs_to_an_open_conversation_opens_none_after_the_end() -> None:
    talk = Talk()
    talk.over()
    talk.ends()
    before = len(talk.genesys.delivered)
    for kind in ("reaction", "edit", "read"):
        talk.ledger.listed = [msgspec.structs.replace(INSTAGRAM, show_reads=True)]
        talk.write(
            Note(id=kind, conversation=CONVERSATION, sent_ms=1, kind=kind, lines=(Line("reacted", {"emoji": "!"}),))
        )
    assert len(talk.genesys.delivered) == before
    assert talk.genesys.looks == 1  # at the end, and never after it


def test_what_was_offered_before_the_end_counts_no_more() -> None:
    talk = Talk()
    choices = ChoicesLimit(count=13, text=1000, title=20)
    talk.client._capabilities = msgspec.structs.replace(talk.client.capabilities, quick_replies=choices)
    talk.tell(answer(choices=(Choice(text="Oolong", payload="OOLONG"),)), desk="genesys")
    tapped = CustomerMessage(
        id="message:mid-7", conversation=CONVERSATION, sent_ms=int(START) * 1000 + 7, text="Oolong", tap=token("r-1", 0)
    )
    talk.clock.advance(1)
    talk.write(tapped)
    assert talk.genesys.delivered[-1].tap is not None
    talk.over()
    talk.ends()
    talk.write(msgspec.structs.replace(tapped, id="message:mid-8"))
    shown = talk.genesys.delivered[-1]
    assert (shown.tap, shown.text) == (None, "Oolong")


# What is said after the end


def test_a_survey_is_sent_after_the_end_and_once() -> None:
    talk = Talk(after_end=SURVEY)
    talk.tell(answer(), desk="genesys")
    assert talk.client.texts == ["It is."]
    talk.over()
    talk.ends()
    talk.ends()
    talk.found()
    assert talk.client.texts == ["It is.", SURVEY]
    assert talk.metrics.total("after_end", channel="instagram", outcome="sent") == 1
    assert [receipt.message for receipt in talk.genesys.reported] == ["r-1"]  # nobody at the desk is told of it


def test_the_next_end_of_the_same_conversation_has_a_survey_of_its_own() -> None:
    talk = Talk(after_end=SURVEY)
    for number in (2, 3):
        talk.over()
        talk.ends()
        talk.genesys.open = True
        talk.write(said(number))
    assert talk.client.texts == [SURVEY, SURVEY]


def test_a_survey_that_the_window_forbids_is_not_sent() -> None:
    talk = Talk(after_end=SURVEY)
    talk.clock.advance(9 * 86_400)
    talk.over()
    talk.ends()
    assert talk.client.sent == []
    assert talk.metrics.total("after_end", outcome="window_closed") == 1
    assert talk.seat == Seat(generation=1)


class Killed(BaseException):
    """A worker dies."""


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("step", ["end", "claim", "send", "sent"])
def test_a_worker_that_dies_at_any_step_ends_once_and_says_it_at_most_once(step: str, after: bool) -> None:
    talk = Talk(after_end=SURVEY)
    talk.over()
    target: Any = talk.client if step == "send" else talk.ledger
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(target, step, _dies(getattr(target, step), after))
        with pytest.raises(Killed):
            talk.ends()
    for _ in range(10):
        talk.clock.advance(LEASE_S + 1)
        try:
            talk.ends()
            break
        except Retryable:
            continue
    assert talk.seat == Seat(generation=1)
    # what may have left is not sent again: nobody misses a survey as much as two annoy
    assert talk.client.texts.count(SURVEY) == (0 if (step, after) in {("claim", True), ("send", False)} else 1)


def _dies(method: Callable[..., Any], after: bool) -> Callable[..., Any]:
    def dying(*given: Any, **named: Any) -> Any:
        if after:
            method(*given, **named)
        raise Killed

    return dying


def test_an_end_that_is_given_up_tells_no_agent() -> None:
    talk = Talk()
    event = ending.found("genesys", INSTAGRAM, CONVERSATION, OPEN, talk.clock())
    talk.to_customer.give_up(event, turn(), "five tries")
    assert len(talk.outbound.buried) == 1
    assert talk.genesys.reported == []


def test_an_end_that_was_found_is_the_same_to_the_queue_for_an_hour() -> None:
    one, two, three = (
        ending.found("genesys", INSTAGRAM, CONVERSATION, OPEN, at) for at in (START, START + 60, START + 7200)
    )
    assert one.dedup == two.dedup != three.dedup
    reply = Event(source="genesys", account="int-ig", party="55501", id="r", received_ms=1)
    assert one.group == reply.group
