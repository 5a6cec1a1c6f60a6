"""What is remembered of a conversation: its STATE row, and whose a desk's conversation is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from chalicelib.aws import keys
from chalicelib.vocabulary.records import NOBODYS, Conversation, Seat, Standing, Thread

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.type_defs import TransactWriteItemTypeDef

# An agent may answer until a conversation's state is gone; no channel's window is as long (their capabilities.py).
STATE_S = 30 * 86_400
# A desk's conversation may go on for long after the one write that tells whose it is.
SEATED_S = 90 * 86_400
# A desk whose conversation nobody has ended is first asked about it after so long.
ASKED_S = 6 * 3_600

_REMEMBERED = set(Thread.__struct_fields__) - {"seat"}
# A seat's fields and their attributes: what a row has under `desk` was the desk's conversation before a seat had more.
_SEAT = {"desk": "seat_desk", "conversation": "desk", "state": "seat_state", "generation": "generation"}


def thread(row: dict[str, Any]) -> Thread:
    """What the row holds; an empty Thread of an empty one."""
    plain = {name: value.get("S") or int(value.get("N", "0")) for name, value in row.items()}
    seat = {field: plain[name] for field, name in _SEAT.items() if plain.get(name)}
    told = {name: plain[name] for name in _REMEMBERED if plain.get(name)}
    return msgspec.convert({**told, "seat": seat}, Thread)


def standing(row: dict[str, Any]) -> Standing:
    """What its end has to know of it."""
    return Standing(
        thread=thread(row),
        shown=int(row.get("shown", {}).get("N", "0")),
        ended=row.get("ended", {}).get("S", ""),
        ended_ms=int(row.get("ended_ms", {}).get("N", "0")),
    )


def remember(
    table: str, conversation: Conversation, now: float, thread: Thread, before: Seat | None, *, newest: bool
) -> TransactWriteItemTypeDef:
    """The STATE write: always the conversation ids; what the customer did last only if it is the newest. Where the
    thread names a seat, only if the conversation has not been moved."""
    told, gone = _seat_fields(thread.seat, before) if thread.seat.conversation else ({}, [])
    unless, values = _unmoved(before) if thread.seat.conversation else ("", {})
    conditions = [unless] if unless else []
    told |= {"platform": thread.platform} if thread.platform else {}
    if newest:
        last: dict[str, str | int] = {"ad_ms": thread.ad_ms, "customer_ms": thread.customer_ms}
        last |= {"comment": thread.comment, "comment_ms": thread.comment_ms}
        clock = next((name for name in ("customer_ms", "comment_ms") if last[name]), "")
        if clock:
            conditions.append(f"(attribute_not_exists(#{clock}) OR #{clock} <= :{clock})")
        told |= {name: value for name, value in last.items() if value}
    sets = _sets(told)
    if "customer_ms" in told:  # a new turn of the customer's: our messages count from here
        sets.append("replies = :replies")
        values[":replies"] = {"N": str(thread.replies)}
    write: Any = {"TableName": table, "Key": keys.item(conversation, keys.STATE)}
    removes = f" REMOVE {', '.join(gone)}" if gone else ""
    sits, asks = _sits(conversation, now) if thread.seat.conversation else ([], {})
    sets.append("begun_ms = if_not_exists(begun_ms, :begun)")  # what agents write from now on can be begun here (parts)
    values[":begun"] = {"N": str(int(now * 1000))}
    write["UpdateExpression"] = (
        "SET " + ", ".join(["expires_at = :expires", *sets, *sits]) + removes + " ADD shown :one"
    )
    write["ExpressionAttributeValues"] = values | _typed(told) | asks | {":expires": expiry(now, STATE_S), **_ONE}
    if told:  # "comment" is one of DynamoDB's reserved words
        write["ExpressionAttributeNames"] = {f"#{name}": name for name in told}
    if conditions:
        write["ConditionExpression"] = " AND ".join(conditions)
    return {"Update": write}


def moved(table: str, conversation: Conversation, now: float, before: Seat, after: Seat) -> TransactWriteItemTypeDef:
    """From one seat to another, if it still sits at the first."""
    told, gone = _seat_fields(after, before)
    sits, asks = _sits(conversation, now) if after.conversation else ([], {})
    gone += [] if after.conversation else _SITTING
    held = "desk = :was" if before.conversation else "attribute_not_exists(desk)"
    known, values = _unmoved(before)
    values |= {":was": {"S": before.conversation}} if before.conversation else {}
    removes = f" REMOVE {', '.join(gone)}" if gone else ""
    write: Any = {
        "TableName": table,
        "Key": keys.item(conversation, keys.STATE),
        "UpdateExpression": "SET " + ", ".join(["expires_at = :expires", *_sets(told), *sits]) + removes,
        "ConditionExpression": f"{known} AND {held}",
        "ExpressionAttributeNames": {f"#{name}": name for name in told},
        "ExpressionAttributeValues": {":expires": expiry(now, STATE_S), **_typed(told), **asks, **values},
    }
    return {"Update": write}


def ended(table: str, conversation: Conversation, now: float, known: Standing) -> TransactWriteItemTypeDef:
    """Nobody has it any more, and it waits for nobody, if it sits where it did and nothing was shown since."""
    seat = known.thread.seat
    told, gone = _seat_fields(seat.moved(), seat)
    told |= {"ended": seat.conversation, "ended_ms": int(now * 1000)}
    unmoved, values = _unmoved(seat)
    shown = "shown = :shown" if known.shown else "attribute_not_exists(shown)"
    values |= {":shown": {"N": str(known.shown)}} if known.shown else {}
    gone += [*_SITTING, keys.WAITS_AT, keys.WAITS_SINCE]
    write: Any = {
        "TableName": table,
        "Key": keys.item(conversation, keys.STATE),
        "UpdateExpression": f"SET expires_at = :expires, {', '.join(_sets(told))} REMOVE {', '.join(gone)}",
        "ConditionExpression": f"desk = :was AND {unmoved} AND {shown}",
        "ExpressionAttributeNames": {f"#{name}": name for name in told},
        "ExpressionAttributeValues": {
            ":expires": expiry(now, STATE_S),
            ":was": {"S": seat.conversation},
            **_typed(told),
            **values,
        },
    }
    return {"Update": write}


_ONE = {":one": {"N": "1"}}
_SITTING = [keys.SITS_AT, keys.ASKS_AT]


def _sits(conversation: Conversation, now: float) -> tuple[list[str], dict[str, Any]]:
    """It sits at a desk, which is asked about it in a while, unless that is to be done already."""
    at = keys.account(conversation.channel, conversation.account)
    values = {keys.SITS_AT: {"S": at}, keys.ASKS_AT: expiry(now, ASKED_S)}
    sets = [f"{name} = if_not_exists({name}, :{name})" for name in values]
    return sets, {f":{name}": value for name, value in values.items()}


def _seat_fields(seat: Seat, before: Seat | None) -> tuple[dict[str, str | int], list[str]]:
    """The attributes of a seat that are written, and those that the one before it leaves behind: what is the default
    has none."""
    fields, held = _seat_row(seat), _seat_row(before or NOBODYS)
    told = {name: value for name, value in fields.items() if value}
    return told, [name for name in fields if held[name] and name not in told]


def _seat_row(seat: Seat) -> dict[str, str | int]:
    return {name: getattr(seat, field) for field, name in _SEAT.items()}


def _unmoved(before: Seat | None) -> tuple[str, dict[str, Any]]:
    """The condition that the conversation still sits there, with its values; where nobody has looked (None), that it
    has never been taken to another desk."""
    if before is None:
        return "attribute_not_exists(seat_desk)", {}
    if not before.generation:
        return "attribute_not_exists(generation)", {}
    return "generation = :known", {":known": {"N": str(before.generation)}}


def _sets(told: dict[str, str | int]) -> list[str]:
    return [f"#{name} = :{name}" for name in told]


def _typed(told: dict[str, str | int]) -> dict[str, Any]:
    return {f":{name}": {"S": value} if isinstance(value, str) else {"N": str(value)} for name, value in told.items()}


def listing(
    table: str, conversation: Conversation, now: float, seat: Seat, after_s: int = SEATED_S
) -> list[TransactWriteItemTypeDef]:
    """Whose the seat's conversation is, for so long; and a pointer to that among the rows of the conversation, by which
    it is erased with them."""
    whose: dict[str, Any] = {name: {"S": getattr(conversation, name)} for name in Conversation.__struct_fields__}
    there = keys.seat(*seat.place)
    rows_of_it = [there | whose, keys.item(conversation, keys.name_of_seat(there))]
    return [{"Put": {"TableName": table, "Item": {**row, "expires_at": expiry(now, after_s)}}} for row in rows_of_it]


def expiry(now: float, after_s: int) -> dict[str, str]:
    """So long after now, as the table's TTL reads it."""
    return {"N": str(int(now) + after_s)}
