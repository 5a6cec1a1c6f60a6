"""When a customer is told that nobody can answer: late enough to be sure, early enough to be allowed."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.channels.instagram.capabilities import CAPABILITIES as INSTAGRAM
from chalicelib.channels.tiktok.capabilities import CAPABILITIES as TIKTOK
from chalicelib.rules.outages import is_due
from chalicelib.vocabulary.capabilities import WindowPolicy
from chalicelib.vocabulary.records import Thread

HOUR = 3600
NOW_MS = 1_800_000_000_000
LEAST_S = 900.0
WITHOUT_TAG = WindowPolicy(open_s=24 * HOUR)


def due(policy: WindowPolicy, wrote_h: float, away_h: float, **known: Any) -> bool:
    """Of who wrote so many hours ago, while the desk has been away for so many."""
    thread = Thread(customer_ms=NOW_MS - int(wrote_h * HOUR * 1000), **known)
    return is_due(policy, thread, NOW_MS, away_h * HOUR, LEAST_S)


@pytest.mark.parametrize(
    ("wrote_h", "away_h", "told"),
    [
        (11.9, 11.9, False),  # twelve hours are left, and it may be back after as long as it has been away
        (12.1, 12.1, True),
        (23.8, 0.2, False),  # a blip
        (23.8, 0.25, True),
        (24.1, 24.1, False),  # nobody may write any more
    ],
)
def test_who_will_not_be_answered_in_time_is_told(wrote_h: float, away_h: float, told: bool) -> None:
    assert due(WITHOUT_TAG, wrote_h, away_h) is told


def test_a_window_of_another_length_is_another_matter() -> None:
    assert not due(TIKTOK.window, 23, 23)
    assert due(TIKTOK.window, 25, 25)


def test_who_can_be_answered_by_a_person_for_days_is_not_told_and_no_tag_is_ever_asked_for() -> None:
    assert INSTAGRAM.window.human_agent_s
    assert not due(INSTAGRAM.window, 23, 23)
    assert not due(INSTAGRAM.window, 6 * 24, 6 * 24)  # a person still may, an automaton not


def test_the_one_answer_to_a_comment_is_left_to_agents() -> None:
    policy = WindowPolicy(open_s=24 * HOUR, comment_s=24 * HOUR)
    assert not due(
        policy, 13, 13,
        comment="c", comment_ms=NOW_MS - 1,
    )  # fmt: skip
    assert due(policy, 13, 13)


def test_a_window_without_end_is_never_missed() -> None:
    assert not due(WindowPolicy(open_s=None), 1000, 1000)
