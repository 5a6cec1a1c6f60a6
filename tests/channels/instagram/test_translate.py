"""Instagram's events in the bridge's words; the shapes themselves are in tests/golden."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.channels.instagram.schema import milliseconds
from chalicelib.channels.instagram.translate import TRANSLATOR, UNREADABLE
from chalicelib.channels.instagram.webhook import WEBHOOK
from chalicelib.errors import Malformed
from chalicelib.messages import CustomerMessage, Event, Ignored

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63) | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["message", "sender", "id", "mid", "text", "attachments", "type", "payload", "postback"])
            | st.text(max_size=5),
            inner,
            max_size=5,
        )
    ),
    max_leaves=12,
)


def event(raw: Any, **fields: str) -> Event:
    named = {"account": "1", "party": "55501", "id": "message:m", "section": "messaging"} | fields
    return Event(source="instagram", received_ms=1_800_000_000_000, raw=msgspec.Raw(msgspec.json.encode(raw)), **named)


@pytest.mark.parametrize(
    ("timestamp", "expected"),
    [
        (1_799_999_990_007, 1_799_999_990_007),
        (1_799_999_990, 1_799_999_990_000),
        ("1799999990", 1_799_999_990_000),
        ("1799999990007", 1_799_999_990_007),
        (1_799_999_990_007.0, 1_799_999_990_007),
        (100_000_000_000, 100_000_000_000_000),
        (100_000_000_001, 100_000_000_001),
        (None, 42),
        (0, 42),
        (-5, 42),
        ("", 42),
        ("yesterday", 42),
        ("inf", 42),
        ("nan", 42),
    ],
)
def test_metas_times_become_milliseconds(timestamp: Any, expected: int) -> None:
    assert milliseconds(timestamp, 42) == expected


@pytest.mark.parametrize(
    ("message", "text"),
    [
        ({"text": "hi"}, "hi"),
        ({"text": "  spaces and\nlines stay "}, "  spaces and\nlines stay "),
        ({}, UNREADABLE),
        ({"attachments": []}, UNREADABLE),
        ({"is_unsupported": True}, UNREADABLE),
        ({"attachments": [{"type": "image", "payload": {"url": "https://x/1"}}]}, "[image] https://x/1"),
        ({"attachments": [{"type": "image", "payload": {}}]}, "[image]"),
        ({"attachments": [{"payload": None}]}, "[attachment]"),
        ({"text": "a", "attachments": [{"type": "video"}, {"type": "audio"}]}, "a\n[video]\n[audio]"),
    ],
)
def test_a_messages_text(message: dict[str, Any], text: str) -> None:
    [said] = TRANSLATOR.parse(event({"message": {"mid": "m", **message}}))
    assert isinstance(said, CustomerMessage)
    assert said.text == text


@pytest.mark.parametrize("section", ["standby", "changes", "entry", "something"])
def test_other_sections_are_ignored_with_their_name(section: str) -> None:
    assert TRANSLATOR.parse(event({"message": {"text": "hi"}}, section=section)) == [Ignored(f"instagram_{section}")]


@pytest.mark.parametrize("section", ["messaging", "changes", "echo", "standby"])
def test_the_dashboards_test_never_becomes_a_message(section: str) -> None:
    assert TRANSLATOR.parse(event({"message": {"text": "x"}}, account="0", section=section)) == [
        Ignored("dashboard_test")
    ]


@given(JSON)
def test_nothing_that_is_read_raises_anything_but_malformed(raw: Any) -> None:
    try:
        happened = TRANSLATOR.parse(event(raw))
    except Malformed:
        happened = []
    assert all(one.text for one in happened if isinstance(one, CustomerMessage))


@given(st.lists(JSON, max_size=4), st.lists(JSON, max_size=4))
def test_the_edge_loses_no_event_whatever_its_shape(messaging: list[Any], changes: list[Any]) -> None:
    entry: dict[str, Any] = {"id": "1", "messaging": messaging, "changes": changes}
    pieces = WEBHOOK.split(msgspec.json.encode({"object": "instagram", "entry": [entry]}))
    if messaging or changes:
        assert [msgspec.json.decode(piece.raw) for piece in pieces] == [
            msgspec.json.decode(msgspec.json.encode(one)) for one in messaging + changes
        ]
    else:
        assert [piece.section for piece in pieces] == ["entry"]
    assert all(piece.id for piece in pieces)


@given(st.binary(max_size=300) | JSON.map(msgspec.json.encode))
def test_a_body_that_holds_no_entries_is_malformed(body: bytes) -> None:
    """Bytes without entries are never taken for a delivery."""
    with pytest.raises(Malformed, match="not a Meta delivery"):
        WEBHOOK.split(body)
