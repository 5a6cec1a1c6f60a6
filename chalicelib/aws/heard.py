"""When a customer last wrote to each account: a row per account, which a container writes every five minutes at most.

So a message costs no call of its own where others come as often, and what is told is up to five minutes early. It is
the operator's to look at, and nothing is decided by it: where it cannot be written, the message is delivered all the
same.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from chalicelib.aws import keys, rows, states
from chalicelib.aws.calls import call
from chalicelib.errors import Retryable
from chalicelib.vocabulary.records import Conversation

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

EVERY_MS = 300_000


class Heard:
    """Those rows, as one container writes them."""

    def __init__(self, client: DynamoDBClient, table: str) -> None:
        self._client = client
        self._table = table
        self._written: dict[str, int] = {}

    def note(self, conversation: Conversation, now: float, wrote_ms: int) -> None:
        """The customer wrote to the account then (epoch ms, 0 for did not). Raises nothing."""
        account = keys.account(conversation.channel, conversation.account)
        wrote_ms = min(wrote_ms, int(now * 1000))  # a clock that is ahead of ours would tell of the future for long
        if wrote_ms <= 0 or wrote_ms < self._written.get(account, -EVERY_MS) + EVERY_MS:
            return
        self._written[account] = wrote_ms
        with suppress(Retryable, ClientError):  # also where another container knows of a later one
            call(
                self._client.update_item,
                TableName=self._table,
                Key=keys.heard(account),
                UpdateExpression="SET heard_ms = :ms, expires_at = :expires",
                ConditionExpression="attribute_not_exists(heard_ms) OR heard_ms < :ms",
                ExpressionAttributeValues={
                    ":ms": {"N": str(wrote_ms)},
                    ":expires": states.expiry(now, states.STATE_S),
                },
            )


def last_ms(client: DynamoDBClient, table: str) -> dict[tuple[str, str], int]:
    """When a customer last wrote (epoch ms), by channel and account id."""
    told: dict[tuple[str, str], int] = {}
    for row in rows.under(client, table, keys.HEARD):
        channel, _, account = keys.name_of(row).partition("#")
        told[channel, account] = int(row["heard_ms"]["N"])
    return told
