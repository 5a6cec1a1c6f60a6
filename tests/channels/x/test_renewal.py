"""X's tokens: two hours, each refresh token once, by clients with and without a secret."""

from __future__ import annotations

from base64 import b64encode
from typing import Any
from urllib.parse import parse_qs

import pytest

from chalicelib.channels.x.renewal import MARGIN_S, XRenewal, open_renewal
from chalicelib.credentials import Secret
from chalicelib.errors import Misconfigured, RateLimited, Refused, Retryable, Uncertain
from chalicelib.http import Answer
from tests.channels.x.kit import BRAND
from tests.fakes import START, FakeOutgoing, answer

HELD = {
    "access_token": "a1", "refresh_token": "r1", "expires_at": START + 60, "scope": "dm.read",
    "x_keys": {"user_id": BRAND.id, "version": "1", "identity": "AAAA"}, "oauth1": {"token": "t"},
}  # fmt: skip
GIVEN = {
    "token_type": "bearer", "expires_in": 7200, "access_token": "a2", "refresh_token": "r2",
    "scope": "dm.read dm.write offline.access",
}  # fmt: skip
PUBLIC = {"secrets": ["consumer-secret"], "client_id": "client:1"}
CONFIDENTIAL = PUBLIC | {"client_secret": "s%cret+/"}


def renewal(http: FakeOutgoing) -> XRenewal:
    return open_renewal(http, {"x_api": "https://api.x.example"}.__getitem__)


def renewed(told: Answer | Exception, held: dict[str, Any] = HELD, app: dict[str, Any] = PUBLIC) -> dict[str, Any]:
    return renewal(FakeOutgoing(told)).renew(BRAND, held, lambda: Secret("s/app", app), START)


@pytest.mark.parametrize(
    ("held", "due"),
    [
        ({"refresh_token": "r"}, True), ({"refresh_token": "r", "expires_at": START + MARGIN_S + 1}, False),
        ({"refresh_token": "r", "expires_at": START + MARGIN_S - 1}, True),
        ({"refresh_token": "r", "expires_at": "soon"}, True), ({"refresh_token": "r", "expires_at": START - 9}, True),
        ({"access_token": "a", "expires_at": START}, False), ({"refresh_token": " "}, False),
        ({"oauth1": {"token": "t", "token_secret": "s"}}, False),
    ],
)  # fmt: skip
def test_when_a_token_is_due(held: dict[str, Any], due: bool) -> None:
    assert renewal(FakeOutgoing()).due(BRAND, held, START) is due


def test_there_is_time_for_several_tries_before_a_token_ends() -> None:
    assert renewal(FakeOutgoing()).every_s * 3 < MARGIN_S < 7200


def test_a_public_client_names_itself_in_the_body() -> None:
    http = FakeOutgoing(answer(200, GIVEN))
    renewal(http).renew(BRAND, HELD, lambda: Secret("s/app", PUBLIC), START)
    [call] = http.calls
    assert (call.method, call.url) == ("POST", "https://api.x.example/2/oauth2/token")
    assert call.headers == {"Content-Type": "application/x-www-form-urlencoded"}
    assert parse_qs((call.body or b"").decode(), strict_parsing=True) == {
        "grant_type": ["refresh_token"], "refresh_token": ["r1"], "client_id": ["client:1"],
    }  # fmt: skip


def test_a_confidential_client_proves_itself_in_the_header() -> None:
    """RFC 6749, section 2.3.1: both halves are escaped, so that a colon in them is none between them."""
    http = FakeOutgoing(answer(200, GIVEN))
    renewal(http).renew(BRAND, HELD, lambda: Secret("s/app", CONFIDENTIAL), START)
    [call] = http.calls
    assert call.headers["Authorization"] == "Basic " + b64encode(b"client%3A1:s%25cret%2B%2F").decode()
    assert b"client_id" not in (call.body or b"")


def test_both_tokens_are_kept_and_nothing_else_of_the_secret_is_lost() -> None:
    assert renewed(answer(200, GIVEN)) == HELD | {
        "access_token": "a2", "refresh_token": "r2", "expires_at": START + 7200, "renewed_at": START,
        "scope": "dm.read dm.write offline.access",
    }  # fmt: skip


@pytest.mark.parametrize("odd", [None, "", "soon", -1, 0, True, "1e999", [7]])
def test_a_token_is_kept_whatever_is_said_of_its_end(odd: object) -> None:
    new = renewed(answer(200, GIVEN | {"expires_in": odd, "scope": odd if odd != "soon" else 5}))
    assert (new["access_token"], new["refresh_token"], new["expires_at"]) == ("a2", "r2", START + 7200)


def test_a_refresh_token_that_is_not_given_anew_stays() -> None:
    new = renewed(answer(200, {"access_token": "a2", "expires_in": 60}))
    assert (new["access_token"], new["refresh_token"], new["expires_at"]) == ("a2", "r1", START + 60)


def test_tokens_that_were_given_are_kept_whatever_the_status() -> None:
    assert renewed(answer(500, GIVEN))["refresh_token"] == "r2"


@pytest.mark.parametrize(
    ("told", "kind"),
    [
        (answer(400, {"error": "invalid_request", "error_description": "it was invalid", "access_token": "a1"}),
         Refused),
        (answer(401, {"error": "unauthorized_client"}), Refused),
        (answer(200, {}), Refused), (answer(200, []), Refused),
        (Answer(status=200, headers={}, body=b"<html>"), Refused), (answer(429, {}), RateLimited),
        (answer(503, {}), Retryable), (Uncertain("no answer"), Uncertain), (Retryable("no connection"), Retryable),
    ],
)  # fmt: skip
def test_what_gives_no_token_is_told_by_what_must_happen_next(told: Answer | Exception, kind: type[Exception]) -> None:
    with pytest.raises(kind) as caught:
        renewed(told)
    assert type(caught.value) is kind
    assert "r1" not in str(caught.value)


@pytest.mark.parametrize(
    ("held", "app", "names"),
    [
        (HELD, {}, "s/app"),
        (HELD, {"client_id": "two words"}, "s/app"),
        (HELD | {"refresh_token": "a b"}, PUBLIC, "s/x"),
    ],
)
def test_a_secret_that_cannot_be_used_is_told_by_name_and_nothing_is_asked(
    held: dict[str, Any], app: dict[str, Any], names: str
) -> None:
    http = FakeOutgoing()
    with pytest.raises(Misconfigured) as caught:
        renewal(http).renew(BRAND, held, lambda: Secret("s/app", app), START)
    assert names in caught.value.advice
    assert http.calls == []
