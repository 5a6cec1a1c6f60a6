"""What every event of TikTok's becomes: from the fixture through the real edge's split and the translator."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.channels.tiktok.cards import MOST
from chalicelib.channels.tiktok.renderings import RENDERINGS
from chalicelib.channels.tiktok.schema import opened
from chalicelib.channels.tiktok.translate import TRANSLATOR, kinds
from chalicelib.channels.tiktok.webhook import WEBHOOK
from chalicelib.edge.storing import events_of
from chalicelib.errors import Malformed
from chalicelib.rules.catalogue import say
from chalicelib.vocabulary.messages import (
    CustomerEvent,
    CustomerMessage,
    Echo,
    Ignored,
    Led,
    Line,
    Media,
    Note,
    Trouble,
)
from chalicelib.vocabulary.records import Conversation, Event
from chalicelib.wire import iso

FIXTURES = Path(__file__).parents[2] / "fixtures" / "tiktok"
NAMES = sorted(path.stem for path in FIXTURES.glob("*.json"))
BRAND = "-000TeaShop/Ab1+Cd2=="
CUSTOMER = "+CuStOmEr/0123456789abcdefGHIJ+kLmN=="
SENT_MS = 1_799_999_990_000
RECEIVED_MS = 1_800_000_000_000
POST = "https://www.tiktok.com/@tea_blog/video/7685000000000000777"
VIDEO = "https://www.tiktok.com/player/v1/7203946942097902849"
APP = Line("echo_app", {"platform": "TikTok"})
AUTOMATION = Line("echo_automation", {"platform": "TikTok"})
IN_APP = Line("answer_in_app")
UNSUPPORTED = Line("unsupported", {"platform": "TikTok"})
OWN_REACTION = Ignored("tiktok_own_reaction")
PRICES = Line("attachment", {"kind": "link", "title": "Price list", "url": "https://tea.example/prices"})


def envelope(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((FIXTURES / f"{name}.json").read_text())
    return found


def event(delivery: dict[str, Any]) -> Event:
    [found] = events_of(WEBHOOK, json.dumps(delivery).encode(), RECEIVED_MS / 1000)
    return found


def happened(name: str) -> list[CustomerEvent]:
    return TRANSLATOR.parse(event(envelope(name)))


def changed(name: str, **content: Any) -> dict[str, Any]:
    """The fixture's delivery with other fields in its content; None takes a field away."""
    found = envelope(name)
    inner = {**json.loads(found["content"]), **content}
    return {**found, "content": json.dumps({key: value for key, value in inner.items() if value is not None})}


def message(name: str) -> CustomerMessage:
    [said] = happened(name)
    assert isinstance(said, CustomerMessage)
    return said


def note(name: str) -> Note:
    [seen] = happened(name)
    assert isinstance(seen, Note)
    return seen


def echo(name: str) -> Echo:
    [sent] = happened(name)
    assert isinstance(sent, Echo)
    return sent


def test_a_text_comes_with_all_that_is_known_of_its_author() -> None:
    assert message("im_receive_msg__text") == CustomerMessage(
        id="im_receive_msg:m01AbC/d+E==",
        conversation=Conversation("tiktok", BRAND, CUSTOMER),
        sent_ms=SENT_MS,
        text="¿Envían a Lima? 🚚",
        origin="m01AbC/d+E==",
        username="tea_lover",
        profile_url="https://www.tiktok.com/@tea_lover",
        platform_thread="c1ConvAbc+def/GHi==",
        attributes={"follows": "true"},
    )


@pytest.mark.parametrize(("kind", "handle"), [("image", "v100media1"), ("video", "v100media2")])
def test_a_picture_or_video_is_asked_for_by_its_handle(kind: Any, handle: str) -> None:
    said = message(f"im_receive_msg__{kind}")
    assert (said.media, said.lines, said.text) == (Media(kind=kind, handle=handle), (), "")
    assert said.origin != ""


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("share_post", Line("post_shared", {"url": "https://www.tiktok.com/player/v1/7685000000000000777?autoplay=1"})),
        (
            "share_post_without_url",
            Line("post_shared", {"url": "https://www.tiktok.com/player/v1/7685000000000000777"}),
        ),
        ("sticker", Line("sticker", {"url": "https://p16.example/sticker.webp"})),
        ("emoji", Line("emoji", {"url": "https://p16.example/emoji.png"})),
        ("other", UNSUPPORTED),
        ("text_empty", UNSUPPORTED),
        ("text_null", UNSUPPORTED),
        ("image_without_media", UNSUPPORTED),
        ("template_empty", UNSUPPORTED),
        ("voice", Line("unknown", {"kind": "voice"})),
        ("unknown_type", Line("unknown", {"kind": "hologram"})),
    ],
)
def test_what_has_no_words_is_told_in_ours(name: str, line: Line) -> None:
    said = message(f"im_receive_msg__{name}")
    assert (said.lines, said.text, said.media, said.starts_window) == ((line,), "", None, True)


