"""An automatic thank-you goes out once, or not at all; what it thanks for is shown as ever."""

from __future__ import annotations

import random
import sys
from collections import Counter
from functools import partial
from typing import Any

import msgspec
import pytest

from chalicelib.errors import (
    AccountStopped,
    Misconfigured,
    RateLimited,
    Refused,
    Retryable,
    TokenRefused,
    Uncertain,
    Waiting,
)
from chalicelib.pipeline.ports import Ledger
from chalicelib.rules.catalogue import say
from chalicelib.vocabulary.capabilities import DAY_S, HOUR_S, Capabilities, WindowPolicy
from chalicelib.vocabulary.front import Front, Thanks
from chalicelib.vocabulary.messages import UNNAMED, CustomerEvent, CustomerMessage, DeskMessage, Echo, Led, Line
from chalicelib.vocabulary.records import Account, Conversation, Event, Pause, Profile, Seat
from chalicelib.vocabulary.replies import AgentMessage, Part, Recipient
from tests.fakes import INSTAGRAM, START, turn
from tests.pipeline.test_seats import CONVERSATION, Kit, said

MENTION = said(text="", story="9011", lines=(Line("story_mention", {"url": "https://story.example/1"}),))
COMMENT = said(text="Lovely", comment="c-1", public=True, starts_window=False, username="ana", story="")
SHOWN = "[Mentioned you in a story: https://story.example/1]"
POLICY = WindowPolicy(open_s=DAY_S, comment_s=7 * DAY_S, human_agent_s=7 * DAY_S, human_agent_tag="HUMAN_AGENT", cap=10)
TOLD = "[The customer was thanked automatically for the story: Thanks, Ana!]"


class Talk(Kit):
    """One desk, and an account that thanks."""

    def __init__(self, desks: str = "genesys", **thanks: Any) -> None:
        super().__init__(desks=desks)
        self.client._capabilities = Capabilities(text_limit=1000, text_unit="bytes", window=POLICY)
        self.client.profiles = [Profile(name="Ana")] * 50
        given = {"story_texts": {"en": "Thanks, {name}!"}, "comment_texts": {"en": "Thanks, {name}!"}} | thanks
        front = Front(thanks=Thanks(**given))
        self.ledger.listed = [msgspec.structs.replace(INSTAGRAM, front=front, options={"human_agent": True})]
        self.done = 0

    def happens(self, *happened: CustomerEvent) -> None:
        """It comes to the desk."""
        self.write(*happened)

    def thank(self, received: int = 1) -> None:
        """The outbound worker takes what is there to be taken, in order; what has to wait stays there."""
        while self.done < len(self.outbound.events):
            event = self.outbound.events[self.done]
            self.to_customer.handle(event, turn(event.id, received=received))
            self.done += 1

    def later(self, seconds: float = 0.0) -> Retryable:
        """So much later it is tried, and has to come again."""
        self.clock.advance(seconds)
        with pytest.raises(Retryable) as caught:
            self.thank(received=2)
        return caught.value

    def outcomes(self, kind: str = "story") -> dict[str, int]:
        made = [told["outcome"] for name, _, told in self.metrics.lines if (name, told.get("kind")) == ("thanks", kind)]
        return dict(Counter(made))

    @property
    def texts(self) -> list[str]:
        return [one.text for one in self.genesys.delivered]


def test_a_mention_is_shown_and_thanked_for_once_by_name_and_the_agents_read_it() -> None:
    talk = Talk()
    talk.happens(MENTION)
    assert talk.texts == [SHOWN]
    assert talk.client.texts == []  # nothing of it is in the message's way
    talk.thank()
    [(to, _)] = talk.client.parts
    assert (talk.client.texts, to.customer, to.tag, to.comment) == (["Thanks, Ana!"], "55501", "", "")
    assert talk.texts == [SHOWN, TOLD]
    assert talk.outcomes() == {"sent": 1}
    assert talk.ledger.thread(CONVERSATION).replies == 1  # as a platform counts
    assert not talk.genesys.reported  # no desk has said it


def test_its_echo_is_ours() -> None:
    talk = Talk()
    talk.happens(MENTION)
    talk.thank()
    talk.happens(Echo(id="platform-1", conversation=CONVERSATION, sent_ms=1, text="Thanks, Ana!"))
    assert talk.texts == [SHOWN, TOLD]
    assert talk.metrics.total("ignored", reason="echo_own") == 1


