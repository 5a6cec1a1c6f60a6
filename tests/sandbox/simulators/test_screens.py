"""What the phones and the desktop show of what goes to and fro."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.rules.catalogue import say
from sandbox.simulators.genesys.desktop import Desktop
from sandbox.simulators.genesys.store import Conversation, StoredMessage
from sandbox.simulators.instagram.phone import InstagramPhone
from sandbox.simulators.tiktok.phone import TikTokPhone
from sandbox.stage.screen import Screen

KEYS = {
    "channel",
    "account",
    "customer",
    "side",
    "id",
    "at_ms",
    "kind",
    "text",
    "url",
    "choices",
    "cards",
    "about",
    "party",
}
CDN = "http://cdn/a"


class Eye:
    """Keeps what a phone shows."""

    def __init__(self, channel: str) -> None:
        self.seen: list[dict[str, Any]] = []
        screen = Screen(channel, self.seen.append, lambda: 5.0)
        self.phone = InstagramPhone(screen) if channel == "instagram" else TikTokPhone(screen)

    def only(self, *names: str) -> dict[str, Any]:
        """The named facts of the one thing that is shown."""
        (shown,) = self.seen
        assert set(shown) == KEYS
        return {name: shown[name] for name in names}


def instagram(what: dict[str, Any], sender: str = "9", recipient: str = "1") -> bytes:
    event = {"sender": {"id": sender}, "recipient": {"id": recipient}} | what
    return json.dumps({"object": "instagram", "entry": [{"id": "1", "messaging": [event]}]}).encode()


def tiktok(event: str, content: dict[str, Any]) -> bytes:
    content = {"from_user": {"id": "9"}, "to_user": {"id": "1"}} | content
    return json.dumps({"event": event, "user_openid": "1", "content": json.dumps(content)}).encode()


def message(**said: Any) -> dict[str, Any]:
    return {"message": {"mid": "m1"} | said}


def attachment(kind: str, **payload: Any) -> dict[str, Any]:
    return message(attachments=[{"type": kind, "payload": payload}])


@pytest.mark.parametrize(
    ("what", "expected"),
    [
        (message(text="Hola"), {"kind": "text", "id": "m1", "text": "Hola"}),
        (message(text="That", reply_to={"mid": "m0"}), {"kind": "text", "about": "m0"}),
        (message(text="Nice", reply_to={"story": {"url": CDN, "id": "s"}}), {"kind": "story_reply", "url": CDN}),
        (message(text="Yes", quick_reply={"payload": "x"}), {"kind": "text", "text": "Yes"}),
        (attachment("image", url=CDN), {"kind": "image", "url": CDN, "id": "m1"}),
        (attachment("audio", url=CDN), {"kind": "audio"}),
        (attachment("story_mention", url=CDN), {"kind": "story_mention", "url": CDN}),
        (attachment("ig_post", url=CDN, title="Tea"), {"kind": "share", "url": CDN, "text": "Tea"}),
        (message(is_deleted=True), {"kind": "unsend", "about": "m1"}),
        ({"postback": {"mid": "m1", "title": "Start"}}, {"kind": "text", "text": "Start"}),
        (
            {"reaction": {"mid": "m0", "action": "react", "emoji": "👍"}},
            {"kind": "reaction", "about": "m0", "text": "👍"},
        ),
        ({"reaction": {"mid": "m0", "action": "unreact"}}, {"kind": "reaction", "about": "m0", "text": ""}),
        ({"read": {"mid": "m0"}}, {"kind": "seen", "about": "m0", "side": "customer"}),
        ({"message_edit": {"mid": "m0", "text": "new"}}, {"kind": "edit", "about": "m0", "text": "new"}),
        ({"referral": {"ref": "autumn"}}, {"kind": "referral", "text": "autumn"}),
        (attachment("location", coordinates={"lat": 41.5, "long": 2}), {"kind": "text", "text": "41.5, 2"}),
        (
            message(attachments=[{"type": "fallback", "title": "A leaflet", "url": CDN, "payload": None}]),
            {"kind": "share", "url": CDN, "text": "A leaflet"},
        ),
        *(
            (
                attachment("template", **payload),
                {"kind": "cards", "cards": [{"title": "Mug", "description": "", "image": "", "choices": []}]},
            )
            for payload in (
                {"product": {"elements": [{"title": "Mug"}]}},
                {"generic": [{"title": "Mug"}]},
                {"generic": {"elements": [{"title": "Mug"}]}},
                {"template_type": "generic", "elements": [{"title": "Mug"}]},
            )
        ),
    ],
)
def test_what_an_instagram_customer_does(what: dict[str, Any], expected: dict[str, Any]) -> None:
    eye = Eye("instagram")
    eye.phone.customer(instagram(what))
    whose = {"channel": "instagram", "account": "1", "customer": "9", "at_ms": 5000}
    assert eye.only(*expected, *whose) == expected | whose


def test_a_message_with_two_pictures_is_two_bubbles() -> None:
    eye = Eye("instagram")
    picture = {"type": "image", "payload": {"url": CDN}}
    eye.phone.customer(instagram(message(text="Look", attachments=[picture, picture])))
    assert [(one["id"], one["kind"], one["text"]) for one in eye.seen] == [
        ("m1", "image", "Look"),
        ("m1#1", "image", ""),
    ]


def test_a_comment_is_shown_to_who_wrote_it() -> None:
    eye = Eye("instagram")
    value = {"id": "c1", "from": {"id": "9"}, "text": "How much?"}
    change = {"field": "comments", "value": value}
    eye.phone.customer(json.dumps({"entry": [{"id": "1", "changes": [change]}]}).encode())
    assert eye.only("kind", "id", "text", "customer") == {
        "kind": "comment", "id": "c1", "text": "How much?", "customer": "9",
    }  # fmt: skip


def mention(comment: str) -> bytes:
    change = {"field": "mentions", "value": {"media_id": "p", "comment_id": comment}}
    return json.dumps({"entry": [{"id": "1", "changes": [change]}]}).encode()


def test_a_mention_is_shown_to_who_wrote_it_though_meta_does_not_tell_who() -> None:
    eye = Eye("instagram")
    eye.phone.author("comment:c1", "9", "Look, @our.shop!")
    eye.phone.customer(mention("c1"))
    expected = {"kind": "mention", "customer": "9", "party": "comment:c1", "text": "Look, @our.shop!"}
    assert eye.only(*expected) == expected


def test_a_mention_of_somebody_unknown_stands_for_its_author() -> None:
    eye = Eye("instagram")
    eye.phone.customer(mention("c2"))
    expected = {"kind": "mention", "customer": "comment:c2", "party": "", "text": "@"}
    assert eye.only(*expected) == expected


def test_what_the_brand_writes_in_the_app_is_the_brands() -> None:
    eye = Eye("instagram")
    eye.phone.customer(instagram(message(text="Hi", is_echo=True), sender="1", recipient="9"))
    assert eye.only("side", "customer") == {"side": "brand", "customer": "9"}


def generic(*buttons: dict[str, str]) -> dict[str, Any]:
    element = {"title": "Tea", "subtitle": "Green", "image_url": CDN, "buttons": list(buttons)}
    return {"attachments": [{"type": "template", "payload": {"generic": {"elements": [element]}}}]}


POSTBACK = {"type": "postback", "title": "Buy", "payload": "dm.1.0"}
BUY = {"text": "Buy", "payload": "dm.1.0", "url": ""}


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ({"text": "Hello"}, {"kind": "text", "id": "m1", "text": "Hello"}),
        (
            {"text": "Which?", "quick_replies": [{"content_type": "text", "title": "Buy", "payload": "dm.1.0"}]},
            {"kind": "choices", "text": "Which?", "choices": [BUY]},
        ),
        (
            {"attachments": [{"type": "template", "payload": {
                "template_type": "button", "text": "Which?", "buttons": [POSTBACK]}}]},
            {"kind": "choices", "text": "Which?", "choices": [BUY]},
        ),
        (
            generic(POSTBACK),
            {"kind": "cards", "cards": [{"title": "Tea", "description": "Green", "image": CDN, "choices": [BUY]}]},
        ),
        ({"attachments": [{"type": "video", "payload": {"url": CDN}}]}, {"kind": "video", "url": CDN}),
    ],
)  # fmt: skip
def test_what_an_instagram_brand_sends(said: dict[str, Any], expected: dict[str, Any]) -> None:
    eye = Eye("instagram")
    eye.phone.brand("1", "9", "m1", said)
    assert eye.only(*expected, "side") == expected | {"side": "brand"}


@pytest.mark.parametrize(("action", "kind"), [("typing_on", "typing"), ("mark_seen", "seen"), ("react", "reaction")])
def test_what_an_instagram_brand_does(action: str, kind: str) -> None:
    eye = Eye("instagram")
    eye.phone.brand("1", "9", "", {"sender_action": action, "payload": {"message_id": "m0"}})
    assert eye.only("kind") == {"kind": kind}


def test_to_stop_typing_is_shown_by_nothing() -> None:
    eye = Eye("instagram")
    eye.phone.brand("1", "9", "", {"sender_action": "typing_off"})
    assert eye.seen == []


@pytest.mark.parametrize(
    ("event", "content", "expected"),
    [
        (
            "im_receive_msg",
            {"type": "text", "text": {"body": "Hola"}, "message_id": "m1"},
            {"kind": "text", "id": "m1"},
        ),
        (
            "im_receive_msg",
            {"type": "image", "image": {"media_id": "v1+"}},
            {"kind": "image", "url": "/tiktok/file?id=v1%2B"},
        ),
        ("im_receive_msg", {"type": "sticker", "sticker": {"url": CDN}}, {"kind": "share", "url": CDN}),
        ("im_receive_msg", {"type": "share_post", "share_post": {"embed_url": CDN}}, {"kind": "share", "url": CDN}),
        (
            "im_receive_msg",
            {"type": "reaction", "reaction": [{"operation": "ADD", "emoji": "👍", "original_msg_id": "m0"}]},
            {"kind": "reaction", "about": "m0", "text": "👍"},
        ),
        ("im_mark_read_msg", {}, {"kind": "seen"}),
        ("im_receive_high_intent_comment", {"comment_id": "c", "comment_text": "?"}, {"kind": "comment", "text": "?"}),
        ("comment.update", {"comment_id": 7, "comment_action": "delete"}, {"kind": "unsend", "about": "7"}),
        ("im_referral_msg", {"referral": {"ad": {"ad_name": "Sale"}}}, {"kind": "referral", "text": "Sale"}),
        ("brand.mention.event", {"video_id": "v", "share_url": CDN}, {"kind": "mention", "url": CDN, "text": "@"}),
    ],
)
def test_what_a_tiktok_customer_does(event: str, content: dict[str, Any], expected: dict[str, Any]) -> None:
    eye = Eye("tiktok")
    eye.phone.customer(tiktok(event, content))
    whose = {"channel": "tiktok", "account": "1", "customer": "9", "side": "customer"}
    assert eye.only(*expected, *whose) == expected | whose


def test_what_a_tiktok_brand_sends() -> None:
    eye = Eye("tiktok")
    buttons = [{"text": "Buy", "id": "dm.1.0", "type": "REPLY"}]
    said = {"type": "template", "message_id": "m1", "template": {"elements": [{"title": "Which?", "buttons": buttons}]}}
    eye.phone.brand("1", "9", "m1", said)
    expected = {"kind": "choices", "id": "m1", "text": "Which?", "choices": [BUY], "side": "brand"}
    assert eye.only(*expected) == expected


@pytest.mark.parametrize(("action", "kind"), [("TYPING", "typing"), ("MARK_READ", "seen")])
def test_what_a_tiktok_brand_does(action: str, kind: str) -> None:
    eye = Eye("tiktok")
    eye.phone.brand("1", "9", "", {"type": action})
    assert eye.only("kind") == {"kind": kind}


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(
        ["entry", "messaging", "changes", "message", "mid", "attachments", "payload", "type", "sender", "id", "value",
         "field", "reply_to", "event", "content", "reaction", "template", "elements"]), inner, max_size=4),
    max_leaves=20,
)  # fmt: skip


@settings(max_examples=200)
@given(st.binary() | JSON.map(lambda value: json.dumps(value).encode()), st.sampled_from(["instagram", "tiktok"]))
def test_nothing_that_is_delivered_breaks_a_phone(raw: bytes, channel: str) -> None:
    Eye(channel).phone.customer(raw)


# --- the desktop


def desk(seen: list[dict[str, Any]]) -> Desktop:
    return Desktop(seen.append, lambda: 9.0, {"int": "instagram"})


def conversation(**attributes: str) -> Conversation:
    return Conversation("c1", "int", {"id": "9", "idType": "Opaque"}, 1.0, attributes=attributes)


def inbound(at: float, attributes: dict[str, str] | None = None, **said: Any) -> StoredMessage:
    told = {"customAttributes": {"source": "Instagram_DM"} if attributes is None else attributes}
    channel = {"from": {"id": "9", "nickname": "Ana"}, "metadata": told}
    return StoredMessage(f"in{at}", "c1", at, False, {"id": f"in{at}", "type": "Text", "channel": channel} | said)


def line(at: float, key: str, language: str = "en", after: str = "", **facts: str) -> StoredMessage:
    """A line of the bridge's: to Genesys a message like any other, but that it tells no participant data."""
    return inbound(at, {}, text=say(language, key, **facts) + after)


