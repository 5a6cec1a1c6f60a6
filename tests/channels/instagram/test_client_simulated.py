"""The client against the simulated Instagram, which takes only what Meta documents."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Literal

import pytest

from chalicelib.channels.instagram.capabilities import CAPABILITIES
from chalicelib.channels.instagram.client import InstagramClient, open_client
from chalicelib.errors import AccountStopped, RateLimited, Refused, Retryable, TokenRefused
from chalicelib.http import Outgoing
from chalicelib.vocabulary.messages import Mention, Mentioned, Unseen
from chalicelib.vocabulary.records import Account, Conversation
from chalicelib.vocabulary.replies import Card, CardsPart, Choice, ChoicesPart, MediaPart, Part, Recipient, TextPart
from sandbox.simulators.instagram.inbox import new_mid, webhook
from sandbox.simulators.instagram.simulator import InstagramSimulator, Metadata
from sandbox.stage.clock import Clock
from sandbox.stage.faults import Faults
from tests.fakes import INSTAGRAM, PAGE

ANA = Recipient(customer="1000000000000001")
MARK = "0123456789abcdef0123456789abcdef"
MARKED = Recipient(customer=ANA.customer, mark=MARK)
TITLE = "T" * 20


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def faults() -> Faults:
    return Faults()


@pytest.fixture
def meta(clock: Clock, faults: Faults) -> Iterator[InstagramSimulator]:
    simulator = InstagramSimulator(clock, faults, retry_delays_s=(), echo="none")
    simulator.add_account(
        INSTAGRAM.id,
        access_token="token",
        app_secret="secret",
        webhook_url="http://127.0.0.1:1/",  # nobody listens: what the bridge does with webhooks is tested elsewhere
        username=INSTAGRAM.name,
        human_agent=True,
    )
    simulator.add_account(
        PAGE.id,
        access_token="page-token",
        app_secret="secret",
        webhook_url="http://127.0.0.1:1/",
        login="facebook",
        page_id=PAGE.options["page"],
    )
    simulator.start()
    for account in (INSTAGRAM, PAGE):
        simulator.write(account.id, ANA.customer, "Hola")
    yield simulator
    simulator.stop()


@pytest.fixture
def client(meta: InstagramSimulator) -> InstagramClient:
    urls = {"instagram_graph": meta.url, "facebook_graph": meta.url, "graph_version": "v25.0"}
    tokens = {INSTAGRAM.secret: "token", PAGE.secret: "page-token"}
    return open_client(Outgoing(), lambda name: {"access_token": tokens[name]}, urls.__getitem__)


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


# What the conversation holds


def free(name: str) -> bool:
    return False


def arrived(client: InstagramClient, clock: Clock, part: Part, to: Recipient = MARKED) -> str | None:
    return client.arrived(INSTAGRAM, to, part, clock() - 1, free)


@pytest.mark.parametrize("metadata", ["told", "kept", "refused"])
@pytest.mark.parametrize("account", [INSTAGRAM, PAGE], ids=["instagram", "facebook"])
def test_a_text_that_arrived_is_found(
    meta: InstagramSimulator, client: InstagramClient, clock: Clock, account: Account, metadata: Metadata
) -> None:
    meta.metadata = metadata
    assert client.arrived(account, MARKED, TextPart("Hi"), clock() - 1, free) is None
    mid = client.send(account, MARKED, TextPart("Hi"))
    assert client.arrived(account, MARKED, TextPart("Hi"), clock() - 1, free) == mid
    assert client.arrived(account, MARKED, TextPart("Hola"), clock() - 1, free) == (mid if metadata == "told" else None)
    assert client.arrived(account, MARKED, TextPart("Hi"), clock() + 60, free) is None


@pytest.mark.parametrize(("metadata", "found"), [("told", True), ("kept", False), ("refused", False)])
def test_a_picture_is_found_by_its_mark_only(
    meta: InstagramSimulator, client: InstagramClient, clock: Clock, metadata: Metadata, found: bool
) -> None:
    meta.metadata = metadata
    photo = MediaPart(kind="image", mime="", name="", url=meta.media()["image"])
    colleagues = {"mid": new_mid(INSTAGRAM.id, ANA.customer), "is_echo": True, "attachments": [{"type": "image"}]}
    meta.deliver(webhook(INSTAGRAM.id, INSTAGRAM.id, ANA.customer, colleagues, clock()))
    assert arrived(client, clock, photo) is None
    mid = client.send(INSTAGRAM, MARKED, photo)
    assert arrived(client, clock, photo) == (mid if found else None)


def test_two_texts_alike_are_two_messages(meta: InstagramSimulator, client: InstagramClient, clock: Clock) -> None:
    meta.metadata = "kept"
    since, first = clock(), client.send(INSTAGRAM, MARKED, TextPart("ok"))
    clock.offset_s = 2
    second = client.send(INSTAGRAM, MARKED, TextPart("ok"))
    for known, found in (([], first), ([first], second), ([first, second], None)):
        assert client.arrived(INSTAGRAM, MARKED, TextPart("ok"), since, known.__contains__) == found


def test_after_twenty_messages_the_history_says_nothing(
    meta: InstagramSimulator, client: InstagramClient, clock: Clock
) -> None:
    client.send(INSTAGRAM, ANA, TextPart("Hi"))
    since = clock()
    for number in range(20):
        meta.write(INSTAGRAM.id, ANA.customer, f"and {number}")
    with pytest.raises(Refused):
        client.arrived(INSTAGRAM, ANA, TextPart("Hi"), since, free)


def test_a_quote_is_shown_and_one_of_nothing_is_left_out(meta: InstagramSimulator, client: InstagramClient) -> None:
    asked = meta.write(INSTAGRAM.id, ANA.customer, "How much?")
    for quotes in (asked, "gone"):
        assert client.send(INSTAGRAM, Recipient(customer=ANA.customer, quotes=quotes), TextPart("5"))
    bodies = [(one["status"], one["body"].get("reply_to")) for one in meta.sent()]
    assert bodies == [(200, {"mid": asked}), (400, {"mid": "gone"}), (200, None)]


# The simulator answers any row of the error table on any call


CALLS: dict[str, tuple[str, Callable[[InstagramClient], object]]] = {
    "send": ("/messages", lambda client: client.send(INSTAGRAM, ANA, TextPart("Hi"))),
    "act": ("/messages", lambda client: client.act(INSTAGRAM, ANA, "typing")),
    "history": ("/conversations", lambda client: client.arrived(INSTAGRAM, ANA, TextPart("Hi"), 0, free)),
    "profile": (f"/{ANA.customer}", lambda client: client.profile(INSTAGRAM, ANA)),
    "post": ("/179", lambda client: client.post_url(INSTAGRAM, "179")),
    "unseen": (
        "/mid1",
        lambda client: client.unseen(INSTAGRAM, Unseen(id="m", account=INSTAGRAM.id, origin="mid1", sent_ms=1)),
    ),
}


@pytest.mark.parametrize("name", CALLS)
@pytest.mark.parametrize(
    ("status", "code", "subcode", "kind"),
    [
        (200, 190, 463, TokenRefused),
        (400, 4, None, RateLimited),
        (400, 613, 2534040, RateLimited),
        (500, 2, 1545133, Retryable),
        (403, 10, None, AccountStopped),
        (400, 100, 2534015, Refused),
    ],
)
@pytest.mark.usefixtures("meta")
def test_each_row_can_be_answered_on_each_call(
    client: InstagramClient,
    faults: Faults,
    name: str,
    status: int,
    code: int,
    subcode: int | None,
    kind: type[Exception],
) -> None:
    path, call = CALLS[name]
    faults.add("instagram", "status", path=path, status=status, code=code, subcode=subcode)
    with pytest.raises(Refused if (name, kind) == ("history", AccountStopped) else kind):
        call(client)
    assert faults.describe()[0]["fired"] == 1
