"""What TikTok's conversations tell becomes the very events that its webhooks would have been."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from chalicelib.channels.tiktok.archive import TikTokArchive, open_archive
from chalicelib.channels.tiktok.translate import TRANSLATOR
from chalicelib.channels.tiktok.webhook import WEBHOOK
from chalicelib.edge.storing import events_of
from chalicelib.errors import AccountStopped, RateLimited, Retryable, TokenRefused
from chalicelib.http import Outgoing
from chalicelib.protocols.archive import Written
from chalicelib.vocabulary.messages import CustomerEvent, CustomerMessage
from chalicelib.vocabulary.records import Account
from sandbox.simulators.tiktok.simulator import TikTokSimulator
from sandbox.stage.clock import Clock
from sandbox.stage.faults import Faults
from tests.fakes import TIKTOK, FakeOutgoing, answer

FIXTURES = Path(__file__).parents[2] / "fixtures" / "tiktok"
NOWHERE = "http://127.0.0.1:9/"
ALIKE = [
    "text", "text_scripts", "image", "video", "share_post", "sticker", "emoji", "other", "quoted_reply",
    "template_question",
]  # fmt: skip


class Both:
    """A simulated TikTok whose webhooks come nowhere, and an archive that reads it."""

    def __init__(self, account: Account) -> None:
        self.account, self.clock = account, Clock()
        self.sim = TikTokSimulator(self.clock, Faults(), retry_delays_s=(), echo="none")
        self.sim.add_account(
            account.id, app_id="7", app_secret="x", access_token="act.1", refresh_token="rft.1", webhook_url=NOWHERE
        )
        self.sim.start()
        self.archive = open_archive(Outgoing(), lambda name: {"access_token": "act.1"}, lambda name: self.sim.url)

    def since_ms(self, ago_s: float = 3600) -> int:
        return int((self.clock() - ago_s) * 1000)

    def chats(self) -> list[str]:
        """Of both lists, page by page."""
        cursor, found = "", list[str]()
        for _ in range(9):
            page = self.archive.chats(self.account, self.since_ms(), cursor)
            found += page.ids
            cursor = page.cursor
            if not cursor:
                return found
        raise AssertionError("the list never ends")

    def all(self) -> list[Written]:
        return [written for chat in self.chats() for written in self.archive.history(self.account, chat).messages]


@pytest.fixture
def both() -> Iterator[Both]:
    made = Both(TIKTOK)
    yield made
    made.sim.stop()


def shown(delivery: bytes) -> list[CustomerEvent]:
    [event] = events_of(WEBHOOK, delivery, 1.8e9)
    told = [one for one in TRANSLATOR.parse(event) if isinstance(one, CustomerMessage)]
    # whether somebody follows the account stands in the webhook only
    return [msgspec.structs.replace(one, attributes={}) for one in told]


@pytest.mark.parametrize("kind", ALIKE)
def test_a_message_is_the_same_event_as_its_webhook(kind: str) -> None:
    raw = (FIXTURES / f"im_receive_msg__{kind}.json").read_bytes()
    both = Both(msgspec.structs.replace(TIKTOK, id=json.loads(raw)["user_openid"]))
    try:
        both.sim.deliver(raw)
        [written] = both.all()
    finally:
        both.sim.stop()
    [told], [webhooks] = events_of(WEBHOOK, written.delivery, 1.8e9), events_of(WEBHOOK, raw, 1.8e9)
    assert (told.id, told.group, told.dedup, told.sent_ms) == (
        webhooks.id, webhooks.group, webhooks.dedup, webhooks.sent_ms,
    )  # fmt: skip
    assert shown(written.delivery) == shown(raw)


def test_both_lists_are_read_page_by_page_and_old_ones_left_out(both: Both, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("chalicelib.channels.tiktok.archive.PAGE", 2)
    both.clock.offset_s = -7200.0
    both.sim.write(TIKTOK.id, "+Old/1=", "long ago")
    both.clock.offset_s = 0.0
    for number in range(3):
        both.sim.write(TIKTOK.id, f"+New/{number}=", "now")
    both.sim.say(TIKTOK.id, "+New/1=", {"type": "text", "text": {"body": "from the app"}}, by_brand=True)
    assert len(both.chats()) == len(set(both.chats())) == 3
    customers, ours = [one for one in both.all() if one.customer == "+New/1="]
    assert (customers.own, ours.own, ours.delivery) == (False, True, b"")


def test_only_the_20_newest_are_told_and_that_there_are_more(both: Both) -> None:
    ids = [both.sim.write(TIKTOK.id, "+Ana/1=", f"{number}") for number in range(22)]
    [chat] = both.chats()
    history = both.archive.history(TIKTOK, chat)
    assert [written.id for written in history.messages] == ids[2:]
    assert not history.whole


def archive(*answers: Any) -> TikTokArchive:
    return open_archive(FakeOutgoing(*answers), lambda name: {"access_token": "act.1"}, lambda name: "https://t")


@pytest.mark.parametrize(
    ("code", "raised"),
    [(40100, RateLimited), (40105, TokenRefused), (40001, AccountStopped), (50000, Retryable)],
)
def test_what_tiktok_refuses_is_told_by_what_must_happen_next(code: int, raised: type[Exception]) -> None:
    with pytest.raises(raised):
        archive(answer(200, {"code": code, "message": "no", "data": {}})).chats(TIKTOK, 0, "")


def test_a_list_that_names_one_cursor_for_ever_ends() -> None:
    stuck = answer(200, {"code": 0, "data": {"conversations": [], "has_more": True, "cursor": 0}})
    first = archive(stuck).chats(TIKTOK, 0, "")
    assert first.cursor == "SINGLE:0"
    assert archive(stuck).chats(TIKTOK, 0, first.cursor).cursor == ""


def test_what_says_too_little_is_no_message() -> None:
    known = {"message_id": "m1", "timestamp": 1_800_000_000_000, "from_user": {"id": "c"}, "message_type": "TEXT"}
    odd: list[Any] = [
        known | {"message_id": ""},
        known | {"timestamp": "soon"},
        known | {"from_user": None},
        known | {"message_type": "REACTION"},
        "no object",
        known,
    ]
    held = archive(answer(200, {"code": 0, "data": {"messages": odd}})).history(TIKTOK, "thread")
    assert [written.id for written in held.messages] == ["m1"]
    [message] = shown(held.messages[0].delivery)
    assert isinstance(message, CustomerMessage)
    assert message.platform_thread == "thread"
