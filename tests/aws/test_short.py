"""The short way of a call asks and tells what botocore's own does, and leaves to that whatever is not answered."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from io import BytesIO
from types import SimpleNamespace
from typing import Any, NamedTuple

import pytest
from botocore import exceptions as botocore
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.exceptions import ClientError
from botocore.httpsession import URLLib3Session
from botocore.session import get_session

from chalicelib.aws import calls
from chalicelib.aws.short import Short

KEY = {"pk": {"S": "CONV#1"}, "sk": {"S": "STATE"}}
VALUES = {":a": {"S": 'é{"B":"eA=="} 🙂'}, ":b": {"N": "1.5"}, ":c": {"BOOL": True}, ":d": {"B": b"\x00\xff"}}
WRITE = {"TableName": "t", "Key": KEY, "UpdateExpression": "SET a = :a", "ExpressionAttributeValues": VALUES}
ENTRY = {"Id": "0", "MessageBody": '{"text":"é 🙂"}', "MessageGroupId": "g", "MessageDeduplicationId": "d"}
QUEUE = "https://sqs.eu-central-1.amazonaws.com/1/inbound.fifo"
NAMED = {"reason": {"DataType": "String", "StringValue": "why"}}
ASKED: dict[str, tuple[str, dict[str, Any]]] = {
    "get_item": ("dynamodb", {"TableName": "t", "Key": KEY, "ConsistentRead": True}),
    "put_item": ("dynamodb", {"TableName": "t", "Item": KEY | {"memo": {"B": b"\x00\xff"}}}),
    "update_item": ("dynamodb", WRITE),
    "delete_item": ("dynamodb", {"TableName": "t", "Key": KEY, "ReturnValues": "ALL_OLD"}),
    "query": ("dynamodb", {"TableName": "t", "KeyConditionExpression": "pk = :a", "ScanIndexForward": False}),
    "batch_get_item": ("dynamodb", {"RequestItems": {"t": {"Keys": [KEY]}}}),
    "transact_write_items": ("dynamodb", {"TransactItems": [{"Update": WRITE}]}),
    "send_message": ("sqs", {"QueueUrl": QUEUE, "MessageBody": "x", "MessageAttributes": NAMED}),
    "send_message_batch": ("sqs", {"QueueUrl": QUEUE, "Entries": [ENTRY]}),
    "change_message_visibility_batch": (
        "sqs", {"QueueUrl": QUEUE, "Entries": [{"Id": "0", "ReceiptHandle": "h", "VisibilityTimeout": 5}]}
    ),
}  # fmt: skip
ROW = {"a": {"S": '{"B":"eA=="}'}, "n": {"N": "7"}, "m": {"M": {"B": {"L": [{"B": "AP8="}, {"NULL": True}]}}}}
TOLD: dict[str, dict[str, Any]] = {
    "get_item": {"Item": ROW | {"memo": {"B": "AP8="}}},
    "update_item": {"Attributes": ROW, "ConsumedCapacity": {"TableName": "t", "CapacityUnits": 1.5}},
    "query": {"Items": [ROW, {}], "Count": 2, "ScannedCount": 3, "LastEvaluatedKey": KEY},
    "batch_get_item": {"Responses": {"t": [ROW]}, "UnprocessedKeys": {"t": {"Keys": [KEY]}}},
    "put_item": {},
    "send_message": {"MessageId": "m", "MD5OfMessageBody": "x"},
    "send_message_batch": {
        "Successful": [{"Id": "0", "MessageId": "m", "MD5OfMessageBody": "x"}],
        "Failed": [{"Id": "1", "SenderFault": False, "Code": "InternalError"}],
    },
}
Answer = Callable[[AWSPreparedRequest], AWSResponse]


class _Raw(BytesIO):
    def stream(self) -> Iterator[bytes]:
        yield self.read()


def answering(body: object, status: int = 200) -> Answer:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    kind: Any = {"content-type": "application/x-amz-json-1.0"}
    return lambda request: AWSResponse(request.url, status, kind, _Raw(content))


def failing(error: Exception) -> Answer:
    def fail(_: AWSPreparedRequest) -> AWSResponse:
        raise error

    return fail


def refusing(code: str, status: int = 400, more: Any = None) -> Answer:
    return answering({"__type": f"com.amazonaws.dynamodb.v20120810#{code}", "message": "no"} | (more or {}), status)


class Line(NamedTuple):
    """What leaves, and what is answered: the last answer again and again."""

    left: list[AWSPreparedRequest]
    answers: list[Answer]


@pytest.fixture
def line(monkeypatch: pytest.MonkeyPatch) -> Iterator[Line]:
    for name, value in {"ACCESS_KEY_ID": "AKID", "SECRET_ACCESS_KEY": "x", "DEFAULT_REGION": "eu-central-1"}.items():
        monkeypatch.setenv(f"AWS_{name}", value)
    monkeypatch.setattr("botocore.endpoint.time", SimpleNamespace(sleep=lambda _: None))
    known = Line([], [])

    def send(_: URLLib3Session, request: AWSPreparedRequest) -> AWSResponse:
        known.left.append(request)
        answer = known.answers.pop(0) if len(known.answers) > 1 else known.answers[0]
        return answer(request)

    monkeypatch.setattr(URLLib3Session, "send", send)
    calls.session.cache_clear()
    yield known
    calls.session.cache_clear()


def whole(service: str) -> Any:
    """A client that has no short way."""
    return get_session().create_client(service, config=calls.CONFIG)


def _bare(answer: dict[str, Any]) -> dict[str, Any]:
    """Without what tells of the call, and an error's words, which stand in it twice."""
    return {name: value for name, value in answer.items() if name not in {"ResponseMetadata", "message"}}


