"""What TikTok sends, read leniently: an odd field must not lose the message that it comes with.

TikTok portal doc 1832190670631937 (webhook schema).
"""

from __future__ import annotations

import msgspec

from chalicelib.errors import Malformed
from chalicelib.wire import LATEST_MS, mended


class Fields:
    """A JSON object. What is missing, or of another type, is empty; a path is dotted ("from_user.id")."""

    def __init__(self, found: object = None) -> None:
        self._found = found if isinstance(found, dict) else {}

    def text(self, path: str) -> str:
        """The string, or the number as one: comments carry bare 64-bit ids. TikTok portal doc 1810515104773122"""
        found = self._at(path)
        if isinstance(found, (int, float)) and not isinstance(found, bool):
            return str(found)
        return found if isinstance(found, str) else ""

    def flag(self, path: str) -> bool | None:
        found = self._at(path)
        return found if isinstance(found, bool) else None

    def at(self, path: str) -> Fields:
        return Fields(self._at(path))

    def each(self, path: str) -> list[Fields]:
        """The objects of the list; an object that stands alone is a list of one."""
        found = self._at(path)
        items = found if isinstance(found, list) else [found]
        return [Fields(item) for item in items if isinstance(item, dict)]

    def first(self, *paths: str) -> str:
        """The first text that is there."""
        return next((found for path in paths if (found := self.text(path))), "")

    def empties(self, path: str) -> bool:
        """Whether there is a list, with nothing in it."""
        return self._at(path) == []

    def _at(self, path: str) -> object:
        found: object = self._found
        for name in path.split("."):
            found = found.get(name) if isinstance(found, dict) else None
        return found


class Delivery(msgspec.Struct, frozen=True, kw_only=True):
    """One webhook: TikTok puts one event into each. `body` is the content as it was sent, which is JSON in a
    string; `content` is what it says, empty where it is no JSON."""

    event: str
    account: str
    created: str
    body: str
    content: Fields


def opened(raw: bytes) -> Delivery:
    """The delivery. Raises Malformed where it names no event."""
    envelope = _json(raw)
    event, body = (envelope.get("event"), envelope.get("content")) if isinstance(envelope, dict) else (None, None)
    if not isinstance(event, str) or not event or not isinstance(body, str | None):
        raise Malformed("not a TikTok delivery")
    try:
        content = _json((body or "").encode())
    except Malformed:
        content = None
    fields = Fields(envelope)
    return Delivery(
        event=event,
        account=fields.text("user_openid"),
        created=fields.text("create_time"),
        body=body or "",
        content=Fields(content),
    )


def _json(text: bytes) -> object:
    try:
        found: object = msgspec.json.decode(mended(text))
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise Malformed(f"not a TikTok delivery: {type(error).__name__}") from None
    return found


def milliseconds(timestamp: str, otherwise: int) -> int:
    """TikTok's time in ms: contents carry ms, envelopes seconds, and a ping's envelope ms."""
    try:
        number = float(timestamp)
    except ValueError:
        return otherwise
    whole = number if number > 10**11 else number * 1000
    return int(whole) if 1 <= whole <= LATEST_MS else otherwise
