"""What agents and bots say, from Genesys' webhook to the bridge's words."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.desks.genesys.content import joined
from chalicelib.desks.genesys.translate import REASONS, TRANSLATOR
from chalicelib.desks.genesys.webhook import WEBHOOK
from chalicelib.edge.storing import events_of
from chalicelib.errors import Malformed
from chalicelib.rules.planning import worded
from chalicelib.vocabulary.messages import Ignored, Kind
from chalicelib.vocabulary.records import Event
from chalicelib.vocabulary.replies import AgentMessage, AgentTyping, Card, Choice, DeskEvent, DeskReceipt, File
from tests.oracle import known_reason, unknown_content

pytestmark = pytest.mark.xdist_group("sdk")  # its import takes a process three seconds

FIXTURES = Path(__file__).parents[2] / "fixtures" / "genesys"
DOWNLOADS = "https://api-downloads.example.pure.cloud/api/v2/downloads"
SHOP = "https://tea.example"


def happened(name: str) -> DeskEvent:
    """What a fixture becomes, through the edge's cut."""
    body = json.dumps(json.loads((FIXTURES / f"{name}.json").read_text()), separators=(",", ":")).encode()
    [event] = events_of(WEBHOOK, body, 0.0)
    return TRANSLATOR.parse(event)


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
    found = worded(said("structured__date_picker_offsets"), "en")
    assert found.text == "When?\nWe are open all week"
    assert found.choices == (
        Choice(text="Sat 30 Jan 2027, 12:00 UTC+01:00", payload="2027-01-30T12:00:00.000+01:00", type="DatePicker"),
        Choice(text="Sun 31 Jan 2027, 09:30", payload="2027-01-31T09:30:00", type="DatePicker"),
        Choice(text="on Monday", payload="on Monday", type="DatePicker"),
    )


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
    assert found.cards == (
        Card(title="", choices=(Choice(text="x", payload="x", type="Button"),)),
        Card(title="Readable"),
    )
    assert found.unsupported == "QuickReply, text"


@pytest.mark.parametrize("kind", ["customers words", "x" * 41, "a\nb", "<b>"])
def test_an_unknown_kind_is_named_only_by_a_word(kind: Any) -> None:
    assert message(content=[{"contentType": kind}]).unsupported == "content"


@pytest.mark.parametrize(
    "nothing",
    [
        None, {}, {"contentType": "Text"}, {"contentType": "Text", "text": {"body": "", "type": "Text"}},
        {"contentType": "Text", "text": None}, {"contentType": None}, {"contentType": ""}, {"text": " \n"}, "", [],
    ],
)  # fmt: skip
def test_what_holds_nothing_is_not_named(nothing: Any) -> None:
    found = message(text="Hi", content=[nothing, nothing])
    assert (found.text, found.unsupported) == ("Hi", "")


@pytest.mark.parametrize("kind", ["Form", "Push", "Attachment", "Reactions", "Story"])
def test_what_somebody_sent_is_named_even_where_it_is_empty(kind: str) -> None:
    assert message(text="Hi", content=[{"contentType": kind, kind.lower(): {}}]).unsupported == kind


@pytest.mark.parametrize("content", ["none", 5, True, [3], ["x"], [None, [1]]])
def test_content_that_is_no_list_of_objects_is_named(content: Any) -> None:
    assert message(text="Hi", content=content).unsupported == "content"
    assert message(text="Hi", content=content).text == "Hi"


# Other spellings of Genesys' fields


FILE = File(url="https://x/menu.pdf", kind="file", mime="application/pdf", name="menu.pdf", size=12)


