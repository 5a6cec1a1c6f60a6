"""The Graph API: what is sent, and what each of Meta's answers means."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from chalicelib.channels.instagram.client import CAPABILITIES, InstagramClient, open_client
from chalicelib.errors import Refused, Retryable, TokenRefused, Uncertain
from chalicelib.http import Answer
from tests.fakes import INSTAGRAM, PAGE, FakeOutgoing, answer

TOKENS = {"s/ig": {"access_token": "token-ig"}, "s/page": {"access_token": "token-page"}}
URLS = {
    "instagram_graph": "https://ig.example",
    "facebook_graph": "https://fb.example",
    "graph_version": "v25.0",
}
TEXT = "a text that only the customer may read"
MID = "aWdfZAG1faXRlbToxZDZD"


def client(http: FakeOutgoing) -> InstagramClient:
    return open_client(http, lambda name: TOKENS.get(name, {}), URLS.__getitem__)


def send(*answers: Answer | Exception) -> str:
    return client(FakeOutgoing(*answers)).send_text(INSTAGRAM, "55501", "", TEXT)


def error(code: Any, subcode: Any = None, status: int = 400, **fields: Any) -> Answer:
    """Meta's error body; its message is something that must not be passed on."""
    body = {"message": f"quoting: {TEXT}", "type": "IGApiException", "code": code, "fbtrace_id": "TRACE1", **fields}
    return answer(status, {"error": body | ({} if subcode is None else {"error_subcode": subcode})})


def test_the_limit_is_a_thousand_bytes() -> None:
    assert (CAPABILITIES.text_limit, CAPABILITIES.text_unit) == (1000, "bytes")


