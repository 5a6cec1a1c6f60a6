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

from chalicelib.channels.base import Rendering
from chalicelib.channels.instagram import schema, translate
from chalicelib.channels.instagram.renderings import RENDERINGS
from chalicelib.channels.instagram.translate import TRANSLATOR
from chalicelib.channels.instagram.webhook import WEBHOOK
from chalicelib.errors import Malformed
from chalicelib.messages import (
    Conversation,
    CustomerEvent,
    CustomerMessage,
    Echo,
    Event,
    Ignored,
    Line,
    Media,
    Note,
    Unseen,
)  # fmt: skip
from chalicelib.pipeline.receive import events_of
from chalicelib.rules.catalogue import TEXTS

FIXTURES = Path(__file__).parent.parent / "fixtures" / "instagram"
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
    "message__template": [(Line("comment_shared"),)],
    "message__template_with_elements": [(Line("attachment", {"kind": "template", "title": "Tea box"}),)],
    "message__fallback": [
        ("https://tea.example/guide",),
        (Line("attachment", {"kind": "link", "title": "Brewing guide", "url": "https://tea.example/guide"}),),
    ],
    "message__ephemeral": [(Line("ephemeral"),)],
    "message__unsupported": [(UNSUPPORTED,)],
    "message__unsupported_type": [(UNSUPPORTED,)],
    "message__attachment_of_no_type": [
        (Line("unknown", {"kind": "attachment"}), Line("attachment", {"url": cdn(9014)})),
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
    "message__reply_to_message": [(Line("reply_to"), "This one")],
    "message__referral_ad": [(Line("from_ad", {"title": "Spring sale"}), "Hello")],
    "message__referral_product": [(Line("product", {"id": "6710000000000001"}), "Is it organic?")],
    "message__referral_link": [(Line("from_link", {"ref": "flyer"}), "Hi")],
    "postback__ice_breaker": [("Opening hours?",)],
    "postback__no_title": [(Line("unknown", {"kind": "postback"}),)],
    "postback__referral": [(Line("from_ad", {"title": "23840000000000002"}), "Get started")],
    "unknown__kind": [(Line("unknown", {"kind": "poll_vote"}),)],
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
    assert first.lines == (Line("from_ad", {"title": "9"}), Line("reply_to"))
    assert (first.from_ad, first.attributes, first.tap) == (True, {"adId": "9", "ref": "r"}, "P")
    assert (second.lines, second.from_ad, second.attributes, second.tap) == ((), False, {}, "")


def test_a_text_with_something_unsupported_tells_of_both() -> None:
    assert seen(read(message(text="look", is_unsupported=True))) == [("look",), (UNSUPPORTED,)]


def test_a_quick_reply_is_a_tap() -> None:
    [one] = said(happened("message__quick_reply"))
    assert (one.text, one.tap) == ("Track my order", "TRACK")


def test_a_postback_is_a_tap() -> None:
    [one] = said(happened("postback__ice_breaker"))
    assert (one.text, one.tap, one.id.partition(":")[0]) == ("Opening hours?", "HOURS", "postback")
    assert one.origin.startswith("aWdf")


def test_an_ad_is_told_as_data_too() -> None:
    [one] = said(happened("message__referral_ad"))
    assert one.from_ad
    assert one.attributes == {"adId": "23840000000000001", "ref": "spring"}


def test_an_ad_may_lead_to_a_postback() -> None:
    [one] = said(happened("postback__referral"))
    assert one.from_ad
    assert one.attributes == {"adId": "23840000000000002", "ref": "poster"}


@pytest.mark.parametrize("name", ["message__referral_product", "message__referral_link"])
def test_what_is_no_ad_is_not_taken_for_one(name: str) -> None:
    [one] = said(happened(name))
    assert not one.from_ad


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


def test_a_kind_with_an_endless_name_is_cut() -> None:
    [one] = said(read(messaging(**{"x" * 500: {}})))
    assert one.lines == (Line("unknown", {"kind": "x" * 60}),)


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
    "referral__link": ("referral", Line("from_link", {"ref": "newsletter"}), ""),
    "referral__ad": ("referral", Line("from_ad", {"title": "Spring sale"}), ""),
}


