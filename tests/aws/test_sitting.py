"""The index of the conversations that sit at a desk, and the one write that ends one."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest
from botocore.exceptions import ConnectionClosedError

from chalicelib.aws import keys
from chalicelib.aws.states import ASKED_S
from chalicelib.aws.table import Table
from chalicelib.errors import Retryable
from chalicelib.vocabulary.messages import Tap
from chalicelib.vocabulary.records import Account, Conversation, Seat, Standing, Thread
from sandbox.stage.aws import TABLE
from tests.aws.conftest import Cloud, Lossy

NOW = 1_800_000_000.0
TAP = Tap(message="gen-1", type="QuickReply", text="Yes", payload="YES")


class Shop:
    """An account of its own, so that no other test's conversations are in its part of the index."""

    def __init__(self, cloud: Cloud) -> None:
        self.table = cloud.table
        self.aws = cloud.aws
        self.account = Account(channel="instagram", id=uuid4().hex, integration="i", secret="s")
        self.count = 0

    def customer(self, name: str = "ana") -> Conversation:
        return Conversation("instagram", self.account.id, name)

    def shown(self, whose: Conversation, now: float = NOW, conversation: str = "d-1", **more: Any) -> None:
        """A message is shown at the one desk, which finds its conversations itself."""
        self.count += 1
        thread = Thread(seat=Seat(conversation=conversation), customer_ms=int(now * 1000))
        assert self.table.delivered(whose, f"IN#{self.count}", now, thread, **more)

    def due(self, now: float) -> list[str]:
        return [one.customer for one in self.table.sitting(self.account, now)]

    def waiting(self) -> list[str]:
        return [one.customer for one, _ in self.table.waiting(self.account, 2**53)]

    def row(self, whose: Conversation) -> dict[str, Any]:
        found: dict[str, Any] = self.aws.client("dynamodb").get_item(TableName=TABLE, Key=keys.item(whose, keys.STATE))[
            "Item"
        ]
        return found


@pytest.fixture
def shop(cloud: Cloud) -> Shop:
    return Shop(cloud)


def test_a_desk_is_asked_some_hours_after_its_conversation_began_however_much_is_written(shop: Shop) -> None:
    ana = shop.customer()
    shop.shown(ana)
    assert shop.due(NOW + ASKED_S - 1) == []
    shop.shown(ana, NOW + 3600)
    assert shop.due(NOW + ASKED_S) == ["ana"]
    shop.table.ask(ana, NOW + 2 * ASKED_S)
    assert shop.due(NOW + ASKED_S) == []
    assert shop.due(NOW + 2 * ASKED_S) == ["ana"]


def test_the_longest_due_comes_first_and_an_account_sees_its_own(shop: Shop, cloud: Cloud) -> None:
    for number, name in enumerate(("cara", "bo", "ana")):
        shop.shown(shop.customer(name), NOW + number)
    other = Shop(cloud)
    other.shown(other.customer())
    assert shop.due(NOW + ASKED_S + 1) == ["cara", "bo"]


def test_an_end_leaves_both_indexes_and_the_seat_and_what_was_offered(shop: Shop) -> None:
    ana = shop.customer()
    shop.shown(ana)
    shop.table.offer(ana, "key", NOW, [TAP])
    assert shop.table.end(ana, shop.table.standing(ana), NOW + 1)
    known = shop.table.standing(ana)
    assert (known.thread.seat, known.ended, known.ended_ms) == (Seat(generation=1), "d-1", int(NOW + 1) * 1000)
    assert known.thread.customer_ms == int(NOW) * 1000  # the platform's window is not the desk's to close
    assert shop.due(NOW + ASKED_S) == shop.waiting() == []
    assert shop.table.offered(ana, "key", 0) is None
    assert {"desk", "seat_desk", "seat_state"}.isdisjoint(shop.row(ana))
    shop.table.ask(ana, NOW)
    assert shop.due(NOW + 9e9) == []  # nobody has it
    shop.table.offer(ana, "newer", NOW + 2, [TAP])
    assert shop.table.offered(ana, "newer", 0) == TAP


def test_the_next_message_begins_anew(shop: Shop) -> None:
    ana = shop.customer()
    shop.shown(ana)
    assert shop.table.end(ana, shop.table.standing(ana), NOW + 1)
    shop.shown(ana, NOW + 2, "d-2")
    assert shop.table.thread(ana).seat == Seat("", "d-2", "", 1)
    assert shop.due(NOW + 2 + ASKED_S) == shop.waiting() == ["ana"]


def test_the_end_of_a_seat_at_another_desk_takes_all_of_it(shop: Shop) -> None:
    ana, seat = shop.customer(), Seat("counter", "session-1", "key", 3)
    thread = Thread(seat=seat, customer_ms=1)
    assert shop.table.delivered(ana, "IN#a", NOW, thread, before=Seat(generation=0), listed=True)
    assert shop.table.end(ana, shop.table.standing(ana), NOW + 1, listed=True)
    assert shop.table.thread(ana).seat == Seat(generation=4)
    assert shop.table.seated(*seat.place) == ana  # who tells it again is known
    assert {"desk", "seat_desk", "seat_state"}.isdisjoint(shop.row(ana))


@pytest.mark.parametrize("since", ["shown", "line", "moved", "ended"])
def test_whatever_happened_since_the_thread_was_read_keeps_it_from_being_ended(shop: Shop, since: str) -> None:
    ana = shop.customer()
    shop.shown(ana)
    known = shop.table.standing(ana)
    seat = known.thread.seat
    if since == "shown":
        shop.shown(ana, NOW - 60)  # the same conversation, an older message
    elif since == "line":
        assert shop.table.delivered(ana, "IN#line", NOW, Thread())
    elif since == "moved":
        assert shop.table.seat(ana, seat, seat.moved("session-1", "counter", "key"), NOW)
    else:
        assert shop.table.end(ana, known, NOW + 1)
        shop.shown(ana, NOW + 2, "d-2")
    before = shop.row(ana)
    assert not shop.table.end(ana, known, NOW + 3)
    assert shop.row(ana) == before


def test_a_handover_goes_on_waiting_and_is_asked_at_its_new_desk(shop: Shop) -> None:
    ana = shop.customer()
    shop.shown(ana)
    seat = shop.table.thread(ana).seat
    assert shop.table.seat(ana, seat, seat.moved("session-1", "counter", "key"), NOW)
    assert shop.due(NOW + ASKED_S) == shop.waiting() == ["ana"]


class Gone:
    """DynamoDB is not there."""

    def __getattr__(self, name: str) -> Any:
        def call(**asked: Any) -> Any:
            raise ConnectionClosedError(endpoint_url="https://dynamodb.example")

        return call


def test_an_end_whose_answer_is_lost_has_happened(shop: Shop) -> None:
    ana = shop.customer()
    shop.shown(ana)
    deaf: Any = Lossy(shop.aws.client("dynamodb"))
    assert Table(TABLE, deaf).end(ana, shop.table.standing(ana), NOW)
    assert shop.table.thread(ana).seat == Seat(generation=1)


def test_a_table_that_is_away_is_asked_again(shop: Shop) -> None:
    gone: Any = Gone()
    known = Standing(thread=Thread(seat=Seat(conversation="d-1")))
    with pytest.raises(Retryable):
        Table(TABLE, gone, lambda wait_s: None).end(shop.customer(), known, NOW)
    with pytest.raises(Retryable):
        Table(TABLE, gone).ask(shop.customer(), NOW)
