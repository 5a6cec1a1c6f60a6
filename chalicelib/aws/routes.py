"""Which app has a conversation: on its STATE row, beside the seat, by conditional writes.

`holder` is who has it as of `holder_ms`; `held_until_ms` until when it was prolonged for us. The newest telling wins,
and of one moment the greater name, whoever writes first, and however often (`rules.routing.is_newer`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chalicelib.aws import calls, keys, states
from chalicelib.aws.calls import Unmet, conditional, met
from chalicelib.vocabulary.records import US, Conversation, Thread

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_NEWEST = "(attribute_not_exists(holder_ms) OR holder_ms < :ms OR (holder_ms = :ms AND holder <= :by))"
# what a customer wrote to us was ours
_NOT_WRITTEN_SINCE = (
    " AND (attribute_not_exists(customer_ms) OR customer_ms < :ms OR (attribute_exists(holder) AND holder <> :us))"
)


class Routes:
    """Implements `pipeline.ports.Routes`. Every method raises Retryable where DynamoDB cannot be reached."""

    def __init__(self, table: str, client: DynamoDBClient | None = None) -> None:
        self._table = table
        self._client: DynamoDBClient = client or calls.client("dynamodb")

    def held(self, conversation: Conversation, by: str, at_ms: int, now: float) -> Thread:
        """Notes who has it as of then, unless something newer is known; answers what is remembered now."""
        others = "" if by == US else _NOT_WRITTEN_SINCE
        try:
            answer: Any = conditional(
                self._client.update_item,
                **self._state(conversation),
                UpdateExpression="SET holder = :by, holder_ms = :ms, expires_at = :expires REMOVE held_until_ms",
                ConditionExpression=_NEWEST + others,
                ExpressionAttributeValues={
                    ":by": {"S": by},
                    ":ms": {"N": str(at_ms)},
                    ":expires": states.expiry(now, states.STATE_S),
                    **({":us": {"S": US}} if others else {}),
                },
                ReturnValues="ALL_NEW",
                ReturnValuesOnConditionCheckFailure="ALL_OLD",
            )
        except Unmet as no:
            return states.thread(no.held)
        return states.thread(answer["Attributes"])

    def wrote(self, conversation: Conversation, at_ms: int) -> None:
        """The customer wrote then, to another app: the window is open from there on, and our messages count from
        there. No effect where they have written since."""
        met(
            self._client.update_item,
            **self._state(conversation),
            UpdateExpression="SET customer_ms = :ms, replies = :none",
            ConditionExpression="attribute_not_exists(customer_ms) OR customer_ms < :ms",
            ExpressionAttributeValues={":ms": {"N": str(at_ms)}, ":none": {"N": "0"}},
        )

    def prolonged(self, conversation: Conversation, until_ms: int) -> None:
        """It stays ours until then."""
        met(
            self._client.update_item,
            **self._state(conversation),
            UpdateExpression="SET held_until_ms = :until",
            ConditionExpression="attribute_exists(pk)",
            ExpressionAttributeValues={":until": {"N": str(until_ms)}},
        )

    def _state(self, conversation: Conversation) -> dict[str, Any]:
        return {"TableName": self._table, "Key": keys.item(conversation, keys.STATE)}
