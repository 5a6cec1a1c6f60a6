"""TikTok's access tokens live a day; a refresh token's year counts down and cannot be prolonged.

TikTok portal doc 1833997679342594
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import msgspec

from chalicelib.credentials import Secret, plain, seconds, trimmed
from chalicelib.errors import Refused
from chalicelib.http import Outgoing
from chalicelib.vocabulary.records import Account

PATH = "/open_api/v1.3/tt_user/oauth2/refresh_token/"
MARGIN_S = 12 * 3600.0
LIFETIME_S = 86_400.0


class TikTokRenewal:
    """POST tt_user/oauth2/refresh_token/. Both tokens come back, and both are kept: they may have rotated, and then
    the old refresh token is dead from the moment of the answer."""

    every_s = 3600.0

    def __init__(self, http: Outgoing, host: str) -> None:
        self._http = http
        self._host = host

    def due(self, account: Account, held: dict[str, Any], now: float) -> bool:
        """Whether the token ends within half a day, or nobody knows when."""
        ends = held.get("expires_at")
        return bool(held.get("refresh_token")) and (not isinstance(ends, (int, float)) or ends - now < MARGIN_S)

    def renew(self, account: Account, held: dict[str, Any], app: Callable[[], Secret], now: float) -> dict[str, Any]:
        """The secret with its new tokens; see `Renewal.renew`."""
        ours = app()
        body = {
            "client_id": ours.identifier("app_id"),
            "client_secret": ours.first("secrets"),
            "grant_type": "refresh_token",
            "refresh_token": Secret(account.secret, held).line("refresh_token"),
        }
        answer = self._http.post(
            self._host + PATH, headers={"Content-Type": "application/json"}, body=msgspec.json.encode(body)
        )
        told = answer.json()
        code = told.get("code") if isinstance(told, dict) else None
        new = next(filter(None, (_tokens(part, held, now, code == 0) for part in _objects(told))), None)
        if new is None:
            raise Refused("account_disconnected", f"TikTok refuses to renew the token: {code}, HTTP {answer.status}")
        return {**held, **new}


def _objects(held: object, depth: int = 4) -> Iterator[dict[str, Any]]:
    """The objects of an answer, wherever they stand: what was given must not be lost for where it is."""
    inner = held.values() if isinstance(held, dict) else held if isinstance(held, list) else ()
    if isinstance(held, dict):
        yield held
    if depth:
        for part in inner:
            yield from _objects(part, depth - 1)


def _tokens(part: dict[str, Any], held: dict[str, Any], now: float, granted: bool) -> dict[str, Any]:
    """The tokens in a part of the answer, and when they end; {} where it has none. One that is `granted` may be the
    one that is held; else only a new one counts, as a refusal may repeat what it refuses."""
    given = {name: trimmed(part.get(name)) for name in ("access_token", "refresh_token")}
    new: dict[str, Any] = {
        name: token for name, token in given.items() if plain(token) and (granted or token != trimmed(held.get(name)))
    }
    if "access_token" in new:
        new["renewed_at"] = now
        new["expires_at"] = now + seconds(part.get("expires_in"), LIFETIME_S)
    if new:
        left = seconds(part.get("refresh_token_expires_in"), 0.0)
        new |= {"refresh_expires_at": now + left} if left else {}
    return new


def open_renewal(http: Outgoing, url: Callable[[str], str]) -> TikTokRenewal:
    """With the base URL from settings."""
    return TikTokRenewal(http, url("tiktok_api"))
