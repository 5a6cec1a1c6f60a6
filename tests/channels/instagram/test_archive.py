"""What Instagram's conversations tell becomes the very events that its webhooks would have been."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from chalicelib.channels.instagram.archive import InstagramArchive, open_archive
from chalicelib.channels.instagram.translate import TRANSLATOR
from chalicelib.channels.instagram.webhook import WEBHOOK
from chalicelib.edge.storing import events_of
from chalicelib.errors import AccountStopped, RateLimited, Refused, TokenRefused
from chalicelib.http import Outgoing
from chalicelib.protocols.archive import Written
from chalicelib.vocabulary.messages import CustomerEvent, CustomerMessage, Line
from chalicelib.vocabulary.records import Account
from sandbox.simulators.instagram.inbox import new_mid, webhook
from sandbox.simulators.instagram.simulator import InstagramSimulator
from sandbox.stage.clock import Clock
from sandbox.stage.faults import Faults
from tests.fakes import INSTAGRAM, PAGE, FakeOutgoing, answer

FIXTURES = Path(__file__).parents[2] / "fixtures" / "instagram"
NOWHERE = "http://127.0.0.1:1/"
ANA, BEN = "5550000000000001", "5550000000000002"
# What a history tells as well as a webhook does.
ALIKE = [
    "message__text", "message__text_scripts", "message__image", "message__video", "message__audio", "message__file",
    "message__several_attachments", "message__share", "message__story_mention", "message__reply_to_story",
    "message__reply_to_message", "message__unsupported",
]  # fmt: skip


class Meta:
    """A simulated Instagram whose webhooks come nowhere, and an archive that reads it."""

    def __init__(self) -> None:
        self.clock, self.faults = Clock(), Faults()
        self.sim = InstagramSimulator(self.clock, self.faults, retry_delays_s=(), echo="none")
        common: dict[str, Any] = {"app_secret": "secret", "webhook_url": NOWHERE}
        self.sim.add_account(INSTAGRAM.id, access_token="token", username=INSTAGRAM.name, **common)
        page = PAGE.options["page"]
        self.sim.add_account(PAGE.id, access_token="page-token", login="facebook", page_id=page, **common)
        self.sim.start()
        urls = {"instagram_graph": self.sim.url, "facebook_graph": self.sim.url, "graph_version": "v25.0"}
        tokens = {INSTAGRAM.secret: "token", PAGE.secret: "page-token"}
        self.archive = open_archive(Outgoing(), lambda name: {"access_token": tokens[name]}, urls.__getitem__)

    def since_ms(self, ago_s: float = 3600) -> int:
        return int((self.clock() - ago_s) * 1000)

    def all(self, account: Account = INSTAGRAM) -> list[Written]:
        """What the account's conversations hold, the newest conversation first."""
        chats = self.archive.chats(account, self.since_ms(), "")
        return [written for chat in chats.ids for written in self.archive.history(account, chat).messages]


@pytest.fixture
def meta() -> Iterator[Meta]:
    made = Meta()
    yield made
    made.sim.stop()


def events(delivery: bytes) -> list[CustomerEvent]:
    [event] = events_of(WEBHOOK, delivery, 1.8e9)
    return [
        msgspec.structs.replace(one, sent_ms=0) for one in TRANSLATOR.parse(event) if isinstance(one, CustomerMessage)
    ]


@pytest.mark.parametrize("name", ALIKE)
def test_a_message_is_the_same_event_as_its_webhook(meta: Meta, name: str) -> None:
    raw = (FIXTURES / f"{name}.json").read_bytes()
    meta.sim.deliver(raw)
    [written] = meta.all()
    [told], [webhooks] = events_of(WEBHOOK, written.delivery, 1.8e9), events_of(WEBHOOK, raw, 1.8e9)
    assert (told.id, told.party, told.account, told.group, told.dedup) == (
        webhooks.id, webhooks.party, webhooks.account, webhooks.group, webhooks.dedup,
    )  # fmt: skip
    assert events(written.delivery) == events(raw)


def test_a_tap_that_came_as_a_postback_is_known_by_that(meta: Meta) -> None:
    mid = new_mid(INSTAGRAM.id, ANA)
    said = {"mid": mid, "title": "Prices", "payload": "P"}
    raw = webhook(INSTAGRAM.id, ANA, INSTAGRAM.id, said, meta.clock(), "postback")
    meta.sim.deliver(raw)
    [written], [came] = meta.all(), events_of(WEBHOOK, raw, 1.8e9)
    assert came.id.startswith(written.also)


