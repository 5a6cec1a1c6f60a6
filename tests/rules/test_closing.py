"""Steps as a window closes, when to look again, why a window was lost."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.rules import closing, windows
from chalicelib.rules.closing import Step, crossed, look_ms, reached, steps_of, waits_before_ms, why_lost
from chalicelib.vocabulary.capabilities import WindowPolicy
from chalicelib.vocabulary.records import Conversation, Thread, Wait
from tests.fakes import INSTAGRAM

HOUR_MS = 3_600_000
STEPS = steps_of("4:1440, 1:4320,2:2880")
DAY = WindowPolicy(open_s=86_400.0, comment_s=7 * 86_400.0)
ENDLESS = WindowPolicy(open_s=None)
NOW_MS = 1_800_000_000_000


def test_steps_are_in_the_order_in_which_they_come() -> None:
    assert (Step(4, 1440), Step(2, 2880), Step(1, 4320)) == STEPS


@pytest.mark.parametrize(
    "text", ["", "4", "4:", "x:1", "0:1", "-1:1", "nan:1", "inf:1", "4:1,4:2", "4:2,2:1", "4:-1", "4:25000001", "4:1.5"]
)
def test_steps_that_are_none_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"hours|priorities"):
        steps_of(text)


@pytest.mark.parametrize(
    ("left_h", "steps"), [(100, 0), (4.001, 0), (4, 1), (2.001, 1), (2, 2), (1, 3), (0.001, 3), (0, 4), (-50, 4)]
)
def test_a_step_is_reached_so_many_hours_before_the_end_and_one_more_behind_it(left_h: float, steps: int) -> None:
    assert reached(STEPS, NOW_MS + int(left_h * HOUR_MS), NOW_MS) == steps


def test_where_nothing_tells_when_a_window_closes_no_step_is_reached() -> None:
    assert reached(STEPS, 0, NOW_MS) == 0
    assert waits_before_ms(STEPS, ENDLESS, NOW_MS) is None


@given(
    since_h=st.floats(0, 400), again_h=st.none() | st.floats(0, 400), later_h=st.floats(0, 30),
    comment=st.booleans(),
)  # fmt: skip
def test_nothing_is_due_before_it_is_looked_at_again_whatever_the_customer_writes(
    since_h: float, again_h: float | None, later_h: float, comment: bool
) -> None:
    """Looked at now, and then once more after `later_h`: where that is before the time that was told, the same steps
    have been reached; and who is not among those that wait for long has reached none."""
    since_ms = NOW_MS - int(since_h * HOUR_MS)
    at_ms = {"comment_ms": since_ms, "comment": "c"} if comment else {"customer_ms": since_ms}
    closes_ms = windows.expires_ms(DAY, msgspec.convert(at_ms, Thread))
    if since_ms >= (waits_before_ms(STEPS, DAY, NOW_MS) or 0):
        assert reached(STEPS, closes_ms, NOW_MS) == 0
    later_ms = NOW_MS + int(later_h * HOUR_MS)
    if later_ms < look_ms(STEPS, DAY, closes_ms, NOW_MS):
        assert reached(STEPS, closes_ms, later_ms) == reached(STEPS, closes_ms, NOW_MS)
        if again_h is not None and int(again_h * HOUR_MS) <= later_ms - NOW_MS:
            again_ms = windows.expires_ms(DAY, Thread(customer_ms=NOW_MS + int(again_h * HOUR_MS)))
            assert reached(STEPS, again_ms, later_ms) == 0


def wait(**changes: object) -> Wait:
    known = Wait(conversation=Conversation("instagram", "1", "2"), thread=Thread(), since_ms=NOW_MS, closes_ms=NOW_MS)
    return msgspec.structs.replace(known, **changes)


@pytest.mark.parametrize(
    ("held", "why"),
    [
        (wait(), "unanswered"),
        (wait(refused_ms=NOW_MS - 1), "unanswered"),
        (wait(shown_ms=NOW_MS - 20 * HOUR_MS), "unanswered"),
        (wait(shown_ms=NOW_MS - 3 * HOUR_MS, urged="over"), "late"),
        (wait(shown_ms=NOW_MS - 20 * HOUR_MS, urged="over"), "ended"),
        (wait(urged="over", shown_ms=NOW_MS - 1, refused_ms=NOW_MS), "not_sent"),
    ],
)
def test_why_a_window_was_lost(held: Wait, why: str) -> None:
    assert why_lost(STEPS, held, NOW_MS) == why


@pytest.mark.parametrize(
    ("before", "after", "left"),
    [
        (0, 1, None),
        (6, 7, 3),
        (5, 8, 2),
        (7, 8, None),
        (8, 9, 1),
        (9, 10, 0),
        (7, 12, 0),
        (10, 11, None),
        (12, 13, None),
    ],
)
def test_that_few_messages_may_follow_is_told_as_each_number_is_passed(
    before: int, after: int, left: int | None
) -> None:
    assert crossed(10, before, after) == left
    assert crossed(0, before, after) is None


def test_a_message_is_late_only_where_the_account_says_so_and_its_window_still_lets_a_flow_answer() -> None:
    raising = msgspec.structs.replace(INSTAGRAM, closing="raise")
    assert closing.comes_late(raising, NOW_MS + HOUR_MS, NOW_MS)
    assert not closing.comes_late(raising, NOW_MS + HOUR_MS + 1, NOW_MS)
    assert not closing.comes_late(raising, NOW_MS, NOW_MS)
    assert not closing.comes_late(raising, 0, NOW_MS)
    assert not closing.comes_late(INSTAGRAM, NOW_MS + HOUR_MS, NOW_MS)
