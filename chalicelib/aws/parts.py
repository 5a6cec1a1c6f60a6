"""Parts of agents' messages, while they are sent and once they are: where one is begun, and how it ends.

What is certainly new is claimed in its conversation's state, by the write that also reads that state: an attribute
named like the claim, which leaves it in the transaction that writes down the claim's row as done. Until then it is the
claim; whoever has to say more of it than that it is under way (a doubt, a refusal, a worker that died) first gives it
the row that every other claim has, in one transaction (`set_apart`).

What is certainly new? `begun_ms` is the time, by the desk's clock, of the newest message that was begun so, and `begun`
its claim: another that was written later, and is handed out for the first time, nobody has begun. All else is looked
up by its row.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import msgspec

from chalicelib.aws import claimed, flights, keys, states, waiting
from chalicelib.vocabulary import claims
from chalicelib.vocabulary.records import Conversation

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.type_defs import TransactWriteItemTypeDef

BEGUN_MS = "begun_ms"


class Opened(msgspec.Struct, frozen=True, kw_only=True):
    """A claim in a conversation's state: whose, until when, since when (epoch s), and the text's fingerprint."""

    owner: str
    until_s: float
    since_s: float
    text: str = ""


def opened(row: Mapping[str, Any]) -> dict[str, Opened]:
    """The parts that are open in that state."""
    return {
        name: msgspec.json.decode(value["S"], type=Opened)
        for name, value in row.items()
        if name.startswith(claims.OUTBOUND)
    }


def fields(opening: Opened) -> dict[str, str | float | int | bool]:
    """What the claim's row would hold."""
    ends = int(opening.since_s) + claimed.REMEMBERED_S
    return {"state": "leased", "until": opening.until_s, "since": opening.since_s, "expires_at": ends}


def begun(
    table: str, conversation: Conversation, item: str, now: float, written_ms: int, opening: Opened | None
) -> dict[str, Any]:
    """The update by which a part is begun that nobody has begun, of a message that was written then; without an
    `opening` only that it was is noted. Its condition tells the state where it does not hold. Of a conversation in
    which no customer has written nothing is begun so."""
    values: dict[str, Any] = {
        ":ms": {"N": str(written_ms)},
        ":item": {"S": item},
        ":expires": states.expiry(now, states.STATE_S),
    }
    if opening is not None:
        values[":opening"] = _text(opening)
    return {
        "TableName": table,
        "Key": keys.item(conversation, keys.STATE),
        "UpdateExpression": f"SET expires_at = :expires, begun = :item, {BEGUN_MS} = :ms"
        + (", #item = :opening" if opening else ""),
        "ConditionExpression": f"{BEGUN_MS} < :ms AND attribute_exists(customer_ms)"
        " AND (attribute_not_exists(said_ms) OR said_ms < :ms) AND (attribute_not_exists(begun) OR begun <> :item)"
        " AND attribute_not_exists(#item)",
        "ExpressionAttributeNames": {"#item": item},
        "ExpressionAttributeValues": values,
        "ReturnValues": "ALL_NEW",
        "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
    }


def released(table: str, conversation: Conversation, item: str) -> dict[str, Any]:
    """The update by which an open part is given back; that its message was begun stays noted."""
    return {
        "TableName": table,
        "Key": keys.item(conversation, keys.STATE),
        "UpdateExpression": "REMOVE #item",
        "ConditionExpression": "attribute_exists(#item)",
        "ExpressionAttributeNames": {"#item": item},
    }


def set_apart(table: str, conversation: Conversation, item: str, opening: Opened) -> list[TransactWriteItemTypeDef]:
    """The claim leaves the state for its row, as it stood there."""
    values = {
        ":leased": {"S": "leased"},
        ":owner": {"S": opening.owner},
        ":text": {"S": opening.text},
        ":until": {"N": str(opening.until_s)},
        ":since": {"N": str(opening.since_s)},
        ":expires": states.expiry(opening.since_s, claimed.REMEMBERED_S),
    }
    fields = ("state", "owner", "until", "text")
    row: Any = {
        "TableName": table,
        "Key": keys.item(conversation, item),
        "UpdateExpression": "SET #state = :leased, #owner = :owner, #until = :until, #text = :text, since = :since,"
        " expires_at = :expires",
        "ConditionExpression": "attribute_not_exists(#state)",
        "ExpressionAttributeNames": {f"#{name}": name for name in fields},
        "ExpressionAttributeValues": values,
    }
    state: Any = {
        **released(table, conversation, item),
        "UpdateExpression": "SET #row = :since REMOVE #item",
        "ConditionExpression": "#item = :opening",
        "ExpressionAttributeNames": {"#item": item, "#row": flights.mark(item)},
        "ExpressionAttributeValues": {":opening": _text(opening), ":since": {"N": str(int(opening.since_s))}},
    }
    return [{"Update": row}, {"Update": state}]


def sent(
    table: str,
    conversation: Conversation,
    item: str,
    now: float,
    platform_id: str,
    words: str,
    told: Mapping[str, str | int],
) -> list[TransactWriteItemTypeDef]:
    """All that is written once the part has reached the platform, unless it is done: its claim, wherever that is, its
    id there, and what the conversation remembers (`told`, as far as it is)."""
    values = claimed.done(now, platform_id) | {":now": {"N": str(now)}}
    done = claimed.update(table, conversation, item, claimed.DONE + ", since = if_not_exists(since, :now)", values)
    done["Update"]["ConditionExpression"] = "NOT #state = :done"
    writes = [done]
    if platform_id:
        known = keys.item(conversation, keys.sent(platform_id))
        fields = {**known, "expires_at": states.expiry(now, claimed.REMEMBERED_S)}
        writes.append({"Put": {"TableName": table, "Item": fields | ({"words": {"S": words}} if words else {})}})
    noted = {name: value for name, value in told.items() if value}
    sets = ["expires_at = :expires", *(f"{name} = :{name}" for name in noted)]
    typed = {f":{name}": {"S": value} if isinstance(value, str) else {"N": str(value)} for name, value in noted.items()}
    ends = "" if claims.automatic(item) else f"{waiting.ANSWERED}, "
    state: Any = {
        "TableName": table,
        "Key": keys.item(conversation, keys.STATE),
        "UpdateExpression": f"SET {', '.join(sets)} REMOVE {ends}#item, #row ADD replies :one",
        "ExpressionAttributeNames": {"#item": item, "#row": flights.mark(item)},
        "ExpressionAttributeValues": {":one": {"N": "1"}, ":expires": states.expiry(now, states.STATE_S), **typed},
    }
    return [*writes, {"Update": state}]


def _text(opening: Opened) -> dict[str, str]:
    return {"S": msgspec.json.encode(opening).decode()}
