"""What Instagram sends, cut out of its deliveries and read: every kind, in the bridge's words."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.channels.instagram import attachments, renderings, schema
from chalicelib.channels.instagram.about import own
from chalicelib.channels.instagram.renderings import RENDERINGS
from chalicelib.channels.instagram.translate import TRANSLATOR
from chalicelib.channels.instagram.webhook import WEBHOOK
from chalicelib.edge.storing import events_of
from chalicelib.errors import Malformed
from chalicelib.protocols.channel import Rendering
from chalicelib.rules.catalogue import TEXTS
from chalicelib.rules.participant import NAMES as ATTRIBUTES
from chalicelib.vocabulary.messages import (
    Control,
    CustomerEvent,
    CustomerMessage,
    Echo,
    Ignored,
    Led,
    Line,
    Media,
    Mention,
    Note,
    Overheard,
    Unseen,
)
from chalicelib.vocabulary.records import Account, Conversation, Event

FIXTURES = Path(__file__).parents[2] / "fixtures" / "instagram"
NAMES = sorted(path.stem for path in FIXTURES.glob("*.json"))
BRAND = "17841400000000777"
PERSON = "5550000000000001"
COMMENTER = "5550000000000002"
RECEIVED_MS = 1_800_000_000_000
UNSUPPORTED = Line("unsupported", {"platform": "Instagram"})
ECHO_APP = Line("echo_app", {"platform": "Instagram"})
PRIVATELY, IN_APP = Line("answer_privately"), Line("answer_in_app")


def arrived(delivery: bytes) -> list[Event]:
    return events_of(WEBHOOK, delivery, RECEIVED_MS / 1000)


def body(name: str) -> bytes:
    return (FIXTURES / f"{name}.json").read_bytes()


def read(delivery: bytes) -> list[CustomerEvent]:
    return [one for event in arrived(delivery) for one in TRANSLATOR.parse(event)]


def happened(name: str) -> list[CustomerEvent]:
    return read(body(name))


def entry(**fields: Any) -> bytes:
    return json.dumps({"object": "instagram", "entry": [{"id": BRAND, "time": 1_799_999_990_000} | fields]}).encode()


def messaging(**fields: Any) -> bytes:
    parties = {"sender": {"id": PERSON}, "recipient": {"id": BRAND}, "timestamp": 1_799_999_990_000}
    return entry(messaging=[parties | fields])


def echoed(**fields: Any) -> bytes:
    parties = {"sender": {"id": BRAND}, "recipient": {"id": PERSON}}
    return messaging(**parties, message={"mid": "m1", "is_echo": True} | fields)


def message(**fields: Any) -> bytes:
    return messaging(message={"mid": "m1"} | fields)


def said(found: list[CustomerEvent]) -> list[CustomerMessage]:
    assert all(isinstance(one, CustomerMessage) for one in found)
    return [one for one in found if isinstance(one, CustomerMessage)]


def seen(found: list[CustomerEvent]) -> list[tuple[Any, ...]]:
    """What the agent sees of each message: lines, then text, then the file."""
    return [(*one.lines, *([one.text] if one.text else []), *([one.media] if one.media else [])) for one in said(found)]


def cdn(number: int) -> str:
    return f"https://lookaside.fbsbx.com/ig_messaging_cdn/?asset_id={number}&signature=made-up-{number}"


def card(*words: str) -> Line:
    return Line("card", {"words": " · ".join(words)})


def buttons(*choices: str) -> Line:
    return Line("buttons", {"choices": " · ".join(choices)})


def posted(number: int, title: str = "", key: str = "post_shared") -> Line:
    return Line(key, ({"title": title} if title else {}) | {"url": cdn(number)})


# Messages of the customer


MESSAGES: dict[str, list[tuple[Any, ...]]] = {
    "message__text": [("Is the oolong back in stock?",)],
    "message__text_null_fields": [("hi",)],
    "message__text_unknown_keys": [("hi",)],
    "message__text_id_number": [("ids as numbers",)],
    "message__text_mistyped": [("42",)],
    "message__text_empty": [(UNSUPPORTED,)],
    "message__text_without_mid": [("no id",)],
    "message__long_mid": [("a mid over 255 bytes",)],
    "message__quick_reply": [("Track my order",)],
    "message__image": [(Media(kind="image", url=cdn(9001)),)],
    "message__video": [(Media(kind="video", url=cdn(9002)),)],
    "message__audio": [(Media(kind="audio", url=cdn(9003)),)],
    "message__file": [(Media(kind="file", url=cdn(9004)),)],
    "message__sticker": [(Media(kind="image", url=cdn(9005)),)],
    "message__sticker_of_its_own": [(Line("sticker", {"url": cdn(9101)}),)],
    "message__like_heart": [(Line("sticker", {"url": "❤️"}),)],
    "message__image_gone": [(Line("media_gone", {"kind": "image"}),)],
    "message__several_attachments": [
        ("two cups",),
        (Media(kind="image", url=cdn(9012)),),
        (Media(kind="video", url=cdn(9013)),),
    ],
    "message__story_mention": [(Line("story_mention", {"url": cdn(9011)}),)],
    "message__story_mention_gone": [(Line("story_gone"),)],
    "message__ig_story": [(Line("story_shared", {"url": cdn(9010)}),)],
    "message__story": [(Line("story_shared", {"url": cdn(9102)}),)],
    "message__ig_post": [(posted(9006, "Spring harvest 🌱"),)],
    "message__share": [(posted(9009),)],
    "message__share_and_ig_post": [(posted(9104, "Autumn harvest"),)],
    "message__ig_reel": [(posted(9007, "How to pour\n\n#tea", "reel_shared"),)],
    "message__reel": [(posted(9008, key="reel_shared"),)],
    "message__media": [(Line("attachment", {"kind": "media", "url": cdn(9105)}),)],
    "message__post": [(posted(9205, "New cups"),)],
    "message__ig_post_said": [("New cups",), (posted(9206),)],
    "message__url_outside": [(posted(9209, "Pouring", "reel_shared"),)],
    "message__sticker_twice": [(Media(kind="image", url=cdn(9207)),)],
    "message__template": [(Line("comment_shared"),)],
    "message__template_with_elements": [(card("Tea box", "Six kinds"),)],
    "message__template_product": [("Is this one still there?",), (card("Blue enamel mug", "EUR 14.00"),)],
    "message__template_products": [(card("Blue enamel mug", "EUR 14.00"), card("Iron teapot", "EUR 14.00"))],
    "message__template_generic_object": [
        (card("Tea box", "Six kinds"), buttons("Buy https://tea.example/buy", "Ask us")),
    ],
    "message__template_elements": [
        (card("Tea box", "https://tea.example/box"), card("Cups", "Set of two"), buttons("Call +34600000000")),
    ],
    "message__template_button": [("Shall we open?",), (buttons("Ask us"),)],
    "message__template_button_named": [("Which colour?",), (buttons("Ask us", "Buy https://tea.example/buy"),)],
    "message__template_button_beside": [("Our opening hours",), (buttons("Buy https://tea.example/buy"),)],
    "message__template_media": [
        (card("video", "https://www.facebook.com/teashop/videos/1"), buttons("Buy https://tea.example/buy")),
    ],
    "message__template_receipt": [
        (
            card("Tea shop", "12345", "28.9 EUR", "https://tea.example/orders/12345"),
            card("Oolong", "100 g", "× 2", "12.5 EUR"),
        ),
    ],
    "message__template_coupon": [(card("10 % off", "TEA10", "https://tea.example/coupon"),)],
    "message__template_picture_only": [(card(cdn(9204)),)],
    "message__template_beside": [(card("Spring catalogue", "https://tea.example/spring"),)],
    "message__template_unread": [(UNSUPPORTED,)],
    "message__template_said": [("Tea box",)],
    "message__fallback": [
        ("https://tea.example/guide",),
        (Line("attachment", {"kind": "link", "title": "Brewing guide"}),),
    ],
    "message__fallback_outside": [
        (Line("attachment", {"kind": "link", "title": "A leaflet", "url": "https://tea.example/leaflet"}),),
    ],
    "message__fallback_nothing": [(UNSUPPORTED,)],
    "message__fallback_said": [("look https://tea.example/guide please",)],
    "message__location": [
        (
            Line(
                "location",
                {
                    "title": "Pinned location",
                    "place": "41.3850639, 2.1734035",
                    "url": "https://www.google.com/maps/search/?api=1&query=41.3850639,2.1734035",
                },
            ),
        ),
    ],
    "message__location_by_link": [
        (Line("location", {"title": "The old harbour", "url": "https://maps.example/harbour"}),),
    ],
    "message__unknown_field": [(Line("unknown", {"kind": "poll"}),)],
    "message__ephemeral": [(Line("ephemeral"),)],
    "message__unsupported": [(UNSUPPORTED,)],
    "message__unsupported_type": [(UNSUPPORTED,)],
    "message__attachment_of_no_type": [
        (Line("unknown", {"kind": "attachment"}), Line("attachment", {"kind": "attachment", "url": cdn(9014)})),
    ],
    "message__unknown_attachment": [
        (
            Line("unknown", {"kind": "hologram"}),
            Line("attachment", {"kind": "hologram", "title": "A teapot", "url": cdn(9108)}),
        ),
    ],
    "message__text_with_odd_attachments": [
        ("still here",),
        (Line("unknown", {"kind": "attachment"}),),
        (Line("unknown", {"kind": "attachment"}),),
    ],
    "message__reply_to_story": [(Line("story_reply", {"url": cdn(9015)}), "Lovely!")],
    "message__reply_to_message": [(Line("quotes"), "This one")],
    "message__reply_to_own_message": [(Line("quotes"), "I meant this")],
    "message__referral_ad": [(Line("from_ad", {"title": "Spring sale"}), "Hello")],
    "message__referral_product": [(Line("product", {"id": "6710000000000001"}), "Is it organic?")],
    "message__referral_link": [(Line("from_link", {"ref": "flyer"}), "Hi")],
    "message__referral_flow": [
        (Line("from_ad", {"title": "Welcome"}), Line("product", {"id": "6710000000000002"}), "Hola"),
    ],
    "postback__ice_breaker": [("Opening hours?",)],
    "postback__no_title": [(Line("unknown", {"kind": "postback"}),)],
    "postback__referral": [(Line("from_ad", {"title": "23840000000000002"}), "Get started")],
    "unknown__no_list": [("not in a list",)],
}


@pytest.mark.parametrize("name", MESSAGES)
def test_what_the_agent_sees_of_a_message(name: str) -> None:
    assert seen(happened(name)) == MESSAGES[name]


def test_text_survives_as_it_is() -> None:
    [one] = said(happened("message__text_scripts"))
    assert one.text == json.loads(body("message__text_scripts"))["entry"][0]["messaging"][0]["message"]["text"]
    assert "👩🏽‍🚀" in one.text


def test_a_message_has_the_events_id_and_metas() -> None:
    [piece] = arrived(body("message__text"))
    [one] = said(TRANSLATOR.parse(piece))
    assert (one.id, one.id, one.part) == (piece.id, f"message:{one.origin}", 0)
    assert (one.conversation, one.sent_ms) == (Conversation("instagram", BRAND, PERSON), 1_799_999_990_001)
    assert (one.starts_window, one.comment, one.tap, one.from_ad, one.attributes) == (True, "", "", False, {})


def test_parts_count_on_from_the_text() -> None:
    images = [{"type": "image", "payload": {"url": "https://x/1"}}] * 2
    parts = said(read(message(text="both", attachments=images)))
    assert [(one.id, one.part, one.origin) for one in parts] == [
        ("message:m1", 0, "m1"), ("message:m1#1", 1, "m1"), ("message:m1#2", 2, "m1"),
    ]  # fmt: skip


def test_without_a_text_the_first_attachment_is_the_first_part() -> None:
    images = [{"type": "image", "payload": {"url": "https://x/1"}}] * 2
    parts = said(read(message(attachments=images)))
    assert [(one.id, one.part) for one in parts] == [("message:m1", 0), ("message:m1#1", 1)]


def test_context_goes_with_the_first_part_only() -> None:
    image = {"type": "image", "payload": {"url": "https://x/1"}}
    referral = {"source": "ADS", "ad_id": "9", "ref": "r"}
    first, second = said(
        read(message(attachments=[image] * 2, reply_to={"mid": "m0"}, referral=referral, quick_reply={"payload": "P"}))
    )
    assert first.lines == (Line("from_ad", {"title": "9"}), Line("quotes"))
    attributes = {"adId": "9", "ref": "r", "refSource": "ADS"}
    assert (first.from_ad, first.attributes, first.tap, first.quotes) == (True, attributes, "P", "m0")
    assert (second.lines, second.from_ad, second.attributes, second.tap, second.quotes) == ((), False, {}, "", "")


def test_a_text_with_something_unsupported_tells_of_both() -> None:
    assert seen(read(message(text="look", is_unsupported=True))) == [("look",), (UNSUPPORTED,)]


def test_a_quick_reply_is_a_tap() -> None:
    [one] = said(happened("message__quick_reply"))
    assert (one.text, one.tap) == ("Track my order", "TRACK")


def test_a_postback_is_a_tap() -> None:
    [one] = said(happened("postback__ice_breaker"))
    assert (one.text, one.tap, one.id.partition(":")[0]) == ("Opening hours?", "HOURS", "postback")
    assert one.origin.startswith("aWdf")


ORIGINS: dict[str, tuple[bool, dict[str, str]]] = {
    "message__referral_ad": (
        True,
        {"adId": "23840000000000001", "adTitle": "Spring sale", "ref": "spring", "refSource": "ADS"},
    ),
    "message__referral_product": (False, {"productId": "6710000000000001"}),
    "message__referral_link": (False, {"ref": "flyer"}),
    "message__referral_flow": (
        True,
        {
            "adId": "23840000000000003",
            "adTitle": "Welcome",
            "flowId": "7700000000000001",
            "refSource": "ADS",
            "productId": "6710000000000002",
        },
    ),
    "postback__referral": (True, {"adId": "23840000000000002", "ref": "poster", "refSource": "ADS"}),
}


@pytest.mark.parametrize("name", ORIGINS)
def test_where_the_customer_comes_from_is_told_as_data_too(name: str) -> None:
    [one] = said(happened(name))
    from_ad, attributes = ORIGINS[name]
    assert one.from_ad is from_ad
    assert {fact: value for fact, value in one.attributes.items() if fact in ATTRIBUTES} == one.attributes
    assert {"refSource": "SHORTLINK"} | one.attributes == {"refSource": "SHORTLINK"} | attributes


@pytest.mark.parametrize(
    ("referral", "from_ad"),
    [
        ({"source": "ADS"}, True),
        ({"source": "ads", "ref": "r"}, True),
        ({"source": "POST", "ad_id": "9"}, True),
        ({"ads_context_data": {"ad_title": "Sale"}}, True),
        ({"source": "SHORTLINK", "ref": "ADS"}, False),
        ({"source": "CUSTOMER_CHAT_PLUGIN"}, False),
        ({"source": "DISCOVER_TAB"}, False),
        ({"product": {"id": "1"}}, False),
    ],
)
def test_only_an_advertisement_opens_its_window(referral: dict[str, Any], from_ad: bool) -> None:
    [first] = said(read(message(text="x", referral=referral)))
    [tapped] = said(read(messaging(postback={"mid": "m1", "title": "x", "referral": referral})))
    [led] = read(messaging(referral=referral))
    assert isinstance(led, Led)
    assert [first.from_ad, tapped.from_ad, led.from_ad] == [from_ad] * 3
    assert first.attributes == tapped.attributes == led.attributes


LED: dict[str, tuple[bool, dict[str, str]]] = {
    "referral__link": (False, {"ref": "newsletter", "refSource": "SHORTLINK"}),
    "referral__igme": (False, {"ref": "spring-leaflet", "refSource": "IGME-SOURCE-LINK"}),
    "referral__chat_plugin": (False, {"ref": "faq", "refSource": "CUSTOMER_CHAT_PLUGIN"}),
    "referral__product": (False, {"productId": "6710000000000003"}),
    "referral__ad": (
        True,
        {"adId": "23840000000000001", "adTitle": "Spring sale", "ref": "spring", "refSource": "ADS"},
    ),
}


@pytest.mark.parametrize("name", LED)
def test_what_leads_a_customer_here_is_remembered_and_opens_nothing(name: str) -> None:
    [piece] = arrived(body(name))
    from_ad, attributes = LED[name]
    assert TRANSLATOR.parse(piece) == [
        Led(
            id=piece.id,
            conversation=Conversation("instagram", BRAND, PERSON),
            sent_ms=piece_ms(name),
            attributes=attributes,
            from_ad=from_ad,
        )
    ]


def piece_ms(name: str) -> int:
    return int(json.loads(body(name))["entry"][0]["messaging"][0]["timestamp"])


def test_a_quote_names_what_it_quotes() -> None:
    [one] = said(happened("message__reply_to_message"))
    assert one.quotes.startswith("aWdf")
    assert one.quotes != one.origin


@pytest.mark.parametrize("reply", [{"story": {"id": "1"}, "mid": "m0"}, {"story": {}}, {"is_self_reply": True}, "m0"])
def test_a_reply_to_anything_else_quotes_no_message(reply: Any) -> None:
    [one] = said(read(message(text="x", reply_to=reply)))
    assert (one.quotes, "quotes" in [line.key for line in one.lines]) == ("", False)


def test_a_shared_post_is_named() -> None:
    [one] = said(happened("message__ig_post"))
    assert one.attributes == {"postId": "18130000000000001"}


@pytest.mark.parametrize(
    ("attachments", "titles"),
    [
        ([("ig_post", "1", "a"), ("share", "", "b")], ["a"]),
        ([("share", "1", "a"), ("ig_post", "1", "b")], ["b"]),
        ([("share", "2", "a"), ("ig_post", "1", "b")], ["a", "b"]),
        ([("share", "", "a"), ("share", "", "b")], ["a", "b"]),
        ([("ig_post", "1", "a"), ("ig_post", "1", "b"), ("ig_post", "2", "c")], ["a", "c"]),
    ],
)
def test_one_post_is_shown_once(attachments: list[tuple[str, str, str]], titles: list[str]) -> None:
    sent = [
        {"type": kind, "payload": {"ig_post_media_id": post, "title": title, "url": "https://x/1"}}
        for kind, post, title in attachments
    ]
    assert [one.lines[0].facts["title"] for one in said(read(message(attachments=sent)))] == titles


@pytest.mark.parametrize("kind", [kind for kind in schema.ATTACHMENTS if RENDERINGS[kind].shows == "message"])
def test_only_what_customers_upload_is_copied(kind: str) -> None:
    [one] = said(read(message(attachments=[{"type": kind, "payload": {"url": "https://x/1"}}])))
    assert one.media is None


@pytest.mark.parametrize("kind", [*schema.ATTACHMENTS, "hologram", ""])
@pytest.mark.parametrize("payload", [None, {}, {"url": None}, {"url": ["x"]}, "text", []])
def test_an_attachment_of_which_nothing_is_known_is_still_seen(kind: str, payload: Any) -> None:
    [one] = said(read(message(attachments=[{"type": kind, "payload": payload}])))
    assert one.lines
    assert one.media is None


@pytest.mark.parametrize("field", ["poll", "x" * 500, "Sticker Pack!", "привет"])
@pytest.mark.parametrize("empty", [{}, {"text": ""}, {"attachments": []}])
def test_a_new_kind_inside_a_message_stays_visible(field: str, empty: dict[str, Any]) -> None:
    [one] = said(read(message(**empty, **{field: {"id": "1"}})))
    assert one.lines == (Line("unknown", {"kind": field[:60]}),)


def test_a_new_field_beside_a_text_is_not_told_of() -> None:
    assert seen(read(message(text="hi", folder="inbox"))) == [("hi",)]


# Cards


CUPS = {"title": "Cups", "subtitle": "EUR 9"}


@pytest.mark.parametrize(
    "payload",
    [
        {"generic": [CUPS]},
        {"generic": CUPS},
        {"generic": {"elements": [CUPS]}},
        {"generic": {"elements": CUPS}},
        {"product": {"elements": [CUPS]}},
        {"product": [CUPS]},
        {"template_type": "generic", "elements": [CUPS]},
        {"template_type": "product", "elements": [CUPS]},
        {"elements": [CUPS], "generic": {"elements": [CUPS]}},
        {"carousel_of_next_year": {"elements": [CUPS]}},
        CUPS,
    ],
)
@pytest.mark.parametrize("beside", [{}, {"title": "Cups"}, {"title": "", "url": None}])
def test_a_card_is_read_wherever_it_stands(payload: dict[str, Any], beside: dict[str, Any]) -> None:
    sent = [{"type": "template", "payload": payload} | beside]
    assert seen(read(message(attachments=sent))) == [(card("Cups", "EUR 9"),)]
    [echo] = read(echoed(attachments=sent))
    assert isinstance(echo, Echo)
    assert (echo.text, echo.lines) == ("", (ECHO_APP, card("Cups", "EUR 9")))


@pytest.mark.parametrize(
    ("text", "beside", "payload"),
    [
        ("Well?", {}, {"template_type": "button", "text": "Well?"}),
        ("Well?", {"title": "Well?"}, {"template_type": "button"}),
        ("Well?", {"title": "Well?"}, {"template_type": "button", "text": "Well?"}),
        ("Well?", {}, {"button": {"text": "Well?"}}),
        ("", {}, {"template_type": "button", "text": "Well?"}),
        ("", {"title": "Well?"}, {"template_type": "button"}),
    ],
)
def test_the_text_over_buttons_is_said_once(text: str, beside: dict[str, Any], payload: dict[str, Any]) -> None:
    taps = [{"type": "postback", "title": "Yes", "payload": "Y"}, {"type": "web_url", "url": "https://x/1"}]
    held = payload | ({} if "button" in payload else {"buttons": taps})
    if "button" in payload:
        held = {"button": payload["button"] | {"buttons": taps}}
    sent = {"attachments": [{"type": "template", "payload": held} | beside]} | ({"text": text} if text else {})
    offered = buttons("Yes", "web_url https://x/1")
    assert seen(read(message(**sent))) == [("Well?",), (offered,)]
    [echo] = read(echoed(**sent))
    assert isinstance(echo, Echo)
    assert (echo.text, echo.lines) == ("Well?", (ECHO_APP, offered))


@pytest.mark.parametrize(
    ("payload", "line"),
    [
        ({"generic": []}, Line("comment_shared")),
        ({"generic": [{}]}, UNSUPPORTED),
        ({"generic": {}}, UNSUPPORTED),
        ({"generic": {"elements": []}}, UNSUPPORTED),
        ({"generic": [], "product": {"elements": [CUPS]}}, card("Cups", "EUR 9")),
        ({"template_type": "media", "elements": [{"attachment_id": 7}]}, UNSUPPORTED),
        ({}, UNSUPPORTED),
        (None, UNSUPPORTED),
        ("BLOB", UNSUPPORTED),
    ],
)
def test_only_an_empty_list_is_a_shared_comment(payload: Any, line: Line) -> None:
    assert seen(read(message(attachments=[{"type": "template", "payload": payload}]))) == [(line,)]


@pytest.mark.parametrize(
    ("fields", "amount"),
    [
        ({"price": 14}, "14"),
        ({"price": 14.5, "currency": "EUR"}, "14.5 EUR"),
        ({"price": "EUR 14.00"}, "EUR 14.00"),
        ({"summary": {"total_cost": 20.25}, "currency": "USD"}, "20.25 USD"),
        ({"quantity": 3}, "× 3"),
    ],
)
def test_what_a_card_costs_is_told(fields: dict[str, Any], amount: str) -> None:
    sent = [{"type": "template", "payload": {"elements": [{"title": "Cups"} | fields]}}]
    assert seen(read(message(attachments=sent))) == [(card("Cups", amount),)]


def test_a_great_many_cards_are_read_in_no_time() -> None:
    elements = [{"title": f"Cup {number}", "buttons": [{"title": "Buy"}]} for number in range(5_000)]
    [one] = said(read(message(attachments=[{"type": "template", "payload": {"elements": elements}}])))
    assert one.lines[-1] == card("Cup 4999")
    assert one.lines.count(buttons("Buy")) == 1


@pytest.mark.parametrize("kind", ["fallback", "ig_post", "post", "share", "reel", "media", "hologram"])
@pytest.mark.parametrize(
    ("payload", "beside"),
    [
        ({"title": "A leaflet", "url": "https://x/1"}, {}),
        ("BLOB", {"title": "A leaflet", "url": "https://x/1"}),
        (None, {"title": "A leaflet", "url": "https://x/1"}),
        ({"title": "A leaflet"}, {"title": "Another", "url": "https://x/1"}),
    ],
)
def test_a_title_and_a_link_are_read_in_and_beside_the_payload(kind: str, payload: Any, beside: dict[str, Any]) -> None:
    [one] = said(read(message(attachments=[{"type": kind, "payload": payload} | beside])))
    assert {"title": "A leaflet", "url": "https://x/1"}.items() <= one.lines[-1].facts.items()


@pytest.mark.parametrize(
    ("coordinates", "place"),
    [
        ({"lat": 41.3850639, "long": 2.1734035}, "41.3850639, 2.1734035"),
        ({"lat": -90, "long": 180}, "-90, 180"),
        ({"lat": "41.5", "long": "2"}, "41.5, 2"),
        ({"lat": 0, "long": 0.0}, "0, 0"),
    ],
)
def test_a_place_is_its_coordinates_and_a_map(coordinates: dict[str, Any], place: str) -> None:
    [one] = said(read(message(attachments=[{"type": "location", "payload": {"coordinates": coordinates}}])))
    url = f"https://www.google.com/maps/search/?api=1&query={place.replace(' ', '')}"
    assert one.lines == (Line("location", {"place": place, "url": url}),)


@pytest.mark.parametrize(
    "coordinates", [{}, None, "41,2", {"lat": 91, "long": 0}, {"lat": "x", "long": "y"}, {"lat": True, "long": 1e308}]
)
def test_a_place_that_is_nowhere_has_no_map(coordinates: Any) -> None:
    [one] = said(read(message(attachments=[{"type": "location", "payload": {"coordinates": coordinates}}])))
    assert one.lines == (Line("location"),)


@pytest.mark.parametrize(
    ("first", "second", "shown"),
    [
        (("image", {"sticker_id": 7, "url": "https://x/1"}), ("sticker", {"sticker_id": 7, "url": "https://x/2"}), 1),
        (("sticker", {"sticker_id": "7"}), ("image", {"sticker_id": 7, "url": "https://x/1"}), 1),
        (("image", {"url": "https://x/1"}), ("sticker", {"url": "https://x/1"}), 1),
        (("image", {"url": "https://x/1"}), ("sticker", {"url": "https://x/2"}), 2),
        (("image", {}), ("sticker", {}), 2),
    ],
)
def test_a_sticker_in_two_forms_is_shown_once(first: Any, second: Any, shown: int) -> None:
    sent = [{"type": kind, "payload": payload} for kind, payload in (first, second)]
    assert len(said(read(message(attachments=sent)))) == shown


def test_an_attachment_with_an_endless_name_is_cut() -> None:
    [one] = said(read(message(attachments=[{"type": "x" * 500}])))
    assert one.lines == (Line("unknown", {"kind": "x" * 60}),)


# Notes


NOTES: dict[str, tuple[str, Line, str]] = {
    "reaction__react": ("reaction", Line("reacted", {"emoji": "❤️"}), ""),
    "changes__message_reactions": ("reaction", Line("reacted", {"emoji": "🍵"}), ""),
    "reaction__unreact": ("reaction", Line("unreacted"), ""),
    "message_edit__text": ("edit", Line("edited"), "Is the *white* tea back?"),
    "message__deleted": ("unsend", Line("unsent"), ""),
    "read__seen": ("read", Line("read"), ""),
    "reaction__named": ("reaction", Line("reacted", {"emoji": "love"}), ""),
    "reaction__other": ("reaction", Line("reacted_somehow"), ""),
    "message_edit__again": ("edit", Line("edited"), "the second text"),
    "message_edit__uncounted": ("edit", Line("edited"), "a text"),
}


@pytest.mark.parametrize("name", NOTES)
def test_what_opens_no_conversation_is_a_note(name: str) -> None:
    [piece] = arrived(body(name))
    [note] = TRANSLATOR.parse(piece)
    kind, line, text = NOTES[name]
    assert isinstance(note, Note)
    assert (note.id, note.conversation) == (piece.id, Conversation("instagram", BRAND, PERSON))
    assert (note.kind, note.lines, note.text) == (kind, (line,), text)
    assert note.about.startswith("aWdf")


def test_an_unsent_message_is_named_so_that_its_files_go() -> None:
    [note] = read(messaging(message={"mid": "m9", "is_deleted": True}))
    assert isinstance(note, Note)
    assert note.removes == "m9"


def test_no_other_note_removes_anything() -> None:
    for name in set(NOTES) - {"message__deleted"}:
        [note] = happened(name)
        assert isinstance(note, Note)
        assert note.removes == ""


@pytest.mark.parametrize(
    ("given", "line"),
    [
        ({"reaction": "love"}, Line("reacted", {"emoji": "love"})),
        ({"reaction": "other", "emoji": "🦙"}, Line("reacted", {"emoji": "🦙"})),
        ({"reaction": "other"}, Line("reacted_somehow")),
        ({"emoji": ""}, Line("reacted_somehow")),
        ({"emoji": None, "reaction": None}, Line("reacted_somehow")),
        ({}, Line("reacted_somehow")),
    ],
)
def test_a_reaction_leaves_no_hole(given: dict[str, Any], line: Line) -> None:
    for action in ({"action": "react"}, {}):
        [note] = read(messaging(reaction={"mid": "m1"} | action | given))
        assert isinstance(note, Note)
        assert (note.lines, note.about) == ((line,), "m1")


@pytest.mark.parametrize(
    ("number", "edit"),
    [
        (1, 1), ("2", 2), (1_000_000, 1_000_000), (1_000_001, 1_799_999_990_000), (2**70, 1_799_999_990_000),
        (-1, 1_799_999_990_000), ("x", 1_799_999_990_000), ("９", 1_799_999_990_000), (None, 1_799_999_990_000),
    ],
)  # fmt: skip
def test_the_newer_of_two_edits_is_known(number: Any, edit: int) -> None:
    [note] = read(messaging(message_edit={"mid": "m1", "text": "new", "num_edit": number}))
    assert isinstance(note, Note)
    assert (note.edit, note.about, note.text) == (edit, "m1", "new")


def test_only_edits_are_counted() -> None:
    for name in NOTES:
        [note] = happened(name)
        assert isinstance(note, Note)
        assert (note.edit > 0) == (note.kind == "edit")


def test_a_read_is_one_event_however_often_it_is_told() -> None:
    first, again = (
        arrived(entry(messaging=[{"sender": {"id": PERSON}, "timestamp": time, "read": {"mid": "m1"}}]))
        for time in (1_799_999_990_000, 1_799_999_995_000)
    )
    assert [first[0].id, again[0].id] == ["read:m1", "read:m1"]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"reaction": {"mid": "m1", "action": "react"}}, {"reaction": {"mid": "m1", "action": "unreact"}}),
        ({"message_edit": {"mid": "m1", "num_edit": 1}}, {"message_edit": {"mid": "m1", "num_edit": 2}}),
        ({"reaction": {"mid": "m1"}, "timestamp": 1_799_999_990_001}, {"reaction": {"mid": "m1"}}),
        ({"postback": {"mid": "m1"}, "timestamp": 1_799_999_990_001}, {"postback": {"mid": "m1"}}),
        ({"message": {"mid": "m1"}}, {"message": {"mid": "m1", "is_deleted": True}}),
        ({"message": {"mid": "m1"}}, {"message": {"mid": "m1", "is_echo": True}}),
    ],
)
def test_events_of_one_message_are_told_apart(one: dict[str, Any], other: dict[str, Any]) -> None:
    [first], [second] = arrived(messaging(**one)), arrived(messaging(**other))
    assert first.id != second.id


# Messages that nobody was told of


@pytest.mark.parametrize(
    "name",
    [
        "message_edit__no_text", "message_edit__no_sender", "message_edit__text_without_sender",
        "message__text_without_sender", "changes__message_without_parties",
    ],
)  # fmt: skip
def test_what_lacks_its_words_or_its_sender_points_to_a_message(name: str) -> None:
    [missing] = happened(name)
    assert isinstance(missing, Unseen)
    assert missing.account == BRAND
    assert missing.told == (name not in {"message_edit__no_text", "message_edit__no_sender"})
    [message_itself] = arrived(message(mid=missing.origin))
    assert missing.id == message_itself.id


def test_a_tap_of_nobody_is_asked_for_under_its_own_id() -> None:
    [piece] = arrived(body("postback__nobody"))
    [missing] = TRANSLATOR.parse(piece)
    assert isinstance(missing, Unseen)
    assert (missing.id, missing.origin[:4]) == (piece.id, "aWdf")


def test_a_message_with_a_long_id_is_found_again() -> None:
    [missing] = read(messaging(message_edit={"mid": "m" * 400, "num_edit": 0}))
    [message_itself] = arrived(message(mid="m" * 400))
    assert isinstance(missing, Unseen)
    assert missing.id == message_itself.id


@pytest.mark.parametrize("edit", [{"num_edit": 0, "text": "new"}, {"num_edit": 3}, {"num_edit": 3, "text": None}])
def test_an_edit_is_shown_only_with_a_text_and_a_number(edit: dict[str, Any]) -> None:
    [missing] = read(messaging(message_edit={"mid": "m1"} | edit))
    assert isinstance(missing, Unseen)


# What the brand itself did


ECHOES: dict[str, tuple[str, tuple[Line, ...]]] = {
    "standby__echo": ("I am the other app", (ECHO_APP,)),
    "message_echo__text": ("It is, since Monday.", (ECHO_APP,)),
    "message_echo__reply_to_story": ("Thank you!", (ECHO_APP,)),
    "message_echo__image": ("", (ECHO_APP, Line("attachment", {"kind": "image", "url": cdn(9017)}))),
    "message_echo__share": ("Have a look", (ECHO_APP, posted(9117, "Teapots"))),
    "message_echo__nothing": ("", (ECHO_APP, UNSUPPORTED)),
    "message_echo__template_button": (
        "Where is your nearest shop?",
        (ECHO_APP, buttons("Show the map https://tea.example/map")),
    ),
    "message_echo__template_button_text": ("Which colour?", (ECHO_APP, buttons("Ask us"))),
    "message_echo__template_cards": (
        "",
        (ECHO_APP, card("Tea box", "Six kinds"), buttons("Buy https://tea.example/buy")),
    ),
    "message_echo__template_media": (
        "",
        (ECHO_APP, card("https://www.facebook.com/commerce/update/"), card("image")),
    ),
    "message_echo__template_comment": ("", (ECHO_APP, Line("comment_shared"))),
    "message_echo__fallback": (
        "https://tea.example/guide",
        (ECHO_APP, Line("attachment", {"kind": "link", "title": "Brewing guide"})),
    ),
    "message_echo__unsupported_type": ("", (ECHO_APP, UNSUPPORTED)),
    "message_echo__metadata": ("On its way", (ECHO_APP,)),
    "message_echo__location": (
        "",
        (
            ECHO_APP,
            Line(
                "location",
                {"place": "41.4, 2.2", "url": "https://www.google.com/maps/search/?api=1&query=41.4,2.2"},
            ),
        ),
    ),
}


@pytest.mark.parametrize("name", ECHOES)
def test_an_echo_has_the_bare_text_and_lines_for_those_who_did_not_send_it(name: str) -> None:
    [echo] = happened(name)
    assert isinstance(echo, Echo)
    assert (echo.text, echo.lines) == ECHOES[name]
    assert echo.id.startswith("aWdf")
    assert echo.conversation == Conversation("instagram", BRAND, PERSON)


@pytest.mark.parametrize(
    ("metadata", "mark"), [("dm.1", "dm.1"), (7, "7"), (None, ""), ({"a": 1}, ""), ("", ""), (True, "")]
)
def test_an_echo_bears_the_mark_of_its_send(metadata: Any, mark: str) -> None:
    [echo] = read(echoed(text="x", metadata=metadata))
    assert isinstance(echo, Echo)
    assert echo.mark == mark


def test_an_echo_without_an_id_has_the_events() -> None:
    parties = {"sender": {"id": BRAND}, "recipient": {"id": PERSON}}
    [piece] = arrived(messaging(message={"is_echo": True, "text": "x"}, **parties))
    [echo] = TRANSLATOR.parse(piece)
    assert isinstance(echo, Echo)
    assert (echo.id, echo.conversation.customer) == (piece.id, PERSON)


# Comments and mentions


@pytest.mark.parametrize(
    ("name", "key", "text", "comment", "attributes"),
    [
        ("changes__comments", "comment", "price?", "1789000000000001", {"postId": "1800000000000101"}),
        (
            "changes__comments_page", "comment", "and shipping?", "1789000000000002",
            {"postId": "1800000000000101", "adId": "2384", "adTitle": "Sale"},
        ),
        (
            "changes__comments_reply", "comment", "and cups?", "1789000000000022",
            {"postId": "1800000000000101", "adId": "2385", "adTitle": "Spring sale"},
        ),
        ("changes__live_comments", "live_comment", "hi", "1789000000000003", {"postId": "1800000000000102"}),
        ("flat__comments", "comment", "price?", "1789000000000005", {}),
    ],
)  # fmt: skip
def test_a_comment_is_answered_by_a_message(
    name: str, key: str, text: str, comment: str, attributes: dict[str, str]
) -> None:
    [one] = said(happened(name))
    assert one.lines == (Line(key, post=attributes.get("postId", "")), PRIVATELY)
    assert (one.id, one.comment, one.text, one.attributes) == (f"comment:{comment}", comment, text, attributes)
    assert one.conversation == Conversation("instagram", BRAND, COMMENTER)
    assert (one.username, one.profile_url) == ("leaf.fan", "https://www.instagram.com/leaf.fan/")
    assert not one.starts_window


def test_a_comments_time_is_its_entrys_in_seconds() -> None:
    [one] = said(happened("changes__comments"))
    assert one.sent_ms == 1_799_999_990_000


def test_several_changes_are_several_events_of_one_time() -> None:
    first, second = said(happened("changes__comments_twice"))
    assert [first.text, second.text] == ["one", ""]
    assert [first.comment, second.comment] == ["1789000000000012", "1789000000000013"]
    assert {first.sent_ms, second.sent_ms} == {1_799_999_990_500}


def test_a_comment_of_nobody_is_kept_with_itself() -> None:
    [one] = said(happened("changes__comments_without_person"))
    assert one.conversation.customer == "comment:1789000000000014"
    assert (one.comment, one.text, one.username, one.profile_url) == ("1789000000000014", "who?", "", "")


def test_a_comment_without_an_id_can_be_answered_in_the_app_only() -> None:
    [one] = said(happened("changes__comments_without_id"))
    assert (one.comment, one.lines) == ("", (Line("comment"), IN_APP))


@pytest.mark.parametrize(
    ("name", "post", "comment"),
    [
        ("changes__mentions", "1800000000000101", "1789000000000004"),
        ("flat__mentions", "1800000000000101", "1789000000000015"),
    ],
)
def test_a_mention_in_a_comment_is_a_conversation_of_its_own(name: str, post: str, comment: str) -> None:
    [one] = said(happened(name))
    assert (one.id, one.conversation.customer) == (f"mention:comment:{comment}", f"comment:{comment}")
    assert (one.comment, one.text, one.attributes) == (comment, "", {"postId": post})
    assert one.lines == (Line("mention_comment"), PRIVATELY)
    assert one.mention == Mention(post=post, comment=comment)
    assert not one.starts_window


def test_a_mention_in_a_post_cannot_be_answered() -> None:
    [one] = said(happened("changes__mentions_of_a_post"))
    post = "1800000000000103"
    assert (one.id, one.conversation.customer, one.comment) == (f"mention:media:{post}", f"media:{post}", "")
    assert one.lines == (Line("mention_post"), IN_APP)
    assert one.mention == Mention(post=post)
    assert not one.starts_window


@pytest.mark.parametrize("writer", [{"id": BRAND}, {"id": "9", "self_ig_scoped_id": "8"}])
def test_the_brands_own_comments_are_ignored(writer: dict[str, str]) -> None:
    value = {"from": writer, "id": "1", "text": "Thanks!"}
    assert read(entry(changes=[{"field": "comments", "value": value}])) == [Ignored("instagram_own")]


def test_a_comment_under_the_brands_own_name_is_told_apart_by_who_knows_the_name() -> None:
    [one] = said(happened("changes__comments_by_username"))
    account = Account(channel="instagram", id=BRAND, integration="i", secret="s", name="tea.shop")
    assert own(account, one.conversation.customer, one.username)
    [other] = said(happened("changes__comments"))
    assert not own(account, other.conversation.customer, other.username)


# What agents learn nothing of


IGNORED = {
    "message__self": "instagram_self",
    "message_echo__self": "instagram_self",
    "postback__self": "instagram_self",
    "message__own": "instagram_own",
    "reaction__own": "instagram_own",
    "changes__comments_own": "instagram_own",
    "message_echo__unsend": "instagram_own_unsend",
    "message__random_mid": "dashboard_test",
    "dashboard_test__changes": "dashboard_test",
    "dashboard_test__messaging": "dashboard_test",
    **dict.fromkeys(
        (f"standby__{what}" for what in ("read", "reaction", "edit", "nobody", "own")), "instagram_standby"
    ),
    "handover__app_roles_two": "instagram_handover",
    "handover__pass_nobody": "instagram_handover",
    "optin__messaging": "instagram_optin",
    "changes__messaging_optins": "instagram_optin",
    "policy_enforcement__messaging": "instagram_policy_enforcement",
    "changes__messaging_policy_enforcement": "instagram_policy_enforcement",
    "response_feedback__messaging": "instagram_response_feedback",
    "changes__response_feedback": "instagram_response_feedback",
    "changes__story_insights": "instagram_story_insights",
    "event__delivery": "event_delivery",
    "event__account_linking": "event_account_linking",
    "event__payment": "event_payment",
    "event__optout": "event_optout",
    "event__prior_message": "event_prior_message",
    "event__messaging_feedback": "event_messaging_feedback",
    "event__typing": "event_typing",
    "event__message_request": "event_message_request",
    "event__thread_owner": "event_thread_owner",
    "event__poll_vote": "event_poll_vote",
    "event__odd_name": "event_unknown",
    "changes__message_deliveries": "event_delivery",
    "changes__unknown_field": "event_unknown",
    "changes__odd_field": "event_unknown",
    "referral__nothing": "event_referral",
    "referral__nobody": "instagram_nobody",
    "reaction__nobody": "instagram_nobody",
    "read__nobody": "instagram_nobody",
    "message_echo__nobody": "instagram_nobody",
    "changed_fields__only": "instagram_changed_fields",
    "unknown__entry": "instagram_unknown_entry",
    "other_object__page": "instagram_other_object",
}


@pytest.mark.parametrize("name", IGNORED)
def test_what_is_ignored_is_counted_under_its_reason(name: str) -> None:
    assert happened(name) == [Ignored(IGNORED[name])]


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("delivery", "event_delivery"), ("a" * 40, f"event_{'a' * 40}"), ("a" * 41, "event_unknown"),
        ("Delivery", "event_unknown"), ("v2_thing", "event_unknown"), ("два", "event_unknown"),
        ("a\n", "event_unknown"), ("", "event_unknown"), ("{name}", "event_unknown"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("about", [{"id": "1"}, "on", 7, [], False, None])
def test_whatever_else_meta_tells_is_counted_by_its_name(name: str, reason: str, about: Any) -> None:
    parties = {"sender": {"id": PERSON}, "recipient": {"id": BRAND}, "timestamp": 1_799_999_990_000}
    for around in (parties, {"timestamp": 7}, {}):
        assert read(entry(messaging=[around | {name: about}])) == [Ignored(reason)]
        assert read(entry(changes=[{"field": name, "value": {"id": about}}])) == [Ignored(reason)]


def test_an_event_is_named_by_what_it_holds() -> None:
    assert read(messaging(app="x", delivery={"watermark": 1})) == [Ignored("event_delivery")]


@pytest.mark.parametrize("kind", ["delivery", "prior_message", "optin"])
def test_what_comes_beside_a_message_does_not_hide_it(kind: str) -> None:
    assert seen(read(messaging(**{kind: {"x": 1}}, message={"mid": "m1", "text": "hi"}))) == [("hi",)]


def test_the_dashboards_customer_is_nobody_under_any_account() -> None:
    assert read(messaging(sender={"id": "12334"}, message={"mid": "m1", "text": "x"})) == [Ignored("dashboard_test")]


OVERHEARD: dict[str, tuple[str, list[str], str]] = {
    "standby__message": ("Is a person there?", [], ""),
    "changes__standby": ("Is a person there?", [], ""),
    "standby__postback": ("Hours", [], ""),
    "standby__image": ("", [], "image"),
    "standby__several": ("These two", [], "image"),
    "standby__story_mention": ("", ["story_mention"], ""),
    "standby__unknown": ("", ["unknown"], ""),
}


@pytest.mark.parametrize("name", OVERHEARD)
def test_what_is_said_to_another_app_is_no_message(name: str) -> None:
    [one] = happened(name)
    assert isinstance(one, Overheard)
    text, lines, kind = OVERHEARD[name]
    assert (one.text, [line.key for line in one.lines if line.key in lines], one.kind) == (text, lines, kind)
    assert (one.conversation, one.gone, one.ignored) == (
        Conversation("instagram", BRAND, PERSON), False, "instagram_standby"
    )  # fmt: skip


def test_what_another_app_is_told_bears_the_name_that_it_would_have_for_us() -> None:
    message = {"mid": "m1", "text": "hi"}
    for said in ({"message": message}, {"postback": {"mid": "m2", "title": "Hours"}}):
        parties = {"sender": {"id": PERSON}, "recipient": {"id": BRAND}, "timestamp": 1_799_999_990_000}
        [ours] = arrived(entry(messaging=[parties | said]))
        [theirs] = read(entry(standby=[parties | said]))
        assert isinstance(theirs, Overheard)
        assert theirs.message == ours.id != theirs.id


def test_what_is_taken_back_from_another_app_is_told_so() -> None:
    [one] = happened("standby__deleted")
    assert isinstance(one, Overheard)
    assert one.gone
    assert one.message.startswith("message:")


CONTROLS = {
    "handover__pass_thread_control": ("passed", "222", "to a person"),
    "changes__messaging_handover": ("passed", "222", "x"),
    "handover__pass_from_idle": ("passed", "222", "x" * 256),
    "handover__take_thread_control": ("taken", "111", "bot again"),
    "handover__take_without_owner": ("taken", "", ""),
    "handover__request_thread_control": ("requested", "222", "please"),
    "handover__app_roles": ("default", "111", ""),
    "handover__app_roles_secondary": ("default", "222", ""),
}


@pytest.mark.parametrize("name", CONTROLS)
def test_who_has_the_conversation_is_told(name: str) -> None:
    [one] = happened(name)
    assert isinstance(one, Control)
    assert (one.did, one.app, one.words) == CONTROLS[name]
    assert one.conversation.customer == ("" if one.did == "default" else PERSON)


def test_roles_may_come_as_a_change_without_a_sender() -> None:
    value = {"recipient": {"id": BRAND}, "app_roles": {"1": ["primary_receiver"]}}
    [one] = read(entry(changes=[{"field": "something", "value": value}]))
    assert isinstance(one, Control)
    assert (one.did, one.app) == ("default", "1")


def test_a_delivery_that_names_no_object_is_instagrams() -> None:
    delivery = json.loads(body("message__text"))
    del delivery["object"]
    assert seen(read(json.dumps(delivery).encode())) == [("Is the oolong back in stock?",)]


@pytest.mark.parametrize("section", ["messaging", "standby", "changes"])
def test_the_dashboards_test_is_an_event_of_its_own_each_time(section: str) -> None:
    value = {"sender": {"id": "12334"}, "message": {"mid": "random_mid", "text": "random_text"}}
    item = {"field": "messages", "value": value} if section == "changes" else value
    [first], [again] = (arrived(entry(id="0", time=time, **{section: [item]})) for time in (1, 2))
    assert first.id != again.id
    assert TRANSLATOR.parse(first) == [Ignored("dashboard_test")]


@pytest.mark.parametrize("kind", [kind for kind in schema.SPOKEN if kind != "message"])
def test_what_the_brand_did_is_no_customers_event(kind: str) -> None:
    own = {"sender": {"id": BRAND}, "recipient": {"id": PERSON}, kind: {"mid": "m1", "text": "x", "title": "x"}}
    assert read(messaging(**own)) == [Ignored("instagram_own")]


# What cannot be read


@pytest.mark.parametrize("name", ["message__deleted_without_sender", "unknown__nothing", "unknown__no_object"])
def test_what_tells_nothing_is_malformed(name: str) -> None:
    for piece in arrived(body(name)):
        with pytest.raises(Malformed):
            TRANSLATOR.parse(piece)


@pytest.mark.parametrize(
    "item",
    [
        {"message": {"text": "x"}, "sender": None},
        {"message": {"mid": "m1", "is_deleted": True}, "sender": {"id": True}},
        {"postback": {"title": "x"}, "sender": "x"},
        {"message_edit": {"num_edit": 0}},
        {"message_edit": {"text": "x"}, "sender": None},
        {"message": None},
        {"postback": None, "message": None},
    ],
)
def test_what_a_customer_wrote_and_nobody_can_find_is_malformed(item: dict[str, Any]) -> None:
    [piece] = arrived(messaging(**item))
    with pytest.raises(Malformed):
        TRANSLATOR.parse(piece)


def test_a_comment_of_which_only_the_post_is_known_is_malformed() -> None:
    [piece] = arrived(entry(changes=[{"field": "comments", "value": {"text": "x", "media_id": "1"}}]))
    with pytest.raises(Malformed):
        TRANSLATOR.parse(piece)


def test_one_unreadable_event_leaves_its_neighbours_alone() -> None:
    odd = b'{"sender":{"id":"1"},"timestamp":1e999,"message":{"mid":"m1"}}'
    good = b'{"sender":{"id":"2"},"message":{"mid":"m2","text":"hi"}}'
    first, second = arrived(b'{"object":"instagram","entry":[{"id":"9","messaging":[%b,%b]}]}' % (odd, good))
    with pytest.raises(Malformed):
        TRANSLATOR.parse(first)
    assert seen(TRANSLATOR.parse(second)) == [("hi",)]


# Every kind has a row, and every row a fixture


class Recorded(dict[str, Rendering]):
    """Remembers which rows were looked up."""

    def __init__(self, rows: dict[str, Rendering]) -> None:
        super().__init__(rows)
        self.used: set[str] = set()

    def __getitem__(self, key: str) -> Rendering:
        self.used.add(key)
        return super().__getitem__(key)


def looked_up(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    rows = Recorded(RENDERINGS)
    for module in (renderings, attachments):
        monkeypatch.setattr(module, "RENDERINGS", rows)
    for name in NAMES:
        for piece in arrived(body(name)):
            try:
                found = TRANSLATOR.parse(piece)
            except Malformed:
                continue
            rows.used |= {"message_edit:no_text" for one in found if isinstance(one, Unseen)}
            rows.used |= {"referral" for one in found if isinstance(one, Led)}
    return rows.used


def test_every_row_is_reached_by_a_fixture(monkeypatch: pytest.MonkeyPatch) -> None:
    assert looked_up(monkeypatch) == set(RENDERINGS)


def test_every_attachment_of_the_schema_is_reached_by_a_fixture(monkeypatch: pytest.MonkeyPatch) -> None:
    assert [kind for kind in schema.ATTACHMENTS if kind not in looked_up(monkeypatch)] == []


@pytest.mark.parametrize("name", [*schema.KINDS, *schema.COMMENTS, schema.MENTIONS, "story_insights"])
def test_every_kind_of_the_schema_has_a_fixture(name: str) -> None:
    assert [fixture for fixture in NAMES if f'"{name}"' in body(fixture).decode()] != []


@pytest.mark.parametrize("row", [*schema.UNSPOKEN.values(), *schema.UNSPOKEN_FIELDS.values()])
def test_what_is_not_spoken_of_has_a_reason(row: str) -> None:
    assert RENDERINGS[row].shows == "ignored"


def test_reasons_are_few_and_short() -> None:
    reasons = [row.reason for row in RENDERINGS.values() if row.shows == "ignored"]
    assert all(0 < len(reason) <= 60 for reason in reasons)
    assert len(set(reasons)) == len(reasons)


def test_every_fixture_is_expected_here() -> None:
    batches = {name for name in NAMES if name.startswith(("array__", "batch__"))}
    batches.add("standby__deleted")
    others = {
        "message__text_scripts", "message__text_without_time", "message__text_time_as_string", "message_edit__twice",
        "changes__comments_twice", "changes__comments_without_person", "changes__comments_without_id",
        "changes__comments", "changes__comments_page", "changes__live_comments", "flat__comments", "flat__mentions",
        "changes__mentions", "changes__mentions_of_a_post", "message_edit__no_text", "message_edit__no_sender",
        "message_edit__text_without_sender", "message__text_without_sender", "unknown__nothing", "unknown__no_object",
        "message__deleted_without_sender", "changes__message_without_parties", "changes__comments_by_username",
        "changes__comments_reply", "postback__nobody", "referral__story_mention", "message__story_mention_and_referral",
    }  # fmt: skip
    assert {*MESSAGES, *NOTES, *LED, *ECHOES, *IGNORED, *OVERHEARD, *CONTROLS, *others, *batches} == set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_every_line_finds_its_sentence_and_every_fact_its_place(name: str) -> None:
    for piece in arrived(body(name)):
        try:
            found = TRANSLATOR.parse(piece)
        except Malformed:
            continue
        for one in found:
            for line in getattr(one, "lines", ()):
                assert set(line.facts) <= set(re.findall(r"\{([a-z]+)\}", TEXTS[line.key][0]))


def test_a_time_that_is_missing_is_the_arrivals() -> None:
    [one] = said(happened("message__text_without_time"))
    assert one.sent_ms == RECEIVED_MS


def test_a_time_may_be_seconds_in_a_string() -> None:
    [one] = said(happened("message__text_time_as_string"))
    assert one.sent_ms == 1_799_999_990_000


def test_two_edits_of_one_moment_are_two_events() -> None:
    first, second = happened("message_edit__twice")
    assert isinstance(first, Note)
    assert isinstance(second, Note)
    assert first.id != second.id


# Whatever comes


WORDS = st.sampled_from(
    [
        "message", "sender", "recipient", "id", "mid", "text", "attachments", "type", "payload", "postback", "title",
        "reaction", "read", "message_edit", "num_edit", "referral", "reply_to", "story", "url", "quick_reply",
        "product", "is_echo", "is_deleted", "is_self", "timestamp", "field", "value", "from", "media", "comment_id",
        "elements", "generic", "buttons", "coordinates", "lat", "long", "price", "summary", "metadata", "ad_id",
        "emoji", "delivery", "template_type", "subtitle", "sticker_id", "ads_context_data",
    ]
)  # fmt: skip
LEAVES = st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats(allow_nan=False, allow_infinity=False)
JSON = st.recursive(
    LEAVES
    | st.sampled_from([BRAND, PERSON, "image", "ig_post", "comments", "mentions", "template", "fallback", "location"])
    | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS | st.text(max_size=5), inner, max_size=5),
    max_leaves=20,
)
SECTIONS = st.sampled_from(["messaging", "echo", "changes", "standby", "entry", "other_object", "dashboard_test"])


@given(JSON, SECTIONS, st.sampled_from(["", PERSON]))
def test_nothing_raises_anything_but_malformed(raw: Any, section: str, party: str) -> None:
    event = Event(
        source="instagram", account=BRAND, party=party, id="event", received_ms=RECEIVED_MS, section=section,
        raw=msgspec.Raw(msgspec.json.encode(raw)),
    )  # fmt: skip
    try:
        found = TRANSLATOR.parse(event)
    except Malformed:
        return
    assert found
    for one in found:
        if isinstance(one, CustomerMessage):
            assert one.lines or one.text or one.media


@given(st.dictionaries(WORDS, JSON, max_size=6))
def test_a_message_of_a_known_person_is_always_told(odd: dict[str, Any]) -> None:
    flags = {"mid": "m1", "is_echo": False, "is_self": False}
    [first, *_] = read(message(**odd | flags))
    assert isinstance(first, CustomerMessage | Note)


@given(JSON, st.lists(JSON, max_size=3))
def test_a_delivery_in_any_shape_is_cut_alike_each_time(time: Any, changes: list[Any]) -> None:
    delivery = entry(time=time, changes=changes)
    first, again = arrived(delivery), arrived(delivery)
    assert first == again
    assert len(first) == max(1, len(changes))
