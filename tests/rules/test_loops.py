"""Which conversations are loops of two machines, and which only look quick."""

from __future__ import annotations

import pytest

from chalicelib.rules.loops import counted, judged, normalised, signals
from chalicelib.vocabulary.guarding import By, Said

NOW = 1_764_000_000_000
MINUTE = 60_000
# A conversation in short: a customer's turn is small, an automatic one is great, "!" a person's; each with the letter
# of its text, "." for one that says nothing, and a number of seconds to wait before it, one where none is given.
Talk = str


def told(talk: Talk) -> list[Said]:
    """The turns, of which the last is at NOW."""
    steps: list[tuple[str, int]] = []
    for word in talk.split():
        steps.append((word[0], int(word[1:] or 1)))
    at, turns = NOW, []
    for sign, wait_s in reversed(steps):
        mark = "" if sign in ".,!" else sign.lower()
        by: By = "person" if sign == "!" else "automatic" if sign.isupper() or sign == "," else "customer"
        turns.append(Said(by=by, at_ms=at, mark=mark))
        at -= wait_s * 1000
    return turns[::-1]


SLOW = "A30 x40 "
TABLE: list[tuple[str, Talk, str, str]] = [
    ("a first message", "x", "", ""),
    ("the same text thrice, to nobody", "x x x x x", "", ""),
    ("the same text thrice, answered by a person", "x !5 x9 !5 x9 !5 x9", "", ""),
    ("the same text thrice, each answered by us", "x A5 x9 B5 x9 C5 x9", "mark", "same"),
    ("twice only", "x A5 x9 B5 y9 C5 z9", "", ""),
    ("a person in between", "x A5 x9 B5 x9 !5 x9 A5 x9", "", ""),
    ("slower than the window", "x A5 x300 B5 x300 C5 x300", "", ""),
    ("emoji again and again", ". A5 .9 B5 .9 C5 .9", "", ""),
    ("our own text", "x A5 a9", "mark", "ours"),
    ("our text of long ago", "x A5 b9 B5 c9 C5 d9 D5 e9 E5 f9 F5 a9", "", ""),
    ("our text after a pause", "x A5 a901", "", ""),
    ("answers faster than anybody reads", "a A b B c C d D e E f F g", "mark", "fast"),
    ("five such answers", "a A b B c C d D e E f", "", ""),
    ("a person who taps slowly", "a A5 b5 B5 c5 C5 d5 D5 e5 E5 f5 F5 g5", "", ""),
    ("a fast typer, whom nobody answers", "a b c d e f g h i j k l m n o p q r s t u v", "", ""),
    ("a fast typer, whom we answer once", "a b c A d e f g h i j k l m n o p q r", "", ""),
    ("answers after two seconds", "a A b2 B c2 C d2 D e2 E f2 F g2", "", ""),
    ("the same text, the first ten minutes ago", "x A5 x295 B5 x295", "mark", "same"),
    ("the same text, the first before that", "x A5 x295 B5 x296", "", ""),
    ("twelve answers, the first ten minutes ago", "A1 " + "A50 " * 11 + ".50", "hold", "rate"),
    ("twelve answers, the first before that", "A1 " + "A50 " * 11 + ".51", "", ""),
    ("two signals", "x A x B x C x D x E x F x", "hold", "same+fast"),
    ("both repeat each other", "x A9 a9 A9 a9 A9 a9", "hold", "same+ours"),
    ("eleven answers", ".20 " + "A20 .20 " * 11, "", ""),
    ("twelve answers", ".20 " + "A20 .20 " * 12, "hold", "rate"),
    ("thirty answers", ".9 " + "A9 .9 " * 30, "park", "rate"),
    ("twelve answers, slowly", ".50 " + "A40 .50 " * 12, "", ""),
    ("twelve answers before a person", "A20 .20 " * 12 + "!20 .20 A20 .20", "", ""),
    ("turns of a clock that is behind", "x A x B x C-1 x", "mark", "same"),
]


@pytest.mark.parametrize(("talk", "step", "why"), [row[1:] for row in TABLE], ids=[row[0] for row in TABLE])
def test_a_conversation_is_judged_by_its_shape(talk: Talk, step: str, why: str) -> None:
    *said, new = told(talk)
    assert judged(said, new) == (step, why)


def test_who_loops_again_is_parked() -> None:
    *said, new = told("x A x B x C x D x E x F x")
    assert judged(said, new, again=True) == ("park", "same+fast")
    *said, new = told("x A5 a9")
    assert judged(said, new, again=True) == ("mark", "ours")


def test_rate_alone_below_twelve_tells_nothing() -> None:
    for sends in range(12):
        *said, new = told(".20 " + "A20 .20 " * sends)
        assert signals(said, new) == []
        assert judged(said, new) == ("", "")


def test_turns_are_told_in_any_order() -> None:
    *said, new = told("x A5 x9 B5 x9 C5 x9")
    assert judged(said[::-1], new) == judged(said, new) == ("mark", "same")


@pytest.mark.parametrize(("pause_s", "counts"), [(900, 2), (901, 1)])
def test_a_pause_of_a_quarter_of_an_hour_makes_forget(pause_s: int, counts: int) -> None:
    assert len(counted(told(f"x A{pause_s}"), NOW)) == counts
    assert len(counted([*told(f"x A{pause_s}")], NOW + 901_000)) == 0


def test_no_more_is_counted_than_is_remembered() -> None:
    said = told("a A " * 200)
    assert len(counted(said, NOW)) == 80


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Thank you for your message", "THANK  you for\nyour message "),
        ("Ticket 4711 is open", "Ticket 0815 is open"),
        ("Ticket 4711 is open", "Ticket \u0664\u0667\u0661\u0661 is open"),
        ("We are closed", "We\u200b are\u202e clo\U000e0041sed"),
        ("We are closed", "\uff37\uff45 are closed"),
        ("a" * 200 + "b", "a" * 200 + "c"),
    ],
    ids=["case and spaces", "numbers", "other digits", "invisible", "wide", "long"],
)
def test_what_a_machine_varies_is_not_compared(one: str, other: str) -> None:
    assert normalised(one) == normalised(other) != ""


@pytest.mark.parametrize("text", ["", "ok", "?", "👍👍👍👍👍", "12345678", "no!", "\u200b\u200b\u200b\u200b\u200b"])
def test_what_says_too_little_is_not_compared(text: str) -> None:
    assert normalised(text) == ""


def test_four_letters_are_compared_and_three_are_not() -> None:
    assert (normalised("Wait"), normalised("why"), normalised("a b c!")) == ("wait", "", "")


def test_other_words_stay_others() -> None:
    assert normalised("Where is my order") != normalised("Where is your order")
