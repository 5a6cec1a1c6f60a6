"""Genesys Cloud's outbound notification webhook: signature, and the one event of a delivery.

developer.genesys.cloud/commdigital/digital/openmessaging/validate: what is answered by a 5xx is repeated five times, 5
s apart, and any other refusal ends the conversation.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Sequence
from typing import Any

import msgspec

from chalicelib.errors import Malformed, Rejected
from chalicelib.http import Request
from chalicelib.vocabulary.records import Event
from chalicelib.wire import bounded, digest, mended

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
        """A delivery is one message, receipt or event. Its fields may be missing, null or of another type than
        documented: what is odd is stored like the rest, and the worker says what it is."""
        try:
            body = mended(body)
            body.decode()
            seen = msgspec.json.decode(body, type=_Envelope)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            raise Malformed(f"not a Genesys delivery: {type(error).__name__}") from None
        channel = _object(_value(seen.channel))
        # receipts and typing may come again under an id that was used before
        message = _text(_value(seen.id)) if _value(seen.type) in ("Text", "Structured") else ""
        return Event(
            source=self.name,
            account=bounded(_text(channel.get("id"))),
            party=bounded(_text(_object(channel.get("to")).get("id"))),
            id=bounded(message) if message else digest(body),
            received_ms=received_ms,
            raw=msgspec.Raw(body),
        )


WEBHOOK = _Webhook()


class _Envelope(msgspec.Struct):
    id: msgspec.Raw = msgspec.Raw(b"null")
    type: msgspec.Raw = msgspec.Raw(b"null")
    channel: msgspec.Raw = msgspec.Raw(b"null")


def _value(raw: msgspec.Raw) -> Any:
    try:
        return msgspec.json.decode(raw)
    except msgspec.MsgspecError:  # a number that no machine holds
        return None


def _object(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _text(value: object) -> str:
    """A text, or a whole number as one; "" for anything else."""
    return str(value) if isinstance(value, str | int) and not isinstance(value, bool) else ""
