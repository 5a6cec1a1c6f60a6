"""Who may speak where a bot sits: on the conversation's STATE row, by conditional writes.

`bot_item` sends its part until `bot_until` (epoch s); `bot_turn` is the last turn that the bot has answered. Where a
conversation is taken over while a part is under way, one of the two does not happen, whoever dies over it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from chalicelib.aws import calls, keys, states
from chalicelib.aws.calls import Unmet, call, conditional, met
from chalicelib.vocabulary.records import BOT, Conversation, Seat

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


class Floor:
    """Implements `pipeline.ports.Floor`. Every method raises Retryable where DynamoDB cannot be reached."""

    def __init__(self, table: str, client: DynamoDBClient | None = None) -> None:
        self._table = table
        self._client: DynamoDBClient = client or calls.client("dynamodb")

    def speak(
        self, conversation: Conversation, item: str, seat: Seat, turn: int, now: float, until: float
    ) -> Literal["held", "early", "over"]:
        """Takes the floor for the part; "early" where the seat is not written yet, "over" where it is the bot's no
        more."""
        try:
            conditional(
                self._client.update_item,
                **self._state(conversation),
                UpdateExpression="SET bot_item = :item, bot_until = :until, bot_turn = :turn",
                ConditionExpression="seat_desk = :bot AND desk = :talk AND generation = :generation "
                "AND (attribute_not_exists(bot_turn) OR bot_turn <= :turn)",
                ExpressionAttributeValues={
                    ":item": {"S": item},
                    ":until": {"N": str(until)},
                    ":turn": {"N": str(turn)},
                    ":bot": {"S": BOT},
                    ":talk": {"S": seat.conversation},
                    ":generation": {"N": str(seat.generation)},
                },
                ReturnValuesOnConditionCheckFailure="ALL_OLD",
            )
        except Unmet as no:
            return "early" if states.thread(no.held).seat.generation < seat.generation else "over"
        return "held"

    def silent(self, conversation: Conversation, item: str) -> None:
        """Gives the floor back, if the part has it."""
        met(
            self._client.update_item,
            **self._state(conversation),
            UpdateExpression="REMOVE bot_item, bot_until",
            ConditionExpression="bot_item = :item",
            ExpressionAttributeValues={":item": {"S": item}},
        )

    def hand_over(self, conversation: Conversation, before: Seat, after: Seat, now: float) -> bool:
        """Moves the conversation, unless the bot has the floor, or it has been moved otherwise meanwhile."""
        move: dict[str, Any] = dict(states.moved(self._table, conversation, now, before, after)["Update"])
        move["ConditionExpression"] += " AND (attribute_not_exists(bot_until) OR bot_until < :now)"
        move["ExpressionAttributeValues"] |= {":now": {"N": str(now)}}
        if met(self._client.update_item, **move):
            return True
        # it may have been this very write, whose answer was lost
        held = call(self._client.get_item, **self._state(conversation), ConsistentRead=True).get("Item") or {}
        return states.thread(held).seat == after

    def _state(self, conversation: Conversation) -> dict[str, Any]:
        return {"TableName": self._table, "Key": keys.item(conversation, keys.STATE)}
