"""Lambda's event source mapping on one machine: batches of a FIFO queue to the real handler.

docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from chalice.local import LambdaContext

from sandbox.stage.aws import ACCOUNT, REGION, Aws

BATCH = 10
FUNCTION_TIMEOUT_MS = 60_000
Handler = Callable[[dict[str, Any], Any], dict[str, Any]]


class WorkerKilled(BaseException):
    """What happens to a container that is killed: nothing of ours cleans up after it."""


def _say(error: BaseException) -> None:
    print(f"sandbox: a worker died: {type(error).__name__}: {error}")


class Poller:
    """Several threads per queue, as Lambda scales by message groups; one asks the queue while others work. What a
    handler reports as failed is left to its visibility timeout; a handler that raises has failed with its whole
    batch."""

    def __init__(
        self, aws: Aws, url: str, handler: Handler, threads: int, died: Callable[[BaseException], None] = _say
    ) -> None:
        """`died` is told what a handler raised."""
        self._died = died
        self._aws = aws
        self._url = url
        self._handler = handler
        self._stopping = threading.Event()
        self._changed = threading.Condition()
        self._asking = threading.Lock()
        self._held = False
        self._epoch = 0
        self._working = 0
        self._resting: dict[str, str] = {}  # receipts of what a handler gave back, by message, until it comes again
        self._threads = [threading.Thread(target=self._loop, daemon=True) for _ in range(threads)]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    @contextmanager
    def held(self) -> Iterator[None]:
        """No batch is at work meanwhile; what was received before and not begun is given back."""
        with self._changed:
            self._held = True
            self._epoch += 1
            self._changed.wait_for(lambda: self._working == 0)
        try:
            yield
        finally:
            with self._changed:
                self._held = False
                self._changed.notify_all()

    def hasten(self, passed_s: float) -> None:
        """So many seconds have passed: what a handler has given back rests so much less. What is at work stays so."""
        sqs = self._aws.client("sqs")
        resting = self._resting.copy()
        if not resting:
            return
        for message in self._aws.waiting({"": self._url})[""]:
            receipt = resting.get(message["MessageId"])
            if receipt is None or message["IsVisible"]:
                continue
            # the second that it is told in has begun, and may not be over
            left_s = max(0, math.ceil(message["VisibleAt"] + 1 - time.time() - passed_s))
            with suppress(ClientError):  # it has just come again
                sqs.change_message_visibility(QueueUrl=self._url, ReceiptHandle=receipt, VisibilityTimeout=left_s)

    def end(self) -> None:
        """No thread begins anything more."""
        self._stopping.set()
        with self._changed:
            self._changed.notify_all()

    def stop(self) -> None:
        """Returns when every thread has ended."""
        self.end()
        for thread in self._threads:
            if thread.is_alive():
                thread.join()

    def _loop(self) -> None:
        sqs = self._aws.client("sqs")
        while not self._stopping.is_set():
            try:
                self._turn(sqs)
            except (BotoCoreError, ClientError):  # the queue hands out again what is not deleted
                self._stopping.wait(0.2)

    def _turn(self, sqs: Any) -> None:
        with self._asking:
            found, late = self._next(sqs)
        if late:
            self._hand_out_again(sqs, found, after_s=0)
        elif found:
            try:
                self._batch(sqs, found)
            finally:
                with self._changed:
                    self._working -= 1
                    self._changed.notify_all()

    def _next(self, sqs: Any) -> tuple[list[dict[str, Any]], bool]:
        """What the queue has, and whether it came too late to be begun."""
        with self._changed:
            self._changed.wait_for(lambda: not self._held or self._stopping.is_set())
            epoch = self._epoch
        found = [] if self._stopping.is_set() else self._receive(sqs)
        with self._changed:
            late = bool(found) and epoch != self._epoch
            self._working += bool(found) and not late
        return found, late

    def _receive(self, sqs: Any) -> list[dict[str, Any]]:
        answer = sqs.receive_message(
            QueueUrl=self._url,
            MaxNumberOfMessages=BATCH,
            WaitTimeSeconds=1,
            AttributeNames=["All"],
            MessageAttributeNames=["All"],
        )
        found: list[dict[str, Any]] = answer.get("Messages", [])
        for message in found:
            self._resting.pop(message["MessageId"], None)
        return found

    def _batch(self, sqs: Any, found: list[dict[str, Any]]) -> None:
        context = LambdaContext("dmdesk-worker", 512, FUNCTION_TIMEOUT_MS)
        try:
            answer = self._handler({"Records": [self._record(message) for message in found]}, context)
        except BaseException as error:  # even one that kills its container
            self._died(error)
            if isinstance(error, WorkerKilled):
                # now, and not when the visibility timeout ends: who killed a worker wants to see what follows
                self._hand_out_again(sqs, found, after_s=1)
            return
        failed = {item["itemIdentifier"] for item in answer["batchItemFailures"]}
        self._resting |= {one["MessageId"]: one["ReceiptHandle"] for one in found if one["MessageId"] in failed}
        done = [message for message in found if message["MessageId"] not in failed]
        if done:
            sqs.delete_message_batch(
                QueueUrl=self._url,
                Entries=[
                    {"Id": str(index), "ReceiptHandle": message["ReceiptHandle"]} for index, message in enumerate(done)
                ],
            )

    def _hand_out_again(self, sqs: Any, found: list[dict[str, Any]], after_s: int) -> None:
        sqs.change_message_visibility_batch(
            QueueUrl=self._url,
            Entries=[
                {"Id": str(index), "ReceiptHandle": message["ReceiptHandle"], "VisibilityTimeout": after_s}
                for index, message in enumerate(found)
            ],
        )

    def _record(self, message: dict[str, Any]) -> dict[str, Any]:
        """docs.aws.amazon.com/lambda/latest/dg/with-sqs.html"""
        return {
            "messageId": message["MessageId"],
            "receiptHandle": message["ReceiptHandle"],
            "body": message["Body"],
            "attributes": message["Attributes"],
            "messageAttributes": message.get("MessageAttributes", {}),
            "md5OfBody": message["MD5OfBody"],
            "eventSource": "aws:sqs",
            "eventSourceARN": f"arn:aws:sqs:{REGION}:{ACCOUNT}:{self._url.rpartition('/')[2]}",
            "awsRegion": REGION,
        }
