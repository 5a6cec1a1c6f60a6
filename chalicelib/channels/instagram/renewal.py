"""Instagram's long-lived tokens: 60 days, renewed from the seventh on.

developers.facebook.com/docs/instagram-platform/instagram-api-with-instagram-login/business-login
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

from chalicelib.channels.instagram.about import options
from chalicelib.credentials import Secret, plain, seconds, token_of, trimmed
from chalicelib.errors import Refused
from chalicelib.http import Outgoing
from chalicelib.vocabulary.records import Account

RENEW_AFTER_S = 7 * 86_400.0
LIFETIME_S = 60 * 86_400.0


class InstagramRenewal:
    """GET refresh_access_token. A Page's token (Facebook login) does not end by time."""

    every_s = 3600.0

    def __init__(self, http: Outgoing, host: str) -> None:
        self._http = http
        self._host = host

    def due(self, account: Account, held: dict[str, Any], now: float) -> bool:
        """Whether the token in the account's secret is old enough, or of unknown age."""
        renewed_at = held.get("renewed_at")
        if options(account).login != "instagram" or not held.get("access_token"):
            return False
        return not isinstance(renewed_at, (int, float)) or now - renewed_at >= RENEW_AFTER_S

    def renew(self, account: Account, held: dict[str, Any], app: Callable[[], Secret], now: float) -> dict[str, Any]:
        """The secret with its new token; see `Renewal.renew`."""
        query = urlencode({"grant_type": "ig_refresh_token", "access_token": token_of(held, account.secret)})
        answer = self._http.get(f"{self._host}/refresh_access_token?{query}", headers={})
        body = answer.json()
        body = body if isinstance(body, dict) else {}
        token = trimmed(body.get("access_token"))
        if not plain(token):
            error = body.get("error")
            code = error.get("code") if isinstance(error, dict) else None
            raise Refused("account_disconnected", f"Instagram refuses to renew the token: {code}, HTTP {answer.status}")
        ends = now + seconds(body.get("expires_in"), LIFETIME_S)
        return {**held, "access_token": token, "renewed_at": now, "expires_at": ends}


def open_renewal(http: Outgoing, url: Callable[[str], str]) -> InstagramRenewal:
    """With the base URL from settings."""
    return InstagramRenewal(http, url("instagram_graph"))
