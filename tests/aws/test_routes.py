"""Which app has a conversation, by the table's conditional writes: in whatever order it is told."""

from __future__ import annotations

import itertools
from uuid import uuid4

import pytest

from chalicelib.aws.routes import Routes
from chalicelib.vocabulary.records import NOBODY, SOMEBODY, US, Conversation, Seat, Thread
from sandbox.stage.aws import TABLE
from tests.aws.conftest import Cloud
from tests.fakes import FakeLedger, FakeRoutes

NOW = 1_800_000_000.0
OTHER = "2222"


class Place:
    """A conversation of its own in a table, or in the tests' stand-in for one: both keep the same rules."""

    def __init__(self, cloud: Cloud, real: bool) -> None:
        self.real, self.cloud = real, cloud
        stand_in = FakeLedger()
        self.table = cloud.table if real else stand_in
        self.routes = Routes(TABLE, cloud.aws.client("dynamodb")) if real else FakeRoutes(stand_in)
        self.another()

    def another(self) -> None:
        self.of = Conversation("instagram", uuid4().hex, "ana")

    def writes_to_us(self, at_ms: int) -> None:
        self.table.claim(self.of, f"IN#{at_ms}", NOW, 90.0)
        assert self.table.delivered(self.of, f"IN#{at_ms}", NOW, Thread(seat=Seat("", "talk"), customer_ms=at_ms))

    def held(self, by: str, at_ms: int) -> tuple[str, int]:
        told = self.routes.held(self.of, by, at_ms, NOW)
        assert told == self.thread
        return told.holder, told.holder_ms

    @property
    def thread(self) -> Thread:
        return self.table.thread(self.of)


@pytest.fixture(params=[True, False], ids=["table", "fake"])
def place(cloud: Cloud, request: pytest.FixtureRequest) -> Place:
    return Place(cloud, request.param)


TELLINGS = [(US, 2), (OTHER, 2), (SOMEBODY, 3), (US, 1)]


def test_the_newest_telling_wins_in_every_order_and_of_one_moment_ours(place: Place) -> None:
    for order in itertools.permutations(TELLINGS):
        place.another()
        for by, at_ms in (*order, order[0]):
            place.held(by, at_ms)
        assert (place.thread.holder, place.thread.holder_ms) == (SOMEBODY, 3)
    place.another()
    assert place.held(OTHER, 2) == (OTHER, 2)
    assert place.held(US, 2) == (US, 2)
    assert place.held(OTHER, 2) == (US, 2)


def test_what_a_customer_wrote_to_us_since_outweighs_others(place: Place) -> None:
    place.writes_to_us(4)
    assert place.held(SOMEBODY, 3) == ("", 0)
    assert place.held(SOMEBODY, 4) == ("", 0)
    assert place.held(OTHER, 5) == (OTHER, 5)
    place.routes.wrote(place.of, 9)  # to the other app
    assert place.held(SOMEBODY, 6) == (SOMEBODY, 6)
    assert place.held(US, 7) == (US, 7)
    place.writes_to_us(12)
    assert place.held(NOBODY, 11) == (US, 7)
    assert place.held(NOBODY, 13) == (NOBODY, 13)


def test_a_customer_who_wrote_to_another_app_opens_the_window_and_a_new_turn(place: Place) -> None:
    place.writes_to_us(4)
    place.table.claim(place.of, "OUT#r#1", NOW, 90.0)
    place.table.sent(place.of, "OUT#r#1", NOW, "mid")
    assert place.thread.replies == 1
    place.routes.wrote(place.of, 3)
    assert (place.thread.customer_ms, place.thread.replies) == (4, 1)
    place.routes.wrote(place.of, 6)
    assert (place.thread.customer_ms, place.thread.replies) == (6, 0)
    assert place.thread.seat == Seat("", "talk")


def test_how_long_it_is_ours_ends_with_its_holder(place: Place) -> None:
    place.held(US, 1)
    place.routes.prolonged(place.of, 99)
    assert place.thread.held_until_ms == 99
    place.held(SOMEBODY, 2)
    assert place.thread.held_until_ms == 0


def test_what_is_told_of_it_leaves_the_seat_and_its_moves_alone(place: Place) -> None:
    place.writes_to_us(4)
    place.held(OTHER, 5)
    before = place.thread.seat
    assert place.table.seat(place.of, before, before.moved("other"), NOW)
    assert (place.thread.holder, place.thread.seat.conversation) == (OTHER, "other")
