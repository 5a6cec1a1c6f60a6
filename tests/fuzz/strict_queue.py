"""The real queue over an SQS that refuses what SQS refuses."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, cast

from chalicelib.aws.queues import Queue
from chalicelib.vocabulary.records import Event
from tests.fakes import FakeQueue

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

# docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessageBatch.html: the older and lower limit
# of a message and of a batch, the characters of XML 1.0, and how a group and a deduplication id are written
LARGEST = 256 * 1024
_REFUSED = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_NAME = re.compile(r"[A-Za-z0-9!\"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~]{1,128}")


class StrictQueue(FakeQueue):
    """Keeps what the real queue could put there."""

    def __init__(self) -> None:
        super().__init__()
        client = cast("SQSClient", _Sqs())
        self._queue = Queue("https://sqs.example/queue.fifo", "https://sqs.example/dead.fifo", client)
        self.carried = self._queue.carries

    def put(self, events: Sequence[Event]) -> None:
        self._queue.put(events)
        super().put(events)

    def bury(self, event: Event, reason: str, life: str, order: str) -> None:
        self._queue.bury(event, reason, life, order)
        super().bury(event, reason, life, order)


class _Sqs:
    """As much of SQS as sends. What it refuses fails: a batch by its entry, a message by itself."""

    def send_message_batch(self, *, QueueUrl: str, Entries: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
        size = sum(len(entry["MessageBody"].encode()) for entry in Entries)
        whole = 0 < len(Entries) <= 10 and size <= LARGEST and len({entry["Id"] for entry in Entries}) == len(Entries)
        return {"Failed": [{"Id": entry["Id"]} for entry in Entries if not (whole and _taken(entry))]}

    def send_message(self, **message: Any) -> dict[str, Any]:
        texts = [attribute["StringValue"] for attribute in message.get("MessageAttributes", {}).values()]
        if not _taken(message) or any(not text or _REFUSED.search(text) for text in texts):
            raise AssertionError(f"SQS refuses {message}")
        return {}


def _taken(message: Mapping[str, Any]) -> bool:
    body = message["MessageBody"]
    names = [message["MessageGroupId"], message["MessageDeduplicationId"]]
    return (
        0 < len(body.encode()) <= LARGEST and not _REFUSED.search(body) and all(_NAME.fullmatch(name) for name in names)
    )
