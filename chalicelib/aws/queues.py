"""SQS FIFO queues: order per conversation, duplicates refused for five minutes, dead letters."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from functools import cached_property
from typing import TYPE_CHECKING

import msgspec
from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.aws import calls
from chalicelib.aws.calls import call
from chalicelib.errors import Retryable
from chalicelib.vocabulary.records import UNCOUNTED, Event
from chalicelib.wire import digest

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_sqs.type_defs import (
        ChangeMessageVisibilityBatchRequestEntryTypeDef,
        SendMessageBatchRequestEntryTypeDef,
    )

# docs.aws.amazon.com/AWSSimpleQueueService: one message and one batch, the older and lower of AWS's limits
LARGEST = 256 * 1024
BATCH = 10
LONGEST_DELAY_S = 43_200
# SendMessage takes only these characters; JSON may hold two more, here in UTF-8
_REFUSED = (b"\xef\xbf\xbe", b"\xef\xbf\xbf")
_FIRST = b"\xef"
# an attribute takes no control characters either; compiled where it is used, which takes 5 ms
_UNFIT = "[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]"
# what a bundle holds beside its events (bytes)
_AROUND = 2048
# A bundle that is tried again begins with its first event: what has ended is looked at anew each time, and one that
# holds more than a function gets through would spend its time on that.
_MOST_TOGETHER = 25


class Queue:
    """One FIFO queue and its dead-letter queue."""

    def __init__(self, url: str, dead_letters_url: str, client: SQSClient | None = None) -> None:
        self._url = url
        self._dead_letters_url = dead_letters_url
        self._given = client

    @cached_property
    def _client(self) -> SQSClient:
        return self._given or calls.client("sqs")  # made at first use: workers seldom need it

    def open(self) -> None:
        """Makes ready what the first event needs."""
        _ = self._client  # made by being asked for

    def carries(self, event: Event) -> bool:
        """Whether the queue takes the event as it is: its size in bytes and its characters."""
        body = _bytes(event)
        # a byte is found by itself at a fraction of what the signs cost
        return len(body) <= LARGEST and not (_FIRST in body and any(sign in body for sign in _REFUSED))

    def put(self, events: Sequence[Event]) -> None:
        """Puts the events in order, as few calls as possible.

        Several events of one conversation go as one bundle, which is taken whole or not at all, and no call holds
        two entries of one conversation: what the queue refuses in part cannot tear an order. Raises Retryable at the
        first call that is not taken whole, and sends nothing behind it.
        """
        self._put((event, group, event.dedup) for event, group in _bundles(events))

    def put_again(self, events: Sequence[tuple[Event, str]]) -> None:
        """Puts events as they are and in order, each under the deduplication id that it comes with. Raises Retryable as
        `put`."""
        self._put((event, event.group, name) for event, name in events)

    def _put(self, events: Iterable[tuple[Event, str, str]]) -> None:
        for batch in _batches(events):
            answer = call(self._client.send_message_batch, QueueUrl=self._url, Entries=batch)
            if answer.get("Failed"):
                raise Retryable(f"queue refused {len(answer['Failed'])} of {len(batch)}")

    def postpone(self, handles: Sequence[str], delay_s: int) -> None:
        """Makes messages of this queue visible again after the delay. What AWS refuses comes back at the
        queue's own visibility timeout, which is later, never lost."""
        delay = min(LONGEST_DELAY_S, delay_s)
        for start in range(0, len(handles), BATCH):
            entries: list[ChangeMessageVisibilityBatchRequestEntryTypeDef] = [
                {"Id": str(index), "ReceiptHandle": handle, "VisibilityTimeout": delay}
                for index, handle in enumerate(handles[start : start + BATCH])
            ]
            with suppress(BotoCoreError, ClientError):
                self._client.change_message_visibility_batch(QueueUrl=self._url, Entries=entries)

    def bury(self, event: Event, reason: str, life: str, order: str) -> None:
        """Puts the event on the dead-letter queue, with the reason and its place in the order as attributes.

        `life` is what tells this stay on the queue from another, `order` the queue's count. A burial has an id of its
        own: the queue swallows a second one of the same life, and not that of a replay.
        """
        told = {"reason": reason[:200] or "unknown", "order": order or UNCOUNTED}
        call(
            self._client.send_message,
            QueueUrl=self._dead_letters_url,
            MessageBody=_bytes(event).decode(),
            MessageGroupId=event.group,
            MessageDeduplicationId=digest(event.dedup, life),
            MessageAttributes={
                name: {"DataType": "String", "StringValue": re.sub(_UNFIT, "?", value)} for name, value in told.items()
            },
        )


def _bytes(event: Event) -> bytes:
    return msgspec.json.encode(event)


def _bundles(events: Sequence[Event]) -> Iterator[tuple[Event, str]]:
    """The events with those of one group together, up to 25 and as large as the queue takes them, in order; each with
    its group."""
    groups: dict[str, list[Event]] = {}
    for event in events:
        groups.setdefault(event.group, []).append(event)
    for group, together in groups.items():
        if len(together) == 1:
            yield together[0], group
        else:
            yield from ((bundle, bundle.group) for bundle in _bundled(together))


def _bundled(group: list[Event]) -> Iterator[Event]:
    held: list[Event] = []
    size = 0
    for event in group:
        length = len(_bytes(event)) + 1
        if held and (len(held) == _MOST_TOGETHER or size + length > LARGEST - _AROUND):
            yield _bundle(held)
            held, size = [], 0
        held.append(event)
        size += length
    yield _bundle(held)


def _bundle(events: list[Event]) -> Event:
    """One event that holds several of a conversation; the same for the same ones."""
    first = events[0]
    if len(events) == 1:
        return first
    name = digest(*(event.id for event in events))
    return msgspec.structs.replace(first, id=name, raw=msgspec.Raw(b"null"), aside="", bundle=tuple(events))


def _batches(events: Iterable[tuple[Event, str, str]]) -> Iterator[list[SendMessageBatchRequestEntryTypeDef]]:
    """Of events, their groups and deduplication ids: up to ten messages and up to the largest size together, none of a
    group that is among them already."""
    batch: list[SendMessageBatchRequestEntryTypeDef] = []
    groups: set[str] = set()
    size = 0
    for event, group, name in events:
        body = _bytes(event)
        length = len(body)
        if batch and (len(batch) == BATCH or size + length > LARGEST or group in groups):
            yield batch
            batch, groups, size = [], set(), 0
        batch.append(
            {
                "Id": str(len(batch)),
                "MessageBody": body.decode(),
                "MessageGroupId": group,
                "MessageDeduplicationId": name,
            }
        )
        groups.add(group)
        size += length
    if batch:
        yield batch
