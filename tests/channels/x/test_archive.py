"""What X's history tells becomes the very events that its webhooks would have been."""

from __future__ import annotations

import json
from base64 import b64encode
from typing import Any
from urllib.parse import parse_qs, urlsplit

import msgspec
import pytest

from chalicelib.channels.x import archive
from chalicelib.channels.x.archive import XArchive, open_archive
from chalicelib.channels.x.translate import TRANSLATOR
from chalicelib.channels.x.webhook import WEBHOOK
from chalicelib.edge.storing import events_of
from chalicelib.errors import AccountStopped, RateLimited, Retryable, Throttled, TokenRefused, Uncertain
from chalicelib.http import Answer
from chalicelib.protocols.archive import Written
from chalicelib.vocabulary.messages import CustomerMessage, Sealed
from tests.channels.x.kit import ANA, API, BRAND, SETTINGS, TOKEN
from tests.channels.x.test_client import limited, problem
from tests.fakes import FakeClock, FakeMemory, FakeOutgoing, answer

DAY_MS = 86_400_000
NOON_MS = 1_800_014_400_000  # 2027-01-15T12:00:00Z
PAIR = f"{BRAND.id}-{ANA}"
USER = {"id": ANA, "name": "Ana", "username": "ana_verde", "profile_image_url": "https://pbs.twimg.com/a.jpg"}


class Kit:
    def __init__(self, *answers: Answer | Exception) -> None:
        self.http = FakeOutgoing(*answers)
        clock = FakeClock()
        self.archive: XArchive = open_archive(
            self.http, lambda name: TOKEN, SETTINGS.__getitem__, FakeMemory(clock), clock
        )

    def paths(self) -> list[str]:
        return [call.url.removeprefix(API).partition("?")[0] for call in self.http.calls]

    def queries(self) -> list[dict[str, str]]:
        asked = [parse_qs(urlsplit(call.url).query) for call in self.http.calls]
        return [{name: values[0] for name, values in one.items()} for one in asked]


def event(identifier: str, text: str = "Hola", sender: str = ANA, where: str = PAIR, **more: Any) -> dict[str, Any]:
    made = {"id": identifier, "event_type": "MessageCreate", "text": text, "sender_id": sender,
            "created_at": "2027-01-15T12:00:00.000Z", "dm_conversation_id": where}  # fmt: skip
    return made | more


def page(*events: dict[str, Any], following: str = "", media: Any = (), users: Any = (USER,)) -> Answer:
    meta = {"result_count": len(events)} | ({"next_token": following} if following else {})
    return answer(200, {"data": list(events), "meta": meta, "includes": {"media": list(media), "users": list(users)}})


NO_CHATS = answer(200, {"data": [], "meta": {"has_message_requests": False}})


def shown(written: Written) -> list[CustomerMessage]:
    [event] = events_of(WEBHOOK, written.delivery, 1.8e9)
    assert (event.account, event.section, event.id) == (BRAND.id, "", f"dm:{written.id}")
    assert event.sent_ms == written.sent_ms
    return [one for one in TRANSLATOR.parse(event) if isinstance(one, CustomerMessage)]


def test_messages_are_listed_once_for_all_their_conversations() -> None:
    kit = Kit(
        page(event("3", "y tú"), event("2", "Hello", sender=BRAND.id), event("1"), event("9", where=f"3-{BRAND.id}"))
    )
    chats = kit.archive.chats(BRAND, NOON_MS - DAY_MS, "")
    assert set(chats.ids) == {f"dm:{PAIR}", f"dm:3-{BRAND.id}"}
    history = kit.archive.history(BRAND, f"dm:{PAIR}")
    assert (history.whole, {one.id for one in history.messages}) == (True, {"1", "2", "3"})
    assert {one.id: (one.own, one.customer, one.text, bool(one.delivery)) for one in history.messages}["2"] == (
        True, ANA, "Hello", False,
    )  # fmt: skip
    assert kit.paths() == ["/2/dm_events"]
    assert kit.archive.chats(BRAND, NOON_MS - DAY_MS, "") == chats, "gone on with, not asked for again"
    assert len(kit.http.calls) == 1


