"""What Meta's answers mean: by code and subcode, whatever the HTTP status, and hardly ever by words."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.channels.instagram.problems import judged
from chalicelib.errors import (
    AccountStopped,
    Judged,
    Refused,
    Retryable,
    TokenRefused,
    Uncertain,
)
from chalicelib.http import Answer
from chalicelib.protocols.verdicts import Act
from tests.fakes import answer

TEXT = "a text that only the customer may read"


def error(code: Any, subcode: Any = None, status: int = 400, **fields: Any) -> Answer:
    """Meta's error body; its message is something that must not be passed on."""
    body = {"message": f"quoting: {TEXT}", "type": "IGApiException", "code": code, "fbtrace_id": "TRACE1", **fields}
    return answer(status, {"error": body | ({} if subcode is None else {"error_subcode": subcode})})


def raised(found: Answer, act: Act = "send") -> Judged:
    with pytest.raises(Judged) as caught:
        judged(found, act)
    return caught.value


def told(found: Answer, act: Act = "send") -> str:
    """The exception, with a refusal's reason."""
    problem = raised(found, act)
    name = type(problem).__name__
    return f"{name} {problem.reason}" if type(problem) is Refused else name


# --- codes. The pages' own lists, not ours

MEANS: dict[str, list[tuple[Any, Any]]] = {
    # developers.facebook.com/docs/graph-api/guides/error-handling
    "TokenRefused": [
        (190, None), (102, None), (190, 458), (190, 459), (190, 460), (190, 463), (190, 464), (190, 467), (190, 492),
        (102, 463), (463, None), (467, None), (190, 999),
    ],
    "Retryable": [
        (1, None), (2, None), (-1, None), (1, 99), (2, 1545133), (1200, None), (1200, 2018024), (-2, 2207003),
    ],
    "RateLimited": [
        (4, None), (17, None), (32, None), (341, None), (613, None), (613, 2534040), (613, 2018338), (4, 2018022),
        (9, 2018352), (80000, None), (80002, None), (80006, None), (80014, None),
    ],
    "AccountStopped": [
        (3, None), (10, None), (10, 999), (200, None), (230, None), (283, None), (299, None), (200, 2018028),
        (200, 2534041), (10, 2534077), (100, 2534013), (10, 1893063), (100, 2534029), (368, None), (2022, None),
        (2635, None),
    ],
    # developers.facebook.com/documentation/business-messaging/messenger-platform/error-codes
    "Refused window_closed": [(10, 2534022), (10, 2018278), (10, 2018065)],
    "Refused comment_expired": [(100, 2534025), (10900, None), (10903, None)],
    "Refused other_app": [(100, 2534037), (100, 2018300), (100, 2018321)],
    "Refused person_unavailable": [(10, 2018108), (200, 1545041), (551, 1545041), (551, None), (100, 2018218)],
    "Refused wrong_person": [(100, 2534014), (100, 2018001), (100, 33), (9010, None)],
    "Refused no_conversation": [(2534001, None), (100, 2534001)],
    "Refused rejected_content": [(100, 2534015), (100, 2018034), (100, 2018035), (506, None), (508, 2534122)],
    "Refused media_refused": [(100, 2018008), (100, 2018294), (100, 2018074), (100, 2018047)],
    "Refused media_too_big": [(100, 2018109)],
    "Refused other": [(100, None), (2500, None)],
    "Uncertain": [(1, 1357046)],
}  # fmt: skip
each_code = pytest.mark.parametrize(
    ("means", "code", "subcode"), [(means, *pair) for means, pairs in MEANS.items() for pair in pairs]
)


@each_code
@pytest.mark.parametrize("status", [200, 400, 403, 500])
def test_a_code_means_the_same_whatever_the_status(means: str, code: Any, subcode: Any, status: int) -> None:
    assert told(error(code, subcode, status)) == means


@each_code
def test_a_code_is_read_however_it_is_written(means: str, code: int, subcode: int | None) -> None:
    texts = error(str(code), None if subcode is None else str(subcode))
    floats = error(float(code), None if subcode is None else float(subcode))
    assert (told(texts), told(floats)) == (means, means)


@each_code
def test_what_comes_beside_the_code_changes_nothing(means: str, code: int, subcode: int | None) -> None:
    beside: dict[str, Any] = {
        "error_user_title": "No",
        "error_user_msg": TEXT,
        "error_data": None,
        "is_transient": False,
    }
    found = raised(error(code, subcode, **beside))
    assert told(error(code, subcode, **beside)) == means
    assert TEXT not in str(found)


