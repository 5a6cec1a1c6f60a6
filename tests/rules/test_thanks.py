"""What is thanked for, when, and in which words."""

from __future__ import annotations

from datetime import UTC, datetime, time
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.rules import thanks as rules
from chalicelib.rules.catalogue import LANGUAGES
from chalicelib.rules.thanks import Due, Reason
from chalicelib.rules.windows import Allow, Closed, decide
from chalicelib.vocabulary.capabilities import DAY_S, HOUR_S, WindowPolicy
from chalicelib.vocabulary.front import Front, Thanks
from chalicelib.vocabulary.messages import UNNAMED, CustomerEvent, CustomerMessage, Ignored, Led, Media, Mention, Note
from chalicelib.vocabulary.records import Conversation, Seat, Thread

ANA = Conversation("instagram", "178", "555")
NOW = 1_800_000_000_000
NOON = datetime(2027, 1, 15, 12, 0, tzinfo=UTC)
BOTH = Thanks(comments=True)
SAID = CustomerMessage(id="e", conversation=ANA, sent_ms=NOW)
MENTION = msgspec.structs.replace(SAID, story="9011")
COMMENT = msgspec.structs.replace(SAID, comment="c-1", public=True, starts_window=False, text="Nice", username="ana")
STORY = Due(kind="story", conversation=ANA, about="9011", event="e", sent_ms=NOW)
NAMELESS = msgspec.structs.replace(STORY, about=UNNAMED)
ANSWER = Due(kind="comment", conversation=ANA, about="c-1", event="e", sent_ms=NOW, username="ana")
OTHER = msgspec.structs.replace(STORY, about="other")


@pytest.mark.parametrize(
    ("thanks", "happened", "about"),
    [
        (BOTH, MENTION, "9011"),
        (BOTH, msgspec.structs.replace(MENTION, text="look!"), "9011"),
        (BOTH, Led(id="e", conversation=ANA, sent_ms=NOW, attributes={}, from_ad=False, story=UNNAMED), UNNAMED),
        (BOTH, COMMENT, "c-1"),
        (Thanks(), COMMENT, None),
        (Thanks(stories=False), MENTION, None),
        (Thanks(stories=False, comments=True), COMMENT, "c-1"),
        (BOTH, SAID, None),
        (BOTH, Led(id="e", conversation=ANA, sent_ms=NOW, attributes={"ref": "x"}, from_ad=False), None),
        # a mention in a comment under somebody else's post
        (BOTH, msgspec.structs.replace(COMMENT, mention=Mention(comment="c-1")), None),
        # what no private message can answer
        (BOTH, msgspec.structs.replace(COMMENT, comment=""), None),
        (BOTH, Note(id="e", conversation=ANA, sent_ms=NOW, kind="read", lines=()), None),
        (BOTH, Ignored("own"), None),
    ],
)
def test_what_is_thanked_for(thanks: Thanks, happened: CustomerEvent, about: str | None) -> None:
    due = rules.due(thanks, [Ignored("before"), happened])
    assert (due.about if due else None) == about
    if due:
        assert (due.conversation, due.event, due.sent_ms) == (ANA, "e", NOW)


@pytest.mark.parametrize(
    ("happened", "only"),
    [
        ([MENTION], True),
        ([MENTION, MENTION], True),
        ([msgspec.structs.replace(MENTION, text="look!")], False),
        ([msgspec.structs.replace(MENTION, media=Media(kind="image", url="u"))], False),
        ([MENTION, SAID], False),
        ([Led(id="e", conversation=ANA, sent_ms=NOW, attributes={}, from_ad=False, story=UNNAMED)], False),
    ],
)
def test_what_is_nothing_but_a_mention(happened: list[CustomerEvent], only: bool) -> None:
    assert rules.only_mentions(happened) is only


SEATED = Thread(seat=Seat(conversation="desk-1"))


