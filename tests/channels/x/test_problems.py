"""What X's answers mean, by its documentation and by what others have met."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.channels.x.problems import PROBLEMS, judged, reset_s
from chalicelib.errors import AccountStopped, Judged, RateLimited, Refused, Retryable, TokenRefused, Uncertain
from chalicelib.http import Answer
from chalicelib.protocols.verdicts import Act, Problem
from tests.fakes import answer

TEXT = "a text that only the customer may read"
DATE = "Fri, 15 Jan 2027 08:00:00 GMT"  # 1800000000


def problem(status: int, detail: str = "", **more: Any) -> Answer:
    """X's error body of its second API."""
    return answer(status, {"title": "Forbidden", "detail": detail, "type": "about:blank", "status": status} | more)


def coded(code: object, status: int = 403, message: str = f"quoting: {TEXT}") -> Answer:
    """X's error body of its first API."""
    return answer(status, {"errors": [{"code": code, "message": message}]})


def raised(found: Answer, act: Act = "send") -> Judged:
    with pytest.raises(Judged) as caught:
        judged(found, act)
    return caught.value


def told(found: Answer, act: Act = "send") -> str:
    """The exception, with a refusal's reason."""
    error = raised(found, act)
    name = type(error).__name__
    return f"{name} {error.reason}" if type(error) is Refused else name


@pytest.mark.parametrize("body", [{"data": {"dm_event_id": "1"}}, {"data": [], "meta": {}}, {"media_id": "1"}, {}])
def test_an_answer_without_problems_is_given_back_whole(body: dict[str, Any]) -> None:
    assert judged(answer(200, body), "send") == body
    assert judged(answer(201, body), "send") == body


def test_an_answer_with_data_and_a_problem_beside_it_is_an_answer() -> None:
    body = {"data": [{"id": "1"}], "errors": [{"title": "Not Found Error", "status": 404}]}
    assert judged(answer(200, body), "profile") == body


def test_nothing_is_an_answer_where_x_says_that_there_is_nothing() -> None:
    assert judged(Answer(status=204, headers={}, body=b""), "react") == {}


@pytest.mark.parametrize(
    ("found", "means"),
    [
        (problem(403, "You do not have permission to DM one or more participants."), "Refused person_unavailable"),
        (problem(403, "This operation is not permitted."), "AccountStopped"),
        (problem(403, "You are not permitted to attach this media to a DM event"), "Refused media_refused"),
        (problem(403, "You are not allowed to create a Tweet with duplicate content."), "Uncertain"),
        (problem(403, "Your account is suspended and is not permitted to access this feature."), "AccountStopped"),
        (problem(403, type="https://api.twitter.com/2/problems/oauth1-permissions"), "AccountStopped"),
        (
            problem(403, "Your client app is not configured with the appropriate oauth1 app permissions"),
            "AccountStopped",
        ),
        (problem(403, title="Client Forbidden", reason="client-not-enrolled"), "AccountStopped"),
        (problem(403, title="Unsupported Authentication"), "AccountStopped"),
        (problem(403, "Something of which nobody has heard"), "Refused other"),
        (problem(402, "Your enrolled account does not have any credits", title="CreditsDepleted"), "AccountStopped"),
        (problem(403, "The account does not have any credits"), "AccountStopped"),
        (problem(401, title="Unauthorized"), "TokenRefused"),
        (problem(404, title="Not Found Error"), "Refused wrong_person"),
        (problem(400, title="Invalid Request"), "Refused rejected_content"),
        (problem(413), "Refused media_too_big"),
        (problem(409), "Uncertain"),
        (problem(429, title="Too Many Requests"), "RateLimited"),
        (problem(429, type="https://api.twitter.com/2/problems/usage-capped"), "AccountStopped"),
        (problem(500), "Uncertain"),
        (problem(503), "Uncertain"),
        (problem(408), "Retryable"),
        (coded(88, 429), "RateLimited"),
        (coded(349), "Refused person_unavailable"),
        (coded(150), "Refused person_unavailable"),
        (coded(476), "Refused person_unavailable"),
        (coded(226), "AccountStopped"),
        (coded(326), "AccountStopped"),
        (coded(64), "AccountStopped"),
        (coded(89, 401), "TokenRefused"),
        (coded(187), "Uncertain"),
        (coded(151, message="You already said that"), "Uncertain"),
        (coded(151, message="There was an error sending your message"), "Refused rejected_content"),
        (coded(131, 500), "Uncertain"),
        (coded(130, 503), "Retryable"),
        (coded(50, 404), "Refused wrong_person"),
        (coded(324, 400), "Refused media_refused"),
        (coded(354), "Refused rejected_content"),
    ],
)
def test_what_an_answer_means_to_a_send(found: Answer, means: str) -> None:
    assert told(found) == means


@pytest.mark.parametrize(
    ("found", "act", "means"),
    [
        (problem(404), "media", "Refused media_refused"),
        (problem(400), "media", "Refused media_refused"),
        (problem(409), "media", "Retryable"),
        (problem(500), "profile", "Retryable"),
        (problem(500), "react", "Retryable"),
        (problem(403, "duplicate content"), "react", "Retryable"),
    ],
)
def test_what_it_means_to_others(found: Answer, act: Act, means: str) -> None:
    assert told(found, act) == means


