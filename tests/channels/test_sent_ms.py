"""When an event happened by its platform's clock, as the edge reads it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from chalicelib.channels.instagram.webhook import WEBHOOK as INSTAGRAM
from chalicelib.channels.tiktok.webhook import WEBHOOK as TIKTOK
from chalicelib.edge.storing import events_of

MS = 1_799_999_999_123
S = 1_799_999_999
# What a platform should not say, and may.
INSANE: list[Any] = [None, "", "soon", -1, 0, [], {}, 10**18, "1e400"]


def instagram(**entry: Any) -> list[int]:
    body = json.dumps({"object": "instagram", "entry": [{"id": "a"} | entry]}).encode()
    return [event.sent_ms for event in events_of(INSTAGRAM, body, S)]


def tiktok(envelope: Any, content: dict[str, Any], event: str = "im_receive_msg") -> int:
    body = {"event": event, "user_openid": "a", "content": json.dumps(content)}
    [found] = events_of(TIKTOK, json.dumps(body | {"create_time": envelope}).encode(), S)
    return found.sent_ms


KINDS: dict[str, dict[str, Any]] = {
    "a message": {"message": {"mid": "m", "text": "x"}},
    "an echo": {"message": {"mid": "m", "is_echo": True}},
    "an edit": {"message_edit": {"mid": "m", "text": "y"}},
    "an unsend": {"message": {"mid": "m", "is_deleted": True}},
    "a reaction": {"reaction": {"mid": "m", "action": "react"}},
    "a read without an id": {"read": {}},
    "a referral": {"referral": {"ref": "x"}},
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("section", ["messaging", "standby"])
def test_what_instagram_tells_in_a_thread_has_its_own_time(kind: str, section: str) -> None:
    item = {"sender": {"id": "1"}, "timestamp": MS} | KINDS[kind]
    assert instagram(**{section: [item, item | {"timestamp": MS + 7}], "time": 5}) == [MS, MS + 7]


@pytest.mark.parametrize(
    "change",
    [
        {"field": "comments", "value": {"id": "c", "from": {"id": "1"}}},
        {"field": "mentions", "value": {"media_id": "p"}},
        {"field": "story_insights", "value": {"media_id": "p"}},
    ],
)
@pytest.mark.parametrize(("time", "read"), [(S, S * 1000), (MS, MS), (str(S), S * 1000)])
def test_a_change_has_its_entrys_time(change: dict[str, Any], time: Any, read: int) -> None:
    assert instagram(changes=[change, change], time=time) == [read, read]
    assert instagram(**change, time=time) == [read]


@pytest.mark.parametrize("insane", INSANE)
def test_a_time_that_is_none_is_none(insane: Any) -> None:
    assert instagram(messaging=[{"message": {"mid": "m"}, "timestamp": insane}]) == [0]
    assert instagram(changes=[{"field": "comments", "value": {"id": "c"}}], time=insane) == [0]
    assert tiktok(insane, {"message_id": "m", "timestamp": insane}) == 0


def test_a_time_that_is_missing_is_none() -> None:
    assert instagram(messaging=[{"message": {"mid": "m"}}], changes=[{"field": "comments", "value": {"id": "c"}}]) == [
        0,
        0,
    ]
    assert tiktok(None, {}) == 0


@pytest.mark.parametrize("event", ["im_receive_msg", "im_send_msg", "comment.update", "nobody.knows"])
def test_tiktoks_content_goes_before_its_envelope(event: str) -> None:
    assert tiktok(S, {"message_id": "m", "timestamp": MS}, event) == MS
    assert tiktok(S, {"message_id": "m"}, event) == S * 1000
    assert tiktok(S, {"message_id": "m", "timestamp": "soon"}, event) == S * 1000


def test_a_number_that_no_machine_holds_harms_no_other_event() -> None:
    raw = b'{"object": "instagram", "entry": [{"id": 1e999, "time": 1e999, "messaging": [{"message": {"mid": "m"}}]}]}'
    [event] = events_of(INSTAGRAM, raw, S)
    assert (event.account, event.id, event.sent_ms) == ("", "message:m", 0)
