"""What is more than a text, both ways: shown, answered, or refused with its reason."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.rules.planning import token
from sandbox.simulators.instagram.simulator import InstagramSimulator
from tests.scenarios import kinds
from tests.scenarios.conftest import INSTAGRAM, Bridge

HOUR_S = 3600
APPROVED = ASKS_FOR_READS = "17841400000000002"


def texts(bridge: Bridge) -> list[str]:
    """What the agents read, oldest first."""
    return [call["body"].get("text", "") for call in bridge.taken()]


def reply(bridge: Bridge, conversation: str, **what: Any) -> str:
    """The agent (or a bot) sends; answers its message's id once its receipt is in."""
    before = len(bridge.taken("receipt"))
    identifier: str = bridge.post("/genesys/reply", {"conversation_id": conversation} | what)["id"]
    bridge.until(lambda: len(bridge.taken("receipt")) > before, "the receipt")
    return identifier


def outcome(bridge: Bridge) -> tuple[str, str]:
    """Status and reason code of the newest receipt."""
    body = bridge.taken("receipt")[-1]["body"]
    return body["status"], (body.get("reasons") or [{}])[0].get("code", "")


# Windows


def test_a_reply_after_25_hours_goes_out_tagged_where_the_account_is_approved(bridge: Bridge) -> None:
    bridge.post("/instagram/say", {"text": "Hello", "account": APPROVED})
    bridge.until(bridge.taken, "the message")
    bridge.shift(25 * HOUR_S)
    reply(bridge, bridge.taken()[0]["conversation_id"], text="Sorry for the wait")
    assert outcome(bridge) == ("Delivered", "")
    assert bridge.sent("instagram")[0]["body"]["tag"] == "HUMAN_AGENT"


def test_a_bots_tag_is_never_human_agent(bridge: Bridge) -> None:
    bridge.post("/instagram/say", {"text": "Hello", "account": APPROVED})
    bridge.until(bridge.taken, "the message")
    bridge.shift(25 * HOUR_S)
    reply(bridge, bridge.taken()[0]["conversation_id"], text="Are you still there?", originatingEntity="Bot")
    assert outcome(bridge) == ("Failed", "MessageNotAllowed")
    assert bridge.get("/instagram/sent") == []
    bridge.quiet()
    assert texts(bridge) == ["Hello"]  # a bot would answer a notice


def test_a_late_reply_is_refused_with_reason_and_notice_where_it_is_not_approved(bridge: Bridge) -> None:
    seen = bridge.conversation()
    bridge.shift(25 * HOUR_S)
    reply(bridge, seen["conversation_id"], text="Sorry for the wait")
    assert outcome(bridge) == ("Failed", "MessageNotAllowed")
    bridge.until(lambda: len(bridge.taken()) == 2, "the notice")
    assert texts(bridge)[1].startswith("[Your reply was not delivered. Instagram")
    assert bridge.get("/instagram/sent") == []


# What belongs to an open conversation

NOTES: list[tuple[dict[str, Any], str]] = [
    ({"reaction": {"action": "react", "reaction": "love", "emoji": "❤️"}}, "[Reacted with ❤️ to a message]"),
    ({"reaction": {"action": "unreact"}}, "[Took back a reaction]"),
    ({"message_edit": {"text": "in blue", "num_edit": 1}}, "[Edited a message. It now says:]\nin blue"),
]  # fmt: skip


@pytest.mark.parametrize(("what", "says"), NOTES)
def test_a_note_is_shown_in_an_open_conversation_only(bridge: Bridge, what: dict[str, Any], says: str) -> None:
    def happens() -> None:
        [(kind, body)] = what.items()
        bridge.deliver("instagram", kinds.instagram({kind: body | {"mid": kinds.mid()}}, bridge.now_ms()))

    happens()
    bridge.quiet()
    assert bridge.taken() == []
    seen = bridge.conversation()
    happens()
    bridge.until(lambda: len(bridge.taken()) == 2, "the note")
    assert texts(bridge)[1] == says
    bridge.post("/genesys/disconnect", {"conversation_id": seen["conversation_id"]})
    happens()
    bridge.quiet()
    assert len(bridge.taken()) == 2


@pytest.mark.parametrize(("account", "shown"), [(INSTAGRAM, []), (ASKS_FOR_READS, ["[Has read your message]"])])
def test_a_read_is_shown_only_where_the_account_asks_for_it(bridge: Bridge, account: str, shown: list[str]) -> None:
    bridge.post("/instagram/say", {"text": "Hello", "account": account})
    bridge.until(bridge.taken, "the message")
    read = {"read": {"mid": kinds.mid()}}
    bridge.deliver("instagram", kinds.instagram(read, bridge.now_ms(), account))
    bridge.quiet()
    assert texts(bridge) == ["Hello", *shown]


