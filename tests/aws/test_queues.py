"""The queue against SQS FIFO's own rules."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from chalicelib.aws.queues import BATCH, LARGEST, Queue
from chalicelib.errors import Retryable
from chalicelib.messages import Event
from tests.aws.conftest import Cloud


def event(number: int, party: str = "1", text: str = "hi") -> Event:
    raw = msgspec.json.encode({"number": number, "text": text})
    return Event(source="instagram", account="1784", party=party, id=f"m-{number}", received_ms=1, raw=msgspec.Raw(raw))


@pytest.fixture
def fresh(cloud: Cloud) -> Queue:
    sqs = cloud.aws.client("sqs")
    for url in cloud.urls.values():
        sqs.delete_queue(QueueUrl=url)
    cloud.aws.create_queues()
    return cloud.queue


def receive(cloud: Cloud, name: str = "inbound") -> list[dict[str, Any]]:
    answer = cloud.aws.client("sqs").receive_message(
        QueueUrl=cloud.urls[name], MaxNumberOfMessages=10, AttributeNames=["All"], MessageAttributeNames=["All"]
    )
    found: list[dict[str, Any]] = answer.get("Messages", [])
    return found


def ids(messages: list[dict[str, Any]]) -> list[str]:
    return [msgspec.json.decode(message["Body"], type=Event).id for message in messages]


def test_events_come_out_as_they_went_in(cloud: Cloud, fresh: Queue) -> None:
    events = [event(number, text="é😀\\u00e4\n") for number in range(3)]
    fresh.put(events)
    assert [msgspec.json.decode(message["Body"], type=Event) for message in receive(cloud)] == events


def test_more_than_a_batch_stays_in_order(cloud: Cloud, fresh: Queue) -> None:
    fresh.put([event(number) for number in range(2 * BATCH + 3)])
    waiting = cloud.aws.waiting({"inbound": cloud.urls["inbound"]})["inbound"]
    assert ids(waiting) == [f"m-{number}" for number in range(2 * BATCH + 3)]


def test_large_events_are_spread_over_batches(cloud: Cloud, fresh: Queue) -> None:
    large = "x" * (LARGEST // 2)
    fresh.put([event(number, text=large) for number in range(5)])
    assert len(cloud.aws.waiting({"inbound": cloud.urls["inbound"]})["inbound"]) == 5


def test_a_repeated_event_is_taken_once(cloud: Cloud, fresh: Queue) -> None:
    for _ in range(3):
        fresh.put([event(1)])
    assert len(receive(cloud)) == 1


@pytest.mark.parametrize(
    ("text", "carried"),
    [("x" * 1000, True), ("x" * LARGEST, False), ("\uffff", False), ("\ufffe", False), ("\ufffd😀\x7f", True)],
)
def test_what_a_queue_carries_is_what_sqs_takes(cloud: Cloud, fresh: Queue, text: str, carried: bool) -> None:
    assert fresh.carries(event(1, text=text)) is carried
    if carried:
        fresh.put([event(1, text=text)])
        assert len(receive(cloud)) == 1


def test_a_postponed_message_holds_its_conversation_and_no_other(cloud: Cloud, fresh: Queue) -> None:
    fresh.put([event(1, "a"), event(2, "a"), event(3, "b")])
    taken = receive(cloud)
    fresh.postpone([message["ReceiptHandle"] for message in taken if ids([message]) != ["m-3"]], 600)
    fresh.postpone([message["ReceiptHandle"] for message in taken if ids([message]) == ["m-3"]], 0)
    assert ids(receive(cloud)) == ["m-3"]


def test_postponing_what_is_gone_harms_nobody(fresh: Queue) -> None:
    fresh.postpone(["no-such-handle"], 1)


def test_a_buried_event_is_on_the_dead_letter_queue_with_its_reason(cloud: Cloud, fresh: Queue) -> None:
    fresh.bury(event(7), "HTTP 400 bad.request")
    [letter] = receive(cloud, "inbound_dead_letters")
    assert ids([letter]) == ["m-7"]
    assert letter["MessageAttributes"]["reason"]["StringValue"] == "HTTP 400 bad.request"


def test_a_queue_that_is_not_there_is_an_error(cloud: Cloud) -> None:
    missing = Queue(cloud.urls["inbound"] + "x", "", cloud.aws.client("sqs"))
    with pytest.raises(Exception, match=r"NonExistentQueue|does not exist"):
        missing.put([event(1)])


def test_nothing_is_sent_behind_a_batch_that_was_not_taken_whole() -> None:
    class Refusing:
        calls = 0

        def send_message_batch(self, QueueUrl: str, Entries: list[Any]) -> dict[str, Any]:
            self.calls += 1
            return {"Failed": [{"Id": "3", "SenderFault": False, "Code": "InternalError"}]}

    client: Any = Refusing()
    with pytest.raises(Retryable):
        Queue("url", "dead", client).put([event(number) for number in range(BATCH * 3)])
    assert client.calls == 1
