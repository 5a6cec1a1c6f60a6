"""Guards: what they mark, hold, park and drop; and that nothing is lost, doubled or overtaken, whatever they do."""

from __future__ import annotations

import random
from collections import Counter
from typing import Any

import msgspec
import pytest

from chalicelib.errors import Retryable
from chalicelib.pipeline.front.turns import ours
from chalicelib.vocabulary.front import Front, Guards
from chalicelib.vocabulary.guarding import Action, Kind, Rule, Talk
from chalicelib.vocabulary.messages import Media
from chalicelib.vocabulary.records import Parked
from tests.fakes import INSTAGRAM
from tests.pipeline.inbound.test_folding import CONVERSATION, Road

MINUTE = 60.0
MARK = "[This may be a machine that answers ours.]"
HELD = "[What this customer writes is held back"
ASIDE = "[What this customer writes is put aside"


class Guarded(Road):
    """A road whose account has guards."""

    def __init__(self, guards: Guards | None = None, *rules: Rule, fold_s: int = 0) -> None:
        super().__init__(fold_s=fold_s)
        given = Guards(hold_minutes=30) if guards is None else guards
        self.account = msgspec.structs.replace(self.ledger.listed[0], front=Front(guards=given))
        self.ledger.listed = [self.account]
        self.book = self.bench.book
        self.book.listed = list(rules)
        self.number = 0

    def says(self, words: str, **more: Any) -> str:
        """The customer writes, and the worker looks; answers what the agents were shown for it."""
        self.number += 1
        before = len(self.desk.texts)
        self.writes(self.number, words, **more)
        self.look()
        return "\n".join(self.desk.texts[before:])

    def answers(self, text: str, author: Any = "bot", after_s: float = 5) -> None:
        """Something of ours goes out."""
        self.clock.advance(after_s)
        self.number += 1
        said = ours(self.account, CONVERSATION, author, text, self.clock(), lambda text: text)
        self.ledger.claim(CONVERSATION, f"OUT#{self.number}#1", self.clock(), 90)
        self.ledger.sent(CONVERSATION, f"OUT#{self.number}#1", self.clock(), f"p-{self.number}", turned=said)
        self.clock.advance(after_s)

    def loops(self, turns: int, text: str = "please hold the line") -> None:
        """The same text comes after each of our answers, at once."""
        for turn in range(turns):
            self.says(text)
            self.answers(f"we are closed, come back later {'abcdefghijklmnopqrstuvwxyz'[turn % 26] * 5}", after_s=0.5)

    def parked(self) -> list[str]:
        lying = [body for key, body in sorted(self.bench.shelf.kept.items()) if key.startswith("parked/")]
        kept = [msgspec.json.decode(body, type=Parked) for body in lying]
        return [one.event.id for one in kept if one.event]


@pytest.fixture(autouse=True)
def _same_fingerprints(monkeypatch: pytest.MonkeyPatch) -> None:
    """What goes out here is made without the worker's own key."""
    monkeypatch.setattr("chalicelib.pipeline.media.MediaStore.fingerprint", lambda self, text: text)


def rule(kind: Kind, value: str, action: Action) -> Rule:
    return Rule(id="one", kind=kind, value=value, action=action)


def test_what_comes_again_after_each_answer_is_marked() -> None:
    road = Guarded()
    for _ in range(2):
        assert road.says("please hold the line") == "please hold the line"
        road.answers("we are closed")
    assert road.says("Please  HOLD the line") == f"{MARK}\nPlease  HOLD the line"
    assert road.desk.shown[-1].attributes["guard"] == "loop"
    assert road.desk.shown[-1].attributes["guardAction"] == "mark"
    assert road.metrics.total("guarded", action="mark", reason="loop") == 1


def test_an_agents_answers_make_no_loop() -> None:
    road = Guarded()
    for _ in range(6):
        assert road.says("please hold the line") == "please hold the line"
        road.answers("which line do you mean", author="human", after_s=1)