def test_a_comment_is_thanked_for_by_its_one_private_reply() -> None:
    talk = Talk(comments=True)
    talk.client.profiles = []
    talk.happens(COMMENT)
    talk.thank()
    [(to, _)] = talk.client.parts
    assert (talk.client.texts, to.comment, to.tag) == (["Thanks, ana!"], "c-1", "")
    assert talk.client.asked_profiles == 1  # the message's own: of who only comments there is nothing to ask
    assert talk.ledger.thread(CONVERSATION).answered == "c-1"
    assert "by the one private message that it takes" in talk.texts[-1]
    assert talk.outcomes("comment") == {"sent": 1}


@pytest.mark.parametrize("again", [MENTION, msgspec.structs.replace(MENTION, id="message:mid-2")])
def test_a_mention_that_comes_twice_is_thanked_for_once(again: CustomerMessage) -> None:
    talk = Talk(opens=False)
    talk.happens(MENTION)
    talk.happens(again)
    talk.thank()
    talk.clock.advance(3600)
    talk.happens(again)
    talk.thank()
    assert talk.client.texts == ["Thanks, Ana!"]


def test_two_stories_are_thanked_for_twice_and_both_shapes_of_one_once() -> None:
    led = Led(
        id="led", conversation=CONVERSATION, sent_ms=int(START) * 1000, attributes={}, from_ad=False, story=UNNAMED
    )
    other = msgspec.structs.replace(MENTION, id="message:mid-2", story="9012")
    tried: list[tuple[list[CustomerEvent], int, dict[str, int]]] = [
        ([MENTION, other], 2, {"sent": 2}),
        ([MENTION, led], 1, {"sent": 1, "again": 1}),
        ([led, MENTION], 1, {"sent": 1, "again": 1}),
    ]
    for happened, sends, outcomes in tried:
        talk = Talk(opens=False)
        for one in happened:
            talk.happens(one)
        talk.thank()
        assert len(talk.client.texts) == sends
        assert talk.outcomes() == outcomes


def test_a_mention_that_opens_no_conversation_is_a_line_in_one_that_is_open_and_else_counted() -> None:
    talk = Talk(opens=False)
    talk.happens(MENTION)
    talk.thank()
    assert (talk.texts, talk.client.texts) == ([], ["Thanks, Ana!"])
    assert talk.metrics.total("ignored", reason="mention_no_open_conversation") == 1
    assert talk.seat.conversation == ""
    talk.happens(said(2))
    talk.happens(msgspec.structs.replace(MENTION, id="message:mid-3", story="9013", sent_ms=MENTION.sent_ms + 9000))
    talk.thank()
    assert talk.texts == ["text 2", SHOWN]
    assert talk.outcomes() == {"sent": 1, "held": 1}
    # what the agent may answer now counts from the mention
    assert talk.ledger.thread(CONVERSATION).customer_ms == MENTION.sent_ms + 9000


def test_what_holds_the_customers_own_words_opens_a_conversation_whatever_is_set() -> None:
    talk = Talk(opens=False)
    talk.happens(msgspec.structs.replace(MENTION, text="Do you ship?"))
    talk.thank()
    assert talk.texts[0].endswith("Do you ship?")
    assert talk.outcomes() == {"sent": 1} or talk.outcomes() == {"held": 1}


def test_who_is_in_a_conversation_is_not_thanked_and_the_mention_is_shown_there() -> None:
    talk = Talk()
    talk.happens(said(2))
    talk.happens(MENTION)
    talk.thank()
    assert talk.client.texts == []
    assert talk.texts == ["text 2", SHOWN]
    assert talk.outcomes() == {"held": 1}


def test_a_mention_that_waits_is_counted_once_when_it_was_shown() -> None:
    talk = Talk()
    talk.happens(said(2))
    talk.genesys.answers = [Retryable("away"), Retryable("away")]
    for _ in range(2):
        with pytest.raises(Retryable):
            talk.happens(MENTION)
    talk.happens(MENTION)
    assert talk.outcomes() == {"held": 1}


def test_an_agent_who_is_faster_is_not_talked_over() -> None:
    talk = Talk()
    talk.happens(MENTION)
    talk.says.told = AgentMessage(
        id="r",
        text="Hi!",
        author="human",
        integration="int-ig",
        customer="55501",
        desk_conversation="desk-conversation",
    )
    sent_ms = MENTION.sent_ms + 500
    event = Event(source="genesys", account="", party="", id="e", received_ms=sent_ms, sent_ms=sent_ms)
    talk.to_customer.handle(event, turn("agent"))
    talk.thank()
    assert talk.client.texts == ["Hi!"]
    assert talk.outcomes() == {"answered": 1}