def test_a_quoted_reply_says_so() -> None:
    said = message("im_receive_msg__quoted_reply")
    assert (said.lines, said.text, said.quotes) == ((Line("reply_to"),), "that one", "m99AbC/d+E==")


def test_a_picture_may_quote() -> None:
    said = message("im_receive_msg__image_quoting")
    assert (said.lines, said.media) == ((Line("reply_to"),), Media(kind="image", handle="v100media5"))
    assert said.quotes == "m99AbC/d+E=="


def test_a_card_may_quote() -> None:
    quoting = {"referenced_message_info": {"referenced_message_id": "m02"}}
    [said] = TRANSLATOR.parse(event(changed("im_receive_msg__template_buttons_only", **quoting)))
    assert isinstance(said, CustomerMessage)
    assert (said.quotes, said.lines[0]) == ("m02", Line("reply_to"))


def test_a_tap_brings_our_token_back_with_its_label_and_quotes_nothing() -> None:
    said = message("im_receive_msg__template_tap")
    assert (said.tap, said.text, said.lines, said.quotes) == ("track_order", "Track my order", (), "")


# Templates of other businesses, and the brand's own


@pytest.mark.parametrize(
    ("name", "text", "lines"),
    [
        ("question", "What do you need?", (Line("buttons", {"choices": "Where is my parcel | A person"}),)),
        (
            "links",
            "Our papers",
            (
                Line("buttons", {"choices": "Ask us"}),
                PRICES,
                Line("attachment", {"kind": "link", "url": "https://tea.example/papers"}),
            ),
        ),
        (
            "as_it_is_sent",
            "When shall it come?",
            (Line("buttons", {"choices": "In the morning | In the evening"}),),
        ),
        (
            "several",
            "Oolong\nRoasted\nEUR 14.00\nSencha\nEUR 14.00",
            (
                Line("attachment", {"kind": "link", "title": "Buy", "url": "https://tea.example/1/buy"}),
                Line("attachment", {"kind": "link", "title": "Buy", "url": "https://tea.example/2/buy"}),
                Line("attachment", {"kind": "link", "url": "https://tea.example/1"}),
            ),
        ),
        ("quick_replies", "Shall we call you?", (Line("buttons", {"choices": "Yes | No"}),)),
        ("alone", "One card", (Line("buttons", {"choices": "Only this"}),)),
        ("said_twice", "Yes or no?", (Line("buttons", {"choices": "Yes"}),)),
        ("buttons_only", "", (Line("buttons", {"choices": "Call me"}),)),
    ],
)
def test_a_template_is_read_whole_and_says_nothing_twice(name: str, text: str, lines: tuple[Line, ...]) -> None:
    said = message(f"im_receive_msg__template_{name}")
    assert (said.text, said.lines) == (text, lines)
    assert (said.starts_window, said.tap) == (True, "")
    assert [kind for kind in kinds_of(f"im_receive_msg__template_{name}") if "unknown" in kind] == []


_WORDS = st.sampled_from(["One", "Two", "Three", " ", ""]) | st.none() | st.integers(0, 3)
_LINKS = st.sampled_from(["https://tea.example/1", "https://tea.example/2", ""])
_BUTTON = st.fixed_dictionaries({}, optional={"text": _WORDS, "title": _WORDS, "url": _LINKS})
_CARD = st.fixed_dictionaries(
    {},
    optional={
        "title": _WORDS,
        "subtitle": _WORDS,
        "url": _LINKS,
        "buttons": st.lists(_BUTTON, max_size=3) | _BUTTON | _WORDS,
        "quick_replies": st.lists(_BUTTON | _WORDS, max_size=3),
    },
)


