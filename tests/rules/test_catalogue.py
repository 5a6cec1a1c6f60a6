"""The bridge's own words: whole in every language, and what they are filled with stays as it is."""

from __future__ import annotations

import re
from pathlib import Path
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib import rules
from chalicelib.errors import Reason
from chalicelib.rules.catalogue import LANGUAGES, PLATFORMS, TEXTS, say
from chalicelib.runtime import CHANNELS

CODE = Path(rules.__file__).parent.parent


def places(text: str) -> list[str]:
    return sorted(re.findall(r"\{(\w+)\}", text))


@pytest.mark.parametrize("key", TEXTS)
def test_every_sentence_is_there_in_every_language_with_the_same_places(key: str) -> None:
    assert len(TEXTS[key]) == len(LANGUAGES)
    assert all(text.strip() == text != "" for text in TEXTS[key])
    assert places(TEXTS[key][0]) == places(TEXTS[key][1])


@pytest.mark.parametrize("key", TEXTS)
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_sentence_filled_in_is_the_text_with_its_places_replaced(key: str, language: str) -> None:
    text = TEXTS[key][LANGUAGES.index(language)]
    facts = {place: f"<{place}>" for place in places(text)}
    assert say(language, key, **facts) == re.sub(r"\{(\w+)\}", r"<\1>", text)


@pytest.mark.parametrize("key", TEXTS)
def test_a_sentence_without_facts_is_tidy(key: str) -> None:
    assert not re.search(r"[{}]|  |^[ :]| [\]]|: +\]", say("en", key))


def test_no_sentence_is_there_for_nothing() -> None:
    code = "\n".join(path.read_text() for path in CODE.rglob("*.py") if path.name != "catalogue.py")
    assert [key for key in TEXTS if not key.startswith("why_") and f'"{key}"' not in code] == []


def test_every_reason_why_a_reply_was_not_delivered_has_its_sentence() -> None:
    assert {key for key in TEXTS if key.startswith("why_")} == {f"why_{reason}" for reason in get_args(Reason)}


def test_every_channel_has_its_name() -> None:
    assert set(PLATFORMS) == set(CHANNELS)


@pytest.mark.parametrize(
    ("key", "facts", "said"),
    [
        ("post_shared", {"title": "Mug", "url": "https://x"}, "[Shared a post: Mug https://x]"),
        ("post_shared", {"title": "", "url": "https://x"}, "[Shared a post: https://x]"),
        ("post_shared", {"title": "Mug"}, "[Shared a post: Mug]"),
        ("post_shared", {}, "[Shared a post]"),
        ("comment", {"url": ""}, "[Commented on your post]"),
        ("location", {"place": "1, 2", "url": "https://x"}, "[Location: 1, 2 https://x]"),
        ("location", {}, "[Location]"),
        ("edited", {}, "[Edited a message. It now says:]"),
        ("file_link", {"url": "https://x"}, "https://x"),
        # what comes from outside stays as it is
        (
            "post_shared",
            {"title": "a  b ]: {url} {0} %s \\1", "url": "u"},
            "[Shared a post: a  b ]: {url} {0} %s \\1 u]",
        ),
        ("from_ad", {"title": "two\nlines ] "}, "[Came from the ad: two\nlines ] ]"),
        ("unknown", {"kind": "k", "more": "x"}, "[Sent something of a kind that is not known here: k]"),
        ("product", {"id": "1", "key": "x", "language": "es"}, "[About the product 1]"),
    ],
)
def test_examples(key: str, facts: dict[str, str], said: str) -> None:
    assert say("en", key, **facts) == said


def test_a_language_that_is_not_known_is_english() -> None:
    assert say("xx", "unsent") == say("en", "unsent") != say("es", "unsent")


@given(st.sampled_from(sorted(TEXTS)), st.text(min_size=1))
def test_a_fact_stands_in_the_sentence_as_it_is(key: str, fact: str) -> None:
    said = say("en", key, **dict.fromkeys(places(TEXTS[key][0]), fact))
    assert said.count(fact) >= len(places(TEXTS[key][0]))
