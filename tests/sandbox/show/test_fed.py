"""What comes by a queue that another service of AWS feeds is on the road as webhooks are."""

from __future__ import annotations

import json
from typing import Any

from chalicelib.desks.connect.webhook import WEBHOOK
from chalicelib.vocabulary.records import Event
from sandbox.show.naming import Names
from sandbox.show.road import Road
from sandbox.stage.clock import Clock
from sandbox.stage.journal import Journal
from sandbox.stage.sources import fed
from tests.sandbox.kit import calls, masker, told

SOURCE = fed(WEBHOOK, "out")
TOPIC = "arn:aws:sns:eu-west-1:000000000000:dmdesk-connect"


def record(number: int) -> dict[str, Any]:
    item = {"Type": "MESSAGE", "Id": f"item-{number}", "InitialContactId": "contact-1", "Content": "Hola"}
    visible = {"MessageVisibility": {"Type": "String", "Value": "ALL"}}
    body = {"Type": "Notification", "TopicArn": TOPIC, "Message": json.dumps(item), "MessageAttributes": visible}
    arn = "arn:aws:sqs:eu-west-1:000000000000:dmdesk-from-connect"
    return {"messageId": f"m-{number}", "body": json.dumps(body), "eventSourceARN": arn}


def whose(desk: str, conversation: str) -> tuple[str, str]:
    return {("connect", "contact-1"): ("tiktok", "ada")}.get((desk, conversation), ("", ""))


def test_a_batch_of_a_fed_queue(clock: Clock) -> None:
    journal = Journal()
    names = Names([SOURCE], {}, whose)
    road = Road(journal, masker(), clock, names, calls())

    def work(event: dict[str, Any], context: Any) -> dict[str, Any]:
        road.queueing([Event(source="connect", account="", party="contact-1", id="item-1", received_ms=0)])
        return {"batchItemFailures": [{"itemIdentifier": event["Records"][1]["messageId"]}]}

    records = [record(1), record(2)]
    assert road.fed(SOURCE, work, {"Records": records}, None) == {"batchItemFailures": [{"itemIdentifier": "m-2"}]}
    passed = [(one["trace"], one["hop"], one["outcome"]) for one in told(journal)]
    assert [one for one in passed if one[1] == "webhook"] == [
        ("item-1", "webhook", "ok"), ("item-2", "webhook", "failed"),
    ]  # fmt: skip
    assert {(one["channel"], one["customer"], one["direction"]) for one in told(journal)} == {("tiktok", "ada", "out")}
    [first, second] = [names.passages("connect", SOURCE.delivered(one))[0].key for one in records]
    assert road.taken_in() == {first}
    assert second not in road.taken_in()


def test_a_conversation_that_is_nobodys_is_told_by_its_id() -> None:
    event = Event(source="connect", account="", party="contact-9", id="item-9", received_ms=0)
    passage = Names([SOURCE], {}, whose).passage(event)
    assert (passage.channel, passage.customer, passage.direction) == ("", "contact-9", "out")


def test_it_comes_to_no_path() -> None:
    assert (SOURCE.path, SOURCE.header) == ("", "")
