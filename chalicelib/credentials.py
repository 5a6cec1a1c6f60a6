"""What secrets hold, as everybody reads it: trimmed and judged, and told by the secret's name where it is wrong.

People paste secrets: with a line break at the end, in quotes, with a byte order mark, or in another shape.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

import msgspec

from chalicelib.errors import Misconfigured

Secrets = Callable[[str], dict[str, Any]]
"""A secret's object by its name, from a cache."""

# Nothing that is given lives for a hundred years.
LONGEST_S = 100 * 366 * 86_400.0
# A key of so few characters is tried through. What platforms give out has 32 and more.
SHORTEST = 12
_FORMS = (
    "changeme",
    "example",
    "placeholder",
    "todo",
    "your",
    "makeup",
    "aword",
    "password",
    "secretsecret",
    "insert",
    "replace",
    "dummy",
    "openssl",
    "qwerty",
    "12345678",
)
# what str.isspace says, written down, since asking takes a millisecond of each cold start; and what nobody sees
_SPACE = (
    "\t\n\x0b\x0c\r\x1c\x1d\x1e\x1f \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
    "\u2028\u2029\u202f\u205f\u3000"
    "\x00\u200b\u2060\ufeff"
)
_HALVES = re.compile("[\ud800-\udfff]")
_PLAIN = re.compile("[!-~]+")
_QUOTES = ('""', "''", "``", "“”", "‘’")


def trimmed(value: object) -> str:
    """The text without what came along when it was pasted: space, byte order marks, a pair of quotes around it.
    "" where it is no text."""
    text = value.strip(_SPACE) if isinstance(value, str) else ""
    return text[1:-1].strip(_SPACE) if len(text) > 1 and text[0] + text[-1] in _QUOTES else text


def texts(value: object) -> list[str]:
    """The texts of a secret's list, each trimmed, and as it stands where that differs: the other side may have been
    given it like that. A lone text is a list of one; what is no text, or cannot be one, is left out."""
    spelled: dict[str, None] = {}
    for item in value if isinstance(value, list) else [value]:
        text = trimmed(item)
        if text and isinstance(item, str) and not _HALVES.search(item):
            spelled |= {text: None, item: None}
    return list(spelled)


class Secret(msgspec.Struct, frozen=True):
    """A secret's object, and the name under which an operator finds it."""

    name: str
    held: dict[str, Any]

    def every(self, field: str) -> list[str]:
        """The field's texts, see `texts`."""
        return texts(self.held.get(field))

    def keys(self, field: str) -> list[str]:
        """Of the field's texts, those that somebody who knows nothing would not try: what signs, or proves."""
        return [text for text in self.every(field) if not guessable(text)]

    def owned(self, field: str) -> dict[str, str]:
        """Of an object of lists, each text and the name that it stands under; what stands under several is nobody's
        own, and left out."""
        lists = self.held.get(field)
        owners: dict[str, set[str]] = {}
        for name, held in lists.items() if isinstance(lists, dict) else ():
            for text in texts(held):
                owners.setdefault(text, set()).add(name)
        return {text: name for text, names in owners.items() if len(names) == 1 for name in names}

    def line(self, field: str) -> str:
        """The field's text, trimmed. Raises Misconfigured where it is not one plain word."""
        return self._plain(field, trimmed(self.held.get(field)), f'{{"{field}": "…"}}')

    def identifier(self, field: str) -> str:
        """As `line`; a whole number is its digits."""
        value = self.held.get(field)
        return str(value) if type(value) is int else self.line(field)

    def first(self, field: str) -> str:
        """The first of the field's texts. Raises Misconfigured where there is none, or it is not one plain word."""
        return self._plain(field, next(iter(self.every(field)), ""), f'{{"{field}": ["…"]}}, the newest first')

    def _plain(self, field: str, text: str, shape: str) -> str:
        if plain(text):
            return text
        what = f"a value of {field} that cannot be one" if text else f"no {field}"
        raise Misconfigured(
            f"the secret {self.name} holds {what}",
            f"store {shape} in the secret {self.name}: one word of plain characters, without spaces",
        )


@lru_cache(256)
def guessable(text: str) -> bool:
    """Whether what should be a key is one that anybody tries: too short, or what an example or a form had in its
    place."""
    word = re.sub(r"[\W_]+", "", text.casefold())
    return len(text) < SHORTEST or len(set(word)) < 4 or "…" in text or any(word.startswith(one) for one in _FORMS)


def signed_by(secrets: Sequence[str], given: bytes, made: Callable[[str], bytes]) -> str:
    """The secret that makes what was given, "" where none does. Every one is tried, and compared to its end, so that
    the time taken says nothing."""
    matches = [secret for secret in secrets if hmac.compare_digest(made(secret), given)]
    return matches[0] if matches else ""


def plain(text: str) -> bool:
    """Whether it can be a token, a key or an id: printable ASCII without spaces (RFC 6749, appendix A)."""
    return _PLAIN.fullmatch(text) is not None


def seconds(value: object, otherwise: float) -> float:
    """How long something given lives: a positive number, which may come as text; `otherwise` where it is none."""
    try:
        number = float(value) if isinstance(value, int | float | str) and not isinstance(value, bool) else 0.0
    except (ValueError, OverflowError):
        return otherwise
    return number if 0 < number < LONGEST_S else otherwise


def token_of(held: dict[str, Any], name: str) -> str:
    """The access token in an account's secret, which is called `name`. Raises Misconfigured where it holds none, or
    one that cannot be sent."""
    return Secret(name, held).line("access_token")
