"""How an AWS call fails."""

from __future__ import annotations

from collections.abc import Callable
from typing import ParamSpec, TypeVar

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.errors import Retryable

P = ParamSpec("P")
T = TypeVar("T")

# Short: a worker that waits long holds its whole batch. The queue repeats what still fails.
CONFIG = Config(connect_timeout=2, read_timeout=5, retries={"mode": "standard", "max_attempts": 3})

_PASSING = {
    "ProvisionedThroughputExceededException", "ThrottlingException", "Throttling", "RequestLimitExceeded",
    "RequestThrottled", "SlowDown", "InternalServerError", "InternalError", "ServiceUnavailable",
    "InternalServiceError", "TransactionConflictException", "TransactionInProgressException",
}  # fmt: skip


def call(work: Callable[P, T], *args: P.args, **named: P.kwargs) -> T:
    """Runs an AWS call; what a later try may mend becomes Retryable."""
    try:
        return work(*args, **named)
    except ClientError as error:
        if error.response["Error"]["Code"] in _PASSING:
            raise Retryable(f"aws: {error.response['Error']['Code']}") from error
        raise
    except BotoCoreError as error:
        raise Retryable(f"aws: {type(error).__name__}") from error
