"""The workers: CPU and network calls per message, through the real queue handlers."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from bench import stub
from bench.measure import Replay, Subject, recorded
from bench.place import AT_CONNECT, KNOWN, MET, READS_SHOWN, Context, echo, item, messaging, record, reply, seen

GOAL = 1.1
# Network calls per message, at most: a text, an agent's text, an echo of ours, a read.
INBOUND_CALLS, OUTBOUND_CALLS, ECHO_CALLS, READ_CALLS = 3.0, 4.0, 1.0, 2.0
SIGN = "worker: a read, by a desk's own sign"
BATCH = 10

Bodies = Callable[[int], list[str]]


def subjects(url: str) -> list[Subject]:
    """Steady state in full batches; a conversation's first message and an image by themselves."""
    known = [f"55500000000{number:05d}" for number in range(BATCH)]
    return [
        _subject(url, "to_desk", "inbound, steady state", lambda run: [
            inbound(messaging(customer, f"{run:020d}{place:012d}")) for place, customer in enumerate(known)
        ], GOAL, INBOUND_CALLS),
        _subject(url, "to_customer", "outbound, steady state", lambda run: [
            outbound(customer, run * BATCH + place) for place, customer in enumerate(known)
        ], GOAL, OUTBOUND_CALLS),
        _subject(url, "to_desk", "an echo of ours", lambda _: [
            told(echo(customer)) for customer in known
        ], None, ECHO_CALLS),
        _subject(url, "to_desk", "a read, shown as a line", lambda run: [
            told(seen(known[0], f"s{run:031d}", READS_SHOWN))
        ], None, READ_CALLS, shows=True),
        _subject(url, "to_desk", "first message of a conversation", lambda run: [
            inbound(messaging(f"5551{run:012d}", f"{run:032d}"))
        ]),
        _subject(url, "to_desk", "message with an image", lambda run: [
            inbound(messaging(known[0], f"i{run:031d}", f"{url}/picture.png"))
        ]),
    ]  # fmt: skip


def at_connect(url: str) -> list[Subject]:
    """One message at a time, at an account whose desk is Amazon Connect."""

    def says(customer: str, mid: str, picture: str = "") -> list[str]:
        return [inbound(messaging(customer, mid, picture, AT_CONNECT))]

    return [
        _subject(url, "to_desk", "text", lambda run: says(KNOWN, f"{run:032d}")),
        _subject(url, "to_desk", "text, the conversation new to the container", lambda run: says(
            f"{MET}{run:012d}", f"{run:032d}"
        )),
        _subject(url, "to_desk", "first message", lambda run: says(f"5551{run:012d}", f"{run:032d}")),
        _subject(url, "to_desk", "image", lambda run: says(KNOWN, f"i{run:031d}", f"{url}/picture.png")),
        _subject(url, "to_customer", "agent's text", lambda run: [streamed(run)]),
        _subject(url, "to_desk", SIGN.removeprefix("worker: "), lambda run: [
            told(seen(KNOWN, f"s{run:031d}", AT_CONNECT))
        ], None, READ_CALLS),
    ]  # fmt: skip


def inbound(event: dict[str, Any]) -> str:
    """As the edge stores it."""
    import msgspec

    from chalicelib.vocabulary.records import Event

    customer, account, mid = event["sender"]["id"], event["recipient"]["id"], event["message"]["mid"]
    raw = msgspec.Raw(json.dumps(event, separators=(",", ":")).encode())
    stored = Event(
        source="instagram", account=account, party=customer, id=f"message:{mid}", received_ms=event["timestamp"],
        section="messaging", raw=raw,
    )  # fmt: skip
    return msgspec.json.encode(stored).decode()


def told(event: dict[str, Any]) -> str:
    """What is no message, as the edge stores it."""
    from chalicelib.channels.instagram.webhook import WEBHOOK

    account = event["sender"]["id"] if "is_echo" in event.get("message", {}) else event["recipient"]["id"]
    entry = {"time": event["timestamp"], "id": account, "messaging": [event]}
    return _stored(WEBHOOK, json.dumps({"object": "instagram", "entry": [entry]}).encode())


def outbound(customer: str, number: int) -> str:
    from chalicelib.desks.genesys.webhook import WEBHOOK

    return _stored(WEBHOOK, reply(customer, number))


def streamed(number: int) -> str:
    from chalicelib.desks.connect.webhook import WEBHOOK

    return _stored(WEBHOOK, item(number))


def _stored(source: Any, body: bytes) -> str:
    import time

    import msgspec

    from chalicelib.edge.storing import events_of

    [event] = events_of(source, body, time.time())
    return msgspec.json.encode(event).decode()


def _subject(
    url: str, role: str, name: str, bodies: Bodies, goal: float | None = None, most_calls: float | None = None, *,
    shows: bool = False,
) -> Subject:  # fmt: skip
    """The floor is JSON over each event, and the same calls. Where it `shows` something, that is made sure of."""
    import app

    handler, context = getattr(app, role), Context()

    def make(run: int) -> list[dict[str, Any]]:
        return [record(body, str(place)) for place, body in enumerate(bodies(run))]

    def ours(records: list[dict[str, Any]]) -> None:
        answer = handler({"Records": records}, context)
        assert not answer["batchItemFailures"], answer

    def floor(records: list[dict[str, Any]]) -> None:
        for one in records:
            json.loads(one["body"])
        for call in calls:
            call()

    before = stub.shown(url)
    ours(make(0))
    assert stub.shown(url) > before or not shows, f"{name}: nothing was shown"
    # some calls are made once in a while, whatever comes: the one that has none of them is the message's own
    calls = min((_calls(url, ours, make(run)) for run in (1, 2)), key=len)
    return Subject(
        name=f"worker: {name}", make=make, ours=ours, floor=floor, messages=len(bodies(0)), calls=len(calls),
        goal=goal, most_calls=most_calls,
    )  # fmt: skip


def _calls(url: str, work: Callable[[Any], object], given: Any) -> list[Replay]:
    """The network calls that the work makes: all that arrive."""
    before = stub.calls(url)
    with recorded() as calls:
        work(given)
    arrived = stub.calls(url) - before
    assert arrived == len(calls), f"{arrived} calls arrived, {len(calls)} are known"
    return calls