def test_a_plain_message_is_the_event_that_its_webhook_would_have_been() -> None:
    kit = Kit(page(event("1")))
    kit.archive.chats(BRAND, NOON_MS - DAY_MS, "")
    [written] = kit.archive.history(BRAND, f"dm:{PAIR}").messages
    webhook = {"data": {"event_type": "dm.received", "event_uuid": "-5", "filter": {"user_id": BRAND.id}, "payload": {
        "direct_message_events": [{"type": "message_create", "id": "1", "created_timestamp": str(NOON_MS),
            "message_create": {"target": {"recipient_id": BRAND.id}, "sender_id": ANA, "message_data": {
                "text": "Hola", "entities": {"hashtags": [], "urls": []}}}}],
        "users": {ANA: {"data": USER}}}}}  # fmt: skip
    [told], [brought] = (
        events_of(WEBHOOK, json.dumps(webhook).encode(), 1.8e9),
        events_of(WEBHOOK, written.delivery, 1.8e9),
    )
    assert (brought.id, brought.group, brought.dedup, brought.sent_ms) == (
        told.id,
        told.group,
        told.dedup,
        told.sent_ms,
    )
    assert TRANSLATOR.parse(brought) == TRANSLATOR.parse(told)


PHOTO = {"media_key": "3_77", "type": "photo", "url": "https://ton.twitter.com/1.1/ton/data/dm/1/77/a.jpg"}
FILM = {"media_key": "7_78", "type": "video", "duration_ms": 9000, "variants": [
    {"content_type": "application/x-mpegURL", "url": "https://video.twimg.com/a.m3u8"},
    {"content_type": "video/mp4", "bit_rate": 832000, "url": "https://video.twimg.com/a.mp4"}]}  # fmt: skip
OWN_LINK = {"urls": [{"start": 5, "end": 28, "url": "https://t.co/dOLqpmn7zX", "display_url": "pic.twitter.com/dO",
                      "expanded_url": "https://twitter.com/messages/media/1"}]}  # fmt: skip


@pytest.mark.parametrize(
    ("file", "url", "kind"),
    [
        (PHOTO, "https://ton.twitter.com/1.1/ton/data/dm/1/77/a.jpg", "image"),
        (FILM, "https://video.twimg.com/a.mp4", "video"),
        (FILM | {"type": "animated_gif"}, "https://video.twimg.com/a.mp4", "video"),
    ],
)
def test_a_file_comes_with_its_words_and_without_its_link(file: dict[str, Any], url: str, kind: str) -> None:
    told = event(
        "1", "Look https://t.co/dOLqpmn7zX", entities=OWN_LINK, attachments={"media_keys": [file["media_key"]]}
    )
    kit = Kit(page(told, media=[file]))
    kit.archive.chats(BRAND, NOON_MS - DAY_MS, "")
    [written] = kit.archive.history(BRAND, f"dm:{PAIR}").messages
    assert written.text == "Look"
    caption, picture = shown(written)
    assert caption.text == "Look"
    assert picture.media is not None
    assert (picture.media.url, picture.media.kind) == (url, kind)


def test_a_group_is_one_conversation_of_all_who_write_there() -> None:
    kit = Kit(page(event("1", where="1578398451921985538"), event("2", sender="3", where="1578398451921985538")))
    [chat] = kit.archive.chats(BRAND, NOON_MS - DAY_MS, "").ids
    messages = kit.archive.history(BRAND, chat).messages
    assert {one.customer for one in messages} == {"g1578398451921985538"}
    assert {shown(one)[0].conversation.customer for one in messages} == {"g1578398451921985538"}


def test_the_list_ends_where_it_reaches_back_far_enough() -> None:
    old = event("0", created_at="2027-01-13T12:00:00.000Z")
    kit = Kit(page(event("2"), following="n" * 16), page(event("1"), old, following="m" * 16), NO_CHATS)
    chats = kit.archive.chats(BRAND, NOON_MS - DAY_MS, "")
    assert [one.id for one in kit.archive.history(BRAND, f"dm:{PAIR}").messages] == ["2", "1"]
    assert kit.queries()[1]["pagination_token"] == "n" * 16
    assert kit.archive.chats(BRAND, NOON_MS - DAY_MS, chats.cursor).cursor == ""
    assert kit.paths()[-1] == "/2/chat/conversations"


