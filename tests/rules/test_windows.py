"""When a brand may write: a table of what is decided, and what no input may ever bring about."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.rules.windows import Allow, Closed, decide, expires_ms, state
from chalicelib.vocabulary.capabilities import DAY_S, HOUR_S, WindowPolicy
from chalicelib.vocabulary.records import Seat, Thread
from chalicelib.vocabulary.replies import Author

HOUR = 3_600_000
DAY = 24 * HOUR
NOW = 1_800_000_000_000
LONG = WindowPolicy(
    open_s=DAY_S, human_agent_s=7 * DAY_S, human_agent_tag="HUMAN_AGENT", ad_s=7 * DAY_S, comment_s=7 * DAY_S
)
SHORT = WindowPolicy(open_s=48 * HOUR_S, comment_s=48 * HOUR_S)
NO_COMMENTS = WindowPolicy(open_s=DAY_S)
OPEN = Allow()
TAGGED = Allow(tag="HUMAN_AGENT")
OVER = Closed("window_closed")


def granted(policy: WindowPolicy, approved: bool) -> WindowPolicy:
    """As a channel has it for an account that is approved for its tag, or is not."""
    return policy if approved else msgspec.structs.replace(policy, human_agent_s=0.0)


def wrote(ago_ms: int) -> Thread:
    return Thread(seat=Seat(conversation="d"), customer_ms=NOW - ago_ms)


def commented(ago_ms: int, wrote_ago_ms: int | None = None, answered: str = "") -> Thread:
    customer_ms = 0 if wrote_ago_ms is None else NOW - wrote_ago_ms
    return Thread(
        seat=Seat(conversation="d"), customer_ms=customer_ms, comment="c1", comment_ms=NOW - ago_ms, answered=answered
    )


@pytest.mark.parametrize(
    ("policy", "ago_ms", "author", "approved", "verdict"),
    [
        (LONG, 0, "bot", False, OPEN),
        (LONG, DAY, "bot", False, OPEN),
        (LONG, DAY + 1, "bot", False, OVER),
        (LONG, DAY + 1, "bot", True, OVER),
        (LONG, DAY + 1, "human", False, OVER),
        (LONG, DAY, "human", True, OPEN),
        (LONG, DAY + 1, "human", True, TAGGED),
        (LONG, 7 * DAY, "human", True, TAGGED),
        (LONG, 7 * DAY + 1, "human", True, OVER),
        (LONG, -HOUR, "bot", False, OPEN),
        (SHORT, 2 * DAY, "human", False, OPEN),
        (SHORT, 2 * DAY, "bot", False, OPEN),
        (SHORT, 2 * DAY + 1, "bot", False, OVER),
        (SHORT, 2 * DAY + 1, "human", True, OVER),
    ],
)
def test_after_the_customer_wrote(
    policy: WindowPolicy, ago_ms: int, author: Author, approved: bool, verdict: Allow | Closed
) -> None:
    assert decide(granted(policy, approved), wrote(ago_ms), author, NOW) == verdict


@pytest.mark.parametrize(
    ("policy", "thread", "verdict"),
    [
        (LONG, commented(HOUR), Allow(comment="c1")),
        (LONG, commented(7 * DAY), Allow(comment="c1")),
        (LONG, commented(7 * DAY + 1), Closed("comment_expired")),
        (SHORT, commented(2 * DAY), Allow(comment="c1")),
        (SHORT, commented(2 * DAY + 1), Closed("comment_expired")),
        (NO_COMMENTS, commented(HOUR), Closed("comment_expired")),
        (LONG, commented(HOUR, answered="c1"), Closed("awaiting_answer")),
        (LONG, commented(HOUR, wrote_ago_ms=30 * DAY, answered="c1"), Closed("awaiting_answer")),
        (LONG, Thread(seat=Seat(conversation="d"), answered="c1"), Closed("awaiting_answer")),
        (LONG, commented(HOUR, answered="c0"), Allow(comment="c1")),
        # they wrote since: it is an ordinary conversation
        (LONG, commented(2 * HOUR, wrote_ago_ms=HOUR), OPEN),
        (LONG, commented(2 * HOUR, wrote_ago_ms=HOUR, answered="c1"), OPEN),
        (LONG, commented(3 * DAY, wrote_ago_ms=2 * DAY, answered="c1"), OVER),
        # they wrote before, and may still be written to
        (LONG, commented(HOUR, wrote_ago_ms=2 * HOUR), Allow(comment="c1")),
        (LONG, commented(HOUR, wrote_ago_ms=2 * HOUR, answered="c1"), OPEN),
        (NO_COMMENTS, commented(HOUR, wrote_ago_ms=2 * HOUR), OPEN),
    ],
)
def test_after_a_comment(policy: WindowPolicy, thread: Thread, verdict: Allow | Closed) -> None:
    assert decide(granted(policy, False), thread, "bot", NOW) == verdict


@pytest.mark.parametrize(
    ("policy", "ago_ms", "verdict"),
    [(LONG, 7 * DAY, OPEN), (LONG, 7 * DAY + 1, OVER), (SHORT, 3 * DAY, OVER)],
)
def test_after_an_advertisement(policy: WindowPolicy, ago_ms: int, verdict: Allow | Closed) -> None:
    thread = Thread(seat=Seat(conversation="d"), customer_ms=NOW - ago_ms, ad_ms=NOW - ago_ms)
    assert decide(granted(policy, False), thread, "bot", NOW) == verdict


def test_the_tag_comes_before_the_advertisements_doubtful_window() -> None:
    thread = Thread(customer_ms=NOW - 2 * DAY, ad_ms=NOW - 2 * DAY)
    assert decide(granted(LONG, True), thread, "human", NOW) == TAGGED


@pytest.mark.parametrize("thread", [Thread(), Thread(replies=1, platform="t", seen_ms=5)])
def test_nobody_writes_to_whom_nothing_is_remembered_of(thread: Thread) -> None:
    assert decide(granted(SHORT, False), thread, "bot", NOW) == Closed("no_conversation")
    assert decide(granted(LONG, True), thread, "human", NOW) == Closed("no_conversation")
    assert state(granted(SHORT, False), thread, NOW) == "unknown"


def test_a_mention_lets_nobody_write() -> None:
    assert decide(granted(LONG, True), Thread(seat=Seat(conversation="d")), "human", NOW) == Closed("no_conversation")


@pytest.mark.parametrize(
    ("thread", "approved", "expected"),
    [
        (wrote(HOUR), False, "open"),
        (wrote(2 * DAY), True, "human_agent"),
        (wrote(2 * DAY), False, "closed"),
        (commented(HOUR), False, "comment"),
        (commented(HOUR, answered="c1"), True, "closed"),
    ],
)
def test_the_state_in_a_word(thread: Thread, approved: bool, expected: str) -> None:
    assert state(granted(LONG, approved), thread, NOW) == expected


@pytest.mark.parametrize(
    ("thread", "approved", "expected"),
    [
        (wrote(HOUR), False, NOW - HOUR + DAY),
        (wrote(HOUR), True, NOW - HOUR + 7 * DAY),
        (Thread(customer_ms=NOW, ad_ms=NOW), False, NOW + 7 * DAY),
        (commented(HOUR), False, NOW - HOUR + 7 * DAY),
        (commented(HOUR, answered="c1"), False, 0),
        (Thread(), True, 0),
    ],
)
def test_until_when_an_agent_may_answer(thread: Thread, approved: bool, expected: int) -> None:
    assert expires_ms(granted(LONG, approved), thread) == expected


lengths = st.sampled_from([0.0, HOUR_S, DAY_S, 48 * HOUR_S, 7 * DAY_S])
policies = st.builds(
    WindowPolicy,
    open_s=lengths,
    human_agent_s=lengths,
    human_agent_tag=st.just("HUMAN_AGENT"),
    ad_s=lengths,
    comment_s=lengths,
)
moments = st.one_of(st.just(0), st.integers(NOW - 9 * DAY, NOW + DAY), st.sampled_from([NOW - DAY, NOW - 7 * DAY]))
threads = st.builds(
    Thread,
    seat=st.sampled_from([Seat(), Seat(conversation="d")]),
    customer_ms=moments,
    ad_ms=moments,
    comment=st.sampled_from(["", "c1"]),
    comment_ms=moments,
    answered=st.sampled_from(["", "c1", "c0"]),
).map(lambda thread: thread if thread.comment else msgspec.structs.replace(thread, comment_ms=0))
authors = st.sampled_from(["human", "bot"])


def since(moment_ms: int) -> float:
    """Hours, for ever where it never was."""
    return (NOW - moment_ms) / HOUR if moment_ms else float("inf")


@given(policies, threads, authors, st.booleans())
def test_it_never_allows_what_the_policy_forbids(
    policy: WindowPolicy, thread: Thread, author: Author, approved: bool
) -> None:
    verdict = decide(granted(policy, approved), thread, author, NOW)
    if isinstance(verdict, Closed) or thread == Thread():
        return
    if verdict.comment:
        assert verdict.comment == thread.comment != thread.answered
        assert policy.comment_s
        assert since(thread.comment_ms) <= policy.comment_s / 3600
        assert thread.comment_ms > thread.customer_ms
    elif verdict.tag:
        assert author == "human"
        assert approved
        assert policy.human_agent_s
        assert since(thread.customer_ms) <= policy.human_agent_s / 3600
    else:
        written = bool(policy.open_s) and since(thread.customer_ms) <= (policy.open_s or 0) / 3600
        led = bool(policy.ad_s) and since(thread.ad_ms) <= policy.ad_s / 3600
        assert written or led


@given(policies, threads, st.booleans())
def test_a_bot_is_never_tagged_as_a_human(policy: WindowPolicy, thread: Thread, approved: bool) -> None:
    verdict = decide(granted(policy, approved), thread, "bot", NOW)
    assert isinstance(verdict, Closed) or not verdict.tag


@given(policies, threads, st.booleans())
def test_what_a_bot_may_a_human_may(policy: WindowPolicy, thread: Thread, approved: bool) -> None:
    if isinstance(decide(granted(policy, approved), thread, "bot", NOW), Allow):
        assert isinstance(decide(granted(policy, approved), thread, "human", NOW), Allow)


@given(policies, threads.filter(lambda thread: thread != Thread()), st.booleans())
def test_the_end_that_is_told_is_the_last_moment_that_is_allowed(
    policy: WindowPolicy, thread: Thread, approved: bool
) -> None:
    end = expires_ms(granted(policy, approved), thread)
    assert isinstance(decide(granted(policy, approved), thread, "human", end + 1), Closed)
    if end:
        assert isinstance(decide(granted(policy, approved), thread, "human", end), Allow)


@given(policies, threads, authors, st.booleans(), st.integers(0, 10 * DAY))
def test_a_window_that_is_closed_opens_by_no_waiting(
    policy: WindowPolicy, thread: Thread, author: Author, approved: bool, later_ms: int
) -> None:
    if isinstance(decide(granted(policy, approved), thread, author, NOW), Closed):
        assert isinstance(decide(granted(policy, approved), thread, author, NOW + later_ms), Closed)


@given(threads)
def test_a_customer_who_writes_now_can_be_answered(thread: Thread) -> None:
    fresh = msgspec.structs.replace(thread, customer_ms=NOW)
    assert isinstance(decide(granted(SHORT, False), fresh, "bot", NOW), Allow)


# A platform without a window


@pytest.mark.parametrize("hours", [0.0, 24.0, 24 * 365.0])
@pytest.mark.parametrize("author", ["human", "bot"])
def test_a_window_without_end_never_closes_once_the_customer_wrote(hours: float, author: Author) -> None:
    policy, thread = WindowPolicy(open_s=None), Thread(seat=Seat(conversation="d"), customer_ms=1_000)
    now_ms = 1_000 + int(hours * 3_600_000)
    assert decide(granted(policy, False), thread, author, now_ms) == Allow()
    assert state(granted(policy, False), thread, now_ms) == "open"
    assert expires_ms(granted(policy, False), thread) == 0
    assert isinstance(decide(granted(policy, False), Thread(seat=Seat(conversation="d")), author, now_ms), Closed)