def outbound(at: float, **said: Any) -> StoredMessage:
    body = {
        "id": f"out{at}", "type": "Text", "direction": "Outbound", "originatingEntity": "Human",
        "channel": {"id": "int", "from": {"id": "int"}, "to": {"id": "9"}},
    }  # fmt: skip
    return StoredMessage(f"out{at}", "c1", at, True, body | said)


def test_agents_see_a_customers_message() -> None:
    seen: list[dict[str, Any]] = []
    talk, file = conversation(priority="7", accountId="1"), {"mediaType": "Image", "url": CDN, "mime": "image/png"}
    said = inbound(2.0, text="Look", content=[{"attachment": file | {"filename": "a.png"}}])
    talk.messages.append(said)
    desk(seen).message(talk, said)
    assert seen == [{
        "conversation_id": "c1", "channel": "instagram", "account": "1", "customer": "9", "at_ms": 2000,
        "attributes": {"priority": "7", "accountId": "1"}, "state": "connected", "waiting_since_ms": 2000,
        "priority": 7, "kind": "message", "id": "in2.0", "text": "Look", "nickname": "Ana", "author": "customer",
        "attachments": [{"kind": "image", "url": CDN, "mime": "image/png", "name": "a.png"}], "status": "delivered",
        "line": "",
    }]  # fmt: skip


