"""How X is called in an account's name: the token or the signature, the limits, and what the answer means."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import quote, urlencode

import msgspec

from chalicelib.channels.x import oauth1
from chalicelib.channels.x.limits import Limits
from chalicelib.channels.x.problems import judged
from chalicelib.credentials import Secret, Secrets, trimmed
from chalicelib.errors import Misconfigured, RateLimited
from chalicelib.http import Answer, Outgoing
from chalicelib.protocols.calls import access_token, harmless
from chalicelib.protocols.memory import Memory
from chalicelib.protocols.verdicts import Act
from chalicelib.vocabulary.records import Account

JSON = "application/json"


class Api:
    """Every call has a `route`, a short name under which its limit is kept (limits.py). All calls raise as
    `judged` does, and Throttled, where nothing was sent."""

    def __init__(
        self,
        http: Outgoing,
        secrets: Secrets,
        setting: Callable[[str], str],
        memory: Memory,
        clock: Callable[[], float],
    ) -> None:
        self._http = http
        self.secrets = secrets
        self.host = setting("x_api")
        self._app = setting("x_secret")
        self._limits = Limits(memory, clock)
        self._clock = clock

    def get(
        self,
        act: Act,
        account: Account,
        route: str,
        path: str,
        query: Mapping[str, str] | None = None,
        read_s: float | None = None,
    ) -> dict[str, Any]:
        """The whole answer to a question, which may be asked again: never raises Uncertain."""
        url, asked = self.host + path, query or {}
        headers = self.authorization(account, "GET", url, asked)
        whole = f"{url}?{urlencode(asked, quote_via=quote, safe=',')}" if asked else url
        return harmless(
            lambda: self._judged(act, account, route, lambda: self._http.get(whole, headers=headers, read_s=read_s))
        )

    def post(
        self,
        act: Act,
        account: Account,
        route: str,
        path: str,
        body: Mapping[str, Any] | bytes = b"",
        kind: str = JSON,
        read_s: float | None = None,
    ) -> dict[str, Any]:
        """The whole answer to what was sent: an object as JSON, or bytes of that `kind`."""
        url, data = self.host + path, body if isinstance(body, bytes) else msgspec.json.encode(body)
        headers = self.authorization(account, "POST", url, {}) | ({"Content-Type": kind} if data else {})
        return self._judged(
            act, account, route, lambda: self._http.post(url, headers=headers, body=data, read_s=read_s)
        )

    def authorization(self, account: Account, method: str, url: str, query: Mapping[str, str]) -> dict[str, str]:
        """The header that proves whose call it is: by OAuth 2.0, else 1.0a. Raises Misconfigured."""
        held = self.secrets(account.secret)
        if not trimmed(held.get("access_token")) and self.signs(account):
            return self.signed(account, method, url, query)
        return self.bearer(account)

    def bearer(self, account: Account) -> dict[str, str]:
        """The header by OAuth 2.0. Raises Misconfigured."""
        return {"Authorization": f"Bearer {access_token(self.secrets, account)}"}

    def signs(self, account: Account) -> bool:
        """Whether the account has keys of OAuth 1.0a."""
        return bool(self.secrets(account.secret).get("oauth1"))

    def signed(self, account: Account, method: str, url: str, query: Mapping[str, str]) -> dict[str, str]:
        """The header by OAuth 1.0a. Raises Misconfigured."""
        held, app = self.secrets(account.secret).get("oauth1"), Secret(self._app, self.secrets(self._app))
        if not isinstance(held, dict):
            shape = '{"oauth1": {"token": "…", "token_secret": "…"}}'
            raise Misconfigured(f"the secret {account.secret} holds no keys", f"store {shape} in {account.secret}")
        ours = Secret(account.secret, held)
        keys = oauth1.Keys(
            consumer=app.line("consumer_key"),
            consumer_secret=app.first("secrets"),
            token=ours.line("token"),
            token_secret=ours.line("token_secret"),
        )
        return {"Authorization": oauth1.authorization(method, url, query, keys, self._clock())}

    def _judged(self, act: Act, account: Account, route: str, call: Callable[[], Answer]) -> dict[str, Any]:
        self._limits.ready(account, route)
        answer = call()
        self._limits.heed(account, route, answer)
        try:
            return judged(answer, act)
        except RateLimited as limited:
            self._limits.met(account, route, limited)
