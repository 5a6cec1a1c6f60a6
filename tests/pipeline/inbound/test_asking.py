"""Profiles and posts: what is asked beside a message's way holds up nothing, and concerns only whom it concerns."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from chalicelib.errors import (
    AccountStopped,
    AlreadyThere,
    Malformed,
    Misconfigured,
    RateLimited,
    Refused,
    Retryable,
    TokenRefused,
    Uncertain,
    Unfetched,
)
from chalicelib.pipeline.inbound.posts import Posts
from chalicelib.pipeline.inbound.profiles import Profiles
from chalicelib.vocabulary.messages import CustomerMessage, Line
from chalicelib.vocabulary.records import Account, Conversation, Profile
from chalicelib.vocabulary.replies import Recipient
from tests.fakes import INSTAGRAM, PAGE, START, TIKTOK, FakeClient, FakeClock, FakeLedger, FakeMetrics

ANA, BO = Profile(name="Ana"), Profile(name="Bo")

OUTAGES: list[Exception] = [
    RateLimited("Instagram 4/0"), TokenRefused("Instagram 190/463", 60), Retryable("no connection"),
    Misconfigured("no token", "store one"), Uncertain("no answer"),
]  # fmt: skip
ONES_OWN: list[Exception] = [
    Refused("other", "Instagram 100/2018218"), Refused("wrong_person", "TikTok 40002"),
    AccountStopped("Instagram 10/0", "ask for the permission"), Malformed("odd"), Unfetched("media_gone"),
    AlreadyThere("409"), KeyError("field"), ValueError("number"), RecursionError(),
]  # fmt: skip


def said(account: Account = INSTAGRAM, customer: str = "55501", **changed: Any) -> CustomerMessage:
    whole = CustomerMessage(id="m", conversation=Conversation(account.channel, account.id, customer), sent_ms=1)
    return msgspec.structs.replace(whole, **changed)


def comment(
    account: Account = INSTAGRAM, customer: str = "55501", post: str = "179", **changed: Any
) -> CustomerMessage:
    return said(
        account,
        customer,
        comment="c-1",
        starts_window=False,
        lines=(Line("comment", post=post),),
        attributes={"postId": post},
        **changed,
    )


class Asked(FakeClient):
    """Answers by customer or post; keeps who was asked for."""

    def __init__(self) -> None:
        super().__init__()
        self.told: dict[str, Any] = {}
        self.asked: list[str] = []
        self.recipients: list[Recipient] = []

    def profile(self, account: Account, to: Recipient) -> Profile | None:
        self.recipients.append(to)
        found: Profile | None = self._told(to.customer)
        return found

    def post_url(self, account: Account, post: str) -> str:
        return self._told(post) or ""

    def _told(self, name: str) -> Any:
        self.asked.append(name)
        found = self.told.get(name)
        if isinstance(found, Exception):
            raise found
        return found


class Kit:
    def __init__(self) -> None:
        self.client, self.ledger, self.clock, self.metrics = Asked(), FakeLedger(), FakeClock(), FakeMetrics()
        clients = {"instagram": self.client, "tiktok": self.client}
        self.profiles = Profiles(clients, self.ledger, self.clock, self.metrics)
        self.posts = Posts(clients, self.clock, self.metrics)

    def name(self, account: Account = INSTAGRAM, customer: str = "55501", **changed: Any) -> str:
        found = self.profiles.of(account, said(account, customer, **changed))
        return found.name if found else ""

    def url(self, post: str, account: Account = INSTAGRAM) -> str:
        return self.posts.placed(account, comment(account, post=post)).attributes.get("postUrl", "")


# One customer's trouble


@pytest.mark.parametrize("error", ONES_OWN, ids=repr)
@pytest.mark.parametrize("account", [INSTAGRAM, PAGE, TIKTOK], ids=lambda one: one.channel)
def test_one_missing_profile_concerns_nobody_else(account: Account, error: Exception) -> None:
    kit = Kit()
    kit.client.told = {"1": error, "2": BO}
    assert [kit.name(account, who) for who in ("1", "2", "1")] == ["", "Bo", ""]
    assert kit.client.asked == ["1", "2"]
    assert kit.metrics.totals() == {"profile_failed": 1}


@pytest.mark.parametrize("error", [*ONES_OWN, *OUTAGES], ids=repr)
def test_who_was_refused_is_asked_for_again_after_a_minute(error: Exception) -> None:
    kit = Kit()
    kit.client.told = {"55501": error}
    assert kit.name() == ""
    kit.client.told = {"55501": ANA}
    kit.clock.advance(59)
    assert kit.name() == ""
    kit.clock.advance(2)
    assert kit.name() == "Ana"


@pytest.mark.parametrize("error", ONES_OWN, ids=repr)
def test_one_bad_post_leaves_the_others_their_addresses(error: Exception) -> None:
    kit = Kit()
    kit.client.told = {"1": error, "2": "https://www.instagram.com/p/2/"}
    assert [kit.url(post) for post in ("1", "2", "1")] == ["", "https://www.instagram.com/p/2/", ""]
    assert kit.client.asked == ["1", "2"]
    assert kit.metrics.totals() == {"post_failed": 1}


# An account's trouble


@pytest.mark.parametrize("error", OUTAGES, ids=repr)
def test_an_outage_leaves_the_account_alone_and_no_other(error: Exception) -> None:
    kit = Kit()
    kit.client.told = {"0": error, "1": error, "2": BO, "3": Profile(name="Cy")}
    assert [kit.name(customer="0"), kit.name(customer="1")] == ["", ""]
    assert kit.name(customer="2") == ""
    assert kit.name(PAGE, "3") == "Cy"
    kit.clock.advance(61)
    assert kit.name(customer="2") == "Bo"
    assert kit.client.asked[-2:] == ["3", "2"]


@pytest.mark.parametrize("error", [Retryable("HTTP 503"), Uncertain("no answer")], ids=repr)
def test_what_fails_for_one_only_leaves_nobody_else_nameless(error: Exception) -> None:
    kit = Kit()
    kit.client.told = {"1": error, "2": BO}
    for _ in range(5):
        assert kit.name(customer="1") == ""
        assert kit.name(customer="2") == "Bo"
        kit.ledger.profiles.clear()
        kit.clock.advance(3601)


@pytest.mark.parametrize(("asked_s", "silent_s"), [(None, 30), (0, 30), (5, 30), (600, 600), (10**9, 3600)])
def test_the_pause_is_the_platforms_within_bounds(asked_s: float | None, silent_s: float) -> None:
    kit = Kit()
    kit.client.told = {"1": RateLimited("HTTP 429", asked_s), "2": BO}
    kit.name(customer="1")
    kit.clock.advance(silent_s - 1)
    assert kit.name(customer="2") == ""
    kit.clock.advance(2)
    assert kit.name(customer="2") == "Bo"


def test_one_for_whom_the_platform_always_falls_silent_does_not_keep_all_others_nameless() -> None:
    kit = Kit()
    kit.client.told = {"1": Uncertain("no answer"), **{str(number): BO for number in range(10, 40)}}
    named = 0
    for number in range(10, 40):
        kit.name(customer="1")
        named += bool(kit.name(customer=str(number)))
        kit.clock.advance(10)
    assert named >= 10


@pytest.mark.parametrize("error", OUTAGES, ids=repr)
def test_an_outage_of_posts_leaves_profiles_alone(error: Exception) -> None:
    kit = Kit()
    kit.client.told = {"0": error, "1": error, "2": "https://www.instagram.com/p/2/", "55501": ANA}
    assert [kit.url("0"), kit.url("1"), kit.url("2")] == ["", "", ""]
    assert kit.name() == "Ana"
    kit.clock.advance(61)
    assert kit.url("2") == "https://www.instagram.com/p/2/"


@pytest.mark.parametrize("error", [*ONES_OWN, *OUTAGES], ids=repr)
def test_what_was_known_stays_known_while_it_cannot_be_asked(error: Exception) -> None:
    kit = Kit()
    kit.client.told = {"1": ANA, "2": error, "p": "https://www.instagram.com/p/p/"}
    assert (kit.name(customer="1"), kit.url("p")) == ("Ana", "https://www.instagram.com/p/p/")
    kit.ledger.profiles.clear()
    kit.client.told = {"1": error, "p": error}
    for _ in range(3):
        kit.clock.advance(8 * 86_400)
        assert (kit.name(customer="1"), kit.url("p")) == ("Ana", "https://www.instagram.com/p/p/")


# Consent


def public(account: Account, customer: str) -> list[CustomerMessage]:
    """What somebody may leave on a platform without writing to the brand."""
    return [
        comment(account, customer),
        said(account, customer, starts_window=False),  # a mention
        said(account, customer, comment="c-2"),
    ]


@pytest.mark.parametrize("number", range(3))
@pytest.mark.parametrize("account", [INSTAGRAM, PAGE, TIKTOK], ids=lambda one: one.channel)
@pytest.mark.parametrize("told", [None, Refused("person_unavailable", "Instagram 230/0"), KeyError("x")], ids=repr)
def test_writing_is_the_consent_and_asks_again(account: Account, told: Exception | None, number: int) -> None:
    kit = Kit()
    kit.client.told = {"55501": told}
    assert kit.profiles.of(account, public(account, "55501")[number]) is None
    kit.client.told = {"55501": ANA}
    assert kit.name(account, platform_thread="thread-1") == "Ana"
    assert kit.client.recipients[-1] == Recipient(customer="55501", thread="thread-1")


def test_a_second_comment_is_no_consent() -> None:
    kit = Kit()
    for _ in range(2):
        kit.profiles.of(INSTAGRAM, comment())
    assert kit.client.asked == ["55501"]


def test_who_wrote_is_known_when_they_comment() -> None:
    kit = Kit()
    kit.client.told = {"55501": ANA}
    kit.name()
    assert kit.profiles.of(INSTAGRAM, comment()) == ANA
    assert kit.client.asked == ["55501"]


# The table's trouble


@pytest.mark.parametrize("error", [Retryable("table busy"), ValueError("odd item"), KeyError("body")], ids=repr)
def test_a_table_that_fails_leaves_the_platforms_answer(error: Exception) -> None:
    class Broken(FakeLedger):
        def profile(self, conversation: Conversation, now: float) -> Profile | None:
            raise error

        def keep_profile(self, conversation: Conversation, now: float, profile: Profile) -> None:
            raise error

    kit = Kit()
    kit.client.told = {"1": ANA, "2": BO}
    kit.profiles = Profiles({"instagram": kit.client}, Broken(), kit.clock, kit.metrics)
    assert [kit.name(customer=who) for who in ("1", "2", "1")] == ["Ana", "Bo", "Ana"]
    assert kit.client.asked == ["1", "2"]


def test_the_table_is_asked_before_the_platform() -> None:
    kit = Kit()
    kit.ledger.keep_profile(said().conversation, START, ANA)
    assert kit.name() == "Ana"
    assert kit.client.asked == []


@pytest.mark.parametrize("ask", [lambda kit: kit.name(), lambda kit: kit.url("1")])
def test_a_channel_without_a_client_fails_quietly(ask: Callable[[Kit], str]) -> None:
    kit = Kit()
    kit.profiles = Profiles({}, kit.ledger, kit.clock, kit.metrics)
    kit.posts = Posts({}, kit.clock, kit.metrics)
    assert ask(kit) == ""


# Memory


def test_what_is_remembered_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("chalicelib.pipeline.inbound.posts.REMEMBERED", 2)
    kit = Kit()
    kit.client.told = {name: f"https://x/{name}" for name in "abc"}
    for post in "abca":
        kit.url(post)
    assert kit.client.asked == ["a", "b", "c", "a"]


def test_a_comment_without_a_post_asks_for_nothing() -> None:
    kit = Kit()
    bare = comment(post="")
    assert kit.posts.placed(INSTAGRAM, bare) is bare
    told = msgspec.structs.replace(comment(), lines=())
    assert kit.posts.placed(INSTAGRAM, told) is told
    assert kit.client.asked == []


def test_what_came_with_the_message_is_not_asked_for_and_holds_for_what_comes_without() -> None:
    kit = Kit()
    assert kit.profiles.of(INSTAGRAM, said(profile=ANA)) == ANA
    assert kit.client.asked == []
    assert kit.ledger.profile(said().conversation, kit.clock()) == ANA
    kit.profiles = Profiles({}, kit.ledger, kit.clock, kit.metrics)
    assert kit.profiles.of(INSTAGRAM, said()) == ANA
    kit.profiles = Profiles({}, kit.ledger, kit.clock, kit.metrics)
    assert kit.profiles.of(INSTAGRAM, said(profile=BO)) == BO, "the newer one"