@pytest.mark.parametrize("language", ["en", "es"])
@pytest.mark.parametrize(
    ("key", "facts"),
    [
        ("read", {}),
        ("notice", {"reason": "TikTok refused it."}),
        ("reacted", {"emoji": "🍵"}),
        ("reacted", {}),
        ("echo_app", {"platform": "Instagram"}),
        ("echo_automation", {"platform": "TikTok"}),
        ("unsent", {}),
        ("mention_changed", {"url": CDN}),
    ],
)
def test_a_line_of_the_bridge_is_told_from_a_customers_words(language: str, key: str, facts: dict[str, str]) -> None:
    seen: list[dict[str, Any]] = []
    talk, own = conversation(), line(2.0, key, language, "\nWhat they wrote", **facts)
    desk(seen).message(talk, own)
    desk(seen).message(talk, inbound(3.0, text=own.normalized["text"]))
    assert [one["line"] for one in seen] == [key, ""]


def test_a_line_of_words_unknown_is_a_line_all_the_same() -> None:
    seen: list[dict[str, Any]] = []
    desk(seen).message(conversation(), inbound(2.0, {}, text="Something new"))
    assert seen[0]["line"] == "line"


def test_a_tap_is_told_by_its_words() -> None:
    seen: list[dict[str, Any]] = []
    content = [{"contentType": "ButtonResponse", "buttonResponse": {"text": "Buy", "payload": "b"}}]
    desk(seen).message(conversation(), inbound(2.0, content=content))
    assert seen[0]["text"] == "Buy"


