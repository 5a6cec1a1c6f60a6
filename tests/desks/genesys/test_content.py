"""What agents and bots say, from Genesys' webhook to the bridge's words."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.desks.genesys.content import joined, moment
from chalicelib.desks.genesys.translate import TRANSLATOR
from chalicelib.desks.genesys.webhook import WEBHOOK
from chalicelib.errors import Malformed
from chalicelib.messages import Event, Ignored, Kind
from chalicelib.replies import AgentMessage, AgentTyping, Card, Choice, DeskEvent, File
from tests.oracle import unknown_content

FIXTURES = Path(__file__).parents[2] / "fixtures" / "genesys"
DOWNLOADS = "https://api-downloads.example.pure.cloud/api/v2/downloads"
SHOP = "https://tea.example"


def happened(name: str) -> DeskEvent:
    """What a fixture becomes, through the edge's cut."""
    body = json.dumps(json.loads((FIXTURES / f"{name}.json").read_text()), separators=(",", ":")).encode()
    return TRANSLATOR.parse(WEBHOOK.cut(body, received_ms=0))


def said(name: str) -> AgentMessage:
    found = happened(name)
    assert isinstance(found, AgentMessage)
    return found


def parsed(body: Any) -> DeskEvent:
    raw = msgspec.Raw(msgspec.json.encode(body))
    return TRANSLATOR.parse(Event(source="genesys", account="i", party="p", id="1", received_ms=0, raw=raw))


def message(**more: Any) -> AgentMessage:
    """A message with the least that it needs, and `more`."""
    found = parsed({"type": "Text", "id": "gen-1", "channel": {"id": "int", "to": {"id": "customer"}}} | more)
    assert isinstance(found, AgentMessage)
    return found


# Texts


def test_an_agents_text_is_taken_as_it_is() -> None:
    assert said("text__human") == AgentMessage(
        id="000000000000000000000000abcdef01",
        integration="int-ig",
        customer="5550000000000001",
        desk_conversation="d06cb41e-0000-4000-8000-000000000001",
        text="It is, since Monday. 🍵",
        author="human",
    )


@pytest.mark.parametrize(
    ("name", "author"), [("text__human", "human"), ("text__bot", "bot"), ("text__no_author", "bot")]
)
def test_only_who_is_said_to_be_human_is(name: str, author: str) -> None:
    assert said(name).author == author


def test_a_text_of_another_type_is_named_and_the_message_is_not_lost() -> None:
    assert (said("text__mistyped").text, said("text__mistyped").unsupported) == ("", "text")


def test_a_message_may_name_no_conversation() -> None:
    assert said("text__no_conversation").desk_conversation == ""


# Files


@pytest.mark.parametrize(
    ("name", "link", "kind", "mime", "called", "size"),
    [
        ("attachment__image", "made-up", "image", "image/jpeg", "cup.jpg", 1024),
        ("attachment__video", "made-up", "video", "video/mp4", "pour.mp4", 1024),
        ("attachment__audio", "hello.mp3", "audio", "audio/mpeg", "hello.mp3", 2048),
        ("attachment__file", "menu.pdf", "file", "application/pdf", "menu.pdf", 2048),
        ("attachment__bare", "bare", "image", "image/png", "", 0),
    ],
)
def test_a_file(name: str, link: str, kind: Kind, mime: str, called: str, size: int) -> None:
    found = said(name)
    assert found.files == (File(url=f"{DOWNLOADS}/{link}", kind=kind, mime=mime, name=called, size=size),)
    assert (found.text, found.unsupported) == ("", "")


def test_several_files_keep_their_order_and_their_captions() -> None:
    found = said("attachment__several")
    assert [file.name for file in found.files] == ["front.jpg", "back.jpg"]
    assert found.text == "Both sides\nThe back"


def test_a_caption_stands_with_the_text_unless_it_is_the_files_name() -> None:
    file = {"url": "https://x/a", "filename": "a.png"}
    captions = [{"attachment": file | {"text": "a.png"}}, {"attachment": file | {"text": "The back"}}]
    assert message(text="Look", content=captions).text == "Look\nThe back"


