"""How each platform's tokens are renewed."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest

from chalicelib.channels.instagram.renewal import RENEW_AFTER_S, InstagramRenewal
from chalicelib.channels.tiktok.renewal import MARGIN_S, TikTokRenewal
from chalicelib.errors import Refused
from chalicelib.messages import Account
from tests.fakes import INSTAGRAM, START, TIKTOK, FakeOutgoing, answer

PAGE = msgspec.structs.replace(INSTAGRAM, login="facebook", page="1")
APP = {"app_id": "7600", "secrets": ["newest", "former"]}
GOOD_TIKTOK = {"code": 0, "data": {"access_token": "a2", "refresh_token": "r2", "expires_in": 86400,
                                   "refresh_token_expires_in": 28484364}}  # fmt: skip


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
    new = InstagramRenewal(http, "https://ig").renew(INSTAGRAM, held, {}, START)
    assert new == {"access_token": "new", "note": "kept", "renewed_at": START, "expires_at": START + 5183944}
    assert [(call.method, call.url) for call in http.calls] == [
        ("GET", "https://ig/refresh_access_token?grant_type=ig_refresh_token&access_token=old%26odd")
    ]


def test_tiktok_gives_both_tokens_and_both_are_kept() -> None:
    http = FakeOutgoing(answer(200, GOOD_TIKTOK))
    new = TikTokRenewal(http, "https://tt").renew(TIKTOK, {"refresh_token": "r1", "note": "kept"}, APP, START)
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
        instagram.renew(INSTAGRAM, {"access_token": "tok-1"}, {}, START)
    told.append(caught.value.detail)
    with pytest.raises(Refused) as caught:
        tiktok.renew(TIKTOK, {"refresh_token": "tok-1"}, APP, START)
    told.append(caught.value.detail)
    assert not any("tok-1" in detail or "secret words" in detail for detail in told)
