"""The table's rows as they lie there: all of a conversation's, to export or to erase it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

import msgspec

from chalicelib.aws import keys, parts
from chalicelib.aws.calls import call, met
from chalicelib.errors import Retryable
from chalicelib.vocabulary.records import Conversation, Row

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

# As many as a call deletes.
# docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchWriteItem.html
BATCH = 25
# A seat's state may be the key to a conversation that is open, and so may what a channel remembers: both are told to
# nobody, and erased with their rows.
UNTOLD = {"seat_state", "memo"}
# What a call left undone is tried again after these.
LEFT_PAUSES_S = (0.05, 0.1, 0.2, 0.4, 0.8)


def of(client: DynamoDBClient, table: str, conversation: Conversation) -> Iterator[Row]:
    """Everything that lies in the table of the conversation, in the order of its names; what is open in its state is
    told as the row that it will have."""
    for row in under(client, table, keys.partition(conversation), ConsistentRead=True):
        begun = parts.opened(row)
        fields = {name: _plain(value) for name, value in keys.fields(row).items() if name not in UNTOLD | begun.keys()}
        yield Row(name=keys.name_of(row), fields=fields, seat=keys.seat_of(row))
        yield from (Row(name=item, fields=parts.fields(opening)) for item, opening in begun.items())


def erase(client: DynamoDBClient, table: str, conversation: Conversation, pause: Callable[[float], None]) -> int:
    """Deletes all that; answers how much it was. Whoever is cut off or cannot go on asks again."""
    erased = 0
    while True:
        asked = {**_partition(keys.partition(conversation)), "ConsistentRead": True}
        first = call(client.query, TableName=table, Limit=BATCH, ProjectionExpression="pk, sk", **asked)
        if not first["Items"]:
            return erased
        # what they point to goes first: a pointer that is left leads there again
        there = [key for row in first["Items"] if (key := keys.pointed_to(row))]
        _delete(client, table, there, pause)
        _delete(client, table, first["Items"], pause)
        erased += len(there) + len(first["Items"])


def everything(client: DynamoDBClient, table: str) -> Iterator[dict[str, Any]]:
    """All rows of a table, in no order, a page at a time. Raises Retryable; Misconfigured where there is no such."""
    pages = iter(client.get_paginator("scan").paginate(TableName=table, ConsistentRead=True))
    while (page := call(lambda: next(pages, None))) is not None:
        yield from page["Items"]


def bring(client: DynamoDBClient, table: str, row: Mapping[str, Any]) -> bool:
    """Puts the row into the table, unless one of its key is there: then False. Raises Retryable."""
    return met(client.put_item, TableName=table, Item=row, ConditionExpression="attribute_not_exists(pk)")


def under(client: DynamoDBClient, table: str, partition: str, **asked: Any) -> Iterator[dict[str, Any]]:
    """The rows of the partition, in the order of their names. Raises Retryable."""
    return read(client, table, **_partition(partition), **asked)


def read(client: DynamoDBClient, table: str, **asked: Any) -> Iterator[dict[str, Any]]:
    """The rows that the query finds, a page at a time. Raises Retryable."""
    pages = iter(client.get_paginator("query").paginate(TableName=table, **asked))
    while (page := call(lambda: next(pages, None))) is not None:
        yield from page["Items"]


def _partition(name: str) -> dict[str, Any]:
    return {"KeyConditionExpression": "pk = :pk", "ExpressionAttributeValues": {":pk": {"S": name}}}


def _delete(client: DynamoDBClient, table: str, rows: Iterable[Any], pause: Callable[[float], None]) -> None:
    """Deletes the rows by their keys; a table that is too busy leaves some. Raises Retryable where it stays so."""
    left: Any = {table: [{"DeleteRequest": {"Key": row}} for row in rows]}
    if not left[table]:
        return
    for wait_s in (*LEFT_PAUSES_S, None):
        left = call(client.batch_write_item, RequestItems=left).get("UnprocessedItems")
        if not left:
            return
        if wait_s is not None:
            pause(wait_s)
    raise Retryable("table busy")


def _plain(value: dict[str, Any]) -> str | float | int | bool:
    (kind, held), *_ = value.items()
    plain: str | float | int | bool = msgspec.json.decode(held) if kind == "N" else held
    return plain
