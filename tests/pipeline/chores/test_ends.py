"""Ends that nobody tells: desks are asked, seldom, so many an hour, and what they say goes the way of every end."""

from __future__ import annotations

import msgspec
import pytest

from chalicelib.errors import Misconfigured, RateLimited, Refused, Retryable
from chalicelib.pipeline.chores.ends import MOST, QUIET_S, Ends
from chalicelib.pipeline.desks import Desks
from chalicelib.registry import CHANNELS, DESKS, abouts
from chalicelib.vocabulary.records import Conversation, Seat, Thread, Unreadable
from tests.fakes import INSTAGRAM, START, TIKTOK, turn
from tests.pipeline.outbound.test_ending import Talk
from tests.pipeline.test_seats import CONVERSATION


class Hourly(Talk):
    """The talk, with an upkeep that looks after it."""

    def __init__(self) -> None:
        super().__init__()
        thread = self.ledger.thread(CONVERSATION)
        self.ledger.threads[CONVERSATION.key] = msgspec.structs.replace(thread, customer_ms=int(START * 1000))
        self.ends_chore = Ends(
            desks=Desks({"genesys": self.genesys}, self.ledger),
            channels=abouts(CHANNELS),
            known_desks=abouts(DESKS),
            ledger=self.ledger,
            outbox=self.outbound,
            clock=self.clock,
            metrics=self.metrics,
        )

    def hours(self, hours: float) -> None:
        """So much time goes by, and the upkeep runs."""
        self.clock.advance(hours * 3600)
        self.ends_chore.run(self.clock())

    def work(self) -> None:
        """The outbound worker does what is on its queue."""
        while self.outbound.events:
            event = self.outbound.events.pop(0)
            self.to_customer.handle(event, turn(event.id))


def test_an_end_that_nobody_told_is_found_and_closes_the_conversation() -> None:
    talk = Hourly()
    talk.over()
    talk.hours(5)
    assert talk.genesys.looks == 0
    talk.hours(1)
    assert talk.metrics.total("end_found", channel="instagram") == 1
    talk.work()
    assert talk.seat == Seat(generation=1)
    talk.hours(24)
    assert talk.genesys.looks == 2  # by the chore and by the worker, and then no more
    assert talk.outbound.events == []


def test_a_conversation_that_goes_on_is_asked_about_again_some_hours_later() -> None:
    talk = Hourly()
    talk.hours(6)
    talk.hours(1)
    assert (talk.genesys.looks, talk.ledger.asks) == (1, {CONVERSATION: START + 12 * 3600})
    talk.hours(5)
    assert talk.genesys.looks == 2
    assert talk.outbound.events == []


def test_a_customer_who_wrote_not_long_ago_is_not_asked_about() -> None:
    talk = Hourly()
    thread = talk.ledger.thread(CONVERSATION)
    wrote_ms = int((START + 4 * 3600) * 1000)
    talk.ledger.threads[CONVERSATION.key] = msgspec.structs.replace(thread, customer_ms=wrote_ms)
    talk.hours(6)
    assert talk.genesys.looks == 0
    assert talk.ledger.asks == {CONVERSATION: START + 4 * 3600 + QUIET_S}


def test_an_end_that_was_put_on_the_queue_and_ended_nothing_is_found_again() -> None:
    talk = Hourly()
    talk.over()
    talk.hours(6)
    talk.outbound.events.clear()
    talk.hours(1)
    assert len(talk.outbound.events) == 1


@pytest.mark.parametrize("trouble", [Retryable("away"), Misconfigured("403", "give it its role")])
def test_a_desk_that_is_away_fails_the_chore_and_keeps_all_in_its_place(trouble: Exception) -> None:
    talk = Hourly()
    talk.genesys.open_error = trouble
    with pytest.raises(Retryable):
        talk.hours(6)
    talk.genesys.open_error = None
    talk.hours(1)
    assert talk.genesys.looks == 2


def test_a_desk_that_wants_no_more_calls_is_left_alone() -> None:
    talk = Hourly()
    talk.genesys.open_error = RateLimited("429", 60)
    talk.hours(6)
    assert talk.outbound.events == []


def test_a_desk_that_will_not_tell_ends_nothing() -> None:
    talk = Hourly()
    talk.genesys.open_error = Refused("unconfirmed", "HTTP 404")
    talk.hours(6)
    assert talk.outbound.events == []
    assert talk.ledger.asks == {CONVERSATION: START + 12 * 3600}


def test_a_run_looks_at_so_many_shared_among_the_accounts_and_takes_no_longer_than_it_may() -> None:
    talk = Hourly()
    talk.ledger.listed = [INSTAGRAM, TIKTOK]
    talk.ledger.asks.clear()
    rows: list[object] = [Unreadable("instagram#9", "odd"), *talk.ledger.listed]
    talk.ledger.listed = rows  # type: ignore[assignment]  # one that cannot be read is nobody's
    for number in range(MOST):
        for account in (INSTAGRAM, TIKTOK):
            one = Conversation(account.channel, account.id, f"customer-{number}")
            talk.ledger.threads[one.key] = Thread(seat=Seat(conversation=f"d-{number}"), customer_ms=1)
            talk.ledger.asks[one] = START + number
    talk.over()
    talk.hours(6)
    assert talk.genesys.looks == MOST
    assert {event.account: 0 for event in talk.outbound.events} == {"int-ig": 0, "int-tt": 0}
    slow = Hourly()
    for number in range(9):
        one = Conversation(INSTAGRAM.channel, INSTAGRAM.id, f"customer-{number}")
        slow.ledger.threads[one.key] = Thread(seat=Seat(conversation=f"d-{number}"), customer_ms=1)
        slow.ledger.asks[one] = START
    slow.genesys.beside = lambda: slow.clock.advance(11)
    slow.hours(6)
    assert slow.genesys.looks == 4


def test_a_seat_at_a_desk_that_is_gone_is_left_alone() -> None:
    talk = Hourly()
    talk.ledger.threads[CONVERSATION.key] = Thread(seat=Seat("gone", "session-1", "key", 1))
    talk.hours(6)
    assert talk.genesys.looks == 0
    assert talk.outbound.events == []
