"""A simulated X's app and accounts: who calls, with which token, and what they may.

Source: docs.x.com/fundamentals/authentication (OAuth 2.0 authorization-code, OAuth 1.0a creating-a-signature).
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple
from urllib.parse import parse_qsl, quote, unquote

from sandbox.simulators.x.schema import RefreshForm, XError, convert, forbidden, problem, unauthorized
from sandbox.stage.web import Call

ACCESS_S = 7200
_SKEW_S = 300.0  # of an OAuth 1.0a timestamp; how much X allows is not documented
ALL_SCOPES = ("tweet.read", "users.read", "dm.read", "dm.write", "media.write", "offline.access")

Way = Literal["app", "oauth2", "oauth1"]
_CALLED = {
    "app": "OAuth 2.0 Application-Only", "oauth2": "OAuth 2.0 User Context", "oauth1": "OAuth 1.0a User Context",
}  # fmt: skip
USER: tuple[Way, ...] = ("oauth2", "oauth1")


class App(NamedTuple):
    """The developer's app; `client_secret` is "" where it is a public client."""

    id: str
    consumer_key: str
    consumer_secret: str
    client_id: str
    client_secret: str
    bearer_token: str


@dataclass
class Account:
    """A brand's account that authorised the app."""

    id: str
    username: str
    refresh_token: str
    scopes: tuple[str, ...] = ALL_SCOPES
    token: str = ""  # of OAuth 1.0a, with its secret
    token_secret: str = ""
    access_tokens: dict[str, float] = field(default_factory=dict)  # each with its end, epoch seconds


class Caller(NamedTuple):
    """`account` is None where the app calls for itself."""

    way: Way
    account: Account | None

    @property
    def user(self) -> Account:
        """For whom it calls; whoever asks has made sure that it does."""
        if self.account is None:
            raise unauthorized()
        return self.account


@dataclass
class Access:
    """`clock` in epoch seconds."""

    app: App
    clock: Callable[[], float]
    accounts: dict[str, Account] = field(default_factory=dict)
    _nonces: set[tuple[str, str]] = field(default_factory=set)

    def connect(self, account: Account, access_token: str) -> None:
        """The account's tokens are fresh."""
        account.access_tokens[access_token] = self.clock() + ACCESS_S
        self.accounts[account.id] = account

    def revoke(self, account: Account) -> None:
        """Its owner takes the app's rights away."""
        account.access_tokens.clear()
        account.refresh_token = account.token = ""

    def caller(self, call: Call, url: str, ways: Iterable[Way], scopes: Iterable[str]) -> Caller:
        """Who calls. XError where nobody does, or they may not."""
        found = self._found(call, url)
        if found.way not in ways:
            allowed = ", ".join(_CALLED[way] for way in ways)
            detail = (
                f"Authenticating with {_CALLED[found.way]} is forbidden for this endpoint.  "
                f"Supported authentication types are [{allowed}]."
            )
            title = "Unsupported Authentication"
            raise problem(403, detail, kind="unsupported-authentication", title=title)
        if found.way == "oauth2" and not set(scopes) <= set(found.user.scopes):
            raise forbidden()  # with which words a missing scope is told is not documented
        return found

    def _found(self, call: Call, url: str) -> Caller:
        kind, _, given = call.header("Authorization").partition(" ")
        if kind == "OAuth":
            return Caller("oauth1", self._signer(call, url, given))
        if kind != "Bearer" or not given:
            raise unauthorized()
        if hmac.compare_digest(given.encode(), self.app.bearer_token.encode()):
            return Caller("app", None)
        for account in self.accounts.values():
            if account.access_tokens.get(given, 0.0) > self.clock():
                return Caller("oauth2", account)
        raise unauthorized()

    def _signer(self, call: Call, url: str, given: str) -> Account:
        pairs = (one.strip().partition("=") for one in given.split(","))
        said = {name: unquote(value.strip('"')) for name, _, value in pairs}
        signature = said.pop("oauth_signature", "")
        named = [one for one in self.accounts.values() if one.token and one.token == said.get("oauth_token")]
        account = next(iter(named), None)
        stamp = said.get("oauth_timestamp", "")
        once = (stamp, said.get("oauth_nonce", ""))
        fresh = stamp.isdigit() and abs(int(stamp) - self.clock()) <= _SKEW_S and once[1] and once not in self._nonces
        known = (said.get("oauth_consumer_key"), said.get("oauth_signature_method"), said.get("oauth_version", "1.0"))
        if account is None or not fresh or known != (self.app.consumer_key, "HMAC-SHA1", "1.0"):
            raise unauthorized()
        expected = _signature(call, url, said, self.app.consumer_secret, account.token_secret)
        if not hmac.compare_digest(signature.encode(), expected.encode()):
            raise unauthorized()
        self._nonces.add(once)
        return account

    # --- OAuth 2.0

    def refresh(self, call: Call) -> dict[str, Any]:
        """POST /2/oauth2/token: the refresh token is good once."""
        form = convert(dict(parse_qsl(call.body.decode("utf-8", "replace"))), RefreshForm)
        self._client(call, form)
        for account in self.accounts.values():
            if account.refresh_token and account.refresh_token == form.refresh_token:
                return self._renewed(account)
        raise _oauth_error(400, "invalid_request", "Value passed for the token was invalid.")

    def _client(self, call: Call, form: RefreshForm) -> None:
        """A confidential client authenticates by its secret, a public one by its name."""
        if self.app.client_secret:
            given = base64.b64encode(f"{self.app.client_id}:{self.app.client_secret}".encode()).decode()
            if call.header("Authorization") != f"Basic {given}":
                raise _oauth_error(401, "unauthorized_client", "Missing valid authorization header")
        elif form.client_id != self.app.client_id:
            raise _oauth_error(400, "invalid_request", "Value passed for the client_id was invalid.")

    def _renewed(self, account: Account) -> dict[str, Any]:
        access_token = secrets.token_urlsafe(48)
        account.access_tokens[access_token] = self.clock() + ACCESS_S
        account.refresh_token = secrets.token_urlsafe(48)
        return {
            "token_type": "bearer",
            "expires_in": ACCESS_S,
            "access_token": access_token,
            "scope": " ".join(account.scopes),
            "refresh_token": account.refresh_token,
        }


def _oauth_error(status: int, error: str, description: str) -> XError:
    return XError(status, {"error": error, "error_description": description})


def _signature(call: Call, url: str, said: dict[str, str], consumer_secret: str, token_secret: str) -> str:
    """HMAC-SHA1 over method, address and parameters; those of a form count, a JSON or multipart body does not."""
    pairs = [*said.items(), *call.query.items()]
    if call.header("Content-Type").startswith("application/x-www-form-urlencoded"):
        pairs += parse_qsl(call.body.decode(), keep_blank_values=True)
    pairs = [(name, value) for name, value in pairs if name != "realm"]
    quoted = sorted((_quoted(name), _quoted(value)) for name, value in pairs)
    told = "&".join(f"{name}={value}" for name, value in quoted)
    base = "&".join((call.method, _quoted(url + quote(call.path)), _quoted(told)))
    key = f"{_quoted(consumer_secret)}&{_quoted(token_secret)}"
    return base64.b64encode(hmac.new(key.encode(), base.encode(), hashlib.sha1).digest()).decode()


def _quoted(text: str) -> str:
    return quote(text, safe="-._~")
