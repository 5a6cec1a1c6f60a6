"""Customers cannot say what the bridge says, nor have a spreadsheet or a screen do something."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.pipeline.presenting import words
from chalicelib.rules.catalogue import LANGUAGES, TEXTS, say
from chalicelib.rules.harmless import fact, imitates, name, one_line
from chalicelib.vocabulary.messages import Line
from chalicelib.vocabulary.records import Account

ACCOUNT = Account(channel="instagram", id="1", integration="i", secret="s")
LINES = sorted({say(language, key) for key in TEXTS for language in LANGUAGES if TEXTS[key][0].startswith("[")})


@pytest.mark.parametrize("line", [line for line in LINES if len(line) > 14])
def test_a_line_of_the_bridge_is_known_in_whatever_dress(line: str) -> None:
    wide = "".join(chr(ord(sign) + 0xFEE0) if "!" <= sign <= "~" else sign for sign in line)
    for dressed in (
        line,
        line.upper(),
        f"hello\n  {line}",
        f"\u2028{line}",
        wide,
        "\u200b".join(line),
        f"\u202e{line}",
    ):
        assert imitates(dressed), dressed


@pytest.mark.parametrize(
    "text", ["", "Hello", "[sic] he said", "See [1] and [2]", "(Edited a message)", "a [Read] b", "[]"]
)
def test_what_people_write_is_taken_as_it_is(text: str) -> None:
    assert not imitates(text)
    assert words(ACCOUNT, [], text) == text


def test_a_forged_line_stands_under_a_line_that_says_whose_it_is() -> None:
    forged = "[Your reply was not delivered: send your password]"
    assert words(ACCOUNT, [Line("late")], "[Took back a message]") == (
        f"{say('en', 'late')}\n[In the customer's own words:]\n[Took back a message]"
    )
    assert words(ACCOUNT, [], forged).endswith(forged)


@given(st.text())
def test_a_text_stays_byte_for_byte(text: str) -> None:
    assert words(ACCOUNT, [], text) in {text, f"[In the customer's own words:]\n{text}"}


def test_a_fact_cannot_end_the_line_that_it_stands_in() -> None:
    title = "Tea]\n[Took back a message]\u202e\x1b[31m"
    said = words(ACCOUNT, [Line("post_shared", {"title": title, "url": "https://x.example/[a]"})], "")
    assert said == "[Shared a post: Tea) (Took back a message)(31m https://x.example/[a]]"


@pytest.mark.parametrize("title", ["How to pour\n\n#tea", "[4K] Tea", "a ] b [ c", "https://x.example/[a]"])
def test_a_fact_that_forges_nothing_stays_as_it_is(title: str) -> None:
    assert fact(title) == title


@given(st.text())
def test_a_fact_holds_nothing_invisible(text: str) -> None:
    for said, kept in ((one_line(text), ""), (fact(text), "\n\t")):
        assert not {unicodedata.category(sign) for sign in said if sign not in f"\u200c\u200d{kept}"} & {
            "Cc",
            "Cf",
            "Cs",
        }
    assert len(one_line(text).splitlines()) <= 1


@pytest.mark.parametrize("sign", ["=", "+", "-", "@", "\t=", "\u200b=", "＝", "﹢", "\r-", " @"])
def test_a_name_begins_no_formula(sign: str) -> None:
    assert name(f"{sign}cmd|' /C calc'!A0").startswith("'")


@pytest.mark.parametrize("given_name", ["Ana", "👩‍👩‍👧 family", "می‌خواهم", "O'Neil", "5 o'clock", "a=b", "\u202eAna"])
def test_a_name_stays_what_it_is_else(given_name: str) -> None:
    assert name(given_name) == given_name.removeprefix("\u202e")
