"""The vocabulary: fingerprints, bounds, times, and what travels on the queues."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from unicodedata import category

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.channels.instagram import about as instagram
from chalicelib.errors import Malformed, Refused, Rejected, Retryable, TokenRefused, Uncertain
from chalicelib.pipeline.outbound.telling import Told
from chalicelib.vocabulary.messages import Line, led_here
from chalicelib.vocabulary.records import Account, Conversation, Event
from chalicelib.wire import LONGEST_ID, bounded, digest, iso, mended

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
EVENT = Event(source="instagram", account="1", party="2", id="3", received_ms=4)


def test_a_fingerprint_is_the_same_on_every_machine() -> None:
    """Stored in the table: a change of it would forget what was delivered."""
    assert digest("a", "b") == "3c9d591045bc8876f9d0399bbfb05c6a412096e906f73278f98406cd5dca86df"
    assert digest("a", b"b") == digest("a", "b")


@given(st.lists(texts, max_size=4), st.lists(texts, max_size=4))
def test_fingerprints_tell_parts_apart(one: list[str], other: list[str]) -> None:
    assert (digest(*one) == digest(*other)) == (one == other)
    assert len(digest(*one)) == 64


@given(st.text(max_size=400))
def test_ids_are_bounded_in_bytes_and_characters(identifier: str) -> None:
    key = bounded(identifier)
    assert len(key.encode()) <= LONGEST_ID
    fits = len(identifier.encode(errors="surrogatepass")) <= LONGEST_ID
    odd = any(category(sign) in {"Cc", "Cs"} or sign in "\ufffe\uffff" for sign in identifier)
    assert (key == identifier) == (fits and not odd)
    assert bounded(key) == key


@pytest.mark.parametrize("sign", ["\uffff", "\ufffe", "\x00", "\t", "\n", "\x1b", "\x7f", "\x85", "\ud800"])
def test_an_id_with_a_character_that_is_not_carried_is_its_fingerprint(sign: str) -> None:
    assert bounded(f"a{sign}b") == digest(f"a{sign}b")
    assert bounded(f"a{sign}b") != bounded(f"a{sign}c")


@pytest.mark.parametrize("plain", ["m_a-b.c:1/2+3==", "smörgås 🚚", "\ufffd", "\U0001ffff", "\u200f", ""])
def test_an_id_that_is_carried_stays(plain: str) -> None:
    assert bounded(plain) == plain


@pytest.mark.parametrize(("length", "kept"), [(255, True), (256, False)])
def test_the_bound_is_255(length: int, kept: bool) -> None:
    assert (bounded("x" * length) == "x" * length) is kept
    assert (bounded("é" * (length // 2)) == "é" * (length // 2)) is (length // 2 * 2 <= 255)


@pytest.mark.parametrize(
    ("text", "read"),
    [
        (rb'"cut \ud83d"', "cut \ufffd"),
        (rb'"\ude00 cut"', "\ufffd cut"),
        (rb'"\ud83d\ud83d\ude00"', "\ufffd\U0001f600"),
        (rb'"\uD83D\uDE00"', "\U0001f600"),
        (rb'"\\ud83d"', "\\ud83d"),
        (rb'"\\\ud83d"', "\\\ufffd"),
        (rb'"\ud7ff\ue000"', "\ud7ff\ue000"),
    ],
)
def test_halves_of_surrogate_pairs_are_mended_and_nothing_else(text: bytes, read: str) -> None:
    assert json.loads(mended(text)) == read


@given(texts)
def test_whole_texts_are_not_mended(text: str) -> None:
    for escaped in (True, False):
        written = json.dumps(text, ensure_ascii=escaped).encode()
        assert json.loads(mended(written)) == text
        if not any(sign in text for sign in "\ufffe\uffff"):
            assert mended(written) == written


@pytest.mark.parametrize("text", ["\uffff", "a\ufffeb", "\\\uffff", "\ufffd\uffff\U0001fffe", '"\ufffe"'])
def test_two_characters_that_no_queue_takes_are_escaped_and_read_the_same(text: str) -> None:
    written = mended(json.dumps(text, ensure_ascii=False).encode())
    assert not any(sign in written.decode() for sign in "\ufffe\uffff")
    assert json.loads(written) == text


@given(st.integers(0, 4_102_444_800_000))
def test_times_read_back(milliseconds: int) -> None:
    text = iso(milliseconds)
    assert len(text) == 24
    assert text[19] == "."
    assert text[23] == "Z"
    whole = datetime.fromisoformat(text).astimezone(UTC)
    assert round(whole.timestamp() * 1000) == milliseconds


events = st.builds(
    Event,
    source=texts,
    account=texts,
    party=texts,
    id=texts,
    received_ms=st.integers(0, 2**53),
    section=texts,
    aside=texts,
    raw=texts.map(lambda text: msgspec.Raw(msgspec.json.encode(text))),
)


@given(events)
def test_an_event_travels_unchanged(event: Event) -> None:
    assert msgspec.json.decode(msgspec.json.encode(event), type=Event) == event


def test_an_events_raw_bytes_travel_unchanged() -> None:
    raw = b'{"text": "\\u00e4 \\/",   "n": 1.0}'
    event = msgspec.structs.replace(EVENT, raw=msgspec.Raw(raw))
    assert bytes(msgspec.json.decode(msgspec.json.encode(event), type=Event).raw) == raw


@pytest.mark.parametrize("name", ["group", "dedup"])
def test_queue_keys_are_64_plain_characters_without_personal_data(name: str) -> None:
    key = getattr(EVENT, name)
    assert len(key) == 64
    assert set(key) <= set("0123456789abcdef")


def test_what_makes_an_event_the_same() -> None:
    same = msgspec.structs.replace(EVENT, received_ms=99, section="x", aside="y", raw=msgspec.Raw(b"1"))
    assert same.dedup == EVENT.dedup
    for name in ("source", "account", "party", "id"):
        assert msgspec.structs.replace(EVENT, **{name: "other"}).dedup != EVENT.dedup


def test_echoes_have_a_group_of_their_own() -> None:
    """An echo must not wait behind the message that waits for it."""
    assert msgspec.structs.replace(EVENT, section="echo").group != EVENT.group
    assert msgspec.structs.replace(EVENT, section="messaging").group == EVENT.group


def test_an_event_without_a_party_is_alone_with_its_redeliveries() -> None:
    """It has no order to keep, and a slow one must hold up no other."""
    nobody = msgspec.structs.replace(EVENT, party="")
    assert nobody.group == msgspec.structs.replace(nobody, received_ms=9, raw=msgspec.Raw(b"1")).group
    others = [msgspec.structs.replace(nobody, **{name: "other"}) for name in ("id", "account", "source", "section")]
    groups = {event.group for event in (nobody, *others[:3], EVENT)}
    assert len(groups) == 5
    assert others[3].group == nobody.group
    assert msgspec.structs.replace(nobody, section="echo").group not in groups


def test_a_partys_group_is_the_same_as_ever() -> None:
    """Events wait in it while a new version comes."""
    assert EVENT.group == digest("instagram", "1", "2", "")
    assert msgspec.structs.replace(EVENT, section="echo").group == digest("instagram", "1", "2", "echo")


def test_a_conversations_key_is_bounded() -> None:
    assert Conversation("tiktok", "b", "+c/==").key == "tiktok#b#+c/=="
    assert len(Conversation("tiktok", "b", "c" * 1000).key) == len("tiktok#b#") + 64


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (Rejected(401, "signature_missing"), "signature_missing"),
        (Malformed("no JSON"), "no JSON"),
        (Retryable("later", 3), "later"),
        (TokenRefused("dead", 60), "dead"),
        (Refused("other", "no"), "other: no"),
        (Uncertain("lost"), "lost"),
    ],
)
def test_errors_say_their_reason(error: Exception, words: str) -> None:
    assert str(error) == words
    assert isinstance(error, Retryable) == (type(error) in {Retryable, TokenRefused})


@pytest.mark.parametrize(
    ("customer", "username", "own"),
    [
        ("1", "", True),
        ("9", "", True),
        ("2", "tea.shop", True),
        ("comment:5", "Tea.Shop", True),
        ("2", "tea.shop.fans", False),
        ("2", "", False),
        ("", "", False),
    ],
)
def test_an_account_knows_what_is_its_own(customer: str, username: str, own: bool) -> None:
    for name in ("tea.shop", "@tea.shop"):
        account = Account(channel="instagram", id="1", integration="i", secret="s", name=name, options={"page": "9"})
        assert instagram.own(account, customer, username) is own


def test_what_is_still_to_be_told_of_an_account_with_flat_options_is_read() -> None:
    """As it lay on the queue before options stood beside the core."""
    account = {"channel": "instagram", "id": "1", "integration": "i", "secret": "s", "login": "facebook", "page": "9",
               "human_agent": True, "language": "es", "notices": False}  # fmt: skip
    told = {"account": account, "message": "m", "customer": "c", "desk_conversation": "d", "author": "human",
            "delivered": True}  # fmt: skip
    read = msgspec.json.decode(msgspec.json.encode(told), type=Told)
    assert (read.account.integration, read.account.language, read.account.notices) == ("i", "es", False)


@pytest.mark.parametrize("username", ["", "tea.shop"])
def test_an_account_without_a_name_or_a_page_takes_nobody_for_itself(username: str) -> None:
    account = Account(channel="instagram", id="1", integration="i", secret="s")
    assert not instagram.own(account, "", username)


@pytest.mark.parametrize(
    ("attributes", "lines"),
    [
        ({"adId": "7", "adTitle": "Sale", "ref": "r"}, [Line("from_ad", {"title": "Sale"})]),
        ({"adId": "7"}, [Line("from_ad", {"title": "7"})]),
        ({"productId": "8", "ref": "r"}, [Line("product", {"id": "8"})]),
        ({"adId": "7", "productId": "8"}, [Line("from_ad", {"title": "7"}), Line("product", {"id": "8"})]),
        ({"ref": "r", "refSource": "SHORTLINK"}, [Line("from_link", {"ref": "r"})]),
        ({"flowId": "9", "ref": ""}, []),
    ],
)
def test_what_led_a_customer_here_is_told_in_words(attributes: dict[str, str], lines: list[Line]) -> None:
    assert list(led_here(attributes)) == lines