@given(_CARD | st.fixed_dictionaries({"elements": st.lists(_CARD, max_size=3) | _CARD}), _WORDS)
def test_a_template_of_any_shape_says_nothing_twice(template: Any, text: Any) -> None:
    other = {"template": template, "text": {"body": text}}
    [said] = TRANSLATOR.parse(event(changed("im_receive_msg__template_question", **other)))
    assert isinstance(said, CustomerMessage)
    facts = [line.facts for line in said.lines]
    choices = [choice for one in facts for choice in one.get("choices", "").split(" | ") if choice]
    links = [one["url"] for one in facts if "url" in one]
    words = said.text.split("\n") if said.text else []
    assert [one for one in (choices, links) if len(one) != len(set(one))] == []
    assert not set(words) & {*choices, *(one.get("title", "") for one in facts)}
    assert len(words) == len(set(words)) or len(template.get("elements", ())) > 1
    assert said.lines or said.text


def test_of_a_template_without_end_the_beginning_is_read() -> None:
    buttons = [
        {"text": f"button {number}", "url": f"https://x/{number}" if number % 2 else ""} for number in range(5000)
    ]
    template = {"elements": [{"title": f"title {number}", "buttons": buttons[:5]} for number in range(5000)]}
    template["elements"][0]["buttons"] = buttons
    [said] = TRANSLATOR.parse(event(changed("im_receive_msg__template_question", template=template)))
    assert isinstance(said, CustomerMessage)
    assert said.text.split("\n") == [f"title {number}" for number in range(MOST)]
    assert said.lines[0].facts["choices"].split(" | ") == [f"button {number}" for number in range(0, 2 * MOST, 2)]
    assert [line.facts["title"] for line in said.lines[1:]] == [f"button {number}" for number in range(1, 2 * MOST, 2)]


# Reactions


@pytest.mark.parametrize(
    ("name", "line", "about"),
    [
        ("reaction_add", Line("reacted", {"emoji": "👍"}), "m01AbC/d+E=="),
        ("reaction_remove", Line("unreacted"), "m01AbC/d+E=="),
        ("reaction_ai_emoji", Line("reacted", {"emoji": "https://p16.example/ai.webp"}), "m02AbC/d+E=="),
        ("reaction_empty", Line("reacted"), ""),
        ("reaction_list_emptied", Line("unreacted"), ""),
    ],
)
def test_a_reaction_is_a_note(name: str, line: Line, about: str) -> None:
    seen = note(f"im_receive_msg__{name}")
    assert (seen.kind, seen.lines, seen.sent_ms, seen.about) == ("reaction", (line,), SENT_MS, about)
    assert seen.conversation == Conversation("tiktok", BRAND, CUSTOMER)


def test_several_reactions_are_several_notes_in_their_order() -> None:
    cut = event(envelope("im_receive_msg__reaction_several"))
    notes = [one for one in TRANSLATOR.parse(cut) if isinstance(one, Note)]
    assert len({one.id for one in notes}) == 2
    assert [one.lines for one in notes] == [(Line("unreacted"),), (Line("reacted", {"emoji": "❤️"}),)]
    assert [one.sent_ms for one in notes] == [SENT_MS - 2000, SENT_MS - 1000]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("beside_the_brands", [Line("reacted", {"emoji": "🔥"}), OWN_REACTION]),
        ("by_another_name_of_the_brand", [OWN_REACTION, Line("unreacted")]),
        ("of_the_brand_only", [OWN_REACTION]),
    ],
)
def test_the_brands_own_reactions_are_never_told_as_the_customers(name: str, expected: list[Line | Ignored]) -> None:
    told = happened(f"im_receive_msg__reaction_{name}")
    assert [one.lines[0] if isinstance(one, Note) else one for one in told] == expected


@pytest.mark.parametrize(
    ("name", "emojis"),
    [
        ("alone", ["😮"]),
        ("without_emoji", [""]),
        ("of_a_new_type", ["", " "]),
        ("by_nobody", ["🔥", "👏"]),
    ],
)
def test_a_reaction_of_whatever_shape_is_a_sentence(name: str, emojis: list[str]) -> None:
    notes = [one for one in happened(f"im_receive_msg__reaction_{name}") if isinstance(one, Note)]
    assert [one.lines[0].facts.get("emoji", "") for one in notes] == emojis
    assert [say("en", line.key, **line.facts) for one in notes for line in one.lines] == [
        f"[Reacted with {emoji} to a message]" if emoji.strip() else "[Reacted to a message]" for emoji in emojis
    ]


