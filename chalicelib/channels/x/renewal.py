"""X's access tokens live two hours, and every renewal brings a new refresh token; the old one is dead by then.

docs.x.com/fundamentals/authentication/oauth-2-0/user-access-token. An account with OAuth 1.0a only renews nothing.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable
from typing import Any
from urllib.parse import quote, urlencode

from chalicelib.credentials import Secret, plain, seconds, trimmed
from chalicelib.errors import RateLimited, Refused, Retryable
from chalicelib.http import Answer, Outgoing
from chalicelib.vocabulary.records import Account

PATH = "/2/oauth2/token"
LIFETIME_S = 7200.0
# Several tries fit into this before the token ends.
MARGIN_S = 3600.0
ADVICE = "have the account's owner authorise the app again, with offline.access"


class XRenewal:
    """POST /2/oauth2/token. Whatever of the secret is not a token stays as it is."""

    every_s = 900.0

    def __init__(self, http: Outgoing, host: str) -> None:
        self._http = http
        self._host = host

    def due(self, account: Account, held: dict[str, Any], now: float) -> bool:
        """Whether the token ends within the hour, or nobody knows when."""
        ends = held.get("expires_at")
        return bool(trimmed(held.get("refresh_token"))) and (not isinstance(ends, int | float) or ends - now < MARGIN_S)

    def renew(self, account: Account, held: dict[str, Any], app: Callable[[], Secret], now: float) -> dict[str, Any]:
        """The secret with its new tokens; see `Renewal.renew`."""
        ours = app()
        client, secret = ours.identifier("client_id"), trimmed(ours.held.get("client_secret"))
        body = {"grant_type": "refresh_token", "refresh_token": Secret(account.secret, held).line("refresh_token")}
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        if secret:  # a confidential client; a public one names itself in the body
            headers["Authorization"] = f"Basic {_basic(client, secret)}"
        else:
            body["client_id"] = client
        answer = self._http.post(self._host + PATH, headers=headers, body=urlencode(body).encode())
        new = _tokens(answer.json(), held, now, answer.status == 200)
        if not new:
            raise _no(answer)
        return {**held, **new}


def _basic(client: str, secret: str) -> str:
    """RFC 6749, section 2.3.1: each half is form-encoded first."""
    return b64encode(f"{quote(client, safe='')}:{quote(secret, safe='')}".encode()).decode()


def _tokens(told: object, held: dict[str, Any], now: float, granted: bool) -> dict[str, Any]:
    """The tokens that an answer gives, and what it says of them; {} where it gives none. One that is `granted` may be
    the one that is held; else only a new one counts, as a refusal may repeat what it refuses."""
    part = told if isinstance(told, dict) else {}
    new: dict[str, Any] = {
        name: token
        for name in ("access_token", "refresh_token")
        if plain(token := trimmed(part.get(name))) and (granted or token != trimmed(held.get(name)))
    }
    if "access_token" in new:
        new |= {"renewed_at": now, "expires_at": now + seconds(part.get("expires_in"), LIFETIME_S)}
        new |= {"scope": part["scope"]} if isinstance(part.get("scope"), str) else {}
    return new


def _no(answer: Answer) -> Exception:
    """What an answer without tokens means: RFC 6749, section 5.2."""
    told = answer.json()
    error = told.get("error") if isinstance(told, dict) else None
    detail = f"X refuses to renew the token: {str(error)[:40]}, HTTP {answer.status}"
    if answer.status == 429:
        return RateLimited(detail, answer.retry_after_s())
    if answer.status >= 500:
        return Retryable(detail)
    return Refused("account_disconnected", f"{detail}; {ADVICE}")


def open_renewal(http: Outgoing, url: Callable[[str], str]) -> XRenewal:
    """With the base URL from settings."""
    return XRenewal(http, url("x_api"))