@pytest.mark.parametrize(
    ("account", "url", "token"),
    [
        (INSTAGRAM, "https://ig.example/v25.0/17841400000000777/messages", "token-ig"),
        (PAGE, "https://fb.example/v25.0/100000000000888/messages", "token-page"),
    ],
)
def test_a_text_goes_to_the_host_of_the_login(account: Any, url: str, token: str) -> None:
    http = FakeOutgoing(answer(200, {"recipient_id": "55501", "message_id": MID}))
    assert client(http).send_text(account, "55501", "ignored", "Grüße 🍵") == MID
    [call] = http.calls
    assert (call.method, call.url) == ("POST", url)
    assert call.headers == {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    assert call.json() == {"recipient": {"id": "55501"}, "message": {"text": "Grüße 🍵"}}


def test_a_page_that_is_not_named_is_the_tokens_own() -> None:
    http = FakeOutgoing(answer(200, {"message_id": MID}))
    client(http).send_text(msgspec.structs.replace(PAGE, page=""), "55501", "", TEXT)
    assert http.calls[0].url == "https://fb.example/v25.0/me/messages"


def test_an_answer_without_an_id_is_a_success_without_an_id() -> None:
    assert send(answer(200, {"recipient_id": "55501"})) == ""


@pytest.mark.parametrize("secret", [{}, {"access_token": ""}])
def test_without_a_token_nothing_is_sent(secret: dict[str, Any]) -> None:
    http = FakeOutgoing()
    lonely = open_client(http, lambda name: secret, URLS.__getitem__)
    with pytest.raises(TokenRefused) as caught:
        lonely.send_text(INSTAGRAM, "55501", "", TEXT)
    assert caught.value.reason == "the secret s/ig holds no access_token"
    assert http.calls == []


# developers.facebook.com/documentation/business-messaging/messenger-platform/error-codes
@pytest.mark.parametrize(
    ("code", "subcode", "status", "expected"),
    [
        (10, 2534022, 403, "MessageNotAllowed"),
        (10, 2018278, 400, "MessageNotAllowed"),
        (10, 2018065, 400, "MessageNotAllowed"),
        (10, 2018108, 400, "RecipientOptedOut"),
        (200, 1545041, 403, "RecipientOptedOut"),
        (551, 1545041, 400, "RecipientOptedOut"),
        (551, None, 400, "RecipientOptedOut"),
        (100, 2534014, 400, "InvalidDestination"),
        (100, 2018001, 400, "InvalidDestination"),
        (100, 33, 400, "InvalidDestination"),
        (9010, None, 400, "InvalidDestination"),
        (2534001, None, 400, "InvalidDestination"),
        (100, 2534015, 400, "InvalidMessageStructure"),
        (100, 2534037, 400, "MessageNotAllowed"),
        (368, None, 400, "MessageNotAllowed"),
        (2022, None, 400, "MessageNotAllowed"),
        (100, None, 400, "GeneralError"),
        (100, 2018008, 400, "GeneralError"),
        (10, None, 403, "GeneralError"),
        (10, 999, 200, "GeneralError"),
        (200, 2534041, 403, "GeneralError"),
        (3, None, 400, "GeneralError"),
        (99999, None, 500, "GeneralError"),
        ("10", "2534022", 400, "GeneralError"),
        (None, None, 400, "GeneralError"),
    ],
)
def test_a_refusal_has_genesys_reason_code(code: Any, subcode: Any, status: int, expected: str) -> None:
    with pytest.raises(Refused) as caught:
        send(error(code, subcode, status))
    assert caught.value.code == expected


@pytest.mark.parametrize(
    ("given", "after_s"),
    [
        (error(4, is_transient=True), None),
        (error(17), None),
        (error(32), None),
        (error(613, 2534040), None),
        (error(80002), None),
        (error(80006), None),
        (error(12345, status=429), None),
        (answer(429), None),
        (answer(429, retry_after="7"), 7.0),
        (error(2, status=500, is_transient=True), None),
        (error(2), None),
        (error(1), None),
        (error(1, 99), None),
        (error(55555, is_transient=True), None),
    ],
)
def test_what_passes_is_tried_again(given: Answer, after_s: float | None) -> None:
    with pytest.raises(Retryable) as caught:
        send(given)
    assert not isinstance(caught.value, TokenRefused)
    assert caught.value.after_s == after_s


REGAIN = "estimated_time_to_regain_access"


@pytest.mark.parametrize(
    ("headers", "after_s"),
    [
        ({"retry_after": "30"}, 30.0),
        ({"x_business_use_case_usage": f'{{"178": [{{"type": "instagram", "{REGAIN}": 19}}]}}'}, 1140.0),
        ({"x_business_use_case_usage": f'{{"a": [{{"{REGAIN}": 2}}], "b": [{{"{REGAIN}": 5}}, {{}}]}}'}, 300.0),
        ({"x_business_use_case_usage": f'{{"178": [{{"{REGAIN}": 0}}]}}'}, None),
        ({"x_business_use_case_usage": f'{{"178": [{{"{REGAIN}": "19"}}]}}'}, None),
        ({"x_business_use_case_usage": "nonsense"}, None),
        ({"x_business_use_case_usage": "[]"}, None),
        ({"retry_after": "30", "x_business_use_case_usage": f'{{"1": [{{"{REGAIN}": 9}}]}}'}, 30.0),
        ({}, None),
    ],
)
def test_a_rate_limit_waits_as_long_as_meta_says(headers: dict[str, str], after_s: float | None) -> None:
    limited = answer(400, {"error": {"code": 4, "message": "(#4)"}}, **headers)
    with pytest.raises(Retryable) as caught:
        send(limited)
    assert caught.value.after_s == after_s


@pytest.mark.parametrize("subcode", [None, 460, 463])
def test_a_dead_token_is_told_apart(subcode: int | None) -> None:
    with pytest.raises(TokenRefused) as caught:
        send(error(190, subcode))
    assert caught.value.after_s == 60


@pytest.mark.parametrize(
    "given",
    [
        error(1, 1357046, 500),
        error(1, 1357046, 200, is_transient=True),
        answer(500),
        answer(502, ["no", "object"]),
        answer(503, {"error": "no object"}),
        answer(302),
        answer(404),
        Answer(status=200, headers={}, body=b"[]"),
        Answer(status=504, headers={}, body=b""),
        Uncertain("no answer"),
    ],
)
def test_what_may_have_gone_out_is_uncertain(given: Answer | Exception) -> None:
    with pytest.raises(Uncertain):
        send(given)


@pytest.mark.parametrize(
    "given",
    [error(10, 2534022, 403), error(4), error(190), error(1, 1357046), error(2), error(99999)],
)
def test_details_carry_metas_code_and_trace_and_never_its_words(given: Answer) -> None:
    with pytest.raises((Refused, Retryable, Uncertain)) as caught:
        send(given)
    words = str(caught.value)
    assert "trace TRACE1" in words
    assert str(given.json()["error"]["code"]) in words
    assert TEXT not in words
    assert "quoting" not in words
    assert "token-ig" not in words


def test_a_refused_connection_passes_through() -> None:
    with pytest.raises(Retryable, match="no connection"):
        send(Retryable("no connection"))
