"""A loft's key lasts as long as is told with it, and is renewed by itself: no secret of an app is asked for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from chalicelib.credentials import Secret, plain, seconds, token_of
from chalicelib.errors import Refused
from chalicelib.http import Outgoing
from chalicelib.vocabulary.records import Account

KEYS = "/keys"
MARGIN_S = 12 * 3600.0
LIFETIME_S = 86_400.0


class PigeonRenewal:
    """POST /keys."""

    every_s = 3600.0

    def __init__(self, http: Outgoing, host: str) -> None:
        self._http, self._host = http, host

    def due(self, account: Account, held: dict[str, Any], now: float) -> bool:
        """Half a day before the key ends; one without an end is never due."""
        ends = held.get("expires_at")
        return isinstance(ends, int | float) and ends - now < MARGIN_S

    def renew(self, account: Account, held: dict[str, Any], app: Callable[[], Secret], now: float) -> dict[str, Any]:
        """The secret with its new key; see `Renewal.renew`."""
        headers = {"Loft-Key": token_of(held, account.secret), "Content-Type": "application/json"}
        answer = self._http.post(self._host + KEYS, headers=headers, body=msgspec.json.encode({"loft": account.id}))
        found = answer.json()
        key = found.get("key") if isinstance(found, dict) else None
        if not isinstance(key, str) or not plain(key):
            raise Refused("account_disconnected", f"no new key for the loft, HTTP {answer.status}")
        ends = now + seconds(found.get("expires_in"), LIFETIME_S)
        return {**held, "access_token": key, "renewed_at": now, "expires_at": ends}


def open_renewal(http: Outgoing, url: Callable[[str], str]) -> PigeonRenewal:
    """With the API's address from settings."""
    return PigeonRenewal(http, url("pigeon_api"))