def test_a_reaction_is_the_same_in_every_list_that_has_it() -> None:
    first, again = (happened(f"im_receive_msg__reaction_{name}") for name in ("beside_the_brands", "told_again"))
    told, repeated, new = first[0], again[0], again[1]
    assert isinstance(told, Note)
    assert isinstance(repeated, Note)
    assert isinstance(new, Note)
    assert told.id == repeated.id != new.id
    assert (new.lines, new.about) == ((Line("reacted", {"emoji": "🫶🏽"}),), "m02AbC/d+E==")


def test_reactions_that_nothing_tells_apart_are_told_apart_by_their_places() -> None:
    cut = event(envelope("im_receive_msg__reaction_by_nobody"))
    assert [one.id for one in TRANSLATOR.parse(cut) if isinstance(one, Note)] == [cut.id, f"{cut.id}#1"]


def test_a_read_is_a_note() -> None:
    seen = note("im_mark_read_msg__read")
    assert (seen.kind, seen.lines) == ("read", (Line("read"),))


# What led the customer here


@pytest.mark.parametrize(
    ("name", "told", "from_ad"),
    [
        ("ad", {"adId": "12345", "adTitle": "Spring", "refSource": "ad"}, True),
        ("ad_without_a_name", {"adId": "67890", "refSource": "ad"}, True),
        ("ad_that_tells_nothing", {"refSource": "AD"}, True),
        ("short_link", {"ref": "newsletter", "refSource": "short_link"}, False),
        ("listed", {"adId": "24680", "adTitle": "Autumn", "ref": "leaflet", "refSource": "ad"}, True),
        ("new_source", {"ref": "show-7", "refSource": "live"}, False),
        ("unknown_source", {"refSource": "billboard"}, False),
        ("no_source", {"adId": "13579"}, True),
    ],
)
def test_what_led_the_customer_here_is_remembered(name: str, told: dict[str, str], from_ad: bool) -> None:
    cut = event(envelope(f"im_referral_msg__{name}"))
    [led] = TRANSLATOR.parse(cut)
    assert isinstance(led, Led)
    assert led == Led(
        id=cut.id,
        conversation=Conversation("tiktok", BRAND, CUSTOMER),
        sent_ms=led.sent_ms,
        attributes=told,
        from_ad=from_ad,
    )
    assert 0 <= led.sent_ms - SENT_MS < 10


def test_a_new_source_with_an_advertisement_is_one() -> None:
    referral = {"source": "feed", "feed": {"ad_id": "1"}}
    [led] = TRANSLATOR.parse(event(changed("im_referral_msg__ad", referral=referral)))
    assert isinstance(led, Led)
    assert (led.attributes, led.from_ad) == ({"adId": "1", "refSource": "feed"}, True)


def test_somebody_whose_message_tiktok_withholds_is_one_notice_to_the_account() -> None:
    said = message("im_receive_msg_eu__bare")
    assert said.conversation == Conversation("tiktok", BRAND, f"region:{BRAND}")
    assert (said.lines, said.text) == ((Line("region", {"platform": "TikTok"}),), "")
    assert (said.starts_window, said.platform_thread, said.username) == (False, "", "")


@pytest.mark.parametrize(
    ("name", "lines", "text"),
    [
        ("api", (APP,), "We do, in 3 days."),
        ("app", (APP,), "Typed in the app"),
        ("web", (APP,), "Typed in the browser"),
        ("untagged", (APP,), "No tag"),
        ("welcome", (AUTOMATION,), "Welcome!"),
        ("unknown_source", (AUTOMATION,), "Who knows"),
        ("others", (AUTOMATION, Line("buttons", {"choices": "Track | Ask"})), "How can we help?"),
        ("template", (APP, Line("buttons", {"choices": "Track"})), "How can we help?"),
        ("template_links", (APP, PRICES), "Our papers"),
        ("template_several", (AUTOMATION, Line("buttons", {"choices": "More"})), "Oolong\nSencha"),
        ("template_empty", (APP, UNSUPPORTED), ""),
        ("image", (APP, Line("app_media", {"kind": "image"})), ""),
        ("video", (APP, Line("app_media", {"kind": "video"})), ""),
        ("sticker", (APP, Line("sticker", {"url": "https://p16.example/ours.webp"})), ""),
        ("share_post", (APP, Line("post_shared", {"url": "https://www.tiktok.com/player/v1/7685?autoplay=1"})), ""),
    ],
)
def test_what_the_brand_sent_is_an_echo(name: str, lines: tuple[Line, ...], text: str) -> None:
    sent = echo(f"im_send_msg__{name}")
    assert (sent.lines, sent.text) == (lines, text)
    assert sent.conversation == Conversation("tiktok", BRAND, CUSTOMER)