def test_a_link_is_words() -> None:
    assert said("attachment__link").text == f"Our oolong\n{SHOP}/oolong"
    assert said("attachment__link").files == ()


def test_a_file_without_an_address_is_named() -> None:
    assert (said("attachment__without_url").files, said("attachment__without_url").unsupported) == ((), "Attachment")


@pytest.mark.parametrize("size", [0, -1, "1024", 1.5, None, [1024]])
def test_a_size_that_is_none_is_unknown(size: Any) -> None:
    item = {"contentType": "Attachment", "attachment": {"url": "https://x/a", "contentSizeBytes": size}}
    assert message(content=[item]).files == (File(url="https://x/a", kind="file"),)


# Things to tap


def test_quick_replies() -> None:
    found = said("structured__quick_replies")
    assert found.text == "Shall we send it?"
    assert found.choices == (Choice(text="Yes", payload="Yes"), Choice(text="No", payload="No"))


def test_quick_replies_of_the_second_version_bring_their_own_words() -> None:
    found = said("structured__quick_replies_v2")
    assert found.text == "Shall we send it?"
    assert found.choices == (Choice(text="Yes", payload="SEND"), Choice(text="No", payload="No"))


def test_a_title_that_is_the_text_is_said_once() -> None:
    item = {"contentType": "QuickReplyV2", "quickReplyV2": {"title": "Go on?", "actions": [{"text": "Yes"}]}}
    assert message(type="Structured", text="Go on?", content=[item]).text == "Go on?"


def test_dates_are_told_with_their_offset_and_come_back_as_they_were() -> None:
    found = said("structured__date_picker_offsets")
    assert found.text == "When?\nWe are open all week"
    assert found.choices == (
        Choice(text="Sat 30 Jan 2027, 12:00 UTC+01:00", payload="2027-01-30T12:00:00.000+01:00", type="DatePicker"),
        Choice(text="Sun 31 Jan 2027, 09:30", payload="2027-01-31T09:30:00", type="DatePicker"),
        Choice(text="on Monday", payload="on Monday", type="DatePicker"),
    )


@pytest.mark.parametrize(
    ("stamp", "told"),
    [
        ("2026-11-24T10:00:00.000Z", "Tue 24 Nov 2026, 10:00 UTC"),
        ("2026-11-04T09:05:00+0000", "Wed 4 Nov 2026, 09:05 UTC"),
        ("2026-11-24T10:00:00-03:30", "Tue 24 Nov 2026, 10:00 UTC-03:30"),
        ("2026-02-30T10:00:00Z", "2026-02-30T10:00:00Z"),
    ],
)
def test_a_moment(stamp: str, told: str) -> None:
    assert moment(stamp) == told


def test_a_list_picker_is_its_items() -> None:
    found = said("structured__list_picker")
    assert found.text == "Which tea?\nAll are in stock\nGreen\nBlack"
    assert found.choices == (
        Choice(text="Sencha – Japan", payload="SENCHA"),
        Choice(text="Assam", payload="ASSAM"),
        Choice(text="Ceylon", payload="Ceylon"),
    )


# Cards


def test_a_card() -> None:
    found = said("structured__card")
    assert found.text == "This one?"
    [card] = found.cards
    assert card == Card(
        title="Oolong",
        description=f"Half fermented\n{SHOP}/oolong.mp4",
        image=f"{SHOP}/oolong.png",
        url=f"{SHOP}/oolong",
        choices=(
            Choice(text="Buy", payload="BUY", type="Button"),
            Choice(text="Read", url=f"{SHOP}/read", type="Button"),
        ),
    )


def test_a_card_without_a_title_has_its_description_for_one() -> None:
    [card] = said("structured__card_without_title").cards
    assert (card.title, card.description, card.url) == ("A description alone", "", "")
    assert card.choices == (
        Choice(text="Open", url=SHOP, type="Button"),
        Choice(text="More", payload="MORE", type="Button"),
    )


