"""TikTok's access tokens live a day; a refresh token's year counts down and cannot be prolonged.

TikTok portal doc 1833997679342594
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from chalicelib.errors import Refused
from chalicelib.http import Outgoing
from chalicelib.messages import Account

PATH = "/open_api/v1.3/tt_user/oauth2/refresh_token/"
MARGIN_S = 12 * 3600.0


class TikTokRenewal:
    """POST tt_user/oauth2/refresh_token/. Both tokens come back, and both are kept: they may have rotated."""

    def __init__(self, http: Outgoing, host: str) -> None:
        self._http = http
        self._host = host

    def due(self, account: Account, held: dict[str, Any], now: float) -> bool:
        """Whether the token ends within half a day, or nobody knows when."""
        ends = held.get("expires_at")
        return bool(held.get("refresh_token")) and (not isinstance(ends, (int, float)) or ends - now < MARGIN_S)

    def renew(self, account: Account, held: dict[str, Any], app: dict[str, Any], now: float) -> dict[str, Any]:
        """The secret with its new tokens. Raises Refused, Retryable, Uncertain."""
        secrets = app.get("secrets") or [""]
        body = {
            "client_id": str(app.get("app_id", "")),
            "client_secret": secrets[0] if isinstance(secrets, list) else secrets,
            "grant_type": "refresh_token",
            "refresh_token": held["refresh_token"],
        }
        answer = self._http.post(
            self._host + PATH, headers={"Content-Type": "application/json"}, body=msgspec.json.encode(body)
        )
        found = answer.json()
        data = found.get("data") if isinstance(found, dict) and found.get("code") == 0 else None
        if not isinstance(data, dict) or not data.get("access_token"):
            code = found.get("code") if isinstance(found, dict) else None
            raise Refused("account_disconnected", f"TikTok refuses to renew the token: {code}, HTTP {answer.status}")
        return {
            **held,
            "access_token": str(data["access_token"]),
            "refresh_token": str(data.get("refresh_token") or held["refresh_token"]),
            "renewed_at": now,
            "expires_at": now + float(data.get("expires_in", 0)),
            "refresh_expires_at": now + float(data.get("refresh_token_expires_in", 0)),
        }


def open_renewal(http: Outgoing, url: Callable[[str], str]) -> TikTokRenewal:
    """With the base URL from settings."""
    return TikTokRenewal(http, url("tiktok_api"))
