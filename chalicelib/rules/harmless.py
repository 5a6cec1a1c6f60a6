"""What customers wrote must not pass for what the bridge says, nor do anything where it is shown or exported.

A message's own text stays byte for byte. Names and participant data are one line without anything invisible; what
stands inside a line of the bridge's has nothing invisible either, and no line that could be taken for the bridge's.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache

from chalicelib.rules.catalogue import LANGUAGES, TEXTS, say

# What a spreadsheet takes for the beginning of a formula. owasp.org/www-community/attacks/CSV_Injection
_FORMULA = tuple("=+-@")
# controls, what turns the direction of writing, halves of pairs; but what joins emoji and letters stays
_KEPT = "\u200c\u200d\n\t"
# what looks like the bracket that the bridge's lines begin with, and what closes each
_OPENING, _CLOSING = "[\uff3b\ufe47", "]\uff3d\ufe48"
_BRACKETS = str.maketrans(_OPENING + _CLOSING, "((()))")
_PLACES = re.compile(r"[{<]")
_LEAST = 4


def visible(text: str) -> str:
    """The text without controls and signs that turn the direction of writing; its line breaks are plain ones."""
    if text.isascii() and text.isprintable():
        return text
    lines = "\n".join(text.splitlines()) + "\n" * text.endswith("\n")
    return "".join(sign for sign in lines if sign in _KEPT or unicodedata.category(sign) not in {"Cc", "Cf", "Cs"})


def one_line(text: str) -> str:
    """The same in one line."""
    return visible(text).replace("\n", " ").replace("\t", " ")


def fact(text: str) -> str:
    """The text as it may stand inside a line of the bridge's: it may have lines of its own, and none that could be
    taken for the bridge's."""
    seen = visible(text)
    forged = any(_begins_as_ours(seen[at:]) for at, sign in enumerate(seen) if sign in _OPENING)
    return one_line(seen).translate(_BRACKETS) if forged else seen


def name(text: str) -> str:
    """The text as it may stand in a table that somebody opens with a spreadsheet: a name, a value."""
    line = one_line(text).strip()
    return f"'{line}" if unicodedata.normalize("NFKC", line).startswith(_FORMULA) else line


def imitates(text: str) -> bool:
    """Whether a line of the text begins as one of the bridge's own does, in any of its languages."""
    if not any(sign in text for sign in _OPENING):  # which is so of nearly every message
        return False
    return any(_begins_as_ours(line) for line in text.splitlines())


def _begins_as_ours(text: str) -> bool:
    return _skeleton(text).startswith(_beginnings())


def _skeleton(line: str) -> str:
    """How the line looks at a glance: without case, width, accents, space and what cannot be seen."""
    folded = unicodedata.normalize("NFKD", line.casefold())
    return "".join(sign for sign in folded if unicodedata.category(sign)[0] not in "MZC")


@cache
def _beginnings() -> tuple[str, ...]:
    """How the bridge's lines begin: up to their first fact, and without any."""
    begun = {_PLACES.split(TEXTS[key][column])[0] for key in TEXTS for column in range(len(LANGUAGES))}
    begun |= {say(language, key) for key in TEXTS for language in LANGUAGES}
    looks = {_skeleton(words).rstrip(":.](") for words in begun if words.startswith("[")}
    return tuple(look for look in looks if len(look) > _LEAST)
