"""How each platform signs a webhook: the senders' side, written from their documentation."""

from __future__ import annotations

import base64
import hashlib
import hmac

from chalicelib.http import Request
from tests.fakes import START

HEADERS = {
    "instagram": "x-hub-signature-256",
    "tiktok": "tiktok-signature",
    "genesys": "x-hub-signature-256",
}


def hmac_sha256(body: bytes, secret: str) -> bytes:
    return hmac.new(secret.encode(), body, hashlib.sha256).digest()


def signature(platform: str, body: bytes, secret: str, now: float = START) -> str:
    """The signature header's value."""
    if platform == "instagram":
        return "sha256=" + hmac_sha256(body, secret).hex()
    if platform == "genesys":
        return "sha256=" + base64.b64encode(hmac_sha256(body, secret)).decode()
    stamp = str(int(now))
    return f"t={stamp},s={hmac_sha256(stamp.encode() + b'.' + body, secret).hex()}"


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
