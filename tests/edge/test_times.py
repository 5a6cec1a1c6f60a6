"""What the edge notes of when a delivery was made: the newest time that it states, whatever its unit."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.edge.kit import EdgeKit
from tests.fakes import INSTAGRAM, TIKTOK

# Thirty seconds past eight on 15 January 2027, in the units that there are.
S, MS, ISO = 1_800_000_030, 1_800_000_030_000, "2027-01-15T08:00:30.000Z"
LONG_AGO_MS = 1_700_000_000_000


def instagram(time: Any, *, section: str = "messaging", **item: Any) -> dict[str, Any]:
    said = {"sender": {"id": "55501"}, "recipient": {"id": INSTAGRAM.id}, "message": {"mid": "mid-1", "text": "x"}}
    value = {"id": "1789", "from": {"id": "55501"}, "text": "x"}
    items = {
        "messaging": said | item,
        "standby": said | item,
        "changes": {"field": "comments", "value": value | item},
    }
    return {"object": "instagram", "entry": [{"id": INSTAGRAM.id, "time": time, section: [items[section]]}]}


def tiktok(created: Any, **content: Any) -> dict[str, Any]:
    told = {"message_id": "m", "conversation_id": "c", "type": "text", "text": {"body": "x"}} | content
    return {
        "event": "im_receive_msg",
        "create_time": created,
        "user_openid": TIKTOK.id,
        "content": json.dumps(told),
    }


def genesys(**channel: Any) -> dict[str, Any]:
    return {"id": "0f", "type": "Text", "text": "x", "channel": {"id": "int-ig", "to": {"id": "55501"}} | channel}


def end(**fields: Any) -> dict[str, Any]:
    return {"type": "Ended", "conversationId": "c", "addressTo": "int-ig", "addressFrom": "55501"} | fields


DATED: dict[str, tuple[str, dict[str, Any], int]] = {
    "a message": ("instagram", instagram(MS, timestamp=LONG_AGO_MS), MS),
    "a message whose delivery tells no time": ("instagram", instagram(None, timestamp=MS), MS),
    "a message's newer time": ("instagram", instagram(LONG_AGO_MS, timestamp=MS), MS),
    "a message in standby": ("instagram", instagram(MS, section="standby", timestamp=LONG_AGO_MS), MS),
    "a comment, in seconds": ("instagram", instagram(S, section="changes"), S * 1000),
    "a test, in seconds as a text": ("instagram", instagram(None, timestamp=str(S)), S * 1000),
    "what is no message": ("instagram", {"object": "page", "entry": [{"id": "1", "time": MS}]}, MS),
    "the dashboard's test": ("instagram", {"object": "instagram", "entry": [{"id": "0", "time": MS}]}, MS),
    "TikTok's message": ("tiktok", tiktok(S, timestamp=LONG_AGO_MS), S * 1000),
    "TikTok's content": ("tiktok", tiktok(None, timestamp=MS), MS),
    "TikTok's envelope in ms": ("tiktok", tiktok(MS), MS),
    "an agent's message": ("genesys", genesys(time=ISO), MS),
    "an agent's message without a zone": ("genesys", genesys(time="2027-01-15T08:00:30"), MS),
    "an agent's message from elsewhere": ("genesys", genesys(time="2027-01-15T10:00:30.000+02:00"), MS),
    "an end": ("genesys", end(eventTime=MS), MS),
    "an end in seconds": ("genesys", end(eventTime=S), S * 1000),
    "an end as another number": ("genesys", end(eventTime=float(MS)), MS),
}  # fmt: skip
ODD: list[Any] = [None, "", "yesterday", 0, -1, [], {}, 1e300, "9" * 40]


@pytest.mark.parametrize("what", DATED)
def test_the_newest_time_counts(what: str) -> None:
    platform, body, made_ms = DATED[what]
    kit = EdgeKit()
    assert kit.deliver(platform, json.dumps(body).encode()).status == 200
    assert [event.made_ms for event in kit.queue(platform).events] == [made_ms]
    assert kit.metrics.total("undated") == 0


@pytest.mark.parametrize("odd", ODD, ids=str)
@pytest.mark.parametrize("platform", ["instagram", "tiktok", "genesys"])
def test_what_tells_no_time_is_taken_and_counted(platform: str, odd: Any) -> None:
    bodies = {"instagram": instagram(odd), "tiktok": tiktok(odd), "genesys": genesys(time=odd)}
    kit = EdgeKit()
    assert kit.deliver(platform, json.dumps(bodies[platform]).encode()).status == 200
    assert [event.made_ms for event in kit.queue(platform).events] == [0]
    assert kit.metrics.total("undated", source=platform) == 1
