"""A queue that refuses what SQS refuses.

docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html: 256 KiB (the older and lower limit),
the characters of XML 1.0, and 128 letters, digits and signs for the group and the deduplication id.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, cast

import msgspec

from chalicelib.aws.queues import Queue
from chalicelib.errors import Retryable
from chalicelib.messages import Event
from tests.fakes import FakeQueue

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

LARGEST = 256 * 1024
_REFUSED = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_NAME = re.compile(r"[A-Za-z0-9!\"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~]{1,128}")


class StrictQueue(FakeQueue):
    """Whether an event can be carried is asked of the real queue; what is put there is judged by SQS' own rules.

    `refused` tells what they did not let pass.
    """

    def __init__(self) -> None:
        super().__init__()
        # it is asked what it would carry, and never to send
        self.carried = Queue("https://sqs.example/q", "https://sqs.example/dead", cast("SQSClient", object())).carries
        self.refused: list[str] = []

    def put(self, events: Sequence[Event]) -> None:
        for event in events:
            self._judge(event)
        super().put(events)

    def bury(self, event: Event, reason: str) -> None:
        self._judge(event)
        super().bury(event, reason)

    def _judge(self, event: Event) -> None:
        body = msgspec.json.encode(event).decode()
        signs = _REFUSED.search(body)
        if signs or len(body.encode()) > LARGEST:
            self.refused.append(f"{len(body)} characters, {signs and ascii(signs[0])}")
        if not (_NAME.fullmatch(event.group) and _NAME.fullmatch(event.dedup)):
            self.refused.append(f"group {event.group!a}, deduplication {event.dedup!a}")
        if self.refused:
            raise Retryable("SQS refuses it")
