"""The edge: CPU per webhook, through the whole Chalice app."""

from __future__ import annotations

import hashlib
import hmac
import json

from bench.measure import Subject, recorded
from bench.place import KEY, Context, delivery, messaging, webhook

ONE, HUNDRED = "edge: 1 event", "edge: 100 events in one delivery"
GOALS = {ONE: 1.15, HUNDRED: 1.1}


def subjects() -> list[Subject]:
    """The floor is HMAC and JSON over the body, and the same SendMessageBatch calls by the same client."""
    return [_subject(ONE, 1), _subject(HUNDRED, 100)]


def _subject(name: str, count: int) -> Subject:
    import app

    body = delivery([messaging(f"5550000000{number:06d}", f"{number:032x}") for number in range(count)])
    event, context = webhook(body), Context()
    signature = hmac.new(KEY.encode(), body, hashlib.sha256).hexdigest()

    def ours(_: object) -> None:
        answer = app.app(event, context)
        assert answer["statusCode"] == 200, answer

    def floor(_: object) -> None:
        assert hmac.compare_digest(hmac.new(KEY.encode(), body, hashlib.sha256).hexdigest(), signature)
        json.loads(body)
        for call in calls:
            call()

    ours(None)
    with recorded() as calls:
        ours(None)
    return Subject(
        name=name, make=lambda _: None, ours=ours, floor=floor, messages=1, calls=len(calls), goal=GOALS[name]
    )
