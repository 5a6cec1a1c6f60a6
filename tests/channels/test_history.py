"""Whether a send of unknown outcome arrived: the rule, and what each platform's history tells."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given, strategies

from chalicelib.channels.instagram.client import InstagramClient
from chalicelib.channels.instagram.client import open_client as open_instagram
from chalicelib.channels.tiktok.client import TikTokClient
from chalicelib.channels.tiktok.client import open_client as open_tiktok
from chalicelib.errors import AccountStopped, RateLimited, Refused, Retryable, TokenRefused
from chalicelib.http import Answer
from chalicelib.protocols.history import MARGIN_S, Held, found
from chalicelib.vocabulary.messages import Kind
from chalicelib.vocabulary.records import Account
from chalicelib.vocabulary.replies import Card, CardsPart, Choice, ChoicesPart, MediaPart, Part, Recipient, TextPart
from tests.fakes import INSTAGRAM, PAGE, START, TIKTOK, FakeOutgoing, answer

HI = TextPart("Hi")
PHOTO = MediaPart(kind="image", mime="image/png", name="a.png", url="https://us/a")
CARDS = CardsPart(cards=(Card(title="Cap"),))
YES = ChoicesPart(text="Hi", choices=(Choice(text="Yes", payload="dm.1.0"),))
MARK, OTHER = "a" * 32, "b" * 32


def free(name: str) -> bool:
    return False


def own(name: str = "m1", at: float = START, **told: Any) -> Held:
    return Held(id=name, sent_s=at, own=True, **told)


def look(
    held: list[Held],
    part: Part = HI,
    mark: str = MARK,
    taken: Callable[[str], bool] = free,
    whole: bool = True,
) -> str | None:
    return found(held, whole, part, mark, START, taken)


# The mark


@pytest.mark.parametrize("part", [HI, YES, PHOTO, CARDS], ids=lambda part: type(part).__name__)
def test_a_mark_finds_its_part_whatever_it_is(part: Part) -> None:
    held = [own("m0", text="Hi"), own("m1", text="Hi", mark=OTHER, kind="image"), own("m2", mark=MARK)]
    assert look(held, part) == "m2"


@pytest.mark.parametrize("part", [HI, YES, PHOTO, CARDS], ids=lambda part: type(part).__name__)
def test_another_parts_mark_is_another_part(part: Part) -> None:
    assert look([own(text="Hi", mark=OTHER, kind="image", by_api=True)], part) is None


@pytest.mark.parametrize("mark", ["", MARK])
def test_no_mark_is_nobodys_mark(mark: str) -> None:
    assert look([own(mark="")], CARDS, mark) is None


# The words


@pytest.mark.parametrize("part", [HI, YES])
@pytest.mark.parametrize("text", ["Hi", "Hi\n", " Hi "])
def test_without_a_mark_the_words_find_it(part: Part, text: str) -> None:
    assert look([own("m0", text="Hello"), own("m1", text=text)], part) == "m1"


@pytest.mark.parametrize("text", ["", "hi", "Hi!", "H", "Ηi"])
def test_other_words_are_another_message(text: str) -> None:
    assert look([own(text=text)]) is None


@pytest.mark.parametrize(("at", "name"), [(START - MARGIN_S, "m1"), (START - MARGIN_S - 1, None), (0, None)])
def test_only_what_was_sent_since_counts(at: float, name: str | None) -> None:
    assert look([own(at=at, text="Hi")]) == name


def test_the_customers_own_words_are_not_ours() -> None:
    assert look([Held(id="m1", sent_s=START, own=False, text="Hi", mark=MARK, kind="image", by_api=True)]) is None


@pytest.mark.parametrize("by_api", [None, True])
def test_what_a_person_typed_in_the_app_is_not_ours(by_api: bool | None) -> None:
    assert look([own("m1", text="Hi", by_api=False), own("m2", text="Hi", by_api=by_api)]) == "m2"
    assert look([own("m1", text="Hi", by_api=False)]) is None


def test_two_parts_with_the_same_words_are_two_messages() -> None:
    held = [own("m2", START + 2, text="Hi"), own("m1", START + 1, text="Hi")]
    known: set[str] = set()
    for expected in ("m1", "m2", None):
        name = look(held, taken=known.__contains__)
        assert name == expected
        known |= {name} if name else set()


def test_who_asks_whether_an_id_is_taken_may_fail() -> None:
    def busy(name: str) -> bool:
        raise Retryable("table busy")

    with pytest.raises(Retryable):
        look([own(text="Hi")], taken=busy)
    assert look([own(text="Hello")], taken=busy) is None
    assert look([own(mark=MARK)], taken=busy) == "m1"


# A file, which has no words


@pytest.mark.parametrize(
    ("held", "name"),
    [
        ([own(kind="image", by_api=True)], "m1"),
        ([own(kind="image", by_api=True), own("m0", kind="image", by_api=False)], "m1"),
        ([own(kind="image", by_api=True), own("m0", kind="video", by_api=True)], "m1"),
        ([own(kind="image", by_api=True), own("m0", START - 60, kind="image", by_api=True)], "m1"),
        ([own(kind="image", by_api=None)], None),
        ([own(kind="image", by_api=False)], None),
        ([own(kind="image", by_api=True), own("m0", kind="image", by_api=True)], None),
        ([own(kind="image", by_api=True), own("m0", kind="image", by_api=None)], None),
        ([own(kind="video", by_api=True)], None),
        ([own(text="a.png", by_api=True)], None),
        ([], None),
    ],
)
def test_a_file_is_told_by_its_kind_where_no_other_can_be_meant(held: list[Held], name: str | None) -> None:
    assert look(held, PHOTO) == name


def test_a_file_that_is_another_sends_leaves_the_one() -> None:
    held = [own("m1", kind="image", by_api=True), own("m2", kind="image", by_api=True)]
    assert look(held, PHOTO, taken=lambda name: name == "m1") == "m2"


# How far back it reaches


def test_a_history_that_does_not_reach_back_to_the_send_says_nothing() -> None:
    held = [Held(id=str(number), sent_s=START + number, own=False) for number in range(20)]
    assert look(held) is None
    with pytest.raises(Refused) as caught:
        look(held, whole=False)
    assert caught.value.reason == "unconfirmed"
    assert look([*held, own("m1", text="Hi")], whole=False) == "m1"
    assert look([*held, Held(id="old", sent_s=START - 60, own=False)], whole=False) is None


HELD = strategies.builds(
    Held,
    id=strategies.text(min_size=1),
    sent_s=strategies.floats(START - 100, START + 100),
    own=strategies.booleans(),
    by_api=strategies.sampled_from([None, True, False]),
    mark=strategies.sampled_from(["", MARK, OTHER]),
    text=strategies.sampled_from(["", "Hi", "Hello"]),
    kind=strategies.sampled_from([None, "image", "video"]),
)


@given(strategies.lists(HELD), strategies.sampled_from([HI, YES, PHOTO, CARDS]), strategies.booleans())
def test_whatever_is_found_is_ours_since_then_and_nobody_elses(held: list[Held], part: Part, whole: bool) -> None:
    try:
        name = look(held, part, taken=lambda one: one.startswith("0"), whole=whole)
    except Refused:
        assert not whole
        return
    likely = [one for one in held if one.id == name and one.own and one.sent_s >= START - MARGIN_S]
    assert name is None or any(one.mark == MARK for one in likely) or not name.startswith("0")
    assert name is None or any(one.mark in ("", MARK) for one in likely)


# Instagram


def meta(*answers: Answer | Exception) -> tuple[InstagramClient, FakeOutgoing]:
    http = FakeOutgoing(*answers)
    urls = {"instagram_graph": "https://ig.example", "facebook_graph": "https://fb.example", "graph_version": "v25.0"}
    return open_instagram(http, lambda name: {"access_token": f"token-{name}"}, urls.__getitem__), http


def stamp(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%S+0000")


def message(name: str, text: str, account: Account = INSTAGRAM, at: float = START, **changed: Any) -> dict[str, Any]:
    sender = {"id": account.id, "username": account.name}
    return {"id": name, "created_time": stamp(at), "from": sender, "message": text} | changed


def conversation(*messages: Any) -> Answer:
    return answer(200, {"data": [{"id": "c1", "messages": {"data": list(messages)}}]})


ANA = Recipient(customer="55501", mark=MARK)
NO_PAGE = Account(channel="instagram", id="1", integration="i", secret="s", options={"login": "facebook"})
FROM_ANA = {"id": "55501", "username": "ana"}


@pytest.mark.parametrize(
    ("account", "base", "node"),
    [
        (INSTAGRAM, "https://ig.example", INSTAGRAM.id),
        (PAGE, "https://fb.example", PAGE.options["page"]),
        (
            Account(channel="instagram", id="1", integration="i", secret="s", options={"login": "facebook"}),
            "https://fb.example",
            "me",
        ),
    ],
)
def test_instagrams_conversation_is_read_at_the_host_and_node_of_the_login(
    account: Account, base: str, node: str
) -> None:
    client, http = meta(conversation(message("m1", "Hi", account)))
    assert client.arrived(account, ANA, HI, START, free) == "m1"
    [call] = http.calls
    assert (call.method, call.headers) == ("GET", {"Authorization": f"Bearer token-{account.secret}"})
    assert call.url.partition("?")[0] == f"{base}/v25.0/{node}/conversations"
    assert {name: value for name, [value] in parse_qs(urlsplit(call.url).query).items()} == {
        "platform": "instagram",
        "user_id": "55501",
        "fields": "messages.limit(20){id,created_time,from,message,metadata}",
    }


@pytest.mark.parametrize(
    ("held", "part", "name"),
    [
        ([message("m1", "Hi")], HI, "m1"),
        ([message("m1", "Hi")], YES, "m1"),
        ([message("m1", "", metadata=MARK)], PHOTO, "m1"),
        ([message("m1", "", metadata=MARK)], CARDS, "m1"),
        ([message("m1", "Hi", metadata=OTHER), message("m2", "Hi")], HI, "m2"),
        ([message("m1", "")], PHOTO, None),  # a colleague's, for all that Instagram tells
        ([message("m1", "")], CARDS, None),
        ([message("m1", "Hi") | {"from": FROM_ANA}], HI, None),
        ([message("m1", "Hi") | {"from": {"id": "9", "username": "tea.shop"}}], HI, "m1"),
        ([message("m1", "Hi") | {"from": {"id": "9"}}, message("m2", "Hi") | {"from": None}], HI, None),
        ([message("m1", "Hi", at=START - 60)], HI, None),
        ([message("m1", "Hi", created_time=5), message("m2", "Hi", created_time=None)], HI, None),
        ([message("m1", "Hi", at=START - 1), "odd", None, [], {}], HI, "m1"),
        ([{"id": 7, "message": ["Hi"], "created_time": {}, "metadata": 5}], HI, None),
    ],
)
def test_what_instagrams_history_tells(held: list[Any], part: Part, name: str | None) -> None:
    client, _ = meta(conversation(*held))
    assert client.arrived(INSTAGRAM, ANA, part, START, free) == name


NO_FIELD = answer(400, {"error": {"code": 100, "message": "(#100) Tried accessing nonexisting field (metadata)"}})


def test_a_history_without_marks_is_read_without_them_from_then_on() -> None:
    client, http = meta(NO_FIELD, *[conversation(message("m1", "Hi"))] * 2, conversation(message("m2", "Hi", PAGE)))
    for account, name in ((INSTAGRAM, "m1"), (INSTAGRAM, "m1"), (PAGE, "m2")):
        assert client.arrived(account, ANA, HI, START, free) == name
    assert ["metadata" in call.url for call in http.calls] == [True, False, False, True]


def test_accounts_whose_history_tells_no_marks_still_send_them() -> None:
    client, http = meta(NO_FIELD, conversation(), answer(200, {"message_id": "m1"}))
    client.arrived(INSTAGRAM, ANA, HI, START, free)
    client.send(INSTAGRAM, ANA, HI)
    assert http.calls[-1].json()["message"] == {"text": "Hi", "metadata": MARK}


@pytest.mark.parametrize("customer", ["comment:c1", "media:1", ""])
def test_a_person_who_is_not_named_has_no_history(customer: str) -> None:
    client, http = meta()
    with pytest.raises(Refused):
        client.arrived(INSTAGRAM, Recipient(customer=customer, comment="c1"), HI, START, free)
    assert http.calls == []


@pytest.mark.parametrize("body", [{"data": []}, {}, {"data": None}, {"data": "none"}])
def test_a_conversation_that_must_be_there_and_is_not_shown_cannot_be_read(body: Any) -> None:
    client, _ = meta(answer(200, body))
    with pytest.raises(Refused):
        client.arrived(INSTAGRAM, ANA, HI, START, free)


def test_the_answer_to_a_comment_may_have_begun_no_conversation() -> None:
    client, _ = meta(answer(200, {"data": []}))
    assert client.arrived(INSTAGRAM, Recipient(customer="55501", comment="c1"), HI, START, free) is None


@pytest.mark.parametrize("code", [3, 10, 200])
def test_who_may_not_read_may_still_send(code: int) -> None:
    client, _ = meta(answer(403, {"error": {"code": code, "message": "permission"}}))
    with pytest.raises(Refused) as caught:
        client.arrived(INSTAGRAM, ANA, HI, START, free)
    assert not isinstance(caught.value, AccountStopped)


@pytest.mark.parametrize(("code", "kind"), [(4, RateLimited), (613, RateLimited), (190, TokenRefused), (2, Retryable)])
def test_a_history_that_cannot_be_read_now_is_read_later(code: int, kind: type[Retryable]) -> None:
    client, _ = meta(answer(400, {"error": {"code": code, "message": "x"}}))
    with pytest.raises(kind):
        client.arrived(INSTAGRAM, ANA, HI, START, free)


def test_twenty_newer_messages_hide_what_was_before() -> None:
    newer = [message(str(number), "x", at=START + number) for number in range(20)]
    client, _ = meta(conversation(*newer), conversation(*newer[1:], message("old", "y", at=START - 60)))
    with pytest.raises(Refused):
        client.arrived(INSTAGRAM, ANA, HI, START, free)
    assert client.arrived(INSTAGRAM, ANA, HI, START, free) is None


# TikTok


def tiktok(*answers: Answer | Exception) -> tuple[TikTokClient, FakeOutgoing]:
    http = FakeOutgoing(*answers)
    return open_tiktok(http, lambda name: {"access_token": "t"}, lambda name: "https://tt.example"), http


BO = Recipient(customer="+p/1==", thread="c1+/==", mark=MARK)


def told(name: str, kind: str = "TEXT", source: str | None = "API", at: float = START, **block: Any) -> dict[str, Any]:
    tag = {} if source is None else {"message_tag": {"source": source}}
    sender = {"from_user": {"id": TIKTOK.id, "role": "BUSINESS_ACCOUNT"}}
    return {"message_id": name, "message_type": kind, "timestamp": int(at * 1000)} | sender | tag | block


def says(text: str) -> dict[str, Any]:
    return {"text": {"body": text}}


def listed(*messages: Any) -> Answer:
    return answer(200, {"code": 0, "data": {"messages": list(messages), "participants": []}})


IMAGE: dict[str, Any] = {"image": {"media_id": "v1"}}


@pytest.mark.parametrize(
    ("held", "part", "name"),
    [
        ([told("m1", **says("Hi"))], HI, "m1"),
        ([told("m1", source=None, **says("Hi"))], HI, "m1"),
        ([told("m1", source="UNKNOWN_SOURCE", **says("Hi"))], HI, "m1"),
        ([told("m1", source="APP", **says("Hi")), told("m2", source="WEB", **says("Hi"))], HI, None),
        ([told("m1", source="OTHERS", **says("Hi"))], HI, None),
        ([told("m1", "TEMPLATE", template={"title": "Hi", "buttons": []})], YES, "m1"),
        ([told("m1", "IMAGE", **IMAGE)], PHOTO, "m1"),
        ([told("m1", "IMAGE", **IMAGE), told("m2", "IMAGE", "APP", **IMAGE)], PHOTO, "m1"),
        ([told("m1", "IMAGE", "APP", **IMAGE)], PHOTO, None),
        ([told("m1", "IMAGE", None, **IMAGE)], PHOTO, None),
        ([told("m1", "IMAGE", **IMAGE), told("m2", "IMAGE", **IMAGE)], PHOTO, None),
        ([told("m1", "IMAGE", **IMAGE)], HI, None),
        ([told("m1", "OTHER")], PHOTO, None),
        ([told("m1", **says("Hi"), from_user={"id": "+p/1=="})], HI, None),
        ([told("m1", at=START - 60, **says("Hi"))], HI, None),
        ([told("m1", **says("Hi"), timestamp="soon"), told("m2", **says("Hi"), timestamp=10**400)], HI, None),
        (["odd", None, {"message_id": 5}, told("m1", text="Hi"), told("m2", **says("Hi"))], HI, "m2"),
    ],
)
def test_what_tiktoks_history_tells(held: list[Any], part: Part, name: str | None) -> None:
    client, http = tiktok(listed(*held))
    assert client.arrived(TIKTOK, BO, part, START, free) == name
    assert "/content/list/?business_id=-000TeaShop&conversation_id=c1%2B%2F%3D%3D" in http.calls[0].url


def test_a_conversation_that_has_no_id_yet_has_no_history() -> None:
    client, http = tiktok()
    with pytest.raises(Refused):
        client.arrived(TIKTOK, Recipient(customer="+p/1==", comment="724"), HI, START, free)
    assert http.calls == []


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        (40001, Refused),
        (40002, Refused),
        (40007, Refused),
        (40100, RateLimited),
        (40105, TokenRefused),
        (50000, Retryable),
    ],
)
def test_what_keeps_tiktoks_history_from_being_read(code: int, kind: type[Exception]) -> None:
    client, _ = tiktok(answer(200, {"code": code, "data": {}}))
    with pytest.raises(kind) as caught:
        client.arrived(TIKTOK, BO, HI, START, free)
    assert not isinstance(caught.value, AccountStopped)


@pytest.mark.parametrize("kind", ["image", "video", "file", "audio"])
def test_a_picture_confirms_no_other_file(kind: Kind) -> None:
    client, _ = tiktok(listed(told("m1", "IMAGE", **IMAGE)))
    part = MediaPart(kind=kind, mime="x/y", name="a")
    assert client.arrived(TIKTOK, BO, part, START, free) == ("m1" if kind == "image" else None)


ODD: strategies.SearchStrategy[Any] = strategies.recursive(
    strategies.none() | strategies.booleans() | strategies.integers() | strategies.floats() | strategies.text(),
    lambda inner: strategies.lists(inner) | strategies.dictionaries(strategies.text(), inner),
    max_leaves=8,
)
NAMES = (
    "id",
    "created_time",
    "from",
    "message",
    "metadata",
    "message_id",
    "timestamp",
    "text",
    "message_tag",
    "template",
)


@given(strategies.lists(strategies.dictionaries(strategies.sampled_from(NAMES), ODD) | ODD))
def test_whatever_a_history_holds_is_read(messages: list[Any]) -> None:
    for client, account, to in ((meta(conversation(*messages))[0], INSTAGRAM, ANA),
                                (tiktok(listed(*messages))[0], TIKTOK, BO)):  # fmt: skip
        try:
            assert client.arrived(account, to, HI, START, free) is None
        except Refused:
            assert len(messages) >= 20
