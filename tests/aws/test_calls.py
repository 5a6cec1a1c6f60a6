"""How a call of AWS fails: what passes, what somebody has to set right, and what is an answer."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import certifi
import pytest
from botocore import exceptions as botocore
from botocore.config import Config
from botocore.exceptions import ClientError

from chalicelib import connections
from chalicelib.aws import calls
from chalicelib.aws.calls import call
from chalicelib.errors import Misconfigured, Retryable
from tests.test_fetching import speaking_tls


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


class Aws:
    """A server on 127.0.0.1 that answers every call with nothing."""

    def __init__(self) -> None:
        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                self.rfile.read(int(self.headers["content-length"]))
                self.send_response(200)
                self.send_header("content-length", "2")
                self.end_headers()
                self.wfile.write(b"{}")

            def log_message(self, format: str, *args: object) -> None: ...

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        vars(self.server)["handle_error"] = lambda *_: None  # it would print the refusals that are wanted


@pytest.fixture
def fresh(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name, value in {"ACCESS_KEY_ID": "x", "SECRET_ACCESS_KEY": "x", "DEFAULT_REGION": "eu-central-1"}.items():
        monkeypatch.setenv(f"AWS_{name}", value)
    for name in ("AWS_CA_BUNDLE", "REQUESTS_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)
    calls.session.cache_clear()
    yield
    calls.session.cache_clear()


def reading(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The files of authorities that are read from here on."""
    read: list[str] = []
    real = ssl.SSLContext.load_verify_locations

    def noted(self: ssl.SSLContext, cafile: Any = None, capath: Any = None, cadata: Any = None) -> None:
        read.append(str(cafile))
        real(self, cafile, capath, cadata)

    monkeypatch.setattr(ssl.SSLContext, "load_verify_locations", noted)
    return read


@pytest.mark.parametrize(("name", "fits"), [("localhost", True), ("evil.com", False)])
@pytest.mark.usefixtures("fresh")
def test_clients_judge_certificates_by_authorities_that_were_read_once(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str, fits: bool
) -> None:
    aws = Aws()
    with speaking_tls(aws, name, tmp_path) as context:
        context.load_verify_locations(certifi.where())  # as `tls` does
        monkeypatch.setattr(calls, "tls", lambda: context)
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"https://localhost:{aws.server.server_port}")
        thread = threading.Thread(target=aws.server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        read = reading(monkeypatch)
        outcomes = []
        for service, work in (
            ("dynamodb", "list_tables"),
            ("secretsmanager", "list_secrets"),
            ("dynamodb", "list_tables"),
        ):
            client = calls.client(service, calls.CONFIG.merge(Config(retries={"total_max_attempts": 1})))
            try:
                outcomes.append(getattr(client, work)()["ResponseMetadata"]["HTTPStatusCode"])
            except botocore.SSLError:
                outcomes.append(0)
            client.close()
        aws.server.shutdown()
        thread.join(60)
        aws.server.server_close()
    assert outcomes == [200 if fits else 0] * 3
    assert read == []


@pytest.mark.usefixtures("fresh")
def test_by_default_they_are_judged_and_have_to_be_the_hosts() -> None:
    manager: Any = calls.client("dynamodb")._endpoint.http_session._manager
    context = manager.connection_pool_kw["ssl_context"]
    assert context is connections.tls()
    assert (context.verify_mode, context.check_hostname) == (ssl.CERT_REQUIRED, True)


@pytest.mark.usefixtures("fresh")
def test_authorities_that_somebody_names_are_nobody_elses(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A company's own, of a proxy that looks into TLS: vendors' certificates must not be judged by them."""
    monkeypatch.setenv("AWS_CA_BUNDLE", str(tmp_path / "ours.pem"))
    made = calls.client("dynamodb")
    assert made._endpoint.http_session._manager.connection_pool_kw["ssl_context"] is not connections.tls()
    assert str(tmp_path / "ours.pem") not in connections.tls()._read
