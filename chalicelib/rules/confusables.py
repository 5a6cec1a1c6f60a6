"""Letters that look like Latin ones, for patterns only: what agents see is never changed.

A small part of unicode.org/Public/security/latest/confusables.txt: Cyrillic and Greek letters that are written in place
of Latin ones. NFKC does not fold these.
"""

from __future__ import annotations

import unicodedata

_CYRILLIC = "авеіјкмноорѕстухуԁһ", "abeijkmhoopsctyxydh"
_GREEK = "αβεικνορτυχ", "abeikvoptux"
_TABLE = str.maketrans(_CYRILLIC[0] + _GREEK[0], _CYRILLIC[1] + _GREEK[1])


def plain(text: str) -> str:
    """The text as patterns are matched with it: one form of each sign, nothing invisible, small letters."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    return "".join(sign for sign in folded if unicodedata.category(sign) != "Cf")


def latin(text: str) -> str:
    """The same (of `plain`) with Latin letters in place of those that look like them."""
    return text.translate(_TABLE)
