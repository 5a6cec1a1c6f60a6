"""Deliveries that another service puts on a queue: nobody signs them, and they end as those over HTTP do."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app import fed
from chalicelib import runtime
from chalicelib.errors import Retryable
from chalicelib.http import Request
from chalicelib.protocols.webhook import Notice, Piece
from chalicelib.vocabulary.records import Event, Parked
from tests.edge.kit import BODIES, EdgeKit
from tests.edge.made_up import Feed, delivery
from tests.extension.pigeon.webhook import WEBHOOK
from tests.fakes import FakeQueue
from tests.fuzz.strict_queue import StrictQueue

ARN = "arn:aws:sqs:eu-central-1:123456789012:"
QUEUE = "dmdesk-from-heron"


class PartlyRefusing(FakeQueue):
    """Refuses what holds one of these ids."""

    def __init__(self, *ids: str) -> None:
        super().__init__()
        self.ids = set(ids)

    def put(self, events: Any) -> None:
        if self.ids & {event.id for event in events}:
            raise Retryable("queue refused 1 of 1")
        super().put(events)


def kit_of(outbound: FakeQueue | None = None) -> EdgeKit:
    return EdgeKit(outbound=outbound, channels=[WEBHOOK], desks=[Feed("heron")])


def record(body: bytes, number: int = 0, queue: str = QUEUE) -> dict[str, Any]:
    """As Lambda hands over one of a standard queue.
    docs.aws.amazon.com/lambda/latest/dg/with-sqs.html"""
    return {
        "messageId": f"m-{number}",
        "receiptHandle": f"handle-{number}",
        "body": body.decode(),
        "attributes": {"ApproximateReceiveCount": "1", "SentTimestamp": "1800000000000"},
        "messageAttributes": {},
        "eventSource": "aws:sqs",
        "eventSourceARN": ARN + queue,
        "awsRegion": "eu-central-1",
    }


def noticed(body: bytes, **changes: Any) -> bytes:
    """In SNS' envelope. docs.aws.amazon.com/sns/latest/dg/sns-message-and-json-formats.html"""
    envelope = {
        "Type": "Notification",
        "MessageId": "22b80b92-fdea-4c2c-8f9d-bdfb0c7bf324",
        "TopicArn": "arn:aws:sns:eu-central-1:123456789012:contacts",
        "Message": body.decode(),
        "Timestamp": "2027-01-15T08:00:00.000Z",
        "SignatureVersion": "1",
        "Signature": "EXAMPLE",
        "SigningCertURL": "https://sns.eu-central-1.amazonaws.com/x.pem",
        "UnsubscribeURL": "https://sns.eu-central-1.amazonaws.com/?Action=Unsubscribe",
    }
    return json.dumps(envelope | changes).encode()


def failures(*numbers: int) -> dict[str, Any]:
    return {"batchItemFailures": [{"itemIdentifier": f"m-{number}"} for number in numbers]}


def ids(events: list[Event]) -> list[str]:
    return [event.id for event in events]


def parked(kit: EdgeKit) -> list[Parked]:
    return [msgspec.json.decode(kept, type=Parked) for kept in kit.shelf.kept.values()]


@pytest.mark.parametrize("wrapped", [noticed, lambda body: body], ids=["in SNS' envelope", "raw"])
def test_a_delivery_is_stored_as_over_http(wrapped: Any) -> None:
    kit = kit_of()
    assert kit.edge.fed([record(wrapped(delivery("e-1", "e-2", at=7)))]) == failures()
    first, second = kit.outbound.events
    assert (first.source, first.account, first.party, first.id, first.sent_ms) == (
        "heron",
        "a-1",
        "customer-1",
        "e-1",
        7,
    )
    assert first.received_ms == int(kit.clock() * 1000)
    assert first.group == second.group
    assert kit.metrics.lines == [("received", 2, {"source": "heron"})]
    assert (kit.inbound.events, kit.shelf.kept) == ([], {})


@pytest.mark.parametrize("name", ["instagram", "tiktok", "genesys"])
def test_those_that_sign_may_be_fed_too_and_become_the_same_events(name: str) -> None:
    over_http, kit = EdgeKit(), EdgeKit()
    over_http.deliver(name)
    assert kit.edge.fed([record(noticed(BODIES[name]), queue=f"a-from-b-from-{name}")]) == failures()
    assert kit.stored == over_http.stored