@pytest.mark.parametrize(
    ("thanks", "due", "thread", "before", "later_s", "reason"),
    [
        (BOTH, STORY, Thread(), {}, 0, None),
        (BOTH, STORY, Thread(), {}, DAY_S, None),
        (BOTH, STORY, Thread(), {}, DAY_S + 1, "late"),
        (BOTH, ANSWER, Thread(), {}, DAY_S + 1, "late"),
        (Thanks(quiet="11:00-13:00"), STORY, Thread(), {}, 0, "quiet"),
        (Thanks(quiet="22:00-08:00"), STORY, Thread(), {}, 0, None),
        # it opened the conversation itself
        (BOTH, STORY, SEATED, {}, 0, None),
        (Thanks(opens=False), STORY, SEATED, {}, 0, "held"),
        (Thanks(opens=False, comments=True), ANSWER, SEATED, {}, 0, None),
        # an agent wrote since
        (BOTH, STORY, Thread(said_ms=NOW + 1), {}, 5, "answered"),
        (BOTH, ANSWER, Thread(said_ms=NOW + 1), {}, 5, "answered"),
        (BOTH, STORY, Thread(said_ms=NOW), {}, 5, "answered"),
        (BOTH, STORY, Thread(said_ms=NOW - 1), {}, 5, None),
        (BOTH, ANSWER, Thread(answered="c-1"), {}, 0, "answered"),
        (BOTH, ANSWER, Thread(answered="c-0"), {}, 0, None),
        # they wrote since: that is a talk by now
        (BOTH, ANSWER, Thread(customer_ms=NOW + 1), {}, 5, "answered"),
        (BOTH, ANSWER, Thread(customer_ms=NOW - 1), {}, 5, None),
        (BOTH, STORY, Thread(customer_ms=NOW + 1), {}, 5, None),
        # once for a story
        (BOTH, STORY, Thread(), {STORY.story: "e"}, 0, None),
        (BOTH, STORY, Thread(), {STORY.story: "another event"}, 0, "again"),
        (BOTH, STORY, Thread(), {OTHER.story: "o"}, 0, None),
        # both shapes of one mention, whichever comes first
        (BOTH, STORY, Thread(), {UNNAMED: "o"}, 0, "again"),
        (BOTH, NAMELESS, Thread(), {OTHER.story: "o"}, 0, "again"),
        (BOTH, NAMELESS, Thread(), {UNNAMED: "o"}, 0, "again"),
        (BOTH, NAMELESS, Thread(), {UNNAMED: "e"}, 0, None),
        (BOTH, NAMELESS, Thread(), {}, 0, None),
        (BOTH, ANSWER, Thread(), {UNNAMED: "o"}, 0, None),
    ],
)
def test_when_nobody_is_thanked(
    thanks: Thanks, due: Due, thread: Thread, before: dict[str, str], later_s: float, reason: Reason | None
) -> None:
    now_ms = NOW + int(later_s * 1000)
    assert rules.refusal(thanks, due, thread, before, now_ms, NOON) == reason


@pytest.mark.parametrize(
    ("hours", "now", "quiet"),
    [
        ("", "03:00", False),
        ("22:00-08:00", "21:59", False),
        ("22:00-08:00", "22:00", True),
        ("22:00-08:00", "00:00", True),
        ("22:00-08:00", "07:59", True),
        ("22:00-08:00", "08:00", False),
        ("12:00-14:30", "11:59", False),
        ("12:00-14:30", "14:29", True),
        ("12:00-14:30", "14:30", False),
        ("08:00-08:00", "08:00", False),
    ],
)
def test_the_quiet_hours(hours: str, now: str, quiet: bool) -> None:
    assert rules.is_quiet(hours, time.fromisoformat(now)) is quiet


@given(st.times(), st.times())
def test_of_two_halves_of_a_day_just_one_is_quiet(edge: time, now: time) -> None:
    edge = edge.replace(second=0, microsecond=0)
    if edge == time(12):
        return
    one = rules.is_quiet(f"{edge:%H:%M}-12:00", now)
    assert one is not rules.is_quiet(f"12:00-{edge:%H:%M}", now)


