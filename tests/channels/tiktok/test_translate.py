"""TikTok's events in the bridge's words; the shapes themselves are in tests/golden."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.channels.tiktok.schema import milliseconds
from chalicelib.channels.tiktok.translate import TRANSLATOR
from chalicelib.channels.tiktok.webhook import WEBHOOK
from chalicelib.edge.storing import events_of
from chalicelib.errors import Malformed
from chalicelib.vocabulary.messages import CustomerMessage
from chalicelib.vocabulary.records import Event

NAMES = ["type", "text", "body", "message_id", "from_user", "to_user", "id", "from", "timestamp", "share_post"]
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63) | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(NAMES) | st.text(max_size=5), inner, max_size=5)
    ),
    max_leaves=12,
)


def delivery(content: Any, event: str = "im_receive_msg") -> bytes:
    return json.dumps({"event": event, "user_openid": "-000", "content": json.dumps(content)}).encode()


def event(body: bytes) -> Event:
    [found] = events_of(WEBHOOK, body, 0.042)
    return found


@pytest.mark.parametrize(
    ("timestamp", "expected"),
    [
        ("1799999990007", 1_799_999_990_007),
        ("1799999990", 1_799_999_990_000),
        ("1799999990.5", 1_799_999_990_500),
        ("253402300799999", 253_402_300_799_999),
        ("253402300800000", 42),
        ("1799999990007000", 42),
        ("", 42),
        ("0", 42),
        ("-1", 42),
        ("inf", 42),
        ("nan", 42),
        ("yesterday", 42),
    ],
)
def test_tiktoks_times_become_milliseconds(timestamp: str, expected: int) -> None:
    assert milliseconds(timestamp, 42) == expected


@pytest.mark.parametrize("odd", ["+", "/", "=", "a+b/c==", "#", " ", "é", "😀"])
def test_ids_travel_unchanged(odd: str) -> None:
    content = {
        "message_id": f"m{odd}",
        "conversation_id": f"c{odd}",
        "from_user": {"id": f"p{odd}"},
        "type": "text",
        "text": {"body": "hi"},
    }
    cut = event(delivery(content))
    [said] = TRANSLATOR.parse(cut)
    assert isinstance(said, CustomerMessage)
    assert (cut.party, cut.id) == (f"p{odd}", f"im_receive_msg:m{odd}")
    assert (said.conversation.customer, said.platform_thread) == (f"p{odd}", f"c{odd}")


def test_adding_and_removing_a_reaction_are_two_events() -> None:
    def reaction(operation: str) -> str:
        content = {"type": "reaction", "message_id": "m1", "reaction": [{"operation": operation}]}
        return event(delivery(content)).id

    assert reaction("ADD") != reaction("REMOVE")
    assert reaction("ADD") == reaction("ADD")


def test_a_message_and_its_echo_are_two_events() -> None:
    content = {"type": "text", "message_id": "m1"}
    assert event(delivery(content)).id != event(delivery(content, "im_send_msg")).id


def test_the_customer_is_the_receiver_of_an_echo() -> None:
    content = {"from_user": {"id": "brand"}, "to_user": {"id": "customer"}, "message_id": "m1"}
    assert event(delivery(content, "im_send_msg")).party == "customer"
    assert event(delivery({**content, "from_user": {"id": "customer"}})).party == "customer"


@given(JSON, st.sampled_from(["im_receive_msg", "im_send_msg", "im_mark_read_msg", "comment.update", "other"]))
def test_nothing_that_is_read_raises_anything_but_malformed(content: Any, kind: str) -> None:
    try:
        happened = TRANSLATOR.parse(event(delivery(content, kind)))
    except Malformed:
        happened = []
    assert all(one.text or one.lines or one.media for one in happened if isinstance(one, CustomerMessage))


@given(st.binary(max_size=300) | JSON.map(msgspec.json.encode))
def test_a_body_that_names_no_event_is_malformed(body: bytes) -> None:
    with pytest.raises(Malformed, match="not a TikTok delivery"):
        WEBHOOK.split(body)
