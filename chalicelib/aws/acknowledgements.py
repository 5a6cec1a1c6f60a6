"""That a customer was told that nobody can answer now: a row per conversation, written before it is sent."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chalicelib.aws import keys, states
from chalicelib.aws.calls import met
from chalicelib.vocabulary.records import Acknowledged, Conversation

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


def note(client: DynamoDBClient, table: str, conversation: Conversation, told: Acknowledged, sent_ms: int) -> bool:
    """False, and no effect, where that was done in this outage, or since they wrote. Raises Retryable."""
    return met(
        client.update_item,
        TableName=table,
        Key=keys.item(conversation, keys.OUTAGE),
        UpdateExpression="SET outage = :outage, event = :event, at_ms = :at, expires_at = :expires",
        ConditionExpression="attribute_not_exists(outage) OR (outage < :outage AND at_ms < :sent)"
        # its own, too: botocore repeats a write whose answer was lost
        " OR (outage = :outage AND event = :event AND at_ms = :at)",
        ExpressionAttributeValues={
            **_values(told),
            ":at": {"N": str(told.at_ms)},
            ":sent": {"N": str(sent_ms)},
            ":expires": states.expiry(told.at_ms / 1000, states.STATE_S),
        },
    )


def forget(client: DynamoDBClient, table: str, conversation: Conversation, told: Acknowledged) -> None:
    """No effect where another has been noted since. Raises Retryable."""
    met(
        client.update_item,
        TableName=table,
        Key=keys.item(conversation, keys.OUTAGE),
        UpdateExpression="REMOVE outage, event, at_ms",
        ConditionExpression="outage = :outage AND event = :event",
        ExpressionAttributeValues=_values(told),
    )


def of(row: dict[str, Any]) -> Acknowledged | None:
    """What the row holds."""
    if "outage" not in row:
        return None
    return Acknowledged(outage_s=int(row["outage"]["N"]), message=row["event"]["S"], at_ms=int(row["at_ms"]["N"]))


def _values(told: Acknowledged) -> dict[str, Any]:
    return {":outage": {"N": str(told.outage_s)}, ":event": {"S": told.message}}
