"""What the library tells of kinds that it makes no events of, and of odd ones: as its documentation has them."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.channels.x.contents import LONGEST_WORDS, Opened, Said, begins_of, happened
from chalicelib.channels.x.keyring import numeric
from chalicelib.fields import Fields
from chalicelib.vocabulary.messages import CustomerMessage, Ignored, Line, Note, Sealed
from chalicelib.vocabulary.records import Conversation

CONVERSATION = Conversation("x", "1", "2")


def opened(event: Any, own: bool = False, said: Said | None = None) -> list[Any]:
    sealed = Sealed(id="chat:m-1", conversation=CONVERSATION, sent_ms=9, body=b"", thread="1:2")
    return list(happened(Opened(sealed=sealed, event=Fields(event), own=own, writer="", said=lambda count: said)))


def message(*attachments: dict[str, Any], text: str = "", **content: Any) -> dict[str, Any]:
    told = {"content_type": "Text", "text": text, "attachments": []} | content
    return {"type": "Message", "id": "m-1", "sender_id": "2", "content": told, "attachments": list(attachments)}


@pytest.mark.parametrize(
    ("attachment", "line", "text"),
    [
        (
            {"attachment_type": "Url", "url": "https://example.com/a", "display_title": "A page"},
            Line("attachment", {"kind": "link", "title": "A page", "url": "https://example.com/a"}), "",
        ),
        ({"attachment_type": "Url", "url": "javascript:alert(1)"}, Line("attachment", {"kind": "link"}), ""),
        (
            {"attachment_type": "Post", "rest_id": "20", "post_url": ""},
            Line("post_shared", {"url": "https://x.com/i/status/20"}), "",
        ),
        (
            {"attachment_type": "Post", "rest_id": "20", "post_url": "https://x.com/jack/status/20"},
            Line("post_shared", {"url": "https://x.com/jack/status/20"}), "",
        ),
        (
            {"attachment_type": "UnifiedCard", "url": "https://example.com"},
            Line("attachment", {"kind": "link", "url": "https://example.com"}), "",
        ),
        (
            {"attachment_type": "Money", "fallback_text": "Ana sent you $5"},
            Line("unsupported", {"platform": "X"}), "Ana sent you $5",
        ),
        ({"attachment_type": "Hologram"}, Line("unknown", {"kind": "Hologram"}), ""),
        ({}, Line("unknown", {"kind": "attachment"}), ""),
    ],
)  # fmt: skip
def test_what_is_attached_is_told(attachment: dict[str, Any], line: Line, text: str) -> None:
    (said,) = opened(message(attachment))
    assert isinstance(said, CustomerMessage)
    assert (said.lines, said.text) == ((line,), text)
    words, beside = opened(message(attachment, text="look"))
    assert (words.text, beside.lines) == ("look", (line,))


def test_an_attachment_that_the_library_leaves_out_is_told_to_have_been_there() -> None:
    (said,) = opened(message())
    assert said.lines == (Line("unknown", {"kind": "attachment"}),)
    (said,) = opened(message(attachments=None))
    assert said.lines == (Line("unsupported", {"platform": "X"}),)


def test_a_content_that_is_new_is_shown_as_such() -> None:
    (said,) = opened({"type": "Message", "id": "m-1", "content": {"content_type": "Unknown", "type_id": None}})
    assert said.lines == (Line("unknown", {"kind": "Unknown"}),)


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        ("GroupChange", "x_group_change"),
        ("MarkedUnread", "x_marked_unread"),
        ("ConversationDeleted", "x_conversation_deleted"),
        ("Unknown", "event_chat_unknown"),
        ("Hologram", "event_chat_hologram"),
        ("", "event_unknown"),
    ],
)
def test_an_event_that_says_nothing_is_counted_by_its_name(kind: str, reason: str) -> None:
    assert opened({"type": kind}) == [Ignored(reason)]
    assert opened({"type": kind}, own=True) == [Ignored(reason)]


def test_reads_inside_a_message_are_reads() -> None:
    (note,) = opened({"type": "Message", "content": {"content_type": "MarkRead"}})
    assert isinstance(note, Note)
    assert note.kind == "read"
    assert opened({"type": "Message", "content": {"content_type": "MarkRead"}}, own=True) == [Ignored("x_own")]
    assert opened({"type": "Message", "content": {"content_type": "MarkUnread"}}) == [Ignored("x_marked_unread")]


scalars = st.none() | st.booleans() | st.integers() | st.text(max_size=8)
names = st.sampled_from([
    "type", "content", "content_type", "text", "attachments", "attachment_type", "media_hash_key", "media_type",
    "message_ids", "delete_for_all", "quick_reply", "response", "options", "metadata", "replying_to_preview", "emoji",
    "target_message_id", "new_text", "id", "sequence_id", "key_version",
])  # fmt: skip
kinds = st.sampled_from(["Message", "MessageDeleted", "Text", "Edit", "Reaction", "Media", "Url", "Post", "Typing"])
values = st.recursive(
    scalars | kinds, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=6)
)


@given(st.dictionaries(names, values, max_size=8), kinds, st.booleans())
def test_whatever_the_library_tells_ends_as_something(event: dict[str, Any], kind: str, own: bool) -> None:
    said = Said(id="m-0", sender="2", words="words")
    for told in (event, event | {"type": "Message"}, event | {"type": kind}):
        found = opened(told, own=own, said=said)
        assert found
        ids = [one.id for one in found if not isinstance(one, Ignored)]
        assert len(ids) == len(set(ids))


@given(st.text(max_size=300))
def test_how_a_message_begins_is_one_short_line_of_it(words: str) -> None:
    begun = begins_of(words)
    assert len(begun) <= LONGEST_WORDS + 1
    assert "\n" not in begun
    assert " ".join(words.split()).startswith(begun.removesuffix("…"))


def test_no_emoji_is_cut() -> None:
    family = "👩‍👩‍👧‍👦"
    assert begins_of(family * 40).removesuffix("…") == family * (LONGEST_WORDS // len(family))


@given(st.lists(st.integers(0, 10**19), min_size=1))
def test_versions_are_compared_as_numbers(numbers: list[int]) -> None:
    assert sorted((str(one) for one in numbers), key=numeric) == [str(one) for one in sorted(numbers)]
