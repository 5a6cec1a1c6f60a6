"""How a call of AWS fails: what passes, what somebody has to set right, and what is an answer."""

from __future__ import annotations

from typing import Any

import pytest
from botocore import exceptions as botocore
from botocore.exceptions import ClientError

from chalicelib.aws.calls import call
from chalicelib.errors import Misconfigured, Retryable


def failing(code: str, status: int = 400, operation: str = "PutItem") -> Any:
    told: Any = {"Error": {"Code": code, "Message": "words"}, "ResponseMetadata": {"HTTPStatusCode": status}}

    def work() -> None:
        raise ClientError(told, operation)

    return work


def raised(work: Any) -> Exception:
    try:
        call(work)
    except Exception as error:
        return error
    raise AssertionError("nothing was raised")


PASSING = [
    # DynamoDB, SQS, S3, Secrets Manager and KMS, as their API references spell them
    "ProvisionedThroughputExceededException", "ThrottlingException", "Throttling", "RequestLimitExceeded",
    "RequestThrottled", "RequestThrottledException", "ThrottledException", "TooManyRequestsException", "SlowDown",
    "KmsThrottled", "KMS.ThrottlingException", "KMSThrottlingException", "LimitExceededException", "OverLimit",
    "AWS.SimpleQueueService.ThrottlingException", "InternalServerError", "InternalError", "InternalFailure",
    "InternalServiceError", "InternalServiceErrorException", "ServiceUnavailable", "RequestTimeout",
    "RequestTimeoutException", "IDPCommunicationError", "TransactionConflictException",
    "TransactionInProgressException", "ReplicatedWriteConflictException", "OperationAborted", "ExpiredToken",
    "ExpiredTokenException", "RequestExpired", "RequestTimeTooSkewed",
]  # fmt: skip


@pytest.mark.parametrize("code", PASSING)
def test_what_passes_is_worth_a_retry(code: str) -> None:
    told = raised(failing(code))
    assert type(told) is Retryable
    assert "PutItem" in told.reason


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504, 599])
@pytest.mark.parametrize("code", ["NobodyKnowsThis", "", "503", "AccessDenied"])
def test_a_service_that_is_down_passes_whatever_it_says(code: str, status: int) -> None:
    assert type(raised(failing(code, status))) is Retryable


@pytest.mark.parametrize(
    ("code", "says"),
    [
        ("AccessDenied", "roles.tf"), ("AccessDeniedException", "roles.tf"), ("InvalidClientTokenId", "roles.tf"),
        ("UnrecognizedClientException", "roles.tf"), ("SignatureDoesNotMatch", "roles.tf"),
        ("ResourceNotFoundException", "DMDESK_TABLE"), ("NoSuchBucket", "DMDESK_BUCKET"),
        ("AWS.SimpleQueueService.NonExistentQueue", "DMDESK_…_QUEUE"), ("QueueDoesNotExist", "DMDESK_…_QUEUE"),
        ("PermanentRedirect", "DMDESK_BUCKET"), ("KmsDisabled", "KMS key"), ("KmsNotFound", "KMS key"),
        ("KMS.DisabledException", "KMS key"), ("KMSInvalidStateException", "KMS key"), ("DecryptionFailure", "KMS key"),
        ("EncryptionFailure", "KMS key"), ("KmsAccessDenied", "KMS key"),
    ],
)  # fmt: skip
def test_what_somebody_has_to_set_right_says_what(code: str, says: str) -> None:
    told = raised(failing(code, operation="SendMessageBatch"))
    assert isinstance(told, Misconfigured)
    assert says in told.advice
    assert "SendMessageBatch" in told.reason


@pytest.mark.parametrize(
    "code",
    [
        "ConditionalCheckFailedException", "TransactionCanceledException", "NoSuchKey", "404", "403",
        "ValidationException", "InvalidMessageContents",
    ],
)  # fmt: skip
def test_an_answer_stays_an_answer(code: str) -> None:
    assert isinstance(raised(failing(code)), ClientError)


def test_an_error_without_any_form_stays_one() -> None:
    told: Any = {}

    def work() -> None:
        raise ClientError(told, "PutItem")

    assert isinstance(raised(work), ClientError)


@pytest.mark.parametrize(
    "error",
    [
        botocore.EndpointConnectionError(endpoint_url="x"), botocore.ConnectTimeoutError(endpoint_url="x"),
        botocore.ReadTimeoutError(endpoint_url="x"), botocore.ConnectionClosedError(endpoint_url="x"),
        botocore.SSLError(endpoint_url="x", error=OSError()), botocore.ResponseStreamingError(error="x"),
        botocore.IncompleteReadError(actual_bytes=1, expected_bytes=2), botocore.HTTPClientError(error="x"),
        botocore.ProxyConnectionError(proxy_url="x"), botocore.CredentialRetrievalError(provider="x", error_msg="x"),
    ],
)  # fmt: skip
def test_a_connection_that_breaks_is_worth_a_retry(error: Exception) -> None:
    def work() -> None:
        raise error

    assert type(raised(work)) is Retryable


@pytest.mark.parametrize("error", [botocore.NoCredentialsError(), botocore.NoRegionError()])
def test_a_function_without_a_role_says_so(error: Exception) -> None:
    def work() -> None:
        raise error

    told = raised(work)
    assert isinstance(told, Misconfigured)
    assert "role" in told.advice


def test_a_mistake_of_ours_is_not_tried_for_ever() -> None:
    def work() -> None:
        raise botocore.ParamValidationError(report="x")

    assert isinstance(raised(work), botocore.ParamValidationError)
