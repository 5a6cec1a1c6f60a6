"""When each chore of the upkeep last ran through, and who is at it now: a row per chore, which one query reads."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import uuid4

from chalicelib.aws import calls, keys, rows
from chalicelib.aws.calls import met

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

# A row that is gone means that its chore is due, which does no harm.
KEPT_S = 30 * 86_400
_NAMES = {"#owner": "owner", "#until": "until"}  # both are reserved words


class Runs:
    """Those rows. Every method raises Retryable where DynamoDB cannot be reached."""

    def __init__(self, table: str, client: DynamoDBClient | None = None) -> None:
        self._table = table
        self._client: DynamoDBClient = client or calls.client("dynamodb")

    def last(self) -> dict[str, float]:
        """When the last run of each that came to its end began (epoch s), by its name."""
        found = rows.under(self._client, self._table, keys.RAN, ConsistentRead=True)
        return {keys.name_of(row): float(row["ran"]["N"]) for row in found if "ran" in row}

    def begin(self, name: str, last: float, now: float, lease_s: float) -> str | None:
        """The token of whoever runs the chore from now on, for so long at most; None while another does, or where
        another has since `last`, which is when it last ran as far as is known (epoch s, 0 for never)."""
        token = uuid4().hex
        known = "ran = :last" if last else "attribute_not_exists(ran)"
        values: dict[str, Any] = {":last": {"N": str(last)}} if last else {}
        values |= {":owner": {"S": token}, ":until": {"N": str(now + lease_s)}, ":now": {"N": str(now)}}
        taken = met(
            self._client.update_item,
            TableName=self._table,
            Key=keys.ran(name),
            UpdateExpression="SET #owner = :owner, #until = :until, expires_at = :expires",
            # its own, too: botocore repeats a write whose answer was lost
            ConditionExpression=f"{known} AND (attribute_not_exists(#owner) OR #until < :now OR #owner = :owner)",
            ExpressionAttributeNames=_NAMES,
            ExpressionAttributeValues={**values, ":expires": {"N": str(int(now) + KEPT_S)}},
        )
        return token if taken else None

    def end(self, name: str, token: str, began: float = 0.0) -> None:
        """The run is over; where it came to its end, it counts as the last one, by when it began (epoch s). No effect
        where another has the chore by now."""
        done: dict[str, Any] = {":began": {"N": str(began)}} if began else {}
        met(
            self._client.update_item,
            TableName=self._table,
            Key=keys.ran(name),
            UpdateExpression=("SET ran = :began " if began else "") + "REMOVE #owner, #until",
            ConditionExpression="#owner = :owner",
            ExpressionAttributeNames=_NAMES,
            ExpressionAttributeValues={**done, ":owner": {"S": token}},
        )
