"""Locks: one owner of a name at a time, for as long as the lease that it took."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import uuid4

from chalicelib.aws import keys, rows
from chalicelib.aws.calls import met
from chalicelib.vocabulary.records import Holder

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

# How long (s) a row outlives its lease, before the TTL takes it: no clock is as wrong as that.
KEPT_S = 86_400
_NAMES = {"#owner": "owner", "#until": "until"}  # both are reserved words


def take(client: DynamoDBClient, table: str, name: str, now: float, lease_s: float, who: str = "") -> str | None:
    """The new owner's token; None while another's lease runs. Raises Retryable."""
    token, until = uuid4().hex, now + lease_s
    taken = met(
        client.update_item,
        TableName=table,
        Key=keys.lock(name),
        UpdateExpression="SET #owner = :owner, #until = :until, who = :who, since = :now, expires_at = :expires",
        # its own, too: botocore repeats a write whose answer was lost
        ConditionExpression="attribute_not_exists(#owner) OR #until < :now OR #owner = :owner",
        ExpressionAttributeNames=_NAMES,
        ExpressionAttributeValues={
            ":owner": {"S": token},
            ":who": {"S": who},
            ":until": {"N": str(until)},
            ":now": {"N": str(now)},
            ":expires": {"N": str(int(until) + KEPT_S)},
        },
    )
    return token if taken else None


def prolong(client: DynamoDBClient, table: str, name: str, token: str, now: float, lease_s: float) -> bool:
    """The owner has it for so long from now on. False, and no effect, where another has it by now. Raises Retryable."""
    until = now + lease_s
    return met(
        client.update_item,
        TableName=table,
        Key=keys.lock(name),
        UpdateExpression="SET #until = :until, expires_at = :expires",
        ConditionExpression="#owner = :owner",
        ExpressionAttributeNames=_NAMES,
        ExpressionAttributeValues={
            ":owner": {"S": token},
            ":until": {"N": str(until)},
            ":expires": {"N": str(int(until) + KEPT_S)},
        },
    )


def holder(client: DynamoDBClient, table: str, name: str, now: float) -> Holder | None:
    """Who has it, None where nobody does. Raises Retryable."""
    row = next(rows.under(client, table, keys.lock(name)["pk"]["S"], ConsistentRead=True), {})
    until_s = float(row.get("until", {}).get("N", "0"))
    if "owner" not in row or until_s < now:
        return None
    return Holder(
        who=row.get("who", {}).get("S", ""), since_s=float(row.get("since", {}).get("N", "0")), until_s=until_s
    )


def give_back(client: DynamoDBClient, table: str, name: str, token: str) -> None:
    """Whoever comes next may take it at once. No effect where the lock has gone to another owner. Raises Retryable."""
    met(
        client.update_item,
        TableName=table,
        Key=keys.lock(name),
        UpdateExpression="REMOVE #owner, #until, who, since",
        ConditionExpression="#owner = :owner",
        ExpressionAttributeNames=_NAMES,
        ExpressionAttributeValues={":owner": {"S": token}},
    )
