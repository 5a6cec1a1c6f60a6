"""TikTok's webhook: signature, and the one event of a delivery."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Sequence

import msgspec

from chalicelib.channels.base import Piece
from chalicelib.errors import Malformed, Rejected
from chalicelib.http import Request
from chalicelib.messages import bounded, digest, mended

# TikTok leaves the tolerance to the receiver; 5 s, as in its sample, drops live deliveries.
# developers.tiktok.com/doc/webhooks-verification
TOLERANCE_S = 300
SKEW_S = 60
ADVICE = "TikTok for Business > My Apps > the app's page has the app secret; or this machine's clock is off"


class _Webhook:
    name = "tiktok"
    signature_header = "tiktok-signature"

    def handshakes(self, request: Request) -> bool:
        """TikTok documents none: registration is an API call."""
        return False

    def handshake(self, request: Request, tokens: Sequence[str]) -> str:
        """Never asked for. Raises Rejected."""
        raise Rejected(400, "no_handshake")

    def verify(self, request: Request, secrets: Sequence[str], now: float) -> None:
        """`Tiktok-Signature: t=<epoch s>,s=<hex HMAC-SHA256 of "t.body">`, keyed with the app secret."""
        stamp, offered = _fields(request.header(self.signature_header) or "")
        signed = stamp.encode() + b"." + request.body
        matches = [
            hmac.compare_digest(hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest(), offered)
            for secret in secrets
        ]
        if not any(matches):
            raise Rejected(401, "signature_mismatch", ADVICE)
        if not -SKEW_S <= now - int(stamp) <= TOLERANCE_S:
            raise Rejected(401, "signature_stale", ADVICE)

    def split(self, body: bytes) -> list[Piece]:
        """A TikTok delivery is one event; its `content` is JSON inside a JSON string."""
        try:
            body = mended(body)
            body.decode()
            envelope = msgspec.json.decode(body, type=_Envelope)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            raise Malformed(f"not a TikTok delivery: {type(error).__name__}") from None
        try:
            content = msgspec.json.decode(mended(envelope.content.encode()), type=_Content)
        except (msgspec.MsgspecError, RecursionError):
            content = _Content()
        echo = envelope.event == "im_send_msg"
        person = content.to_user if echo else content.from_user
        if content.message_id and content.type != "reaction":  # a reaction's removal bears the same id
            identifier = bounded(f"{envelope.event}:{content.message_id}")
        else:
            identifier = digest(envelope.event, envelope.content)
        return [
            Piece(
                account=envelope.user_openid,
                party=person.id if person else "",
                id=identifier,
                section="echo" if echo else "",
                raw=body,
            )
        ]


WEBHOOK = _Webhook()


class _Person(msgspec.Struct):
    id: str = ""


class _Content(msgspec.Struct):
    type: str = ""
    message_id: str = ""
    from_user: _Person | None = None
    to_user: _Person | None = None


class _Envelope(msgspec.Struct):
    event: str
    user_openid: str = ""
    content: str = ""


def _fields(header: str) -> tuple[str, str]:
    """The `t` and the `s` of the header, whatever their order. Raises Rejected where it is not of its form."""
    pairs = [part.strip().partition("=") for part in header.split(",")]
    named = {name: value for name, _, value in pairs}
    stamp, offered = named.get("t", ""), named.get("s", "")
    hexadecimal = len(offered) == 64 and set(offered) <= set("0123456789abcdef")
    if len(named) != len(pairs) or not (stamp.isascii() and stamp.isdigit() and len(stamp) <= 12) or not hexadecimal:
        raise Rejected(401, "signature_malformed")
    return stamp, offered