def test_a_carousel_is_its_cards() -> None:
    [card] = said("structured__carousel").cards
    assert card == Card(title="Oolong", choices=(Choice(text="Buy", payload="BUY", type="Button"),))


# Templates


def test_a_canned_response_is_said_once() -> None:
    assert said("structured__notification").text == "Your order left"


def test_a_canned_response_has_header_footer_file_and_buttons() -> None:
    found = said("structured__template")
    assert found.text == "Hello Ana\nHi Ana, how can we help?\n{{nobody}} says goodbye\nRing: +34600000000"
    assert found.files == (File(url=f"{DOWNLOADS}/header", kind="image", mime="image/png"),)
    assert found.choices == (Choice(text="Call me", payload="CALL"), Choice(text="Shop", url=SHOP))


def test_a_parameter_is_filled_in_once() -> None:
    body = {"text": "{{a}} and {{b}}", "parameters": [{"name": "a", "text": "{{b}}"}, {"name": "b", "text": "tea"}]}
    item = {"contentType": "Notification", "template": {"body": body}}
    assert message(type="Structured", content=[item]).text == "{{b}} and tea"


# Mixed, odd and unknown content


def test_contents_of_several_kinds_stand_side_by_side() -> None:
    found = said("structured__mixed")
    assert found.text == "Look\nand choose"
    assert [file.name for file in found.files] == ["a.png"]
    assert [card.title for card in found.cards] == ["One", "Two"]
    assert found.choices == (Choice(text="Both", payload="Both"),)
    assert found.unsupported == ""


def test_content_that_no_channel_carries_is_named() -> None:
    found = said("structured__form")
    assert (found.text, found.unsupported) == ("Fill in, please", "Form, PaymentRequest")


def test_odd_content_is_named_and_what_can_be_read_is_kept() -> None:
    found = said("structured__odd")
    assert found.cards == (Card(title="Readable"),)
    assert found.unsupported == "Card, QuickReply, content, text"


@pytest.mark.parametrize("kind", ["customers words", "", "x" * 41, 7, None, "a\nb"])
def test_an_unknown_kind_is_named_only_by_a_word(kind: Any) -> None:
    assert message(content=[{"contentType": kind}]).unsupported == "content"


@pytest.mark.parametrize("content", ["none", {"contentType": "Text"}, 5, True, [3]])
def test_content_that_is_no_list_of_objects_is_named(content: Any) -> None:
    assert message(text="Hi", content=content).unsupported == "content"
    assert message(text="Hi", content=content).text == "Hi"


@pytest.mark.parametrize("empty", [[], None])
def test_no_content_is_none(empty: Any) -> None:
    assert message(text="Hi", content=empty).unsupported == ""


def test_a_message_that_says_nothing_is_empty() -> None:
    found = said("text__empty")
    assert (found.text, found.files, found.choices, found.cards, found.unsupported) == ("", (), (), (), "")


@given(text=st.text(), lines=st.lists(st.text(min_size=1)).map(tuple))
def test_no_word_is_lost_in_joining(text: str, lines: tuple[str, ...]) -> None:
    whole = joined(text, lines)
    assert all(part in whole for part in (text, *lines))


@given(st.text(min_size=1))
def test_a_text_alone_is_untouched(text: str) -> None:
    assert message(text=text).text == text


# Events, receipts, and what is none of ours


def test_typing() -> None:
    assert happened("event__typing") == AgentTyping(integration="int-ig", customer="5550000000000001")


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("event__typing_off", "genesys_typing_off"),
        ("event__presence", "genesys_event"),
        ("receipt__published", "genesys_receipt"),
        ("receipt__failed", "genesys_receipt"),
        ("text__inbound", "genesys_inbound"),
        ("unknown__type", "genesys_unknown"),
        ("unknown__untyped", "genesys_untyped"),
    ],
)
def test_what_is_ignored_has_a_reason(name: str, reason: str) -> None:
    assert happened(name) == Ignored(reason)


