"""Instagram's access tokens: who holds one, how long it lives, and how it is renewed."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sandbox.simulators.instagram.graph import Account
from sandbox.simulators.instagram.schema import GraphError
from sandbox.stage.clock import iso
from sandbox.stage.web import Call

_DAY_S = 86400.0
_TOKEN_S = 60 * _DAY_S


@dataclass(frozen=True)
class _Token:
    account: Account
    issued: float
    expires: float | None


class Tokens:
    """`clock` tells epoch seconds. Thread-safe."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._held: dict[str, _Token] = {}
        self._lock = threading.Lock()

    def grant(self, value: str, account: Account) -> None:
        """An Instagram token counts as two days old and good for 60 days more; a Page's token does not expire."""
        now = self._clock()
        expires = now + _TOKEN_S if account.login == "instagram" else None
        with self._lock:
            self._held[value] = _Token(account, now - 2 * _DAY_S, expires)

    def caller(self, call: Call) -> Account:
        """Whose token the call carries; GraphError 190."""
        scheme, _, value = call.header("Authorization").partition(" ")
        token = value if scheme.lower() == "bearer" else call.query.get("access_token", "")
        return self._living(token).account

    def exchange(self, call: Call) -> dict[str, Any]:
        """GET /refresh_access_token and /access_token.

        .../instagram-platform/reference/refresh_access_token and .../reference/access_token: GET only
        """
        refresh = call.path.endswith("/refresh_access_token")
        grant = "ig_refresh_token" if refresh else "ig_exchange_token"
        if call.method != "GET" or call.query.get("grant_type") != grant:
            raise GraphError(100, f"Unsupported request: GET with grant_type={grant}")
        token = self._living(call.query.get("access_token", ""))
        now = self._clock()
        if refresh and now - token.issued < _DAY_S:
            raise GraphError(100, "The access token must be at least 24 hours old to be refreshed")
        if not refresh and call.query.get("client_secret") != token.account.app_secret:
            raise GraphError(1, "Error validating client secret.", type="OAuthException")
        fresh = "IGAA" + secrets.token_urlsafe(48)
        with self._lock:
            self._held[fresh] = _Token(token.account, now, now + _TOKEN_S)
        return {"access_token": fresh, "token_type": "bearer", "expires_in": int(_TOKEN_S)}

    def _living(self, value: str) -> _Token:
        with self._lock:
            token = self._held.get(value)
        if token is None:
            raise GraphError(190, "Invalid OAuth access token - Cannot parse access token", type="OAuthException")
        if token.expires is not None and token.expires <= self._clock():
            message = f"Error validating access token: Session has expired on {iso(token.expires)}."
            raise GraphError(190, message, 463, type="OAuthException")
        return token
