"""What TikTok's answers mean. The list of codes is that of TikTok portal doc 1737172488964097."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.channels.tiktok.problems import PROBLEMS, judged
from chalicelib.errors import AccountStopped, Judged, Refused, Retryable, TokenRefused, Uncertain
from chalicelib.http import Answer
from chalicelib.protocols.verdicts import Act
from tests.fakes import answer

TEXT = "a text that only the customer may read"


def coded(code: object, status: int = 200, message: Any = f"quoting: {TEXT}", **headers: str) -> Answer:
    """TikTok's error body; its message is something that must not be passed on."""
    body = {"code": code, "message": message, "request_id": "20261120REQUEST", "data": {}}
    return answer(status, body, **headers)


def raised(found: Answer, act: Act = "send") -> Judged:
    with pytest.raises(Judged) as caught:
        judged(found, act)
    return caught.value


def told(found: Answer, act: Act = "send") -> str:
    """The exception, with a refusal's reason."""
    problem = raised(found, act)
    name = type(problem).__name__
    return f"{name} {problem.reason}" if type(problem) is Refused else name


MEANS: dict[str, set[int]] = {
    "Uncertain": {20001, 40050, 50000, 50002, 51065, 51305},
    "Retryable": {40201, 40202, 40901, 60001},
    "RateLimited": {40016, 40100, 40132, 40133},
    "TokenRefused": {
        40101, 40102, 40103, 40104, 40105, 40106, 40107, 40108, 40109, 40110, 40112, 40115, 40116,
    },
    "AccountStopped": {40001, 40113, 40118, 40119, 40124, 40125, 41000},
    "Refused window_closed": {40064},
    "Refused wrong_person": {40007},
    "Refused rejected_content": {40000, 40002, 40700},
    "Refused media_too_big": {40907},
    "Refused media_refused": {
        40900, 40902, 40903, 40904, 40905, 40906, 40908, 40909, 40910, 40911, 40912, 40913, 40914, 40915,
    },
    "Refused other": {
        40006, 40008, 40009, 40010, 40011, 40013, 40014, 40051, 40052, 40053, 40065, 40117, 40121, 40122, 40200,
        40300, 40301, 40502, 41001, 41002,
    },
}  # fmt: skip
each_code = pytest.mark.parametrize(
    ("means", "code"), [(means, code) for means, codes in MEANS.items() for code in sorted(codes)]
)


def test_every_code_of_the_list_is_told_and_no_other() -> None:
    assert {row.code for row in PROBLEMS} == {code for codes in MEANS.values() for code in codes}


@each_code
@pytest.mark.parametrize("status", [200, 400, 500])
def test_a_code_means_the_same_whatever_the_status(means: str, code: int, status: int) -> None:
    assert told(coded(code, status)) == means


@each_code
def test_a_code_is_read_however_it_is_written(means: str, code: int) -> None:
    assert (told(coded(str(code))), told(coded(float(code)))) == (means, means)


@pytest.mark.parametrize(
    ("code", "act", "means"),
    [
        (40002, "send", "Refused rejected_content"),
        (40002, "profile", "Refused wrong_person"),
        (40002, "history", "Refused wrong_person"),
        (40007, "send", "Refused wrong_person"),
        (40007, "media", "Refused media_refused"),
        (50000, "send", "Uncertain"),
        (50000, "profile", "Retryable"),
        (50000, "media", "Retryable"),
        (40050, "react", "Retryable"),
        (40118, "send", "AccountStopped"),
        (40118, "media", "Refused media_refused"),
        (40125, "media", "Refused media_refused"),
    ],
)
def test_a_code_may_mean_another_thing_to_another_act(code: int, act: Act, means: str) -> None:
    assert told(coded(code), act) == means


@pytest.mark.parametrize(
    ("found", "means", "unlisted"),
    [
        (coded(49999), "Refused other", "49999"),
        (coded("41999"), "Refused other", "41999"),
        (coded(59999), "Uncertain", "59999"),
        (coded(60002), "Retryable", "60002"),
        (coded(-1), "Uncertain", "-1"),
        (coded(7), "Uncertain", "7"),
        (coded(7, 403), "Refused other", "7"),
        (coded(7, 408), "Retryable", "7"),
        (coded(7, 429), "RateLimited", "7"),
        (coded(10**13), "Uncertain", "none"),
        (coded(40001), "AccountStopped", ""),
    ],
)
def test_a_new_code_is_decided_by_its_family_and_named(found: Answer, means: str, unlisted: str) -> None:
    assert (told(found), raised(found).unlisted) == (means, unlisted)


