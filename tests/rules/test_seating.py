"""Where a conversation sits after something was shown in it."""

from __future__ import annotations

import pytest

from chalicelib.rules.seating import settled, taken
from chalicelib.vocabulary.records import Seat

EMPTY, ENDED = Seat("a", "", "", 2), Seat("", "", "", 4)
FIRST = Seat("a", "1", "key", 3)
OTHER, ELSEWHERE = Seat("a", "2", "key", 4), Seat("b", "1", "", 4)


@pytest.mark.parametrize(
    ("before", "answered", "after"),
    [
        (EMPTY, Seat("a", "1", "key"), FIRST),
        (FIRST, Seat("a", "1", "new key", 9), Seat("a", "1", "new key", 3)),
        (FIRST, Seat("a", "2", "key", 3), OTHER),
        (FIRST, Seat("a", ""), FIRST),
    ],
)
def test_another_place_is_a_generation_later(before: Seat, answered: Seat, after: Seat) -> None:
    assert taken(before, answered) == after


@pytest.mark.parametrize(
    ("before", "after", "now", "verdict"),
    [
        (FIRST, FIRST, ENDED, "leave"),  # it was read until the end
        (FIRST, OTHER, ENDED, "take"),  # the end was of the one before
        (EMPTY, FIRST, FIRST, "leave"),
        (FIRST, FIRST, ELSEWHERE, "again"),
        (EMPTY, FIRST, OTHER, "again"),
        (FIRST, OTHER, ELSEWHERE, "again"),
    ],
)
def test_what_was_shown_is_shown_where_the_conversation_sits(
    before: Seat, after: Seat, now: Seat, verdict: str
) -> None:
    assert settled(before, after, now) == verdict
