"""The pigeon's webhook: events of one account, and a handshake that has a token signed, as X has it."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from typing import Any

import msgspec

from chalicelib.credentials import Secret, signed_by
from chalicelib.errors import Malformed, Rejected
from chalicelib.http import Request, Response
from chalicelib.protocols.webhook import Piece
from chalicelib.wire import hmac_sha256


class _Delivery(msgspec.Struct):
    account: str
    events: list[dict[str, Any]]


class _Webhook:
    name = "pigeon"
    signature_header = "x-pigeon-signature"

    def handshakes(self, request: Request) -> bool:
        """Whether a token is to be signed."""
        return "pigeon_token" in request.query

    def handshake(self, request: Request, secret: Secret) -> Response:
        """The token's HMAC-SHA256 as JSON. Raises Rejected where the secret has nothing to sign with."""
        keys = secret.every("secrets")
        if not keys:
            raise Rejected(401, "no_secret")
        proof = base64.b64encode(hmac_sha256(keys[0], request.query["pigeon_token"].encode())).decode()
        body = msgspec.json.encode({"response_token": f"sha256={proof}"}).decode()
        return Response(status=200, body=body, content_type="application/json")

    def verify(self, request: Request, secrets: Sequence[str], now: float) -> str:
        """The header is the hex HMAC-SHA256 of the raw body."""
        given = (request.header(self.signature_header) or "").encode()
        signer = signed_by(secrets, given, lambda secret: hmac_sha256(secret, request.body).hex().encode())
        if not signer:
            raise Rejected(401, "signature_mismatch")
        return signer

    def split(self, body: bytes) -> list[Piece]:
        """Each event has who it is of, an id and a time."""
        try:
            told = msgspec.json.decode(body, type=_Delivery)
        except (ValueError, RecursionError) as error:
            raise Malformed(type(error).__name__) from None
        return [
            Piece(
                account=told.account,
                party=str(event.get("who", "")),
                id=str(event.get("id", "")) or msgspec.json.encode(event).decode(),
                raw=msgspec.json.encode(event),
                sent_ms=at if isinstance(at := event.get("at"), int) else 0,
            )
            for event in told.events
        ]


WEBHOOK = _Webhook()
