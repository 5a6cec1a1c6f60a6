"""SQS FIFO queues: order per conversation, duplicates refused for five minutes, dead letters."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

import msgspec
from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.aws import calls
from chalicelib.aws.calls import call
from chalicelib.errors import Retryable
from chalicelib.messages import Event

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
# SendMessage takes only these characters; JSON may hold two more
_REFUSED = ("\ufffe", "\uffff")


class Queue:
    """One FIFO queue and its dead-letter queue."""

    def __init__(self, url: str, dead_letters_url: str, client: SQSClient | None = None) -> None:
        self._url = url
        self._dead_letters_url = dead_letters_url
        self._client: SQSClient = client or calls.client("sqs")

    def carries(self, event: Event) -> bool:
        """Whether the queue takes the event as it is: its size in bytes and its characters."""
        body = _body(event)
        return len(body.encode()) <= LARGEST and not any(sign in body for sign in _REFUSED)

    def put(self, events: Sequence[Event]) -> None:
        """Puts the events in order, as few calls as possible.

        Raises Retryable at the first batch that is not taken whole, and sends nothing behind it, so that
        a conversation's order is never torn by a part that came through.
        """
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

    def bury(self, event: Event, reason: str) -> None:
        """Puts the event on the dead-letter queue with the reason as an attribute."""
        call(
            self._client.send_message,
            QueueUrl=self._dead_letters_url,
            MessageBody=_body(event),
            MessageGroupId=event.group,
            MessageDeduplicationId=event.dedup,
            MessageAttributes={"reason": {"DataType": "String", "StringValue": reason[:200] or "unknown"}},
        )


def _body(event: Event) -> str:
    return msgspec.json.encode(event).decode()


def _batches(events: Sequence[Event]) -> Iterator[list[SendMessageBatchRequestEntryTypeDef]]:
    """Up to ten messages and up to the largest size together."""
    batch: list[SendMessageBatchRequestEntryTypeDef] = []
    size = 0
    for event in events:
        body = _body(event)
        length = len(body.encode())
        if batch and (len(batch) == BATCH or size + length > LARGEST):
            yield batch
            batch, size = [], 0
        batch.append(
            {
                "Id": str(len(batch)),
                "MessageBody": body,
                "MessageGroupId": event.group,
                "MessageDeduplicationId": event.dedup,
            }
        )
        size += length
    if batch:
        yield batch
