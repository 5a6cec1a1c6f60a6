"""The client against the simulated TikTok, over real HTTP: each believes the same page of the documentation."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Literal

import pytest

from chalicelib.channels.tiktok.client import TikTokClient, open_client
from chalicelib.errors import RateLimited, Refused, Retryable, TokenRefused, Unfetched
from chalicelib.http import Outgoing
from chalicelib.vocabulary.messages import CustomerMessage, Media
from chalicelib.vocabulary.records import Account, Conversation
from chalicelib.vocabulary.replies import Choice, ChoicesPart, MediaPart, Part, Recipient, TextPart
from sandbox.simulators.tiktok import inbox
from sandbox.simulators.tiktok.simulator import TikTokSimulator
from sandbox.stage.clock import Clock
from sandbox.stage.faults import Faults

SHOP = Account(channel="tiktok", id="-000Shop", integration="i", secret="s/tt")
ANA = "+Ana/1="
THREAD = inbox.conversation_id_of(SHOP.id, ANA)
TO = Recipient(customer=ANA, thread=THREAD)
NOWHERE = "http://127.0.0.1:9/"
PNG = b"\x89PNG\r\n\x1a\n\r\n--\r\n" + bytes(range(256))
PICTURE = MediaPart(kind="image", mime="image/png", name="té.png", body=PNG)


@dataclass
class Both:
    sim: TikTokSimulator
    client: TikTokClient
    http: Outgoing
    clock: Clock
    faults: Faults

    def last_sent(self) -> dict[str, Any]:
        return self.sim.sent()[-1]


@pytest.fixture
def both() -> Iterator[Both]:
    clock, http, faults = Clock(), Outgoing(), Faults()
    sim = TikTokSimulator(clock, faults, retry_delays_s=(), echo="none")
    sim.add_account(
        SHOP.id, app_id="7", app_secret="x", access_token="act.1", refresh_token="rft.1", webhook_url=NOWHERE
    )
    sim.start()
    yield Both(
        sim, open_client(http, lambda name: {"access_token": "act.1"}, lambda name: sim.url), http, clock, faults
    )
    sim.stop()


@pytest.fixture
def ana(both: Both) -> Both:
    """Ana has written."""
    both.sim.write(SHOP.id, ANA, "Hola")
    return both


def test_a_text(ana: Both) -> None:
    assert ana.client.send(SHOP, TO, TextPart("¡Sí! 🚚")) == ana.last_sent()["message_id"]


def test_a_picture_in_a_conversation_that_was_never_answered_and_in_one_that_was(ana: Both) -> None:
    for _ in range(2):
        assert ana.client.send(SHOP, TO, PICTURE) == ana.last_sent()["message_id"]
    kept = ana.sim.uploads()
    assert [one["sha256"] for one in kept] == [hashlib.sha256(PNG).hexdigest()] * 2
    assert (kept[0]["name"], kept[0]["mime"]) == ("té.png", "image/png")


def test_a_picture_where_none_is_taken(ana: Both) -> None:
    ana.sim.images_allowed = False
    with pytest.raises(Refused) as caught:
        ana.client.send(SHOP, TO, PICTURE)
    assert caught.value.reason == "media_refused"
    assert ana.sim.uploads() == []


def test_a_picture_too_big(ana: Both) -> None:
    big = MediaPart(kind="image", mime="image/png", name="a.png", body=PNG.ljust(3 * 1024 * 1024 + 1, b"x"))
    with pytest.raises(Refused) as caught:
        ana.client.send(SHOP, TO, big)
    assert caught.value.reason == "media_too_big"


def test_choices_can_be_tapped(ana: Both) -> None:
    choices = (Choice(text="Track my order", payload="dm.x.0"), Choice(text="A human", payload="dm.x.1"))
    sent = ana.client.send(SHOP, TO, ChoicesPart(text="How can we help?", choices=choices))
    assert ana.sim.tap(SHOP.id, ANA, sent, "dm.x.1")


def test_a_comment_is_answered(both: Both) -> None:
    comment(both.sim)
    to = Recipient(customer=ANA, comment="724")
    assert both.client.send(SHOP, to, TextPart("Hi!")) == both.last_sent()["message_id"]
    with pytest.raises(Refused):
        both.client.send(SHOP, to, TextPart("And again"))


def test_a_comment_of_somebody_who_wrote_today_is_answered_in_the_conversation(ana: Both) -> None:
    comment(ana.sim)
    to = Recipient(customer=ANA, thread=THREAD, comment="724")
    assert ana.client.send(SHOP, to, TextPart("Hi!")) == ana.last_sent()["message_id"]
    assert [one["code"] for one in ana.sim.sent()] == [40064, 0]


def comment(sim: TikTokSimulator) -> None:
    content = {"from": "ana", "from_user": {"id": ANA}, "comment_id": "724", "comment_text": "How much?"}
    sim.deliver(inbox.webhook("7", SHOP.id, "im_receive_high_intent_comment", content, 0))


def test_a_closed_window(ana: Both) -> None:
    ana.clock.offset_s = 48 * 3600 + 60
    renewed = ana.http.post(
        ana.sim.url + "/open_api/v1.3/tt_user/oauth2/refresh_token/",
        headers={"Content-Type": "application/json"},
        body=b'{"client_id":"7","client_secret":"x","grant_type":"refresh_token","refresh_token":"rft.1"}',
    ).json()
    client = open_client(ana.http, lambda name: renewed["data"], lambda name: ana.sim.url)
    with pytest.raises(Refused) as caught:
        client.send(SHOP, TO, TextPart("Sorry for the wait"))
    assert caught.value.reason == "window_closed"


@pytest.mark.parametrize("action", ["typing", "seen"])
def test_an_action(ana: Both, action: Literal["typing", "seen"]) -> None:
    ana.client.act(SHOP, TO, action)
    assert (ana.last_sent()["code"], ana.last_sent()["message_id"]) == (0, "")


def test_a_profile(ana: Both) -> None:
    found = ana.client.profile(SHOP, TO)
    assert found is not None
    assert found.name.startswith("Customer ")
    assert found.username.startswith("customer_")
    assert found.avatar.startswith("https://")
    assert found.follows is True


def test_a_customers_picture_and_one_that_is_gone(ana: Both) -> None:
    for media_id in (ana.sim.media()["image"], "v1gone"):
        said = {"type": "image", "image": {"media_id": media_id}}
        thread = inbox.Conversation(THREAD, SHOP.id, ANA, "ana")
        content = inbox.message(thread, "shop", f"m+{media_id}", said, 0, echo=False)
        ana.sim.deliver(inbox.webhook("7", SHOP.id, "im_receive_msg", content, 0))
    source = ana.client.source(SHOP, picture(ana.sim.media()["image"]))
    assert ana.http.get(source.url, headers=source.headers).body.startswith(b"\xff\xd8\xff")
    assert ana.http.get(source.url, headers={}).status == 403
    with pytest.raises(Unfetched):
        ana.client.source(SHOP, picture("v1gone"))


def picture(media_id: str) -> CustomerMessage:
    return CustomerMessage(
        id=f"im_receive_msg:m+{media_id}",
        conversation=Conversation("tiktok", SHOP.id, ANA),
        sent_ms=1,
        media=Media(kind="image", handle=media_id),
        origin=f"m+{media_id}",
        platform_thread=THREAD,
    )


# What the conversation holds


def free(name: str) -> bool:
    return False


def arrived(ana: Both, part: Part, since: float = -1.0) -> str | None:
    return ana.client.arrived(SHOP, TO, part, ana.clock() + since, free)


@pytest.mark.parametrize(
    "part", [TextPart("¡Sí! 🚚"), PICTURE, ChoicesPart(text="How?", choices=(Choice(text="So", payload="dm.x.0"),))]
)
def test_what_arrived_is_found(ana: Both, part: Part) -> None:
    assert arrived(ana, part) is None
    sent = ana.client.send(SHOP, TO, part)
    assert arrived(ana, part) == sent
    assert arrived(ana, part, since=60.0) is None
    assert arrived(ana, TextPart("Something else")) is None


@pytest.mark.parametrize(
    ("said", "part"),
    [
        ({"type": "text", "text": {"body": "Hi"}}, TextPart("Hi")),
        ({"type": "image", "image": {"media_id": "v1"}}, PICTURE),
    ],
)
@pytest.mark.parametrize("by_brand", [True, False])
def test_what_a_person_sent_in_the_app_confirms_nothing(
    ana: Both, said: dict[str, object], part: Part, by_brand: bool
) -> None:
    ana.sim.say(SHOP.id, ANA, said, by_brand=by_brand)
    assert arrived(ana, part) is None
    sent = ana.client.send(SHOP, TO, part)
    assert arrived(ana, part) == sent


def test_after_twenty_messages_the_history_says_nothing(ana: Both) -> None:
    ana.client.send(SHOP, TO, TextPart("Hi"))
    for number in range(20):
        ana.sim.write(SHOP.id, ANA, f"and {number}")
    with pytest.raises(Refused):
        arrived(ana, TextPart("Hi"))


def test_a_quote(ana: Both) -> None:
    asked = ana.sim.write(SHOP.id, ANA, "How much?")
    ana.client.send(SHOP, Recipient(customer=ANA, thread=THREAD, quotes=asked), TextPart("5"))
    assert ana.last_sent()["body"]["referenced_message_info"] == {"referenced_message_id": asked}


# The simulator answers any row of the error table on any call


CALLS: dict[str, tuple[str, Callable[[Both], object]]] = {
    "send": ("/message/send/", lambda ana: ana.client.send(SHOP, TO, TextPart("Hi"))),
    "act": ("/message/send/", lambda ana: ana.client.act(SHOP, TO, "typing")),
    "profile": ("/content/list/", lambda ana: ana.client.profile(SHOP, TO)),
    "history": ("/content/list/", lambda ana: arrived(ana, TextPart("Hi"))),
    "source": ("/media/download/", lambda ana: ana.client.source(SHOP, picture("v1"))),
    "upload": ("/media/upload/", lambda ana: ana.client.send(SHOP, TO, PICTURE)),
}


@pytest.mark.parametrize("name", CALLS)
@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (200, 40100, RateLimited),
        (429, 40016, RateLimited),
        (200, 40105, TokenRefused),
        (503, 60001, Retryable),
        (200, 40007, (Refused, Unfetched)),
    ],
)
def test_each_row_can_be_answered_on_each_call(
    ana: Both, name: str, status: int, code: int, kind: type[Exception]
) -> None:
    path, call = CALLS[name]
    ana.faults.add("tiktok", "status", path=path, status=status, code=code)
    with pytest.raises(kind):
        call(ana)
    assert ana.faults.describe()[0]["fired"] == 1
