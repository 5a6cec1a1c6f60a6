"""Who may call the simulated Genesys Cloud API, and how often."""

from __future__ import annotations

import base64
import hmac
import math
import secrets
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import parse_qs

from sandbox.simulators.genesys.schema import ApiError
from sandbox.stage.web import Call

_MINUTE_S = 60.0


@dataclass
class _Token:
    client: str
    expires: float
    calls: deque[float] = field(default_factory=deque)


class Access:
    """OAuth clients (id to secret and token lifetime in seconds), their tokens, and each token's rate."""

    def __init__(self, clock: Callable[[], float], calls_per_minute: int) -> None:
        self.clients: dict[str, tuple[str, float]] = {}
        self._clock, self._calls_per_minute = clock, calls_per_minute
        self._tokens: dict[str, _Token] = {}
        self._lock = threading.Lock()

    def forget_calls(self) -> None:
        with self._lock:
            for token in self._tokens.values():
                token.calls.clear()

    def login(self, call: Call) -> tuple[int, dict[str, object]]:
        """Answer POST /oauth/token: status and body, by RFC 6749 sections 4.4 and 5.2."""
        client = _basic(call.header("Authorization"))
        if client is None:
            return _refused(400, "invalid_request", "use HTTP Basic authentication")
        secret, ttl_s = self.clients.get(client[0], ("", 0.0))
        if not secret or not hmac.compare_digest(secret.encode(), client[1].encode()):
            return _refused(401, "invalid_client", "unknown client or wrong secret")
        form = parse_qs(call.body.decode("utf-8", "replace"))
        if form.get("grant_type") != ["client_credentials"]:
            return _refused(400, "unsupported_grant_type", "use client_credentials")
        token = secrets.token_urlsafe(48)
        with self._lock:
            self._tokens[token] = _Token(client[0], self._clock() + ttl_s)
        return 200, {"access_token": token, "token_type": "bearer", "expires_in": int(ttl_s)}

    def authorise(self, call: Call) -> str:
        """Let an API call pass and count it; answers whose token it is.

        ApiError 401 without a living token, 429 after too many.
        """
        scheme, _, value = call.header("Authorization").partition(" ")
        if scheme.lower() != "bearer" or not value:
            raise ApiError(401, "authentication.required", "No authentication bearer token specified.")
        with self._lock:
            now = self._clock()
            token = self._tokens.get(value)
            if token is None or token.expires <= now:
                raise ApiError(401, "bad.credentials", "Invalid login credentials.")
            self._count(token.calls, now)
            return token.client

    def _count(self, calls: deque[float], now: float) -> None:
        # developer.genesys.cloud/organization/organization/limits: client.credentials.token.rate.per.minute
        while calls and not now - _MINUTE_S < calls[0] <= now:
            calls.popleft()
        if len(calls) >= self._calls_per_minute:
            wait_s = max(1, math.ceil(calls[0] + _MINUTE_S - now))
            limit = f"the maximum [{self._calls_per_minute}] requests within [60] seconds"
            raise ApiError(429, "too.many.requests", f"Rate limit exceeded {limit}.", wait_s)
        calls.append(now)


def _basic(header: str) -> tuple[str, str] | None:
    scheme, _, value = header.partition(" ")
    try:
        user, colon, password = base64.b64decode(value, validate=True).decode().partition(":")
    except ValueError:
        return None
    return (user, password) if scheme.lower() == "basic" and colon else None


def _refused(status: int, error: str, description: str) -> tuple[int, dict[str, object]]:
    return status, {"error": error, "error_description": description}