def test_a_reply_shows_what_it_offers() -> None:
    seen: list[dict[str, Any]] = []
    reply = {"text": "Yes", "payload": "yes", "action": "Message"}
    said = outbound(2.0, type="Structured", text="Sure?", content=[{"contentType": "QuickReply", "quickReply": reply}])
    desk(seen).message(conversation(), said)
    assert (seen[0]["kind"], seen[0]["author"], seen[0]["status"]) == ("reply", "human", "sent")
    assert [one["text"] for one in seen[0]["choices"]] == ["Yes"]


def test_content_that_is_none_is_no_failure() -> None:
    seen: list[dict[str, Any]] = []
    desk(seen).message(conversation(), outbound(2.0, content=[{"attachment": 5}, {"contentType": 7}]))
    assert seen[0]["attachments"] == []


def test_a_receipt_tells_why() -> None:
    seen: list[dict[str, Any]] = []
    said = outbound(2.0)
    said.receipts.append({"status": "Failed", "reasons": [{"code": "MessageNotAllowed", "message": "window_closed"}]})
    desk(seen).receipt(conversation(), said)
    wanted = {"kind": "receipt", "id": "out2.0", "status": "failed", "reason": "MessageNotAllowed"}
    assert {name: seen[0][name] for name in wanted} == wanted