@pytest.mark.parametrize("ends", ["pages", "limit"])
def test_a_long_list_is_gone_on_with_from_where_it_was_read(ends: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "PAGES", 2 if ends == "pages" else 9)
    pages = [page(event(str(number)), following=f"token-{number:010}") for number in (5, 4)]
    kit = Kit(*pages, *([limited(1_800_000_600.0)] if ends == "limit" else []), page(event("3")))
    first = kit.archive.chats(BRAND, NOON_MS - DAY_MS, "")
    assert first.cursor == "dm:token-0000000004"
    if ends == "limit":
        return
    second = kit.archive.chats(BRAND, NOON_MS - DAY_MS, first.cursor)
    assert kit.queries()[-1]["pagination_token"] == "token-0000000004"
    assert second.cursor == "chat:"
    assert [one.id for one in kit.archive.history(BRAND, f"dm:{PAIR}").messages] == ["3"]


def test_a_list_that_names_one_page_for_ever_ends() -> None:
    stuck = page(event("1"), following="n" * 16)
    kit = Kit(stuck, stuck, stuck)
    assert kit.archive.chats(BRAND, NOON_MS - DAY_MS, "").cursor == "chat:"
    assert len(kit.http.calls) == 2


def test_another_container_asks_for_the_conversation_itself() -> None:
    kit = Kit(page(event("2"), event("1"), following="n" * 16))
    history = kit.archive.history(BRAND, f"dm:{PAIR}")
    assert (len(history.messages), history.whole) == (2, False)
    assert kit.paths() == [f"/2/dm_conversations/{PAIR}/dm_events"]


@pytest.mark.parametrize(
    "changed",
    [{"id": ""}, {"sender_id": None}, {"created_at": "soon"}, {"dm_conversation_id": ""},
     {"dm_conversation_id": "5-6"}, {"event_type": "ParticipantsJoin"}],
)  # fmt: skip
def test_what_says_too_little_is_no_message(changed: dict[str, Any]) -> None:
    kit = Kit(page(event("1") | changed, event("2")))
    kit.archive.chats(BRAND, NOON_MS - DAY_MS, "")
    assert [one.id for one in kit.archive.history(BRAND, f"dm:{PAIR}").messages] == ["2"]


# --- encrypted


def field(number: int, body: bytes, kind: int = 11) -> bytes:
    """A field of a Thrift struct: a text, or a struct."""
    size = len(body).to_bytes(4, "big") if kind == 11 else b""
    return bytes([kind]) + number.to_bytes(2, "big") + size + body


def encoded(
    message: str,
    sender: str = ANA,
    about: int = 1,
    where: str = f"{BRAND.id}:{ANA}",
    sequence: str = "2125946133279670273",
    previous: str = "",
) -> str:
    """An event with a readable head, and nothing that anybody could open."""
    texts = {1: sequence, 2: message, 3: sender, 4: where, 6: str(NOON_MS)} | ({10: previous} if previous else {})
    head = b"".join(field(number, text.encode()) for number, text in texts.items())
    return b64encode(head + field(7, field(about, b"\0", 12) + b"\0", 12) + b"\0").decode()


def sealed(*events: dict[str, Any], keys: Any = ("a2V5",), following: str = "") -> Answer:
    meta: dict[str, Any] = {"conversation_key_events": list(keys)} | ({"next_token": following} if following else {})
    return answer(200, {"data": list(events), "meta": meta})


def test_encrypted_conversations_are_listed_behind_the_plain_ones() -> None:
    listed = [
        {"id": PAIR, "updated_at": "2027-01-15T12:00:00.000Z"}, {"id": "g77"},
        {"id": "3-4", "updated_at": "2027-01-01T00:00:00.000Z"}, {"id": ""},
    ]  # fmt: skip
    kit = Kit(answer(200, {"data": listed, "meta": {"next_token": "t2"}}), NO_CHATS)
    first = kit.archive.chats(BRAND, NOON_MS - DAY_MS, "chat:")
    assert (first.ids, first.cursor) == ((f"chat:{PAIR}", "chat:g77"), "chat:t2")
    assert kit.archive.chats(BRAND, NOON_MS - DAY_MS, "chat:t2").cursor == ""
    assert kit.queries()[1]["pagination_token"] == "t2"


