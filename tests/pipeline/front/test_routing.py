"""Conversations that the platform gives to one app or another: who has them, what agents read of what was said there,
and when a reply may go out, whatever fails, dies, or is told twice, late and out of order."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.errors import (
    AccountStopped,
    Misconfigured,
    RateLimited,
    Refused,
    Retryable,
    Uncertain,
    Unreachable,
    Waiting,
)
from chalicelib.pipeline.accounts import judged
from chalicelib.registry import CHANNELS, DESKS, abouts
from chalicelib.vocabulary.capabilities import DAY_S, Capabilities, WindowPolicy
from chalicelib.vocabulary.front import Bot, Front, Routing
from chalicelib.vocabulary.messages import Control, CustomerMessage, Echo, Line, Overheard
from chalicelib.vocabulary.records import NOBODY, SOMEBODY, US, Account, Conversation, Event, Thread, Unreadable
from chalicelib.vocabulary.replies import AgentMessage, DeskEnded
from tests.fakes import INSTAGRAM, START, FakeClient, FakeDesk, FakeLedger, FakeMemory, turn
from tests.kits import Bench
from tests.pipeline.front.kit import Translating

OURS, THEIRS = "1111", "2222"
WHO = Conversation("instagram", INSTAGRAM.id, "55501")
CAN = Capabilities(
    text_limit=1000,
    text_unit="bytes",
    window=WindowPolicy(open_s=DAY_S, human_agent_s=7 * DAY_S, human_agent_tag="HUMAN_AGENT"),
)
LABEL = "[Another app had this conversation before you. What was said there:]"
BARE = "[Another app has passed this conversation to you.]"
AWAY = "[Another app has this conversation now. What is said there is shown once it is yours again.]"
ASKED = "[Another app asks for this conversation. It stays yours until it ends.]"
NOT_OURS = Refused("other_app", "Instagram 100/2534037")


class Kit:
    """An account that shares its conversations with another app, before Genesys' stand-in."""

    def __init__(self, on: bool = True, **routing: Any) -> None:
        self.desk, self.client, self.says = FakeDesk(), FakeClient(CAN), Translating()
        self.bench = bench = Bench({"instagram": self.client}, self.desk)
        self.clock, self.metrics, self.ledger, self.threads = bench.clock, bench.metrics, bench.ledger, bench.threads
        told = Routing(app=OURS, **routing)
        self.account = msgspec.structs.replace(
            INSTAGRAM, front=Front(routing=told if on else None), options={"human_agent": True}
        )
        self.ledger.listed = [self.account]
        self.to_desk = bench.to_desk({"instagram": self.says})
        self.to_customer = bench.to_customer(self.says)
        self.numbers = itertools.count(1)
        self.left_s = 600.0
        """How long the outbound worker still runs."""

    # on the platform

    def at_ms(self, at_s: float | None) -> int:
        return int((self.clock() if at_s is None else START + at_s) * 1000)

    def hears(self, *happened: Any) -> None:
        """The inbound worker deals with an event; a desk that fails leaves it on the queue."""
        self.says.happened = list(happened)
        identifier = happened[0].id
        event = Event(
            source="instagram", account=INSTAGRAM.id, party="55501", id=identifier, received_ms=self.at_ms(None)
        )
        self.to_desk.handle(event, turn(identifier))

    def says_to_us(self, text: str, mid: str = "", at_s: float | None = None) -> None:
        self.hears(self.message(text, mid or f"m{next(self.numbers)}", at_s))

    def message(self, text: str, mid: str, at_s: float | None = None) -> CustomerMessage:
        return CustomerMessage(id=f"message:{mid}", conversation=WHO, sent_ms=self.at_ms(at_s), text=text, origin=mid)

    def overheard(self, text: str, mid: str = "", at_s: float | None = None, **more: Any) -> Overheard:
        mid = mid or f"m{next(self.numbers)}"
        return Overheard(
            id=f"standby:message:{mid}", conversation=WHO, sent_ms=self.at_ms(at_s), message=f"message:{mid}",
            text=text, ignored="instagram_standby", **more,
        )  # fmt: skip

    def says_to_them(self, text: str, mid: str = "", at_s: float | None = None, **more: Any) -> None:
        self.hears(self.overheard(text, mid, at_s, **more))

    def echo(self, text: str, mid: str) -> None:
        lines = (Line("echo_app", {"platform": "Instagram"}),)
        self.hears(Echo(id=mid, conversation=WHO, sent_ms=self.at_ms(None), text=text, lines=lines))

    def control(self, did: Any, app: str, at_s: float | None = None, words: str = "", name: str = "") -> None:
        identifier = name or f"{did}-{app}-{self.at_ms(at_s)}"
        whose = Conversation("instagram", INSTAGRAM.id, "") if did == "default" else WHO
        self.hears(
            Control(
                id=identifier, conversation=whose, sent_ms=self.at_ms(at_s), did=did, app=app, words=words,
                ignored="instagram_handover",
            )
        )  # fmt: skip

    # at the desk

    def reply(self, text: str = "An answer", author: Any = "human", name: str = "r1", received_s: float = 0.0) -> None:
        self.says.told = AgentMessage(
            id=name, text=text, author=author, integration=INSTAGRAM.integration, customer="55501",
            desk_conversation=self.desk.conversation,
        )  # fmt: skip
        self.outbound(name, received_s)

    def ends(self, name: str = "end") -> None:
        self.says.told = DeskEnded(
            desk_conversation=self.desk.conversation, integration=INSTAGRAM.integration, customer="55501"
        )
        self.outbound(name)

    def outbound(self, name: str, received_s: float = 0.0) -> None:
        event = Event(
            source="genesys", account=INSTAGRAM.integration, party="55501", id=name,
            received_ms=int((self.clock() - received_s) * 1000),
        )  # fmt: skip
        self.to_customer.handle(event, msgspec.structs.replace(turn(name), remaining_s=lambda: self.left_s))

    @property
    def shown(self) -> list[str]:
        return [message.text for message in self.desk.delivered]

    @property
    def held(self) -> Thread:
        return self.ledger.thread(WHO)

    @property
    def asked(self) -> list[str]:
        return [call for call, _ in self.threads.calls]


