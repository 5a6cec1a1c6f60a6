"""Cutting a long text into parts that a platform takes, without hurting a word or a grapheme."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Literal

Unit = Literal["bytes", "characters"]


def measure(unit: Unit) -> Callable[[str], int]:
    """How long a text is in the unit: UTF-8 bytes, or UTF-16 units (the strictest reading of "characters")."""
    if unit == "bytes":
        return lambda text: len(text.encode())
    return lambda text: len(text.encode("utf-16-le")) // 2


def split(text: str, limit: int, unit: Unit) -> list[str]:
    """The text in parts of at most `limit` units, in order; joined, they are the text again.

    Cuts after white space where there is any, else between graphemes; only a single grapheme that is
    longer than the limit is cut inside. A part that would be nothing but white space is left out,
    since no platform sends one.
    """
    size = measure(unit)
    if size(text) <= limit:
        return [text] if text.strip() else []
    parts: list[str] = []
    current: list[str] = []
    used = 0
    for piece in _graphemes(text, limit, size):
        length = size(piece)
        while current and used + length > limit:
            kept = _last_gap(current) or len(current)
            parts.append("".join(current[:kept]))
            current = current[kept:]
            used = sum(map(size, current))
        current.append(piece)
        used += length
    parts.append("".join(current))
    return [part for part in parts if part.strip()]


def _graphemes(text: str, limit: int, size: Callable[[str], int]) -> Iterator[str]:
    import regex  # only for the rare long text

    for grapheme in regex.findall(r"\X", text):
        if size(grapheme) <= limit:
            yield grapheme
        else:
            yield from grapheme


def _last_gap(pieces: list[str]) -> int:
    """How many pieces stand up to and with the last white space; 0 where there is none."""
    for index in range(len(pieces) - 1, -1, -1):
        if pieces[index].isspace():
            return index + 1
    return 0