def test_a_loop_is_held_with_all_that_comes_behind_and_the_agents_are_told_once() -> None:
    road = Guarded()
    road.loops(6)
    held = road.says("please hold the line")
    assert held.startswith(HELD)
    assert held.endswith("a machine’s.]")
    assert road.says("and something else") == ""
    road.clock.advance(10 * MINUTE)
    road.look()
    assert len(road.queue) == 2
    assert [text for text in road.desk.texts if text.startswith(HELD)] == [held]
    assert road.metrics.total("guarded", action="hold") == 1
    assert road.book.counts == {(INSTAGRAM.id, "hold", "loop:same+fast"): 1}
    road.empties()  # its time is over
    assert road.desk.texts[-2:] == [f"{MARK}\nplease hold the line", f"{MARK}\nand something else"]


def test_a_release_lets_what_waits_go_on_and_what_comes_is_judged_anew() -> None:
    road = Guarded()
    road.loops(6)
    road.says("please hold the line")
    road.clock.advance(10)
    road.says("and something else")
    road.book.release(CONVERSATION, road.clock())
    road.empties()
    assert road.desk.texts[-2:] == ["please hold the line", "and something else"]
    road.clock.advance(1)
    assert road.says("please hold the line") == "please hold the line"


def test_who_loops_again_after_a_hold_is_parked_and_told_of() -> None:
    road = Guarded(Guards(hold_minutes=5))
    road.loops(6)
    road.says("please hold the line")
    road.empties()
    assert road.says("please hold the line").startswith(ASIDE)
    road.clock.advance(1)
    assert road.says("more of it") == ""
    assert road.queue == []
    assert road.parked() == [f"message:mid-{road.number - 1}", f"message:mid-{road.number}"]
    assert road.metrics.total("parked", reason="guarded") == 2
    road.clock.advance(6 * MINUTE)
    assert road.says("are you there?") == "are you there?"


def test_what_an_operator_brings_back_is_not_judged() -> None:
    road = Guarded(None, rule("sender", "55501", "drop"))
    assert (
        road.says(
            "hello",
        )
        == ""
    )
    road.writes(77, "hello again")
    road.queue[-1] = msgspec.structs.replace(road.queue[-1], order="5")
    road.look()
    assert "hello again" in road.desk.texts[-1]


@pytest.mark.parametrize(("loops", "most"), [("off", ""), ("mark", "mark"), ("hold", "hold")])
def test_the_loop_guard_goes_as_far_as_it_is_let(loops: Any, most: str) -> None:
    road = Guarded(Guards(loops=loops))
    road.loops(40)
    assert {labels["action"] for name, _, labels in road.metrics.lines if name == "guarded"} <= {"mark", most}
    assert bool(road.metrics.total("guarded")) == bool(most)
    assert road.parked() == []
    assert bool(road.queue) == (most == "hold")


def test_a_file_is_a_persons() -> None:
    road = Guarded()
    road.loops(5)
    road.says("", media=Media(kind="image", url="https://cdn.example/a.jpg"))
    assert road.ledger.turns[CONVERSATION.key] == ()
    road.answers("we are closed")
    assert road.says("please hold the line") == "please hold the line"


def test_old_turns_are_let_go() -> None:
    road = Guarded(Guards(loops="mark"))
    road.loops(200)
    assert len(road.ledger.turns[CONVERSATION.key]) <= 82


def test_nothing_of_what_was_said_is_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    road = Guarded()
    road.says("a secret of mine")
    (turn,) = road.ledger.turns[CONVERSATION.key]
    assert len(turn.mark) == 16
    assert "secret" not in str(turn)
    other = Guarded()
    other.says("a secret of mine", conversation=msgspec.structs.replace(CONVERSATION, customer="55502"))
    (of_another,) = next(iter(other.ledger.turns.values()))
    assert of_another.mark != turn.mark


def test_what_came_encrypted_leaves_no_fingerprint() -> None:
    road = Guarded()
    road.says("a secret of mine", sealed=True)
    assert [turn.mark for turn in road.ledger.turns[CONVERSATION.key]] == [""]


