"""Clients of AWS, and how a call of theirs fails."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from threading import Lock
from typing import Any, ParamSpec, TypeVar

from botocore.config import Config
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    NoCredentialsError,
    NoRegionError,
    ParamValidationError,
    PartialCredentialsError,
)
from botocore.session import Session, get_session

from chalicelib.aws import short
from chalicelib.connections import tls
from chalicelib.errors import Misconfigured, Retryable

P = ParamSpec("P")
T = TypeVar("T")

# Short: a worker that waits long holds its whole batch. The queue repeats what still fails.
# A user agent of ours, because botocore builds its own twice for each call, a tenth of the call's CPU time.
_TRIES: Any = {"mode": "standard", "total_max_attempts": 3}
CONFIG = Config(connect_timeout=2, read_timeout=5, retries=_TRIES, user_agent="dmdesk")
# The short way is the first of the three.
_SHORTENED = CONFIG.merge(Config(retries=_TRIES | {"total_max_attempts": 2}))

# What a later try may mend, without its service's prefix and the word Exception. Any answer of 429 or 5xx is, too.
# docs.aws.amazon.com/sdkref/latest/guide/feature-retry-behavior.html and each service's API reference, "Common errors"
_PASSING = {
    # too much at once
    "BandwidthLimitExceeded", "EC2Throttled", "KmsThrottled", "KMSThrottling", "LimitExceeded", "OverLimit",
    "ProvisionedThroughputExceeded", "RequestLimitExceeded", "RequestThrottled", "SlowDown", "Throttled", "Throttling",
    "TooManyRequests",
    # the service, or what stands behind it
    "Busy", "IDPCommunicationError", "InternalError", "InternalFailure", "InternalServerError", "InternalServiceError",
    "PriorRequestNotComplete", "RequestTimeout", "ServiceUnavailable",
    # somebody else is at it
    "ConditionalRequestConflict", "OperationAborted", "ReplicatedWriteConflict", "TransactionConflict",
    "TransactionInProgress",
    # the function's own credentials are exchanged for newer ones, or its clock is set
    "ExpiredToken", "RequestExpired", "RequestTimeTooSkewed", "TokenRefreshRequired",
}  # fmt: skip
_REFUSED = {
    "AccessDenied", "AccountProblem", "AllAccessDisabled", "AuthFailure", "IncompleteSignature", "InvalidAccessKeyId",
    "InvalidClientTokenId", "InvalidSecurity", "InvalidSignature", "MissingAuthenticationToken", "NotAuthorized",
    "NotSignedUp", "OptInRequired", "SignatureDoesNotMatch", "UnauthorizedOperation", "UnrecognizedClient",
}  # fmt: skip
_ABSENT = {
    "AuthorizationHeaderMalformed", "InvalidAddress", "InvalidBucketName", "NoSuchBucket", "NonExistentQueue",
    "PermanentRedirect", "QueueDeletedRecently", "QueueDoesNotExist", "ResourceNotFound", "TableNotFound",
}  # fmt: skip
# S3 names KMS' errors with a prefix, Secrets Manager by what it could not do, SQS by "Kms" at the front
_LOCKED = {"DecryptionFailure", "Disabled", "EncryptionFailure", "InvalidKeyUsage", "KeyUnavailable"}
_ADVICE = {
    "refused": "let the function's role do this: terraform/modules/aws/roles.tf has what it needs",
    "absent": "DMDESK_TABLE, DMDESK_BUCKET, DMDESK_…_QUEUE or DMDESK_…_DEAD_LETTERS names what is not in this region: "
    "apply Terraform again, which sets them",
    "locked": "the KMS key is disabled or gone, or its policy does not let the function's role use it (kms:Decrypt, "
    "kms:GenerateDataKey)",
    "alone": "the function has no credentials or no region: give it its role, and AWS_REGION outside of Lambda",
}


# Many threads may use a client, and one at a time may make some.
# docs.aws.amazon.com/boto3/latest/guide/clients.html, "Multithreading or multiprocessing with clients"
_MAKING = Lock()


def client(service: str, config: Config | None = None) -> Any:
    """A client of the AWS service, by default with CONFIG's limits and tries. By botocore: boto3 loads transfers and
    resources, a tenth of a cold start, that nobody here uses."""
    config = config or (_SHORTENED if service in short.SERVICES else CONFIG)
    with _MAKING:
        made = session().create_client(service, config=config)
        _share(made)
        return made


def _share(made: Any) -> None:
    """Gives the client's connections the context of this process, which has read the authorities' certificates:
    botocore reads them anew for each, 15 ms of CPU, ten times where ten conversations are dealt with at once. It offers
    no way in. Where somebody names authorities of their own (AWS_CA_BUNDLE), they are nobody else's."""
    if made.meta.endpoint_url.startswith("https:") and session().get_config_variable("ca_bundle") is None:
        made._endpoint.http_session._manager.connection_pool_kw["ssl_context"] = tls()


@cache
def session() -> Session:
    """What all clients of this process are made by. It reads the environment's credentials once: whoever changes
    those clears it."""
    made = get_session()
    for service in short.SERVICES:
        made.register(f"creating-client-class.{service}", short.shorten)
    return made


def call(work: Callable[P, T], *args: P.args, **named: P.kwargs) -> T:
    """Runs an AWS call. What a later try may mend becomes Retryable, what somebody has to set right Misconfigured;
    an answer (a condition that does not hold, a key that is not there) stays botocore's ClientError."""
    try:
        return work(*args, **named)
    except ClientError as error:
        told = _told(error)
        if told is None:
            raise
        raise told from error
    except (NoCredentialsError, PartialCredentialsError, NoRegionError) as error:
        raise Misconfigured(f"aws: {type(error).__name__}", _ADVICE["alone"]) from error
    except ParamValidationError:  # a mistake of ours, which no later try mends
        raise
    except BotoCoreError as error:
        raise Retryable(f"aws: {type(error).__name__}") from error


class Unmet(Exception):
    """The condition of a write does not hold. `held` is what lies there, where the call asked for it."""

    def __init__(self, held: dict[str, Any]) -> None:
        super().__init__("a condition does not hold")
        self.held = held


def conditional(work: Callable[P, T], *args: P.args, **named: P.kwargs) -> T:
    """As `call`, of a write with a condition. Raises Unmet where that does not hold."""
    try:
        return call(work, *args, **named)
    except ClientError as error:
        if code_of(error) != "ConditionalCheckFailed":
            raise
        answer: dict[str, Any] = dict(error.response)
        raise Unmet(answer.get("Item") or {}) from error


def met(work: Callable[P, object], *args: P.args, **named: P.kwargs) -> bool:
    """As `conditional`, of a write that answers nothing else: whether its condition held, and it was done."""
    try:
        conditional(work, *args, **named)
    except Unmet:
        return False
    return True


def code_of(error: ClientError) -> str:
    """The error's name, without its service's prefix and the word Exception."""
    code = str(error.response.get("Error", {}).get("Code", ""))
    return code.rpartition(".")[2].removesuffix("Exception")


def _told(error: ClientError) -> Retryable | None:
    """What the error means to whoever called; None where it is an answer."""
    code, status = code_of(error), error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    reason = f"aws: {code} at {error.operation_name}"
    if code in _PASSING or status == 429 or status >= 500:
        return Retryable(reason)
    if code in _LOCKED or code.lower().startswith("kms"):
        return Misconfigured(reason, _ADVICE["locked"])
    if code in _REFUSED:
        return Misconfigured(reason, _ADVICE["refused"])
    return Misconfigured(reason, _ADVICE["absent"]) if code in _ABSENT else None
