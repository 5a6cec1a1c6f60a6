"""Who may speak where a bot sits, by the table's conditional writes."""

from __future__ import annotations

from uuid import uuid4

import pytest

from chalicelib.aws.floor import Floor
from chalicelib.vocabulary.records import BOT, NOBODYS, Conversation, Seat, Thread
from sandbox.stage.aws import TABLE
from tests.aws.conftest import Cloud
from tests.fakes import FakeFloor, FakeLedger

NOW = 1_800_000_000.0
TALK = Seat(BOT, "talk", "", 1)


class Place:
    """A conversation of its own in a table, or in the tests' stand-in for one: both keep the same rules."""

    def __init__(self, cloud: Cloud, real: bool) -> None:
        stand_in = FakeLedger()
        self.table = cloud.table if real else stand_in
        self.floor = Floor(TABLE, cloud.aws.client("dynamodb")) if real else FakeFloor(stand_in)
        self.of = Conversation("instagram", uuid4().hex, "ana")

    def begun(self) -> None:
        self.table.claim(self.of, "IN#1", NOW, 90.0)
        thread = Thread(seat=TALK, customer_ms=int(NOW * 1000))
        assert self.table.delivered(self.of, "IN#1", NOW, thread, before=NOBODYS)

    def speak(self, item: str = "OUT#1#1", seat: Seat = TALK, turn: int = 1, now: float = NOW) -> str:
        return self.floor.speak(self.of, item, seat, turn, now, now + 45)


@pytest.fixture(params=[True, False], ids=["table", "fake"])
def place(cloud: Cloud, request: pytest.FixtureRequest) -> Place:
    return Place(cloud, request.param)


def test_nobody_speaks_before_the_seat_is_written(place: Place) -> None:
    assert place.speak() == "early"
    place.begun()
    assert place.speak() == "held"


def test_nobody_takes_over_while_a_part_is_under_way_until_it_has_ended_or_its_time_is_over(place: Place) -> None:
    place.begun()
    assert place.speak() == "held"
    assert not place.floor.hand_over(place.of, TALK, TALK.moved(), NOW + 44)
    place.floor.silent(place.of, "OUT#other#1")
    assert not place.floor.hand_over(place.of, TALK, TALK.moved(), NOW + 44)
    place.floor.silent(place.of, "OUT#1#1")
    assert place.floor.hand_over(place.of, TALK, TALK.moved(), NOW + 44)
    assert place.table.thread(place.of).seat == Seat("", "", "", 2)


def test_who_died_over_a_part_keeps_the_floor_for_its_time_and_no_longer(place: Place) -> None:
    place.begun()
    assert place.speak() == "held"
    assert place.speak() == "held"  # whoever tries again
    assert not place.floor.hand_over(place.of, TALK, TALK.moved(), NOW + 44)
    assert place.floor.hand_over(place.of, TALK, TALK.moved(desk="counter"), NOW + 46)
    assert place.table.thread(place.of).seat == Seat("counter", "", "", 2)


def test_nobody_speaks_once_people_have_taken_over_and_they_do_so_once(place: Place) -> None:
    place.begun()
    assert place.floor.hand_over(place.of, TALK, TALK.moved(), NOW)
    assert place.speak() == "over"
    assert place.floor.hand_over(place.of, TALK, TALK.moved(), NOW)  # the answer to the first was lost
    assert not place.floor.hand_over(place.of, TALK, TALK.moved(desk="counter"), NOW)


def test_people_take_over_what_has_not_begun(place: Place) -> None:
    assert place.floor.hand_over(place.of, NOBODYS, NOBODYS.moved(), NOW)
    assert place.table.thread(place.of).seat == Seat("", "", "", 1)
    assert place.speak() == "over"


def test_no_answer_goes_out_behind_a_later_one(place: Place) -> None:
    place.begun()
    assert place.speak(turn=2) == "held"
    assert place.speak("OUT#2#2", turn=2) == "held"
    assert place.speak(turn=1) == "over"
    assert place.speak(seat=Seat(BOT, "another", "", 1), turn=3) == "over"


def test_a_conversation_is_read_while_somebody_has_the_floor_whatever_the_fraction_of_the_second(place: Place) -> None:
    place.begun()
    assert place.speak(now=NOW + 0.123) == "held"
    assert place.table.thread(place.of).seat == TALK
