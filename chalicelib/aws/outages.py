"""Desks that do not answer: a row for each, which whoever meets it writes and whoever is answered empties. It lies
among the pauses, which every container reads once a minute: nobody looks for it alone."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from chalicelib.aws import keys
from chalicelib.aws.calls import Unmet, call, conditional, met
from chalicelib.vocabulary.records import Away

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

# Longer than anything waits before it is tried again (rules/budgets.py: an hour, and a fifth more): who was not met
# for so long (s) has been away anew since.
STALE_S = 2 * 3600
# The TTL takes the row then (s).
KEPT_S = 86_400
_NAMES = {"#last": "last"}  # a reserved word


def note(client: DynamoDBClient, table: str, desk: str, now: float) -> Away:
    """The desk does not answer; since when. Raises Retryable."""
    asked: dict[str, Any] = {
        "TableName": table,
        "Key": keys.away(desk),
        "ExpressionAttributeNames": _NAMES,
        "ReturnValues": "ALL_NEW",
    }
    values = {":now": {"N": str(now)}, ":expires": {"N": str(int(now) + KEPT_S)}}
    try:
        row = conditional(
            client.update_item,
            **asked,
            UpdateExpression="SET #last = :now, expires_at = :expires",
            ConditionExpression="#last >= :stale",
            ExpressionAttributeValues=values | {":stale": {"N": str(now - STALE_S)}},
        )["Attributes"]
    except Unmet:
        row = call(
            client.update_item,
            **asked,
            UpdateExpression="SET #last = :now, since = :now, expires_at = :expires",
            ExpressionAttributeValues=values,
        )["Attributes"]
    return _away(desk, row)


def over(client: DynamoDBClient, table: str, desk: str) -> None:
    """It answers. Raises Retryable."""
    met(
        client.update_item,
        TableName=table,
        Key=keys.away(desk),
        UpdateExpression="REMOVE #last, since",
        ConditionExpression="attribute_exists(pk)",  # what the TTL took meanwhile is not made anew
        ExpressionAttributeNames=_NAMES,
    )


def running(rows: Iterable[dict[str, Any]], now: float) -> list[Away]:
    """Those among the rows of which the desk is away."""
    found = [
        _away(desk, row) for row in rows if (desk := keys.away_of(row)) is not None and {"last", "since"} <= row.keys()
    ]
    return [away for away in found if away.last_s >= now - STALE_S]


def _away(desk: str, row: dict[str, Any]) -> Away:
    return Away(desk=desk, since_s=float(row["since"]["N"]), last_s=float(row["last"]["N"]))
