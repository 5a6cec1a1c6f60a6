"""What a customer does in passing (reads, is writing): of each kind, which is the newest that somebody has taken to
show.

It lies in the conversation's state: `<kind>_ms` is when that was, by the platform's clock, `<kind>_id` the event that
told of it, and `<kind>_by` the try that has it. What is older is not taken again, nor the same event; where the last
two are missing, whoever had it has given it back, and that moment may be taken once more. Nothing is written of a
conversation that sits nowhere.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from chalicelib.aws import keys
from chalicelib.vocabulary.records import Conversation
from chalicelib.wire import bounded


def held(state: Mapping[str, Any], kind: str, owner: str) -> bool:
    """Whether that try has the newest of the kind."""
    return bool(state.get(f"{kind}_by") == {"S": owner})


def taken(table: str, conversation: Conversation, kind: str, event: str, at_ms: int, owner: str) -> dict[str, Any]:
    """The update by which it is taken. Its answer is the state, also where the condition does not hold."""
    newer = "attribute_not_exists(#ms) OR #ms < :ms OR (#ms = :ms AND attribute_not_exists(#by))"
    another = "attribute_not_exists(#id) OR #id <> :event"
    return {
        "TableName": table,
        "Key": keys.item(conversation, keys.STATE),
        "UpdateExpression": "SET #ms = :ms, #id = :event, #by = :took",
        "ConditionExpression": f"attribute_exists(desk) AND ({another}) AND ({newer})",
        "ExpressionAttributeNames": {f"#{name}": f"{kind}_{name}" for name in ("ms", "id", "by")},
        "ExpressionAttributeValues": {
            ":ms": {"N": str(at_ms)},
            ":event": {"S": bounded(event)},
            ":took": {"S": owner},
        },
        "ReturnValues": "ALL_NEW",
        "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
    }


def left(table: str, conversation: Conversation, kind: str, owner: str) -> dict[str, Any]:
    """The update by which that try gives it back."""
    return {
        "TableName": table,
        "Key": keys.item(conversation, keys.STATE),
        "UpdateExpression": "REMOVE #id, #by",
        "ConditionExpression": "#by = :by",
        "ExpressionAttributeNames": {f"#{name}": f"{kind}_{name}" for name in ("id", "by")},
        "ExpressionAttributeValues": {":by": {"S": owner}},
    }
