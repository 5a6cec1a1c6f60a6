"""What messages ask of DynamoDB and SQS, sent the short way: by botocore's client, signer and connections, without what
botocore does around each call, a third of what a webhook cost (docs/adr/0026-the-short-way.md).

Only a call that is answered goes so. Whatever else becomes of it (an error, no connection, an answer that is none), the
client asks again in botocore's own way, which knows errors, repeats and clocks that are wrong.
"""

from __future__ import annotations

from base64 import b64decode
from typing import Any

import msgspec
from botocore.awsrequest import AWSRequest
from botocore.client import BaseClient
from botocore.exceptions import BotoCoreError
from botocore.handlers import add_recursion_detection_header, generate_idempotent_uuid

# Both speak JSON as it is: no times, and of bytes DynamoDB's B alone.
# docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.LowLevelAPI.html,
# docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-making-api-requests-json.html
SERVICES = frozenset({"dynamodb", "sqs"})
_SHORT = frozenset({
    "BatchGetItem", "DeleteItem", "GetItem", "PutItem", "Query", "TransactWriteItems", "UpdateItem",
    "ChangeMessageVisibilityBatch", "SendMessage", "SendMessageBatch",
})  # fmt: skip
# What DynamoDB says of a write whose condition does not hold: an answer, as much as any.
_ANSWERS = ("ConditionalCheckFailedException", "TransactionCanceledException")
# Nowhere in a text, where quotes are escaped.
_BYTES = b'{"B":'
_KIND = "application/x-amz-json-1.0"

_encoded, _decoded = msgspec.json.Encoder().encode, msgspec.json.Decoder(dict[str, Any]).decode


def shorten(**told: Any) -> None:
    """Has botocore make a client that goes the short way where it can: a handler of `creating-client-class`.
    docs.aws.amazon.com/boto3/latest/guide/events.html, "Extensibility guide"."""
    told["base_classes"].insert(0, Short)


class Short(BaseClient):
    """What is not botocore's own of such a client. It holds nothing, so that many threads may use it as any client."""

    def _make_api_call(self, operation: str, asked: dict[str, Any]) -> dict[str, Any]:
        told = None
        if operation in _SHORT:
            asked = dict(asked)
            generate_idempotent_uuid(asked, self.meta.service_model.operation_model(operation))  # one for all tries
            told = self._answered(operation, asked)
        whole: Any = super()
        answer: dict[str, Any] = whole._make_api_call(operation, asked) if told is None else told
        return answer

    def _answered(self, operation: str, asked: dict[str, Any]) -> dict[str, Any] | None:
        """What is answered, None where that is no answer. Raises ClientError where a condition does not hold."""
        try:
            status, content = self._sent(operation, _encoded(asked))
            told = _read(content)
            code = "" if status == 200 else str(told.pop("__type")).rpartition("#")[2]
        except (BotoCoreError, TypeError, ValueError, LookupError):
            return None
        if code in _ANSWERS:
            kind: Any = self.exceptions.from_code(code)
            raise kind(_refusal(code, status, told), operation)
        return told if status == 200 else None

    def _sent(self, operation: str, body: bytes) -> tuple[int, bytes]:
        """Status and body of what is answered. Raises BotoCoreError."""
        meta: Any = self.meta
        model = meta.service_model
        headers = {
            "Content-Type": _KIND,
            "User-Agent": meta.config.user_agent,
            "X-Amz-Target": f"{model.metadata['targetPrefix']}.{operation}",
        }
        add_recursion_detection_header({"headers": headers})
        request = AWSRequest(method="POST", url=f"{meta.endpoint_url.rstrip('/')}/", data=body, headers=headers)
        # neither has a public name: they are the client's, with its credentials, proxies, limits and authorities
        signer, connections = vars(self)["_request_signer"], vars(self)["_endpoint"].http_session
        signer.get_auth_instance(model.signing_name, meta.region_name, "v4").add_auth(request)
        answer = connections.send(request.prepare())
        return answer.status_code, answer.content


def _refusal(code: str, status: int, told: dict[str, Any]) -> dict[str, Any]:
    """As botocore tells it, with what DynamoDB tells of it."""
    error = {"Code": code, "Message": told.get("message", told.get("Message", ""))}
    return told | {"Error": error, "ResponseMetadata": {"HTTPStatusCode": status}}


def _read(content: bytes) -> dict[str, Any]:
    """What is answered, as botocore reads it. Raises ValueError where it is no JSON, or no object."""
    told = _decoded(content)
    return {name: _with_bytes(one) for name, one in told.items()} if _BYTES in content else told


def _with_bytes(told: Any, name: str = "") -> Any:
    """The same with bytes where they stand: a row of that name holds no text, but a value."""
    if isinstance(told, dict):
        return {name: _with_bytes(one, name) for name, one in told.items()}
    if isinstance(told, list):
        return [_with_bytes(one) for one in told]
    return b64decode(told) if name == "B" and isinstance(told, str) else told
