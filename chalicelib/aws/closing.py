"""What has been done about the windows of conversations that wait: on their STATE rows, while they wait; and where the
messages that may follow a customer's are almost spent: a row each, until somebody has been told.

The attributes of a STATE row are of one window (`closing_for`): where another one is meant, they say nothing. None of
them is in the index `waiting`, so that a step costs a write unit and no more.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from chalicelib.aws import calls, keys, rows, states, waiting
from chalicelib.aws.calls import call, met
from chalicelib.vocabulary.records import Account, Conversation, Spent, Wait

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

# docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchGetItem.html: 100 items a call; what a busy table
# leaves out is asked for again so often, and then with the next start
BATCH, TRIES = 100, 3
# Longer than any window whose messages are counted.
SPENT_S = 7 * 86_400
_FOR, _STEP, _RAISED, _URGED, _TELLING = (
    "closing_for", "closing_step", "closing_raised", "closing_urged", "closing_telling",
)  # fmt: skip
# When a reply to whoever waits was last refused (epoch ms). It may stay behind: what counts is that it is newer.
_REFUSED = "refused_ms"


class Closing:
    """Those rows, as the upkeep reads and writes them. Every method raises Retryable where DynamoDB cannot be
    reached."""

    def __init__(self, table: str, client: DynamoDBClient | None = None) -> None:
        self._table = table
        self._client: DynamoDBClient = client or calls.client("dynamodb")

    def waiting(self, account: Account, before_ms: int) -> list[tuple[Conversation, int]]:
        """The account's conversations that have waited since before then (epoch ms), the shortest wait first, and since
        when. Read by their keys."""
        return list(waiting.at(self._client, self._table, account, before_ms))[::-1]

    def waits(self, conversations: Sequence[Conversation]) -> Iterator[Wait]:
        """Those of them that still wait, in any order, read 100 a call; one that a busy table does not tell is left
        out."""
        for start in range(0, len(conversations), BATCH):
            asked = {one.key: one for one in conversations[start : start + BATCH]}
            for row in self._states(list(asked.values())):
                if keys.WAITS_AT in row:
                    yield _wait(asked[keys.conversation_of(row).key], row)

    def take(self, wait: Wait, now: float, lease_s: float) -> bool:
        """Whoever asks takes the wait's step, of the window that it names, and tells of it within that time (s, 0:
        there is nobody to tell). False, and no effect, where somebody has answered, the customer has written again, or
        another has taken the step and tells of it, or has told."""
        values = _values(wait) | {":since": {"N": str(wait.since_ms)}, ":now": {"N": str(int(now))}}
        fields = [f"{_FOR} = :for", f"{_STEP} = :step", f"{_RAISED} = :raised", f"{_URGED} = :urged"]
        expression = f"SET {', '.join(fields)}"
        if lease_s:
            expression += f", {_TELLING} = :telling"
            values[":telling"] = {"N": str(int(now + lease_s))}
        else:
            expression += f" REMOVE {_TELLING}"
        wrote = "attribute_not_exists(customer_ms)"
        if wait.thread.customer_ms:
            wrote = "customer_ms = :wrote"
            values[":wrote"] = {"N": str(wait.thread.customer_ms)}
        fresh = f"attribute_not_exists({_FOR}) OR {_FOR} <> :for OR {_STEP} < :step OR {_TELLING} < :now"
        return self._change(wait, expression, f"{keys.WAITS_SINCE} = :since AND {wrote} AND ({fresh})", values)

    def raised(self, wait: Wait) -> None:
        """The desk was asked to raise it, at a step that was taken before. No effect where another window is meant by
        now."""
        values = {name: value for name, value in _values(wait).items() if name != ":step"}
        changes = f"SET {_RAISED} = :raised, {_URGED} = :urged"
        self._change(wait, changes, f"{_FOR} = :for AND attribute_exists({keys.WAITS_AT})", values)

    def told(self, wait: Wait) -> None:
        """Supervisors have been told of its step. No effect where another tells of a later one."""
        values = {name: value for name, value in _values(wait).items() if name in {":for", ":step"}}
        self._change(wait, f"REMOVE {_TELLING}", f"{_FOR} = :for AND {_STEP} = :step", values)

    def spent(self) -> list[Spent]:
        """Where few messages may still follow, and nobody has been told."""
        found = rows.under(self._client, self._table, keys.SPENT)
        return [
            Spent(
                conversation=keys.named(keys.name_of(row)),
                left=int(row["left"]["N"]),
                customer_ms=int(row["customer_ms"]["N"]),
            )
            for row in found
        ]

    def tell_spent(self, spent: Spent, now: float, lease_s: float) -> bool:
        """Whoever asks tells of it within that time (s). False where another does, or where fewer are left by now."""
        times = {":now": {"N": str(int(now))}, ":telling": {"N": str(int(now + lease_s))}}
        changes: dict[str, Any] = {"UpdateExpression": f"SET {_TELLING} = :telling"}
        free = f"(attribute_not_exists({_TELLING}) OR {_TELLING} < :now)"
        return met(self._client.update_item, **changes, **_same(spent, f" AND {free}", times), **self._at(spent))

    def settle(self, spent: Spent) -> None:
        """Nobody has to tell of it any more; no effect where fewer are left by now."""
        met(self._client.delete_item, **_same(spent), **self._at(spent))

    def _at(self, spent: Spent) -> dict[str, Any]:
        return {"TableName": self._table, "Key": keys.spent(spent.conversation)}

    def _states(self, conversations: Sequence[Conversation]) -> Iterator[dict[str, Any]]:
        asked: Any = {self._table: {"Keys": [keys.item(one, keys.STATE) for one in conversations]}}
        for _ in range(TRIES):
            answer = call(self._client.batch_get_item, RequestItems=asked)
            yield from answer["Responses"].get(self._table, [])
            asked = answer.get("UnprocessedKeys")
            if not asked:
                return

    def _change(self, wait: Wait, expression: str, condition: str, values: dict[str, Any]) -> bool:
        return met(
            self._client.update_item,
            TableName=self._table,
            Key=keys.item(wait.conversation, keys.STATE),
            UpdateExpression=expression,
            ConditionExpression=condition,
            ExpressionAttributeValues=values,
        )


def refused(client: DynamoDBClient, table: str, conversation: Conversation, now: float) -> None:
    """A reply was refused now, which is why its customer's window may be lost. Nothing where nobody waits. Raises
    Retryable."""
    met(
        client.update_item,
        TableName=table,
        Key=keys.item(conversation, keys.STATE),
        UpdateExpression=f"SET {_REFUSED} = :ms",
        ConditionExpression=f"attribute_exists({keys.WAITS_AT})",
        ExpressionAttributeValues={":ms": {"N": str(int(now * 1000))}},
    )


def spend(
    client: DynamoDBClient, table: str, conversation: Conversation, now: float, left: int, customer_ms: int
) -> None:
    """So many messages may still follow the customer's newest, which is from then: somebody has to be told. Raises
    Retryable."""
    fields = {"left": {"N": str(left)}, "customer_ms": {"N": str(customer_ms)}}
    row: Any = {**keys.spent(conversation), **fields, "expires_at": states.expiry(now, SPENT_S)}
    call(client.put_item, TableName=table, Item=row)


def _same(spent: Spent, more: str = "", values: dict[str, Any] | None = None) -> dict[str, Any]:
    """The condition that nothing else has been written of it."""
    known = {":left": {"N": str(spent.left)}, ":ms": {"N": str(spent.customer_ms)}}
    return {
        "ConditionExpression": f"#left = :left AND customer_ms = :ms{more}",
        "ExpressionAttributeNames": {"#left": "left"},
        "ExpressionAttributeValues": known | (values or {}),
    }


def _values(wait: Wait) -> dict[str, Any]:
    numbers = {":for": wait.closes_ms, ":step": wait.step, ":raised": wait.raised}
    return {name: {"N": str(number)} for name, number in numbers.items()} | {":urged": {"S": wait.urged}}


def _wait(conversation: Conversation, row: dict[str, Any]) -> Wait:
    def number(name: str) -> int:
        return int(row.get(name, {}).get("N", "0"))

    told = {
        "since_ms": number(keys.WAITS_SINCE), "shown_ms": number(waiting.SHOWN), "closes_ms": number(_FOR),
        "step": number(_STEP), "raised": number(_RAISED), "urged": row.get(_URGED, {}).get("S", ""),
        "telling_s": number(_TELLING), "refused_ms": number(_REFUSED),
    }  # fmt: skip
    known = {"conversation": conversation, "thread": states.thread(row)}
    return msgspec.convert(known | told, Wait)
