"""Meta's times, and the edge's promise to lose nothing; what each kind becomes is in test_instagram_inbound.py."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.channels.instagram.attachments import mentioning
from chalicelib.channels.instagram.schema import milliseconds, read
from chalicelib.channels.instagram.webhook import WEBHOOK
from chalicelib.errors import Malformed

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
        ("9" * 500, 42),
        (253_402_300_799_999, 253_402_300_799_999),
        (253_402_300_800_000, 42),
    ],
)
def test_metas_times_become_milliseconds(timestamp: Any, expected: int) -> None:
    assert milliseconds(timestamp, 42) == expected


@given(st.lists(JSON, max_size=4), st.lists(JSON.filter(lambda one: "value" not in str(one)), max_size=4))
def test_the_edge_loses_no_event_whatever_its_shape(messaging: list[Any], changes: list[Any]) -> None:
    entry: dict[str, Any] = {"id": "1", "time": 7, "messaging": messaging, "changes": changes}
    pieces = WEBHOOK.split(msgspec.json.encode({"object": "instagram", "entry": [entry]}))
    if messaging or changes:
        whole = messaging + [{"time": 7, "changes": [one]} for one in changes]
        assert [msgspec.json.decode(piece.raw) for piece in pieces] == msgspec.json.decode(msgspec.json.encode(whole))
    else:
        assert [piece.section for piece in pieces] == ["entry"]
    assert all(piece.id for piece in pieces)


@given(st.binary(max_size=300) | JSON.map(msgspec.json.encode))
def test_a_body_that_holds_no_entries_is_malformed(body: bytes) -> None:
    """Bytes without entries are never taken for a delivery."""
    with pytest.raises(Malformed, match="not a Meta delivery"):
        WEBHOOK.split(body)


CDN = "https://scontent.cdninstagram.com/v/t51/story.jpg"
LOOKASIDE = "https://lookaside.fbsbx.com/ig_messaging_cdn/"


@pytest.mark.parametrize(
    ("attachments", "story"),
    [
        ([], ""),
        ([{"type": "image", "payload": {"url": CDN}}], ""),
        ([{"type": "story", "payload": {"url": CDN}}], ""),
        ([{"type": "story_mention", "payload": {"url": f"{LOOKASIDE}?asset_id=9011&signature=a"}}], "9011"),
        ([{"type": "story_mention", "payload": {"url": f"{LOOKASIDE}?signature=b&asset_id=9011"}}], "9011"),
        ([{"type": "story_mention", "payload": {"id": "9011", "url": f"{LOOKASIDE}?asset_id=7"}}], "9011"),
        ([{"type": "story_mention", "payload": {"url": f"{CDN}?oe=1&sig=a"}}], CDN.removeprefix("https://")),
        ([{"type": "story_mention", "payload": {"url": f"{LOOKASIDE}?signature=a"}}], f"{LOOKASIDE}?signature=a"),
        ([{"type": "image"}, {"type": "story_mention", "payload": {"url": f"{LOOKASIDE}?asset_id=9011"}}], "9011"),
        ([{"type": "story_mention"}], "?"),
        ([{"type": "story_mention", "payload": {"url": "https://[odd"}}], "?"),
        ([{"type": "story_mention", "payload": {"url": ["odd"]}}], "?"),
    ],
)
def test_a_story_is_told_by_what_is_the_same_in_every_delivery(attachments: list[Any], story: str) -> None:
    assert mentioning(read(msgspec.json.encode({"attachments": attachments}))) == story
