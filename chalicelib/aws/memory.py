"""What channels' adapters remember: a row for each value, among the rows of its conversation."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from chalicelib.aws import calls, keys, rows, states
from chalicelib.aws.calls import Unmet, call, conditional
from chalicelib.vocabulary.records import Conversation

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


class Memory:
    """Implements `protocols.memory.Memory`. Every method raises Retryable where DynamoDB cannot be reached."""

    def __init__(self, table: str, clock: Callable[[], float], client: DynamoDBClient | None = None) -> None:
        """`clock` answers epoch seconds."""
        self._table = table
        self._clock = clock
        self._client: DynamoDBClient = client or calls.client("dynamodb")

    def get(self, of: Conversation, name: str) -> bytes | None:
        """What is held, None where nothing is, or its time is over."""
        key = keys.item(of, keys.memo(name))
        return self._value(call(self._client.get_item, TableName=self._table, Key=key, ConsistentRead=True).get("Item"))

    def under(self, of: Conversation, prefix: str) -> dict[str, bytes]:
        """All that is held under names that begin so, by the whole names."""
        found = rows.read(
            self._client,
            self._table,
            ConsistentRead=True,
            KeyConditionExpression="pk = :pk AND begins_with(sk, :name)",
            ExpressionAttributeValues={":pk": {"S": keys.partition(of)}, ":name": {"S": keys.memo(prefix)}},
        )
        held = {keys.memo_of(row): self._value(row) for row in found}
        return {name: value for name, value in held.items() if value is not None}

    def keep(self, of: Conversation, name: str, value: bytes, for_s: float) -> None:
        """In place of whatever is there."""
        call(self._client.update_item, **self._write(of, name, value, for_s))

    def keep_first(self, of: Conversation, name: str, value: bytes, for_s: float) -> bytes:
        """Unless something is there; answers what is held now."""
        asked = self._write(of, name, value, for_s)
        asked["ExpressionAttributeValues"][":now"] = {"N": str(self._clock())}
        try:
            conditional(
                self._client.update_item,
                **asked,
                ConditionExpression="attribute_not_exists(memo) OR expires_at <= :now",
                ReturnValuesOnConditionCheckFailure="ALL_OLD",
            )
        except Unmet as no:
            return bytes(no.held["memo"]["B"])
        return value

    def _write(self, of: Conversation, name: str, value: bytes, for_s: float) -> dict[str, Any]:
        return {
            "TableName": self._table,
            "Key": keys.item(of, keys.memo(name)),
            "UpdateExpression": "SET memo = :value, expires_at = :expires",
            "ExpressionAttributeValues": {
                ":value": {"B": value},
                ":expires": states.expiry(self._clock(), int(for_s)),
            },
        }

    def _value(self, row: Any) -> bytes | None:
        """The TTL deletes some days late."""
        if not row or float(row["expires_at"]["N"]) <= self._clock():
            return None
        return bytes(row["memo"]["B"])
