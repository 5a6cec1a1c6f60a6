"""X Chat's events as they travel: Thrift's binary protocol, in base64.

Which field is which was found by reading and making events with chatxdk 0.5.2.
"""

from __future__ import annotations

import base64
import binascii
import struct
from typing import NamedTuple

BOOL, BYTE, DOUBLE, I16, I32, I64, STRING, STRUCT, MAP, SET, LIST = 2, 3, 4, 6, 8, 10, 11, 12, 13, 14, 15
_SIZES = {BOOL: 1, BYTE: 1, DOUBLE: 8, I16: 2, I32: 4, I64: 8}
_DEEPEST = 32
_KEY_CHANGE = 3
_FAILURE, _TYPING, _READ = 5, 6, 12  # kinds of events that chatxdk reads and does not make


class Signature(NamedTuple):
    """`signature` in base64, as chatxdk makes it."""

    signature: str
    key_version: str
    version: str = "7"


class Head(NamedTuple):
    """What an event tells to everybody."""

    sequence_id: str
    message_id: str
    sender: str
    conversation: str
    created_ms: str


def text(number: int, value: str) -> bytes:
    """A field of text."""
    raw = value.encode()
    return struct.pack(">bhi", STRING, number, len(raw)) + raw


def inner(number: int, content: bytes) -> bytes:
    """A field that is a structure, whose fields (its end among them) are these."""
    return struct.pack(">bh", STRUCT, number) + content


def message(encrypted_content: bytes) -> bytes:
    """The detail of an event that is a message."""
    return inner(1, encrypted_content) + b"\0"


def failure(kind: int) -> bytes:
    """The detail of an event by which X tells a sender that it did not take their message."""
    return inner(_FAILURE, struct.pack(">bhi", I32, 1, kind) + b"\0") + b"\0"


def typing() -> bytes:
    return inner(_TYPING, b"\0") + b"\0"


def read(until: str, at_ms: int) -> bytes:
    """The detail of an event: all up to that sequence id was seen."""
    return inner(_READ, text(1, until) + struct.pack(">bhq", I64, 2, at_ms) + b"\0") + b"\0"


def signed(signature: Signature) -> bytes:
    """As an event has it."""
    return text(1, signature.signature) + text(2, signature.key_version) + text(3, signature.version) + b"\0"


def event(head: Head, token: str, detail: bytes, signature: bytes, previous: str) -> str:
    """An event as X delivers it; `previous` is the sequence id of the one before it, "" where it is the first."""
    raw = text(1, head.sequence_id) + text(2, head.message_id) + text(3, head.sender) + text(4, head.conversation)
    raw += (text(5, token) if token else b"") + text(6, head.created_ms) + inner(7, detail)
    raw += (inner(9, signature) if signature else b"") + (text(10, previous) if previous else b"") + b"\0"
    return base64.b64encode(raw).decode()


def head_of(encoded: str) -> Head:
    """What an event tells to everybody; ValueError where it is none."""
    found = strings(decoded(encoded))
    return Head(*(found.get(number, "") for number in (1, 2, 3, 4, 6)))


def is_key_change(encoded: str) -> bool:
    """Whether an event tells of a conversation's key; ValueError where it is none."""
    raw = decoded(encoded)
    at = places(raw).get(7)
    return at is not None and struct.unpack_from(">bh", raw, at) == (STRUCT, _KEY_CHANGE)


def key_version_of(encrypted_content: bytes) -> str:
    """Under which version of the conversation's key a message is encrypted; ValueError where it is none."""
    return strings(encrypted_content).get(101, "")


def decoded(encoded: str) -> bytes:
    """The bytes of base64, padded or not; ValueError where it is none."""
    try:
        return base64.b64decode(encoded + "=" * (-len(encoded) % 4), validate=True)
    except binascii.Error as error:
        raise ValueError(f"not base64: {error}") from error


def strings(raw: bytes) -> dict[int, str]:
    """The texts that stand right in a structure; ValueError where it is none."""
    texts = {number: at for number, at in places(raw).items() if raw[at - 3] == STRING}
    return {number: raw[at + 4 : _after(raw, at, STRING, 0)].decode("utf-8", "replace") for number, at in texts.items()}


def places(raw: bytes) -> dict[int, int]:
    """Where the fields of a structure begin, behind their heads; ValueError where it is none."""
    found: dict[int, int] = {}
    at = 0
    try:
        while raw[at]:
            kind, number = struct.unpack_from(">bh", raw, at)
            found[number] = at + 3
            at = _after(raw, at + 3, kind, 0)
    except (IndexError, struct.error) as error:
        raise ValueError("it ends too early") from error
    return found


def _after(raw: bytes, at: int, kind: int, depth: int) -> int:
    """Where what begins there ends."""
    if depth > _DEEPEST:
        raise ValueError("it is nested too deeply")
    if kind in _SIZES:
        end = at + _SIZES[kind]
    elif kind == STRING:
        (size,) = struct.unpack_from(">i", raw, at)
        end = at + 4 + max(size, 0)
    elif kind == STRUCT:
        end = at
        while raw[end]:
            end = _after(raw, end + 3, raw[end], depth + 1)
        end += 1
    elif kind in (LIST, SET):
        of, count = struct.unpack_from(">bi", raw, at)
        end = at + 5
        for _ in range(min(count, len(raw))):
            end = _after(raw, end, of, depth + 1)
    else:
        raise ValueError(f"no type {kind}")
    if end > len(raw):
        raise IndexError
    return end