def _asked(request: AWSPreparedRequest) -> dict[str, Any]:
    assert isinstance(request.body, bytes)
    return dict(json.loads(request.body))


def _header(request: AWSPreparedRequest, name: str) -> str:
    value: str | bytes = request.headers[name]
    return value if isinstance(value, str) else value.decode()


@pytest.mark.parametrize("name", ASKED)
def test_it_asks_what_botocore_asks(line: Line, name: str) -> None:
    service, asked = ASKED[name]
    asked = asked | ({"ClientRequestToken": "t" * 36} if name == "transact_write_items" else {})
    line.answers.append(answering({}))
    for client in (calls.client(service), whole(service)):
        getattr(client, name)(**asked)
    ours, theirs = line.left
    assert isinstance(calls.client(service), Short)
    assert (ours.method, ours.url) == (theirs.method, theirs.url)
    assert _asked(ours) == _asked(theirs)
    for header in ("X-Amz-Target", "Content-Type"):
        assert _header(ours, header) == _header(theirs, header)
    assert _header(ours, "User-Agent") == "dmdesk"
    assert _header(theirs, "User-Agent").startswith("dmdesk")  # whoever is loaded beside it may say so
    scope = re.compile(r"AWS4-HMAC-SHA256 Credential=AKID/\d{8}/eu-central-1/(dynamodb|sqs)/aws4_request, ")
    assert scope.match(_header(ours, "Authorization"))
    assert "amz-sdk-request" in theirs.headers
    assert "amz-sdk-request" not in ours.headers


@pytest.mark.parametrize("name", TOLD)
def test_it_tells_what_botocore_tells(line: Line, name: str) -> None:
    service, asked = ASKED[name]
    line.answers.append(answering(TOLD[name]))
    ours, theirs = (getattr(client, name)(**asked) for client in (calls.client(service), whole(service)))
    assert _bare(ours) == _bare(theirs)
    assert len(line.left) == 2


@pytest.mark.parametrize(
    ("name", "code", "more"),
    [
        ("update_item", "ConditionalCheckFailedException", {"Item": ROW | {"memo": {"B": "AP8="}}}),
        ("update_item", "ConditionalCheckFailedException", {}),
        (
            "transact_write_items",
            "TransactionCanceledException",
            {"CancellationReasons": [{"Code": "ConditionalCheckFailed", "Item": ROW, "Message": "no"}]},
        ),
    ],
)
def test_a_condition_that_does_not_hold_is_an_answer(line: Line, name: str, code: str, more: dict[str, object]) -> None:
    service, asked = ASKED[name]
    line.answers.append(refusing(code, more=more))
    errors = []
    for client in (calls.client(service), whole(service)):
        with pytest.raises(getattr(client.exceptions, code)) as refused:
            getattr(client, name)(**asked)
        errors.append(refused.value)
    ours, theirs = errors
    assert _bare(ours.response) == _bare(theirs.response)
    assert ours.response["ResponseMetadata"]["HTTPStatusCode"] == 400
    assert (str(ours), ours.operation_name) == (str(theirs), theirs.operation_name)
    assert len(line.left) == 2


