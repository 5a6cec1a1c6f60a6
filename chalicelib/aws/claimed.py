"""Rows of claims: how they are read, and written when the work is taken and when it has ended."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from chalicelib.aws import keys, states
from chalicelib.vocabulary.records import Claim, Conversation

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.type_defs import TransactWriteItemTypeDef

# Longer than any platform redelivers (each webhook.py tells), and than a queue's 14 days and its dead letters' 14 more.
REMEMBERED_S = 30 * 86_400
# What a claim was taken from of which nobody had known.
NOTHING = "nothing"
DONE = "SET #state = :done, #result = :result, expires_at = :expires"


def taken(
    table: str,
    conversation: Conversation,
    item: str,
    now: float,
    until: float,
    owner: str,
    text: str,
    folded: Sequence[str],
) -> dict[str, Any]:
    """The update by which `owner` takes the work until then (epoch s), if nobody has it. Its answer is the row as it
    was before, or as it is where the condition does not hold. So whoever repeats it, since the answer was lost, is told
    of their own row: what that was before stands in it as `took`."""
    values = {":leased": "leased", ":buried": "buried", ":owner": owner, ":text": text, ":nothing": NOTHING}
    numbers = {":until": until, ":now": now}
    noted = {":folded": {"S": msgspec.json.encode(folded).decode()}} if folded else {}
    return {
        "TableName": table,
        "Key": keys.item(conversation, item),
        "UpdateExpression": "SET took = if_not_exists(#state, :nothing), #state = :leased, #owner = :owner,"
        " #until = :until, #text = :text, since = if_not_exists(since, :now), expires_at = :expires"
        + (", folded = if_not_exists(folded, :folded)" if noted else ""),
        "ConditionExpression": "attribute_not_exists(#state) OR #state = :buried"
        " OR (#state = :leased AND #until < :now)",
        "ExpressionAttributeNames": {f"#{name}": name for name in ("state", "owner", "until", "text")},
        "ExpressionAttributeValues": {
            **{name: {"S": value} for name, value in values.items()},
            **{name: {"N": str(value)} for name, value in numbers.items()},
            **noted,
            ":expires": states.expiry(now, REMEMBERED_S),
        },
        "ReturnValues": "ALL_OLD",
        "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
    }


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
