"""What Genesys Cloud delivers: its outbound notification webhook, and the end of a conversation, which only a data
action can tell. Signature, and the one event of a delivery.

developer.genesys.cloud/commdigital/digital/openmessaging/validate: what is answered by a 5xx is repeated five times, 5
s apart, and any other refusal ends the conversation.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import msgspec

from chalicelib.credentials import Secret, signed_by
from chalicelib.errors import Malformed, Rejected
from chalicelib.fields import Fields, value_of
from chalicelib.http import Request, Response
from chalicelib.protocols.webhook import Piece, signed_in_base64
from chalicelib.wire import LATEST_MS, bounded, digest, mended, moment_ms

# Data actions cannot sign: ours carries a key in the same header instead, under a scheme of its own. The key follows
# from the webhook's secret, which it does not tell, and lets nothing in but the end of a conversation; ending.tf makes
# it too.
# help.mypurecloud.com/articles/how-to-use-the-user-defined-credential-type
KEY_OF = "dmdesk conversation end: "
KEY_ADVICE = "the data action of Terraform's conversation_end has another webhook secret: run terraform apply"
ADVICE = "Admin > Message > Platforms > the Open Messaging integration has the webhook's signature secret token"
# The type of an end, as our data action words it.
ENDED = "Ended"


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
        """`X-Hub-Signature-256: sha256=<base64 HMAC-SHA256 of the raw body>`: base64, unlike Meta's hex. Of a
        conversation's end also `key=<the key>`."""
        scheme, _, offered = (request.header(self.signature_header) or "").partition("=")
        if scheme == "key":
            return _key_of_whom(request, offered, secrets)
        return signed_in_base64(request, self.signature_header, secrets, ADVICE)

    def split(self, body: bytes) -> list[Piece]:
        """A delivery is one message, receipt or event. Its fields may be missing, null or of another type than
        documented: what is odd is stored like the rest, and the worker says what it is."""
        try:
            body = mended(body)
            body.decode()
            seen = msgspec.json.decode(body, type=_Envelope)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            raise Malformed(f"not a Genesys delivery: {type(error).__name__}") from None
        told = {"id": seen.id, "type": seen.type, "channel": seen.channel}
        told |= {"addressTo": seen.address_to, "addressFrom": seen.address_from, "eventTime": seen.event_time}
        top = Fields({name: value_of(raw) for name, raw in told.items()})
        # receipts and typing may come again under an id that was used before
        message = top.text("id") if top.value("type") in ("Text", "Structured") else ""
        end = top.value("type") == ENDED
        made_ms = _end_ms(top.value("eventTime")) if end else moment_ms(top.at("channel").text("time"))
        return [
            Piece(
                account=top.text("addressTo") if end else top.at("channel").text("id"),
                party=top.text("addressFrom") if end else top.at("channel", "to").text("id"),
                id=bounded(message) if message else digest(body),
                raw=body,
                made_ms=made_ms,
            )
        ]


WEBHOOK = _Webhook()


def key_of(secret: str) -> str:
    """What the data action that tells ends carries in place of a signature."""
    return hashlib.sha256((KEY_OF + secret).encode()).hexdigest()


def _key_of_whom(request: Request, offered: str, secrets: Sequence[str]) -> str:
    """The secret that the key was made of. Raises Rejected."""
    signer = signed_by(secrets, offered.strip().encode(), lambda secret: key_of(secret).encode())
    if not signer:
        raise Rejected(401, "signature_mismatch", KEY_ADVICE)
    try:
        told = msgspec.json.decode(mended(request.body), type=_Kind)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        told = _Kind()
    if told.type != ENDED:
        raise Rejected(401, "key_for_ends_only")
    return signer


def _end_ms(value: object) -> int:
    """When the customer's session ended (epoch ms), 0 where it does not say. The SDK's model names no unit; the topic's
    examples have ms."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value <= LATEST_MS:
        return 0
    return int(value if value > 10**11 else value * 1000)


class _Kind(msgspec.Struct):
    type: str = ""


class _Envelope(msgspec.Struct, rename="camel"):
    id: msgspec.Raw = msgspec.Raw(b"null")
    type: msgspec.Raw = msgspec.Raw(b"null")
    channel: msgspec.Raw = msgspec.Raw(b"null")
    address_to: msgspec.Raw = msgspec.Raw(b"null")
    address_from: msgspec.Raw = msgspec.Raw(b"null")
    event_time: msgspec.Raw = msgspec.Raw(b"null")
