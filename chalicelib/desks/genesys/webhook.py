"""Genesys Cloud's outbound notification webhook: signature, and the one event of a delivery.

developer.genesys.cloud/commdigital/digital/openmessaging/validate: what is answered by a 5xx is repeated five times, 5
s apart, and any other refusal ends the conversation.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Sequence

import msgspec

from chalicelib.credentials import Secret, signed_by
from chalicelib.errors import Malformed, Rejected
from chalicelib.fields import Fields, value_of
from chalicelib.http import Request, Response
from chalicelib.protocols.webhook import Piece
from chalicelib.wire import bounded, digest, hmac_sha256, mended

ADVICE = "Admin > Message > Platforms > the Open Messaging integration has the webhook's signature secret token"


class _Webhook:
    name = "genesys"
    signature_header = "x-hub-signature-256"

    def handshakes(self, request: Request) -> bool:
        """Genesys documents none: the integration is told the URL."""
        return False

    def handshake(self, request: Request, secret: Secret) -> Response:
        """Never asked for. Raises Rejected."""
        raise Rejected(400, "no_handshake")

    def verify(self, request: Request, secrets: Sequence[str], now: float) -> str:
        """`X-Hub-Signature-256: sha256=<base64 HMAC-SHA256 of the raw body>`: base64, unlike Meta's hex."""
        scheme, _, offered = (request.header(self.signature_header) or "").partition("=")
        try:
            given = base64.b64decode(offered, validate=True)
        except (binascii.Error, ValueError):
            given = b""
        if scheme != "sha256" or len(given) != hashlib.sha256().digest_size:
            raise Rejected(401, "signature_malformed")
        signer = signed_by(secrets, given, lambda secret: hmac_sha256(secret, request.body))
        if not signer:
            raise Rejected(401, "signature_mismatch", ADVICE)
        return signer

    def split(self, body: bytes) -> list[Piece]:
        """A delivery is one message, receipt or event. Its fields may be missing, null or of another type than
        documented: what is odd is stored like the rest, and the worker says what it is."""
        try:
            body = mended(body)
            body.decode()
            seen = msgspec.json.decode(body, type=_Envelope)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            raise Malformed(f"not a Genesys delivery: {type(error).__name__}") from None
        top = Fields({name: value_of(getattr(seen, name)) for name in _Envelope.__struct_fields__})
        # receipts and typing may come again under an id that was used before
        message = top.text("id") if top.value("type") in ("Text", "Structured") else ""
        return [
            Piece(
                account=top.at("channel").text("id"),
                party=top.at("channel", "to").text("id"),
                id=bounded(message) if message else digest(body),
                raw=body,
            )
        ]


WEBHOOK = _Webhook()


class _Envelope(msgspec.Struct):
    id: msgspec.Raw = msgspec.Raw(b"null")
    type: msgspec.Raw = msgspec.Raw(b"null")
    channel: msgspec.Raw = msgspec.Raw(b"null")