@pytest.mark.parametrize(
    ("own", "name", "said"),
    [
        ("Thanks, {name}!", "Ana", "Thanks, Ana!"),
        ("Thanks, {name}!", "", "Thanks!"),
        ("Hi {name}, thanks", "", "Hi, thanks"),
        ("{name}, thank you", "", "thank you"),
        ("Thanks!", "Ana", "Thanks!"),
        ("Thanks, {name}!", " Ana \n B ", "Thanks, Ana   B!"),
        ("Thanks, {name}!", "https://evil.example", "Thanks!"),
        ("Thanks, {name}!", "WWW.evil", "Thanks!"),
        ("Thanks, {name}!", "evil.example", "Thanks!"),
        ("Thanks, {name}!", "{name}", "Thanks!"),
        ("Thanks, {name}!", "\u202eana", "Thanks, ana!"),
        ("Thanks, {name}!", "a" * 61, "Thanks!"),
        ("Thanks, {name}! 100 % {percent}", "Dr. Ana", "Thanks, Dr. Ana! 100 % {percent}"),
    ],
)
def test_the_accounts_own_words(own: str, name: str, said: str) -> None:
    thanks = Thanks(story_texts={"en": own}, comment_texts={"es": own})
    assert rules.words(thanks, STORY, "en", name) == said
    assert rules.words(thanks, ANSWER, "es", name) == said
    assert rules.wants_name(thanks, STORY, "en") is ("{name}" in own)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("due", [STORY, ANSWER], ids=["story", "comment"])
def test_the_bridges_words_say_that_nobody_wrote_them(language: str, due: Due) -> None:
    with_name, without = (rules.words(Thanks(), due, language, name) for name in ("Ana", ""))
    assert ", Ana!" in with_name
    assert with_name.replace(", Ana", "") == without
    assert "automátic" in without or "automatic" in without
    assert rules.wants_name(Thanks(), due, language)


LONG = WindowPolicy(open_s=DAY_S, comment_s=7 * DAY_S, human_agent_s=7 * DAY_S, human_agent_tag="HUMAN_AGENT")
AGES = st.integers(0, int(10 * DAY_S))


@given(AGES, AGES, AGES, st.sampled_from(["", "c-0", "c-1"]), st.sampled_from(["", "c-0", "c-1"]), st.booleans())
def test_it_never_goes_out_under_a_tag_for_people_nor_for_what_is_old(
    ago_s: int, wrote_s: int, commented_s: int, comment: str, answered: str, story: bool
) -> None:
    due = msgspec.structs.replace(STORY if story else ANSWER, sent_ms=NOW - ago_s * 1000)
    thread = Thread(
        customer_ms=NOW - wrote_s * 1000, comment=comment, comment_ms=NOW - commented_s * 1000, answered=answered
    )
    if rules.refusal(BOTH, due, thread, {}, NOW, NOON):
        return
    assert ago_s <= DAY_S
    verdict = decide(LONG, rules.addressed(due, thread), "bot", NOW)
    assert isinstance(verdict, Allow)
    assert verdict == Allow(comment="" if story else "c-1")


def test_a_story_does_not_spend_the_answer_to_a_comment_that_waits() -> None:
    waits = Thread(comment="c-9", comment_ms=NOW + 5, customer_ms=0)
    assert decide(LONG, rules.addressed(STORY, waits), "bot", NOW) == Allow()


def test_a_thread_that_is_shut_stays_so_for_a_bot() -> None:
    old = msgspec.structs.replace(STORY, sent_ms=NOW - int(30 * HOUR_S) * 1000)
    assert isinstance(decide(LONG, rules.addressed(old, Thread()), "bot", NOW), Closed)


@pytest.mark.parametrize(
    ("told", "wrong"),
    [
        ({"quiet": "22:00"}, "quiet"),
        ({"quiet": "24:00-08:00"}, "quiet"),
        ({"most_a_day": 0}, "most_a_day"),
        ({"most_a_day": 1001}, "most_a_day"),
        ({"story_texts": {"en": ""}}, "story_texts"),
        ({"story_texts": {"en": "x" * 251}}, "story_texts"),
        ({"storys": True}, "storys"),
    ],
)
def test_what_cannot_be_a_setting(told: dict[str, Any], wrong: str) -> None:
    with pytest.raises(msgspec.ValidationError, match=wrong):
        msgspec.convert({"thanks": told}, Front)


def test_two_tellings_of_one_story_have_one_message_and_two_stories_two() -> None:
    again = msgspec.structs.replace(STORY, event="e-2")
    assert again.message == STORY.message
    assert len({STORY.message, OTHER.message, ANSWER.message, NAMELESS.message}) == 4
    assert msgspec.json.decode(msgspec.json.encode(STORY), type=Due) == STORY
