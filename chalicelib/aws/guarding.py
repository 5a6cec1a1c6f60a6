"""What guards before a desk remember: a row per conversation beside its state, the list of what is held, the operator's
rules, and how often what was done."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, get_args

import msgspec

from chalicelib.aws import calls, keys, rows
from chalicelib.aws.calls import call
from chalicelib.vocabulary.guarding import QUIET, Held, Rule, Said, Step, Talk, Tally
from chalicelib.vocabulary.records import Account, Conversation

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import TransactWriteItemTypeDef

# Fingerprints of what was said live for so long; nothing is held longer.
TALK_S = 26 * 3600
TALLY_S = 8 * 86_400


def said(table: str, conversation: Conversation, now: float, turn: Said) -> TransactWriteItemTypeDef:
    """The write that remembers the turn. One is added to what is there, as two workers may write at once; only what
    was said before a person's turn is let go, and what its reader has left out (`Said.kept`)."""
    whole = () if turn.by == "person" else turn.kept
    texts = {"L": [{"S": _text(one)} for one in (*(whole or ()), *(() if turn.by == "person" else (turn,)))]}
    values: dict[str, Any] = {":said": texts, ":expires": {"N": str(int(now) + TALK_S)}}
    value = ":said"
    if whole is None:
        value, values[":none"] = "list_append(if_not_exists(said, :none), :said)", {"L": []}
    return {
        "Update": {
            "TableName": table,
            "Key": keys.item(conversation, keys.TALK),
            "UpdateExpression": f"SET said = {value}, expires_at = :expires",
            "ExpressionAttributeValues": values,
        }
    }


