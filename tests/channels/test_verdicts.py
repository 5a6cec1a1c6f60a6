"""Error tables: how codes are read and looked up, and what is raised; then every row of every channel's table."""

from __future__ import annotations

from importlib import import_module
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.errors import AccountStopped, Judged, RateLimited, Refused, Retryable, TokenRefused, Uncertain
from chalicelib.protocols.verdicts import (
    NO_TOKEN,
    NOT_DONE,
    REFUSED,
    THROTTLED,
    UNIQUE,
    UNKNOWN,
    Act,
    Group,
    Problem,
    Table,
    Verdict,
    by_status,
    label,
    number,
    raise_for,
)
from chalicelib.registry import CHANNELS
from chalicelib.rules.catalogue import LANGUAGES, TEXTS
from chalicelib.vocabulary.capabilities import Capabilities

ACTS: tuple[Act, ...] = get_args(Act)


# Codes as they are written


@pytest.mark.parametrize(
    ("written", "read"),
    [
        (40100, 40100), ("40100", 40100), (40100.0, 40100), (" 190 ", 190), ("-1", -1), (-1.0, -1), ("0", 0), (0, 0),
        (True, None), (None, None), ("", None), ("4e4", None), ("40_100", None), ("--1", None), ("٣", None),
        (1.5, None), (float("inf"), None), (float("nan"), None), ([190], None), ({"code": 190}, None), ("9" * 11, None),
    ],
)  # fmt: skip
def test_a_code_is_read_however_it_is_written(written: object, read: int | None) -> None:
    assert number(written) == read


@given(st.none() | st.integers() | st.integers().map(lambda one: one**7), st.integers())
def test_a_label_is_short_whatever_the_code(code: int | None, subcode: int) -> None:
    told = label(code, subcode)
    assert len(told) <= 21
    assert told == "none" or set(told) <= set("-/0123456789")


@pytest.mark.parametrize(
    ("code", "subcode", "told"),
    [(100, 0, "100"), (100, 5, "100/5"), (None, 0, "none"), (0, 7, "7"), (10**12, 0, "none")],
)
def test_a_label_is_the_code(code: int | None, subcode: int, told: str) -> None:
    assert label(code, subcode) == told


# Looking up


def row(code: int, name: str, **more: Any) -> Problem:
    return Problem(code=code, means=name, source="s", verdict=REFUSED, **more)


TABLE = Table([
    row(200, "range", last=299), row(230, "one of the range"), row(230, "a profile's", acts=("profile",)),
    row(100, "any subcode"), row(100, "of one subcode", subcode=33), row(100, "of one kind", subcode=2_534_014),
    row(100, "by its words", words="unsupported request"),
])  # fmt: skip


@pytest.mark.parametrize(
    ("act", "code", "subcode", "message", "found"),
    [
        ("send", 200, 0, "", "range"),
        ("send", 299, 0, "", "range"),
        ("send", 300, 0, "", None),
        ("send", 199, 0, "", None),
        ("send", 230, 0, "", "one of the range"),
        ("profile", 230, 0, "", "a profile's"),
        ("history", 230, 0, "", "one of the range"),
        ("send", 100, 0, "(#100) No", "any subcode"),
        ("send", 100, 0, "UNSUPPORTED Request - method type: post", "by its words"),
        ("send", 100, 33, "Unsupported request", "of one subcode"),
        ("send", 100, 2_534_014, "", "of one kind"),
        ("send", 551, 2_534_014, "", "of one kind"),
        ("send", 551, 33, "", None),
        ("send", 100, 34, "", None),
    ],
)
def test_the_row_that_says_most_is_found(act: Act, code: int, subcode: int, message: str, found: str | None) -> None:
    hit = TABLE.find(act, code, subcode, message)
    assert (hit.means if hit else None) == found


def test_a_subcode_that_has_no_row_is_near_its_codes() -> None:
    near = TABLE.nearest("send", 100)
    assert near is not None
    assert near.means == "any subcode"
    assert TABLE.nearest("send", 101) is None


@pytest.mark.parametrize(
    ("status", "verdict"),
    [
        (429, THROTTLED), (408, NOT_DONE), (421, NOT_DONE), (425, NOT_DONE), (400, REFUSED), (401, NO_TOKEN),
        (403, REFUSED), (404, REFUSED), (413, REFUSED), (499, REFUSED), (500, UNKNOWN), (503, UNKNOWN), (200, UNKNOWN),
        (302, UNKNOWN),
    ],
)  # fmt: skip
def test_a_status_alone(status: int, verdict: Verdict) -> None:
    assert by_status(status) is verdict


@pytest.mark.parametrize("after_s", [0.0, 5.0, 3600.0])
def test_only_a_503_that_names_a_time_was_not_carried_out(after_s: float) -> None:
    assert by_status(503, after_s) is NOT_DONE
    assert [by_status(status, after_s) for status in (500, 502, 504, 529)] == [UNKNOWN] * 4


# Raising


def raised(verdict: Verdict, act: Act = "send", after_s: float | None = None, unlisted: str = "") -> Judged:
    with pytest.raises(Judged) as caught:
        raise_for(verdict, act, "code 1", after_s, unlisted)
    return caught.value


