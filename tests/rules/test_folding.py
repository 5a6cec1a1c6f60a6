"""Which texts become one message, whatever a customer writes."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.rules import folding
from chalicelib.vocabulary.messages import CustomerMessage, Line, Media, Mention
from chalicelib.vocabulary.records import Conversation, Profile

CONVERSATION = Conversation("instagram", "1784", "55501")
NOW_MS = 1_800_000_000_000


def said(number: int, text: str = "text", after_ms: int = 0, **more: Any) -> CustomerMessage:
    whole = CustomerMessage(id=f"m{number}", conversation=CONVERSATION, sent_ms=NOW_MS + after_ms, text=text)
    return msgspec.structs.replace(whole, **more)


OTHER: dict[str, dict[str, Any]] = {
    "no text": {"text": ""},
    "a file": {"media": Media(kind="image", url="https://x.example/1")},
    "a tap": {"tap": "token"},
    "a comment": {"comment": "c-1"},
    "public": {"public": True},
    "no window": {"starts_window": False},
    "an advertisement": {"from_ad": True},
    "a quote": {"quotes": "mid-0"},
    "a line": {"lines": (Line("theirs"),)},
    "a part": {"part": 1},
    "a mention": {"mention": Mention(post="1")},
}


@pytest.mark.parametrize("more", OTHER.values(), ids=OTHER)
def test_only_plain_texts_are_folded_on_either_side(more: dict[str, Any]) -> None:
    assert folding.plain(said(1))
    assert not folding.plain(said(1, **more))
    assert folding.together(said(1, **more), [said(2)], 5) == 0
    assert folding.together(said(1), [said(2), said(3, **more), said(4)], 5) == 1


def test_who_wrote_may_be_told_beside_each() -> None:
    known: dict[str, Any] = {"profile": Profile(name="Ana"), "username": "ana_diaz"}
    assert folding.together(said(1, **known), [said(2, **known), said(3)], 5) == 2


def test_every_field_of_a_message_is_judged() -> None:
    """A new kind of content is not folded until somebody has thought of it."""
    harmless = {"id", "conversation", "sent_ms", "text", "origin", "username", "profile_url", "platform_thread",
                "attributes", "sealed", "profile", "said"}  # fmt: skip
    judged = {name for more in OTHER.values() for name in more}
    assert harmless | judged == set(CustomerMessage.__struct_fields__)


@pytest.mark.parametrize(
    "behind",
    {
        "something else": None,
        "too late": said(2, after_ms=5001),
        "the same again": said(1),
        "another account's": said(2, conversation=Conversation("instagram", "1785", "55501")),
        "another road": said(2, platform_thread="1:2"),
        "encrypted": said(2, sealed=True),
        "other facts": said(2, attributes={"follows": "true"}),
    }.values(),
)
def test_what_does_not_follow_ends_it(behind: CustomerMessage | None) -> None:
    assert folding.together(said(1), [behind, said(3)], 5) == 0
    assert folding.together(said(1), [said(3), behind, said(4)], 5) == 1


def test_what_was_written_at_the_last_moment_belongs_to_it() -> None:
    assert folding.together(said(1), [said(2, after_ms=5000)], 5) == 1


texts = st.text(min_size=1, max_size=400)
gaps = st.integers(0, 4000)


@given(st.lists(st.tuples(texts, gaps), min_size=1, max_size=40), st.integers(1, 20))
def test_no_text_is_lost_and_their_order_is_kept(written: list[tuple[str, int]], within_s: int) -> None:
    at, messages = 0, []
    for number, (text, gap) in enumerate(written):
        at += gap
        messages.append(said(number, text, at))
    shown, left = [], messages
    while left:
        number = folding.together(left[0], left[1:], within_s)
        shown.append(left[: number + 1])
        left = left[number + 1 :]
    assert [one for group in shown for one in group] == messages
    for group in shown:
        whole = folding.one(group)
        assert whole.text == "\n".join(one.text for one in group)
        assert whole.sent_ms == group[-1].sent_ms
        assert group[-1].sent_ms - group[0].sent_ms <= within_s * 1000
        assert len(group) == 1 or len(whole.text) <= 1000
        assert len(group) <= 20


@given(st.lists(st.text(min_size=1, max_size=20), min_size=2, max_size=6, unique=True))
def test_other_messages_together_have_another_name(ids: list[str]) -> None:
    names = {folding.name(ids[:number]) for number in range(1, len(ids) + 1)}
    names |= {folding.name(ids[::-1])} | set(ids)
    assert len(names) == 2 * len(ids) + 1


@given(st.integers(0, 20), st.floats(-30, 30))
def test_a_text_waits_from_when_it_came_and_never_longer(within_s: int, passed_s: float) -> None:
    left_s = folding.waits_s(NOW_MS, NOW_MS / 1000 + passed_s, within_s)
    assert 0 <= left_s <= within_s
    if passed_s >= within_s:
        assert left_s == 0
    elif passed_s >= 0:
        assert left_s == pytest.approx(within_s - passed_s, abs=0.001)
