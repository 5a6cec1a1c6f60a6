"""How old may be what comes in: what the ledger may have forgotten is nobody's to work on."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.aws.claimed import REMEMBERED_S
from chalicelib.rules.freshness import ADVICE, AHEAD_S, OLDEST_S, aged, doubt
from chalicelib.vocabulary.records import UNCOUNTED, Event
from tests.fakes import START

DAY_MS = 86_400_000
NOW_MS = int(START) * 1000
# How long each platform repeats what was not taken (s), by its documentation.
REPEATS_S = {"instagram": 36 * 3600, "tiktok": 72 * 3600, "genesys": 85}
# The longest that SQS keeps a message (s): docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide
QUEUED_S = 14 * 86_400
moments = st.integers(1, 253_402_300_799_999)


def event(made_ms: int, **fields: object) -> Event:
    fresh = Event(source="x", account="a", party="p", id="1", received_ms=NOW_MS, made_ms=made_ms)
    return msgspec.structs.replace(fresh, **fields)


@pytest.mark.parametrize(
    ("age_ms", "no"),
    [
        (0, None),
        (7 * DAY_MS, None),
        (7 * DAY_MS + 1, "too_old"),
        (16 * DAY_MS, "too_old"),
        (31 * DAY_MS, "too_old"),
        (-DAY_MS, None),
        (-DAY_MS - 1, "in_the_future"),
        (-400 * DAY_MS, "in_the_future"),
    ],
)
def test_a_week_old_and_a_day_ahead_is_the_most(age_ms: int, no: str | None) -> None:
    assert doubt(event(NOW_MS - age_ms)) == no
    assert aged(NOW_MS - age_ms, NOW_MS) == no


@given(made_ms=moments, received_ms=moments)
def test_whatever_lets_an_event_in_is_within_the_ledgers_memory(made_ms: int, received_ms: int) -> None:
    """Captured at its latest repetition, sent again at the latest, and let wait: its claim is still there."""
    if aged(made_ms, received_ms) is None:
        # a repetition's time may be its own, or a day off
        first_claimed_s = made_ms / 1000 - max(REPEATS_S.values()) - 86_400
        assert received_ms / 1000 + QUEUED_S - first_claimed_s < 30 * 86_400 == REMEMBERED_S


@given(st.sampled_from(sorted(REPEATS_S)), st.floats(0, 1), st.integers(-3_600_000, 3_600_000))
def test_what_a_platform_repeats_is_never_too_old(platform: str, part: float, clocks_differ_ms: int) -> None:
    waited_ms = int(REPEATS_S[platform] * part * 1000)
    assert doubt(event(NOW_MS - waited_ms + clocks_differ_ms)) is None


@given(made_ms=moments, received_ms=moments, order=st.sampled_from([UNCOUNTED, "18", "18.0002"]))
def test_what_comes_back_or_was_found_is_not_judged(made_ms: int, received_ms: int, order: str) -> None:
    assert doubt(event(made_ms, received_ms=received_ms, order=order)) is None
    assert doubt(event(made_ms, received_ms=received_ms, late=True)) is None


@given(received_ms=moments)
def test_what_tells_no_time_is_not_judged(received_ms: int) -> None:
    assert doubt(event(0, received_ms=received_ms)) is None


def test_every_doubt_has_its_advice_and_the_limits_are_as_documented() -> None:
    assert set(ADVICE) == {"too_old", "in_the_future"}
    assert (OLDEST_S, AHEAD_S) == (604_800, 86_400)