def test_an_echo_bears_the_messages_own_id() -> None:
    assert echo("im_send_msg__api").id == "m70AbC/d+E=="


def test_an_echo_without_an_id_has_the_events() -> None:
    cut = event(changed("im_send_msg__api", message_id=None))
    [sent] = TRANSLATOR.parse(cut)
    assert isinstance(sent, Echo)
    assert sent.id == cut.id != ""


def test_what_the_brand_sent_is_never_taken_for_the_customers_words() -> None:
    assert event(envelope("im_receive_msg__from_the_brand")).section == "echo"
    assert echo("im_receive_msg__from_the_brand").conversation.customer == CUSTOMER


def test_the_brand_is_known_by_its_role_where_its_id_is_another() -> None:
    other = {"id": "another-id", "role": "BUSINESS_ACCOUNT"}
    [sent] = TRANSLATOR.parse(event(changed("im_receive_msg__from_the_brand", from_user=other)))
    assert isinstance(sent, Echo)


def test_a_business_may_be_the_customer() -> None:
    said = message("im_receive_msg__from_a_business")
    assert (said.conversation.customer, said.text) == (CUSTOMER, "Do you sell wholesale?")


def test_a_high_intent_comment_is_answered_by_a_message_to_its_author() -> None:
    said = message("im_receive_high_intent_comment__comment")
    assert (said.comment, said.text) == ("7247303576418566777", "How much?")
    assert said.lines == (Line("high_intent", {"platform": "TikTok"}), Line("answer_privately"))
    assert (said.starts_window, said.platform_thread, said.username) == (False, "", "tea_lover")


def test_a_high_intent_comment_without_its_id_cannot_be_answered() -> None:
    said = message("im_receive_high_intent_comment__no_comment_id")
    assert (said.comment, said.lines, said.text) == (
        "",
        (Line("high_intent", {"platform": "TikTok"}), IN_APP),
        "How long?",
    )


@pytest.mark.parametrize(
    ("name", "text"), [("insert", "nice"), ("insert_without_text", ""), ("no_person", "who am I?")]
)
def test_a_comment_is_a_notice_that_is_answered_in_the_app(name: str, text: str) -> None:
    said = message(f"comment_update__{name}")
    assert (said.lines, said.text) == ((Line("comment", {"url": VIDEO}), IN_APP), text)
    assert (said.comment, said.starts_window, said.attributes) == ("", False, {"postUrl": VIDEO})


def test_a_comment_belongs_to_its_author() -> None:
    assert message("comment_update__insert").conversation.customer == CUSTOMER


def test_a_comment_by_nobody_is_a_conversation_of_its_own() -> None:
    assert message("comment_update__no_person").conversation.customer == "comment:7247303576418566916"


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("delete", "comment_deleted"),
        ("hidden", "comment_hidden"),
        ("friends_only", "comment_hidden"),
        ("public", "comment_public"),
    ],
)
def test_a_changed_comment_is_a_note_about_it(name: str, line: str) -> None:
    seen = note(f"comment_update__{name}")
    assert (seen.kind, seen.lines) == ("comment", (Line(line),))
    assert seen.about == str(json.loads(envelope(f"comment_update__{name}")["content"])["comment_id"])


def test_a_note_about_a_comment_or_a_post_names_what_its_message_named() -> None:
    said = message("comment_update__insert")
    [changed_since] = TRANSLATOR.parse(event(changed("comment_update__insert", comment_action="delete")))
    assert isinstance(changed_since, Note)
    assert changed_since.about == said.origin != ""
    assert note("brand_mention__edit").about == message("brand_mention__video").origin != ""
    assert message("brand_mention__comment").origin == "7247303576418566917"