BROKEN = {
    "throttled": refusing("ProvisionedThroughputExceededException"),
    "failed": refusing("InternalServerError", 500),
    "away": answering(b"<html>", 503),
    "cut": answering(b'{"Attributes":'),
    "no object": answering([]),
    "nothing": answering(b""),
    "not ours": answering({"message": "hm"}, 403),
    "nameless": answering({"__type": "", "message": "hm"}, 403),
    "reset": failing(botocore.ConnectionClosedError(endpoint_url="x")),
    "silent": failing(botocore.ReadTimeoutError(endpoint_url="x")),
    "unreachable": failing(botocore.EndpointConnectionError(endpoint_url="x", error="no")),
}


@pytest.mark.parametrize("how", BROKEN)
@pytest.mark.parametrize("name", ["update_item", "transact_write_items", "send_message_batch"])
def test_what_is_not_answered_is_asked_again_by_botocore(line: Line, name: str, how: str) -> None:
    service, asked = ASKED[name]
    line.answers.extend([BROKEN[how], answering({})])
    assert _bare(getattr(calls.client(service), name)(**asked)) == {}
    ours, theirs = line.left
    assert "amz-sdk-request" not in ours.headers
    assert "amz-sdk-request" in theirs.headers
    assert _asked(ours) == _asked(theirs), "a transaction that is asked again bears the same token"


@pytest.mark.parametrize("how", ["throttled", "failed", "away", "reset", "silent", "unreachable"])
def test_three_tries_are_all(line: Line, how: str) -> None:
    line.answers.append(BROKEN[how])
    with pytest.raises((ClientError, botocore.BotoCoreError)):
        calls.client("dynamodb").update_item(**WRITE)
    assert len(line.left) == 3


def test_what_may_not_be_is_not_asked_a_third_time(line: Line) -> None:
    line.answers.append(refusing("AccessDeniedException"))
    with pytest.raises(ClientError, match="AccessDenied"):
        calls.client("dynamodb").update_item(**WRITE)
    assert len(line.left) == 2


@pytest.mark.parametrize(("asked", "named"), [({"Key": object()}, "Key"), ({"Key": KEY, "Ky": 1}, "Ky"), ({}, "Key")])
def test_a_mistake_of_ours_is_named(line: Line, asked: dict[str, Any], named: str) -> None:
    line.answers.append(refusing("ValidationException"))
    with pytest.raises(botocore.ParamValidationError, match=named):
        calls.client("dynamodb").get_item(TableName="t", **asked)


def test_each_transaction_has_a_token_of_its_own_and_the_callers_words_stay_theirs(line: Line) -> None:
    line.answers.append(answering({}))
    asked = {"TransactItems": [{"Update": WRITE}]}
    for _ in range(2):
        calls.client("dynamodb").transact_write_items(**asked)
    assert len({_asked(request)["ClientRequestToken"] for request in line.left}) == 2
    assert list(asked) == ["TransactItems"]


def test_it_is_signed_by_the_credentials_of_now(line: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SESSION_TOKEN", "token")
    line.answers.append(answering({}))
    calls.client("dynamodb").get_item(**ASKED["get_item"][1])
    [request] = line.left
    assert _header(request, "X-Amz-Security-Token") == "token"
    assert "x-amz-security-token" in _header(request, "Authorization")


def test_without_credentials_it_is_told_as_ever(line: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("ACCESS_KEY_ID", "SECRET_ACCESS_KEY"):
        monkeypatch.delenv(f"AWS_{name}")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    with pytest.raises(botocore.NoCredentialsError):
        calls.client("dynamodb").get_item(**ASKED["get_item"][1])
    assert line.left == []


def test_the_way_through_aws_is_told_on(line: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    """Lambda finds functions that call themselves by it."""
    monkeypatch.setenv("AWS_LAMBDA_FUNCTION_NAME", "dmdesk-edge")
    monkeypatch.setenv("_X_AMZN_TRACE_ID", "Root=1-2")
    line.answers.append(answering({}))
    calls.client("sqs").send_message_batch(**ASKED["send_message_batch"][1])
    assert line.left[0].headers["X-Amzn-Trace-Id"] == "Root=1-2"


def test_an_endpoint_may_end_in_a_slash(line: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1/")
    line.answers.append(answering({}))
    calls.client("dynamodb").get_item(**ASKED["get_item"][1])
    assert line.left[0].url == "http://127.0.0.1:1/"


def test_all_else_goes_as_ever(line: Line) -> None:
    line.answers.append(answering({"TableNames": []}))
    assert calls.client("dynamodb").list_tables()["ResponseMetadata"]["HTTPStatusCode"] == 200
    assert "amz-sdk-request" in line.left[0].headers
    assert not isinstance(calls.client("s3"), Short)
