"""The client against the simulated Instagram, which takes only what Meta documents."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

import pytest

from chalicelib.channels.instagram.capabilities import CAPABILITIES
from chalicelib.channels.instagram.client import InstagramClient, open_client
from chalicelib.errors import Refused
from chalicelib.http import Outgoing
from chalicelib.messages import Conversation, Mention, Mentioned, Unseen
from chalicelib.replies import Card, CardsPart, Choice, ChoicesPart, MediaPart, Part, Recipient, TextPart
from sandbox.clock import Clock
from sandbox.faults import Faults
from sandbox.instagram import InstagramSimulator
from tests.fakes import INSTAGRAM

ANA = Recipient(customer="1000000000000001")
TITLE = "T" * 20


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def meta(clock: Clock) -> Iterator[InstagramSimulator]:
    simulator = InstagramSimulator(clock, Faults(), retry_delays_s=(), echo="none")
    simulator.add_account(
        INSTAGRAM.id,
        access_token="token",
        app_secret="secret",
        webhook_url="http://127.0.0.1:1/",  # nobody listens: what the bridge does with webhooks is tested elsewhere
        username=INSTAGRAM.name,
        human_agent=True,
    )
    simulator.start()
    simulator.write(INSTAGRAM.id, ANA.customer, "Hola")
    yield simulator
    simulator.stop()


@pytest.fixture
def client(meta: InstagramSimulator) -> InstagramClient:
    urls = {"instagram_graph": meta.url, "facebook_graph": meta.url, "graph_version": "v25.0"}
    return open_client(Outgoing(), lambda name: {"access_token": "token"}, urls.__getitem__)


def _choices(count: int, url: str = "") -> tuple[Choice, ...]:
    links = (Choice(text=TITLE, url=url),) if url else ()
    return (*links, *(Choice(text=TITLE, payload=f"dm.{number}") for number in range(count - len(links))))


def _card() -> Card:
    assert CAPABILITIES.cards
    return Card(
        title="T" * CAPABILITIES.cards.title,
        description="D" * CAPABILITIES.cards.description,
        image="https://example.com/a.png",
        url="https://example.com/",
        choices=_choices(CAPABILITIES.cards.choices, "https://example.com/buy"),
    )


@pytest.mark.parametrize(
    "part",
    [
        TextPart("ü" * 500),
        ChoicesPart(text="?" * 1000, choices=_choices(13)),
        ChoicesPart(text="?" * 640, choices=_choices(3, "https://example.com/")),
        CardsPart(cards=(_card(),) * 10),
        CardsPart(cards=(Card(title="T", description="D"),)),
    ],
    ids=["text", "quick_replies", "buttons", "cards", "plain_card"],
)
def test_all_that_the_capabilities_allow_is_taken(
    meta: InstagramSimulator, client: InstagramClient, part: Part
) -> None:
    assert client.send(INSTAGRAM, ANA, part) == meta.sent()[0]["message_id"]


@pytest.mark.parametrize("kind", ["image", "audio", "video", "file"])
def test_each_kind_of_file_is_taken(
    meta: InstagramSimulator, client: InstagramClient, kind: Literal["image", "audio", "video", "file"]
) -> None:
    part = MediaPart(kind=kind, mime="", name="", url=meta.media()[kind])
    assert client.send(INSTAGRAM, ANA, part) == meta.sent()[0]["message_id"]


@pytest.mark.parametrize(("name", "reason"), [("video", "media_refused"), ("huge", "media_too_big")])
def test_a_file_that_is_not_taken_says_why(
    meta: InstagramSimulator, client: InstagramClient, name: str, reason: str
) -> None:
    kind: Literal["image", "video"] = "image" if name == "video" else "video"
    with pytest.raises(Refused) as caught:
        client.send(INSTAGRAM, ANA, MediaPart(kind=kind, mime="", name="", url=meta.media()[name]))
    assert caught.value.reason == reason


def test_the_tag_reaches_beyond_the_window(client: InstagramClient, clock: Clock, meta: InstagramSimulator) -> None:
    clock.offset_s = 2 * 86400
    with pytest.raises(Refused) as caught:
        client.send(INSTAGRAM, ANA, TextPart("late"))
    assert caught.value.reason == "window_closed"
    assert client.send(INSTAGRAM, Recipient(customer=ANA.customer, tag="HUMAN_AGENT"), TextPart("late"))


def test_actions_are_taken(client: InstagramClient, meta: InstagramSimulator) -> None:
    for action in ("typing", "seen"):
        client.act(INSTAGRAM, ANA, action)
    assert [call["status"] for call in meta.sent()] == [200, 200]


def test_mentions_are_read(client: InstagramClient, meta: InstagramSimulator) -> None:
    meta.mention(INSTAGRAM.id, ANA.customer, "With @tea.shop", post="71", comment="81")
    meta.mention(INSTAGRAM.id, ANA.customer, "Our tea, @tea.shop", post="72")
    comment, post = Mention(post="71", comment="81"), Mention(post="72")
    assert client.mentioned(INSTAGRAM, comment) == Mentioned(
        text="With @tea.shop", username="customer_0001", url="https://www.instagram.com/p/71/"
    )
    assert client.mentioned(INSTAGRAM, post) == Mentioned(
        text="Our tea, @tea.shop", username="customer_0001", url="https://www.instagram.com/p/72/"
    )
    assert client.mentioned(INSTAGRAM, Mention(post="71", comment="82")) is None


def test_profiles_and_messages_are_read(client: InstagramClient, meta: InstagramSimulator) -> None:
    profile = client.profile(INSTAGRAM, ANA)
    assert profile is not None
    assert (profile.username, profile.followers) == ("customer_0001", 1234)
    assert client.profile(INSTAGRAM, Recipient(customer="404")) is None
    lost = meta.write_unseen(INSTAGRAM.id, "1000000000000002", "Anybody?")
    found = client.unseen(INSTAGRAM, Unseen(id="m", account=INSTAGRAM.id, origin=lost, sent_ms=1))
    assert found is not None
    assert (found.conversation, found.text) == (
        Conversation("instagram", INSTAGRAM.id, "1000000000000002"),
        "Anybody?",
    )
    ours = client.send(INSTAGRAM, ANA, TextPart("Hi"))
    assert client.unseen(INSTAGRAM, Unseen(id="m", account=INSTAGRAM.id, origin=ours, sent_ms=1)) is None
