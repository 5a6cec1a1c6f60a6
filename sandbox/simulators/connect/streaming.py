"""How Amazon Connect tells of a chat: each item to the chat's topics, at least once and in no order.

docs.aws.amazon.com/connect/latest/adminguide/sns-payload.html
"""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Mapping
from fnmatch import fnmatchcase
from typing import Any, NamedTuple, Protocol

from sandbox.simulators.connect.contacts import Chat, Item
from sandbox.stage.lanes import Lane

_OVERTAKEN_S = 1.5
SERVICE = "connect.amazonaws.com"
_CONDITIONS = {"StringEquals", "ArnEquals", "StringLike", "ArnLike"}


class Topics(Protocol):
    """SNS, as far as a service of AWS calls it."""

    def policy(self, topic: str) -> str:
        """The topic's policy, JSON; "" where there is no such topic."""

    def publish(self, topic: str, message: str, attributes: Mapping[str, str]) -> None:
        """One notification."""


class NoTopics:
    """Where nobody listens."""

    def policy(self, topic: str) -> str:
        return ""

    def publish(self, topic: str, message: str, attributes: Mapping[str, str]) -> None:
        return None


class Record(NamedTuple):
    """What is published: to which topic, and what SNS puts beside it."""

    topic: str
    message: str
    attributes: Mapping[str, str]


class Stream:
    """Publishes in the background. `duplicates` publishes each record a second time, `reorders` holds every other one
    back, so that the next overtakes it. What the topic's policy does not permit is lost, and nobody is told."""

    def __init__(self, instance: str, account: str, topics: Topics) -> None:
        """`instance` is the instance's ARN, `account` the number of the AWS account."""
        self._instance, self._account, self.topics = instance, account, topics
        self.duplicates = self.reorders = False
        self._told = itertools.count()
        self._lane: Lane[Record] = Lane(self._publish)

    def tell(self, chat: Chat, item: Item) -> None:
        """An item of a chat, to every topic of the chat."""
        for topic in chat.streams.values():
            self.put(Record(topic, message(chat, item), self._attributes(chat, item)))

    def put(self, record: Record) -> None:
        """A record as it is."""
        if self.duplicates:
            self._lane.push(_OVERTAKEN_S / 2, record)
        late = self.reorders and next(self._told) % 2 == 0
        self._lane.push(_OVERTAKEN_S if late else 0.0, record)

    def forget(self) -> None:
        """What is not published yet never will be; returns when nothing is being published."""
        self.duplicates = self.reorders = False
        self._lane.clear()

    def stop(self) -> None:
        self._lane.stop()

    def _publish(self, record: Record) -> None:
        if permits(self.topics.policy(record.topic), self._account, self._instance):
            self.topics.publish(record.topic, record.message, record.attributes)

    def _attributes(self, chat: Chat, item: Item) -> dict[str, str]:
        """What the item lacks, the attributes lack: a chat's end has no role, an attachment no content type."""
        told = {
            "InitialContactId": chat.id,
            "MessageVisibility": item.visibility,
            "Type": item.kind,
            "AccountId": self._account,
            "ContentType": item.content_type,
            "InstanceId": self._instance.rpartition("/")[2],
            "ContactId": item.contact,
            "ParticipantRole": item.by.role if item.by else "",
        }
        return {name: value for name, value in told.items() if value}


def message(chat: Chat, item: Item) -> str:
    """The item as the stream tells it."""
    return json.dumps(item.told() | {"InitialContactId": chat.id, "ContactId": item.contact}, ensure_ascii=False)


def permits(policy: str, account: str, instance: str) -> bool:
    """Whether a topic's policy lets Amazon Connect publish for this account and instance (its ARN).

    docs.aws.amazon.com/connect/latest/adminguide/chat-message-streaming.html
    """
    try:
        statements = json.loads(policy or "{}").get("Statement", [])
    except ValueError:
        return False
    facts = {"aws:sourceaccount": account, "aws:sourcearn": instance}
    every = statements if isinstance(statements, list) else [statements]
    matching = [one["Effect"] for one in every if _is_for_connect(one) and _holds(one.get("Condition", {}), facts)]
    return "Allow" in matching and "Deny" not in matching


def _is_for_connect(statement: dict[str, Any]) -> bool:
    principal = statement.get("Principal", {})
    services = _list(principal.get("Service", []) if isinstance(principal, dict) else [])
    actions = [one.lower() for one in _list(statement.get("Action", []))]
    return SERVICE in services and any(fnmatchcase("sns:publish", action) for action in actions)


def _holds(conditions: dict[str, dict[str, Any]], facts: Mapping[str, str]) -> bool:
    """Whether all conditions hold; one that is not understood does not."""
    return all(
        kind in _CONDITIONS and any(fnmatchcase(facts.get(key.lower(), ""), wanted) for wanted in _list(values))
        for kind, each in conditions.items()
        for key, values in each.items()
    )


def _list(value: Any) -> list[str]:
    return value if isinstance(value, list) else [value]


def topic_fault(topic: str, region: str) -> str:
    """Why no chat may be streamed to the topic, "" where one may: a standard one of the instance's Region."""
    named = re.fullmatch(r"arn:aws[\w-]*:sns:([\w-]+):\d{12}:([\w-]+)(\.fifo)?", topic)
    if named is None:
        return "StreamingEndpointArn is no topic's ARN"
    if named[3]:
        return "a FIFO topic takes no stream"
    return "" if named[1] == region else f"the topic has to be in {region}, as the instance is"