class Guarding:
    """Those rows. Every method raises Retryable where DynamoDB cannot be reached."""

    def __init__(self, table: str, client: DynamoDBClient | None = None) -> None:
        self._table = table
        self._client: DynamoDBClient = client or calls.client("dynamodb")

    def talk(self, conversation: Conversation) -> Talk:
        """What is remembered of the conversation."""
        key = keys.item(conversation, keys.TALK)
        row = call(self._client.get_item, TableName=self._table, Key=key, ConsistentRead=True).get("Item")
        if not row:
            return QUIET
        step = row.get("step", {}).get("S", "")
        return Talk(
            said=tuple(_said(one["S"]) for one in row.get("said", {}).get("L", [])),
            step=_step(step),
            until_s=float(row.get("until", {}).get("N", "0")),
            why=row.get("why", {}).get("S", ""),
            told=row.get("told", {}).get("BOOL", False),
            released_ms=int(row.get("released_ms", {}).get("N", "0")),
        )

    def hold(self, held: Held) -> None:
        """The conversation is held, or parked, and listed so; the agents have not been told yet."""
        fields: dict[str, Any] = {
            ":step": {"S": held.step},
            ":until": {"N": str(held.until_s)},
            ":why": {"S": held.why},
            ":told": {"BOOL": False},
            ":expires": {"N": str(int(held.since_s) + TALK_S)},
        }
        row = {
            **keys.held(held.conversation),
            "step": fields[":step"],
            "why": fields[":why"],
            "since": {"N": str(held.since_s)},
            "until": fields[":until"],
            "expires_at": {"N": str(int(held.until_s))},
        }
        write: Any = [
            {
                "Update": {
                    "TableName": self._table,
                    "Key": keys.item(held.conversation, keys.TALK),
                    "UpdateExpression": "SET step = :step, #until = :until, why = :why, told = :told,"
                    " expires_at = :expires",
                    "ExpressionAttributeNames": {"#until": "until"},
                    "ExpressionAttributeValues": fields,
                }
            },
            {"Put": {"TableName": self._table, "Item": row}},
        ]
        call(self._client.transact_write_items, TransactItems=write)

    def tell(self, conversation: Conversation) -> None:
        """The agents know of it."""
        call(
            self._client.update_item,
            TableName=self._table,
            Key=keys.item(conversation, keys.TALK),
            UpdateExpression="SET told = :told",
            ExpressionAttributeValues={":told": {"BOOL": True}},
        )

    def release(self, conversation: Conversation, now: float) -> None:
        """What has come by now goes on, and what was said counts no more."""
        call(
            self._client.update_item,
            TableName=self._table,
            Key=keys.item(conversation, keys.TALK),
            UpdateExpression="SET released_ms = :ms, expires_at = :expires REMOVE step, #until, why, told, said",
            ExpressionAttributeNames={"#until": "until"},
            ExpressionAttributeValues={
                ":ms": {"N": str(int(now * 1000))},
                ":expires": {"N": str(int(now) + TALK_S)},
            },
        )
        call(self._client.delete_item, TableName=self._table, Key=keys.held(conversation))

    def held(self, now: float) -> list[Held]:
        """Every conversation that is held or parked now."""
        there = rows.under(self._client, self._table, keys.HELD, ConsistentRead=True)
        found = [
            Held(
                conversation=keys.named(keys.name_of(row)),
                step=_step(row["step"]["S"]),
                why=row["why"]["S"],
                since_s=float(row["since"]["N"]),
                until_s=float(row["until"]["N"]),
            )
            for row in there
        ]
        return [one for one in found if one.until_s > now]

    def rules(self) -> list[Rule]:
        """All rules, in the order of their names. What cannot be read as one is left out."""
        there = rows.under(self._client, self._table, keys.RULES, ConsistentRead=True)
        return [rule for row in there if (rule := _rule(row))]

    def keep_rule(self, rule: Rule) -> None:
        """Keeps the rule, in place of the one of its name."""
        fields = {name: {"S": value} for name, value in msgspec.to_builtins(rule).items() if name != "id"}
        call(self._client.put_item, TableName=self._table, Item={**keys.rule(rule.id), **fields})

    def remove_rule(self, name: str) -> None:
        """Removes the rule of that name; none is fine."""
        call(self._client.delete_item, TableName=self._table, Key=keys.rule(name))

    def count(self, account: Account, what: str, why: str, now: float) -> None:
        """Counts once what was done to a message of the account, and why."""
        day = datetime.fromtimestamp(now, UTC).date().isoformat()
        self._add(keys.tally(day, account.channel, account.id, what, why), now, TALLY_S)

    def newcomer(self, account: Account, now: float, within_s: int) -> int:
        """Counts somebody who writes to the account for the first time: how many that were in this span of time."""
        return self._add(keys.newcomers(account.channel, account.id, int(now) // within_s), now, 2 * within_s)

    def tallies(self, day: str) -> list[Tally]:
        """What was done on that day (ISO 8601)."""
        found = rows.read(
            self._client,
            self._table,
            KeyConditionExpression="pk = :pk AND begins_with(sk, :day)",
            ExpressionAttributeValues={":pk": {"S": keys.GUARDED}, ":day": {"S": f"{day}#"}},
        )
        return [_tally(row) for row in found]

    def _add(self, key: dict[str, Any], now: float, kept_s: int) -> int:
        answer = call(
            self._client.update_item,
            TableName=self._table,
            Key=key,
            UpdateExpression="SET expires_at = :expires ADD times :one",
            ExpressionAttributeValues={":one": {"N": "1"}, ":expires": {"N": str(int(now) + kept_s)}},
            ReturnValues="UPDATED_NEW",
        )
        return int(answer["Attributes"]["times"]["N"])


def _step(text: str) -> Step:
    """A step that this release does not know holds, which loses nothing."""
    return msgspec.convert(text, Step) if text in get_args(Step) else "hold"


def _text(turn: Said) -> str:
    return f"{turn.by} {turn.at_ms} {turn.mark}"


def _said(text: str) -> Said:
    by, at_ms, mark = text.split(" ")
    return msgspec.convert({"by": by, "at_ms": int(at_ms), "mark": mark}, Said)


def _rule(row: dict[str, Any]) -> Rule | None:
    told = {name: value.get("S", "") for name, value in keys.fields(row).items()}
    try:
        return msgspec.convert({**told, "id": keys.name_of(row)}, Rule)
    except msgspec.ValidationError:
        return None


def _tally(row: dict[str, Any]) -> Tally:
    day, channel, account, action, why = keys.name_of(row).split("#", 4)
    return Tally(day=day, channel=channel, account=account, action=action, why=why, count=int(row["times"]["N"]))
