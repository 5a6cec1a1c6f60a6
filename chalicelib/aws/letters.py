"""Dead letters, read through: a FIFO queue cannot be asked for what one customer's are."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterator
from functools import cached_property
from typing import TYPE_CHECKING, Any

import msgspec

from chalicelib.aws import calls
from chalicelib.aws.calls import call
from chalicelib.errors import Retryable
from chalicelib.vocabulary.records import Event

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

BATCH = 10
# What is read is hidden from others for so long at most (s); it is shown again as soon as all has been read.
HELD_S = 60
# What another reader holds, or one that was cut off, is waited for so long (s): none of ours holds any longer.
LONGEST_S = 65.0
LOOK_S = 1.0
# A queue that is asked for no longer than this (s) may say that it is empty and not be.
WAIT_S = 1


class Letters:
    """One dead-letter queue. Every method raises Retryable where SQS cannot be reached or is too busy."""

    def __init__(self, url: str, client: SQSClient | None = None, pause: Callable[[float], None] = time.sleep) -> None:
        self._url = url
        self._given = client
        self._pause = pause

    @cached_property
    def _client(self) -> SQSClient:
        return self._given or calls.client("sqs")  # made at first use: seldom is there anything to do

    def of(self, marks: Collection[str]) -> list[Event]:
        """The letters whose events have one of the marks. Of a conversation with several, ten at the most: the queue
        hands out no more of them before those are gone."""
        found: list[Event] = []
        held: list[str] = []
        try:
            for handle, event in self._received():
                held.append(handle)
                found += [event] if event and event.mark in marks else []
        finally:
            self._show(held)
        return found

    def erase(self, marks: Collection[str]) -> list[str]:
        """Deletes all of those; answers their events' ids. May be cut off and asked again at any time. Raises Retryable
        where somebody holds letters, which then cannot be read, for over a minute."""
        erased: list[str] = []
        while True:
            gone = self._pass(marks)
            erased += gone
            if not gone and not self._waited():
                return erased

    def _waited(self) -> bool:
        """Whether letters had to be waited for that somebody held."""
        waited = 0.0
        while hidden := self._hidden():
            if waited >= LONGEST_S:
                raise Retryable(f"{hidden} dead letters are held by another reader: try again in a minute")
            self._pause(LOOK_S)
            waited += LOOK_S
        return waited > 0

    def _hidden(self) -> int:
        asked: Any = ["ApproximateNumberOfMessagesNotVisible"]
        found = call(self._client.get_queue_attributes, QueueUrl=self._url, AttributeNames=asked)
        return int(found.get("Attributes", {}).get(asked[0], "0"))

    def _pass(self, marks: Collection[str]) -> list[str]:
        erased: list[str] = []
        held: list[str] = []
        try:
            for handle, event in self._received():
                if event and event.mark in marks:
                    call(self._client.delete_message, QueueUrl=self._url, ReceiptHandle=handle)
                    erased.append(event.id)
                else:
                    held.append(handle)
        finally:
            self._show(held)
        return erased

    def _received(self) -> Iterator[tuple[str, Event | None]]:
        """Everything that can be had now: its handle, and its event (None where it is none)."""
        ends = time.monotonic() + HELD_S / 2
        while True:
            if time.monotonic() > ends:  # what was read first would be shown again, and read without an end
                raise Retryable("too many dead letters to read through at once: replay them first")
            messages = call(
                self._client.receive_message,
                QueueUrl=self._url,
                MaxNumberOfMessages=BATCH,
                VisibilityTimeout=HELD_S,
                WaitTimeSeconds=WAIT_S,
            ).get("Messages", [])
            if not messages:
                return
            for message in messages:
                yield message["ReceiptHandle"], _event(message["Body"])

    def _show(self, handles: list[str]) -> None:
        for start in range(0, len(handles), BATCH):
            entries: Any = [
                {"Id": str(number), "ReceiptHandle": handle, "VisibilityTimeout": 0}
                for number, handle in enumerate(handles[start : start + BATCH])
            ]
            answer = call(self._client.change_message_visibility_batch, QueueUrl=self._url, Entries=entries)
            if answer.get("Failed"):
                raise Retryable(f"{len(answer['Failed'])} dead letters stay hidden for {HELD_S} s")


def _event(body: str) -> Event | None:
    try:
        return msgspec.json.decode(body, type=Event)
    except msgspec.MsgspecError:
        return None