@pytest.mark.parametrize(
    ("thanks", "later_s", "outcome"),
    [
        ({"quiet": "00:00-23:59"}, 0, "quiet"),
        # START is 2027-01-15 08:00 UTC, which is 13:45 in Kathmandu
        ({"quiet": "13:30-14:00", "zone": "Asia/Kathmandu"}, 0, "quiet"),
        ({"quiet": "13:30-14:00"}, 0, "sent"),
        ({"zone": "Europe/Nowhere"}, 0, "zone_unknown"),
        ({}, DAY_S + 60, "late"),
        ({}, 23 * HOUR_S, "sent"),
    ],
)
def test_the_hours_of_a_day(thanks: dict[str, Any], later_s: float, outcome: str) -> None:
    talk = Talk(**thanks)
    talk.happens(MENTION)
    talk.clock.advance(later_s)
    talk.thank()
    assert talk.outcomes() == {outcome: 1}
    assert len(talk.client.texts) == (outcome == "sent")
    assert talk.metrics.total("misconfigured") == (outcome == "zone_unknown")


def test_no_more_go_out_in_a_day_than_are_set_and_the_next_day_some_do() -> None:
    talk = Talk(most_a_day=3)

    def mentioned(number: int) -> None:
        there = Conversation("instagram", INSTAGRAM.id, f"9{number}")
        talk.happens(
            msgspec.structs.replace(MENTION, id=f"m-{number}", conversation=there, sent_ms=int(talk.clock() * 1000))
        )
        talk.thank()

    for number in range(6):
        mentioned(number)
    assert talk.outcomes() == {"sent": 3, "cap": 3}
    talk.clock.advance(DAY_S)
    mentioned(6)
    assert talk.outcomes() == {"sent": 4, "cap": 3}


@pytest.mark.parametrize("error", [RateLimited("613"), TokenRefused("190"), Retryable("503")])
def test_what_was_not_sent_is_sent_later_and_holds_its_place(error: Exception) -> None:
    talk = Talk(most_a_day=1)
    talk.client.answers = [error]
    talk.happens(MENTION)
    talk.later()
    talk.clock.advance(60)
    talk.thank(received=2)
    assert talk.client.texts == ["Thanks, Ana!"] * 2
    assert talk.outcomes() == {"sent": 1}


@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        (Refused("window_closed", "10"), "window_closed"),
        (Refused("other_app", "2534037"), "other_app"),
        (AccountStopped("gone", "log in"), "account_disconnected"),
    ],
)
def test_a_refusal_is_counted_never_tried_again_and_told_to_nobody(error: Refused, outcome: str) -> None:
    talk = Talk()
    talk.client.answers = [error]
    talk.happens(MENTION)
    talk.thank()
    talk.happens(msgspec.structs.replace(MENTION, id="message:mid-2"))
    talk.thank()
    assert talk.client.texts == ["Thanks, Ana!"]
    assert talk.outcomes().keys() == {outcome, "held"}
    assert talk.metrics.total("refused", reason=error.reason) == 1
    assert talk.texts == [SHOWN, SHOWN]
    assert not talk.genesys.reported


@pytest.mark.parametrize("found", ["platform-7", None])
def test_what_nobody_knows_is_found_out_and_never_sent_again_even_in_quiet_hours(found: str | None) -> None:
    talk = Talk(quiet="08:01-08:00")
    talk.client.answers = [Uncertain("timeout")]
    talk.happens(MENTION)
    assert isinstance(talk.later(), Waiting)
    talk.client.history = found
    if found is None:
        talk.later(20)
    talk.clock.advance(61)
    talk.thank(received=2)
    assert talk.client.texts == ["Thanks, Ana!"]
    assert talk.outcomes() == ({"sent": 1} if found else {"unconfirmed": 1})


