"""Which conversations sit at a desk, and when the desk is to be asked whether they still do: a sparse index over their
states, so that an end that nobody tells is found without reading the table.

A state enters it with the write that names the desk's conversation, and leaves it with the end of that. In between only
the answer of a desk moves it. As at `waiting`, entering, moving and leaving are a write unit each.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from chalicelib.aws import keys, rows
from chalicelib.aws.calls import met
from chalicelib.vocabulary.records import Account, Conversation

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


def due(client: DynamoDBClient, table: str, account: Account, now: float) -> Iterator[Conversation]:
    """The account's conversations whose desk is to be asked by now, the longest due first, a page at a time."""
    sitting = rows.read(
        client,
        table,
        IndexName=keys.SITTING,
        KeyConditionExpression=f"{keys.SITS_AT} = :at AND {keys.ASKS_AT} <= :now",
        ExpressionAttributeValues={
            ":at": {"S": keys.account(account.channel, account.id)},
            ":now": {"N": str(int(now))},
        },
    )
    for row in sitting:
        yield keys.conversation_of(row)


def ask(client: DynamoDBClient, table: str, conversation: Conversation, at_s: float) -> None:
    """Its desk is to be asked then, and not before. No effect on one that sits nowhere. Raises Retryable."""
    met(
        client.update_item,
        TableName=table,
        Key=keys.item(conversation, keys.STATE),
        UpdateExpression=f"SET {keys.ASKS_AT} = :at",
        ConditionExpression=f"attribute_exists({keys.SITS_AT})",
        ExpressionAttributeValues={":at": {"N": str(int(at_s))}},
    )