def test_a_reply_typed_in_the_app_is_shown_as_such(bridge: Bridge) -> None:
    bridge.conversation()
    said = {"message": {"mid": kinds.mid(), "text": "Typed in the app", "is_echo": True}}
    parties = {"sender": {"id": INSTAGRAM}, "recipient": {"id": kinds.PERSON}}
    bridge.deliver("instagram", kinds.instagram(said | parties, bridge.now_ms()))
    bridge.until(lambda: len(bridge.taken()) == 2, "the echo")
    assert texts(bridge)[1] == "[Sent from the Instagram app, not from here:]\nTyped in the app"


def test_story_media_is_linked_and_never_copied(bridge: Bridge) -> None:
    url = bridge.get("/")["media"]["instagram"]["image"]
    mention = kinds.message(bridge.now_ms(), attachments=[kinds.attachment("story_mention", url)])
    bridge.deliver("instagram", mention)
    bridge.until(bridge.taken, "the mention")
    assert texts(bridge) == [f"[Mentioned you in a story: {url}]"]
    assert "content" not in bridge.taken()[0]["body"]
    assert bridge.metric("media") == 0


def test_a_textless_edit_brings_the_message_that_was_never_delivered(bridge: Bridge) -> None:
    mid = bridge.sandbox.playing(InstagramSimulator).write_unseen(INSTAGRAM, kinds.PERSON, "Nobody told you of me")
    raw = kinds.instagram({"message_edit": {"mid": mid, "num_edit": 0}}, bridge.now_ms())
    bridge.deliver("instagram", raw)
    bridge.deliver("instagram", kinds.message(bridge.now_ms(), mid, text="Nobody told you of me"))
    bridge.until(lambda: bridge.metric("duplicate"), "its own delivery told as a duplicate")
    assert texts(bridge) == ["Nobody told you of me"]


# Comments


def test_a_comment_is_answered_once_by_a_message_and_then_waits_for_the_person(bridge: Bridge) -> None:
    bridge.deliver("instagram", kinds.comment(bridge.now_ms(), "17894227972186120", "How much?"))
    bridge.until(bridge.taken, "the comment")
    seen = bridge.taken()[0]
    link = "https://www.instagram.com/p/17918195224117851/"
    assert texts(bridge)[0].startswith(f"[Commented on your post {link}]")
    assert texts(bridge)[0].endswith("\nHow much?")
    attributes = seen["body"]["channel"]["metadata"]["customAttributes"]
    assert (attributes["source"], attributes["windowState"]) == ("Instagram_Comment", "comment")
    assert attributes["postUrl"] == link
    reply(bridge, seen["conversation_id"], text="10 euros")
    assert bridge.sent("instagram")[0]["body"]["recipient"] == {"comment_id": "17894227972186120"}
    reply(bridge, seen["conversation_id"], text="Shall I reserve one?")
    assert outcome(bridge) == ("Failed", "MessageNotAllowed")
    bridge.until(lambda: len(bridge.taken()) == 2, "the notice")
    bridge.post("/instagram/say", {"text": "Yes please"})
    bridge.until(lambda: len(bridge.taken()) == 3, "the answer")
    reply(bridge, bridge.taken()[2]["conversation_id"], text="Done")
    assert outcome(bridge) == ("Delivered", "")


def test_a_tiktok_mention_is_a_notice_that_cannot_be_answered(bridge: Bridge) -> None:
    raw = kinds.tiktok(
        "brand.mention.event", bridge.now_ms(), type_of_event="CREATE", mention_type="VIDEO_MENTION",
        video_id="7685000000000000040", share_url="https://www.tiktok.com/@creator/video/7685000000000000040",
        video_caption="Trying @our_shop", comment_id="0",
    )  # fmt: skip
    bridge.deliver("tiktok", raw)
    bridge.until(bridge.taken, "the mention")
    assert "https://www.tiktok.com/@creator/video/7685000000000000040" in texts(bridge)[0]
    reply(bridge, bridge.taken()[0]["conversation_id"], text="Thank you!")
    assert outcome(bridge) == ("Failed", "InvalidDestination")
    bridge.until(lambda: len(bridge.taken()) == 2, "the notice")
    assert bridge.get("/tiktok/sent") == []


# Choices

QUICK_REPLIES = [
    {"contentType": "QuickReply", "quickReply": {"text": text, "payload": payload, "action": "Message"}}
    for text, payload in (("Yes", "YES-1"), ("No", "NO-1"))
]


@pytest.mark.parametrize("channel", ["instagram", "tiktok"])
def test_a_bots_choice_comes_back_as_a_structured_response(bridge: Bridge, channel: str) -> None:
    seen = bridge.conversation(channel)
    offer = reply(
        bridge, seen["conversation_id"], text="Shall we?", content=QUICK_REPLIES, type="Structured",
        originatingEntity="Bot",
    )  # fmt: skip
    sent = bridge.sent(channel)[0]
    bridge.post(f"/{channel}/tap", {"message_id": sent["message_id"], "choice": token(offer, 1)})
    bridge.until(lambda: bridge.taken("structured"), "the structured response")
    body = bridge.taken("structured")[0]["body"]
    assert body["originatingMessageId"] == offer
    assert body["buttonResponse"] == {"type": "QuickReply", "text": "No", "payload": "NO-1"}


