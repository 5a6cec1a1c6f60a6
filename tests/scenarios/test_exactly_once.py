"""Once, in order, or told: under repetition, concurrency, throttling and death."""

from __future__ import annotations

import json
import random
import threading
import time
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from chalicelib.pipeline.outbound import finding_out
from chalicelib.rules.budgets import BUDGETS
from chalicelib.vocabulary.claims import LEASE_S
from sandbox.bridge import Sandbox
from tests.oracle import accepted
from tests.scenarios.conftest import INSTAGRAM, TIKTOK, Bridge

MINUTES = 60.0
SENDS = {"instagram": "/messages", "tiktok": "/message/send/"}
# Together a tenth of all calls.
STORM: list[dict[str, Any]] = [
    {"kind": "status", "status": 429, "retry_after": 1},
    {"kind": "status", "status": 500},
    {"kind": "reset"},
]


def instagram(*said: tuple[str, str, str]) -> bytes:
    """A delivery of (customer, mid, text), of now: what is a week old is not dealt with."""
    at_ms = int(time.time() * 1000)
    messaging = [
        {
            "sender": {"id": customer},
            "recipient": {"id": INSTAGRAM},
            "timestamp": at_ms + number,
            "message": {"mid": mid, "text": text},
        }
        for number, (customer, mid, text) in enumerate(said)
    ]
    return json.dumps(
        {"object": "instagram", "entry": [{"id": INSTAGRAM, "time": at_ms, "messaging": messaging}]}
    ).encode()


