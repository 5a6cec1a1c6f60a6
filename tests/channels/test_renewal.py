"""How each platform's tokens are renewed."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest

from chalicelib.channels.instagram.renewal import RENEW_AFTER_S, InstagramRenewal
from chalicelib.channels.tiktok.renewal import MARGIN_S, TikTokRenewal
from chalicelib.credentials import Secret
from chalicelib.errors import Misconfigured, Refused
from chalicelib.http import Answer
from chalicelib.vocabulary.records import Account
from tests.fakes import INSTAGRAM, START, TIKTOK, FakeOutgoing, answer

PAGE = msgspec.structs.replace(INSTAGRAM, options={"login": "facebook", "page": "1"})
APP = Secret("s/app", {"app_id": "7600", "secrets": ["newest", "former"]})
GOOD_TIKTOK = {"code": 0, "data": {"access_token": "a2", "refresh_token": "r2", "expires_in": 86400,
                                   "refresh_token_expires_in": 28484364}}  # fmt: skip


def app() -> Secret:
    return APP


def unread() -> Secret:
    raise AssertionError("Instagram needs no app secret")


@pytest.mark.parametrize(
    ("account", "held", "due"),
    [
        (INSTAGRAM, {"access_token": "a"}, True),
        (INSTAGRAM, {"access_token": "a", "renewed_at": START - RENEW_AFTER_S + 1}, False),
        (INSTAGRAM, {"access_token": "a", "renewed_at": START - RENEW_AFTER_S}, True),
        (INSTAGRAM, {"access_token": "a", "renewed_at": "yesterday"}, True),
        (INSTAGRAM, {}, False),
        (PAGE, {"access_token": "a"}, False),
    ],
)
def test_when_an_instagram_token_is_due(account: Account, held: dict[str, Any], due: bool) -> None:
    assert InstagramRenewal(FakeOutgoing(), "https://ig").due(account, held, START) is due


@pytest.mark.parametrize(
    ("held", "due"),
    [
        ({"refresh_token": "r"}, True),
        ({"refresh_token": "r", "expires_at": START + MARGIN_S + 1}, False),
        ({"refresh_token": "r", "expires_at": START + MARGIN_S - 1}, True),
        ({"refresh_token": "r", "expires_at": START - 1}, True),
        ({"access_token": "a"}, False),
    ],
)
def test_when_a_tiktok_token_is_due(held: dict[str, Any], due: bool) -> None:
    assert TikTokRenewal(FakeOutgoing(), "https://tt").due(TIKTOK, held, START) is due


def test_instagram_is_asked_by_get_and_the_rest_of_the_secret_stays() -> None:
    http = FakeOutgoing(answer(200, {"access_token": "new", "token_type": "bearer", "expires_in": 5183944}))
    held = {"access_token": "old&odd", "note": "kept"}
    new = InstagramRenewal(http, "https://ig").renew(INSTAGRAM, held, unread, START)
    assert new == {"access_token": "new", "note": "kept", "renewed_at": START, "expires_at": START + 5183944}
    assert [(call.method, call.url) for call in http.calls] == [
        ("GET", "https://ig/refresh_access_token?grant_type=ig_refresh_token&access_token=old%26odd")
    ]


def test_tiktok_gives_both_tokens_and_both_are_kept() -> None:
    http = FakeOutgoing(answer(200, GOOD_TIKTOK))
    new = TikTokRenewal(http, "https://tt").renew(TIKTOK, {"refresh_token": "r1", "note": "kept"}, app, START)
    assert new == {
        "note": "kept",
        "access_token": "a2",
        "refresh_token": "r2",
        "renewed_at": START,
        "expires_at": START + 86400,
        "refresh_expires_at": START + 28484364,
    }
    [call] = http.calls
    assert call.url == "https://tt/open_api/v1.3/tt_user/oauth2/refresh_token/"
    assert json.loads(call.body or b"") == {
        "client_id": "7600", "client_secret": "newest", "grant_type": "refresh_token", "refresh_token": "r1",
    }  # fmt: skip


@pytest.mark.parametrize(
    "said",
    [
        answer(400, {"error": {"code": 190, "message": "secret words"}}),
        answer(200, {"code": 40107, "message": "secret words"}),
        answer(200, {"code": 0, "data": {}}),
        answer(502, None),
    ],
)
def test_a_refusal_is_told_by_its_code_without_tokens(said: Any) -> None:
    instagram = InstagramRenewal(FakeOutgoing(said), "https://ig")
    tiktok = TikTokRenewal(FakeOutgoing(said), "https://tt")
    told = []
    with pytest.raises(Refused) as caught:
        instagram.renew(INSTAGRAM, {"access_token": "tok-1"}, unread, START)
    told.append(caught.value.detail)
    with pytest.raises(Refused) as caught:
        tiktok.renew(TIKTOK, {"refresh_token": "tok-1"}, app, START)
    told.append(caught.value.detail)
    assert not any("tok-1" in detail or "secret words" in detail for detail in told)


def tiktok_gives(body: object) -> dict[str, Any]:
    said = Answer(status=200, headers={}, body=json.dumps(body).encode())
    renewal = TikTokRenewal(FakeOutgoing(said), "https://tt")
    return renewal.renew(TIKTOK, {"access_token": "a1", "refresh_token": "r1", "refresh_expires_at": 9.0}, app, START)


GIVEN = {"access_token": "a2", "refresh_token": "r2"}
ODD: list[object] = [None, "", "soon", -1, 0, True, [], {}, float("nan"), float("inf"), 10**400]


@pytest.mark.parametrize("odd", ODD)
def test_tokens_that_were_given_are_kept_whatever_is_said_of_their_end(odd: object) -> None:
    new = tiktok_gives({"code": 0, "data": GIVEN | {"expires_in": odd, "refresh_token_expires_in": odd}})
    assert (new["access_token"], new["refresh_token"]) == ("a2", "r2")
    assert new["expires_at"] == START + 86_400  # as documented
    assert new["refresh_expires_at"] == 9.0  # as it was known


@pytest.mark.parametrize("told", [60, "60", 60.0, " 60 "])
def test_an_end_may_be_told_as_text(told: object) -> None:
    new = tiktok_gives({"code": 0, "data": GIVEN | {"expires_in": told, "refresh_token_expires_in": told}})
    assert (new["expires_at"], new["refresh_expires_at"]) == (START + 60, START + 60)


@pytest.mark.parametrize(
    "body",
    [
        {"code": 0, "data": GIVEN}, {"code": "0", "data": GIVEN}, {"data": GIVEN}, GIVEN, [GIVEN], {"data": [GIVEN]},
        {"code": 0, "data": {"data": GIVEN}}, {"code": 0, "message": "OK", "data": None, "tokens": GIVEN},
        {"code": 20001, "message": "partial", "data": GIVEN}, {"code": None, "data": GIVEN | {"open_id": 5}},
    ],
)  # fmt: skip
def test_tokens_that_were_given_are_kept_wherever_they_stand(body: object) -> None:
    new = tiktok_gives(body)
    assert (new["access_token"], new["refresh_token"]) == ("a2", "r2")


@pytest.mark.parametrize("access", [None, "", "two words", 5, ["a2"]])
def test_a_refresh_token_alone_is_kept_and_the_access_token_is_asked_for_again(access: object) -> None:
    new = tiktok_gives({"code": 0, "data": {"access_token": access, "refresh_token": "r2"}})
    assert new == {"access_token": "a1", "refresh_token": "r2", "refresh_expires_at": 9.0}
    assert TikTokRenewal(FakeOutgoing(), "https://tt").due(TIKTOK, new, START)


@pytest.mark.parametrize("refresh", [None, "", "two words", 5, "r1"])
def test_an_access_token_alone_is_kept_and_the_refresh_token_stays(refresh: object) -> None:
    new = tiktok_gives({"code": 0, "data": {"access_token": "a2", "refresh_token": refresh}})
    assert (new["access_token"], new["refresh_token"], new["expires_at"]) == ("a2", "r1", START + 86_400)


def test_the_same_token_with_another_day_is_a_renewal() -> None:
    new = tiktok_gives({"code": 0, "data": {"access_token": "a1", "refresh_token": "r1", "expires_in": 86400}})
    assert new["expires_at"] == START + 86_400


def test_a_refusal_that_repeats_what_it_refuses_is_one() -> None:
    with pytest.raises(Refused):
        tiktok_gives({"code": 40107, "data": {"refresh_token": "r1", "access_token": "a1"}})


@pytest.mark.parametrize("odd", ODD)
def test_instagrams_token_is_kept_whatever_is_said_of_its_end(odd: object) -> None:
    said = Answer(status=200, headers={}, body=json.dumps({"access_token": "new", "expires_in": odd}).encode())
    new = InstagramRenewal(FakeOutgoing(said), "https://ig").renew(INSTAGRAM, {"access_token": "old"}, unread, START)
    assert (new["access_token"], new["expires_at"]) == ("new", START + 60 * 86_400)


@pytest.mark.parametrize(
    ("held", "app_held", "names"),
    [
        ({"refresh_token": "two words"}, APP.held, "s/tt"), ({"refresh_token": ["r1"]}, APP.held, "s/tt"),
        ({"refresh_token": "r1"}, {}, "s/app"), ({"refresh_token": "r1"}, {"app_id": "7600"}, "s/app"),
        ({"refresh_token": "r1"}, {"app_id": "7600", "secrets": [""]}, "s/app"),
        ({"refresh_token": "r1"}, {"app_id": None, "secrets": ["x"]}, "s/app"),
    ],
)  # fmt: skip
def test_a_secret_that_cannot_be_used_is_told_by_name_and_nothing_is_asked(
    held: dict[str, Any], app_held: dict[str, Any], names: str
) -> None:
    http = FakeOutgoing()
    with pytest.raises(Misconfigured) as caught:
        TikTokRenewal(http, "https://tt").renew(TIKTOK, held, lambda: Secret("s/app", app_held), START)
    assert names in caught.value.advice
    assert http.calls == []


def test_what_was_pasted_with_a_token_is_not_sent() -> None:
    http = FakeOutgoing(answer(200, {"access_token": "new"}), answer(200, GOOD_TIKTOK))
    InstagramRenewal(http, "https://ig").renew(INSTAGRAM, {"access_token": ' "old"\n'}, unread, START)
    pasted = Secret("s/app", {"app_id": 7600, "secrets": [" newest\n"]})
    TikTokRenewal(http, "https://tt").renew(TIKTOK, {"refresh_token": "\ufeffr1\n"}, lambda: pasted, START)
    assert http.calls[0].url.endswith("&access_token=old")
    assert http.calls[1].json() == {
        "client_id": "7600", "client_secret": "newest", "grant_type": "refresh_token", "refresh_token": "r1",
    }  # fmt: skip
