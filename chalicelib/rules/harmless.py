"""What customers wrote must not pass for what the bridge says, nor do anything where it is shown or exported.

A message's own text stays byte for byte. Names, participant data and whatever stands inside a line of the bridge's are
one line without anything invisible.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache

from chalicelib.rules.catalogue import LANGUAGES, TEXTS, say

# What a spreadsheet takes for the beginning of a formula. owasp.org/www-community/attacks/CSV_Injection
FORMULA = tuple("=+-@")
# controls, what turns the direction of writing, halves of pairs; but what joins emoji and letters stays
_JOINERS = "\u200c\u200d"
_BRACKETS = str.maketrans("[]", "()")
_PLACES = re.compile(r"[{<]")
_LEAST = 4


def one_line(text: str) -> str:
    """The text in one line, without controls and signs that turn the direction of writing."""
    if text.isascii() and text.isprintable():
        return text
    spaced = "".join(
        " " if unicodedata.category(sign) in {"Zl", "Zp"} or sign in "\t\n\v\f\r\x85" else sign for sign in text
    )
    return "".join(sign for sign in spaced if sign in _JOINERS or unicodedata.category(sign) not in {"Cc", "Cf", "Cs"})


def fact(text: str) -> str:
    """The text as it may stand inside a line of the bridge's, which it cannot end; an address stays one."""
    line = one_line(text)
    return line if line.startswith(("https://", "http://")) else line.translate(_BRACKETS)


def name(text: str) -> str:
    """The text as it may stand in a table that somebody opens with a spreadsheet: a name, a value."""
    line = one_line(text).strip()
    return f"'{line}" if unicodedata.normalize("NFKC", line).startswith(FORMULA) else line


def imitates(text: str) -> bool:
    """Whether a line of the text begins as one of the bridge's own does, in any of its languages."""
    if text.isascii() and "[" not in text:
        return False
    return any(_skeleton(line).startswith(_beginnings()) for line in text.splitlines())


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
