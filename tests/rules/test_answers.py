"""The strict reader: data of a shape that we know, or nothing."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.errors import Malformed
from chalicelib.fields import strictly
from chalicelib.rules.answers import Choice, Shape, Whole, facts, only_object, read, schema

SHAPE: Shape = {
    "intent": Choice(("order", "other")),
    "language": Choice(("en", "de"), told=False),
    "spam": Whole(0, 100),
}
RIGHT: dict[str, Any] = {"intent": "order", "language": "de", "spam": 3}


def test_an_answer_of_the_shape_is_taken() -> None:
    assert read(RIGHT, SHAPE) == RIGHT
    assert read(json.dumps(RIGHT), SHAPE) == RIGHT
    assert read(f"\n```json\n{json.dumps(RIGHT, indent=1)}\n```\n", SHAPE) == RIGHT


@pytest.mark.parametrize(
    "value",
    [
        None, [], [RIGHT], "", "order", 7, True, {}, RIGHT | {"more": 1}, {"intent": "order", "language": "de"},
        RIGHT | {"intent": "Order"}, RIGHT | {"intent": "vip"}, RIGHT | {"intent": None}, RIGHT | {"intent": ["order"]},
        RIGHT | {"spam": "3"}, RIGHT | {"spam": True}, RIGHT | {"spam": None}, RIGHT | {"spam": float("nan")},
        RIGHT | {"spam": float("inf")}, RIGHT | {"spam": [3]}, RIGHT | {"language": "xx"},
    ],
)  # fmt: skip
def test_any_doubt_is_no_answer(value: object) -> None:
    assert read(value, SHAPE) is None


@pytest.mark.parametrize(
    "text",
    [
        'Sure! {"intent": "order", "language": "de", "spam": 3}',
        '{"intent": "order", "language": "de", "spam": 3} Anything else?',
        '{"intent": "order", "language": "de", "spam": 3}{"intent": "other", "language": "de", "spam": 3}',
        '{"intent": "order", "intent": "other", "language": "de", "spam": 3}',
        '{"intent": "order", "language": "de", "spam": NaN}',
        '{"intent": "order", "language": "de", "spam": Infinity}',
        '{"intent": "order", "language": "de", "spam": 1e999}',
        '{"intent": "order", "language": "de", "spam": ' + "9" * 5000 + "}",
        '[{"intent": "order", "language": "de", "spam": 3}]',
        "```\n" + json.dumps(RIGHT) + "\n```",
        "```json\n" + json.dumps(RIGHT),
        "{" * 100_000,
        "[" * 5_000,
        '{"intent": "order", "language": "de", "spam": 3' + " " * 20_000 + "}",
        "\ud800",
        "null",
    ],
)
def test_no_text_around_or_twice_is_an_answer(text: str) -> None:
    assert read(text, SHAPE) is None


@pytest.mark.parametrize(("said", "told"), [(-5, 0), (250, 100), (0.9, 0), (99.99, 99), (10**30, 100)])
def test_a_number_is_cut_to_whole_ones_in_its_bounds(said: float, told: int) -> None:
    answer = read(RIGHT | {"spam": said}, SHAPE)
    assert answer is not None
    assert answer["spam"] == told


def test_what_cannot_be_seen_is_dropped_and_what_remains_judged() -> None:
    assert read(RIGHT | {"intent": "or\x00der\u200b"}, SHAPE) == RIGHT
    assert read(RIGHT | {"intent": "\u202eredro"}, SHAPE) is None


json_values = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner, max_size=4),
    max_leaves=8,
)


@given(value=json_values | st.fixed_dictionaries({"intent": json_values, "language": json_values, "spam": json_values}))
def test_whatever_comes_what_is_taken_is_of_the_shape(value: object) -> None:
    told = read(value, SHAPE)
    assert told is None or (
        list(told) == ["intent", "language", "spam"]
        and told["intent"] in {"order", "other"}
        and told["language"] in {"en", "de"}
        and isinstance(told["spam"], int)
        and 0 <= told["spam"] <= 100
    )


@given(text=st.text(max_size=60))
def test_no_text_is_too_odd_to_be_read(text: str) -> None:
    assert only_object(text) is None or isinstance(json.loads(text), dict)


def test_the_schema_has_no_bounds_of_numbers_and_names_only_short_lists() -> None:
    assert schema(SHAPE) == {
        "type": "object",
        "properties": {
            "intent": {"type": "string", "enum": ["order", "other"]},
            "language": {"type": "string"},
            "spam": {"type": "integer"},
        },
        "required": ["intent", "language", "spam"],
        "additionalProperties": False,
    }


@pytest.mark.parametrize("text", [b'{"a": {"b": 1, "b": 2}}', b"\xff", b"{}x", b"", b'{"a": -Infinity}', b"[" * 99_999])
def test_odd_json_is_none(text: bytes) -> None:
    with pytest.raises(Malformed, match="it: "):
        strictly(text, "it")


# What a CRM tells


def test_flat_texts_become_facts_under_the_prefix() -> None:
    told = facts({"tier": "gold", "since": "2019-04-01", "n": 5, "list": ["x"], "deep": {"a": "b"}, "no": None}, "crm_")
    assert told == {"crm_tier": "gold", "crm_since": "2019-04-01"}


@pytest.mark.parametrize(
    ("said", "told"),
    [(7, "7"), ("120", "120"), (-3, "0"), (10**12, "25000000"), ("9" * 30, "25000000"), (3.7, "3")],
)
def test_a_priority_is_cut_to_what_a_queue_takes(said: object, told: str) -> None:
    assert facts({"priority": said}, "crm_") == {"priority": told}


@pytest.mark.parametrize("said", [True, "high", "", "-1", "٣", None, [1], float("nan"), float("inf")])
def test_what_is_no_priority_is_left_out(said: object) -> None:
    assert facts({"priority": said}, "crm_") == {}


def test_queue_and_skill_are_texts_for_the_flow() -> None:
    assert facts({"queue": "VIP", "skill": "Spanish"}, "crm_") == {"crm_queue": "VIP", "crm_skill": "Spanish"}


@pytest.mark.parametrize("name", ["", " a", "a b", "a-b", "ä", "1a", "_a", "a" * 41, "a.b", "<a>", "a\n"])
def test_odd_names_are_left_out(name: str) -> None:
    assert facts({name: "x"}, "crm_") == {}


def test_thirty_facts_and_no_more_each_of_five_hundred_bytes() -> None:
    told = facts({f"k{number}": "é" * 400 for number in range(100)}, "crm_")
    assert len(told) == 30
    assert {len(value.encode()) for value in told.values()} == {500}


def test_a_fact_is_one_line_and_no_formula() -> None:
    assert facts({"a": "one\ntwo\u202e", "b": "=HYPERLINK(1)"}, "crm_") == {
        "crm_a": "one two",
        "crm_b": "'=HYPERLINK(1)",
    }


@pytest.mark.parametrize("value", [None, [], "x", 7])
def test_what_is_no_object_tells_nothing(value: object) -> None:
    assert facts(value, "crm_") == {}


@given(value=json_values)
def test_facts_are_always_such_as_a_desk_takes(value: object) -> None:
    told = facts(value, "crm_")
    assert len(told) <= 31
    assert all(name == "priority" or name.startswith("crm_") for name in told)
    assert all(text and len(text.encode()) <= 500 and "\n" not in text for text in told.values())
