"""Locks: one owner of a name at a time, for as long as the lease that it took."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING
from uuid import uuid4

from chalicelib.aws import keys
from chalicelib.aws.calls import Unmet, conditional

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

# How long (s) a row outlives its lease, before the TTL takes it: no clock is as wrong as that.
KEPT_S = 86_400
_NAMES = {"#owner": "owner", "#until": "until"}  # both are reserved words


def take(client: DynamoDBClient, table: str, name: str, now: float, lease_s: float) -> str | None:
    """The new owner's token; None while another's lease runs. Raises Retryable."""
    token, until = uuid4().hex, now + lease_s
    try:
        conditional(
            client.update_item,
            TableName=table,
            Key=keys.lock(name),
            UpdateExpression="SET #owner = :owner, #until = :until, expires_at = :expires",
            # its own, too: botocore repeats a write whose answer was lost
            ConditionExpression="attribute_not_exists(#owner) OR #until < :now OR #owner = :owner",
            ExpressionAttributeNames=_NAMES,
            ExpressionAttributeValues={
                ":owner": {"S": token},
                ":until": {"N": str(until)},
                ":now": {"N": str(now)},
                ":expires": {"N": str(int(until) + KEPT_S)},
            },
        )
    except Unmet:
        return None
    return token


def give_back(client: DynamoDBClient, table: str, name: str, token: str) -> None:
    """Whoever comes next may take it at once. No effect where the lock has gone to another owner. Raises Retryable."""
    with suppress(Unmet):
        conditional(
            client.update_item,
            TableName=table,
            Key=keys.lock(name),
            UpdateExpression="REMOVE #owner, #until",
            ConditionExpression="#owner = :owner",
            ExpressionAttributeNames=_NAMES,
            ExpressionAttributeValues={":owner": {"S": token}},
        )
