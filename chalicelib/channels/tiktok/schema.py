"""What TikTok sends, read leniently: an odd field must not lose the message that it comes with.

TikTok portal doc 1832190670631937 (webhook schema).
"""

from __future__ import annotations

from typing import Any

import msgspec

from chalicelib import fields
from chalicelib.errors import Malformed
from chalicelib.wire import LATEST_MS, mended


class Fields(fields.Fields):
    """A JSON object of TikTok's. A name may be a dotted path ("from_user.id")."""

    __slots__ = ()

    def value(self, name: str, /) -> Any:
        value: Any = self._fields
        for step in name.split("."):
            value = value.get(step) if isinstance(value, dict) else None
        return value

    def text(self, name: str, /) -> str:
        """The string, or any number as one: comments carry bare 64-bit ids. TikTok portal doc 1810515104773122"""
        value = self.value(name)
        return str(value) if isinstance(value, float) else super().text(name)

    def first(self, *names: str) -> str:
        """The first text that is there."""
        return next((text for name in names if (text := self.text(name))), "")

    def empties(self, name: str) -> bool:
        """Whether there is a list, with nothing in it."""
        value = self.value(name)
        return isinstance(value, list) and not value


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
    around = Fields(envelope)
    return Delivery(
        event=event,
        account=around.text("user_openid"),
        created=around.text("create_time"),
        body=body or "",
        content=Fields(content),
    )


def _json(text: bytes) -> object:
    return fields.read(mended(text), "not a TikTok delivery")


def milliseconds(timestamp: str, otherwise: int) -> int:
    """TikTok's time in ms: contents carry ms, envelopes seconds, and a ping's envelope ms."""
    try:
        number = float(timestamp)
    except ValueError:
        return otherwise
    whole = number if number > 10**11 else number * 1000
    return int(whole) if 1 <= whole <= LATEST_MS else otherwise