@pytest.mark.parametrize("name", NOTES)
def test_what_opens_no_conversation_is_a_note(name: str) -> None:
    [piece] = arrived(body(name))
    [note] = TRANSLATOR.parse(piece)
    kind, line, text = NOTES[name]
    assert isinstance(note, Note)
    assert (note.id, note.conversation) == (piece.id, Conversation("instagram", BRAND, PERSON))
    assert (note.kind, note.lines, note.text) == (kind, (line,), text)


def test_an_unsent_message_is_named_so_that_its_files_go() -> None:
    [note] = read(messaging(message={"mid": "m9", "is_deleted": True}))
    assert isinstance(note, Note)
    assert note.removes == "m9"


def test_no_other_note_removes_anything() -> None:
    for name in set(NOTES) - {"message__deleted"}:
        [note] = happened(name)
        assert isinstance(note, Note)
        assert note.removes == ""


def test_a_reaction_without_its_emoji_has_its_name() -> None:
    [note] = read(messaging(reaction={"mid": "m1", "action": "react", "reaction": "love"}))
    assert isinstance(note, Note)
    assert note.lines == (Line("reacted", {"emoji": "love"}),)


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
    "name", ["message_edit__no_text", "message_edit__no_sender", "message_edit__text_without_sender"]
)
def test_an_edit_that_tells_nothing_points_to_a_message(name: str) -> None:
    [missing] = happened(name)
    assert isinstance(missing, Unseen)
    assert missing.account == BRAND
    [message_itself] = arrived(message(mid=missing.origin))
    assert missing.id == message_itself.id


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
    "message_echo__text": ("It is, since Monday.", (ECHO_APP,)),
    "message_echo__reply_to_story": ("Thank you!", (ECHO_APP,)),
    "message_echo__image": ("", (ECHO_APP, Line("attachment", {"kind": "image", "url": cdn(9017)}))),
    "message_echo__share": ("Have a look", (ECHO_APP, posted(9117, "Teapots"))),
    "message_echo__nothing": ("", (ECHO_APP, UNSUPPORTED)),
}


@pytest.mark.parametrize("name", ECHOES)
def test_an_echo_has_the_bare_text_and_lines_for_those_who_did_not_send_it(name: str) -> None:
    [echo] = happened(name)
    assert isinstance(echo, Echo)
    assert (echo.text, echo.lines) == ECHOES[name]
    assert echo.id.startswith("aWdf")
    assert echo.conversation == Conversation("instagram", BRAND, PERSON)


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
            {"postId": "1800000000000101", "adId": "2384"},
        ),
        ("changes__live_comments", "live_comment", "hi", "1789000000000003", {"postId": "1800000000000102"}),
        ("flat__comments", "comment", "price?", "1789000000000005", {}),
    ],
)  # fmt: skip
def test_a_comment_is_answered_by_a_message(
    name: str, key: str, text: str, comment: str, attributes: dict[str, str]
) -> None:
    [one] = said(happened(name))
    place = {"url": attributes["postId"]} if attributes else {}
    assert one.lines == (Line(key, place), PRIVATELY)
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
    assert one.lines == (Line("mention_comment", {"url": post}), PRIVATELY)
    assert not one.starts_window


def test_a_mention_in_a_post_cannot_be_answered() -> None:
    [one] = said(happened("changes__mentions_of_a_post"))
    post = "1800000000000103"
    assert (one.id, one.conversation.customer, one.comment) == (f"mention:media:{post}", f"media:{post}", "")
    assert one.lines == (Line("mention_post", {"url": post}), IN_APP)
    assert not one.starts_window