def talked(*said: str) -> str:
    return "\n".join((LABEL, *said))


# --- what customers say to others


def test_what_a_customer_says_to_another_app_opens_nothing_and_comes_with_the_conversation() -> None:
    kit = Kit()
    kit.says_to_them("Is it open?")
    kit.clock.advance(5)
    kit.echo("From nine to five.", "their-mid")
    kit.clock.advance(5)
    kit.says_to_them("A person, please")
    assert kit.shown == []
    kit.clock.advance(5)
    kit.control("passed", OURS, words="wants a person")
    [told] = kit.shown
    assert told == talked(
        "[The customer: Is it open?]",
        "[The other app, or a person there: From nine to five.]",
        "[The customer: A person, please]",
        "[The other app adds: wants a person]",
    )
    assert kit.held.customer_ms == int((START + 10) * 1000)
    assert (kit.held.holder, kit.held.seat.conversation) == (US, kit.desk.conversation)
    kit.reply()
    assert kit.client.texts == ["An answer"]


def test_an_answer_of_anothers_that_overtakes_what_it_answers_is_told_too() -> None:
    kit = Kit()
    kit.echo("From nine to five.", "their-mid")
    kit.says_to_them("Is it open?", at_s=-1)
    kit.clock.advance(1)
    kit.control("passed", OURS)
    answer = "[The other app, or a person there: From nine to five.]"
    assert kit.shown == [talked("[The customer: Is it open?]", answer)]


