"""Lambda's event source mapping on one machine: batches of a FIFO queue to the real handler.

docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from chalice.local import LambdaContext

from sandbox.aws import REGION, Aws
from sandbox.road import WorkerKilled

BATCH = 10
FUNCTION_TIMEOUT_MS = 60_000
Handler = Callable[[dict[str, Any], Any], dict[str, Any]]


class Poller:
    """Several threads per queue, as Lambda scales by message groups. What a handler reports as failed is
    left to its visibility timeout; a handler that raises has failed with its whole batch."""

    def __init__(self, aws: Aws, url: str, handler: Handler, threads: int) -> None:
        self._aws = aws
        self._url = url
        self._handler = handler
        self._stopping = threading.Event()
        self._running = threading.Event()
        self._running.set()
        self._busy = threading.Condition()
        self._working = 0
        self._threads = [threading.Thread(target=self._loop, daemon=True) for _ in range(threads)]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def pause(self) -> None:
        """No new batch; returns when the last one has ended."""
        self._running.clear()
        with self._busy:
            self._busy.wait_for(lambda: self._working == 0)

    def resume(self) -> None:
        self._running.set()

    def stop(self) -> None:
        """Returns when every thread has ended."""
        self._stopping.set()
        self._running.set()
        for thread in self._threads:
            thread.join()

    def _loop(self) -> None:
        sqs = self._aws.client("sqs")
        while not self._stopping.is_set():
            self._running.wait()
            try:
                found = self._receive(sqs)
            except (BotoCoreError, ClientError):  # the queue is being made anew
                self._stopping.wait(0.2)
                continue
            with self._busy:
                if not found or not self._running.is_set():
                    continue
                self._working += 1
            try:
                self._batch(sqs, found)
            except (BotoCoreError, ClientError):  # what is not deleted is handed out again
                self._stopping.wait(0.2)
            finally:
                with self._busy:
                    self._working -= 1
                    self._busy.notify_all()

    def _receive(self, sqs: Any) -> list[dict[str, Any]]:
        answer = sqs.receive_message(
            QueueUrl=self._url,
            MaxNumberOfMessages=BATCH,
            WaitTimeSeconds=1,
            AttributeNames=["All"],
            MessageAttributeNames=["All"],
        )
        found: list[dict[str, Any]] = answer.get("Messages", [])
        return found

    def _batch(self, sqs: Any, found: list[dict[str, Any]]) -> None:
        context = LambdaContext("dmdesk-worker", 512, FUNCTION_TIMEOUT_MS)
        try:
            answer = self._handler({"Records": [self._record(message) for message in found]}, context)
        except BaseException as error:  # even one that kills its container
            print(f"sandbox: a worker died: {type(error).__name__}: {error}")
            if isinstance(error, WorkerKilled):
                self._hand_out_again(sqs, found)
            return
        failed = {item["itemIdentifier"] for item in answer["batchItemFailures"]}
        done = [message for message in found if message["MessageId"] not in failed]
        if done:
            sqs.delete_message_batch(
                QueueUrl=self._url,
                Entries=[
                    {"Id": str(index), "ReceiptHandle": message["ReceiptHandle"]} for index, message in enumerate(done)
                ],
            )

    def _hand_out_again(self, sqs: Any, found: list[dict[str, Any]]) -> None:
        """Now, and not when the visibility timeout ends: who killed a worker wants to see what follows."""
        sqs.change_message_visibility_batch(
            QueueUrl=self._url,
            Entries=[
                {"Id": str(index), "ReceiptHandle": message["ReceiptHandle"], "VisibilityTimeout": 1}
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
            "eventSourceARN": f"arn:aws:sqs:{REGION}:000000000000:{self._url.rpartition('/')[2]}",
            "awsRegion": REGION,
        }
