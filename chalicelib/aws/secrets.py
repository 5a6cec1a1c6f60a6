"""Secrets Manager, read seldom: cached with a lifetime, reloaded early when a secret stops working."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from chalicelib.aws import calls
from chalicelib.aws.calls import call
from chalicelib.errors import Retryable

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager import SecretsManagerClient

LIFETIME_S = 300.0
# A forged signature must not make us ask Secrets Manager each time.
SOONEST_REFRESH_S = 30.0


class SecretStore:
    """Each secret is a JSON object."""

    def __init__(self, clock: Callable[[], float], client: SecretsManagerClient | None = None) -> None:
        self._clock = clock
        self._client: SecretsManagerClient = client or calls.client("secretsmanager")
        self._cache: dict[str, tuple[float, dict[str, Any]]] = {}

    def get(self, name: str) -> dict[str, Any]:
        """The secret's object; {} where it does not exist, has no value yet, or holds no JSON object.

        Raises Retryable where Secrets Manager cannot be reached and nothing is cached.
        """
        cached = self._cache.get(name)
        if cached and self._clock() - cached[0] < LIFETIME_S:
            return cached[1]
        return self._load(name)

    def refresh(self, name: str) -> bool:
        """Loads the secret again, unless it was loaded in the last 30 s. True if it was loaded."""
        cached = self._cache.get(name)
        if cached and abs(self._clock() - cached[0]) < SOONEST_REFRESH_S:
            return False
        self._load(name)
        return True

    def put(self, name: str, value: dict[str, Any]) -> None:
        """Stores the object as the secret's newest version. Raises Retryable after three tries."""
        call(self._client.put_secret_value, SecretId=name, SecretString=json.dumps(value))
        self._cache[name] = (self._clock(), value)

    def _load(self, name: str) -> dict[str, Any]:
        missing = self._client.exceptions.ResourceNotFoundException
        try:
            text = call(self._client.get_secret_value, SecretId=name).get("SecretString", "")
            value = json.loads(text)
        except (missing, ValueError):
            value = {}
        except Retryable:
            if name not in self._cache:
                raise
            return self._cache[name][1]  # an old secret beats an outage
        if not isinstance(value, dict):
            value = {}
        self._cache[name] = (self._clock(), value)
        return value