def test_somebody_elses_answer_in_an_open_conversation_of_ours_is_a_line_as_ever() -> None:
    kit = Kit()
    kit.says_to_us("Hello")
    kit.echo("From the app", "their-mid")
    assert kit.shown[1].startswith("[Sent from the")
    kit.reply()
    kit.echo("An answer", "platform-1")
    assert len(kit.shown) == 2


def test_a_conversation_is_passed_to_us_of_which_nothing_is_known() -> None:
    kit = Kit()
    kit.control("passed", OURS)
    assert kit.shown == [BARE]
    assert kit.held.customer_ms == 0


def test_that_it_was_passed_says_nothing_once_the_customer_has_written() -> None:
    kit = Kit()
    kit.says_to_us("Hello", at_s=2)
    kit.control("passed", OURS, 1)
    assert kit.shown == ["Hello"]
    kit.control("passed", OURS, 1, words="an order", name="with words")
    assert kit.shown[1:] == [f"{BARE}\n[The other app adds: an order]"]


def test_control_that_comes_without_a_word_is_told_with_the_customers_next_message() -> None:
    kit = Kit()
    kit.says_to_them("To them")
    kit.clock.advance(DAY_S + 1)
    kit.says_to_us("To us")
    assert kit.shown == [talked("[The customer: To them]"), "To us"]
    kit.clock.advance(1)
    kit.says_to_us("Again")
    assert kit.shown[2:] == ["Again"]


def test_another_app_takes_an_open_conversation_and_gives_it_back() -> None:
    kit = Kit()
    kit.says_to_us("Hello")
    kit.clock.advance(1)
    kit.control("taken", THEIRS)
    kit.clock.advance(1)
    kit.says_to_them("To them")
    kit.echo("Theirs", "their-mid")
    assert kit.shown == ["Hello", AWAY]
    assert kit.held.holder == SOMEBODY
    kit.clock.advance(1)
    kit.control("passed", OURS)
    assert kit.shown[2:] == [talked("[The customer: To them]", "[The other app, or a person there: Theirs]")]


def test_agents_read_that_it_was_taken_though_what_followed_came_first() -> None:
    kit = Kit()
    kit.says_to_us("Hello", at_s=0)
    kit.says_to_them("To them", at_s=2)
    kit.control("taken", THEIRS, 1)
    kit.control("taken", THEIRS, 1)
    assert kit.shown == ["Hello", AWAY]
    assert kit.held.holder == SOMEBODY


def test_a_message_that_both_were_told_is_shown_once_in_either_order() -> None:
    first, second = Kit(), Kit()
    first.says_to_us("Twice", "m")
    first.says_to_them("Twice", "m")
    second.says_to_them("Twice", "m")
    second.says_to_us("Twice", "m")
    assert first.shown == second.shown == ["Twice"]
    assert first.held.holder in {"", US}
    assert second.held.holder == US


def test_what_was_taken_back_is_not_told_whichever_comes_first() -> None:
    kit = Kit()
    kit.says_to_them("Oh no", "m1")
    kit.says_to_them("", "m1", gone=True)
    kit.says_to_them("", "m2", gone=True)
    kit.says_to_them("Late", "m2")
    kit.says_to_them("Stays", "m3")
    kit.clock.advance(1)
    kit.control("passed", OURS)
    assert kit.shown == [talked("[The customer: Stays]")]


def test_what_comes_late_is_a_line_where_the_conversation_is_ours() -> None:
    kit = Kit()
    kit.control("passed", OURS, 10)
    kit.says_to_them("Late", at_s=5)
    assert kit.shown == [BARE, "[The customer: Late]"]
    assert kit.held.holder == US


def test_a_file_is_told_by_its_kind_and_long_talk_is_cut() -> None:
    kit = Kit()
    kit.says_to_them("", kind="image")
    for number in range(40):
        kit.clock.advance(1)
        kit.says_to_them(f"{number} " + "x" * 500)
    kit.clock.advance(1)
    kit.control("passed", OURS)
    [told] = kit.shown
    assert "39 xxx" in told
    assert len(told) < 4000
    other = Kit()
    other.says_to_them("", kind="image")
    other.clock.advance(1)
    other.control("passed", OURS)
    assert other.shown == [talked("[The customer: image]")]


