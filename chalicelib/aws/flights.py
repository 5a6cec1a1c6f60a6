"""Which of an agent's parts may be on their way, without a look at all that were ever sent.

A part that has a row of its own is named in its conversation's state (`ROW#` and the claim's name: since when, epoch s)
before it is claimed, and leaves it with the write that tells that it was sent. One that has ended otherwise leaves when
somebody looks. Earlier versions name none: a conversation is looked through once, and again as long as one of their
workers may still run; `listed_s` is since when all of its parts are named.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from chalicelib.aws import claimed, keys, states
from chalicelib.vocabulary.records import Conversation

LISTED = "listed_s"
# A worker of an earlier version does not run for longer, once a newer one has begun.
ROLLING_S = 900
_ROW = "ROW#"


def mark(item: str) -> str:
    """What the state calls the part."""
    return f"{_ROW}{item}"


def named(state: Mapping[str, Any]) -> list[str]:
    """The parts that the state names."""
    return [name.removeprefix(_ROW) for name in state if name.startswith(_ROW)]


def complete(state: Mapping[str, Any], now: float) -> bool:
    """Whether nothing can be on its way that it does not name."""
    return LISTED in state and now - float(state[LISTED]["N"]) >= ROLLING_S


def naming(table: str, conversation: Conversation, items: Iterable[str], now: float, *, all_: bool) -> dict[str, Any]:
    """The update of the state that names the parts, which are `all_` that there are, or some."""
    names = {f"#i{number}": mark(item) for number, item in enumerate(items)}
    sets = ["expires_at = :expires", *(f"{name} = :now" for name in names)]
    sets += [f"{LISTED} = if_not_exists({LISTED}, :now)"] if all_ else []
    # whole numbers: earlier versions read every attribute of the state as a text or one of these
    values = {":now": {"N": str(int(now))}, ":expires": states.expiry(now, states.STATE_S)}
    update: dict[str, Any] = {
        "TableName": table,
        "Key": keys.item(conversation, keys.STATE),
        "UpdateExpression": f"SET {', '.join(sets)}",
        "ExpressionAttributeValues": values,
    }
    return update | ({"ExpressionAttributeNames": names} if names else {})


def forgetting(table: str, conversation: Conversation, items: Iterable[str]) -> dict[str, Any]:
    """The update of the state by which parts leave it that have ended."""
    names = {f"#i{number}": mark(item) for number, item in enumerate(items)}
    return {
        "TableName": table,
        "Key": keys.item(conversation, keys.STATE),
        "UpdateExpression": f"REMOVE {', '.join(names)}",
        "ExpressionAttributeNames": names,
    }


def on_its_way(row: Mapping[str, Any], now: float) -> bool:
    """Whether nobody knows that the part arrived, of its claim's row; what was given up as unconfirmed may have."""
    state, reason = row.get("state", {}).get("S"), row.get("reason", {}).get("S")
    waits = state in {"leased", "doubt"} or (state == "refused" and reason == "unconfirmed")
    return waits and int(row["expires_at"]["N"]) > int(now)


def ended(state: Mapping[str, Any], item: str, row: Mapping[str, Any], now: float) -> bool:
    """Whether a part that is not on its way, and that the state names, will not be again; by the row that it has, or
    had. What was given back, or is about to be claimed, may be."""
    if row:
        return row.get("state", {}).get("S") in {"done", "refused"}
    return float(state[mark(item)]["N"]) < now - claimed.REMEMBERED_S
