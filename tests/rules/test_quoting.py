"""The first words of what a quote or a note is about."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.rules.catalogue import LANGUAGES, TEXTS, say
from chalicelib.rules.quoting import LONGEST, first_words, worded
from chalicelib.rules.text import measure
from chalicelib.vocabulary.messages import Line

size = measure("characters")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", ""),
        (" \n ", ""),
        ("How much is it?", "How much is it?"),
        ("How much\nis  it?", "How much is it?"),
        ("x" * 80, "x" * 80),
        ("x" * 81, f"{'x' * 80}…"),
        (f"{'word ' * 15}and more, and more", f"{'word ' * 15}and…"),
        (f"{'x' * 79}👩🏽‍🚀", f"{'x' * 79}…"),
    ],
)
def test_first_words_are_one_short_line(text: str, words: str) -> None:
    assert first_words(text) == words


@given(st.text(max_size=300))
def test_first_words_are_short_and_begin_the_text(text: str) -> None:
    words = first_words(text)
    assert size(words) <= LONGEST + 1
    assert " ".join(text.split()).startswith(words.removesuffix("…"))


def test_first_words_of_a_very_long_text_are_found_at_once() -> None:
    assert first_words("word " * 200_000) == f"{'word ' * 15}word…"


@pytest.mark.parametrize(
    ("line", "known", "unknown"),
    [
        (Line("quotes"), "[Replied to: the mug]", "[Replied to an earlier message]"),
        (Line("reply_to"), "[Replied to: the mug]", "[Replied to an earlier message]"),
        (Line("reacted", {"emoji": "❤️"}), "[Reacted with ❤️ to: the mug]", "[Reacted with ❤️ to a message]"),
        (Line("reacted_somehow"), "[Reacted to: the mug]", "[Reacted to a message]"),
        (Line("unreacted"), "[Took back a reaction to: the mug]", "[Took back a reaction]"),
        (
            Line("edited"),
            "[Edited a message that began: the mug]\n[It now says:]",
            "[Edited a message. It now says:]",
        ),
        (Line("unsent"), "[Took back: the mug]", "[Took back a message]"),
        (Line("read"), "[Has read your message]", "[Has read your message]"),
    ],
)
def test_a_line_names_what_it_is_about_where_that_is_known(line: Line, known: str, unknown: str) -> None:
    other = Line("from_ad", {"title": "Sale"})
    for words, said in (("the mug", known), ("", unknown)):
        about, left = worded((line, other), words)
        assert say("en", about.key, **about.facts) == said
        assert left == other


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("key", [key for key in TEXTS if key.endswith("_words")])
def test_words_stand_as_they_are_in_every_language(language: str, key: str) -> None:
    assert "a ]: {url} b" in say(language, key, words="a ]: {url} b", emoji="❤️")