def test_words_of_others_pass_for_no_line_of_the_bridges() -> None:
    kit = Kit()
    kit.says_to_them("x]\n[Your reply was not delivered. Pay here]")
    kit.clock.advance(1)
    kit.control("passed", OURS, words="[The customer: I agree]\n[The customer: twice]")
    [told] = kit.shown
    assert told.count("\n") == 2
    assert "[Your reply" not in told
    assert told.count("[The customer: ") == 1


# --- who has it


def test_a_conversation_passed_elsewhere_is_theirs_and_the_operator_hears_of_it() -> None:
    kit = Kit()
    kit.control("passed", THEIRS)
    assert (kit.shown, kit.held.holder) == ([], THEIRS)
    assert kit.metrics.total("routing_differs") == 1


def test_who_asks_gets_what_nobody_at_the_desk_has_and_nothing_else() -> None:
    kit = Kit()
    kit.control("requested", THEIRS)
    assert kit.threads.calls == [("pass", "55501")]
    assert kit.held.holder == THEIRS
    kit = Kit()
    kit.says_to_us("Hello")
    kit.threads.calls.clear()
    kit.control("requested", THEIRS)
    assert (kit.threads.calls, kit.shown) == ([], ["Hello", ASKED])


@pytest.mark.parametrize(("app", "primary", "differs"), [(OURS, True, 0), (OURS, False, 1), (THEIRS, True, 1)])
def test_the_default_app_is_compared_with_the_setting(app: str, primary: bool, differs: int) -> None:
    kit = Kit(primary=primary)
    kit.control("default", app)
    assert kit.metrics.total("routing_differs") == differs


TELLINGS = [
    ("us", 1), ("us", 4), ("them", 2), ("them", 5), ("passed", 3), ("passed", 6), ("taken", 3), ("taken", 7),
]  # fmt: skip


def _tell(kit: Kit, what: str, at_s: int) -> None:
    if what == "us":
        kit.says_to_us(f"us {at_s}", f"us{at_s}", at_s)
    elif what == "them":
        kit.says_to_them(f"them {at_s}", f"them{at_s}", at_s)
    else:
        kit.control(what, OURS if what == "passed" else THEIRS, at_s)


@settings(max_examples=60)
@given(st.lists(st.sampled_from(TELLINGS), min_size=1, max_size=14))
def test_twice_late_and_out_of_order_lead_to_one_holder_and_show_nothing_twice(told: list[tuple[str, int]]) -> None:
    kit = Kit(extend_hours=0)
    for what, at_s in told:
        _tell(kit, what, at_s)
    newest = max(at_s for _, at_s in told)
    by_newest = {what for what, at_s in told if at_s == newest}
    theirs = {"them", "taken"} & by_newest and not by_newest & {"passed"}
    # a customer's message alone is not written down where nobody else had the conversation
    assert (kit.held.holder in {SOMEBODY, THEIRS}) == bool(theirs), (told, kit.held)
    read = "\n".join(kit.shown)
    for what, at_s in set(told):
        if what in {"us", "them"}:
            assert read.count(f"{what} {at_s}") <= 1
            assert what == "them" or read.count(f"us {at_s}") == 1
    assert sum(text == AWAY for text in kit.shown) <= 2


def test_a_message_that_is_older_than_anothers_control_gives_it_nothing() -> None:
    kit = Kit()
    kit.control("taken", THEIRS, 10)
    kit.says_to_us("Brought back", at_s=5)
    assert (kit.shown, kit.held.holder) == (["Brought back"], THEIRS)


# --- replies