@pytest.mark.parametrize(("keys", "passed"), [(["a2V5"], "a2V5"), (["a2V5", "b2xk"], None), ([], None), (None, None)])
def test_an_encrypted_message_is_the_event_that_its_webhook_would_have_been(keys: Any, passed: str | None) -> None:
    """X names the conversation with a hyphen in a path, and the key where it has had only one."""
    said = {"id": "2125946133279670273", "encoded_event": encoded("m-1"), "conversation_token": "tok",
            "created_at": "2027-01-15T12:00:00.000Z", "sender_id": ANA}  # fmt: skip
    kit = Kit(sealed(said, keys=keys or ()))
    history = kit.archive.history(BRAND, f"chat:{BRAND.id}:{ANA}")
    assert kit.paths() == [f"/2/chat/conversations/{PAIR}/events"]
    [written] = history.messages
    assert (written.id, written.customer, written.own, written.sent_ms, written.text) == (
        "m-1",
        ANA,
        False,
        NOON_MS,
        "",
    )
    [event] = events_of(WEBHOOK, written.delivery, 1.8e9)
    assert (event.id, event.party, event.sent_ms) == ("chat:m-1", ANA, NOON_MS)
    [one] = TRANSLATOR.parse(event)
    assert isinstance(one, Sealed)
    assert (one.own, one.silent, one.thread) == (False, False, f"{BRAND.id}:{ANA}")
    payload = msgspec.json.decode(written.delivery)["data"]["payload"]
    assert payload.get("conversation_key_change_event") == passed
    assert payload["conversation_token"] == "tok"


def test_what_nobody_said_is_no_message_and_what_we_said_is_told_of_without_a_delivery() -> None:
    events = [encoded("m-1", about=12), encoded("m-2", sender=BRAND.id), "no base64!", "", encoded("m-4", where="3:4")]
    kit = Kit(sealed(*[{"encoded_event": one} for one in events], following="t"))
    history = kit.archive.history(BRAND, f"chat:{PAIR}")
    assert [(one.id, one.own, one.delivery) for one in history.messages] == [("m-2", True, b"")]
    assert not history.whole


@pytest.mark.parametrize(
    ("chain", "whole"),
    [
        ([("99", "8"), ("100", "99"), ("101", "100")], True),
        ([("99", "8"), ("101", "100")], False),
        ([("99", "8"), ("100", "99"), ("103", "102"), ("102", "101")], False),
        ([("99", ""), ("100", "")], True),
    ],
)
def test_what_x_leaves_out_between_two_events_is_told(chain: list[tuple[str, str]], whole: bool) -> None:
    events = [{"encoded_event": encoded(f"m-{one}", sequence=one, previous=before)} for one, before in chain[::-1]]
    assert Kit(sealed(*events, keys=())).archive.history(BRAND, f"chat:{PAIR}").whole is whole


def test_a_key_event_is_in_the_chain_though_it_stands_apart() -> None:
    change = encoded("k-1", about=3, sequence="100", previous="99")
    events = [
        {"encoded_event": encoded("m", sequence=one, previous=before)} for one, before in (("101", "100"), ("99", ""))
    ]
    assert Kit(sealed(*events, keys=[change])).archive.history(BRAND, f"chat:{PAIR}").whole


def test_an_account_that_has_no_encrypted_conversations_is_compared_all_the_same() -> None:
    kit = Kit(problem(404))
    assert kit.archive.chats(BRAND, 0, "chat:").ids == ()


@pytest.mark.parametrize("cursor", ["", "chat:"])
@pytest.mark.parametrize(
    ("no", "raised"),
    [
        (limited(1_800_000_600.0), Throttled), (problem(401), TokenRefused), (problem(500), Retryable),
        (problem(403, "missing scope"), AccountStopped), (Uncertain("no answer"), Retryable),
        (problem(402), AccountStopped),
    ],
)  # fmt: skip
def test_what_x_refuses_is_told_by_what_must_happen_next(
    cursor: str, no: Answer | Exception, raised: type[Exception]
) -> None:
    with pytest.raises(raised):
        Kit(no).archive.chats(BRAND, 0, cursor)
    assert issubclass(Throttled, RateLimited), "a comparison rests for it"