@pytest.mark.parametrize(
    ("name", "key", "url", "text", "customer"),
    [
        ("video", "mention_video", POST, "Trying @tea_shop", CUSTOMER),
        ("video_spelt_with_a_space", "mention_video", POST[:-1] + "8", "Trying @tea_shop", CUSTOMER),
        ("comment", "mention_comment", POST, "", CUSTOMER),
        (
            "no_person",
            "mention_comment",
            "https://www.tiktok.com/player/v1/7685000000000000777",
            "",
            "comment:7247303576418566918",
        ),
    ],
)
def test_a_mention_is_a_notice_that_is_answered_in_the_app(
    name: str, key: str, url: str, text: str, customer: str
) -> None:
    said = message(f"brand_mention__{name}")
    assert (said.lines, said.text) == ((Line(key, {"url": url}), IN_APP), text)
    assert (said.conversation.customer, said.username, said.comment) == (customer, "", "")
    assert (said.starts_window, said.sent_ms, said.attributes) == (False, SENT_MS, {"postUrl": url})


@pytest.mark.parametrize("name", ["edit", "privacy_change"])
def test_a_changed_mention_is_a_note(name: str) -> None:
    seen = note(f"brand_mention__{name}")
    assert (seen.kind, seen.lines) == ("mention", (Line("mention_changed", {"url": POST}),))


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("im_auto_message_config_update__create", "tiktok_auto_message_config"),
        ("im_auto_message_audit_update__approved", "tiktok_auto_message_audit"),
        ("im_referral_msg__nothing", "tiktok_unknown_referral"),
        ("im_send_msg__reaction", "tiktok_own_reaction"),
        ("comment_update__own", "tiktok_own_comment"),
        ("comment_update__unknown_action", "tiktok_unknown_comment_action"),
        ("tiktok_ping__milliseconds", "tiktok_ping"),
        ("video__publish_completed", "tiktok_video_event"),
        ("brand_mention__own", "tiktok_own_mention"),
        ("im_mark_read_msg__nobody", "tiktok_nobody"),
        ("im_referral_msg__nobody", "tiktok_nobody"),
        ("im_send_msg__to_nobody", "tiktok_nobody"),
        # events of kinds that are new to us, by their names as far as a metric may have them
        ("unknown__no_content", "event_im_something_else"),
        ("unknown__dotted", "event_message_recalled"),
        ("unknown__capitals", "event_im_typing_indicator"),
        ("unknown__event", "event_unknown"),
        ("unknown__no_letters", "event_unknown"),
        ("unknown__numbered", "event_unknown"),
    ],
)
def test_what_is_not_shown_is_counted(name: str, reason: str) -> None:
    assert happened(name) == [Ignored(reason)]


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("im_receive_msg:text", "event_unknown"),
        ("reaction:ADD", "event_unknown"),
        ("im_receive_msg:x", "event_unknown"),
        ("unknown", "event_unknown"),
        ("nobody", "event_nobody"),
        ("quoted_reply", "event_quoted_reply"),
        ("x" * 40, f"event_{'x' * 40}"),
        ("x" * 41, "event_unknown"),
        ("a\nb", "event_unknown"),
        ("…", "event_unknown"),
    ],
)
def test_an_events_name_is_never_taken_for_a_rows_and_never_a_metrics_but_in_plain_letters(
    name: str, reason: str
) -> None:
    assert TRANSLATOR.parse(event({"event": name, "content": "{}"})) == [Ignored(reason)]


def test_a_withdrawn_authorisation_is_trouble() -> None:
    [told] = happened("authorization_removed__by_the_owner")
    assert isinstance(told, Trouble)
    assert told.reason == "authorization_removed"
    assert "authorise" in told.advice


def test_odd_fields_do_not_lose_the_message() -> None:
    said = message("im_receive_msg__odd_fields")
    assert (said.text, said.username, said.lines, said.sent_ms) == ("still readable", "", (), SENT_MS)


def test_a_message_without_a_sender_is_told_by_the_other_name_of_the_person() -> None:
    assert message("im_receive_msg__no_person").conversation.customer == CUSTOMER


@pytest.mark.parametrize("name", ["im_receive_msg__nobody", "im_receive_msg__content_is_no_json"])
def test_a_message_that_names_nobody_is_malformed(name: str) -> None:
    with pytest.raises(Malformed):
        happened(name)


@pytest.mark.parametrize(
    ("name", "sent_ms"),
    [
        ("im_receive_msg__time_in_seconds", SENT_MS),
        ("im_receive_msg__no_time", SENT_MS),
    ],
)
def test_a_message_has_its_own_time_or_else_the_envelopes(name: str, sent_ms: int) -> None:
    assert message(name).sent_ms == sent_ms