def theirs(**routing: Any) -> Kit:
    """Another app has taken a conversation that is open at the desk, and the customer wrote there."""
    kit = Kit(**routing)
    kit.says_to_us("Hello")
    kit.clock.advance(1)
    kit.says_to_them("To them")
    kit.threads.owner["55501"] = THEIRS
    kit.threads.calls.clear()
    kit.clock.advance(1)
    return kit


def told_of(kit: Kit) -> list[tuple[str, bool, str]]:
    return [(one.message, one.delivered, one.reason) for one in kit.desk.reported]


def test_an_agents_reply_takes_the_conversation_and_the_agent_reads_what_was_said() -> None:
    kit = theirs()
    kit.reply()
    assert kit.asked[:2] == ["owns", "take"]
    assert kit.client.texts == ["An answer"]
    assert (told_of(kit), kit.held.holder) == ([("r1", True, "")], US)
    assert kit.shown == ["Hello", talked("[The customer: To them]")]
    kit.threads.calls.clear()
    kit.reply(name="r2")
    assert (kit.threads.calls, kit.shown[2:]) == ([], [])


@pytest.mark.parametrize("how", ["fails", "closed"])
def test_what_cannot_be_shown_behind_a_reply_comes_with_the_customers_next_message(how: str) -> None:
    kit = theirs()
    if how == "fails":
        kit.desk.answers = [Unreachable("away")]
    else:
        kit.desk.open = False
    kit.reply()
    assert (kit.client.texts, kit.shown[:1]) == (["An answer"], ["Hello"])
    kit.desk.delivered.clear()
    kit.desk.open = True
    kit.clock.advance(1)
    kit.says_to_us("To us")
    assert kit.shown == [talked("[The customer: To them]"), "To us"]


def test_a_reply_takes_nothing_where_the_account_does_not_want_that() -> None:
    kit = theirs(takes=False)
    kit.reply()
    assert (kit.client.texts, kit.threads.calls) == ([], [])
    assert told_of(kit) == [("r1", False, "other_app")]
    assert kit.shown[1:] == [
        "[Your reply was not delivered. Another app has this customer's conversation on Instagram. Answer there, or "
        "take it back.]"
    ]


@pytest.mark.parametrize("author", ["bot", "flow"])
def test_nobody_but_a_person_takes_a_conversation(author: str) -> None:
    kit = theirs()
    kit.ledger.listed = [msgspec.structs.replace(kit.account, flow_texts=True)]
    kit.reply(author=author)
    assert (kit.client.texts, kit.threads.calls) == ([], [])


def test_what_cannot_be_taken_is_asked_for_and_waited_for() -> None:
    kit = theirs()
    kit.threads.no.add("take")
    with pytest.raises(Waiting):
        kit.reply()
    assert kit.asked == ["owns", "take", "request", "owns"]
    assert kit.client.texts == []
    kit.threads.owner["55501"] = "us"
    kit.reply(received_s=20)
    assert kit.client.texts == ["An answer"]


def test_what_is_given_at_once_when_asked_for_is_not_waited_for() -> None:
    kit = theirs()
    kit.threads.no.add("take")
    kit.threads.gives = "us"
    kit.reply()
    assert kit.client.texts == ["An answer"]


def test_who_keeps_it_when_asked_has_the_reply_refused_and_is_asked_once() -> None:
    kit = theirs()
    kit.threads.no.add("take")
    for waited in (0, 60, 119):
        with pytest.raises(Waiting):
            kit.reply(received_s=waited)
    kit.reply(received_s=121)
    assert told_of(kit) == [("r1", False, "other_app")]
    assert kit.asked.count("request") == 1


def test_where_neither_can_be_had_the_reply_is_refused() -> None:
    kit = theirs()
    kit.threads.no |= {"take", "request"}
    kit.reply()
    assert told_of(kit) == [("r1", False, "other_app")]