@pytest.mark.parametrize("account", [INSTAGRAM, PAGE], ids=["instagram_login", "facebook_login"])
def test_whose_a_message_is_and_when_it_was_written(meta: Meta, account: Account) -> None:
    first = meta.sim.write(account.id, ANA, "Hola")
    echo = {"mid": "m-app", "text": "from the app", "is_echo": True}
    meta.sim.deliver(webhook(account.id, account.id, ANA, echo, meta.clock()))
    customers, ours = meta.all(account)
    assert (customers.id, customers.own, customers.customer) == (first, False, ANA)
    assert (ours.id, ours.own, ours.customer, ours.delivery) == ("m-app", True, ANA, b"")
    assert meta.since_ms() < customers.sent_ms <= meta.since_ms(0)


def test_the_list_goes_on_page_by_page_and_ends_where_nobody_wrote_since(
    meta: Meta, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chalicelib.channels.instagram.archive.PAGE", 2)
    meta.clock.offset_s = -7200.0
    for number in range(3):
        meta.sim.write(INSTAGRAM.id, f"55500000000001{number}", "long ago")
    meta.clock.offset_s = 0.0
    for number in range(3):
        meta.sim.write(INSTAGRAM.id, f"55500000000000{number}", "now")
    first = meta.archive.chats(INSTAGRAM, meta.since_ms(), "")
    second = meta.archive.chats(INSTAGRAM, meta.since_ms(), first.cursor)
    third = meta.archive.chats(INSTAGRAM, meta.since_ms(), second.cursor)
    assert [len(page.ids) for page in (first, second, third)] == [2, 1, 0]
    assert third.cursor == ""
    with pytest.raises(Refused):
        meta.archive.chats(INSTAGRAM, meta.since_ms(), "gone")


def test_only_the_20_newest_are_told_and_that_there_are_more(meta: Meta) -> None:
    mids = [meta.sim.write(INSTAGRAM.id, ANA, f"{number}") for number in range(25)]
    [chat] = meta.archive.chats(INSTAGRAM, meta.since_ms(), "").ids
    history = meta.archive.history(INSTAGRAM, chat)
    assert [written.id for written in history.messages] == mids[5:]
    assert not history.whole
    meta.sim.write(INSTAGRAM.id, BEN, "Hola")
    newest = meta.archive.chats(INSTAGRAM, meta.since_ms(), "").ids[0]
    assert meta.archive.history(INSTAGRAM, newest).whole


def test_a_field_that_meta_does_not_know_is_left_out(meta: Meta) -> None:
    meta.sim.metadata = "refused"  # and it is unknown in the history, too
    meta.sim.write(INSTAGRAM.id, ANA, "Hola")
    assert [written.mark for written in meta.all()] == [""]
    assert len(meta.all()) == 1


def archive(*answers: Any) -> InstagramArchive:
    urls = {"instagram_graph": "https://g", "facebook_graph": "https://g", "graph_version": "v25.0"}
    return open_archive(FakeOutgoing(*answers), lambda name: {"access_token": "token"}, urls.__getitem__)


@pytest.mark.parametrize(
    ("error", "raised"),
    [
        ({"code": 4}, RateLimited),
        ({"code": 613}, RateLimited),
        ({"code": 190}, TokenRefused),
        ({"code": 200, "error_subcode": 2534041}, AccountStopped),
    ],
)
def test_what_meta_refuses_is_told_by_what_must_happen_next(error: dict[str, int], raised: type[Exception]) -> None:
    with pytest.raises(raised):
        archive(answer(400, {"error": error | {"message": "no"}})).chats(INSTAGRAM, 0, "")


def test_what_says_too_little_is_no_message() -> None:
    at = "2026-11-27T03:00:00+0000"
    known = {"id": "m1", "created_time": at, "from": {"id": ANA}, "to": {"data": [{"id": INSTAGRAM.id}]}}
    odd: list[Any] = [
        {"id": "m2", "created_time": at},
        {"id": "m3", "from": {"id": ANA}},
        {"created_time": at, "from": {"id": ANA}},
        {"id": 5, "created_time": 7, "from": "x"},
        "no object",
        known,
    ]
    for body, ids in (({"messages": {"data": odd}}, ["m1"]), ({"messages": None}, []), ({"messages": []}, [])):
        assert [one.id for one in archive(answer(200, body)).history(INSTAGRAM, "c").messages] == ids
    [written] = archive(answer(200, {"messages": {"data": [known]}})).history(INSTAGRAM, "c").messages
    [shown] = events(written.delivery)
    assert isinstance(shown, CustomerMessage)
    assert shown.lines == (Line("unsupported", {"platform": "Instagram"}),)
