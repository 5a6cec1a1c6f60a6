"""Tokens of Genesys Cloud's OAuth clients (client credentials).

One token may make 300 calls a minute, so several clients may be configured; a conversation always uses
the same one. developer.genesys.cloud/organization/organization/limits
"""

from __future__ import annotations

import base64
from collections.abc import Callable

from chalicelib.credentials import Secret, Secrets, plain, seconds, trimmed
from chalicelib.errors import Misconfigured, Retryable, Uncertain, Unreachable, Waiting
from chalicelib.http import Answer, Outgoing
from chalicelib.sharing import Shared
from chalicelib.wire import digest

# A token is not used in its last minute: the call it serves takes time, and clocks differ.
MARGIN_S = 60.0
# The least that can be set for a client: help.genesys.cloud, "Create an OAuth client"
SHORTEST_S = 300.0
# The limit counts by the minute.
RATE_LIMIT_S = 60.0
# How the login refuses a client or its secret.
_UNKNOWN = frozenset({400, 401, 403})


class Tokens:
    """Kept per container until they expire; no refresh token exists, a new one is asked for."""

    def __init__(
        self,
        http: Outgoing,
        secrets: Secrets,
        secret_name: str,
        login_url: str,
        clock: Callable[[], float],
        refresh: Callable[[str], bool] = lambda name: False,
    ) -> None:
        """The secret holds `{"clients": [{"id", "secret"}, …]}`. `refresh` loads a secret again, and answers whether
        it did."""
        self._http = http
        self._secrets = secrets
        self._refresh = refresh
        self._secret_name = secret_name
        self._login_url = login_url
        self._clock = clock
        self._tokens: dict[str, tuple[str, float]] = {}
        self._blocked: dict[str, float] = {}
        self._waits: dict[str, float] = {}
        self._asking: dict[str, Shared[str]] = {}
        self._read: tuple[object, dict[str, str]] = (None, {})

    def client_for(self, conversation: str) -> str:
        """The OAuth client's id that serves this conversation. Raises Misconfigured where none is configured."""
        clients = self._clients()
        return sorted(clients)[int(digest(conversation)[:8], 16) % len(clients)]

    def token(self, client: str) -> str:
        """A valid token. Raises Retryable where Genesys gives none (Unreachable where it is away), Waiting where the
        client is at its limit, Misconfigured where Genesys does not know the client."""
        wait = self._rests_s(client)
        if wait > 0:
            raise Waiting("Genesys rate limit, waiting", wait)
        return self._valid(client) or self._asking.setdefault(client, Shared())(
            lambda: self._valid(client) or self._ask(client)
        )

    def _valid(self, client: str) -> str:
        token, expires = self._tokens.get(client, ("", 0.0))
        return token if self._clock() < expires else ""

    def forget(self, client: str, token: str) -> None:
        """Genesys refused this token: the next call asks for a new one."""
        held = self._tokens.get(client, ("", 0.0))
        if held[0] == token:  # and not one that another thread has asked for since
            self._tokens[client] = ("", 0.0)

    def block(self, client: str, asked_s: float | None) -> float:
        """Genesys answered 429 and asked for so long (None: it did not say). Answers how long no call is made with
        this client, so that none is wasted: what was asked for, or twice the last wait, up to a minute, while one 429
        follows another. Of calls that were made beside each other all but the first learn nothing new."""
        left_s, asked_s = self._rests_s(client), RATE_LIMIT_S if asked_s is None else asked_s
        if left_s > 0:
            wait = max(left_s, asked_s)
        else:
            wait = max(1.0, min(RATE_LIMIT_S, 2 * self._waits.get(client, 0.0)), asked_s)
            self._waits[client] = wait
        self._blocked[client] = self._clock() + wait
        return wait

    def passed(self, client: str) -> None:
        """Genesys answered otherwise than by 429."""
        if client in self._waits and self._rests_s(client) <= 0:  # else it was asked before the one that was refused
            self._waits.pop(client, None)

    def _rests_s(self, client: str) -> float:
        return self._blocked.get(client, 0.0) - self._clock()

    def _clients(self) -> dict[str, str]:
        """Each client's secret by its id, of the secret as it is stored now where the cached one has none.
        Raises Misconfigured where there is none."""
        try:
            return self._listed()
        except Misconfigured:
            if not self._refresh(self._secret_name):
                raise
            return self._listed()

    def _listed(self) -> dict[str, str]:
        """What the secret lists; a client that cannot be read leaves the work to the others. Raises Misconfigured."""
        listed = self._secrets(self._secret_name).get("clients")
        known, clients = self._read
        if listed is known and clients:
            return clients
        clients = {}
        wrong = f"the secret {self._secret_name} lists no OAuth client under clients"
        for number, entry in enumerate(listed if isinstance(listed, list) else []):
            client = Secret(f"{self._secret_name}, clients[{number}],", entry if isinstance(entry, dict) else {})
            try:
                clients[client.identifier("id")] = client.line("secret")
            except Misconfigured as error:
                wrong = error.reason
        if not clients:
            shape = '{"clients": [{"id": "…", "secret": "…"}]}'
            raise Misconfigured(
                wrong, f"store {shape} in the secret {self._secret_name}, as Admin > Integrations > OAuth has it"
            )
        self._read = (listed, clients)
        return clients

    def _ask(self, client: str) -> str:
        secret = self._clients().get(client, "")
        answer = self._login(client, secret)
        if answer.status in _UNKNOWN:
            self._refresh(self._secret_name)  # which another thread may have done since
            newer = self._clients().get(client, "")
            answer = self._login(client, newer) if newer not in {"", secret} else answer
        if answer.status in _UNKNOWN:
            raise Misconfigured(
                f"Genesys login refuses the OAuth client {client} (HTTP {answer.status})",
                f"compare it with Admin > Integrations > OAuth and the secret {self._secret_name}",
            )
        body = answer.json()
        body = body if isinstance(body, dict) else {}
        token = trimmed(body.get("access_token"))
        if answer.status >= 500:
            raise Unreachable(f"Genesys login: HTTP {answer.status}", answer.retry_after_s())
        if answer.status != 200 or not plain(token):
            raise Retryable(f"Genesys login: HTTP {answer.status}", answer.retry_after_s())
        lifetime = seconds(body.get("expires_in"), SHORTEST_S)
        self._tokens[client] = (token, self._clock() + max(0.0, lifetime - MARGIN_S))
        return token

    def _login(self, client: str, secret: str) -> Answer:
        basic = base64.b64encode(f"{client}:{secret}".encode()).decode()
        try:
            return self._http.post(
                f"{self._login_url}/oauth/token",
                headers={
                    "Authorization": f"Basic {basic}",
                    "Content-Type": "application/x-www-form-urlencoded",
                },
                body=b"grant_type=client_credentials",
            )
        except Misconfigured:
            raise
        except (Retryable, Uncertain) as error:  # asking twice harms nobody
            raise Unreachable(f"Genesys login: {error.reason}") from error