@pytest.mark.parametrize(
    "item",
    [
        {"contentType": "Attachment", "attachment": {"url": FILE.url, "mediaType": "File", "mime": FILE.mime,
                                                     "filename": FILE.name, "contentSizeBytes": 12}},
        {"contentType": "Attachment", "attachment": {"url": FILE.url, "mediaType": "FILE", "mimeType": FILE.mime,
                                                     "fileName": FILE.name, "contentSizeBytes": 12}},
        {"content_type": "ATTACHMENT", "attachment": {"Url": FILE.url, "media_type": "file", "mime_type": FILE.mime,
                                                      "file_name": FILE.name, "content_size_bytes": 12}},
        {"contentType": "attachment", "url": FILE.url, "mime": FILE.mime, "fileName": FILE.name,
         "contentSizeBytes": 12},
        {"contentType": "Attachment", "attachment": {"mime": FILE.mime}, "url": FILE.url, "fileName": FILE.name,
         "contentSizeBytes": 12},
        {"attachment": {"url": FILE.url, "contentType": FILE.mime, "filename": FILE.name, "contentSizeBytes": 12}},
        {"contentType": FILE.mime, "url": FILE.url, "filename": FILE.name, "contentSizeBytes": 12},
        {"Attachment": {"URL": FILE.url, "MIME": FILE.mime, "FileName": FILE.name, "ContentSizeBytes": 12}},
    ],
)  # fmt: skip
def test_a_file_is_known_however_its_fields_are_written(item: dict[str, Any]) -> None:
    found = message(content=[item])
    assert (found.files, found.unsupported) == ((FILE,), "")


@pytest.mark.parametrize(
    ("item", "text"),
    [
        ({"contentType": "Text", "text": {"body": "Hi"}}, "Hi"),
        ({"contentType": "text", "Text": {"Body": "Hi"}}, "Hi"),
        ({"contentType": "Text", "body": "Hi"}, "Hi"),
        ({"contentType": "Text", "text": "Hi"}, "Hi"),
        ({"contentType": "Location", "location": {"address": "Calle 1", "latitude": 1.5, "longitude": 2}}, "Calle 1"),
        ({"contentType": "Location", "location": {"latitude": 1.5, "longitude": -2}}, "1.5, -2"),
        ({"contentType": "RichLink", "richLink": {"title": "Tea", "url": SHOP}}, f"Tea\n{SHOP}"),
        ({"contentType": "QuickReplyV2", "quick_reply_v2": {"title": "Hi"}}, "Hi"),
    ],
)
def test_words_are_known_however_their_fields_are_written(item: dict[str, Any], text: str) -> None:
    found = message(content=[item])
    assert (found.text, found.unsupported) == (text, "")


@pytest.mark.parametrize("place", [{"latitude": True, "longitude": 1}, {"latitude": "1"}, {"longitude": 1.0}])
def test_half_a_place_is_named(place: dict[str, Any]) -> None:
    assert message(content=[{"contentType": "Location", "location": place}]).unsupported == "Location"


@pytest.mark.parametrize(
    "content", [{"contentType": "Text", "text": {"body": "Yo"}}, [{"text": {"body": "Yo"}, "contentType": "Text"}]]
)
def test_one_item_alone_is_a_list_of_one(content: Any) -> None:
    assert message(text="Hi", content=content).text == "Hi\nYo"
    card = {
        "contentType": "Card",
        "card": {"title": "T", "actions": {"type": "Postback", "text": "Buy", "payload": "B"}},
    }
    assert [one.text for one in message(content=card).cards[0].choices] == ["Buy"]


def test_an_item_that_is_two_is_read_as_both() -> None:
    file = {"url": "https://x/a.png", "mime": "image/png"}
    found = message(content=[{"contentType": "Text", "text": {"body": "Look"}, "attachment": file, "card": None}])
    assert (found.text, [one.url for one in found.files], found.unsupported) == ("Look", ["https://x/a.png"], "")


def test_a_file_beside_a_kind_that_is_new_is_kept() -> None:
    file = {"contentType": "Hologram", "attachment": {"url": "https://x/a.png"}}
    assert [one.url for one in message(content=[file]).files] == ["https://x/a.png"]


def test_what_is_nested_without_end_is_named() -> None:
    deep: Any = []
    for _ in range(300):
        deep = [deep]
    assert message(text="Hi", content=[{"x": deep}]).unsupported == "content"
    assert message(text="Hi", content=deep).unsupported == "content"


@pytest.mark.parametrize("kind", ["text", "TEXT", "structured", "Structured"])
def test_a_type_is_known_however_it_is_written(kind: str) -> None:
    assert message(type=kind, text="Hi").text == "Hi"


# Markup: to the letter, but for what is HTML as a whole