def test_a_tap_after_the_conversation_is_over_comes_as_text(bridge: Bridge) -> None:
    seen = bridge.conversation()
    offer = reply(bridge, seen["conversation_id"], text="Shall we?", content=QUICK_REPLIES, type="Structured")
    bridge.post("/genesys/disconnect", {"conversation_id": seen["conversation_id"]})
    mid = bridge.sent("instagram")[0]["message_id"]
    bridge.post("/instagram/tap", {"message_id": mid, "choice": token(offer, 0)})
    bridge.until(lambda: len(bridge.taken()) == 2, "the tap as text")
    assert texts(bridge)[1] == "Yes"


def test_cards_are_cards_on_instagram_and_numbered_text_on_tiktok(bridge: Bridge) -> None:
    action = {"type": "Postback", "text": "Reserve", "payload": "RES"}
    card = {"title": "Oolong", "description": "50 g", "image": "https://shop.example/oolong.jpg", "actions": [action]}
    content = [{"contentType": "Carousel", "carousel": {"cards": [card, card | {"title": "Sencha"}]}}]
    for channel in ("instagram", "tiktok"):
        seen = bridge.conversation(channel)
        reply(bridge, seen["conversation_id"], content=content, type="Structured", originatingEntity="Bot")
    payload = bridge.sent("instagram")[0]["body"]["message"]["attachment"]["payload"]
    assert [one["title"] for one in payload["elements"]] == ["Oolong", "Sencha"]
    assert "1. Reserve" in bridge.sent("tiktok")[0]["body"]["text"]["body"]


def test_choices_that_do_not_fit_are_numbered(bridge: Bridge) -> None:
    seen = bridge.conversation("tiktok")
    many = [
        {"contentType": "QuickReply", "quickReply": {"text": f"Shop {n}", "payload": str(n), "action": "Message"}}
        for n in range(1, 6)
    ]
    reply(bridge, seen["conversation_id"], text="Which shop?", content=many, type="Structured")
    assert bridge.sent("tiktok")[0]["body"]["text"]["body"] == "\n".join(
        ["Which shop?", *(f"{n}. Shop {n}" for n in range(1, 6))]
    )


# Typing, seen, profile


@pytest.mark.parametrize("channel", ["instagram", "tiktok"])
def test_typing_and_seen_reach_the_customer(bridge: Bridge, channel: str) -> None:
    seen = bridge.conversation(channel)
    bridge.post("/genesys/reply", {"conversation_id": seen["conversation_id"], "type": "Event"})
    bridge.until(lambda: bridge.metric(f"action:action=typing:channel={channel}"), "typing")
    reply(bridge, seen["conversation_id"], text="Hello!")
    bridge.until(lambda: bridge.metric(f"action:action=seen:channel={channel}"), "seen")
    sent = [str(call["body"]) for call in bridge.get(f"/{channel}/sent")]
    words = {"instagram": ("typing_on", "mark_seen"), "tiktok": ("TYPING", "MARK_READ")}[channel]
    assert [word in body for word, body in zip(words, (sent[0], sent[2]), strict=True)] == [True, True]


def test_the_customers_name_and_page_are_participant_data(bridge: Bridge) -> None:
    body = bridge.conversation()["body"]
    assert body["channel"]["from"]["nickname"]
    assert body["channel"]["from"]["firstName"]
    attributes = body["channel"]["metadata"]["customAttributes"]
    assert attributes["profileUrl"] == f"https://www.instagram.com/{attributes['username']}/"
    assert attributes["followers"].isdigit()


def test_a_profile_that_fails_delays_nothing(bridge: Bridge) -> None:
    bridge.post("/faults", {"target": "instagram", "kind": "status", "status": 500, "code": 2, "path": kinds.PERSON})
    body = bridge.conversation()["body"]
    assert body["text"] == "Hello"
    assert "nickname" not in body["channel"]["from"]


# Events that are nobody's message


def test_somebody_in_europe_is_a_notice_for_the_app(bridge: Bridge) -> None:
    raw = kinds.tiktok("im_receive_msg_eu", bridge.now_ms(), from_user=None, unique_identifier=None)
    bridge.deliver("tiktok", raw)
    bridge.until(bridge.taken, "the notice")
    assert "EEA" in texts(bridge)[0]


def test_a_withdrawn_authorisation_is_counted_as_a_stopped_account(bridge: Bridge) -> None:
    bridge.deliver("tiktok", kinds.tiktok("authorization.removed", bridge.now_ms(), reason=1))
    bridge.until(lambda: bridge.metric("account_stopped"), "the alarm's metric")
    assert bridge.taken() == []


def test_insights_are_counted_and_open_nothing(bridge: Bridge) -> None:
    raw = kinds.comment(bridge.now_ms(), "1", "x").replace(b'"comments"', b'"story_insights"')
    bridge.deliver("instagram", raw)
    bridge.until(lambda: bridge.metric("ignored"), "the count")
    assert bridge.taken() == []
