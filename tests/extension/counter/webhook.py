"""The counter's webhook: one event of one session a delivery, signed."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from chalicelib.credentials import Secret, signed_by
from chalicelib.errors import Malformed, Rejected
from chalicelib.http import Request, Response
from chalicelib.protocols.webhook import Piece
from chalicelib.wire import digest, hmac_sha256


class _Envelope(msgspec.Struct):
    session: str
    hall: str = ""
    id: str = ""


class _Webhook:
    name = "counter"
    signature_header = "x-counter-signature"

    def handshakes(self, request: Request) -> bool:
        """The counter is told the URL."""
        return False

    def handshake(self, request: Request, secret: Secret) -> Response:
        """Never asked for. Raises Rejected."""
        raise Rejected(400, "no_handshake")

    def verify(self, request: Request, secrets: Sequence[str], now: float) -> str:
        """The header is the hex HMAC-SHA256 of the raw body."""
        given = (request.header(self.signature_header) or "").encode()
        signer = signed_by(secrets, given, lambda secret: hmac_sha256(secret, request.body).hex().encode())
        if not signer:
            raise Rejected(401, "signature_mismatch")
        return signer

    def split(self, body: bytes) -> list[Piece]:
        """What happens in a session stays in order; a customer is never named."""
        try:
            told = msgspec.json.decode(body, type=_Envelope)
        except (ValueError, RecursionError) as error:
            raise Malformed(f"not the counter's: {type(error).__name__}") from None
        return [Piece(account=told.hall, party=told.session, id=told.id or digest(body), raw=body)]


WEBHOOK = _Webhook()