@pytest.mark.parametrize(
    "text",
    [
        "<3", "a < b > c", "*stars*", "**bold**", "__init__", "[web](https://shop.example)", "&amp; &lt;3", "# one",
        "<i>\n</i>2 < 3", "Use <p>text</p>", "<p>", "<p>text</p> is a paragraph", "<b>bold</b>", "1. one\n2. two",
        "`code`", "> quote", "<!-- x -->", "<https://shop.example>", "<p", "</p>", "\\n", "  spaces  ",
        "<div><![odd[x]]></div>",
        "<p>" + "x" * 10_000 + "</p>",
    ],
)  # fmt: skip
def test_what_somebody_typed_goes_out_to_the_letter(text: str) -> None:
    assert message(text=text).text == text
    assert message(content=[{"contentType": "Text", "text": {"body": text}}]).text == text


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<p>Hello <b>Ana</b>,</p>\n<p>all&nbsp;is &lt;well&gt; &amp; good</p>", "Hello Ana,\n\nall is <well> & good"),
        ("<div>one<br>two<br/></div>", "one\ntwo"),
        ('<p>See <a href="https://shop.example/?a=1&amp;b=2">the shop</a>.</p>', "See the shop: https://shop.example/?a=1&b=2."),
        ('<p><a href="https://shop.example/">https://shop.example</a></p>', "https://shop.example"),
        ('<p>Write <a href="mailto:tea@shop.example">us</a>, ring <a href="tel:+341">us</a></p>',
         "Write us: tea@shop.example, ring us: +341"),
        ('<p><a href="javascript:go()">Go</a></p>', "Go"),
        ("<ul><li>green</li><li>black</li></ul>", "- green\n- black"),
        ('<p><img src="https://shop.example/cup.png" alt="A cup"></p>', "A cup https://shop.example/cup.png"),
        ("<html><head><title>x</title><style>p{}</style></head><body>Hi<script>x()</script></body></html>", "Hi"),
        ("<p>I <3 tea, a < b, and <foo>typed</foo></p>", "I <3 tea, a < b, and <foo>typed</foo>"),
        ('<P CLASS="x">Caps</P>', "Caps"),
        ("<p> </p>", ""),
    ],
)  # fmt: skip
def test_a_text_that_is_html_as_a_whole_is_read_as_a_person_would(html: str, text: str) -> None:
    assert message(text=html).text == text
    assert message(content=[{"contentType": "Text", "text": {"body": html}}]).text == text
    template = {"contentType": "Notification", "template": {"body": {"text": html}}}
    assert message(content=[template]).text == text


@given(st.text(st.characters(exclude_characters="<", exclude_categories=["Cs"])))
def test_a_text_without_a_tag_is_never_touched(text: str) -> None:
    assert message(text=text).text == text


TAGS = [
    "<p>",
    "</p>",
    "<br>",
    "<a href='x'>",
    "</a>",
    "<",
    ">",
    "&",
    "&amp;",
    "<!--",
    "-->",
    "<![CDATA[",
    "<script>",
    "x",
    " ",
]


@given(st.lists(st.sampled_from(TAGS) | st.text(max_size=5), max_size=20).map("".join))
def test_no_markup_raises_or_grows(text: str) -> None:
    assert len(message(text=f"<p>{text}</p>").text) <= len(text) + 20


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
        ("receipt__delivered_with_reasons", "genesys_receipt"),
        ("receipt__new_status_without_reasons", "genesys_receipt"),
        ("text__inbound", "genesys_inbound"),
        ("unknown__type", "genesys_unknown"),
        ("unknown__untyped", "genesys_untyped"),
    ],
)
def test_what_is_ignored_has_a_reason(name: str, reason: str) -> None:
    assert happened(name) == Ignored(reason)


OURS = "4f1d5a6b7c8d9e0f1a2b3c4d5e6f708192a3b4c5"


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("receipt__failed", ("000000000000000000000000abcdef12", "Failed", "GeneralError", "GeneralError")),
        ("receipt__failed_media", (OURS, "Failed", "MediaTypeNotAllowed", "MediaTypeNotAllowed")),
        ("receipt__failed_twice", (OURS, "Failed", "GeneralError", "GeneralError, RateLimited")),
        ("receipt__removed", (OURS, "Removed", "DataFiltered", "DataFiltered")),
        ("receipt__new_status", (OURS, "unknown", "unknown", "unknown")),
    ],
)
def test_a_receipt_that_tells_trouble_names_the_message_and_why(name: str, told: tuple[str, ...]) -> None:
    found = happened(name)
    assert isinstance(found, DeskReceipt)
    assert (found.message, found.status, found.reason, found.detail) == told
    assert (found.integration, found.customer) == ("int-ig", "5550000000000001")
    assert found.desk_conversation == "d06cb41e-0000-4000-8000-000000000001"