def test_the_channels_events_go_towards_the_desk() -> None:
    kit = kit_of()
    kit.edge.fed([record(delivery("e-1"), queue="dmdesk-from-pigeon")])
    assert (ids(kit.inbound.events), kit.outbound.events) == (["e-1"], [])


def test_a_duplicate_is_the_same_event_to_the_queue() -> None:
    kit = kit_of()
    body = noticed(delivery("e-1"))
    kit.edge.fed([record(body), record(body, 1)])
    kit.clock.advance(3600)
    kit.edge.fed([record(noticed(delivery("e-1"), MessageId="another"))])
    assert len({event.dedup for event in kit.outbound.events}) == 1


def test_a_standard_queue_knows_no_order_and_what_lies_there_together_goes_by_its_senders_clock() -> None:
    kit = kit_of()
    assert (
        kit.edge.fed([record(delivery(name, at=at)) for name, at in (("e-3", 3), ("e-1", 1), ("e-2", 2))]) == failures()
    )
    assert [(event.id, event.sent_ms) for event in kit.outbound.events] == [("e-1", 1), ("e-2", 2), ("e-3", 3)]
    assert len({event.group for event in kit.outbound.events}) == 1


def test_what_the_queue_refuses_comes_again_and_nothing_else_does() -> None:
    kit = kit_of(PartlyRefusing("e-1", "e-3"))
    batch = [record(delivery(f"e-{number}"), number) for number in range(5)]
    assert kit.edge.fed(batch) == failures(1, 3)
    assert ids(kit.outbound.events) == ["e-0", "e-2", "e-4"]
    assert kit.metrics.total("not_stored", endpoint="fed") == 2
    kit.outbound.refuses = True
    assert kit.edge.fed(batch) == failures(*range(5))


def test_where_the_bucket_fails_it_comes_again(monkeypatch: pytest.MonkeyPatch) -> None:
    kit = kit_of()

    def down(key: str, body: bytes) -> None:
        raise Retryable("aws: SlowDown")

    monkeypatch.setattr(kit.shelf, "keep", down)
    assert kit.edge.fed([record(b"hello"), record(delivery("e-1"), 1)]) == failures(0)
    assert ids(kit.outbound.events) == ["e-1"]


@pytest.mark.parametrize(
    "body", [b"", b"hello", b"{", b"null", b"[]", b"{}", b'{"account": 1, "events": []}', b"[" * 20_000]
)
@pytest.mark.parametrize("wrapped", [noticed, lambda body: body], ids=["in SNS' envelope", "raw"])
def test_what_is_not_the_sources_json_is_parked(body: bytes, wrapped: Any) -> None:
    kit = kit_of()
    assert kit.edge.fed([record(wrapped(body))]) == failures()
    [kept] = parked(kit)
    assert (kept.queue, kept.reason, kept.body, kept.event) == ("outbound", "not_json", body, None)
    assert kit.metrics.lines == [("parked", 1, {"reason": "not_json"})]


@pytest.mark.parametrize(
    "changes",
    [{"Type": "SubscriptionConfirmation"}, {"Type": 1}, {"Message": {"a": 1}}, {"TopicArn": None}, {"TopicArn": "x"}],
)
def test_an_envelope_of_another_form_is_taken_for_the_delivery(changes: dict[str, Any]) -> None:
    kit = kit_of()
    body = noticed(delivery("e-1"), **changes)
    assert kit.edge.fed([record(body)]) == failures()
    [kept] = parked(kit)
    assert (kept.reason, kept.body) == ("not_json", body)


@pytest.mark.parametrize(
    "queue", ["dmdesk-from-nobody", "dmdesk-heron", "heron", "dmdesk-from-", "dmdesk-from-heron-2"]
)
def test_a_queue_of_nobodys_is_parked_with_its_name(queue: str) -> None:
    kit = kit_of()
    assert kit.edge.fed([record(noticed(delivery("e-1")), queue=queue)]) == failures()
    [(key, kept)] = kit.shelf.kept.items()
    assert key.startswith(f"parked/unknown_source/{queue}/2027-01-15/")
    delivered = msgspec.json.decode(kept, type=Parked)
    assert (delivered.reason, delivered.body) == ("unknown_source", delivery("e-1"))
    assert queue in delivered.advice
    assert kit.stored == []


def test_too_many_events_are_parked_whole() -> None:
    kit = kit_of()
    body = delivery(*(f"e-{number}" for number in range(1201)))
    assert kit.edge.fed([record(body)]) == failures()
    assert [(kept.reason, kept.body) for kept in parked(kit)] == [("too_many", body)]


