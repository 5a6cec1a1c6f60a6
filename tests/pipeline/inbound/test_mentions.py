"""Mentions in the customer's words; none waits for the platform, or is lost for its sake."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from chalicelib.errors import AccountStopped, RateLimited, Refused, Retryable, TokenRefused, Uncertain
from chalicelib.pipeline.inbound.mentions import Mentions
from chalicelib.pipeline.inbound.posts import Posts
from chalicelib.vocabulary.messages import CustomerMessage, Line, Mention, Mentioned
from chalicelib.vocabulary.records import Conversation
from tests.fakes import INSTAGRAM, FakeClient, FakeClock, FakeMetrics

LINES = (Line("mention_comment"), Line("answer_privately"))
SAID = CustomerMessage(
    id="mention:comment:1",
    conversation=Conversation("instagram", INSTAGRAM.id, "comment:1"),
    sent_ms=1,
    lines=LINES,
    mention=Mention(post="7", comment="1"),
    attributes={"postId": "7"},
)


def told(*answers: Mentioned | Exception | None, said: CustomerMessage = SAID) -> tuple[CustomerMessage, FakeClient]:
    client = FakeClient()
    client.mentions = list(answers)
    return Mentions({"instagram": client}, FakeClock(), FakeMetrics()).told(INSTAGRAM, said), client


def test_a_mention_says_who_wrote_what_and_where() -> None:
    said, client = told(Mentioned(text="@tea.shop is it open?", username="leaf.fan", url="https://ig.example/p/7/"))
    assert client.asked_mentions == [Mention(post="7", comment="1")]
    assert (said.text, said.username) == ("@tea.shop is it open?", "leaf.fan")
    assert said.lines == (Line("mention_comment", {"url": "https://ig.example/p/7/"}), LINES[1])
    assert said.attributes == {"postUrl": "https://ig.example/p/7/"}
    assert (said.id, said.conversation, said.mention) == (SAID.id, SAID.conversation, SAID.mention)


@pytest.mark.parametrize(
    ("found", "changes"),
    [
        (Mentioned(text="hi"), {"text": "hi"}),
        (Mentioned(username="leaf.fan"), {"username": "leaf.fan"}),
        (Mentioned(), {}),
        (None, {}),
    ],
)
def test_what_is_not_told_is_left_out(found: Mentioned | None, changes: dict[str, Any]) -> None:
    said, _ = told(found)
    assert said == msgspec.structs.replace(SAID, **changes)


@pytest.mark.parametrize(
    "trouble",
    [
        Refused("other", "100/33"), AccountStopped("200", "grant it"), Retryable("down"), RateLimited("4", 60),
        TokenRefused("190"), Uncertain("no answer"), KeyError("field"),
    ],
)  # fmt: skip
def test_a_mention_of_which_nothing_is_to_be_had_is_shown_as_it_is(trouble: Exception) -> None:
    client, metrics = FakeClient(), FakeMetrics()
    client.mentions = [trouble]
    assert Mentions({"instagram": client}, FakeClock(), metrics).told(INSTAGRAM, SAID) == SAID
    assert metrics.total("mention_failed", channel="instagram") == 1


def test_nothing_is_asked_of_what_is_no_mention() -> None:
    plain = msgspec.structs.replace(SAID, mention=None)
    said, client = told(Mentioned(text="x"), said=plain)
    assert (said, client.asked_mentions) == (plain, [])


def test_nobody_is_asked_for_the_post_of_somebody_else() -> None:
    """A mention's post is another person's: the account could not read it, and its own posts would be paused."""
    client = FakeClient()
    client.posts = [Refused("other", "not yours")]
    posts = Posts({"instagram": client}, FakeClock(), FakeMetrics())
    assert posts.placed(INSTAGRAM, SAID) == SAID
    assert len(client.posts) == 1


@pytest.mark.parametrize("answer", ["", Refused("other", "33"), Retryable("down")])
def test_a_post_without_an_address_is_no_number_to_the_agent(answer: str | Exception) -> None:
    comment = msgspec.structs.replace(SAID, lines=(Line("comment", post="7"), LINES[1]), mention=None)
    client = FakeClient()
    client.posts = [answer]
    said = Posts({"instagram": client}, FakeClock(), FakeMetrics()).placed(INSTAGRAM, comment)
    assert said.lines == (Line("comment", {"url": ""}), LINES[1])
    assert said.attributes == {"postId": "7"}
