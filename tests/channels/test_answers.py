"""Answers that are not the platform's own words, and errors under a status that says otherwise: on every call of both
channels, since a gateway stands before all of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from chalicelib.channels.instagram.client import open_client as open_instagram
from chalicelib.channels.tiktok.client import open_client as open_tiktok
from chalicelib.errors import AccountStopped, RateLimited, Refused, Retryable, TokenRefused, Uncertain, Unfetched
from chalicelib.http import Answer
from chalicelib.protocols.channel import Client
from chalicelib.vocabulary.messages import CustomerMessage, Media, Unseen
from chalicelib.vocabulary.records import Conversation
from chalicelib.vocabulary.replies import Recipient, TextPart
from tests.fakes import INSTAGRAM, TIKTOK, FakeOutgoing, answer

Call = Callable[[Client], object]
ANA = Recipient(customer="55501", thread="thread-1")
HI = TextPart("Hi")
PHOTO = CustomerMessage(
    id="m", conversation=Conversation("tiktok", TIKTOK.id, "55501"), sent_ms=1, media=Media(kind="image", handle="v1")
)
MISSING = Unseen(id="m", account=INSTAGRAM.id, origin="mid", sent_ms=1)


def never(name: str) -> bool:
    raise AssertionError(name)


WRITES: dict[str, Call] = {
    "instagram send": lambda client: client.send(INSTAGRAM, ANA, HI),
    "instagram act": lambda client: client.act(INSTAGRAM, ANA, "typing"),
    "tiktok send": lambda client: client.send(TIKTOK, ANA, HI),
    "tiktok act": lambda client: client.act(TIKTOK, ANA, "seen"),
}
READS: dict[str, Call] = {
    "instagram profile": lambda client: client.profile(INSTAGRAM, ANA),
    "instagram post": lambda client: client.post_url(INSTAGRAM, "179"),
    "instagram unseen": lambda client: client.unseen(INSTAGRAM, MISSING),
    "instagram history": lambda client: client.arrived(INSTAGRAM, ANA, HI, 0.0, never),
    "tiktok profile": lambda client: client.profile(TIKTOK, ANA),
    "tiktok source": lambda client: client.source(TIKTOK, PHOTO),
    "tiktok history": lambda client: client.arrived(TIKTOK, ANA, HI, 0.0, never),
}
CALLS = WRITES | READS
EACH = pytest.mark.parametrize("name", CALLS)
BODIES = [b"", b"<html>busy</html>", b"[]", b"null", b'"busy"', b"{", b"\xff"]


def raised(name: str, given: Answer | Exception) -> Exception:
    """What the call raises over this answer."""
    urls = {"graph_version": "v25.0"}
    http = FakeOutgoing(given)
    opened = open_instagram if name.startswith("instagram") else open_tiktok
    client = opened(http, lambda secret: {"access_token": "t"}, lambda url: urls.get(url, "https://vendor.example"))
    with pytest.raises((Retryable, Uncertain, Refused, Unfetched)) as caught:
        CALLS[name](client)
    assert http.answers == []
    return caught.value


def bare(status: int, body: bytes = b"", **headers: str) -> Answer:
    return Answer(status=status, headers={key.replace("_", "-"): value for key, value in headers.items()}, body=body)


@EACH
@pytest.mark.parametrize("body", BODIES)
@pytest.mark.parametrize("status", [408, 421, 425])
def test_what_was_not_carried_out_comes_again(name: str, status: int, body: bytes) -> None:
    error = raised(name, bare(status, body))
    assert type(error) is Retryable
    assert error.after_s is None


@EACH
@pytest.mark.parametrize(
    ("told", "after_s"),
    [
        ("7", 7.0),
        ("Fri, 15 Jan 2027 08:00:30 GMT", 30.0),
        ("31536000", 3600.0),
        ("9" * 400, 3600.0),
        ("Fri, 31 Dec 9999 08:00:00 GMT", 3600.0),
        ("Fri, 15 Jan 2027 07:00:00 GMT", 0.0),
    ],
)
@pytest.mark.parametrize("status", [408, 425, 429, 503])
def test_the_wait_is_the_platforms_within_an_hour(name: str, status: int, told: str, after_s: float) -> None:
    error = raised(name, bare(status, b"<html>", retry_after=told, date="Fri, 15 Jan 2027 08:00:00 GMT"))
    assert type(error) is (RateLimited if status == 429 else Retryable)
    assert isinstance(error, Retryable)
    assert error.after_s == after_s


@EACH
@pytest.mark.parametrize("body", BODIES)
def test_a_refusal_without_words_is_known_by_its_status(name: str, body: bytes) -> None:
    assert type(raised(name, bare(429, body))) is RateLimited
    assert type(raised(name, bare(401, body))) is TokenRefused
    for status in (400, 403, 404, 413, 451):
        error = raised(name, bare(status, body))
        assert type(error) is (Unfetched if name == "tiktok source" else Refused)


@pytest.mark.parametrize("status", [200, 204, 302, 500, 502, 503, 504])
@pytest.mark.parametrize("body", BODIES)
@EACH
def test_what_nobody_knows_is_uncertain_where_it_would_be_seen_twice(name: str, body: bytes, status: int) -> None:
    assert type(raised(name, bare(status, body))) is (Uncertain if name in WRITES else Retryable)


@EACH
def test_no_answer_is_uncertain_where_it_would_be_seen_twice(name: str) -> None:
    assert type(raised(name, Uncertain("no answer"))) is (Uncertain if name in WRITES else Retryable)


def instagram(code: int, **more: Any) -> dict[str, Any]:
    return {"error": {"code": code, "message": "x", "fbtrace_id": "T"} | more}


@pytest.mark.parametrize("name", [name for name in CALLS if name.startswith("instagram")])
@pytest.mark.parametrize("status", [200, 400, 401, 403, 500, 503])
def test_metas_error_counts_whatever_the_status(name: str, status: int) -> None:
    assert type(raised(name, answer(status, instagram(4)))) is RateLimited
    assert type(raised(name, answer(status, instagram(190)))) is TokenRefused
    stopped = raised(name, answer(status, instagram(200, message="API access deactivated.")))
    assert type(stopped) is (Refused if name == "instagram history" else AccountStopped)


@pytest.mark.parametrize("name", [name for name in CALLS if name.startswith("tiktok")])
@pytest.mark.parametrize("status", [200, 400, 401, 403, 500, 503])
def test_tiktoks_code_counts_whatever_the_status(name: str, status: int) -> None:
    assert type(raised(name, answer(status, {"code": 40100, "data": {}}))) is RateLimited
    assert type(raised(name, answer(status, {"code": 40105, "data": {}}))) is TokenRefused
    stopped = raised(name, answer(status, {"code": 40001, "data": {}}))
    assert isinstance(stopped, Unfetched if name == "tiktok source" else Refused)


@EACH
@pytest.mark.parametrize(("status", "kind"), [(408, Retryable), (425, Retryable), (429, RateLimited), (503, Retryable)])
def test_a_code_that_is_not_listed_leaves_it_to_the_status(name: str, status: int, kind: type[Exception]) -> None:
    unlisted = instagram(98765) if name.startswith("instagram") else {"code": 98765, "request_id": "R"}
    error = raised(name, answer(status, unlisted, retry_after="5"))
    assert type(error) is kind
    assert "98765" in str(error)


@pytest.mark.parametrize(
    "body",
    [{"error": None}, {"error": {}}, {}, {"data": {}}, {"message_id": ""}, {"message_id": None}, {"message_id": 5}],
)
def test_an_instagram_send_without_an_id_was_perhaps_sent(body: dict[str, Any]) -> None:
    assert type(raised("instagram send", answer(200, body))) is Uncertain


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"code": "zero"},
        {"code": None},
        {"code": False},
        {"code": 0},
        {"code": 0, "data": []},
        {"code": 0, "data": {"message_id": "m"}},
        {"code": 0, "data": {"message": {"message_id": ""}}},
    ],
)
def test_a_tiktok_send_without_an_id_was_perhaps_sent(body: dict[str, Any]) -> None:
    assert type(raised("tiktok send", answer(200, body))) is Uncertain