@pytest.mark.parametrize("code", [551, 100, 10, 1, 368, 4711])
def test_a_subcode_of_one_kind_is_known_with_any_code(code: int) -> None:
    assert told(error(code, 2534022)) == "Refused window_closed"


# --- one code, several acts


@pytest.mark.parametrize(
    ("code", "subcode", "act", "means"),
    [
        (230, None, "profile", "Refused person_unavailable"),
        (230, None, "send", "AccountStopped"),
        (230, None, "react", "AccountStopped"),
        (230, None, "history", "AccountStopped"),
        (283, None, "profile", "AccountStopped"),
        (1, 1357046, "send", "Uncertain"),
        (1, 1357046, "profile", "Retryable"),
        (1, 1357046, "react", "Retryable"),
    ],
)
def test_a_code_may_mean_another_thing_to_another_act(code: int, subcode: Any, act: Act, means: str) -> None:
    assert told(error(code, subcode), act) == means


# --- by words: two codes that mean what is worst, and what is nothing


@pytest.mark.parametrize("act", ["send", "profile", "history", "post"])
@pytest.mark.parametrize(
    "words", ["Unsupported request - method type: post", "(#100) Unsupported request - method type: GET"]
)
def test_an_app_that_is_switched_off_stops_the_account(words: str, act: Act) -> None:
    found = raised(error(100, message=words), act)
    assert isinstance(found, AccountStopped)
    assert "switched the app off" in found.advice


@pytest.mark.parametrize(
    ("code", "subcode", "words", "means"),
    [
        (100, None, "(#100) Invalid parameter", "Refused other"),
        (100, 33, "Unsupported get request. Object with ID '1' does not exist", "Refused wrong_person"),
        (100, 2534015, "Unsupported request - method type: post", "Refused rejected_content"),
        (10, None, "(#10) This message is sent outside of allowed window.", "Refused window_closed"),
        (10, None, "(#10) To use 'Human Agent', your use must be reviewed and approved", "Refused window_closed"),
        (10, None, "(#10) Application does not have permission for this action", "AccountStopped"),
        (10, None, 5, "AccountStopped"),
    ],
)
def test_words_tell_only_what_the_code_does_not(code: int, subcode: Any, words: Any, means: str) -> None:
    assert told(error(code, subcode, message=words)) == means


def test_a_tag_that_is_not_approved_is_told_to_who_can_apply_for_it() -> None:
    assert "human_agent = false" in str(
        raised(error(10, message="(#10) To use 'Human Agent', your use must be reviewed"))
    )


# --- codes that no table has


@pytest.mark.parametrize(
    ("found", "means", "unlisted"),
    [
        (error(99999), "Refused other", "99999"),
        (error(99999, status=200), "Refused other", "99999"),
        (error(99999, status=403), "Refused other", "99999"),
        (error(99999, status=500), "Uncertain", "99999"),
        (error(99999, status=408), "Retryable", "99999"),
        (error(99999, status=429), "RateLimited", "99999"),
        (error(99999, is_transient=True), "Retryable", "99999"),
        (error(99999, status=500, is_transient=True), "Retryable", "99999"),
        (error(-7), "Retryable", "-7"),
        (error(100, 5), "Refused other", "100/5"),
        (error(100, 5, is_transient=True), "Retryable", "100/5"),
        (error(10, 999), "AccountStopped", "10/999"),
        (error(None), "Refused other", "none"),
        (error([], {}), "Refused other", "none"),
        (error("many"), "Refused other", "none"),
        (error(None, type="OAuthException"), "TokenRefused", ""),
        (error(10**14), "Refused other", "none"),
        (answer(400, {"error": "invalid_request"}), "Refused other", "none"),
        (answer(503, {"error": ["no", "object"]}), "Uncertain", "none"),
        (error(190), "TokenRefused", ""),
        (error(10, 2534022), "Refused window_closed", ""),
        (error(551, 2018108), "Refused person_unavailable", ""),
    ],
)
def test_a_new_code_is_decided_by_its_family_and_named(found: Answer, means: str, unlisted: str) -> None:
    assert (told(found), raised(found).unlisted) == (means, unlisted)


@pytest.mark.parametrize(
    ("found", "means"),
    [
        (answer(500), "Uncertain"),
        (answer(502, ["no", "object"]), "Uncertain"),
        (answer(302), "Uncertain"),
        (answer(200, []), "Uncertain"),
        (Answer(status=504, headers={}, body=b""), "Uncertain"),
        (Answer(status=200, headers={}, body=b"<html>"), "Uncertain"),
        (answer(404), "Refused other"),
        (Answer(status=413, headers={}, body=b"<html>"), "Refused other"),
        (answer(408), "Retryable"),
        (answer(425), "Retryable"),
        (answer(429), "RateLimited"),
        (answer(500, {"error": None}), "Uncertain"),
        (answer(400, {"error": {}}), "Refused other"),
    ],
)
def test_an_answer_without_an_error_is_judged_by_its_status(found: Answer, means: str) -> None:
    assert (told(found), raised(found).unlisted) == (means, "")


