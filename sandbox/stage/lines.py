"""Which of the bridge's own sentences a line in a conversation is. To a desk they are all the customer's words."""

from __future__ import annotations

import re

from chalicelib.rules.catalogue import TEXTS

# with what the catalogue tidies away around an empty place
_PLACE = re.compile(r":? ?\{[a-z]+\}")
# what is said with a fact, and what without it
_CHOICE = re.compile(r"<([^|>]*)(?:\|([^>]*))?>")
OTHER = "line"


def line_of(text: str) -> str:
    """The catalogue's key of the first sentence of a line of the bridge's own, "line" where it is none of them."""
    first = text.partition("\n")[0]
    return next((key for key, pattern in _SENTENCES if pattern.fullmatch(first)), OTHER)


def _pattern(sentence: str) -> re.Pattern[str]:
    parts, place = [], 0
    for choice in _CHOICE.finditer(sentence):
        told, untold = (_places(one or "") for one in choice.groups())
        parts += [_places(sentence[place : choice.start()]), f"(?:{told}|{untold})"]
        place = choice.end()
    return re.compile("".join([*parts, _places(sentence[place:])]))


def _places(words: str) -> str:
    return ".*".join(map(re.escape, _PLACE.split(words)))


def _words(sentence: str) -> int:
    """How much of the sentence is always said."""
    return len(_PLACE.sub("", _CHOICE.sub("", sentence)))


# those with the most words of their own first, since a place takes anything
_SENTENCES = [
    (key, _pattern(sentence))
    for sentence, key in sorted(
        ((one, key) for key, both in TEXTS.items() for one in both if one.startswith("[")),
        key=lambda pair: -_words(pair[0]),
    )
]
