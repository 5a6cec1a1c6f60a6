"""What others send as JSON, read leniently: an odd field must not lose what it comes with."""

from __future__ import annotations

import json
from typing import Any, NoReturn, Self

import msgspec

from chalicelib.errors import Malformed


def text_of(value: object) -> str:
    """A text, or a whole number as one: ids come as either. "" where it is neither."""
    if isinstance(value, str):
        return value
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else ""


def object_in(value: object) -> dict[str, Any]:
    """The object; an empty one where it is none."""
    return value if isinstance(value, dict) else {}


class Fields:
    """A JSON object: what is missing, or of another type than it is asked for, is empty.

    Whoever is read in another way has a class of its own, that says which.
    """

    __slots__ = ("_fields",)

    def __init__(self, value: object = None) -> None:
        self._fields = object_in(value)

    def value(self, name: str, /) -> Any:
        """Whatever is there; None where nothing is."""
        return self._fields.get(name)

    def has(self, name: str) -> bool:
        return self.value(name) is not None

    def names(self) -> list[str]:
        """What is there, in the sender's order."""
        return [name for name, value in self._fields.items() if value is not None]

    def text(self, name: str, /) -> str:
        """A text, or a whole number as one: ids come as either."""
        return text_of(self.value(name))

    def flag(self, name: str) -> bool | None:
        """Yes or no; None where neither is said."""
        value = self.value(name)
        return value if isinstance(value, bool) else None

    def at(self, *path: str) -> Self:
        """The object at the end of the path."""
        reached = self
        for name in path:
            reached = type(self)(reached.value(name))
        return reached

    def each(self, name: str) -> list[Self]:
        """The objects of the list; an object that stands alone is a list of one."""
        value = self.value(name)
        items = value if isinstance(value, list) else [value]
        return [type(self)(item) for item in items if isinstance(item, dict)]


def read(text: bytes | msgspec.Raw, of: str) -> Any:
    """What the JSON text says. Raises Malformed, which names what it should have been (`of`) and none of its words."""
    try:
        return msgspec.json.decode(text)
    except (ValueError, RecursionError) as error:  # msgspec's errors are ValueErrors, as those of UTF-8 are
        raise Malformed(f"{of}: {type(error).__name__}") from None


def value_of(raw: msgspec.Raw | None) -> Any:
    """What a part says that is known to be JSON; None where there is none, or a number that no machine holds."""
    try:
        return msgspec.json.decode(raw) if raw is not None else None
    except msgspec.MsgspecError:
        return None


def strictly(text: bytes, of: str) -> Any:
    """What the JSON text says where an odd one is worth nothing: no object has a name twice, no number is NaN, and
    nothing stands behind it. Raises Malformed, as `read`."""
    try:
        return json.loads(text.decode(), object_pairs_hook=_once, parse_constant=_no_number)
    except (ValueError, RecursionError) as error:
        raise Malformed(f"{of}: {type(error).__name__}") from None


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    told = dict(pairs)
    if len(told) < len(pairs):
        raise ValueError
    return told


def _no_number(_: str) -> NoReturn:
    raise ValueError
