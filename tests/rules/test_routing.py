"""Which app has a conversation, and what that lets us do."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.rules import routing as rules
from chalicelib.vocabulary.front import Routing
from chalicelib.vocabulary.records import NOBODY, SOMEBODY, US, Thread

HOUR = 3_600_000
AT = 1_800_000_000_000
FOLLOWS, DEFAULT = Routing(app="1"), Routing(app="1", primary=True)

STANDINGS = [
    (FOLLOWS, Thread(customer_ms=AT), 0, "ours"),
    (FOLLOWS, Thread(customer_ms=AT), 23, "ours"),
    (FOLLOWS, Thread(customer_ms=AT), 24, "lapsed"),
    (FOLLOWS, Thread(customer_ms=AT, holder=US, holder_ms=AT, held_until_ms=AT + 168 * HOUR), 100, "ours"),
    (FOLLOWS, Thread(customer_ms=AT, holder=US, holder_ms=AT, held_until_ms=AT + 168 * HOUR), 168, "lapsed"),
    (FOLLOWS, Thread(customer_ms=AT, holder=NOBODY, holder_ms=AT + 1), 0, "lapsed"),
    (FOLLOWS, Thread(customer_ms=AT, holder=SOMEBODY, holder_ms=AT + 1), 0, "theirs"),
    (FOLLOWS, Thread(customer_ms=AT, holder="2222", holder_ms=AT + 1), 99, "theirs"),
    (DEFAULT, Thread(customer_ms=AT), 100, "ours"),
    (DEFAULT, Thread(customer_ms=AT, holder=NOBODY, holder_ms=AT + 1), 0, "ours"),
    (DEFAULT, Thread(customer_ms=AT, holder="2222", holder_ms=AT + 1), 0, "theirs"),
]


@pytest.mark.parametrize(("routing", "held", "hours", "standing"), STANDINGS)
def test_what_a_send_has_to_expect(routing: Routing, held: Thread, hours: int, standing: str) -> None:
    assert rules.standing(routing, held, AT + hours * HOUR) == standing


EXTENDS = [
    (FOLLOWS, Thread(customer_ms=AT), 0, 168),
    (FOLLOWS, Thread(customer_ms=AT), 20, 148),
    (FOLLOWS, Thread(customer_ms=AT, holder=US, held_until_ms=AT + 168 * HOUR), 20, 0),
    (FOLLOWS, Thread(customer_ms=AT + 20 * HOUR, holder=US, held_until_ms=AT + 168 * HOUR), 20, 168),
    (FOLLOWS, Thread(customer_ms=AT + 2 * HOUR, holder=US, held_until_ms=AT + 168 * HOUR), 20, 0),
    (FOLLOWS, Thread(customer_ms=AT), 200, 0),
    (FOLLOWS, Thread(customer_ms=AT, holder=SOMEBODY, holder_ms=AT), 0, 0),
    (FOLLOWS, Thread(customer_ms=AT, holder=NOBODY, holder_ms=AT), 0, 0),
    (FOLLOWS, Thread(), 0, 0),
    (Routing(app="1", extend_hours=0), Thread(customer_ms=AT), 0, 0),
    (Routing(app="1", extend_hours=48), Thread(customer_ms=AT), 0, 48),
    (DEFAULT, Thread(customer_ms=AT), 0, 0),
]


@pytest.mark.parametrize(("routing", "held", "hours", "extended"), EXTENDS)
def test_by_how_much_control_is_prolonged(routing: Routing, held: Thread, hours: int, extended: int) -> None:
    assert rules.extends_s(routing, held, AT + hours * HOUR) == extended * 3600


def told(tellings: tuple[tuple[str, int], ...]) -> tuple[str, int]:
    """What a table remembers that goes by the rule."""
    held = Thread()
    for by, at_ms in tellings:
        if rules.is_newer(by, at_ms, held):
            held = Thread(holder=by, holder_ms=at_ms)
    return held.holder, held.holder_ms


@given(
    st.lists(st.tuples(st.sampled_from([US, NOBODY, SOMEBODY, "1", "2"]), st.integers(1, 4)), min_size=1, max_size=5)
)
def test_every_order_and_any_repetition_lead_to_one_holder(tellings: list[tuple[str, int]]) -> None:
    assert len({told((*order, *order[:2])) for order in itertools.permutations(tellings)}) == 1


def test_of_one_moment_ours_wins() -> None:
    assert {told(order) for order in itertools.permutations([(US, 1), ("9999", 1), (SOMEBODY, 1), (NOBODY, 1)])} == {
        (US, 1)
    }


def test_what_we_do_is_newer_than_all_that_was_known_whatever_the_clock_says() -> None:
    held = Thread(customer_ms=AT + 7, holder=SOMEBODY, holder_ms=AT + 5)
    assert rules.moment(AT / 1000, held) == AT + 8
    assert rules.moment(AT / 1000 + 60, held) == AT + 60_000
