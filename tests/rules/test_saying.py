"""What a bot's answer may say."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.rules.saying import LONGEST, SCHEMA, Said, choices, leads_only_to, plain, read

LINKS = ("tea.example",)


def said(text: str = "It is.", **changes: Any) -> dict[str, Any]:
    return {"text": text, "confidence": 80} | changes


def test_an_answer_of_either_form() -> None:
    whole = {
        "text": "Green or black?", "quick_replies": ["Green", "Black"], "confidence": 80, "sentiment": "neutral",
        "cards": [{"title": "Sencha", "description": "", "image": "", "url": "https://www.tea.example/1"}],
        "intent": "tea", "summary": "Wants tea.", "hand_over": False,
    }  # fmt: skip
    found = read(whole, LINKS)
    assert found is not None
    assert [choice.payload for choice in choices(found)] == ["Green", "Black"]
    assert set(whole) == set(SCHEMA["required"]) == set(Said.__struct_fields__)
    assert read('```json\n{"text": "Yes.", "confidence": 3}\n```', LINKS) is not None


@pytest.mark.parametrize(
    ("most", "more"),
    [
        (said("x" * LONGEST), said("x" * (LONGEST + 1))),
        (said(quick_replies=["x" * 80] * 5), said(quick_replies=["x" * 81])),
        (said(cards=[{"title": "t" * 80, "description": "d" * 200}] * 5), said(cards=[{"title": "t" * 81}])),
        (said(cards=[{"title": "t", "description": "d"}] * 5), said(cards=[{"title": "t", "description": "d" * 201}])),
        (
            said(cards=[{"title": "t", "url": f"https://tea.example/{'u' * 980}"}]),
            said(cards=[{"title": "t", "url": f"https://tea.example/{'u' * 981}"}]),
        ),
        (said(confidence=100), said(confidence=101)),
        (said(confidence=0), said(confidence=-1)),
    ],
    ids=["text", "replies", "title", "description", "page", "sure", "unsure"],
)
def test_the_most_of_each_and_no_more(most: dict[str, Any], more: dict[str, Any]) -> None:
    assert read(most, LINKS) is not None
    assert read(more, LINKS) is None


@pytest.mark.parametrize(
    "answer",
    [
        None, "", "Sure! It is open.", [], 5, {}, {"text": "x"}, said(confidence="80"), said(confidence=80.5),
        said(confidence=101), said(confidence=-1), said(confidence=True), said(extra=1), said(sentiment="angry"),
        said(hand_over="no"), said(quick_replies="Green"), said(quick_replies=["x"] * 6), said(cards=[{}]),
        said(cards=[{"title": "t"}] * 6), said(""), said("x" * (LONGEST + 1)), said("x" * 5000),
        '{"text": "a", "text": "b", "confidence": 1}', '{"text": "a", "confidence": NaN}',
        '{"text": "a", "confidence": 1} and more', said(cards=[{"title": "t", "url": "http://tea.example/1"}]),
        said(cards=[{"title": "t", "image": "https://evil.example/1"}]),
        said(cards=[{"title": "t", "url": "javascript:alert(1)"}]), said(quick_replies=["evil.com"]),
        said(cards=[{"title": "see www.evil.example"}]), "[" * 100_000,
    ],
)  # fmt: skip
def test_what_is_no_answer(answer: object) -> None:
    assert read(answer, LINKS) is None


@pytest.mark.parametrize(
    "text",
    [
        "https://tea.example", "See https://tea.example/a?b=c.", "(www.tea.example)", "tea.example/sale",
        "HTTPS://TEA.EXAMPLE/1", "https://shop.tea.example", "e.g. this. Yes, 3.5 kg, 10.30 h...", "Done.Thanks",
        "a@b", "1.2.3", "",
    ],
)  # fmt: skip
def test_where_it_may_lead(text: str) -> None:
    assert leads_only_to(text, LINKS)


@pytest.mark.parametrize(
    "text",
    [
        "https://evil.example", "http://tea.example", "https://tea.example.evil.com", "https://nottea.example",
        "https://tea.example@evil.com/", "https://tea.example:443@evil.com/", "evil.com", "go to evil.com now",
        "evil.museum/x", "www.evil.example", "ftp://tea.example", "javascript:alert(1)", "mailto:a@evil.com",
        "https://evil.com/https://tea.example", "https://xn--ta-xka.example/", "https://té.example/x",
        "data:text/html,x",
        "https://evil\u200b.com", "[tea.example](https://evil.com)", "tel:+49900123", "https://[::1]/",
        "https://tea.example\\@evil.com",
    ],
)  # fmt: skip
def test_where_it_may_not(text: str) -> None:
    assert not leads_only_to(text, LINKS)
    assert read(said(text), LINKS) is None


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("**Bold** and __more__ and *less* and `code`", "Bold and more and less and code"),
        ("# Title\n> quote", "Title\nquote"),
        ("```python\nprint(1)\n```", "print(1)"),
        ("[Shop](https://tea.example)", "Shop: https://tea.example"),
        ("[https://tea.example](https://tea.example)", "https://tea.example"),
        ("![pic](https://tea.example/1.png)", "pic: https://tea.example/1.png"),
        ("2*3*4 and snake_case_name", "2*3*4 and snake_case_name"),
        ("- one\n- two  ", "- one\n- two"),
        ("a\u202eb\u200b\U000e0041c\x00", "abc"),
        ("👩\u200d👧", "👩\u200d👧"),
    ],
)
def test_no_markdown_and_nothing_invisible(text: str, shown: str) -> None:
    assert plain(text) == shown


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda some: st.lists(some) | st.dictionaries(st.text(), some),
)


@given(JSON)
def test_whatever_is_answered_is_an_answer_or_none(answer: object) -> None:
    found = read(answer, LINKS)
    assert found is None or isinstance(found, Said)


@given(st.text(max_size=200))
def test_what_is_plain_stays_so(text: str) -> None:
    assert plain(plain(text)) == plain(plain(plain(text)))
