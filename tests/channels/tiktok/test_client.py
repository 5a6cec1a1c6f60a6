"""The Business Messaging API: what is sent, and what each of TikTok's answers means."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.channels.tiktok.client import CAPABILITIES, TikTokClient, open_client
from chalicelib.errors import Refused, Retryable, TokenRefused, Uncertain
from chalicelib.http import Answer
from tests.fakes import TIKTOK, FakeOutgoing, answer

TEXT = "a text that only the customer may read"
THREAD = "c1ConvAbc+def/GHi=="


def client(http: FakeOutgoing, secret: dict[str, Any] | None = None) -> TikTokClient:
    held = {"access_token": "token-tt"} if secret is None else secret
    return open_client(
        http, lambda name: held if name == "s/tt" else {}, {"tiktok_api": "https://tt.example"}.__getitem__
    )


def send(*answers: Answer | Exception) -> str:
    return client(FakeOutgoing(*answers)).send_text(TIKTOK, "+p/1==", THREAD, TEXT)


def coded(code: object, status: int = 200, **headers: str) -> Answer:
    """TikTok's error body; its message is something that must not be passed on."""
    body = {"code": code, "message": f"quoting: {TEXT}", "request_id": "20261120REQUEST", "data": {}}
    return answer(status, body, **headers)


def test_the_limit_is_six_thousand_characters() -> None:
    assert (CAPABILITIES.text_limit, CAPABILITIES.text_unit) == (6000, "characters")


def test_a_text_goes_to_the_conversation() -> None:
    http = FakeOutgoing(answer(200, {"code": 0, "message": "OK", "data": {"message": {"message_id": "m1+/=="}}}))
    assert client(http).send_text(TIKTOK, "+p/1==", THREAD, "¡Sí! 🚚") == "m1+/=="
    [call] = http.calls
    assert (call.method, call.url) == ("POST", "https://tt.example/open_api/v1.3/business/message/send/")
    assert call.headers == {"Access-Token": "token-tt", "Content-Type": "application/json"}
    assert call.json() == {
        "business_id": "-000TeaShop",
        "recipient_type": "CONVERSATION",
        "recipient": THREAD,
        "message_type": "TEXT",
        "text": {"body": "¡Sí! 🚚"},
    }


def test_a_person_who_never_wrote_cannot_be_answered() -> None:
    http = FakeOutgoing()
    with pytest.raises(Refused) as caught:
        client(http).send_text(TIKTOK, "+p/1==", "", TEXT)
    assert caught.value.code == "InvalidDestination"
    assert http.calls == []


@pytest.mark.parametrize("secret", [{}, {"access_token": ""}])
def test_without_a_token_nothing_is_sent(secret: dict[str, Any]) -> None:
    http = FakeOutgoing()
    with pytest.raises(TokenRefused):
        client(http, secret).send_text(TIKTOK, "+p/1==", THREAD, TEXT)
    assert http.calls == []


@pytest.mark.parametrize("data", [{}, None, [], {"message": None}, {"message": {}}, {"message": "m"}])
def test_a_success_without_an_id_has_no_id(data: Any) -> None:
    assert send(answer(200, {"code": 0, "data": data})) == ""


# TikTok portal doc 1737172488964097
@pytest.mark.parametrize(
    ("code", "expected"),
    [
        (40001, "MessageNotAllowed"),
        (40002, "InvalidMessageStructure"),
        (40007, "InvalidDestination"),
        (40064, "MessageNotAllowed"),
        (40907, "InvalidMediaContentLength"),
        (40908, "MediaTypeNotAllowed"),
        (40000, "GeneralError"),
        (49999, "GeneralError"),
        (-1, "GeneralError"),
    ],
)
def test_a_refusal_has_genesys_reason_code(code: int, expected: str) -> None:
    with pytest.raises(Refused) as caught:
        send(coded(code))
    assert caught.value.code == expected


@pytest.mark.parametrize("code", [40102, 40103, 40104, 40105, 40107, 40110])
def test_a_dead_token_is_told_apart(code: int) -> None:
    with pytest.raises(TokenRefused) as caught:
        send(coded(code))
    assert caught.value.after_s == 60


@pytest.mark.parametrize(
    ("given", "after_s"),
    [
        (coded(40016), None),
        (coded(40100), None),
        (coded(40133), None),
        (coded(40100, retry_after="12"), 12.0),
        (coded(60001), 60),
        (answer(429), None),
        (answer(429, retry_after="9"), 9.0),
        (Retryable("no connection", 2), 2),
    ],
)
def test_what_passes_is_tried_again(given: Answer | Exception, after_s: float | None) -> None:
    with pytest.raises(Retryable) as caught:
        send(given)
    assert not isinstance(caught.value, TokenRefused)
    assert caught.value.after_s == after_s


@pytest.mark.parametrize(
    "given",
    [
        coded(50000),
        coded(50002),
        coded(51065),
        coded("0"),
        coded(None),
        answer(200),
        answer(404),
        answer(500),
        answer(302),
        Answer(status=200, headers={}, body=b"<html>"),
        Answer(status=200, headers={}, body=b"[0]"),
        Uncertain("no answer"),
    ],
)
def test_what_may_have_gone_out_is_uncertain(given: Answer | Exception) -> None:
    with pytest.raises(Uncertain):
        send(given)


@pytest.mark.parametrize("code", [40001, 40100, 40105, 51065, 60001, 49999])
def test_details_carry_tiktoks_code_and_request_and_never_its_words(code: int) -> None:
    with pytest.raises((Refused, Retryable, Uncertain)) as caught:
        send(coded(code))
    words = str(caught.value)
    assert f"TikTok {code}, request 20261120REQUEST" in words
    assert TEXT not in words
    assert "quoting" not in words
    assert "token-tt" not in words