def test_the_platform_knows_better_who_has_it() -> None:
    kit = theirs()
    kit.threads.owner["55501"] = "us"  # released to us, or lapsed, without a word
    kit.reply()
    assert (kit.asked[:1], "take" in kit.asked) == (["owns"], False)
    assert (kit.client.texts, kit.held.holder) == (["An answer"], US)


def test_a_send_that_is_refused_for_another_app_is_made_again_once_it_is_ours() -> None:
    kit = Kit()
    kit.says_to_us("Hello")
    kit.threads.owner["55501"] = THEIRS
    kit.client.answers = [NOT_OURS]
    kit.reply()
    assert kit.client.texts == ["An answer", "An answer"]
    assert (told_of(kit), kit.held.holder) == ([("r1", True, "")], US)
    kit.client.answers = [NOT_OURS, NOT_OURS]
    kit.reply(name="r2")
    assert told_of(kit)[1:] == [("r2", False, "other_app")]


def test_what_has_lapsed_is_looked_up_and_sent_whatever_is_known_of_it() -> None:
    kit = Kit(extend_hours=0)
    kit.says_to_us("Hello")
    kit.clock.advance(DAY_S + 1)
    kit.threads.owner["55501"] = ""
    kit.reply()
    assert kit.asked == ["owns", "take"]
    assert kit.client.texts == ["An answer"]
    kit.threads.fails = _raises(Unreachable("away"))
    kit.reply(name="r2")
    assert kit.client.texts == ["An answer", "An answer"]


def test_the_default_app_looks_nothing_up_and_prolongs_nothing() -> None:
    kit = Kit(primary=True)
    kit.says_to_us("Hello")
    kit.clock.advance(3 * DAY_S)
    kit.reply()
    assert (kit.client.texts, kit.threads.calls) == (["An answer"], [])


def test_control_is_prolonged_once_a_day_and_again_behind_a_reply() -> None:
    kit = Kit()
    kit.says_to_us("Hello")
    assert kit.threads.extended == {"55501": 168 * 3600}
    kit.says_to_us("And")
    kit.reply()
    assert kit.asked == ["extend"]
    kit.clock.advance(DAY_S)
    kit.says_to_us("Still there?")
    assert kit.asked == ["extend", "extend"]
    kit.clock.advance(6 * DAY_S)
    kit.reply(name="r2")
    assert (kit.asked[2:], len(kit.client.texts)) == ([], 2)


def test_control_that_could_not_be_prolonged_holds_up_nothing() -> None:
    kit = Kit()
    for error in ERRORS:
        kit.threads.fails = _raises(error)
        kit.says_to_us("Hello")
        kit.clock.advance(301)
    assert kit.shown == ["Hello"] * len(ERRORS)
    assert kit.metrics.total("control_failed", call="extend") == len(ERRORS)


# --- the end


def test_after_the_end_it_is_released_passed_or_kept() -> None:
    ends: list[tuple[dict[str, Any], str, str]] = [
        ({}, "release", NOBODY),
        ({"after_end": "pass"}, "pass", SOMEBODY),
        ({"after_end": "pass", "pass_to": THEIRS}, "pass", THEIRS),
        ({"after_end": "keep"}, "", ""),
    ]
    for routing, asked, holder in ends:
        kit = Kit(**routing)
        kit.says_to_us("Hello")
        kit.threads.calls.clear()
        kit.ends()
        kit.ends("again")
        assert kit.asked == ([asked] if asked else [])
        assert kit.held.holder == holder


def test_the_next_message_after_a_release_is_ours_again() -> None:
    kit = Kit()
    kit.says_to_us("Hello")
    kit.ends()
    kit.clock.advance(1)
    kit.says_to_us("Again")
    assert (kit.shown, kit.held.holder) == (["Hello", "Again"], US)