def tiktok(customer: str, message: str, text: str) -> bytes:
    at_ms = int(time.time() * 1000)
    content = {
        "timestamp": at_ms,
        "from_user": {"id": customer, "role": "personal_account"},
        "to_user": {"id": TIKTOK, "role": "business_account"},
        "from": "sample_customer",
        "to": "sample_brand",
        "unique_identifier": customer,
        "conversation_id": f"c{customer}==",
        "message_id": message,
        "type": "text",
        "text": {"body": text},
    }
    envelope = {"client_key": "7600000000000000001", "event": "im_receive_msg", "create_time": at_ms // 1000}
    return json.dumps({**envelope, "user_openid": TIKTOK, "content": json.dumps(content)}).encode()


def texts(bridge: Bridge) -> dict[str, list[str]]:
    """What Genesys took, per customer, in its order."""
    found: defaultdict[str, list[str]] = defaultdict(list)
    for call in bridge.taken():
        found[call["body"]["channel"]["from"]["id"]].append(call["body"]["text"])
    return dict(found)


@pytest.mark.parametrize("channel", ["instagram", "tiktok"])
def test_the_same_webhook_three_times_at_once_and_minutes_apart(bridge: Bridge, channel: str) -> None:
    raw = instagram(("71", "mid-1", "Hello")) if channel == "instagram" else tiktok("+71/a=", "mid+1/=", "Hello")
    with ThreadPoolExecutor(3) as pool:
        assert set(pool.map(lambda _: bridge.deliver(channel, raw), range(3))) == {200}
    bridge.until(bridge.taken, "the message at Genesys")
    bridge.quiet()
    assert len(bridge.taken()) == 1
    bridge.shift(10 * MINUTES)
    forget_deduplication(bridge)
    assert bridge.deliver(channel, raw) == 200
    bridge.until(lambda: bridge.metric("duplicate") == 1, "the repetition told by its claim")
    bridge.quiet()
    assert len(bridge.taken()) == 1


def forget_deduplication(bridge: Bridge) -> None:
    """The queues' five minutes are over: they are made anew, as the clock of AWS cannot be moved."""
    aws = bridge.sandbox.aws
    sqs = aws.client("sqs")
    for url in aws.create_queues().values():
        sqs.delete_queue(QueueUrl=url)
    aws.create_queues()


def test_two_deliveries_of_an_agents_message_reach_the_customer_once(bridge: Bridge) -> None:
    seen = bridge.conversation()
    reply = bridge.post("/genesys/reply", {"conversation_id": seen["conversation_id"], "text": "Only once"})["id"]
    bridge.post("/genesys/redeliver", {"id": reply})
    bridge.until(lambda: bridge.taken("receipt"), "the receipt")
    forget_deduplication(bridge)
    bridge.post("/genesys/redeliver", {"id": reply})
    bridge.until(lambda: len(bridge.taken("receipt")) == 2, "the receipt told again")
    bridge.quiet()
    assert [call["body"]["message"]["text"] for call in bridge.sent("instagram")] == ["Only once"]


def test_200_messages_of_20_conversations_through_a_stormy_genesys(bridge: Bridge) -> None:
    for seed, fault in enumerate(STORM):
        bridge.post("/faults", {"target": "genesys", "rate": 0.035, "seed": seed, **fault})
    customers = [f"80{number:02}" for number in range(20)]
    expected = {customer: [f"{customer} says {number}" for number in range(10)] for customer in customers}

    def write(own: list[str]) -> None:
        """These customers' messages, in their order, dealt over webhooks of one to four messages."""
        dice = random.Random(own[0])
        waiting = {customer: list(enumerate(expected[customer])) for customer in own}
        while any(waiting.values()):
            said = []
            for _ in range(dice.randint(1, 4)):
                customer = dice.choice([one for one in own if waiting[one]] or [""])
                if customer:
                    number, text = waiting[customer].pop(0)
                    said.append((customer, f"mid-{customer}-{number}", text))
            assert bridge.deliver("instagram", instagram(*said)) == 200

    with ThreadPoolExecutor(5) as pool:
        list(pool.map(write, [customers[start::5] for start in range(5)]))
    bridge.until(lambda: sum(map(len, texts(bridge).values())) >= 200, "200 messages at Genesys")
    bridge.quiet()
    assert texts(bridge) == expected
    state = bridge.get("/state")
    assert (state["queues"], state["dead_letters"], state["parked"]) == ({"inbound": 0, "outbound": 0}, [], [])
    assert any(call["status"] in {429, 500} for call in bridge.get("/genesys/messages"))
    problems = [problem for call in bridge.taken() for problem in accepted("message", call["body"])]
    assert problems == []


@pytest.mark.usefixtures("hasty")
@pytest.mark.parametrize("known", [False, True], ids=["first message", "known conversation"])
def test_a_message_that_genesys_took_without_answering_is_not_sent_again(bridge: Bridge, known: bool) -> None:
    if known:
        bridge.conversation()
    bridge.post("/faults", {"target": "genesys", "kind": "timeout_after_accept", "count": 1})
    bridge.post("/instagram/say", {"text": "Are you there?"})
    bridge.until(lambda: bridge.metric("found_at_desk") == 1, "the message found in the conversation")
    bridge.quiet()
    assert [call["body"]["text"] for call in bridge.taken()] == ["Hello"] * known + ["Are you there?"]
    assert bridge.metric("sent_again") == 0


@pytest.mark.usefixtures("hasty")
def test_a_409_to_a_known_message_counts_as_delivered(bridge: Bridge) -> None:
    bridge.post("/genesys/settings", {"deduplicates": True})
    # Genesys takes it, the answer is lost, and what it holds cannot be found
    bridge.post("/faults", {"target": "genesys", "kind": "timeout_after_accept", "count": 1})
    bridge.post("/faults", {"target": "genesys", "kind": "status", "status": 200, "path": "/analytics/"})
    bridge.post("/instagram/say", {"text": "Are you there?"})
    bridge.until(lambda: bridge.metric("delivered") == 1, "the message taken as delivered")
    bridge.quiet()
    state = bridge.get("/state")
    assert state["dead_letters"] == []
    assert state["metrics"]["conflict_taken_as_delivered"] == 1
    assert len(bridge.taken()) == 1
    assert [call["status"] for call in bridge.get("/genesys/messages")] == [200, 409]


@pytest.mark.parametrize("deduplicates", [False, True])
def test_a_worker_that_dies_after_genesys_took_the_message(
    bridge: Bridge, running: Sandbox, deduplicates: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    bridge.post("/genesys/settings", {"deduplicates": deduplicates})
    died = threading.Event()

    def die(*_: Any, **__: Any) -> None:
        died.set()
        raise SystemExit  # nothing catches it: as a container that is killed, the worker does not clean up

    from chalicelib import runtime

    with monkeypatch.context() as killed:
        killed.setattr(runtime.current().table, "delivered", die)
        bridge.post("/instagram/say", {"text": "Are you there?"})
        bridge.until(died.is_set, "the worker's death")
    assert len(bridge.taken()) == 1
    bridge.shift(LEASE_S + 1)
    make_visible(bridge)
    bridge.until(lambda: bridge.metric("delivered") == 1, "the retry")
    bridge.quiet()
    assert bridge.metric("found_at_desk") == 1
    assert len(bridge.taken()) == 1


def make_visible(bridge: Bridge) -> None:
    """The visibility timeout of what a dead worker held is over: its messages are handed out again."""
    aws = bridge.sandbox.aws
    sqs = aws.client("sqs")
    url = sqs.get_queue_url(QueueName="dmdesk-inbound.fifo")["QueueUrl"]
    held = aws.waiting({"inbound": url})["inbound"]
    sqs.delete_queue(QueueUrl=url)
    aws.create_queues()
    for message in held:
        sqs.send_message(
            QueueUrl=url,
            MessageBody=message["Body"],
            MessageGroupId=message["MessageGroupId"],
            MessageDeduplicationId=message["MessageDeduplicationId"],
        )


@pytest.mark.usefixtures("hasty")
@pytest.mark.parametrize("channel", ["instagram", "tiktok"])
def test_a_send_that_the_platform_took_without_answering_is_confirmed_by_its_echo(bridge: Bridge, channel: str) -> None:
    seen = bridge.conversation(channel)
    bridge.post("/faults", {"target": channel, "kind": "timeout_after_accept", "count": 1})
    bridge.post("/genesys/reply", {"conversation_id": seen["conversation_id"], "text": "Yes, we are"})
    bridge.until(lambda: bridge.taken("receipt"), "the receipt")
    bridge.quiet()
    assert bridge.taken("receipt")[0]["body"]["status"] == "Delivered"
    assert len(bridge.sent(channel)) == 1


@pytest.mark.usefixtures("hasty")
@pytest.mark.parametrize("channel", ["instagram", "tiktok"])
def test_a_send_of_unknown_outcome_without_an_echo_is_found_in_the_platforms_history(
    bridge: Bridge, channel: str
) -> None:
    seen = bridge.conversation(channel)
    bridge.post(f"/{channel}/settings", {"echo": "none"})
    bridge.post("/faults", {"target": channel, "kind": "timeout_after_accept", "count": 1, "path": SENDS[channel]})
    bridge.post("/genesys/reply", {"conversation_id": seen["conversation_id"], "text": "Yes, we are"})
    bridge.until(lambda: bridge.metric("uncertain") == 1, "the unknown outcome")
    bridge.shift(finding_out.HISTORY_S + 1)
    bridge.until(lambda: bridge.taken("receipt"), "the receipt")
    assert bridge.taken("receipt")[0]["body"]["status"] == "Delivered"
    assert bridge.metric("confirmed_by_history") == 1
    assert len(bridge.sent(channel)) == 1


@pytest.mark.usefixtures("hasty")
def test_a_send_of_unknown_outcome_that_nobody_tells_of_is_reported_and_never_sent_twice(bridge: Bridge) -> None:
    seen = bridge.conversation()
    bridge.post("/instagram/settings", {"echo": "none"})
    bridge.post("/faults", {"target": "instagram", "kind": "timeout_after_accept", "count": 1})
    bridge.post("/faults", {"target": "instagram", "kind": "status", "status": 500, "path": "/conversations"})
    bridge.post("/genesys/reply", {"conversation_id": seen["conversation_id"], "text": "Yes, we are"})
    bridge.until(lambda: bridge.metric("uncertain") == 1, "the unknown outcome")
    bridge.pass_time(BUDGETS["history"].for_s, lambda: bridge.taken("receipt"), "the receipt")
    bridge.quiet()
    told = bridge.taken("receipt")[0]["body"]
    assert (told["status"], told["reasons"][0]["code"]) == ("Failed", "GeneralError")
    assert len(bridge.sent("instagram")) == 1


@pytest.mark.parametrize(
    ("channel", "fault"),
    [
        ("instagram", {"kind": "status", "status": 400, "code": 4}),
        ("tiktok", {"kind": "status", "status": 200, "code": 40100}),
    ],
)
def test_a_throttled_send_goes_out_once_when_it_may(bridge: Bridge, channel: str, fault: dict[str, Any]) -> None:
    seen = bridge.conversation(channel)
    bridge.post("/faults", {"target": channel, "count": 2, **fault})
    bridge.post("/genesys/reply", {"conversation_id": seen["conversation_id"], "text": "Yes"})
    bridge.until(lambda: bridge.taken("receipt"), "the receipt")
    bridge.quiet()
    assert [call["body"]["status"] for call in bridge.taken("receipt")] == ["Delivered"]
    assert len(bridge.sent(channel)) == 1


def test_a_platform_that_stays_away_is_told_to_the_agent(bridge: Bridge) -> None:
    seen = bridge.conversation()
    bridge.post("/faults", {"target": "instagram", "kind": "status", "status": 400, "code": 4})
    bridge.post("/genesys/reply", {"conversation_id": seen["conversation_id"], "text": "Yes"})
    bridge.until(lambda: bridge.metric("retried") >= 1, "the first retry")
    bridge.shift(BUDGETS["reply"].for_s + 1)
    bridge.until(lambda: bridge.taken("receipt"), "the receipt")
    assert bridge.taken("receipt")[0]["body"]["status"] == "Failed"
    assert bridge.sent("instagram") == []


def test_a_poison_message_stops_only_its_own_conversation_until_it_is_parked(bridge: Bridge) -> None:
    bridge.post("/faults", {"target": "genesys", "kind": "status", "status": 400, "count": 1, "path": "/inbound/"})
    wrote = {who: [f"{who} first", f"{who} next"] for who in ("91", "92")}
    raw = instagram(*[(who, f"mid-{text}", text) for who, texts in wrote.items() for text in texts])
    assert bridge.deliver("instagram", raw) == 200
    bridge.until(lambda: len(bridge.taken()) == 4, "the others")
    bridge.quiet()
    missing = "[A message of the customer's could not be shown here. It is kept; the administrators have been alarmed.]"
    [letter] = bridge.get("/state")["dead_letters"]
    poisoned = letter["id"].removeprefix("message:mid-")  # the two are dealt with beside each other
    assert texts(bridge) == {who: [missing if text == poisoned else text for text in wrote[who]] for who in wrote}
    assert poisoned.endswith("first")


def test_receipts_are_what_the_sdk_models(bridge: Bridge) -> None:
    seen = bridge.conversation()
    bridge.post("/genesys/reply", {"conversation_id": seen["conversation_id"], "text": "Yes"})
    bridge.until(lambda: bridge.taken("receipt"), "the receipt")
    assert accepted("receipt", bridge.taken("receipt")[0]["body"]) == []
