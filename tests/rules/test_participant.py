"""The participant data: known names in a known order, short values, nothing empty."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.registry import CHANNELS, abouts
from chalicelib.rules import participant
from chalicelib.rules.participant import NAMES, nickname
from chalicelib.rules.windows import State
from chalicelib.vocabulary.about import About
from chalicelib.vocabulary.messages import CustomerMessage, Line
from chalicelib.vocabulary.records import Account, Conversation, Profile

ACCOUNT = Account(channel="instagram", id="1784", integration="i", secret="s", language="es")
TIKTOK = Account(channel="tiktok", id="b1", integration="i", secret="s")
SAID = CustomerMessage(id="m", conversation=Conversation("instagram", "1784", "c"), sent_ms=1_800_000_000_000)
OTHER = About(name="other", title="other", signed_by="", secrets=())
ABOUTS = abouts(CHANNELS) | {"other": OTHER}
PROFILE = Profile(name="Ana", username="ana.b", followers=0, verified=False, follows=True)


def attributes(
    account: Account,
    message: CustomerMessage,
    profile: Profile | None,
    expires_ms: int,
    state: State,
    late: bool = False,
) -> dict[str, str]:
    return participant.attributes(ABOUTS[account.channel], account, message, profile, expires_ms, state, late)


def said(**changes: Any) -> CustomerMessage:
    return msgspec.structs.replace(SAID, **changes)


def test_everything_that_is_known_is_told_in_the_order_of_the_names() -> None:
    led = {"adId": "a", "ref": "r", "adTitle": "t", "flowId": "f", "productId": "i", "refSource": "ADS"}
    noticed = {"guard": "one", "guardAction": "low"}
    message = said(attributes={"postId": "p", "postUrl": "https://x/p"} | led | noticed)
    told = attributes(ACCOUNT, message, PROFILE, 1_800_086_400_000, "open", late=True)
    assert list(told) == list(NAMES)
    assert told == {
        "source": "Instagram_DM",
        "channel": "instagram",
        "accountId": "1784",
        "username": "ana.b",
        "profileUrl": "https://www.instagram.com/ana.b/",
        "sentAt": "2027-01-15T08:00:00.000Z",
        "windowExpiresAt": "2027-01-16T08:00:00.000Z",
        "windowState": "open",
        "late": "true",
        "language": "es",
        "adId": "a",
        "ref": "r",
        "adTitle": "t",
        "flowId": "f",
        "productId": "i",
        "refSource": "ADS",
        "postUrl": "https://x/p",
        "verified": "false",
        "followers": "0",
        "follows": "true",
        "postId": "p",
        "guard": "one",
        "guardAction": "low",
        "priority": "-1440",
    }


def test_what_is_not_known_is_left_out() -> None:
    assert attributes(TIKTOK, SAID, None, 0, "unknown") == {
        "source": "TikTok_DM",
        "channel": "tiktok",
        "accountId": "b1",
        "sentAt": "2027-01-15T08:00:00.000Z",
        "windowState": "unknown",
        "language": "en",
    }


@pytest.mark.parametrize(
    ("message", "source"),
    [
        (said(), "Instagram_DM"),
        (said(lines=(Line("story_reply"),)), "Instagram_DM"),
        (said(comment="c1", public=True), "Instagram_Comment"),
        (said(lines=(Line("mention_post"), Line("answer_in_app")), public=True), "Instagram_Comment"),
        (said(lines=(Line("region"),), starts_window=False), "Instagram_DM"),
    ],
)
def test_the_source_tells_messages_from_comments(message: CustomerMessage, source: str) -> None:
    assert attributes(ACCOUNT, message, None, 0, "open")["source"] == source


def test_what_the_message_says_of_the_customer_comes_before_the_profile() -> None:
    message = said(username="ana", profile_url="https://www.tiktok.com/@ana", attributes={"follows": "false"})
    told = attributes(TIKTOK, message, Profile(username="other"), 0, "open")
    assert (told["username"], told["profileUrl"], told["follows"]) == ("ana", "https://www.tiktok.com/@ana", "false")


def test_a_name_in_an_address_stays_in_its_place() -> None:
    told = attributes(TIKTOK, said(username="a/../b?c#d"), None, 0, "open")
    assert told["profileUrl"] == "https://www.tiktok.com/@a%2F..%2Fb%3Fc%23d"


def test_a_channel_without_a_known_page_tells_none() -> None:
    account = Account(channel="other", id="o", integration="i", secret="s")
    told = attributes(account, said(username="ana"), None, 0, "open")
    assert told["source"] == "other_DM"
    assert "profileUrl" not in told


def test_a_message_cannot_pass_itself_off_as_another() -> None:
    message = said(attributes={"source": "x", "windowState": "x", "verified": "true", "priority": "99"})
    told = attributes(ACCOUNT, message, None, 0, "closed")
    assert (told["source"], told["windowState"]) == ("Instagram_DM", "closed")
    assert not {"verified", "priority"} & set(told)


@pytest.mark.parametrize(("length", "kept"), [(500, 500), (501, 500)])
def test_a_long_value_is_cut(length: int, kept: int) -> None:
    assert attributes(ACCOUNT, said(attributes={"ref": "r" * length}), None, 0, "open")["ref"] == "r" * kept


def test_a_value_is_cut_between_characters() -> None:
    told = attributes(ACCOUNT, said(attributes={"ref": "r" * 499 + "é"}), None, 0, "open")
    assert told["ref"] == "r" * 499


@pytest.mark.parametrize(("length", "there"), [(500, True), (501, False)])
def test_a_long_address_is_left_out(length: int, there: bool) -> None:
    address = "https://x/".ljust(length, "p")
    assert ("postUrl" in attributes(ACCOUNT, said(attributes={"postUrl": address}), None, 0, "open")) == there


@pytest.mark.parametrize("sent_ms", [0, -1, 10**15])
def test_a_time_that_no_calendar_has_is_left_out(sent_ms: int) -> None:
    told = attributes(ACCOUNT, said(sent_ms=sent_ms), None, sent_ms, "open")
    assert not {"sentAt", "windowExpiresAt"} & set(told)


@pytest.mark.parametrize(
    ("username", "profile", "name"),
    [
        ("ana.b", None, "ana.b"),
        ("ana.b", Profile(name="Ana Núñez", username="ana.b"), "Ana Núñez"),
        ("", Profile(username="ana.b"), "ana.b"),
        ("ana.b", Profile(name=" "), "ana.b"),
        ("ana.b", Profile(name="7391848"), "ana.b"),
        ("ana.b", Profile(name="c"), "ana.b"),
        ("007", Profile(name=""), "007"),
        ("c", Profile(), ""),
        ("", None, ""),
    ],
)
def test_a_customer_is_called_by_a_name_and_never_by_an_id(username: str, profile: Profile | None, name: str) -> None:
    assert nickname(said(username=username), profile) == name


texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=700)


@given(st.dictionaries(st.sampled_from([*NAMES, "else"]), texts), texts, st.integers(), st.integers())
def test_whatever_comes_the_data_is_short_and_known(
    told: dict[str, str], username: str, sent_ms: int, expires_ms: int
) -> None:
    message = said(attributes=told, username=username, sent_ms=sent_ms)
    found = attributes(ACCOUNT, message, None, expires_ms, "open")
    assert [name for name in NAMES if name in found] == list(found)
    assert [name for name, value in found.items() if not 0 < len(value.encode()) <= 500] == []
