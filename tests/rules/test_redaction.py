"""What is taken out of a text before it leaves: judged by a corpus of our own, whose figures are printed (`-rP`)."""

from __future__ import annotations

import math
import time
import unicodedata
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.rules.redaction import redacted
from tests.corpus.harmless import HARMLESS
from tests.corpus.redaction import CARDS, IBANS, WRITTEN, Kind, Positive, negatives, positives

LEAST_RECALL: dict[Kind, float] = {"card": 1.0, "iban": 1.0, "email": 1.0, "phone": 0.97}


def core(text: str) -> str:
    """Letters and digits alone, as a machine would read them."""
    folded = unicodedata.normalize("NFKC", text)
    digits = "".join(str(unicodedata.digit(sign)) if unicodedata.category(sign) == "Nd" else sign for sign in folded)
    return "".join(sign for sign in digits.casefold() if sign.isalnum())


def missed(positive: Positive) -> bool:
    return core(positive.secret) in core(redacted(positive.text)) or f"[{positive.kind}]" not in redacted(positive.text)


def wilson(right: int, of: int) -> str:
    """The interval in which the true share lies, of 95 such corpora in 100."""
    z, share = 1.96, right / of
    middle = (share + z * z / (2 * of)) / (1 + z * z / of)
    half = z / (1 + z * z / of) * math.sqrt(share * (1 - share) / of + z * z / (4 * of * of))
    return f"{right}/{of} = {share:.4f} ({middle - half:.4f} to {middle + half:.4f})"


def test_precision_and_recall_on_the_corpus() -> None:
    said = [*positives(), *WRITTEN]
    others = [*negatives(), *(text for texts in HARMLESS.values() for text in texts)]
    assert len(said) >= 300
    assert len(others) >= 1000
    assert len({positive.language for positive in said}) >= 10
    lost = [positive for positive in said if missed(positive)]
    wrong = [text for text in others if "[" in redacted(text)]
    found = len(said) - len(lost)
    print(f"recall {wilson(found, len(said))}, precision {wilson(found, found + len(wrong))}")
    print(f"false alarms {wilson(len(wrong), len(others))}")
    by_kind, lost_by_kind = Counter(one.kind for one in said), Counter(one.kind for one in lost)
    for kind, least in LEAST_RECALL.items():
        print(f"{kind}: recall {wilson(by_kind[kind] - lost_by_kind[kind], by_kind[kind])}")
        assert 1 - lost_by_kind[kind] / by_kind[kind] >= least, [one.text for one in lost if one.kind == kind]
    assert len(wrong) / len(others) <= 0.01, wrong


def test_what_was_written_one_by_one_is_told_of_by_itself() -> None:
    lost = [positive.text for positive in WRITTEN if missed(positive)]
    texts = [text for told in HARMLESS.values() for text in told]
    wrong = [text for text in texts if "[" in redacted(text)]
    print(f"written one by one: recall {wilson(len(WRITTEN) - len(lost), len(WRITTEN))}")
    print(f"false alarms {wilson(len(wrong), len(texts))}")
    assert (lost, wrong) == ([], [])
    assert {positive.kind for positive in WRITTEN} == set(LEAST_RECALL)


def test_the_numbers_of_the_corpus_are_what_they_are_called() -> None:
    """By sums of this test's own: ISO/IEC 7812-1, annex B, and ISO 13616."""
    cards = {*CARDS, *(one.secret for one in WRITTEN if one.kind == "card")}
    ibans = {*IBANS, *(one.secret for one in WRITTEN if one.kind == "iban")}
    for card in cards:
        twice = [int(digit) * (1 + place % 2) for place, digit in enumerate(reversed(card))]
        assert sum(number - 9 if number > 9 else number for number in twice) % 10 == 0, card
    for iban in ibans:
        left = 0
        for sign in iban[4:] + iban[:4]:
            left = int(f"{left}{int(sign, 36)}") % 97
        assert left == 1, iban


@pytest.mark.parametrize("text", ["Is the green tea back? 🙏", "ok", "", "Größe 38, bitte", "order 20261126-12345678"])
def test_a_text_without_any_is_left(text: str) -> None:
    assert redacted(text) == text


def test_several_in_one_text() -> None:
    text = f"a@example.com {IBANS[0]} {CARDS[0]} +49 171 3920001 or {CARDS[1]}"
    assert redacted(text) == "[email] [iban] [card] [phone] or [card]"


def test_a_card_behind_another_number_is_found() -> None:
    assert redacted("order 12 4111 1111 1111 1111 exp 12/27") == "order 12 [card] exp 12/27"


def test_a_number_with_a_wrong_check_digit_is_no_card_and_no_iban() -> None:
    assert redacted("4111 1111 1111 1112") == "4111 1111 1111 1112"
    assert redacted("DE88 3704 0044 0532 0130 00") == "DE88 3704 0044 0532 0130 00"


@given(text=st.text(max_size=200))
def test_whatever_is_written_is_read_and_twice_is_as_once(text: str) -> None:
    once = redacted(text)
    assert redacted(once) == once


@pytest.mark.parametrize(
    "text",
    ["1 " * 5000, "a@" * 5000, "+1" * 5000, "DE8" * 3000, "0" * 10_000, "x." * 5000 + "@", "(at)" * 2500, "1-" * 5000,
     "a at b dot " * 900, "tel " + " 1" * 4000],
    ids=["digits", "ats", "pluses", "ibans", "zeros", "dots", "words", "hyphens", "spoken", "phones"],
)  # fmt: skip
def test_no_text_takes_long(text: str) -> None:
    began = time.process_time()
    redacted(text)
    assert time.process_time() - began < 2.0
