"""How each platform signs a webhook: the senders' side, written from their documentation.

`senders/<name>.json` says it: the `header`, its `value`, in which `encoding` the digest is, and what is `signed`.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from pathlib import Path
from typing import Literal

import msgspec

from chalicelib.http import Request
from tests.fakes import START


class Sender(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How one of them signs; `{time}` is in epoch seconds."""

    header: str
    value: str
    encoding: Literal["hex", "base64"]
    signed: str

    def prefix(self, now: float = START) -> str:
        """What stands before the digest in a good header."""
        return self.value.partition("{digest}")[0].format(time=int(now))

    def signature(self, body: bytes, secret: str, now: float = START) -> str:
        """The header's value."""
        before, _, after = self.signed.format(time=int(now), body="\0").partition("\0")
        digest = hmac_sha256(before.encode() + body + after.encode(), secret)
        text = digest.hex() if self.encoding == "hex" else base64.b64encode(digest).decode()
        return self.value.format(time=int(now), digest=text)


SENDERS = {
    path.stem: msgspec.json.decode(path.read_bytes(), type=Sender)
    for path in sorted(Path(__file__).with_name("senders").glob("*.json"))
}
HEADERS = {name: sender.header for name, sender in SENDERS.items()}


def hmac_sha256(body: bytes, secret: str) -> bytes:
    return hmac.new(secret.encode(), body, hashlib.sha256).digest()


def signature(platform: str, body: bytes, secret: str, now: float = START) -> str:
    """The signature header's value."""
    return SENDERS[platform].signature(body, secret, now)


def request(platform: str, body: bytes, value: str | None, **headers: str) -> Request:
    """A delivery; `value` is the signature header's, None leaves it out."""
    signed = {} if value is None else {HEADERS[platform]: value}
    return Request(
        method="POST",
        headers={"content-type": "application/json", **signed, **headers},
        query={},
        body=body,
    )


def signed(platform: str, body: bytes, secret: str, now: float = START) -> Request:
    """A delivery as the platform sends it."""
    return request(platform, body, signature(platform, body, secret, now))
