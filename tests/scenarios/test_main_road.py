"""A direct message reaches an agent, and the answer comes back."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest

from chalicelib.rules.budgets import BUDGETS
from chalicelib.rules.text import split
from tests.scenarios.conftest import INSTAGRAM, TIKTOK, Bridge, X

# Emoji with skin tone and ZWJ, a flag, Arabic with marks, Devanagari conjuncts, stacked combining marks.
EVERY_SCRIPT = '👩🏽‍🚀 🇵🇪 السَّلَامُ عَلَيْكُمْ क्षत्रिय Z͑ͫ̓ͪ̂ͫ̽ e\u0301 \u200f(42)\u200e <b>&amp;</b> \\u0041 "quoted"\n\ttabbed'
SOURCES = {"instagram": "Instagram_DM", "tiktok": "TikTok_DM", "x": "X_DM"}
IDS = {"instagram": INSTAGRAM, "tiktok": TIKTOK, "x": X}


def _text(call: dict[str, Any]) -> str:
    body = call["body"].get("message", call["body"])
    text = body["text"]
    return str(text if isinstance(text, str) else text["body"])


@pytest.mark.parametrize("channel", list(SOURCES))
def test_a_text_in_every_script_survives_both_ways(bridge: Bridge, channel: str) -> None:
    seen = bridge.conversation(channel, EVERY_SCRIPT)
    assert seen["body"]["text"] == EVERY_SCRIPT
    bridge.post("/genesys/reply", {"conversation_id": seen["conversation_id"], "text": EVERY_SCRIPT})
    bridge.until(lambda: bridge.sent(channel), "the reply at the platform")
    assert _text(bridge.sent(channel)[0]) == EVERY_SCRIPT


@pytest.mark.parametrize("channel", list(SOURCES))
def test_an_agent_sees_where_a_message_comes_from(bridge: Bridge, channel: str) -> None:
    body = bridge.conversation(channel)["body"]
    attributes = body["channel"]["metadata"]["customAttributes"]
    assert attributes["source"] == SOURCES[channel]
    assert attributes["accountId"] == IDS[channel]
    assert attributes["sentAt"].endswith("Z")
    assert body["channel"]["from"]["idType"] == "Opaque"
    if channel == "tiktok":
        assert attributes["profileUrl"].startswith("https://www.tiktok.com/@")


def test_the_agents_customer_is_the_platforms_plain_user_id(bridge: Bridge) -> None:
    assert bridge.conversation("instagram", customer="1000000000000777")["body"]["channel"]["from"]["id"] == (
        "1000000000000777"
    )


@pytest.mark.parametrize("channel", list(SOURCES))
def test_a_delivered_reply_is_receipted_once(bridge: Bridge, channel: str) -> None:
    seen = bridge.conversation(channel)
    reply = bridge.post("/genesys/reply", {"conversation_id": seen["conversation_id"], "text": "Hello!"})["id"]
    bridge.until(lambda: bridge.taken("receipt"), "the receipt")
    bridge.quiet()
    told = [call["body"] for call in bridge.taken("receipt")]
    assert [(one["id"], one["status"]) for one in told] == [(reply, "Delivered")]


def test_a_reply_of_3000_bytes_arrives_as_whole_graphemes_in_order(bridge: Bridge) -> None:
    long = ("क्षत्रिय 👩🏽‍🚀 " * 200).encode()[:3000].decode(errors="ignore")
    seen = bridge.conversation()
    bridge.post("/genesys/reply", {"conversation_id": seen["conversation_id"], "text": long})
    bridge.until(lambda: bridge.taken("receipt"), "the receipt")
    parts = [_text(call) for call in bridge.sent("instagram")]
    assert "".join(parts) == long
    assert parts == split(long, 1000, "bytes")
    assert all(len(part.encode()) <= 1000 for part in parts)
    assert len(bridge.taken("receipt")) == 1


def test_the_facebook_login_goes_out_through_its_page(bridge: Bridge) -> None:
    bridge.post("/instagram/say", {"text": "Hi", "account": "17841400000000002"})
    bridge.until(bridge.taken, "the message at Genesys")
    bridge.post("/genesys/reply", {"conversation_id": bridge.taken()[0]["conversation_id"], "text": "Hello!"})
    bridge.until(lambda: bridge.sent("instagram"), "the reply")
    assert bridge.sent("instagram")[0]["path"].endswith("/100000000000002/messages")


@pytest.mark.parametrize("channel", list(SOURCES))
@pytest.mark.parametrize("echo", ["before", "after"])
def test_the_echo_of_our_own_send_never_reaches_the_agent(bridge: Bridge, channel: str, echo: str) -> None:
    bridge.post(f"/{channel}/settings", {"echo": echo})
    seen = bridge.conversation(channel)
    for text in ("One", "Two", "Two"):
        bridge.post("/genesys/reply", {"conversation_id": seen["conversation_id"], "text": text})
    bridge.until(lambda: bridge.metric("ignored:reason=echo_own") == 3, "three echoes told as ours")
    bridge.quiet()
    assert [call["body"]["text"] for call in bridge.taken()] == ["Hello"]
    assert [_text(call) for call in bridge.sent(channel)] == ["One", "Two", "Two"]


@pytest.mark.parametrize(
    ("channel", "hours", "code"), [("instagram", 25, "MessageNotAllowed"), ("tiktok", 49, "MessageNotAllowed")]
)
def test_a_closed_window_is_told_by_a_failed_receipt(bridge: Bridge, channel: str, hours: int, code: str) -> None:
    seen = bridge.conversation(channel)
    bridge.post("/faults", {"target": "tiktok", "kind": "status", "status": 200, "code": 40064})
    bridge.shift(hours * 3600)
    bridge.post("/genesys/reply", {"conversation_id": seen["conversation_id"], "text": "Sorry for the wait"})
    bridge.until(lambda: bridge.taken("receipt"), "the receipt")
    told = bridge.taken("receipt")[0]["body"]
    assert (told["status"], told["reasons"][0]["code"]) == ("Failed", code)
    bridge.until(lambda: len(bridge.taken()) == 2, "the notice in the conversation")
    assert bridge.taken()[1]["body"]["text"].startswith("[Your reply was not delivered. ")
    assert bridge.taken()[1]["conversation_id"] == seen["conversation_id"]
    assert bridge.sent(channel) == []


def test_an_unknown_account_is_parked_and_seen(bridge: Bridge) -> None:
    raw = (
        b'{"object":"instagram","entry":[{"id":"999","time":1,"messaging":[{"sender":{"id":"5"},'
        b'"recipient":{"id":"999"},"timestamp":%d,"message":{"mid":"m-unknown","text":"hi"}}]}]}'
    ) % bridge.now_ms()
    assert bridge.deliver("instagram", raw) == 200
    bridge.until(lambda: bridge.metric("retried") >= 2, "two tries to find its account")
    assert bridge.get("/state")["parked"] == []
    bridge.shift(BUDGETS["account"].for_s)
    bridge.until(lambda: bridge.get("/state")["parked"], "the parked event")
    assert bridge.metric("parked:reason=unknown_account") == 1
    assert bridge.taken() == []


def test_a_text_cut_inside_an_emoji_arrives_with_the_rest_of_its_delivery(bridge: Bridge) -> None:
    messages = [
        f'{{"sender":{{"id":"7{number}"}},"recipient":{{"id":"{INSTAGRAM}"}},"timestamp":{bridge.now_ms()},'
        f'"message":{{"mid":"m-cut-{number}","text":"{text}"}}}}'
        for number, text in enumerate((r"cut \ud83d", "whole"))
    ]
    raw = f'{{"object":"instagram","entry":[{{"id":"{INSTAGRAM}","time":1,"messaging":[{",".join(messages)}]}}]}}'
    assert bridge.deliver("instagram", raw.encode()) == 200
    bridge.until(lambda: len(bridge.taken()) == 2, "both messages")
    assert sorted(call["body"]["text"] for call in bridge.taken()) == ["cut \ufffd", "whole"]


def _renewed_at_least(bridge: Bridge, count: int) -> bool:
    return bridge.metric("token_renewed:channel=tiktok") >= count


def test_tokens_are_renewed_before_they_end(bridge: Bridge) -> None:
    """TikTok's access token lives a day; the reply below is written with its third successor."""
    seen = bridge.conversation("tiktok")
    for count, hours in enumerate((13, 26, 39), start=1):
        bridge.shift(hours * 3600)
        renewed = partial(_renewed_at_least, bridge, count)
        bridge.until(renewed, "a new token")
    bridge.post("/genesys/reply", {"conversation_id": seen["conversation_id"], "text": "Still here"})
    bridge.until(lambda: bridge.taken("receipt"), "the receipt")
    assert bridge.taken("receipt")[0]["body"]["status"] == "Delivered"