@given(
    bodies=st.lists(
        st.one_of(st.text(max_size=60), st.sampled_from([delivery("e-1").decode(), noticed(delivery("e-2")).decode()])),
        max_size=6,
    )
)
def test_whatever_a_queue_holds_is_stored_or_parked(bodies: list[str]) -> None:
    kit = kit_of(StrictQueue())
    records = [record(b"", number) | {"body": body} for number, body in enumerate(bodies)]
    assert kit.edge.fed(records) == failures()
    good = sum(body in {delivery("e-1").decode(), noticed(delivery("e-2")).decode()} for body in bodies)
    assert len(kit.outbound.events) == good
    assert kit.metrics.total("parked", reason="not_json") == len(bodies) - good


def test_a_half_of_a_surrogate_pair_in_the_envelope_costs_one_sign() -> None:
    kit = kit_of()
    body = noticed(delivery("e-1")).replace(b"customer-1", rb"customer-\ud83d")
    assert kit.edge.fed([record(body)]) == failures()
    assert [event.party for event in kit.outbound.events] == ["customer-\N{REPLACEMENT CHARACTER}"]


def test_the_function_of_the_app_is_the_edges() -> None:
    class Runtime:
        edge = kit_of().edge

    made: Any = Runtime()
    runtime.use(made)
    try:
        assert fed({"Records": [record(delivery("e-1")), record(b"{", 1)]}, None) == failures()
    finally:
        runtime.use(None)


def test_one_that_is_only_fed_is_not_let_in_over_http() -> None:
    kit = kit_of()
    headers = {"content-type": "application/json", "": "x"}
    reply = kit.edge.desk(Request(method="POST", headers=headers, query={}, body=delivery("e-1")))
    assert (reply.status, reply.body, kit.stored) == (401, "refused: signature_missing", [])


class Noticing(Feed):
    """Reads an attribute, too."""

    attributes = ("Who",)

    def split(self, body: bytes) -> list[Piece]:
        told = msgspec.json.decode(body, type=Notice)
        who = told.attributes.get("Who", "nobody")
        pieces = super().split(told.message.encode())
        return [msgspec.structs.replace(piece, party=who) for piece in pieces]


def noticing() -> EdgeKit:
    return EdgeKit(channels=[], desks=[Noticing("heron")])


SNS = {"MessageAttributes": {"Who": {"Type": "String", "Value": "ada"}, "Other": {"Type": "String", "Value": "x"}}}
SQS = {"messageAttributes": {"Who": {"dataType": "String", "stringValue": "ada"}}}


@pytest.mark.parametrize(
    ("entry", "who"),
    [
        (record(noticed(delivery("e-1"), **SNS)), "ada"),
        (record(delivery("e-1")) | SQS, "ada"),
        (record(noticed(delivery("e-1"))), "nobody"),
        (record(noticed(delivery("e-1"), MessageAttributes=7)), "nobody"),
        (record(noticed(delivery("e-1"), MessageAttributes={"Who": {"Value": 7}})), "nobody"),
        (record(delivery("e-1")), "nobody"),
        ({name: value for name, value in record(delivery("e-1")).items() if name != "messageAttributes"}, "nobody"),
    ],
    ids=["in SNS' envelope", "raw", "without", "odd", "not a text", "raw without", "raw with no place for any"],
)
def test_a_feed_that_reads_attributes_gets_those_that_it_names(entry: dict[str, Any], who: str) -> None:
    kit = noticing()
    assert kit.edge.fed([entry]) == failures()
    assert [event.party for event in kit.outbound.events] == [who]


def test_what_such_a_feed_cannot_cut_is_parked_with_its_attributes() -> None:
    kit = noticing()
    kit.edge.fed([record(noticed(b"hello", **SNS))])
    [kept] = parked(kit)
    assert msgspec.json.decode(kept.body) == {"message": "hello", "attributes": {"Who": "ada"}}


@given(at=st.lists(st.integers(0, 3), max_size=6))
def test_what_lies_there_together_goes_in_the_order_of_its_times(at: list[int]) -> None:
    kit = kit_of()
    records = [record(delivery(f"e-{number}", at=when), number) for number, when in enumerate(at)]
    kit.edge.fed([*records, record(b"{", 9)])
    assert [event.sent_ms for event in kit.outbound.events] == sorted(at)
    assert ids(kit.outbound.events) == [f"e-{n}" for _, n in sorted((when, n) for n, when in enumerate(at))]
