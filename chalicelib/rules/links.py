"""The links to our copies of files: what a token holds, how it is signed, and when it ends.

Whoever has opened one may keep it for months: neither form nor signature may change.
"""

from __future__ import annotations

import base64
import re
from typing import NamedTuple

from chalicelib.wire import hmac_sha256

ROUTE = "/api/media/"
DAY_MS = 24 * 3600 * 1000

_DOMAIN = b"dmdesk media link 1\0"
_KEY = re.compile(r"media/([0-9a-f]{32})/([0-9a-f]{32})/([0-9]{1,2})")
_TOKEN = re.compile(r"[A-Za-z0-9_-]{76}")
_PAYLOAD, _TAG = 39, 18  # bytes; together they fill base64 without spare bits
_LATEST_MS = 2**48 - 1


class Token(NamedTuple):
    """What a token says: the copy's key and since when it may be read (epoch ms). `tag` is to be the payload's."""

    key: str
    since_ms: int
    payload: bytes
    tag: bytes


def packed(key: str, since_ms: int) -> bytes:
    """The payload of a copy's link."""
    parts = _KEY.fullmatch(key)
    assert parts is not None
    moment = min(max(since_ms, 0), _LATEST_MS)  # a platform's clock may say anything
    return bytes.fromhex(parts[1] + parts[2]) + bytes([int(parts[3])]) + moment.to_bytes(6, "big")


def tag(secret: str, payload: bytes) -> bytes:
    """What signs the payload."""
    return hmac_sha256(secret, _DOMAIN + payload)[:_TAG]


def signed(secret: str, payload: bytes) -> str:
    """The payload's token."""
    return base64.urlsafe_b64encode(payload + tag(secret, payload)).decode()


def unpacked(token: str) -> Token | None:
    """What the token says, whoever signed it; None where it has not the form of one."""
    if not _TOKEN.fullmatch(token):
        return None
    data = base64.urlsafe_b64decode(token)
    payload = data[:_PAYLOAD]
    key = f"media/{payload[:16].hex()}/{payload[16:32].hex()}/{payload[32]}"
    return Token(key, int.from_bytes(payload[33:], "big"), payload, data[_PAYLOAD:])


def ended(since_ms: int, days: int, now: float) -> bool:
    """Whether a link that lives so many days has ended; `now` in epoch seconds."""
    return now * 1000 - since_ms > days * DAY_MS
