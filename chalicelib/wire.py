"""What crosses every border: identifiers, times and texts as queues, tables and vendors take them."""

from __future__ import annotations

import hashlib
import hmac
import re
from datetime import UTC, datetime, timedelta

LONGEST_ID = 255


def digest(*parts: str | bytes) -> str:
    """A stable hex fingerprint (64 characters) of the parts, in order; unambiguous for any content."""
    told = b""
    for part in parts:
        data = part if isinstance(part, bytes) else part.encode("utf-8", "surrogatepass")
        told += len(data).to_bytes(8, "big") + data
    return hashlib.sha256(told).hexdigest()


def hmac_sha256(secret: str, data: bytes) -> bytes:
    """What signs the data (32 bytes)."""
    return hmac.digest(secret.encode(), data, "sha256")


# Control characters, halves of surrogate pairs, and the two characters that SQS refuses beside them.
# docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html
_UNFIT = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")


def bounded(identifier: str) -> str:
    """The identifier itself, or its fingerprint where it cannot be a key: over 255 UTF-8 bytes, or with characters
    that a queue, a table or a log does not take."""
    if identifier.isascii():  # nearly all are; then what cannot be printed is a control character
        return identifier if len(identifier) <= LONGEST_ID and identifier.isprintable() else digest(identifier)
    if _UNFIT.search(identifier) or len(identifier.encode()) > LONGEST_ID:
        return digest(identifier)
    return identifier


# U+FFFE and U+FFFF in UTF-8: a text may hold them, and no queue carries them.
_UNCARRIED = {b"\xef\xbf\xbe": rb"\ufffe", b"\xef\xbf\xbf": rb"\uffff"}
_ESCAPES = re.compile(
    rb"\\\\|\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|\\u[dD][89a-fA-F][0-9a-fA-F]{2}"
)


def mended(text: bytes) -> bytes:
    """The JSON text with every half of a surrogate pair replaced by U+FFFD, and else untouched but for two
    characters that SQS refuses: they are escaped, and read the same.

    A sender that cuts a text in the middle of an emoji escapes such a half; no strict parser reads it.
    """
    if b"\xef\xbf" in text:
        for sign, escape in _UNCARRIED.items():
            text = text.replace(sign, escape)
    if b"\\ud" not in text and b"\\uD" not in text:
        return text
    return _ESCAPES.sub(lambda half: b"\\ufffd" if len(half[0]) == 6 else half[0], text)


# The last millisecond of the year 9999: no later one can be written.
LATEST_MS = 253_402_300_799_999
_EPOCH = datetime(1970, 1, 1)


def iso(milliseconds: int) -> str:
    """The time as `yyyy-MM-ddTHH:mm:ss.mmmZ`: what desks and flows take."""
    moment = _EPOCH + timedelta(milliseconds=milliseconds)
    return f"{moment.isoformat(timespec='milliseconds')}Z"


def moment_ms(text: str) -> int:
    """The time of an ISO 8601 text (epoch ms), in UTC where it names no zone; 0 where it is none after 1970."""
    try:
        moment = datetime.fromisoformat(text)
        found = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        return 0
    return max(0, int(found * 1000))
