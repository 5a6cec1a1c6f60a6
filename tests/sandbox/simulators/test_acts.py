"""Every action of a customer: delivered, and read by the product's own translators as what it is."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from chalicelib.channels.instagram.translate import TRANSLATOR as INSTAGRAM
from chalicelib.channels.instagram.webhook import WEBHOOK as INSTAGRAM_WEBHOOK
from chalicelib.channels.tiktok.translate import TRANSLATOR as TIKTOK
from chalicelib.channels.tiktok.webhook import WEBHOOK as TIKTOK_WEBHOOK
from chalicelib.edge.storing import events_of
from chalicelib.vocabulary.messages import CustomerEvent, CustomerMessage, Led, Note
from sandbox.simulators.instagram.acts import InstagramActs
from sandbox.simulators.instagram.simulator import InstagramSimulator
from sandbox.simulators.tiktok.acts import TikTokActs
from sandbox.simulators.tiktok.simulator import TikTokSimulator
from sandbox.stage.acts import Act
from sandbox.stage.clock import Clock
from sandbox.stage.faults import Faults
from tests.sandbox.conftest import Receiver

SHOP, PERSON = "17841400000000001", "1000000000000001"
TIKTOK_SHOP, TIKTOK_PERSON = "-000Business", "+Customer"
ABOUT = {"reaction", "unsend", "edit", "read"}


@pytest.fixture
def instagram(clock: Clock, faults: Faults, receiver: Receiver) -> Iterator[InstagramActs]:
    simulator = InstagramSimulator(clock, faults, retry_delays_s=())
    simulator.add_account(SHOP, access_token="IGAA1", app_secret="s", webhook_url=receiver.url)
    simulator.start()
    yield InstagramActs(simulator, clock)
    simulator.stop()


@pytest.fixture
def tiktok(clock: Clock, faults: Faults, receiver: Receiver) -> Iterator[TikTokActs]:
    simulator = TikTokSimulator(clock, faults, retry_delays_s=())
    simulator.add_account(
        TIKTOK_SHOP,
        app_id="1",
        app_secret="s",
        access_token="a",
        refresh_token="r",
        webhook_url=receiver.url,
        event_types=("DIRECT_MESSAGE", "COMMENT", "BRAND_MENTION"),
    )
    simulator.start()
    yield TikTokActs(simulator, clock)
    simulator.stop()


def happened(source: str, raw: bytes) -> CustomerEvent:
    """The first thing that the product reads in a delivery."""
    webhook, translator = (INSTAGRAM_WEBHOOK, INSTAGRAM) if source == "instagram" else (TIKTOK_WEBHOOK, TIKTOK)
    (event,) = events_of(webhook, raw, 0)
    return translator.parse(event)[0]


def shown(event: Any) -> tuple[str, ...]:
    """The type, the bridge's lines, and the kind of the file."""
    media = getattr(event, "media", None)
    keys = [line.key for line in getattr(event, "lines", ())]
    return (type(event).__name__, *keys, *([media.kind] if media else []))


@pytest.mark.parametrize(
    ("action", "expected"),
    [
        ("text", ("CustomerMessage",)),
        ("picture", ("CustomerMessage", "image")),
        ("video", ("CustomerMessage", "video")),
        ("voice", ("CustomerMessage", "audio")),
        ("file", ("CustomerMessage", "file")),
        ("sticker", ("CustomerMessage", "image")),
        ("story_mention", ("CustomerMessage", "story_mention")),
        ("story_reply", ("CustomerMessage", "story_reply")),
        ("share", ("CustomerMessage", "post_shared")),
        ("reaction", ("Note", "reacted")),
        ("unsend", ("Note", "unsent")),
        ("edit", ("Note", "edited")),
        ("comment", ("CustomerMessage", "comment", "answer_privately")),
        ("mention", ("CustomerMessage", "mention_comment")),
        ("card", ("CustomerMessage",)),
        ("place", ("CustomerMessage",)),
        ("read", ("Note", "read")),
        ("echo", ("Echo", "echo_app")),
        ("referral", ("CustomerMessage", "from_ad")),
    ],
)
def test_what_a_customer_does_on_instagram(
    instagram: InstagramActs, receiver: Receiver, action: str, expected: tuple[str, ...]
) -> None:
    text = "" if action in {"picture", "video", "voice", "file", "sticker", "story_mention", "share"} else "❤️"
    about = "m-1" if action in ABOUT else ""
    identifier = instagram.do(SHOP, PERSON, Act(action=action, text=text, about=about))
    raw = receiver.wait(1)[0].body
    assert shown(happened("instagram", raw))[: len(expected)] == expected
    assert identifier in json.dumps(json.loads(raw))