@pytest.mark.parametrize(
    ("verdict", "kind"),
    [
        (NOT_DONE, Retryable),
        (THROTTLED, RateLimited),
        (REFUSED, Refused),
        (UNKNOWN, Uncertain),
        (Verdict(group="token", action="token", advice="log in"), TokenRefused),
        (Verdict(group="permission", action="stop", advice="log in"), AccountStopped),
    ],
)
def test_what_a_verdict_raises(verdict: Verdict, kind: type[Judged]) -> None:
    error = raised(verdict)
    assert type(error) is kind
    assert "code 1" in str(error)
    assert error.unlisted == ""
    assert getattr(error, "advice", verdict.advice) == verdict.advice


@pytest.mark.parametrize("act", ACTS)
def test_only_a_message_must_not_come_twice(act: Act) -> None:
    assert type(raised(UNKNOWN, act)) is (Uncertain if act == "send" else Retryable)


@pytest.mark.parametrize(("asked", "waits"), [(None, 60.0), (7.0, 7.0), (0.0, 0.0)])
def test_the_platforms_own_wait_goes_before_the_tables(asked: float | None, waits: float) -> None:
    error = raised(Verdict(group="temporary", action="retry", after_s=60), after_s=asked)
    assert isinstance(error, Retryable)
    assert error.after_s == waits


@pytest.mark.parametrize("verdict", [NOT_DONE, REFUSED, UNKNOWN])
def test_a_new_code_is_told_with_whatever_it_means(verdict: Verdict) -> None:
    assert raised(verdict, unlisted="4711/12").unlisted == "4711/12"


# Every row of every table

TABLES: dict[str, tuple[Problem, ...]] = {
    channel: import_module(f"{place}.problems").PROBLEMS for channel, place in CHANNELS.items()
}
ROWS = [(channel, one) for channel, table in TABLES.items() for one in table]
each_row = pytest.mark.parametrize(
    ("channel", "one"), ROWS, ids=[f"{name}-{one.code}-{one.subcode}{'-'.join(('', *one.acts))}{one.words}"
                                   for name, one in ROWS],
)  # fmt: skip

# What each group may do about it, and what it may tell the agent.
DOES: dict[Group, set[str]] = {
    "token": {"token"}, "temporary": {"retry", "uncertain"}, "throttled": {"retry"}, "permission": {"stop"},
    "window": {"refuse"}, "person": {"refuse"}, "content": {"refuse"},
}  # fmt: skip
TELLS: dict[Group, set[str]] = {
    "token": {"other"},  # renewed, or told as account_disconnected by who gives up
    "temporary": {"other", "unconfirmed"},
    "throttled": {"rate_limited"},
    "permission": {"account_disconnected"},
    "window": {"window_closed", "comment_expired", "other_app"},
    "person": {"person_unavailable", "wrong_person", "no_conversation"},
    "content": {"rejected_content", "media_refused", "media_too_big", "other"},
}


@each_row
def test_a_row_has_a_source_and_says_what_it_means(channel: str, one: Problem) -> None:
    assert len(one.source) > 15
    assert one.means[:1].islower() or one.means.startswith(("TikTok", "Meta"))
    assert not one.means.endswith(".")


@each_row
def test_a_rows_action_is_its_groups(channel: str, one: Problem) -> None:
    assert one.verdict.action in DOES[one.verdict.group]
    assert one.verdict.reason in TELLS[one.verdict.group]


@each_row
def test_a_row_that_somebody_has_to_mend_says_how(channel: str, one: Problem) -> None:
    if one.verdict.group in {"permission", "token"}:
        assert len(one.verdict.advice) > 30
    if one.verdict.action == "retry" and one.verdict.after_s is not None:
        assert 0 < one.verdict.after_s <= 300


@each_row
def test_a_rows_reason_has_a_sentence_for_the_agent(channel: str, one: Problem) -> None:
    assert len(TEXTS[f"why_{one.verdict.reason}"]) == len(LANGUAGES)


@each_row
def test_a_rows_words_are_looked_for_in_lower_case(channel: str, one: Problem) -> None:
    assert one.words == one.words.lower()
    assert one.last == 0 or one.last > one.code


@pytest.mark.parametrize("channel", TABLES)
def test_no_row_stands_twice(channel: str) -> None:
    seen = [(one.code, one.subcode, one.last, one.acts, one.words) for one in TABLES[channel]]
    assert len(seen) == len(set(seen))


@pytest.mark.parametrize("channel", TABLES)
def test_a_subcode_of_one_kind_means_the_same_with_every_code(channel: str) -> None:
    meanings: dict[int, set[Verdict]] = {}
    for one in TABLES[channel]:
        if one.subcode >= UNIQUE:
            meanings.setdefault(one.subcode, set()).add(one.verdict)
    assert {subcode for subcode, found in meanings.items() if len(found) > 1} == set()


@pytest.mark.parametrize("channel", TABLES)
def test_every_group_has_its_rows(channel: str) -> None:
    can: Capabilities = import_module(f"{CHANNELS[channel]}.capabilities").CAPABILITIES
    never = {"window"} if can.window.open_s is None else set()  # where one may always write
    assert {one.verdict.group for one in TABLES[channel]} == set(get_args(Group)) - never
