"""Cutting texts: whatever people write in any script arrives whole, in parts that the platform takes."""

from __future__ import annotations

import pytest
import regex
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.rules.text import Unit, measure, split

FAMILY = "👨‍👩‍👧‍👦"
FLAG = "🇳🇴"
WAVE = "👋🏽"
KEYCAP = "1️⃣"
ZALGO = "e" + "\u0301\u0323\u0308"
HINDI = "क्षत्रिय नमस्ते दुनिया "
ARABIC = "مَرْحَبًا بِكُمْ "
THAI = "สวัสดีครับ"
HANGUL = "각각각"
SAMPLES = [FAMILY, FLAG, WAVE, KEYCAP, ZALGO, HINDI, ARABIC, THAI, HANGUL, "\r\n", " ", "  \n", "word ", "a", "日本語"]
UNITS: list[Unit] = ["bytes", "characters"]

texts = st.one_of(
    st.text(st.characters(exclude_categories=["Cs"]), max_size=300),
    st.lists(st.sampled_from(SAMPLES), max_size=80).map("".join),
)
limits = st.integers(4, 200)
units = st.sampled_from(UNITS)


def size(text: str, unit: Unit) -> int:
    """The size in the unit, counted by hand."""
    if unit == "bytes":
        return len(text.encode("utf-8"))
    return sum(2 if ord(character) > 0xFFFF else 1 for character in text)


def graphemes(text: str) -> list[str]:
    return [str(one) for one in regex.findall(r"\X", text)]


def same_but_for_blank_parts(text: str, parts: list[str]) -> bool:
    """Whether the parts are the text, up to stretches of white space that were left out."""
    place = 0
    for part in parts:
        found = text.find(part, place)
        if found < 0 or text[place:found].strip():
            return False
        place = found + len(part)
    return not text[place:].strip()


@given(text=texts, unit=units)
def test_sizes_are_counted_as_the_platforms_count(text: str, unit: Unit) -> None:
    assert measure(unit)(text) == size(text, unit)


@given(text=texts, limit=limits, unit=units)
def test_every_part_fits_and_says_something(text: str, limit: int, unit: Unit) -> None:
    for part in split(text, limit, unit):
        assert size(part, unit) <= limit
        assert part.strip()


@given(text=texts, limit=limits, unit=units)
def test_nothing_but_blank_parts_is_lost(text: str, limit: int, unit: Unit) -> None:
    assert same_but_for_blank_parts(text, split(text, limit, unit))


@given(text=texts.filter(lambda text: not any(map(str.isspace, text))), limit=limits, unit=units)
def test_a_text_without_white_space_is_the_sum_of_its_parts(text: str, limit: int, unit: Unit) -> None:
    assert "".join(split(text, limit, unit)) == text


@given(text=st.lists(st.sampled_from(SAMPLES), max_size=80).map("".join), limit=st.integers(30, 200), unit=units)
def test_no_grapheme_is_cut(text: str, limit: int, unit: Unit) -> None:
    """The longest of the samples' graphemes is 25 bytes, so none has to be cut."""
    assert [one for part in split(text, limit, unit) for one in graphemes(part) if not one.isspace()] == [
        one for one in graphemes(text) if not one.isspace()
    ]


@given(text=texts, limit=limits, unit=units)
def test_a_short_text_is_one_part(text: str, limit: int, unit: Unit) -> None:
    if size(text, unit) > limit:
        text = text[:1]
    assert split(text, limit, unit) == ([text] if text.strip() else [])


@pytest.mark.parametrize("grapheme", [FAMILY, FLAG, WAVE, KEYCAP, ZALGO, "क्षि", "각"])
@pytest.mark.parametrize("unit", UNITS)
def test_a_row_of_one_grapheme_is_cut_between_graphemes(grapheme: str, unit: Unit) -> None:
    assert graphemes(grapheme) == [grapheme]
    limit = size(grapheme, unit) * 4 - 1
    assert split(grapheme * 7, limit, unit) == [grapheme * 3, grapheme * 3, grapheme]


@pytest.mark.parametrize("unit", UNITS)
def test_a_single_grapheme_that_is_too_long_is_cut_inside_between_characters(unit: Unit) -> None:
    monster = "e" + "\u0301" * 100
    parts = split("ab " + monster + " cd", 20, unit)
    assert "".join(parts) == "ab " + monster + " cd"
    assert all(size(part, unit) <= 20 for part in parts)


@pytest.mark.parametrize(
    ("text", "limit", "unit", "parts"),
    [
        ("", 10, "bytes", []),
        (" \n", 10, "bytes", []),
        (" " * 30, 10, "bytes", []),
        ("one two three", 8, "bytes", ["one two ", "three"]),
        ("one two three", 7, "bytes", ["one ", "two ", "three"]),
        ("one\ntwo", 4, "bytes", ["one\n", "two"]),
        ("abcdefghij", 4, "bytes", ["abcd", "efgh", "ij"]),
        ("x abcdefghij", 5, "bytes", ["x ", "abcde", "fghij"]),
        ("åäö åäö", 7, "bytes", ["åäö ", "åäö"]),
        ("åäö åäö", 7, "characters", ["åäö åäö"]),
        ("😀😀😀", 4, "characters", ["😀😀", "😀"]),
        ("😀😀😀", 4, "bytes", ["😀", "😀", "😀"]),
        ("  lead and trail  ", 100, "bytes", ["  lead and trail  "]),
        # cutting after the gap leaves more behind than fits together with the next grapheme
        ("a bbb😀", 5, "bytes", ["a ", "bbb", "😀"]),
    ],
)
def test_examples(text: str, limit: int, unit: Unit, parts: list[str]) -> None:
    assert split(text, limit, unit) == parts


def test_a_long_stretch_of_white_space_loses_no_word() -> None:
    text = "a" + " " * 20 + "b"
    assert same_but_for_blank_parts(text, split(text, 5, "bytes"))


def test_three_thousand_bytes_go_to_instagram_in_four_whole_parts() -> None:
    sentence = f"Grüße {FAMILY} to {FLAG}: {HINDI}{ARABIC}"
    text = (sentence * 60).encode()[:3000].decode(errors="ignore")
    parts = split(text, 1000, "bytes")
    assert "".join(parts) == text
    assert len(parts) == 4
    assert all(part[-1].isspace() for part in parts[:-1])
    assert [one for part in parts for one in graphemes(part)] == graphemes(text)


def test_tiktoks_limit_counts_utf_16_units() -> None:
    text = "😀" * 3001
    assert split(text, 6000, "characters") == ["😀" * 3000, "😀"]