def test_without_any_time_it_is_when_it_was_received() -> None:
    delivery = changed("im_receive_msg__text", timestamp=None)
    del delivery["create_time"]
    [said] = TRANSLATOR.parse(event(delivery))
    assert isinstance(said, CustomerMessage)
    assert said.sent_ms == RECEIVED_MS


# What tells events apart


@pytest.mark.parametrize(
    ("name", "other"),
    [
        ("im_receive_msg__reaction_add", {"reaction": [{"operation": "REMOVE"}]}),
        ("im_receive_msg__text", {"message_id": "m999"}),
        ("im_mark_read_msg__read", {"read": {"last_read_timestamp": 1_799_999_989_000}}),
        ("im_mark_read_msg__read", {"conversation_id": "c2"}),
        ("im_referral_msg__ad", {"timestamp": SENT_MS + 1}),
        ("im_receive_high_intent_comment__comment", {"comment_id": "7"}),
        ("comment_update__insert", {"comment_id": 7247303576418566912}),
        ("comment_update__insert", {"comment_action": "delete"}),
        ("comment_update__hidden", {"timestamp": SENT_MS + 1}),
        ("brand_mention__video", {"video_id": "7"}),
        ("brand_mention__video", {"type_of_event": "EDIT"}),
        ("brand_mention__comment", {"comment_id": "7"}),
        ("im_receive_msg_eu__bare", {"timestamp": SENT_MS + 1}),
    ],
)
def test_another_event_has_another_id(name: str, other: dict[str, Any]) -> None:
    assert event(envelope(name)).id != event(changed(name, **other)).id


@pytest.mark.parametrize("name", [name for name in NAMES if name.startswith(("comment", "brand", "im_mark", "im_ref"))])
def test_a_redelivery_that_is_written_otherwise_has_the_same_id(name: str) -> None:
    first = envelope(name)
    inner = json.loads(first["content"])
    again = {**first, "content": json.dumps(dict(reversed(inner.items())), indent=1)}
    assert event(first).id == event(again).id


def test_two_edits_of_a_post_are_two_events() -> None:
    first = envelope("brand_mention__edit")
    assert event(first).id != event({**first, "create_time": first["create_time"] + 1}).id


def test_a_mention_that_is_delivered_late_again_is_the_same() -> None:
    first = envelope("brand_mention__video")
    assert event(first).id == event({**first, "create_time": first["create_time"] + 1}).id


@pytest.mark.parametrize(
    "name", [name for name in NAMES if name.startswith(("im_re", "im_mark", "im_send", "comment"))]
)
def test_everything_of_one_person_stays_in_order(name: str) -> None:
    expected = {
        "im_receive_msg_eu__bare": f"region:{BRAND}",
        "im_receive_msg__nobody": "",
        "im_receive_msg__content_is_no_json": "",
        "im_mark_read_msg__nobody": "",
        "im_referral_msg__nobody": "",
        "im_send_msg__to_nobody": "",
        "comment_update__no_person": "comment:7247303576418566916",
        "comment_update__own": BRAND,
    }
    assert event(envelope(name)).party == expected.get(name, CUSTOMER)


# The table of renderings

DOCUMENTED = {
    "im_receive_msg": ["text", "image", "video", "share_post", "sticker", "emoji", "template", "other"],
    "im_referral_msg": ["ad", "short_link"],
    "im_send_msg": ["API", "APP", "WEB", "OTHERS"],
    "reaction": ["ADD", "REMOVE"],
    "comment.update": ["insert", "delete", "set_to_hidden", "set_to_friends_only", "set_to_public"],
    "brand.mention.event": ["video", "comment"],
}


@pytest.mark.parametrize("kind", [f"{event}:{kind}" for event, kinds in DOCUMENTED.items() for kind in kinds])
def test_every_kind_that_tiktok_documents_has_a_row(kind: str) -> None:
    assert kind in RENDERINGS


def test_every_row_has_a_fixture() -> None:
    reached = {kind for name in NAMES for kind in kinds_of(name)}
    # both come with another kind
    assert set(RENDERINGS) - reached == {"im_receive_msg:quoted_reply", "note:nobody"}


