"""Kinds, numbers, sizes, spans and moments, in each language."""

from __future__ import annotations

from collections.abc import Callable
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.rules import spoken
from chalicelib.rules.catalogue import LANGUAGES
from chalicelib.rules.spoken import ENGLISH, SPANISH, SPEECHES, Speech
from chalicelib.vocabulary.messages import Kind

SAID: list[Callable[[Speech, str], str]] = [
    spoken.count, spoken.size, spoken.span, spoken.moment, spoken.kind, spoken.kinds,
]  # fmt: skip
NAMES = ["count", "size", "span", "moment", "kind", "kinds"]


def test_every_language_is_spoken_and_knows_what_the_others_know() -> None:
    assert set(SPEECHES) == set(LANGUAGES)
    for speech in SPEECHES.values():
        assert set(speech.kinds) == set(ENGLISH.kinds)
        assert set(get_args(Kind)) <= set(speech.kinds)
        assert set(speech.units) == set(ENGLISH.units)
        assert len(set(speech.months)) == 12


@pytest.mark.parametrize(
    ("number", "english", "spanish"),
    [
        ("0", "0", "0"),
        ("999", "999", "999"),
        ("1000", "1,000", "1000"),
        ("9999", "9,999", "9999"),
        ("10000", "10,000", "10.000"),
        ("1234567", "1,234,567", "1.234.567"),
    ],
)
def test_numbers(number: str, english: str, spanish: str) -> None:
    assert (spoken.count(ENGLISH, number), spoken.count(SPANISH, number)) == (english, spanish)


@pytest.mark.parametrize(
    ("size", "english", "spanish"),
    [
        ("0", "0 bytes", "0 bytes"),
        ("1", "1 byte", "1 byte"),
        ("999", "999 bytes", "999 bytes"),
        ("1000", "1 KB", "1 KB"),
        ("1500", "1.5 KB", "1,5 KB"),
        ("999949", "999.9 KB", "999,9 KB"),
        ("999999", "1 MB", "1 MB"),
        ("3145728", "3.1 MB", "3,1 MB"),
        ("25000000", "25 MB", "25 MB"),
        ("2500000000", "2.5 GB", "2,5 GB"),
        ("12345000000000000", "12,345 TB", "12.345 TB"),
    ],
)
def test_sizes(size: str, english: str, spanish: str) -> None:
    assert (spoken.size(ENGLISH, size), spoken.size(SPANISH, size)) == (english, spanish)


@pytest.mark.parametrize(
    ("seconds", "english", "spanish"),
    [
        ("0", "0 seconds", "0 segundos"),
        ("1", "1 second", "1 segundo"),
        ("59", "59 seconds", "59 segundos"),
        ("60", "1 minute", "1 minuto"),
        ("900", "15 minutes", "15 minutos"),
        ("3600", "1 hour", "1 hora"),
        ("5400", "1.5 hours", "1,5 horas"),
        ("86400", "24 hours", "24 horas"),
        ("172800", "48 hours", "48 horas"),
        ("604800", "7 days", "7 días"),
        ("7776000", "90 days", "90 días"),
    ],
)
def test_spans(seconds: str, english: str, spanish: str) -> None:
    assert (spoken.span(ENGLISH, seconds), spoken.span(SPANISH, seconds)) == (english, spanish)


@pytest.mark.parametrize(
    ("milliseconds", "english", "spanish"),
    [
        ("0", "1 January 1970, 00:00 UTC", "1 de enero de 1970, 00:00 UTC"),
        ("1795514459999", "24 November 2026, 10:00 UTC", "24 de noviembre de 2026, 10:00 UTC"),
        ("253402300799999", "31 December 9999, 23:59 UTC", "31 de diciembre de 9999, 23:59 UTC"),
    ],
)
def test_moments(milliseconds: str, english: str, spanish: str) -> None:
    assert (spoken.moment(ENGLISH, milliseconds), spoken.moment(SPANISH, milliseconds)) == (english, spanish)


@pytest.mark.parametrize(("kind", "spanish"), [("image", "imagen"), ("video", "vídeo"), ("file", "archivo")])
def test_kinds(kind: str, spanish: str) -> None:
    assert (spoken.kind(ENGLISH, kind), spoken.kind(SPANISH, kind)) == (kind, spanish)


@pytest.mark.parametrize("say", SAID, ids=NAMES)
@pytest.mark.parametrize("fact", ["soon", "-1", "1.5", "1e9", "٣", "²", "1 000", "9" * 19, "9" * 5000])
def test_what_is_no_number_is_said_as_it_is(say: Callable[[Speech, str], str], fact: str) -> None:
    assert [say(speech, fact) for speech in SPEECHES.values()] == [fact] * len(SPEECHES)


@given(st.sampled_from(SAID), st.integers(0, 10**18 - 1))
def test_every_number_is_said_in_every_language(say: Callable[[Speech, str], str], number: int) -> None:
    assert all(say(speech, str(number)).strip() for speech in SPEECHES.values())


@pytest.mark.parametrize(
    ("stamp", "told"),
    [
        ("2026-11-24T10:00:00.000Z", "Tue 24 Nov 2026, 10:00 UTC"),
        ("2026-11-04T09:05:00+0000", "Wed 4 Nov 2026, 09:05 UTC"),
        ("2026-11-24T10:00:00-03:30", "Tue 24 Nov 2026, 10:00 UTC-03:30"),
        ("2026-02-30T10:00:00Z", "2026-02-30T10:00:00Z"),
    ],
)
def test_an_appointment(stamp: str, told: str) -> None:
    assert spoken.appointment(spoken.ENGLISH, stamp) == told


def test_an_appointment_is_told_in_the_accounts_language() -> None:
    assert spoken.appointment(spoken.SPANISH, "2026-11-25T10:00:00+00:00") == "mié 25 nov 2026, 10:00 UTC"