RECEIPT = {
    "type": "Receipt", "status": "Failed", "id": "gen-1",
    "reasons": [{"code": "ServerError", "message": "secret words"}],
    "channel": {"id": "int", "messageId": OURS, "to": {"id": "customer"}, "from": {"id": "int"}},
}  # fmt: skip


@pytest.mark.parametrize(
    "change",
    [
        {"channel": None}, {"channel": {}}, {"channel": {"id": None, "to": {"id": "customer"}}}, {"channel": "x"},
        {"channel": {"id": "int", "to": None, "from": None}}, {"channel": {"id": "int", "to": {"id": 5}}},
        {"channel": {"id": "int", "to": {"id": "int"}, "from": {"id": "int"}}},
        {"status": None}, {"status": "Read"}, {"status": "PUBLISHED"}, {"status": "Sent"},
        {"status": "Postponed", "reasons": None}, {"status": "", "reasons": [None, {}, {"code": None}, 5]},
        {"id": None, "channel": {"id": "int", "messageId": None, "to": {"id": "customer"}}},
    ],
)  # fmt: skip
def test_a_receipt_without_trouble_or_with_nobody_is_ignored_by_its_kind(change: dict[str, Any]) -> None:
    if "status" in change and change["status"] is None:
        change = change | {"reasons": None}
    assert parsed(RECEIPT | change) == Ignored("genesys_receipt")


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"reasons": None}, ("unknown", "")),
        ({"reasons": {"code": "ServerError"}}, ("ServerError", "ServerError")),
        ({"reasons": [{"code": "a customer's words"}]}, ("unknown", "unknown")),
        ({"status": "FAILED"}, ("ServerError", "ServerError")),
        ({"status": None}, ("ServerError", "ServerError")),
    ],
)
def test_why_is_one_of_genesys_own_codes(change: dict[str, Any], told: tuple[str, str]) -> None:
    found = parsed(RECEIPT | change)
    assert isinstance(found, DeskReceipt)
    assert (found.reason, found.detail) == told
    assert "secret" not in repr(found)


@pytest.mark.parametrize("code", sorted(REASONS))
def test_a_code_of_ours_is_one_of_genesys(code: str) -> None:
    assert known_reason(code)


@given(status=st.text(max_size=9), code=st.text(max_size=9))
def test_no_receipt_makes_a_reason_of_its_own(status: str, code: str) -> None:
    found = parsed(RECEIPT | {"status": status, "reasons": [{"code": code}]})
    if isinstance(found, DeskReceipt):
        assert {found.reason, found.detail} <= {*REASONS, "unknown", ""}
        assert found.status in {"Failed", "Removed", "unknown"}


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


ODD = {
    "structured__odd", "structured__date_picker_offsets", "structured__form", "structured__one_object",
    "structured__nothing_beside_text", "structured__unknown_beside_text", "attachment__beside",
    "attachment__other_spelling",
}  # fmt: skip
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


def nothing(value: Any) -> bool:
    """Whether nobody could miss it: no word and no number anywhere, beside the names of types."""
    if isinstance(value, dict):
        return all(nothing(one) for name, one in value.items() if name not in {"contentType", "type"})
    if isinstance(value, list):
        return all(nothing(one) for one in value)
    return value is None or (isinstance(value, str) and not value.strip())


@given(content=st.lists(item | values, max_size=3), text=values, kind=st.sampled_from(["Text", "Structured"]))
def test_no_content_loses_a_message(content: Any, text: Any, kind: str) -> None:
    found = message(type=kind, content=content, text=text)
    told = found.unsupported or found.text or found.files or found.choices or found.cards
    assert told or (nothing(content) and nothing(text))
    assert all(choice.text for choice in found.choices)
    assert all(file.url for file in found.files)


@given(st.binary(max_size=200) | values.map(msgspec.json.encode))
def test_nothing_that_is_read_raises_anything_but_malformed(raw: bytes) -> None:
    event = Event(source="genesys", account="i", party="p", id="1", received_ms=0, raw=msgspec.Raw(raw))
    try:
        TRANSLATOR.parse(event)
    except Malformed:
        return