@pytest.mark.parametrize("writer", [{"id": BRAND}, {"id": "9", "self_ig_scoped_id": "8"}])
def test_the_brands_own_comments_are_ignored(writer: dict[str, str]) -> None:
    value = {"from": writer, "id": "1", "text": "Thanks!"}
    assert read(entry(changes=[{"field": "comments", "value": value}])) == [Ignored("instagram_own")]


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
    "standby__message": "instagram_standby",
    "standby__postback": "instagram_standby",
    "changes__standby": "instagram_standby",
    "handover__app_roles": "instagram_handover",
    "handover__pass_thread_control": "instagram_handover",
    "handover__request_thread_control": "instagram_handover",
    "handover__take_thread_control": "instagram_handover",
    "changes__messaging_handover": "instagram_handover",
    "optin__messaging": "instagram_optin",
    "changes__messaging_optins": "instagram_optin",
    "policy_enforcement__messaging": "instagram_policy_enforcement",
    "changes__messaging_policy_enforcement": "instagram_policy_enforcement",
    "response_feedback__messaging": "instagram_response_feedback",
    "changes__response_feedback": "instagram_response_feedback",
    "changes__story_insights": "instagram_story_insights",
    "changes__unknown_field": "instagram_unknown_field",
    "changed_fields__only": "instagram_changed_fields",
    "unknown__entry": "instagram_unknown_entry",
    "other_object__page": "instagram_other_object",
}


@pytest.mark.parametrize("name", IGNORED)
def test_what_is_ignored_is_counted_under_its_reason(name: str) -> None:
    assert happened(name) == [Ignored(IGNORED[name])]


def test_the_dashboards_customer_is_nobody_under_any_account() -> None:
    assert read(messaging(sender={"id": "12334"}, message={"mid": "m1", "text": "x"})) == [Ignored("dashboard_test")]


def test_roles_may_come_as_a_change_without_a_sender() -> None:
    value = {"recipient": {"id": BRAND}, "app_roles": {"1": ["primary_receiver"]}}
    assert read(entry(changes=[{"field": "something", "value": value}])) == [Ignored("instagram_handover")]


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


@pytest.mark.parametrize("name", ["message__text_without_sender", "unknown__nothing", "unknown__no_object"])
def test_what_tells_nothing_is_malformed(name: str) -> None:
    for piece in arrived(body(name)):
        with pytest.raises(Malformed):
            TRANSLATOR.parse(piece)


@pytest.mark.parametrize(
    "item",
    [
        {"reaction": {"mid": "m1"}, "sender": None},
        {"message_edit": {"num_edit": 0}},
        {"read": {"mid": "m1"}, "sender": {"id": True}},
        {"message": {"mid": "m1", "is_echo": True}, "recipient": "x"},
    ],
)
def test_what_belongs_to_nobody_is_malformed(item: dict[str, Any]) -> None:
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
    monkeypatch.setattr(translate, "RENDERINGS", rows)
    for name in NAMES:
        for piece in arrived(body(name)):
            try:
                found = TRANSLATOR.parse(piece)
            except Malformed:
                continue
            if any(isinstance(one, Unseen) for one in found):
                rows.used.add("message_edit:no_text")
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
    others = {
        "message__text_scripts", "message__text_without_time", "message__text_time_as_string", "message_edit__twice",
        "changes__comments_twice", "changes__comments_without_person", "changes__comments_without_id",
        "changes__comments", "changes__comments_page", "changes__live_comments", "flat__comments", "flat__mentions",
        "changes__mentions", "changes__mentions_of_a_post", "message_edit__no_text", "message_edit__no_sender",
        "message_edit__text_without_sender", "message__text_without_sender", "unknown__nothing", "unknown__no_object",
    }  # fmt: skip
    assert {*MESSAGES, *NOTES, *ECHOES, *IGNORED, *others, *batches} == set(NAMES)


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
    ]
)  # fmt: skip
LEAVES = st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats(allow_nan=False, allow_infinity=False)
JSON = st.recursive(
    LEAVES | st.sampled_from([BRAND, PERSON, "image", "ig_post", "comments", "mentions"]) | st.text(max_size=9),
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