@pytest.mark.parametrize(
    ("action", "expected"),
    [
        ("text", ("CustomerMessage",)),
        ("picture", ("CustomerMessage", "image")),
        ("video", ("CustomerMessage", "video")),
        ("share", ("CustomerMessage", "post_shared")),
        ("sticker", ("CustomerMessage", "sticker")),
        ("reaction", ("Note", "reacted")),
        ("read", ("Note", "read")),
        ("comment", ("CustomerMessage", "high_intent", "answer_privately")),
        ("mention", ("CustomerMessage", "mention_video")),
        ("referral", ("Led",)),
        ("echo", ("Echo", "echo_app")),
    ],
)
def test_what_a_customer_does_on_tiktok(
    tiktok: TikTokActs, receiver: Receiver, action: str, expected: tuple[str, ...]
) -> None:
    act = Act(action=action, text="Hola", about="m-1" if action == "reaction" else "")
    tiktok.do(TIKTOK_SHOP, TIKTOK_PERSON, act)
    assert shown(happened("tiktok", receiver.wait(1)[0].body))[: len(expected)] == expected


def test_a_card_and_a_place_come_without_words(instagram: InstagramActs, receiver: Receiver) -> None:
    for action in ("card", "place"):
        instagram.do(SHOP, PERSON, Act(action=action))
    first, second = receiver.wait(2)
    assert shown(happened("instagram", first.body)) == ("CustomerMessage", "card")
    assert shown(happened("instagram", second.body)) == ("CustomerMessage", "location")


def test_a_link_leads_here(instagram: InstagramActs, receiver: Receiver) -> None:
    instagram.do(SHOP, PERSON, Act(action="link", text="poster"))
    led = happened("instagram", receiver.wait(1)[0].body)
    assert isinstance(led, Led)
    assert (led.conversation.customer, led.attributes["ref"], led.from_ad) == (PERSON, "poster", False)


def test_edits_are_counted(instagram: InstagramActs, receiver: Receiver) -> None:
    for about in ("m-1", "m-1", "m-2"):
        instagram.do(SHOP, PERSON, Act(action="edit", text="x", about=about))
    notes = [happened("instagram", call.body) for call in receiver.wait(3)]
    assert sorted((note.about, note.edit) for note in notes if isinstance(note, Note)) == [
        ("m-1", 1), ("m-1", 2), ("m-2", 1),
    ]  # fmt: skip


def test_a_message_quotes_another(instagram: InstagramActs, tiktok: TikTokActs, receiver: Receiver) -> None:
    instagram.do(SHOP, PERSON, Act(action="text", text="That one", about="m-1"))
    tiktok.do(TIKTOK_SHOP, TIKTOK_PERSON, Act(action="text", text="That one", about="m-1"))
    first, second = receiver.wait(2)
    quoting = happened("instagram", first.body)
    assert isinstance(quoting, CustomerMessage)
    assert (shown(quoting)[1], quoting.quotes) == ("quotes", "m-1")
    assert shown(happened("tiktok", second.body))[1:] != ()


@pytest.mark.parametrize("action", ["voice", "file", "story_mention", "story_reply", "unsend", "edit", "dance"])
def test_what_tiktok_lacks_is_answered_with_what_it_has(tiktok: TikTokActs, receiver: Receiver, action: str) -> None:
    with pytest.raises(ValueError, match="action must be one of: text, picture, video"):
        tiktok.do(TIKTOK_SHOP, TIKTOK_PERSON, Act(action=action, text="x", about="m-1"))
    assert receiver.calls == []


@pytest.mark.parametrize(
    ("act", "missing"),
    [
        (Act(action="text"), "text"),
        (Act(action="edit", about="m-1"), "text"),
        (Act(action="unsend"), "about"),
        (Act(action="reaction", text="❤️"), "about"),
        (Act(action="tap"), "about"),
        (Act(action="dance"), "one of"),
    ],
)
def test_what_is_missing_is_named(instagram: InstagramActs, act: Act, missing: str) -> None:
    with pytest.raises(ValueError, match=missing):
        instagram.do(SHOP, PERSON, act)


def taps(do: Callable[[str, str, Act], str], account: str, person: str) -> None:
    do(account, person, Act(action="tap", about="nothing", choice="Yes"))


def test_only_what_was_sent_can_be_tapped(instagram: InstagramActs, tiktok: TikTokActs) -> None:
    with pytest.raises(ValueError, match="nothing"):
        taps(instagram.do, SHOP, PERSON)
    with pytest.raises(ValueError, match="no conversation"):
        taps(tiktok.do, TIKTOK_SHOP, TIKTOK_PERSON)
