"""Batches of a queue to the handler, and how they are held while everything is emptied."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from sandbox.stage.aws import Aws
from sandbox.stage.poller import Poller
from tests.sandbox.conftest import WAIT_S, until


@pytest.fixture(scope="module")
def aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Aws]:
    made = Aws(tmp_path_factory.mktemp("poller") / "aws.log")
    made.start()
    yield made
    made.stop()


class Queue:
    """A queue, and a worker that notes what it is given, and stops at it where a gate is closed."""

    def __init__(self, aws: Aws) -> None:
        self.aws, self.seen = aws, list[str]()
        self.at_work, self.gate = threading.Event(), threading.Event()
        self.back_for_s = 0
        self.gate.set()
        if not (urls := aws.client("sqs").list_queues().get("QueueUrls")):
            aws.create_queues()
            urls = aws.client("sqs").list_queues()["QueueUrls"]
        self.url = next(url for url in urls if url.endswith("inbound.fifo"))
        self.poller = Poller(aws, self.url, self._handle, threads=2)

    def put(self, text: str, group: str = "one") -> None:
        self.aws.client("sqs").send_message(
            QueueUrl=self.url, MessageBody=json.dumps({"said": text}), MessageGroupId=group, MessageDeduplicationId=text
        )

    def waiting(self) -> list[str]:
        found = self.aws.waiting({"inbound": self.url})["inbound"]
        return [str(json.loads(message["Body"])["said"]) for message in found]

    def visible(self) -> int:
        """How many messages a worker could receive now."""
        name = "ApproximateNumberOfMessages"
        found = self.aws.client("sqs").get_queue_attributes(QueueUrl=self.url, AttributeNames=[name])
        return int(found["Attributes"][name])

    def _handle(self, event: dict[str, Any], _: Any) -> dict[str, Any]:
        self.at_work.set()
        self.gate.wait(WAIT_S)
        self.seen += [json.loads(record["body"])["said"] for record in event["Records"]]
        if not self.back_for_s:
            return {"batchItemFailures": []}
        for record in event["Records"]:
            self.aws.client("sqs").change_message_visibility(
                QueueUrl=self.url, ReceiptHandle=record["receiptHandle"], VisibilityTimeout=self.back_for_s
            )
        return {"batchItemFailures": [{"itemIdentifier": record["messageId"]} for record in event["Records"]]}


@pytest.fixture
def queue(aws: Aws) -> Iterator[Queue]:
    made = Queue(aws)
    yield made
    made.gate.set()
    made.poller.stop()


def test_what_was_handled_is_gone(queue: Queue) -> None:
    queue.put("a1")
    queue.put("a2")
    queue.poller.start()
    until(lambda: queue.seen == ["a1", "a2"] and not queue.waiting())


def test_a_hold_begins_when_the_batch_at_work_has_ended(queue: Queue) -> None:
    queue.gate.clear()
    queue.put("b1")
    queue.poller.start()
    assert queue.at_work.wait(WAIT_S)
    threading.Timer(0.05, queue.gate.set).start()
    with queue.poller.held():
        assert queue.seen == ["b1"]
        assert queue.waiting() == []


def test_nothing_is_begun_in_a_hold_and_all_is_afterwards(queue: Queue) -> None:
    queue.poller.start()
    with queue.poller.held():
        queue.put("c1")
        queue.put("c2", group="two")
        assert queue.seen == []
    until(lambda: sorted(queue.seen) == ["c1", "c2"] and not queue.waiting())


def test_what_rests_does_so_by_the_clock_that_is_put_forward(queue: Queue) -> None:
    queue.back_for_s = 1000
    queue.put("g1")
    queue.poller.start()
    until(lambda: bool(queue.poller._resting))
    queue.poller.hasten(900)
    assert queue.visible() == 0
    queue.back_for_s = 0
    queue.poller.hasten(101)
    until(lambda: queue.seen == ["g1", "g1"] and not queue.waiting())


def test_what_is_at_work_is_not_handed_out_anew_by_a_clock(queue: Queue) -> None:
    queue.gate.clear()
    queue.put("h1")
    queue.poller.start()
    assert queue.at_work.wait(WAIT_S)
    queue.poller.hasten(100_000)
    assert queue.visible() == 0
    queue.gate.set()
    until(lambda: queue.seen == ["h1"] and not queue.waiting())


class Slow:
    """The first receive that brings something takes until `go_on`."""

    def __init__(self, queue: Queue, monkeypatch: pytest.MonkeyPatch) -> None:
        self.received, self.go_on = threading.Event(), threading.Event()
        self._receive = queue.poller._receive
        monkeypatch.setattr(queue.poller, "_receive", self._slow)
        queue.poller.start()
        assert self.received.wait(WAIT_S)

    def _slow(self, client: Any) -> list[dict[str, Any]]:
        found = self._receive(client)
        if found and not self.received.is_set():
            self.received.set()
            self.go_on.wait(WAIT_S)
        return found


def test_what_was_received_before_a_hold_is_given_back(queue: Queue, monkeypatch: pytest.MonkeyPatch) -> None:
    queue.put("d1")
    slow = Slow(queue, monkeypatch)
    with queue.poller.held():
        slow.go_on.set()
        until(lambda: queue.visible() == 1)
        assert queue.seen == []
    until(lambda: queue.seen == ["d1"] and not queue.waiting())


def test_what_was_received_of_a_queue_that_is_emptied_is_forgotten(
    queue: Queue, monkeypatch: pytest.MonkeyPatch
) -> None:
    queue.put("e1")
    slow = Slow(queue, monkeypatch)
    with queue.poller.held():
        queue.aws.empty_queues()
    slow.go_on.set()
    queue.put("e2")
    until(lambda: queue.seen == ["e2"] and not queue.waiting())


def test_an_emptied_queue_takes_again_what_it_has_had(queue: Queue) -> None:
    queue.poller.start()
    for _ in range(2):
        queue.put("g1")
        until(lambda: queue.seen == ["g1"] and not queue.waiting())
        queue.aws.empty_queues()
        queue.seen.clear()


def test_one_asks_while_others_work(queue: Queue) -> None:
    queue.gate.clear()
    queue.poller.start()
    queue.put("i1", group="one")
    assert queue.at_work.wait(WAIT_S)
    queue.at_work.clear()
    queue.put("i2", group="two")
    assert queue.at_work.wait(WAIT_S)
    queue.gate.set()
    until(lambda: sorted(queue.seen) == ["i1", "i2"] and not queue.waiting())


def test_a_worker_that_dies_leaves_its_batch(queue: Queue, capsys: pytest.CaptureFixture[str]) -> None:
    def dies(*_: Any) -> dict[str, Any]:
        died.set()
        raise RuntimeError("on purpose")

    died = threading.Event()
    queue.poller._handler = dies
    queue.put("f1")
    queue.poller.start()
    assert died.wait(WAIT_S)
    queue.poller.stop()
    assert queue.waiting() == ["f1"]
    assert "a worker died: RuntimeError: on purpose" in capsys.readouterr().out
    queue.aws.client("sqs").purge_queue(QueueUrl=queue.url)
