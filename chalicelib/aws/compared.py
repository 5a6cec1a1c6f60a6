"""What a comparison reads of a conversation, and how far each account's comparisons have come: a row for each."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from chalicelib.aws import keys, parts, rows, states
from chalicelib.aws.calls import call
from chalicelib.vocabulary.claims import INBOUND, OUTBOUND
from chalicelib.vocabulary.proof import Comparison, Known, Worked
from chalicelib.vocabulary.records import Account, Conversation

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

# Longer than a comparison reaches back.
KEPT_S = 30 * 86_400
# What is read of the rows: neither words nor profiles.
_READ = "sk, #state, #result, reason, since, seat_desk, desk, seat_state, generation, platform, customer_ms"
_NAMES = {"#state": "state", "#result": "result"}  # both are reserved words


def known(client: DynamoDBClient, table: str, conversation: Conversation) -> Known:
    """What the ledger knows of the conversation, read page by page. Raises Retryable."""
    # first: from there parts go to their rows
    state = call(client.get_item, TableName=table, Key=keys.item(conversation, keys.STATE), ConsistentRead=True)
    begun = parts.opened(state.get("Item", {}))
    work = {name: Worked(state="leased", since_s=one.since_s) for name, one in begun.items()}
    thread = states.thread({})
    held = rows.under(
        client,
        table,
        keys.partition(conversation),
        ConsistentRead=True,
        ProjectionExpression=_READ,
        ExpressionAttributeNames=_NAMES,
    )
    for row in held:
        name = keys.name_of(row)
        if name == keys.STATE:
            thread = states.thread(keys.fields(row))
        elif name.startswith((INBOUND, OUTBOUND)) and "state" in row:  # without one it is an edit that came first
            texts = {field: row[field]["S"] for field in ("state", "result", "reason") if field in row}
            work[name] = Worked(**texts, since_s=float(row.get("since", {}).get("N", "0")))
    return Known(work=work, thread=thread)


def comparison(client: DynamoDBClient, table: str, account: Account, name: str) -> Comparison | None:
    """The account's comparison of that name, None where there is none. Raises Retryable."""
    key = keys.compared(account.channel, account.id, name)
    row = call(client.get_item, TableName=table, Key=key, ConsistentRead=True).get("Item")
    return msgspec.json.decode(row["body"]["S"], type=Comparison) if row else None


def keep(client: DynamoDBClient, table: str, account: Account, name: str, now: float, held: Comparison) -> None:
    """Remembers how far it has come. Raises Retryable."""
    call(
        client.update_item,
        TableName=table,
        Key=keys.compared(account.channel, account.id, name),
        UpdateExpression="SET body = :body, expires_at = :expires",
        ExpressionAttributeValues={
            ":body": {"S": msgspec.json.encode(held).decode()},
            ":expires": states.expiry(now, KEPT_S),
        },
    )
