"""What others answer, read by one strict reader: data of a shape that we know, or nothing.

Whoever writes the answer may do so at a customer's dictation. So it is no instruction: whatever is not exactly of the
shape is no answer at all.
"""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Mapping
from typing import Any

import msgspec

from chalicelib.errors import Malformed
from chalicelib.fields import strictly
from chalicelib.rules import harmless

LARGEST = 16 * 1024
"""No answer is read beyond this (bytes)."""
MOST_FACTS = 30
_LONGEST_NAME = 40
_LONGEST_VALUE = 500
# As in rules/closing.py.
HIGHEST_PRIORITY = 25_000_000
PRIORITY = "priority"


class Choice(msgspec.Struct, frozen=True):
    """One of these words; `told` says whether a schema names them, which costs as many words of whoever reads it."""

    of: tuple[str, ...]
    told: bool = True


class Whole(msgspec.Struct, frozen=True):
    """A number, cut to whole ones from `least` to `most`."""

    least: int
    most: int


Shape = Mapping[str, Choice | Whole]


def schema(shape: Shape) -> dict[str, Any]:
    """The shape as a JSON Schema of the few words that all models take: no bounds of numbers, no formats.
    docs.aws.amazon.com/bedrock/latest/userguide/structured-output.html"""
    return {
        "type": "object",
        "properties": {name: _kind(kind) for name, kind in shape.items()},
        "required": list(shape),
        "additionalProperties": False,
    }


def _kind(kind: Choice | Whole) -> dict[str, Any]:
    if isinstance(kind, Whole):
        return {"type": "integer"}
    return {"type": "string", "enum": list(kind.of)} if kind.told else {"type": "string"}


def read(value: object, shape: Shape) -> dict[str, str | int] | None:
    """What the value, or the JSON text of one, says: every name of the shape and no other, each of its kind; None where
    there is any doubt."""
    if isinstance(value, str):
        value = only_object(value)
    if not isinstance(value, dict) or value.keys() != shape.keys():
        return None
    told = {name: _word(value[name], kind) for name, kind in shape.items()}
    sure = {name: word for name, word in told.items() if word is not None}
    return sure if len(sure) == len(told) else None


def only_object(text: str) -> object:
    """The object of a text that should be one, with or without a fence around it; None where it is anything else, or
    anything stands beside it."""
    plain = text.strip()
    if plain.startswith("```json\n") and plain.endswith("\n```"):
        plain = plain[len("```json") : -len("```")].strip()
    if len(plain) > LARGEST:
        return None
    try:
        value = strictly(plain.encode(errors="surrogatepass"), "an answer")
    except Malformed:
        return None
    return value if isinstance(value, dict) else None


def facts(value: object, prefix: str) -> dict[str, str]:
    """The flat texts of an object as participant data, in its order and under the prefix: at most MOST_FACTS, each in
    one line, cut to 500 bytes. What is no text, or has another name than a plain word, is left out. `priority` is a
    number, or one in words, cut to what a queue takes; it is nobody's but the flow's, and has no prefix."""
    if not isinstance(value, dict):
        return {}
    told: dict[str, str] = {}
    urgent = _priority(value.get(PRIORITY))
    for name, text in value.items():
        if name == PRIORITY or not isinstance(text, str) or not _plain(name) or len(told) == MOST_FACTS:
            continue
        line = harmless.name(text).encode(errors="ignore")[:_LONGEST_VALUE].decode(errors="ignore")
        if line:
            told[prefix + name] = line
    return ({PRIORITY: str(urgent)} if urgent is not None else {}) | told


def _word(value: object, kind: Choice | Whole) -> str | int | None:
    if isinstance(kind, Choice):
        word = _without_controls(value) if isinstance(value, str) else None
        return word if word in kind.of else None
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return None
    return min(max(int(value), kind.least), kind.most)


def _without_controls(text: str) -> str:
    return "".join(sign for sign in text if unicodedata.category(sign) not in {"Cc", "Cf", "Cs"})


def _plain(name: str) -> bool:
    return len(name) <= _LONGEST_NAME and name.isascii() and name.replace("_", "a").isalnum() and name[0].isalpha()


def _priority(value: object) -> int | None:
    if isinstance(value, str) and value.isascii() and value.isdecimal() and len(value) <= _LONGEST_NAME:
        value = int(value)
    told = _word(value, Whole(0, HIGHEST_PRIORITY))
    return told if isinstance(told, int) else None