@pytest.mark.parametrize("body", [{}, {"channel": {"id": "int"}}, {"channel": {"to": {"id": "customer"}}}])
def test_typing_to_nobody_is_ignored(body: Any) -> None:
    assert parsed({"type": "Event", "events": [{"eventType": "Typing"}]} | body) == Ignored("genesys_event")


@given(st.text())
def test_no_type_makes_a_reason_of_its_own(kind: str) -> None:
    known = {"genesys_receipt", "genesys_untyped", "genesys_unknown", "genesys_event"}
    try:
        found = parsed({"type": kind})
    except Malformed:
        assert kind in {"Text", "Structured"}
    else:
        assert isinstance(found, Ignored)
        assert found.reason in known


# The fixtures themselves


ODD = {"structured__odd", "structured__date_picker_offsets", "structured__form"}
WELL_FORMED = sorted(
    path.stem
    for path in FIXTURES.glob("*__*.json")
    if path.stem.partition("__")[0] in {"attachment", "structured"} and path.stem not in ODD
)


@pytest.mark.parametrize("name", WELL_FORMED)
def test_a_fixtures_content_is_content_to_genesys_own_sdk(name: str) -> None:
    held = json.loads((FIXTURES / f"{name}.json").read_text())["content"]
    assert [problem for item in held for problem in unknown_content(item)] == []


def test_an_odd_item_is_not() -> None:
    assert unknown_content({"contentType": "Card", "card": {"titel": "x"}}) == [
        ".card.titel is unknown to ConversationContentCard"
    ]


# Malformed and hostile bodies


@pytest.mark.parametrize("name", ["text__no_id", "text__no_recipient"])
def test_a_message_from_or_to_nobody_is_malformed(name: str) -> None:
    with pytest.raises(Malformed, match="without id, integration or recipient"):
        happened(name)


@pytest.mark.parametrize("raw", [b"", b"{", b"[]", b'"x"', b"5", b"null", b"\xff", b'{"type":"\xff"}', b"[" * 9999])
def test_what_is_no_json_object_is_malformed(raw: bytes) -> None:
    event = Event(source="genesys", account="i", party="p", id="1", received_ms=0, raw=msgspec.Raw(raw))
    with pytest.raises(Malformed):
        TRANSLATOR.parse(event)


# fmt: off
NAMES = [
    "text", "url", "title", "actions", "cards", "type", "payload", "dateTime", "availableTimes", "sections", "items",
    "template", "header", "body", "parameters", "name", "buttons", "defaultAction", "mime", "contentSizeBytes",
    "attachment", "quickReply", "quickReplyV2", "card", "carousel", "datePicker", "listPicker",
]
KINDS = [
    "Attachment", "QuickReply", "QuickReplyV2", "Card", "Carousel", "DatePicker", "ListPicker", "Notification", "Text",
]
# fmt: on
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.sampled_from(KINDS),
    lambda inside: st.lists(inside, max_size=3) | st.dictionaries(st.sampled_from(NAMES), inside, max_size=4),
    max_leaves=12,
)
item = st.fixed_dictionaries({"contentType": st.sampled_from(KINDS)}, optional=dict.fromkeys(NAMES, values))


@given(content=st.lists(item | values, max_size=3), text=values, kind=st.sampled_from(["Text", "Structured"]))
def test_no_content_loses_a_message(content: Any, text: Any, kind: str) -> None:
    found = message(type=kind, content=content, text=text)
    assert found.unsupported or found.text or found.files or found.choices or found.cards or not (content or text)
    assert all(choice.text for choice in found.choices)
    assert all(file.url for file in found.files)


@given(st.binary(max_size=200) | values.map(msgspec.json.encode))
def test_nothing_that_is_read_raises_anything_but_malformed(raw: bytes) -> None:
    event = Event(source="genesys", account="i", party="p", id="1", received_ms=0, raw=msgspec.Raw(raw))
    try:
        TRANSLATOR.parse(event)
    except Malformed:
        return