@pytest.mark.parametrize(
    ("found", "means"),
    [
        (coded(None), "Uncertain"),
        (coded("many"), "Uncertain"),
        (answer(200), "Uncertain"),
        (answer(500), "Uncertain"),
        (answer(302), "Uncertain"),
        (Answer(status=200, headers={}, body=b"<html>"), "Uncertain"),
        (Answer(status=200, headers={}, body=b"[0]"), "Uncertain"),
        (answer(404), "Refused other"),
        (answer(408), "Retryable"),
        (answer(425), "Retryable"),
        (answer(429), "RateLimited"),
    ],
)
def test_an_answer_without_a_code_is_judged_by_its_status(found: Answer, means: str) -> None:
    assert told(found) == means


@pytest.mark.parametrize("code", [0, "0", 0.0])
@pytest.mark.parametrize(("data", "read"), [({"a": 1}, {"a": 1}), (None, {}), ([], {}), ("x", {})])
def test_zero_is_a_success(code: object, data: Any, read: dict[str, Any]) -> None:
    assert judged(answer(200, {"code": code, "data": data}), "send") == read


# --- waits. TikTok portal, Rate limits: the second, five minutes, or the UTC day

NINE = "Thu, 26 Nov 2026 21:00:00 GMT"


@pytest.mark.parametrize(
    ("found", "after_s"),
    [
        (coded(40016), None),
        (coded(40100, retry_after="12"), 12.0),
        (coded(40133, message="Advertiser (7)'s QPS (11) reaches QPS limit 10 for current path"), None),
        (coded(40100, message="The QPM limit is reached"), 300.0),
        (coded(40100, message="The QPD limit is reached", date=NINE), 10_800.0),
        (coded(40100, message="The QPD limit is reached", date="soon"), 300.0),
        (coded(40100, message="The QPD limit is reached"), 300.0),
        (coded(40100, message=None), None),
        (coded(60001), 60.0),
        (coded(60001, message="QPD", date=NINE), 60.0),
        (coded(40105), 60.0),
        (answer(429), None),
        (answer(429, retry_after="9"), 9.0),
    ],
)
def test_the_wait_is_by_tiktoks_own_clock(found: Answer, after_s: float | None) -> None:
    problem = raised(found)
    assert isinstance(problem, Retryable)
    assert problem.after_s == after_s


# --- what is told


@pytest.mark.parametrize(
    ("code", "words"), [(40001, "message.list.send"), (40113, "My Apps"), (41000, "AWS region"), (40124, "approval")]
)
def test_a_stopped_account_says_what_to_do(code: int, words: str) -> None:
    found = raised(coded(code))
    assert isinstance(found, AccountStopped)
    assert words in found.advice


@pytest.mark.parametrize("code", [40102, 40101])
def test_a_dead_token_says_how_to_get_another(code: int) -> None:
    found = raised(coded(code))
    assert isinstance(found, TokenRefused)
    assert len(found.advice) > 20


@pytest.mark.parametrize("code", [40001, 40100, 40105, 51065, 60001, 49999])
def test_details_carry_tiktoks_code_and_request_and_never_its_words(code: int) -> None:
    words = str(raised(coded(code)))
    assert f"TikTok {code}, request 20261120REQUEST" in words
    assert TEXT not in words
    assert "quoting" not in words


JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=8,
)


@given(
    body=st.fixed_dictionaries({}, optional=dict.fromkeys(("code", "message", "request_id", "data"), JSON)) | JSON,
    status=st.sampled_from([200, 400, 429, 500]),
    date=st.text(max_size=30),
)
def test_whatever_tiktok_answers_is_data_or_told_apart(body: Any, status: int, date: str) -> None:
    with suppress(Refused, Retryable, Uncertain):
        assert isinstance(judged(answer(status, body, date=date), "send"), dict)
