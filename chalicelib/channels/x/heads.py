"""The readable head of an encrypted event: which message it is, whose, of which conversation. No key is needed.

An event of XChat is a Thrift struct in the binary protocol, in base64. Its head is what a server needs to carry it;
what people say lies sealed in it. It is read here, so that the edge need not load the cryptography.
github.com/xdevplatform/chat-xdk docs; github.com/apache/thrift/blob/master/doc/specs/thrift-binary-protocol.md
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable

import msgspec

from chalicelib.errors import Malformed
from chalicelib.wire import LATEST_MS

SEQUENCE, MESSAGE, SENDER, CONVERSATION, CREATED, DETAIL, PREVIOUS = 1, 2, 3, 4, 6, 7, 10
# What an event may be about, by the first field of its detail: what is said, in whatever form, is the first.
SAID = 1
# Why what was sent is not passed on. github.com/xdevplatform/chat-xdk docs
FAILURE = 5
_STRING, _STRUCT, _MAP, _SET, _LIST = range(11, 16)
# Of Thrift's other types: the bytes of a truth, a byte, a double, and whole numbers of 16, 32 and 64 bits.
_SIZES = {2: 1, 3: 1, 4: 8, 6: 2, 8: 4, 10: 8}
_DEEPEST = 16


class Head(msgspec.Struct, frozen=True, kw_only=True):
    """What is readable: the server's count in the conversation and that of the event before it (both numbers, as
    text), the signed id of the message, who sent it, the conversation as it is written there, when (epoch ms, 0
    where no time stands), and what it is about (SAID, or another number; 0 where that is not told)."""

    message: str
    sender: str
    conversation: str
    sequence: str = ""
    previous: str = ""
    sent_ms: int = 0
    about: int = 0


def head_of(encoded: str) -> Head:
    """The head of an `encoded_event`. Raises Malformed where it is none, or tells not which message it is, whose, and
    of which conversation."""
    try:
        # X leaves the padding out where it likes
        body = base64.b64decode(encoded + "=" * (-len(encoded) % 4), validate=True)
        reader = _Reader(body)
        texts = reader.texts()
        found = {
            name: texts.get(name, b"").decode() for name in (SEQUENCE, MESSAGE, SENDER, CONVERSATION, CREATED, PREVIOUS)
        }
    except (binascii.Error, ValueError) as error:  # not ASCII, not base64, not UTF-8
        raise Malformed(f"an encrypted event that cannot be read: {type(error).__name__}") from None
    if not (found[MESSAGE] and found[SENDER] and found[CONVERSATION]):
        raise Malformed("an encrypted event without a head")
    created = found[CREATED]
    plain = created.isascii() and created.isdigit() and len(created) <= 15
    return Head(
        message=found[MESSAGE],
        sender=found[SENDER],
        conversation=found[CONVERSATION],
        sequence=found[SEQUENCE],
        previous=found[PREVIOUS],
        sent_ms=int(created) if plain and int(created) <= LATEST_MS else 0,
        about=reader.about,
    )


class _Reader:
    """Walks over a struct. Raises Malformed where the bytes end, or are none that Thrift writes."""

    def __init__(self, body: bytes) -> None:
        self._body = body
        self._at = 0
        self.about = 0

    def texts(self) -> dict[int, bytes]:
        """The struct's own texts by their field's number."""
        found: dict[int, bytes] = {}
        while kind := self._number(1):
            field = self._number(2)
            if kind == _STRING:
                found.setdefault(field, self._take(self._number(4)))
                continue
            if field == DETAIL and kind == _STRUCT:
                self.about = int.from_bytes(self._body[self._at + 1 : self._at + 3], "big")
            self._skip(kind, _DEEPEST)
        return found

    def _skip(self, kind: int, depth: int) -> None:
        if kind in _SIZES:
            self._take(_SIZES[kind])
        elif kind == _STRING:
            self._take(self._number(4))
        elif kind not in _NESTED or depth == 0:
            raise Malformed("an encrypted event of an unknown form")
        else:
            _NESTED[kind](self, depth - 1)

    def _skip_struct(self, depth: int) -> None:
        while kind := self._number(1):
            self._number(2)
            self._skip(kind, depth)

    def _skip_items(self, depth: int) -> None:
        self._skip_each([self._number(1)], depth)

    def _skip_pairs(self, depth: int) -> None:
        self._skip_each([self._number(1), self._number(1)], depth)

    def _skip_each(self, kinds: list[int], depth: int) -> None:
        count = self._number(4)
        if count > len(self._body):  # a nested struct may be one byte, nothing is none
            raise Malformed("an encrypted event that ends too early")
        for _ in range(count):
            for kind in kinds:
                self._skip(kind, depth)

    def _number(self, size: int) -> int:
        return int.from_bytes(self._take(size), "big")

    def _take(self, size: int) -> bytes:
        """Without its sign a negative size is more than any event has."""
        end = self._at + size
        if end > len(self._body):
            raise Malformed("an encrypted event that ends too early")
        taken = self._body[self._at : end]
        self._at = end
        return taken


_NESTED: dict[int, Callable[[_Reader, int], None]] = {
    _STRUCT: _Reader._skip_struct,
    _MAP: _Reader._skip_pairs,
    _SET: _Reader._skip_items,
    _LIST: _Reader._skip_items,
}
