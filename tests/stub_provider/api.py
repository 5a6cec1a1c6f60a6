"""The provider's HTTP side: its gateway, its pool of tokens, the calls it starts with."""

from __future__ import annotations

import itertools
import os
import threading
from collections.abc import Mapping
from typing import Any

import requests

TIMEOUT_S = 30
_LOCAL = ("127.0.0.1", "localhost")


class ApiFailure(Exception):
    """The API said no; `status` is 0 where the configuration keeps us from asking at all."""

    def __init__(self, status: int, words: str) -> None:
        super().__init__(words)
        self.status = status


class Api:
    """Connected when made. Raises ApiFailure for a configuration or an organisation that cannot work."""

    def __init__(self, config: Mapping[str, Any], environment: Mapping[str, str] = os.environ) -> None:
        def given(name: str, variable: str) -> str:
            return str(config.get(name) or environment.get(f"GENESYSCLOUD_{variable}") or "")

        self._url = _gateway(config, environment)
        token = given("access_token", "ACCESS_TOKEN")
        if token:
            tokens = [token]
        else:
            client = given("oauthclient_id", "OAUTHCLIENT_ID"), given("oauthclient_secret", "OAUTHCLIENT_SECRET")
            if not all(client):
                raise ApiFailure(0, "set oauthclient_id and oauthclient_secret, or access_token")
            # one for the start and one for each client of the pool
            pool = int(given("token_pool_size", "TOKEN_POOL_SIZE") or 10)
            tokens = [self._login(*client) for _ in range(pool + 1)]
        self._tokens = itertools.cycle(tokens)
        self._lock = threading.Lock()
        if "defaultCountryCode" not in self.call("GET", "/api/v2/organizations/me"):
            raise ApiFailure(0, "organizations/me without defaultCountryCode: the real provider panics")
        products = self.call("GET", "/api/v2/authorization/products")
        if "total" not in products or "entities" not in products:
            raise ApiFailure(0, "authorization/products without total and entities: the real provider panics")

    def call(self, method: str, path: str, body: Any = None, query: Mapping[str, str] | None = None) -> Any:
        """The answer's JSON, {} where it is empty. ApiFailure for any answer but 2xx."""
        with self._lock:
            headers = {"Authorization": f"Bearer {next(self._tokens)}"}
        answer = requests.request(method, self._url + path, json=body, params=query, headers=headers, timeout=TIMEOUT_S)
        return _checked(answer, f"{method} {path}")

    def upload(self, url: str, text: str, headers: Mapping[str, str]) -> None:
        """PUTs a file to the absolute URL that the API gave."""
        answer = requests.put(url, data=text.encode(), headers=dict(headers), timeout=TIMEOUT_S)
        if answer.status_code != 200:
            raise ApiFailure(answer.status_code, f"the upload was answered {answer.status_code}")

    def _login(self, client: str, secret: str) -> str:
        form = {"grant_type": "client_credentials"}
        answer = requests.post(f"{self._url}/oauth/token", data=form, auth=(client, secret), timeout=TIMEOUT_S)
        return str(_checked(answer, "POST /oauth/token")["access_token"])


def _gateway(config: Mapping[str, Any], environment: Mapping[str, str]) -> str:
    blocks = config.get("gateway") or []
    if not blocks:
        raise ApiFailure(0, "this stand-in has no network: point it at a simulator with a gateway block")

    def given(name: str, default: str) -> str:
        # the environment counts inside the block only
        return str(blocks[0].get(name) or environment.get(f"GENESYSCLOUD_GATEWAY_{name.upper()}") or default)

    host, port = given("host", ""), given("port", "")
    if host not in _LOCAL:
        raise ApiFailure(0, f"this stand-in talks to 127.0.0.1 only, not to {host!r}")
    return f"{given('protocol', 'https')}://{host}" + (f":{port}" if port else "")


def _checked(answer: requests.Response, what: str) -> Any:
    if not answer.ok:
        raise ApiFailure(answer.status_code, f"{what}: {answer.status_code} {answer.text[:500]}")
    return answer.json() if answer.content else {}
