"""What the channels' clients have in common."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from chalicelib.channels.base import Secrets
from chalicelib.credentials import token_of
from chalicelib.errors import Misconfigured, Retryable, TokenRefused, Uncertain
from chalicelib.messages import Account

Found = TypeVar("Found")


def access_token(secrets: Secrets, account: Account) -> str:
    """The access token in the account's secret. Raises TokenRefused where there is none, or one that cannot be sent:
    the secret is looked at again, as for a token that the platform refuses."""
    try:
        return token_of(secrets(account.secret), account.secret)
    except Misconfigured as error:
        raise TokenRefused(error.reason, 60, error.advice) from None


def harmless(call: Callable[[], Found]) -> Found:
    """A call that may be repeated whatever became of it: the customer sees nothing of it."""
    try:
        return call()
    except Uncertain as unknown:
        raise Retryable(unknown.reason) from None