def test_who_has_written_again_since_the_end_is_not_given_back(monkeypatch: pytest.MonkeyPatch) -> None:
    kit = Kit()
    kit.says_to_us("Hello")
    end = FakeLedger.end

    def ends(ledger: FakeLedger, *args: Any) -> bool:
        done = end(ledger, *args)
        kit.clock.advance(1)
        kit.says_to_us("One more thing")
        return done

    kit.threads.calls.clear()
    monkeypatch.setattr(FakeLedger, "end", ends)
    kit.ends()
    assert "release" not in kit.asked


def test_a_reply_without_time_for_its_send_waits_and_then_takes_nothing_more() -> None:
    kit = theirs()
    kit.left_s = 10.0
    with pytest.raises(Waiting):
        kit.reply()
    assert (kit.asked, kit.client.texts) == ([], [])
    kit.left_s = 600.0
    kit.threads.fails = lambda call: setattr(kit, "left_s", 10.0)
    with pytest.raises(Waiting):
        kit.reply()
    assert (kit.asked, kit.client.texts) == (["owns", "take"], [])
    kit.threads.fails = lambda call: None
    kit.left_s = 600.0
    kit.reply()
    assert (kit.asked[2:3], kit.asked.count("take"), kit.client.texts) == (["owns"], 1, ["An answer"])


def test_an_end_of_what_another_app_has_gives_nothing_back() -> None:
    kit = theirs()
    kit.ends()
    assert kit.threads.calls == []


def test_what_cannot_be_given_back_is_tried_for_a_moment_and_counted() -> None:
    kit = Kit()
    kit.says_to_us("Hello")
    kit.threads.fails = _raises(Unreachable("away"))
    for _ in range(2):
        with pytest.raises(Retryable):
            kit.ends()
    kit.clock.advance(11)
    kit.ends()
    assert kit.metrics.total("control_failed", call="release") == 1


# --- faults

ERRORS = [
    Unreachable("away"), RateLimited("later", 1.0), Uncertain("no answer"), Misconfigured("no token", "put one"),
    Refused("other", "no"), AccountStopped("no permission", "ask"), KeyError("unforeseen"),
]  # fmt: skip


def _raises(error: Exception, only: str = "") -> Callable[[str], None]:
    def fails(call: str) -> None:
        if only in {"", call}:
            raise error

    return fails


class Died(BaseException):
    """The worker."""


CALLS = ("owns", "take", "request")


@pytest.mark.parametrize("effect", ["fails", "lost"])
@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("error", [*ERRORS, Died()], ids=lambda error: type(error).__name__)
def test_a_call_that_fails_or_dies_once_leaves_one_reply_sent_once(
    call: str, error: BaseException, effect: str
) -> None:
    kit = theirs()
    if call == "request":
        kit.threads.no.add("take")
        kit.threads.gives = "us"
    struck = False

    def once(name: str) -> None:
        nonlocal struck
        if name == call and not struck:
            struck = True
            raise error

    setattr(kit.threads, effect, once)
    for _ in range(4):
        try:
            kit.reply()
        except (Retryable, Died, KeyError):
            kit.clock.advance(91)
            continue
        break
    told = told_of(kit)
    assert len(told) == 1
    assert kit.client.texts == (["An answer"] if told[0][1] else [])
    assert told[0][1] or told[0][2] in {"other_app", "unconfirmed"}
    if not isinstance(error, Died | KeyError | Refused):
        assert told[0][1]


