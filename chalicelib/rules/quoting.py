"""The first words of the message that a quote, a reaction, an edit or an unsend is about."""

from __future__ import annotations

from chalicelib.rules import spoken
from chalicelib.rules.text import split
from chalicelib.vocabulary.messages import Line

LONGEST = 80
"""What is shown of a message, in characters (UTF-16 units)."""
_READ = 2_000

_WITH_WORDS = {
    "quotes": "quotes_words",
    "reply_to": "quotes_words",
    "reacted": "reacted_words",
    "reacted_somehow": "reacted_somehow_words",
    "unreacted": "unreacted_words",
    "edited": "edited_words",
    "unsent": "unsent_words",
}


def first_words(text: str) -> str:
    """What is remembered of a message to name it by later: one line, cut between words or graphemes."""
    line = " ".join(text[:_READ].split())
    parts = split(line, LONGEST, "characters")
    return f"{parts[0].rstrip()}…" if len(parts) > 1 else line


def beginning(language: str, text: str, kind: str = "") -> str:
    """How a message is remembered: by its first words, or where it has none by its kind, in the language."""
    return first_words(text) or (spoken.kind(spoken.SPEECHES.get(language, spoken.ENGLISH), kind) if kind else "")


def names_words(lines: tuple[Line, ...]) -> bool:
    """Whether any of the lines is said with the first words of the message that it is about."""
    return any(line.key in _WITH_WORDS for line in lines)


def worded(lines: tuple[Line, ...], words: str) -> tuple[Line, ...]:
    """The lines with the first words of the message that they are about; as they are where none are known."""
    return tuple(_worded(line, words) for line in lines) if words else lines


def _worded(line: Line, words: str) -> Line:
    key = _WITH_WORDS.get(line.key)
    return Line(key, line.facts | {"words": words}) if key else line
