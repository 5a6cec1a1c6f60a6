"""Pauses: which accounts' events an operator has wait on their queues. They lie beside the accounts, which are
Terraform's alone, and end by themselves before a queue lets go of what waits."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from chalicelib.aws import keys
from chalicelib.aws.calls import call
from chalicelib.vocabulary.records import Direction, Pause

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

# A queue keeps a message for 11 days at the least (retention.queue_days).
LONGEST_S = 10 * 86_400


def begin(client: DynamoDBClient, table: str, channel: str, account: str, direction: Direction, now: float) -> None:
    """Pauses the direction from now on; one that is paused already ends so much later. Raises Retryable."""
    call(
        client.update_item,
        TableName=table,
        Key=keys.pause(channel, account, direction),
        UpdateExpression="SET channel = :channel, account = :account, direction = :direction,"
        " since = if_not_exists(since, :now), expires_at = :expires",
        ExpressionAttributeValues={
            ":channel": {"S": channel},
            ":account": {"S": account},
            ":direction": {"S": direction},
            ":now": {"N": str(now)},
            ":expires": {"N": str(int(now) + LONGEST_S)},
        },
    )


def end(client: DynamoDBClient, table: str, channel: str, account: str, direction: Direction) -> None:
    """Ends the pause; none is fine. Raises Retryable."""
    call(client.delete_item, TableName=table, Key=keys.pause(channel, account, direction))


def running(rows_there: Iterable[dict[str, Any]], now: float) -> list[Pause]:
    """Those among the rows that have not ended."""
    return [
        Pause(
            channel=row["channel"]["S"],
            account=row["account"]["S"],
            direction="inbound" if row["direction"]["S"] == "inbound" else "outbound",
            since_s=float(row["since"]["N"]),
            until_s=float(row["expires_at"]["N"]),
        )
        for row in rows_there
        if keys.away_of(row) is None and float(row["expires_at"]["N"]) > now
    ]