# Rules.


def test_a_blocked_sender_is_dropped_and_counted() -> None:
    road = Guarded(None, rule("sender", "55501", "drop"))
    assert road.says("hello") == ""
    assert (road.queue, road.desk.texts, road.parked()) == ([], [], [])
    assert road.metrics.total("ignored", reason="blocked_sender") == 1
    assert road.metrics.total("guarded", action="drop", reason="sender") == 1
    assert road.book.counts == {(INSTAGRAM.id, "drop", "one"): 1}


def test_all_parts_of_a_blocked_senders_message_are_dropped() -> None:
    road = Guarded(None, rule("sender", "55501", "drop"))
    road.writes(1, "first")
    (first,) = road.happened["message:mid-1"]
    assert not isinstance(first, str)
    road.happened["message:mid-1"].append(msgspec.structs.replace(first, id="message:mid-1#1", part=1))
    road.look()
    assert (road.queue, road.desk.texts) == ([], [])


@pytest.mark.parametrize("action", ["mark", "low"])
def test_what_a_rule_marks_is_shown_with_its_name(action: Action) -> None:
    road = Guarded(None, rule("pattern", "free.{0,9}iphone", action))
    assert road.says("A FREE iPhone") == "[This may be spam: rule one.]\nA FREE iPhone"
    told = road.desk.shown[-1].attributes
    assert (told["guard"], told["guardAction"]) == ("one", action)
    assert told.get("priority") == ("-1440" if action == "low" else None)
    assert road.says("An iPhone") == "An iPhone"
    assert "guard" not in road.desk.shown[-1].attributes


def test_what_a_rule_holds_waits_and_comes_with_its_mark() -> None:
    road = Guarded(Guards(loops="off", hold_minutes=5), rule("links", "2", "hold"))
    road.says("hello")
    assert road.says("https://a.example https://b.example").startswith(HELD)
    assert road.says("are you there?") == ""
    road.empties()
    assert road.desk.texts[-2:] == [
        "[This may be spam: rule one.]\nhttps://a.example https://b.example",
        "are you there?",
    ]
    assert road.says("https://c.example https://d.example").startswith(HELD)


def test_nobody_is_told_where_no_conversation_is_open() -> None:
    road = Guarded(None, rule("pattern", "spam", "hold"))
    assert road.says("spam") == ""
    assert len(road.queue) == 1
    assert road.metrics.total("guarded", action="hold") == 1
    road.empties()
    assert road.desk.texts == ["[This may be spam: rule one.]\nspam"]


def test_the_accounts_own_comment_is_not_judged() -> None:
    road = Guarded(None, rule("pattern", "spam", "hold"))
    whose = msgspec.structs.replace(CONVERSATION, customer=INSTAGRAM.id)
    assert road.says("spam", conversation=whose, starts_window=False, public=True) == ""
    assert road.metrics.total("ignored", reason="instagram_own") == 1
    assert (road.queue, road.metrics.total("guarded")) == ([], 0)


def test_a_flood_of_newcomers_meets_its_rule_and_old_customers_do_not() -> None:
    road = Guarded(None, rule("newcomers", "3", "low"))
    shown = []
    for number in range(5):
        whose = msgspec.structs.replace(CONVERSATION, customer=f"new-{number}")
        shown.append(road.says("I saw your ad", conversation=whose))
    assert [text.startswith("[This may be spam") for text in shown] == [False, False, False, True, True]
    whose = msgspec.structs.replace(CONVERSATION, customer="new-1")
    assert road.says("hello?", conversation=whose) == "hello?"
    road.clock.advance(20 * MINUTE)
    assert road.says("hello", conversation=msgspec.structs.replace(CONVERSATION, customer="new-9")) == "hello"


def test_rules_are_of_one_account_or_of_all_and_change_within_a_minute() -> None:
    road = Guarded(None, Rule(id="a", kind="pattern", value="spam", action="mark", account="tiktok#1"))
    assert road.says("spam") == "spam"
    road.book.listed = [Rule(id="b", kind="pattern", value="spam", action="mark", account=road.account.key)]
    road.clock.advance(61)
    assert road.says("spam") == "[This may be spam: rule b.]\nspam"
    road.book.down = True
    road.clock.advance(61)
    assert "spam" in road.says("spam")