def test_a_worker_that_died_over_the_send_is_not_followed_by_another_send(monkeypatch: pytest.MonkeyPatch) -> None:
    talk = Talk()
    talk.happens(MENTION)

    def dies(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(talk.ledger, "sent", dies)
        with pytest.raises(KeyboardInterrupt):
            talk.thank()
    talk.later(100)
    talk.client.history = "platform-1"
    talk.clock.advance(30)
    talk.thank(received=2)
    assert talk.client.texts == ["Thanks, Ana!"]


@pytest.mark.parametrize("where", ["queue", "thread", "odd"])
def test_whatever_fails_the_mention_is_shown_and_what_follows_it(where: str, monkeypatch: pytest.MonkeyPatch) -> None:
    talk = Talk()
    if where == "queue":
        talk.outbound.refuses = True
    elif where == "thread":
        looks = iter([_raises(Misconfigured("403", "a permission"))])
        real = talk.ledger.thread
        monkeypatch.setattr(talk.ledger, "thread", lambda of: next(looks, real)(of))
    else:
        monkeypatch.setattr(talk.outbound, "put", _raises(LookupError("odd")))
    talk.happens(MENTION)
    talk.happens(said(2))
    assert talk.texts == [SHOWN, "text 2"]
    assert talk.outcomes() == {"unknown" if where == "thread" else "not_queued": 1}


def _raises(error: Exception) -> Any:
    def raises(*_: object, **__: object) -> None:
        raise error

    return raises


def test_a_mention_that_waits_for_the_desk_is_thanked_for_when_it_is_there() -> None:
    talk = Talk()
    talk.genesys.answers = [Retryable("away")]
    with pytest.raises(Retryable):
        talk.happens(MENTION)
    assert talk.outbound.events == []
    talk.happens(MENTION)
    talk.thank()
    assert talk.outcomes() == {"sent": 1}


@pytest.mark.parametrize("profile", [None, Refused("other", "no"), Retryable("503"), Uncertain("silent")])
def test_who_has_no_name_is_thanked_without(profile: Any) -> None:
    talk = Talk()
    talk.client.profiles = [profile, profile]
    talk.happens(MENTION)
    talk.thank()
    assert talk.client.texts == ["Thanks!"]


def test_words_without_a_place_for_a_name_ask_for_none() -> None:
    talk = Talk(opens=False, story_texts={"en": "Thank you!"})
    talk.happens(MENTION)
    talk.thank()
    assert (talk.client.texts, talk.client.asked_profiles) == (["Thank you!"], 0)


def test_without_words_of_the_accounts_own_there_are_the_bridges() -> None:
    talk = Talk(story_texts={"es": "¡Gracias!"})
    talk.happens(MENTION)
    talk.thank()
    assert talk.client.texts == [say("en", "thanks_story", name="Ana")]


@pytest.mark.parametrize("error", [Retryable("away"), Misconfigured("403", "a permission"), LookupError("odd")])
def test_a_desk_that_takes_no_line_concerns_nobody(error: Exception) -> None:
    talk = Talk()
    talk.happens(MENTION)
    talk.genesys.open_error = error
    talk.thank()
    assert talk.outcomes() == {"sent": 1}


def test_a_paused_account_thanks_when_it_goes_on() -> None:
    talk = Talk()
    talk.happens(MENTION)
    now = talk.clock()
    talk.ledger.paused = [
        Pause(channel="instagram", account=INSTAGRAM.id, direction="outbound", since_s=now, until_s=now + 600)
    ]
    assert isinstance(talk.later(61), Waiting)
    talk.ledger.paused = []
    talk.clock.advance(61)
    talk.thank()
    assert talk.outcomes() == {"sent": 1}


def test_what_was_put_on_the_queue_before_it_was_switched_off_is_let_go() -> None:
    talk = Talk()
    talk.happens(MENTION)
    talk.ledger.listed = [INSTAGRAM]
    talk.clock.advance(61)
    talk.thank()
    assert (talk.client.texts, talk.outcomes()) == ([], {"off": 1})


def test_what_is_given_up_is_told_to_no_agent() -> None:
    talk = Talk()
    talk.happens(MENTION)
    [event] = talk.outbound.events
    talk.to_customer.give_up(event, turn(), "odd")
    assert talk.texts == [SHOWN]
    assert not talk.genesys.reported


@pytest.mark.parametrize("own", [{"customer": INSTAGRAM.id}, {"username": "tea.shop"}])
def test_the_brand_does_not_thank_itself(own: dict[str, str]) -> None:
    talk = Talk(comments=True)
    there = Conversation("instagram", INSTAGRAM.id, own.get("customer", "55501"))
    talk.happens(msgspec.structs.replace(COMMENT, conversation=there, username=own.get("username", "x")))
    assert talk.outbound.events == []


def test_it_ends_no_wait_for_a_person() -> None:
    from chalicelib.rules.thanks import Due
    from chalicelib.vocabulary import claims

    due = Due(kind="story", conversation=CONVERSATION, about="9011", event="e", sent_ms=1)
    assert claims.automatic(claims.outbound(due.message, 1))
    assert not claims.automatic(claims.outbound("an-agents", 1))


LEDGER = [name for name in vars(Ledger) if not name.startswith("_")]


def _counted(kit: Kit, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What is asked of the table from now on."""
    calls: list[str] = []

    def count(of: Any, name: str) -> None:
        real = getattr(of, name)

        def counted(*args: Any, **named: Any) -> Any:
            if sys._getframe(1).f_globals["__name__"] != "tests.fakes":  # not one by which a fake helps itself
                calls.append(name)
            return real(*args, **named)

        monkeypatch.setattr(of, name, counted)

    for name in LEDGER:
        count(kit.ledger, name)
    for name in ("get", "under", "keep", "keep_first"):
        count(kit.memory, name)
    return calls


def test_off_costs_nothing_and_on_one_read_and_one_put_for_a_mention(monkeypatch: pytest.MonkeyPatch) -> None:
    plain, talk = Kit(desks="genesys"), Talk()
    talk.client.profiles = []
    monkeypatch.delitem(sys.modules, "chalicelib.pipeline.front.thanks", raising=False)
    off, on = _counted(plain, monkeypatch), _counted(talk, monkeypatch)
    plain.write(MENTION)
    plain.write(said(2))
    assert "chalicelib.pipeline.front.thanks" not in sys.modules
    talk.happens(MENTION)
    assert (plain.outbound.puts, talk.outbound.puts) == (0, 1)
    talk.happens(said(2))  # which is no mention
    assert sorted(on) == sorted([*off, "thread"])
    assert talk.outbound.puts == 1


def test_what_a_thanks_costs_is_what_the_page_says(monkeypatch: pytest.MonkeyPatch) -> None:
    talk = Talk()
    talk.happens(MENTION)
    calls, looks = _counted(talk, monkeypatch), talk.genesys.looks
    talk.thank()
    known = [call for call in calls if call not in {"accounts", "held"}]  # which are asked for once a minute
    reads, line = ["thread", "under", "under", "profile"], ["claim", "delivered"]
    assert sorted(known) == sorted([*reads, "keep_first", "keep", "claim", "sent", *line])
    assert (len(talk.client.parts), talk.genesys.looks - looks, len(talk.texts)) == (1, 1, 2)


def _failing(chance: random.Random, real: Any) -> Any:
    """The call, which fails now and then: before or after its effect."""

    def tried(*args: Any, **named: Any) -> Any:
        fails = chance.choice(["", "", "", "", "", "before", "after"])
        if fails == "before":
            raise Retryable("busy")
        done = real(*args, **named)
        if fails:
            raise Retryable("busy")
        return done

    return tried


@pytest.mark.parametrize("seed", range(30))
def test_whatever_fails_and_however_often_it_is_tried_each_mention_is_shown_once_and_thanked_for_once_at_most(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    chance = random.Random(seed)
    opens = chance.random() < 0.5
    talk = Talk(opens=opens, most_a_day=4)

    for name in ("thread", "claim", "sent", "profile", "begun", "release", "doubt"):
        monkeypatch.setattr(talk.ledger, name, _failing(chance, getattr(talk.ledger, name)))
    monkeypatch.setattr(talk.outbound, "put", _failing(chance, talk.outbound.put))
    arrived: list[tuple[str, str]] = []

    def send(account: Account, to: Recipient, part: Part) -> str:
        error = chance.choice([None, None, RateLimited("613"), Refused("window_closed", "10"), Uncertain("silent")])
        if error is None or (isinstance(error, Uncertain) and chance.random() < 0.5):
            arrived.append((to.customer, to.mark))
        if error is not None:
            raise error
        return f"p-{len(arrived)}"

    def deliver(account: Account, message: DeskMessage, seat: Seat, now: float) -> Seat:
        talk.genesys.holds[message.id] = talk.genesys.conversation
        return posted(account, message, seat, now)

    posted = talk.genesys.deliver
    monkeypatch.setattr(talk.client, "send", send)
    monkeypatch.setattr(talk.genesys, "deliver", deliver)
    stories = [chance.choice(["1", "2"]) for _ in range(6)]
    for number, story in enumerate(stories):
        there = Conversation("instagram", INSTAGRAM.id, f"9{number % 3}")
        happened = msgspec.structs.replace(MENTION, id=f"m-{number}", story=story, conversation=there)
        for _ in range(chance.choice([1, 2])):  # the platform may tell it again
            _until_done(talk, partial(talk.happens, happened))
        _until_done(talk, partial(talk.thank, received=2))
    assert len(set(arrived)) == len(arrived) <= 4
    shown = Counter(one.id for one in talk.genesys.delivered if one.text == SHOWN)
    assert set(shown.values()) <= {1}
    assert len(shown) == (6 if opens else 0)


def _until_done(talk: Talk, work: Any) -> None:
    for _ in range(200):
        try:
            work()
        except Retryable:
            talk.clock.advance(30)
        else:
            return
    pytest.fail("it does not come to rest")
