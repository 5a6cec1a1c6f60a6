"""Clients of AWS, and how a call of theirs fails."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any, ParamSpec, TypeVar

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from botocore.session import Session, get_session

from chalicelib.errors import Retryable

P = ParamSpec("P")
T = TypeVar("T")

# Short: a worker that waits long holds its whole batch. The queue repeats what still fails.
# A user agent of ours, because botocore builds its own twice for each call, a tenth of the call's CPU time.
CONFIG = Config(connect_timeout=2, read_timeout=5, retries={"mode": "standard", "max_attempts": 3}, user_agent="dmdesk")

_PASSING = {
    "ProvisionedThroughputExceededException", "ThrottlingException", "Throttling", "RequestLimitExceeded",
    "RequestThrottled", "SlowDown", "InternalServerError", "InternalError", "ServiceUnavailable",
    "InternalServiceError", "TransactionConflictException", "TransactionInProgressException",
}  # fmt: skip


def client(service: str, config: Config = CONFIG) -> Any:
    """A client of the AWS service. Made by botocore: boto3 loads transfers and resources, a tenth of a cold start,
    that nobody here uses."""
    return _session().create_client(service, config=config)


@cache
def _session() -> Session:
    return get_session()


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
