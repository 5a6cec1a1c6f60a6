"""What the channels' clients have in common."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from chalicelib.credentials import Secrets, token_of
from chalicelib.errors import Retryable, Uncertain
from chalicelib.vocabulary.records import Account

Found = TypeVar("Found")


def access_token(secrets: Secrets, account: Account) -> str:
    """The access token in the account's secret. Raises Misconfigured where there is none, or none that can be sent."""
    return token_of(secrets(account.secret), account.secret)


def harmless(call: Callable[[], Found]) -> Found:
    """A call that may be repeated whatever became of it: the customer sees nothing of it."""
    try:
        return call()
    except Uncertain as unknown:
        raise Retryable(unknown.reason) from None