def test_a_problem_that_comes_as_a_success_is_one() -> None:
    gone = {"errors": [{"title": "Not Found Error", "detail": "Could not find user", "type": "about:blank"}]}
    assert told(answer(200, gone), "profile") == "Refused wrong_person"
    assert told(answer(200, gone | {"data": None}), "profile") == "Refused wrong_person"
    forbidden = {"errors": [{"title": "Forbidden", "status": 403, "detail": "Your account is suspended"}]}
    assert told(answer(200, forbidden), "profile") == "AccountStopped"


@pytest.mark.parametrize("code", [None, "", "x", [], {}, True, 10**13])
def test_a_code_that_is_none_leaves_the_status(code: object) -> None:
    assert told(coded(code, 404)) == "Refused wrong_person"


def test_a_code_that_is_new_is_named_unless_its_status_is_known() -> None:
    assert raised(coded(4711, 403)).unlisted == "4711"
    assert raised(coded(4711, 404)).unlisted == ""
    assert raised(problem(418)).unlisted == "418"


def test_who_runs_it_is_told_what_to_do() -> None:
    credits = raised(problem(402, title="CreditsDepleted"))
    assert isinstance(credits, AccountStopped)
    assert "console.x.com" in credits.advice
    scopes = raised(problem(403, type="https://api.x.com/2/problems/oauth1-permissions"))
    assert isinstance(scopes, AccountStopped)
    assert "dm.write" in scopes.advice
    token = raised(problem(401))
    assert isinstance(token, TokenRefused)
    assert "dmdesk token" in token.advice


@pytest.mark.parametrize("status", [400, 403, 404, 429, 500])
def test_what_x_quotes_is_not_passed_on(status: int) -> None:
    body = {"errors": [{"message": TEXT, "parameters": {"text": [TEXT]}}], "title": TEXT, "detail": TEXT}
    assert TEXT not in str(raised(answer(status, body)))


@pytest.mark.parametrize("row", PROBLEMS, ids=lambda row: f"{row.code} {row.words} {row.acts}")
def test_every_row_is_reached(row: Problem) -> None:
    """None stands in another's shadow."""
    act: Act = row.acts[0] if row.acts else "send" if row.code != 409 else "media"
    found = problem(row.code, row.words) if row.code >= 400 and row.code != 453 and row.code != 476 else None
    found = found or coded(row.code, 403, row.words)
    error = raised(found, act)
    expected = {
        "retry": Retryable,
        "token": TokenRefused,
        "stop": AccountStopped,
        "uncertain": Uncertain if act == "send" else Retryable,
        "refuse": Refused,
    }[row.verdict.action]
    assert isinstance(error, expected)
    assert getattr(error, "advice", row.verdict.advice) == row.verdict.advice
    if isinstance(error, Refused):
        assert error.reason == row.verdict.reason


# --- how long


@pytest.mark.parametrize(
    ("headers", "wait"),
    [
        ({"x_rate_limit_reset": "1800000090"}, 90.0),
        ({"x_rate_limit_reset": "1800000090", "x_rate_limit_remaining": "0"}, 90.0),
        ({"x_rate_limit_reset": "1799999000"}, 1.0),
        ({"x_rate_limit_reset": "1900000000"}, 86_400.0),
        (
            {
                "x_rate_limit_reset": "1800000090",
                "x_user_limit_24hour_remaining": "0",
                "x_user_limit_24hour_reset": "1800040000",
            },
            40_000.0,
        ),
        (
            {
                "x_rate_limit_reset": "1800000090",
                "x_user_limit_24hour_remaining": "7",
                "x_user_limit_24hour_reset": "1800040000",
            },
            90.0,
        ),
        ({"retry_after": "7", "x_rate_limit_reset": "1800000090"}, 7.0),
        ({"x_rate_limit_reset": "soon"}, None),
        ({}, None),
    ],
)
def test_too_many_calls_end_when_the_limit_begins_anew(headers: dict[str, str], wait: float | None) -> None:
    error = raised(answer(429, {"title": "Too Many Requests"}, date=DATE, **headers))
    assert isinstance(error, RateLimited)
    assert error.after_s == wait


@given(body=st.recursive(st.none() | st.booleans() | st.integers() | st.text(max_size=5), lambda one: (
    st.lists(one, max_size=3) | st.dictionaries(st.sampled_from(["errors", "code", "status", "title", "data"]), one)
)), status=st.sampled_from([200, 201, 204, 400, 401, 403, 429, 500, 503]), act=st.sampled_from(["send", "media"]),
    reset=st.text(max_size=9))  # fmt: skip
def test_whatever_is_answered_is_an_answer_or_a_judgement(body: Any, status: int, act: Act, reset: str) -> None:
    found = answer(status, body, x_rate_limit_reset=reset)
    wait = reset_s(found)
    assert wait is None or 1 <= wait <= 86_400
    with suppress(Judged):
        assert isinstance(judged(found, act), dict)