@pytest.mark.parametrize("body", [{"message_id": "m"}, {}, {"error": None, "message_id": "m"}, {"error": {}}])
def test_what_holds_no_error_is_a_success(body: dict[str, Any]) -> None:
    assert judged(answer(200, body), "send") == body


# --- waits

REGAIN = "estimated_time_to_regain_access"


@pytest.mark.parametrize(
    ("headers", "after_s"),
    [
        ({"retry_after": "30"}, 30.0),
        ({"x_business_use_case_usage": f'{{"178": [{{"type": "instagram", "{REGAIN}": 19}}]}}'}, 1140.0),
        ({"x_business_use_case_usage": f'{{"a": [{{"{REGAIN}": 2}}], "b": [{{"{REGAIN}": 5}}, {{}}]}}'}, 300.0),
        ({"x_business_use_case_usage": f'{{"178": [{{"{REGAIN}": 0}}]}}'}, None),
        ({"x_business_use_case_usage": f'{{"178": [{{"{REGAIN}": -3}}]}}'}, None),
        ({"x_business_use_case_usage": f'{{"178": [{{"{REGAIN}": "19"}}]}}'}, 1140.0),
        ({"x_business_use_case_usage": f'{{"178": [{{"{REGAIN}": null}}]}}'}, None),
        ({"x_business_use_case_usage": "nonsense"}, None),
        ({"x_business_use_case_usage": "[]"}, None),
        ({"retry_after": "30", "x_business_use_case_usage": f'{{"1": [{{"{REGAIN}": 9}}]}}'}, 30.0),
        ({}, None),
    ],
)
@pytest.mark.parametrize("code", [4, 613, 80002, 2])
def test_what_passes_is_waited_for_as_long_as_meta_says(
    headers: dict[str, str], after_s: float | None, code: int
) -> None:
    found = raised(answer(400, {"error": {"code": code, "message": "(#4)"}}, **headers))
    assert isinstance(found, Retryable)
    assert found.after_s == after_s


@pytest.mark.parametrize(("found", "after_s"), [(error(190), 60.0), (error(613, 2018338), 60.0), (error(4), None)])
def test_the_tables_own_wait(found: Answer, after_s: float | None) -> None:
    problem = raised(found)
    assert isinstance(problem, Retryable)
    assert problem.after_s == after_s


# --- what is told


@pytest.mark.parametrize("pair", MEANS["AccountStopped"])
def test_what_stops_the_account_says_what_to_do(pair: tuple[int, int | None]) -> None:
    found = raised(error(*pair, 403))
    assert isinstance(found, AccountStopped)
    assert found.reason == "account_disconnected"
    assert len(found.advice) > 20


@pytest.mark.parametrize(
    ("subcode", "words"), [(460, "log the account in again"), (459, "facebook.com"), (492, "role")]
)
def test_a_dead_token_says_how_to_get_another(subcode: int, words: str) -> None:
    found = raised(error(190, subcode))
    assert isinstance(found, TokenRefused)
    assert words in found.advice


@pytest.mark.parametrize(
    "found", [error(10, 2534022, 403), error(4), error(190), error(1, 1357046), error(2), error(99999)]
)
def test_details_carry_metas_code_and_trace_and_never_its_words(found: Answer) -> None:
    words = str(raised(found))
    assert "trace TRACE1" in words
    assert str(found.json()["error"]["code"]) in words
    assert TEXT not in words
    assert "quoting" not in words


JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=8,
)
NAMES = ("code", "error_subcode", "message", "type", "is_transient", "fbtrace_id", "error_user_msg")


ERROR = JSON | st.fixed_dictionaries({}, optional=dict.fromkeys(NAMES, JSON))


@given(
    body=st.fixed_dictionaries({}, optional={"error": ERROR}) | JSON,
    status=st.sampled_from([200, 400, 401, 403, 429, 500, 503]),
    usage=st.text(max_size=20) | JSON.map(str),
)
def test_whatever_meta_answers_is_an_object_or_told_apart(body: Any, status: int, usage: str) -> None:
    found = answer(status, body, x_business_use_case_usage=usage)
    with suppress(Refused, Retryable, Uncertain):
        assert judged(found, "send") == found.json()
