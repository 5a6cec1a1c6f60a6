"""Genesys Cloud's outbound notification webhook: signature, and the one event of a delivery.

developer.genesys.cloud/commdigital/digital/openmessaging/validate
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Sequence

import msgspec

from chalicelib.errors import Malformed, Rejected
from chalicelib.http import Request
from chalicelib.messages import Event, bounded, digest, mended

ADVICE = "Admin > Message > Platforms > the Open Messaging integration has the webhook's signature secret token"


class _Webhook:
    name = "genesys"
    signature_header = "x-hub-signature-256"

    def verify(self, request: Request, secrets: Sequence[str]) -> None:
        """`X-Hub-Signature-256: sha256=<base64 HMAC-SHA256 of the raw body>`: base64, unlike Meta's hex."""
        scheme, _, offered = (request.header(self.signature_header) or "").partition("=")
        try:
            given = base64.b64decode(offered, validate=True)
        except (binascii.Error, ValueError):
            given = b""
        if scheme != "sha256" or len(given) != hashlib.sha256().digest_size:
            raise Rejected(401, "signature_malformed")
        matches = [
            hmac.compare_digest(hmac.new(secret.encode(), request.body, hashlib.sha256).digest(), given)
            for secret in secrets
        ]
        if not any(matches):
            raise Rejected(401, "signature_mismatch", ADVICE)

    def cut(self, body: bytes, received_ms: int) -> Event:
        """A delivery is one message, receipt or event."""
        try:
            body = mended(body)
            body.decode()
            seen = msgspec.json.decode(body, type=_Envelope)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            raise Malformed(f"not a Genesys delivery: {type(error).__name__}") from None
        says = seen.type in {"Text", "Structured"} and bool(seen.id)
        return Event(
            source=self.name,
            account=bounded(seen.channel.id),
            party=bounded(seen.channel.to.id),
            # receipts and typing may come again under an id that was used before
            id=bounded(seen.id) if says else digest(body),
            received_ms=received_ms,
            raw=msgspec.Raw(body),
        )


WEBHOOK = _Webhook()


class _To(msgspec.Struct):
    id: str = ""


class _Channel(msgspec.Struct):
    id: str = ""
    to: _To = msgspec.field(default_factory=_To)


class _Envelope(msgspec.Struct):
    id: str = ""
    type: str = ""
    channel: _Channel = msgspec.field(default_factory=_Channel)
