"""The queue against SQS FIFO's own rules."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.aws.queues import BATCH, LARGEST, Queue
from chalicelib.errors import Retryable
from chalicelib.vocabulary.records import Event
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
    [bundle] = [msgspec.json.decode(message["Body"], type=Event) for message in receive(cloud)]
    assert list(bundle.bundle) == events


def unpacked(messages: list[dict[str, Any]]) -> list[str]:
    events = [msgspec.json.decode(message["Body"], type=Event) for message in messages]
    return [one.id for event in events for one in event.bundle or (event,)]


def waiting(cloud: Cloud) -> list[dict[str, Any]]:
    return cloud.aws.waiting({"inbound": cloud.urls["inbound"]})["inbound"]


@pytest.mark.parametrize("count", [2, 2 * BATCH + 3, 25])
def test_one_conversations_events_of_a_delivery_go_whole_or_not_at_all(cloud: Cloud, fresh: Queue, count: int) -> None:
    fresh.put([event(number) for number in range(count)])
    assert len(waiting(cloud)) == 1
    assert unpacked(waiting(cloud)) == [f"m-{number}" for number in range(count)]


def test_no_entry_holds_more_than_a_function_gets_through(cloud: Cloud, fresh: Queue) -> None:
    fresh.put([event(number) for number in range(1000)])
    held = [msgspec.json.decode(message["Body"], type=Event).bundle for message in waiting(cloud)]
    assert [len(bundle) for bundle in held] == [25] * 40
    assert unpacked(waiting(cloud)) == [f"m-{number}" for number in range(1000)]


def test_large_events_are_spread_over_calls_in_order(cloud: Cloud, fresh: Queue) -> None:
    large = "x" * (LARGEST // 2)
    fresh.put([event(number, text=large) for number in range(5)])
    assert unpacked(waiting(cloud)) == [f"m-{number}" for number in range(5)]


def test_the_same_bundle_again_is_taken_once(cloud: Cloud, fresh: Queue) -> None:
    for _ in range(3):
        fresh.put([event(1), event(2)])
    assert len(receive(cloud)) == 1


class Taking:
    """SQS, which refuses what it is told to, and keeps what it took."""

    def __init__(self, refuses: Callable[[dict[str, Any]], bool] = lambda entry: False) -> None:
        self.refuses = refuses
        self.calls: list[list[dict[str, Any]]] = []
        self.taken: list[dict[str, Any]] = []

    def send_message_batch(self, QueueUrl: str, Entries: list[dict[str, Any]]) -> dict[str, Any]:
        self.calls.append(Entries)
        assert 1 <= len(Entries) <= BATCH
        assert sum(len(entry["MessageBody"].encode()) for entry in Entries) <= LARGEST
        self.taken += [entry for entry in Entries if not self.refuses(entry)]
        return {"Failed": [{"Id": entry["Id"]} for entry in Entries if self.refuses(entry)]}


@given(
    st.lists(st.tuples(st.sampled_from("abcd"), st.integers(0, 90_000)), min_size=1, max_size=40),
    st.sets(st.integers(0, 60)),
)
def test_whatever_the_queue_refuses_no_order_is_torn(sizes: list[tuple[str, int]], refused: set[int]) -> None:
    events = [event(number, party, "x" * size) for number, (party, size) in enumerate(sizes)]
    seen: list[str] = []

    def refuses(entry: dict[str, Any]) -> bool:
        if entry["MessageDeduplicationId"] not in seen:
            seen.append(entry["MessageDeduplicationId"])
        return seen.index(entry["MessageDeduplicationId"]) in refused

    client: Any = Taking(refuses)
    with suppress(Retryable):
        Queue("url", "dead", client).put(events)
    for call in client.calls:
        groups = [entry["MessageGroupId"] for entry in call]
        assert len(groups) == len(set(groups))
    for party in "abcd":
        wanted = [one.id for one in events if one.party == party]
        group = event(0, party).group
        got = unpacked([{"Body": one["MessageBody"]} for one in client.taken if one["MessageGroupId"] == group])
        assert got == wanted[: len(got)]  # a beginning of what came, never a later one without an earlier


def test_a_thousand_events_of_a_thousand_people_are_a_hundred_calls() -> None:
    client: Any = Taking()
    Queue("url", "dead", client).put([event(number, f"p{number}") for number in range(1000)])
    assert len(client.calls) == 100


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


@pytest.mark.parametrize("reason", ["HTTP 400 bad.request", "KeyError at a.b:1", "odd \x00\x1b\uffff"])
def test_a_buried_event_is_on_the_dead_letter_queue_with_reason_and_order(
    cloud: Cloud, fresh: Queue, reason: str
) -> None:
    fresh.bury(event(7), reason, "life-1", "18849496460467696129")
    [letter] = receive(cloud, "inbound_dead_letters")
    assert ids([letter]) == ["m-7"]
    told = letter["MessageAttributes"]
    assert told["reason"]["StringValue"] == reason.replace("\x00", "?").replace("\x1b", "?").replace("\uffff", "?")
    assert told["order"]["StringValue"] == "18849496460467696129"


def test_a_life_buries_once_and_a_replay_buries_anew(cloud: Cloud, fresh: Queue) -> None:
    for life in ("first", "first", "replay", "replay of the replay"):
        fresh.bury(event(7), "the cause holds", life, "1")
    assert ids(cloud.aws.waiting({"dead": cloud.urls["inbound_dead_letters"]})["dead"]) == ["m-7"] * 3


def test_a_queue_that_is_not_there_is_an_error(cloud: Cloud) -> None:
    missing = Queue(cloud.urls["inbound"] + "x", "", cloud.aws.client("sqs"))
    with pytest.raises(Exception, match=r"NonExistentQueue|does not exist"):
        missing.put([event(1)])


def test_nothing_is_sent_behind_a_batch_that_was_not_taken_whole() -> None:
    client: Any = Taking(lambda entry: entry["Id"] == "3")
    with pytest.raises(Retryable):
        Queue("url", "dead", client).put([event(number, f"p{number}") for number in range(BATCH * 3)])
    assert len(client.calls) == 1