@pytest.mark.parametrize(
    ("messages", "state", "waiting_ms"),
    [
        ([inbound(2.0), inbound(3.0)], "connected", 2000),
        ([inbound(2.0), outbound(3.0)], "connected", 0),
        ([inbound(2.0), outbound(3.0), inbound(4.0)], "connected", 4000),
        ([inbound(2.0), outbound(3.0, type="Event")], "connected", 2000),
        ([inbound(2.0)], "disconnected", 0),
        ([inbound(2.0), outbound(3.0), line(4.0, "read")], "connected", 0),
        ([inbound(2.0), outbound(3.0), line(4.0, "notice", reason="Too late.")], "connected", 0),
        ([inbound(2.0), outbound(3.0), line(4.0, "reacted", emoji="❤️")], "connected", 0),
        ([inbound(2.0), outbound(3.0), line(4.0, "echo_app", after="\nHi", platform="TikTok")], "connected", 0),
        ([inbound(2.0), outbound(3.0), line(4.0, "edited", after="\nin blue")], "connected", 4000),
        ([inbound(2.0), line(3.0, "read")], "connected", 2000),
    ],
    ids=[
        "since the first",
        "answered",
        "asked again",
        "typing is no answer",
        "over",
        "a read",
        "a notice",
        "a reaction",
        "answered in the app",
        "new words",
        "a read meanwhile",
    ],
)
def test_how_long_a_customer_waits(messages: list[StoredMessage], state: str, waiting_ms: int) -> None:
    seen: list[dict[str, Any]] = []
    talk = conversation()
    talk.messages, talk.state = messages, state
    desk(seen).changed(talk)
    assert seen[0]["waiting_since_ms"] == waiting_ms