@pytest.mark.parametrize("step", range(12))
@pytest.mark.parametrize("after", [False, True])
def test_whoever_dies_over_a_conversation_that_is_passed_tells_it_once(
    step: int, after: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each call of the table is struck in turn, before or after its effect."""
    kit = Kit()
    kit.says_to_them("To them", "m1")
    kit.clock.advance(1)
    count = 0

    def struck(work: Any) -> Any:
        def call(self: Any, *args: Any, **named: Any) -> Any:
            nonlocal count
            count += 1
            hit = count == step + 1
            if hit and not after:
                raise Died
            told = work(self, *args, **named)
            if hit:
                raise Died
            return told

        return call

    with monkeypatch.context() as patch:
        for kind, names in (
            (FakeLedger, ("thread", "claim", "delivered")),
            (FakeMemory, ("under", "keep_first")),
            (type(kit.bench.routes), ("held", "prolonged")),
            (FakeDesk, ("deliver",)),
        ):
            for name in names:
                patch.setattr(kind, name, struck(getattr(kind, name)))
        for _ in range(6):
            try:
                kit.control("passed", OURS, 1, name="pass")
            except (Died, Retryable):
                kit.clock.advance(200)
                kit.desk.holds = {message.id: kit.desk.conversation for message in kit.desk.delivered}
    kit.control("passed", OURS, 1, name="pass")
    kit.says_to_us("And to us")
    assert kit.shown == [talked("[The customer: To them]"), "And to us"]
    assert kit.held.holder == US


# --- off is free


def test_what_is_off_is_counted_as_ever_and_costs_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    kit = Kit(on=False)
    calls: Counter[str] = Counter()
    for kind, names in (
        (FakeMemory, ("under", "keep", "keep_first", "get")),
        (type(kit.bench.routes), ("held", "wrote", "prolonged")),
    ):
        for name in names:
            patched = getattr(kind, name)

            def count(self: Any, *args: Any, name: str = name, patched: Any = patched, **named: Any) -> Any:
                calls[name] += 1
                return patched(self, *args, **named)

            monkeypatch.setattr(kind, name, count)
    kit.says_to_them("To them")
    kit.control("passed", OURS)
    assert kit.shown == []
    assert kit.metrics.total("ignored", reason="instagram_standby") == 1
    assert kit.metrics.total("ignored", reason="instagram_handover") == 1
    kit.says_to_us("Hello")
    kit.reply()
    kit.ends()
    assert (kit.shown, kit.client.texts) == (["Hello"], ["An answer"])
    assert (calls, kit.threads.calls) == ({}, [])


def test_on_a_message_costs_a_read_and_a_call_a_day(monkeypatch: pytest.MonkeyPatch) -> None:
    reads: list[int] = []
    for on in (False, True):
        kit = Kit(on=on)
        kit.says_to_us("Hello")
        asked: Counter[str] = Counter()
        thread = FakeLedger.thread

        def count(self: Any, conversation: Conversation, asked: Any = asked, thread: Any = thread) -> Any:
            asked["thread"] += 1
            return thread(self, conversation)

        with monkeypatch.context() as patch:
            patch.setattr(FakeLedger, "thread", count)
            kit.bench.routes.calls.clear()
            kit.threads.calls.clear()
            kit.says_to_us("And")
        reads.append(asked["thread"])
        assert (kit.bench.routes.calls, kit.threads.calls) == ({}, [])
    assert reads[1] - reads[0] == 1


def test_a_channel_without_such_apps_has_no_such_account() -> None:
    account = Account(channel="", id="-1", integration="i", secret="s", front=Front(routing=Routing(app=OURS)))
    for channel, title in (("tiktok", "TikTok"), ("x", "X")):
        row = judged(msgspec.structs.replace(account, channel=channel), abouts(CHANNELS), abouts(DESKS))
        assert row == Unreadable(f"{channel}#-1", f"front.routing: {title} gives conversations to no other app")


def test_a_bot_before_the_desk_leaves_what_another_app_passes_to_people() -> None:
    kit = Kit()
    bench = Bench({"instagram": kit.client}, kit.desk, talker=lambda *_: {"text": "Hi", "confidence": 90})
    front = Front(routing=Routing(app=OURS), bot=Bot(model="m"))
    bench.ledger.listed = [msgspec.structs.replace(kit.account, front=front)]
    kit.ledger, kit.to_desk = bench.ledger, bench.to_desk({"instagram": kit.says})
    kit.control("passed", OURS)
    assert kit.shown == [BARE]
