"""What the channels' clients have in common: the account's token, and answers that are not the platform's own words."""

from __future__ import annotations

from collections.abc import Callable
from typing import NoReturn, TypeVar

from chalicelib.channels.base import Secrets
from chalicelib.errors import RateLimited, Refused, Retryable, TokenRefused, Uncertain
from chalicelib.http import Answer
from chalicelib.messages import Account

Found = TypeVar("Found")

# Who answers so has not carried the call out, and takes it later: RFC 9110 sections 15.5.9 and 15.5.20, RFC 8470
# section 5.2. So does a 503 that names a time (RFC 9110 section 15.6.4); without one it may come from a proxy whose
# own caller had the call.
PASSING = frozenset({408, 421, 425})


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


def check_status(status: int, detail: str, wait_s: float | None) -> None:
    """Raises where the HTTP status alone says that the call was not carried out and may come again, after `wait_s`
    where the platform tells."""
    if status == 429:
        raise RateLimited(detail, wait_s)
    if status in PASSING or (status == 503 and wait_s is not None):
        raise Retryable(detail, wait_s)


def raise_unread(answer: Answer) -> NoReturn:
    """Raises what an answer means that holds neither a result nor an error of the platform's: a gateway's page, an
    empty body, a list. Unless its status tells that nothing was done, nobody knows."""
    status, wait_s = answer.status, answer.retry_after_s()
    detail = f"HTTP {status} that tells nothing"
    check_status(status, detail, wait_s)
    if status == 401:
        raise TokenRefused(detail, 60)
    if status == 403:  # a gateway that lets nobody through; the platforms give their reasons
        raise Retryable(detail, wait_s)
    if status == 413:  # only a file makes a call that large
        raise Refused("media_too_big", detail)
    raise Uncertain(detail)
