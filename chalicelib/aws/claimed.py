"""Rows of claims: how they are read, and written when the work has ended."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import msgspec

from chalicelib.aws import keys, states
from chalicelib.vocabulary.records import Claim, Conversation

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.type_defs import TransactWriteItemTypeDef

# Longer than any platform redelivers (each webhook.py tells), and than a queue's 14 days and its dead letters' 14 more.
REMEMBERED_S = 30 * 86_400
DONE = "SET #state = :done, #result = :result, expires_at = :expires"


def done(now: float, result: str) -> dict[str, Any]:
    """The values of DONE."""
    return {":done": {"S": "done"}, ":result": {"S": result}, ":expires": states.expiry(now, REMEMBERED_S)}


def update(
    table: str, conversation: Conversation, item: str, expression: str, values: dict[str, Any]
) -> TransactWriteItemTypeDef:
    """A write of a transaction's, to the claim's row."""
    return {
        "Update": {
            "TableName": table,
            "Key": keys.item(conversation, item),
            "UpdateExpression": expression,
            "ExpressionAttributeNames": {"#state": "state", "#result": "result"},
            "ExpressionAttributeValues": values,
        }
    }


def shown(
    table: str, conversation: Conversation, item: str, now: float, result: str, words: str
) -> TransactWriteItemTypeDef:
    """A customer's event is done, and begins so."""
    named = {":words": {"S": words}} if words else {}
    return update(table, conversation, item, DONE + (", words = :words" if named else ""), done(now, result) | named)


def claim(row: Mapping[str, Any]) -> Claim:
    """What a row that is there tells whoever asks."""

    def text(name: str) -> str:
        return str(row.get(name, {}).get("S", ""))

    def number(name: str) -> float:
        return float(row.get(name, {}).get("N", "0"))

    states = {"leased": "busy", "doubt": "doubt", "done": "done", "refused": "refused"}
    return msgspec.convert(
        {
            "state": states.get(text("state"), "busy"),
            "until_s": number("until"),
            "since_s": number("since"),
            "tried_s": number("tried") or number("since"),
            "result": text("result"),
            "reason": text("reason"),
            "detail": text("detail"),
            "edited": text("edited"),
            "seat": {"desk": text("seat_desk"), "conversation": text("desk")},
            "folded": msgspec.json.decode(text("folded") or "[]"),
        },
        Claim,
    )
