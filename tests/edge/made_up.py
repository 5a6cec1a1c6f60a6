"""A channel and a desk that do not exist: what the edge must take without knowing their names."""

from __future__ import annotations

import base64
from collections.abc import Sequence

import msgspec

from chalicelib.credentials import Secret, signed_by
from chalicelib.errors import Malformed, Rejected
from chalicelib.http import Request, Response
from chalicelib.protocols.webhook import Piece
from chalicelib.wire import hmac_sha256


class _Heard(msgspec.Struct):
    """What both send: events, each of a person, with an id and a time."""

    account: str
    events: list[dict[str, str | int]]


class Feed:
    """Comes by a queue alone."""

    def __init__(self, name: str) -> None:
        self.name = name

    def split(self, body: bytes) -> list[Piece]:
        try:
            heard = msgspec.json.decode(body, type=_Heard)
        except (ValueError, RecursionError) as error:
            raise Malformed(type(error).__name__) from None
        return [
            Piece(
                account=heard.account,
                party=str(event["who"]),
                id=str(event["id"]),
                raw=msgspec.json.encode(event),
                sent_ms=int(event.get("at", 0)),
            )
            for event in heard.events
        ]


class Webhook(Feed):
    """Comes over HTTP, and asks the URL to sign a token, as X does: a JSON answer, made with the app's secret."""

    signature_header = "x-pigeon-signature"

    def handshakes(self, request: Request) -> bool:
        return "crc_token" in request.query

    def handshake(self, request: Request, secret: Secret) -> Response:
        keys = secret.every("secrets")
        if not keys:
            raise Rejected(401, "no_secret")
        proof = base64.b64encode(hmac_sha256(keys[0], request.query["crc_token"].encode())).decode()
        body = msgspec.json.encode({"response_token": f"sha256={proof}"}).decode()
        return Response(status=200, body=body, content_type="application/json")

    def verify(self, request: Request, secrets: Sequence[str], now: float) -> None:
        given = (request.header(self.signature_header) or "").encode()
        if not signed_by(secrets, given, lambda secret: hmac_sha256(secret, request.body).hex().encode()):
            raise Rejected(401, "signature_mismatch")


def delivery(*names: str, at: int = 0) -> bytes:
    """A delivery of a text for each id."""
    events = [{"who": "customer-1", "id": name, "at": at + place, "text": name} for place, name in enumerate(names)]
    return msgspec.json.encode({"account": "a-1", "events": events})
