"""What the channels' clients have in common."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from chalicelib.channels.base import Secrets
from chalicelib.errors import Retryable, TokenRefused, Uncertain
from chalicelib.messages import Account

Found = TypeVar("Found")


def access_token(secrets: Secrets, account: Account) -> str:
    """The access token in the account's secret. Raises TokenRefused where there is none."""
    token = secrets(account.secret).get("access_token")
    if not isinstance(token, str) or not token:
        raise TokenRefused(f"the secret {account.secret} holds no access_token", 60)
    return token


def harmless(call: Callable[[], Found]) -> Found:
    """A call that may be repeated whatever became of it: the customer sees nothing of it."""
    try:
        return call()
    except Uncertain as unknown:
        raise Retryable(unknown.reason) from None
