"""What became of each message, and what two lists say of each other."""

from __future__ import annotations

import pytest

from chalicelib.aws.claimed import REMEMBERED_S
from chalicelib.rules import reconciling
from chalicelib.rules.reconciling import FURTHEST_S, Seen, Window
from chalicelib.vocabulary.proof import Tally, Told, Worked
from chalicelib.vocabulary.records import PREVENTED

NAME = "IN#message:m1"


def test_no_comparison_reaches_as_far_back_as_the_ledger_forgets() -> None:
    assert 2 * FURTHEST_S <= REMEMBERED_S


@pytest.mark.parametrize(
    ("work", "fate"),
    [
        ({}, "missing"),
        ({"IN#message:m2": Worked(state="done")}, "missing"),
        ({NAME: Worked(state="done")}, "delivered"),
        ({NAME: Worked(state="done", result=PREVENTED)}, "told"),
        ({NAME: Worked(state="refused")}, "told"),
        ({NAME: Worked(state="buried")}, "told"),
        ({NAME: Worked(state="leased")}, "under_way"),
        ({NAME: Worked(state="doubt")}, "under_way"),
        ({"IN#postback:m1:::1800": Worked(state="done")}, "delivered"),
        ({NAME: Worked(state="buried"), "IN#postback:m1:::1800": Worked(state="done")}, "delivered"),
        ({f"{NAME}#1": Worked(state="done")}, "missing"),  # a further part says nothing of the first
    ],
)
def test_a_customers_message_is_known_by_each_event_that_may_have_brought_it(
    work: dict[str, Worked], fate: str
) -> None:
    assert reconciling.customers(NAME, ("postback:m1:",), 5, work).fate == fate


@pytest.mark.parametrize(
    ("work", "told", "fate"),
    [
        ({}, "", "missing"),
        ({}, "delivered", "delivered"),
        ({}, "failed", "told"),
        ({"OUT#g10#1": Worked(state="done")}, "", "missing"),
        ({"OUT#g1#1": Worked(state="done"), "OUT#g1#2": Worked(state="done")}, "", "delivered"),
        ({"OUT#g1#1": Worked(state="done"), "OUT#g1#2": Worked(state="refused")}, "", "told"),
        ({"OUT#g1#1": Worked(state="done"), "OUT#g1#2": Worked(state="doubt")}, "", "under_way"),
    ],
)
def test_an_agents_message_is_known_by_its_parts_and_else_by_what_the_desk_was_told(
    work: dict[str, Worked], told: Told, fate: str
) -> None:
    assert reconciling.agents("g1", told, 5, work).fate == fate


def test_a_tally_counts_what_was_sent_within_and_what_is_missing_since_before() -> None:
    window = Window(1000, 2000, 500)
    seen = [
        Seen(sent_ms=999, fate="delivered"),
        Seen(sent_ms=1000, fate="delivered"),
        Seen(sent_ms=1999, fate="told"),
        Seen(sent_ms=2000, fate="missing"),
        Seen(sent_ms=499, fate="missing"),
        Seen(sent_ms=500, fate="missing"),
        Seen(sent_ms=1500, fate="under_way"),
    ]
    assert reconciling.tally(seen, window) == Tally(received=4, delivered=1, told=1, under_way=1, missing=1)
    assert [one.sent_ms for one in seen if window.brings(one)] == [500]


def test_who_came_behind_a_later_one_was_overtaken() -> None:
    # the third was sent last and came first; the first two were sent within a second, and came in either order
    assert reconciling.overtaken([(1000, 50), (1999, 40), (9000, 30)]) == 2
    assert reconciling.overtaken([(1000, 50), (1999, 40)]) == 0
    assert reconciling.overtaken([(1000, 5000), (3000, 4500)], apart_ms=1000) == 0


def test_what_came_late_is_not_asked_for_its_order() -> None:
    window = Window(0, 10**9, 0)
    seen = [
        Seen(sent_ms=1000, fate="delivered", begun_ms=2_000_000),
        Seen(sent_ms=2000, fate="delivered", begun_ms=2500),
        Seen(sent_ms=3000, fate="told", begun_ms=3500),
    ]
    assert reconciling.in_time(seen, window) == [(2000, 2500)]


def test_copies_are_what_there_is_too_many() -> None:
    assert reconciling.copies(["a", "b", "a", "a", "", ""]) == 2


def test_sums_are_by_each_count() -> None:
    assert Tally(received=1, missing=2) + Tally(received=2, doubled=1) == Tally(received=3, missing=2, doubled=1)