def test_what_stands_behind_a_text_is_judged_by_itself() -> None:
    road = Guarded(None, rule("pattern", "spam", "mark"), fold_s=5)
    road.writes(1, "hello")
    road.writes(2, "spam")
    road.writes(3, "bye")
    road.empties()
    assert road.desk.texts == ["hello", "[This may be spam: rule one.]\nspam\nbye"]


# Whatever happens, nothing is lost, doubled or overtaken.


def test_a_guard_that_fails_lets_through(monkeypatch: pytest.MonkeyPatch) -> None:
    road = Guarded()
    road.loops(6)
    road.book.down = True
    assert road.says("please hold the line") == "please hold the line"
    assert road.metrics.total("guard_failed") == 1
    road.book.down = False

    def broken(*given: Any, **named: Any) -> Talk:
        raise ZeroDivisionError

    monkeypatch.setattr(road.book, "talk", broken)
    assert road.says("please hold the line") == "please hold the line"
    assert road.queue == []


@pytest.mark.parametrize("seed", range(40))
def test_nothing_is_lost_doubled_or_overtaken(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    chance = random.Random(seed)
    rules = [rule("links", "1", "hold"), Rule(id="two", kind="pattern", value="iphone", action="low")]
    road = Guarded(Guards(hold_minutes=5, loops=chance.choice(["off", "mark", "hold", "park"])), *rules)
    texts = ["please hold the line", "https://a.example", "iphone", "hello there", "we are closed"]
    for name in ("talk", "hold", "tell", "count", "rules"):
        whole = getattr(road.book, name)

        def call(*given: Any, _whole: Any = whole, **named: Any) -> Any:
            if chance.random() < 0.2:
                raise Retryable("table down")
            answer = _whole(*given, **named)
            if chance.random() < 0.1:
                raise Retryable("its answer was lost")
            return answer

        monkeypatch.setattr(road.book, name, call)
    sent = []
    for number in range(60):
        text = f"{chance.choice(texts)} {number}"
        road.writes(number, text)
        sent.append(text)
        road.look()
        if chance.random() < 0.6:
            road.answers("we are closed 5", after_s=chance.choice([0.3, 5, 60]))
        if chance.random() < 0.05:
            road.book.release(CONVERSATION, road.clock())
    for _ in range(3000):
        road.clock.advance(30)
        road.look()
    aside = {text for text in sent if f"message:mid-{text.rpartition(' ')[2]}" in road.parked()}
    shown = [text.splitlines()[-1] for text in road.desk.texts if "[What this" not in text]
    assert road.queue == []
    assert shown == [text for text in sent if text not in aside]


# Off means free.


def calls(front: Front, monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """What is called for the second message of a conversation."""
    road = Guarded()
    road.account = msgspec.structs.replace(road.account, front=front)
    road.ledger.listed = [road.account]
    road.says("hello")
    road.clock.advance(5)
    counts: Counter[str] = Counter()
    for owner in (road.ledger, road.book):
        for name in dir(owner):
            whole = getattr(owner, name)
            if name.startswith("_") or not callable(whole):
                continue

            def call(*given: Any, _whole: Any = whole, _name: str = name, **named: Any) -> Any:
                counts[_name] += 1
                return _whole(*given, **named)

            monkeypatch.setattr(owner, name, call)
    road.says("how are you?")
    return counts


def test_off_nothing_more_is_called_and_on_one_thing(monkeypatch: pytest.MonkeyPatch) -> None:
    off = calls(Front(), monkeypatch)
    assert off["talk"] == off["rules"] == 0
    assert calls(Front(guards=Guards(loops="off")), monkeypatch) == off
    assert calls(Front(guards=Guards()), monkeypatch) - off == Counter({"talk": 1})
