"""The way back from the shelf: the order in which it all came, whatever was buried, parked or sent back before."""

from __future__ import annotations

import random
from collections.abc import Sequence
from itertools import count

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.errors import Malformed, Retryable
from chalicelib.pipeline.parking import name_of
from chalicelib.pipeline.returning import Returning, Shelved, in_order
from chalicelib.vocabulary.records import Event, Parked
from tests.fakes import FakeShelf


class Home:
    """A queue that takes each id once, and may fail at a call."""

    def __init__(self) -> None:
        self.events: dict[str, Event] = {}
        self.fails_at = -1
        self.calls = count()
        self.largest = 10_000

    def carries(self, event: Event) -> bool:
        return len(msgspec.json.encode(event)) <= self.largest

    def put_again(self, events: Sequence[tuple[Event, str]]) -> None:
        for event, name in events:
            self.events.setdefault(name, event)
        if next(self.calls) == self.fails_at:  # it has taken them, and its answer is lost
            raise Retryable("reset")

    def ids(self, party: str) -> list[str]:
        return [event.id for event in self.events.values() if event.party == party]


def event(name: str, party: str = "p", came: int = 1, raw: str = "1") -> Event:
    return Event(source="instagram", account="a", party=party, id=name, received_ms=came, raw=msgspec.Raw(raw.encode()))


def shelved(what: Event, order: str = "", parked_ms: int = 5, queue: str = "inbound") -> Shelved:
    parked = Parked(queue=queue, reason="r", advice="", parked_ms=parked_ms, order=order, event=what)
    return Shelved(key=f"parked/r/instagram/day/{name_of(what, order)}", parked=parked)


def cut(source: str, body: bytes, at: float) -> list[Event]:
    if body == b"torn":
        raise Malformed("still torn")
    return [event(name, "p", int(at * 1000)) for name in body.decode().split()]


def returning(home: Home, shelf: FakeShelf) -> Returning:
    return Returning({"inbound": home}, shelf, cut)


@given(
    st.lists(
        st.tuples(st.sampled_from("pq"), st.integers(1, 10**20 - 1), st.integers(0, 24), st.integers(1, 99)),
        unique_by=lambda one: one[1:3],
    ),
    st.randoms(use_true_random=False),
)
def test_each_conversation_comes_back_by_the_queues_own_count(
    came: list[tuple[str, int, int, int]], mixed: random.Random
) -> None:
    ordered = sorted(came, key=lambda one: one[1:3])
    things = [
        shelved(event(str(number), party, received), f"{order}.{place:04d}")
        for number, (party, order, place, received) in enumerate(ordered)
    ]
    mixed.shuffle(things)
    home, shelf = Home(), FakeShelf()
    assert returning(home, shelf).back(things, lambda count: None) == []
    for party in "pq":
        assert home.ids(party) == [str(number) for number, one in enumerate(ordered) if one[0] == party]


def test_what_has_no_count_takes_its_place_by_when_it_came() -> None:
    things = [
        shelved(event("third", came=30), "7"),
        shelved(event("second", came=20)),
        shelved(event("first", came=10), "6"),
        shelved(event("last", came=40), "0"),
    ]
    ready, _ = returning(Home(), FakeShelf()).ready(things)
    assert [one.event.id for one in in_order(ready)] == ["first", "second", "third", "last"]


def test_one_conversation_with_many_holds_up_no_other() -> None:
    things = [shelved(event(f"p{number}", "p"), str(number + 1)) for number in range(5)]
    things.append(shelved(event("q", "q"), "100"))
    ready, _ = returning(Home(), FakeShelf()).ready(things)
    assert [one.event.id for one in in_order(ready)][:3] == ["p0", "q", "p1"]


@pytest.mark.parametrize("fails_at", range(4))
def test_who_is_cut_off_begins_anew_and_nothing_comes_twice(fails_at: int) -> None:
    things = [shelved(event(str(number)), str(number + 1)) for number in range(35)]
    home, shelf = Home(), FakeShelf()
    for one in things:
        shelf.keep(one.key, b"")
    home.fails_at = fails_at
    with pytest.raises(Retryable):
        returning(home, shelf).back(things, lambda count: None)
    left = [one for one in things if one.key in shelf.kept]
    assert len(left) == 35 - 10 * fails_at
    returning(home, shelf).back(left, lambda count: None)
    assert home.ids("p") == [str(number) for number in range(35)]
    assert not shelf.kept


def test_it_leaves_with_its_order_and_a_stay_of_its_own() -> None:
    home, shelf = Home(), FakeShelf()
    returning(home, shelf).back([shelved(event("x"), "7.0001", 5)], lambda count: None)
    returning(home, shelf).back([shelved(event("x"), "7.0001", 6)], lambda count: None)
    assert [one.order for one in home.events.values()] == ["7.0001", "7.0001"]


def test_a_whole_delivery_is_cut_again_and_goes_when_the_queue_has_all_of_it() -> None:
    whole = Parked(queue="inbound", reason="not_json", advice="", parked_ms=2_000, body=b"one two three")
    torn = Parked(queue="inbound", reason="not_json", advice="", parked_ms=2_000, body=b"torn")
    home, shelf = Home(), FakeShelf()
    shelf.keep("parked/not_json/x/d/1", b"")
    shelf.keep("parked/not_json/x/d/2", b"")
    told: list[int] = []
    things = [
        Shelved(key="parked/not_json/x/d/1", parked=whole),
        Shelved(key="parked/not_json/x/d/2", parked=torn),
        shelved(event("before", came=1_999), "9"),
        shelved(event("after", came=2_001), "10"),
    ]
    left = returning(home, shelf).back(things, told.append)
    assert [(one.key, why) for one, why in left] == [("parked/not_json/x/d/2", "still torn")]
    assert home.ids("p") == ["before", "one", "two", "three", "after"]
    # none without a place, by which the worker knows that it comes back
    assert sorted(one.order for one in home.events.values()) == ["0", "0", "0", "10", "9"]
    assert list(shelf.kept) == ["parked/not_json/x/d/2"]
    assert sum(told) == 3


def test_what_is_too_big_waits_in_the_bucket_and_what_no_queue_takes_stays() -> None:
    home, shelf = Home(), FakeShelf()
    home.largest = 400
    big, never = event("big", raw=f'"{"x" * 500}"'), event("n" * 500)
    left = returning(home, shelf).back([shelved(big, "1"), shelved(never, "2")], lambda count: None)
    [light] = home.events.values()
    assert shelf.fetch(light.aside) == bytes(big.raw)
    assert [why for _, why in left] == ["no queue takes it in any form"]


def test_a_queue_that_nobody_knows_is_said() -> None:
    left = returning(Home(), FakeShelf()).back([shelved(event("x"), queue="sideways")], lambda count: None)
    assert [why for _, why in left] == ["there is no queue sideways"]
