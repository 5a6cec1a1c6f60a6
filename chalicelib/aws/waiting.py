"""Which conversations wait for an answer, and since when: a sparse index over their states.

A state enters it in the transaction that writes down that the desk has the customer's message, keeps the moment of the
first one that nobody has answered, and leaves it with a reply, or when the TTL takes it away. The index repeats nothing
but keys, so that other writes to a state, and further messages of a customer who waits, cost nothing there; entering
and leaving are a write unit each.

An account is one partition, which takes 1,000 of these a second: no desk and no platform takes as many of an account.
docs.aws.amazon.com/amazondynamodb/latest/developerguide/bp-partition-key-design.html
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from chalicelib.aws import keys, rows
from chalicelib.vocabulary.records import Account, Conversation, Thread

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import TransactWriteItemTypeDef

# When the message of which the wait began came to the desk (epoch ms).
SHOWN = "waits_shown"
# What leaves the state as the wait ends.
ANSWERED = f"{keys.WAITS_AT}, {keys.WAITS_SINCE}, {SHOWN}"


def begun(
    write: TransactWriteItemTypeDef, conversation: Conversation, now: float, thread: Thread
) -> TransactWriteItemTypeDef:
    """The state's update, whose expression begins with its SETs; where the customer wrote what it tells of, the
    conversation waits from then on, unless it waits already."""
    since_ms = thread.customer_ms or thread.comment_ms
    if since_ms:
        update = write["Update"]
        waits = [f"{name} = if_not_exists({name}, :{name})" for name in (keys.WAITS_AT, keys.WAITS_SINCE, SHOWN)]
        update["UpdateExpression"] = f"SET {', '.join(waits)}, " + update["UpdateExpression"].removeprefix("SET ")
        update["ExpressionAttributeValues"] = {
            **update["ExpressionAttributeValues"],
            f":{keys.WAITS_AT}": {"S": keys.account(conversation.channel, conversation.account)},
            f":{keys.WAITS_SINCE}": {"N": str(since_ms)},
            f":{SHOWN}": {"N": str(int(now * 1000))},
        }
    return write


def at(client: DynamoDBClient, table: str, account: Account, before_ms: int) -> Iterator[tuple[Conversation, int]]:
    """The account's conversations that have waited since before then, the longest first, and since when (epoch ms)."""
    waiting = rows.read(
        client,
        table,
        IndexName=keys.WAITING,
        KeyConditionExpression=f"{keys.WAITS_AT} = :at AND {keys.WAITS_SINCE} < :before",
        ExpressionAttributeValues={
            ":at": {"S": keys.account(account.channel, account.id)},
            ":before": {"N": str(before_ms)},
        },
    )
    for row in waiting:
        yield keys.conversation_of(row), int(row[keys.WAITS_SINCE]["N"])