@pytest.mark.parametrize("kind", RENDERINGS)
def test_every_row_is_used(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Were the row another, some fixture would become something else."""
    before, row = outcomes(), RENDERINGS[kind]
    shows = "ignored" if row.shows == "led" else row.shows
    other = msgspec.structs.replace(row, line=f"{row.line}*", reason=f"{row.reason}*", shows=shows)
    monkeypatch.setitem(RENDERINGS, kind, other)
    assert outcomes() != before


SHOWN: dict[str, tuple[type, ...]] = {
    "message": (CustomerMessage,),
    "media": (CustomerMessage,),
    "note": (Note, Echo, Ignored),  # where nobody is named
    "led": (Led, Ignored),
    "ignored": (Ignored, Trouble),
}


@pytest.mark.parametrize("name", NAMES)
def test_a_fixture_becomes_what_its_row_says(name: str) -> None:
    rows = [RENDERINGS[kind] for kind in kinds_of(name)]
    told = told_or_nothing(name)
    assert [one for one, row in zip(told, rows, strict=False) if not isinstance(one, SHOWN[row.shows])] == []
    media = [getattr(one, "media", None) is not None for one in told]
    assert media == [row.shows == "media" for row in rows][: len(told)]


def kinds_of(name: str) -> list[str]:
    cut = event(envelope(name))
    return [kind for kind, _ in kinds(opened(bytes(cut.raw)), cut.section == "echo")]


def told_or_nothing(name: str) -> list[CustomerEvent]:
    """[] where the fixture is malformed."""
    try:
        return happened(name)
    except Malformed:
        return []


def outcomes() -> list[list[CustomerEvent]]:
    return [told_or_nothing(name) for name in NAMES]


@pytest.mark.parametrize("kind", RENDERINGS)
def test_a_row_says_what_is_shown_or_why_not(kind: str) -> None:
    row = RENDERINGS[kind]
    assert (row.reason != "", row.line != "") == {
        "ignored": (True, False),
        "media": (False, False),
        "note": (False, True),
        "led": (False, False),
        "message": (False, kind != "im_receive_msg:text"),
    }[row.shows]


def test_reasons_are_short_names() -> None:
    reasons = [row.reason for row in RENDERINGS.values() if row.reason]
    assert [one for one in reasons if len(one) > 60 or not one.replace("_", "").isalpha()] == []


@pytest.mark.parametrize("language", ["en", "es"])
@pytest.mark.parametrize("name", NAMES)
def test_every_line_can_be_said(name: str, language: str) -> None:
    lines = [line for one in told_or_nothing(name) for line in getattr(one, "lines", ())]
    assert [line.key for line in lines if not say(language, line.key, **line.facts).strip("[]: ")] == []


# Hostile bodies

ODD = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=20) | st.sampled_from(["", "0", "reaction", "text", "REMOVE", "\ud83d", "1e400"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)  # fmt: skip


@st.composite
def mutated(draw: st.DrawFn) -> dict[str, Any]:
    """A fixture with one to three of its values, however deep, replaced."""
    delivery = envelope(draw(st.sampled_from(NAMES)))
    content = json.loads(delivery["content"] or "{}") if delivery["content"] != "not { json" else {}
    for _ in range(draw(st.integers(1, 3))):
        place: Any = content
        while isinstance(place, dict | list) and place:
            key = draw(st.sampled_from(sorted(place) if isinstance(place, dict) else range(len(place))))
            if not isinstance(place[key], dict | list) or not place[key] or draw(st.booleans()):
                place[key] = draw(ODD)
                break
            place = place[key]
    return {**delivery, "content": json.dumps(content), "create_time": draw(ODD | st.just(1_799_999_990))}


@given(mutated())
def test_a_mutated_delivery_is_told_or_parked_and_never_fails(delivery: dict[str, Any]) -> None:
    cut = event(delivery)
    assert len(cut.id.encode()) <= 255
    try:
        told = TRANSLATOR.parse(cut)
    except Malformed:
        told = []
    for one in told:
        if isinstance(one, Ignored | Trouble):
            known = one.reason in {row.reason for row in RENDERINGS.values()}
            assert known or re.fullmatch("event_[a-z_]{1,40}", one.reason)
        elif isinstance(one, CustomerMessage | Note | Echo | Led):
            assert iso(one.sent_ms)
            assert one.conversation.customer
        for line in getattr(one, "lines", ()):
            assert "" not in line.facts.values()
            assert say("en", line.key, **line.facts)
        if isinstance(one, CustomerMessage):
            assert one.text or one.lines or one.media
