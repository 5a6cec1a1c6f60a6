"""TikTok's webhook: signature, and the one event of a delivery. What is not accepted is repeated for 72 h.

developers.tiktok.com/doc/webhooks-overview
"""

from __future__ import annotations

from collections.abc import Sequence

from chalicelib.channels.tiktok.schema import Delivery, milliseconds, opened
from chalicelib.credentials import Secret, signed_by
from chalicelib.errors import Rejected
from chalicelib.http import Request, Response
from chalicelib.protocols.webhook import Piece
from chalicelib.wire import bounded, digest, hmac_sha256, mended

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

    def handshake(self, request: Request, secret: Secret) -> Response:
        """Never asked for. Raises Rejected."""
        raise Rejected(400, "no_handshake")

    def verify(self, request: Request, secrets: Sequence[str], now: float) -> str:
        """`Tiktok-Signature: t=<epoch s>,s=<hex HMAC-SHA256 of "t.body">`, keyed with the app secret."""
        stamp, offered = _fields(request.header(self.signature_header) or "")
        signed = stamp.encode() + b"." + request.body
        signer = signed_by(secrets, bytes.fromhex(offered), lambda secret: hmac_sha256(secret, signed))
        if not signer:
            raise Rejected(401, "signature_mismatch", ADVICE)
        if not -SKEW_S <= now - int(stamp) <= TOLERANCE_S:
            raise Rejected(401, "signature_stale", ADVICE)
        return signer

    def split(self, body: bytes) -> list[Piece]:
        """A TikTok delivery is one event; its `content` is JSON inside a JSON string."""
        delivery = opened(body)
        made_ms = milliseconds(delivery.created, 0)
        return [
            Piece(
                account=delivery.account,
                party=_customer(delivery),
                id=_identifier(delivery),
                section="echo" if _is_echo(delivery) else "",
                raw=mended(body),
                sent_ms=milliseconds(delivery.content.text("timestamp"), made_ms),
                made_ms=made_ms,
            )
        ]


WEBHOOK = _Webhook()

# What tells two events of a kind apart, and is the same in every redelivery.
_KEYS = {
    "im_mark_read_msg": ("conversation_id", "read.last_read_timestamp"),
    "im_referral_msg": ("conversation_id", "timestamp"),
    "im_receive_high_intent_comment": ("comment_id",),
    "comment.update": ("comment_id", "comment_action", "timestamp"),
    "brand.mention.event": ("type_of_event", "video_id", "comment_id"),
}
_REACTION_KEYS = ("original_msg_id", "unique_identifier", "operation", "timestamp")


def _identifier(delivery: Delivery) -> str:
    content = delivery.content
    if content.text("type").lower() == "reaction":  # taking a reaction back bears the message id of giving it
        values = [item.text(key) for item in content.each("reaction") for key in _REACTION_KEYS]
    elif content.text("message_id"):
        return bounded(f"{delivery.event}:{content.text('message_id')}")
    else:
        values = [content.text(key) for key in _KEYS.get(delivery.event, ())]
    if delivery.event == "brand.mention.event" and content.text("type_of_event").upper() != "CREATE":
        values.append(delivery.created)  # a post may be edited again, and nothing in the content tells
    return digest(delivery.event, *values) if values and all(values) else digest(delivery.event, delivery.body)


def _is_echo(delivery: Delivery) -> bool:
    """Whether the brand's own account sent it. A business may well be the customer of another."""
    if delivery.event != "im_receive_msg":
        return delivery.event == "im_send_msg"
    content = delivery.content
    roles = content.text("from_user.role").lower(), content.text("to_user.role").lower()
    return content.text("from_user.id") == delivery.account != "" or roles == ("business_account", "personal_account")


def _customer(delivery: Delivery) -> str:
    """Whose events must stay in order; "" where nobody is named. A person has the same id in messages, comments
    and mentions. TikTok portal doc 1832190670631937"""
    content = delivery.content
    if delivery.event == "im_receive_msg_eu":  # TikTok tells neither who wrote nor in which conversation
        return f"region:{delivery.account}"
    if _is_echo(delivery):  # whose unique_identifier an echo bears is not documented
        return content.text("to_user.id")
    person = content.text("from_user.id") or content.text("unique_identifier")
    comment, video = content.text("comment_id"), content.text("video_id")
    if person or delivery.event not in {"comment.update", "brand.mention.event"}:
        return person
    if comment not in {"", "0"}:  # a mention in a video says comment 0
        return f"comment:{comment}"
    return f"video:{video}" if video else ""


def _fields(header: str) -> tuple[str, str]:
    """The `t` and the `s` of the header, whatever their order. Raises Rejected where it is not of its form."""
    pairs = [part.strip().partition("=") for part in header.split(",")]
    named = {name: value for name, _, value in pairs}
    stamp, offered = named.get("t", ""), named.get("s", "")
    hexadecimal = len(offered) == 64 and set(offered) <= set("0123456789abcdef")
    if len(named) != len(pairs) or not (stamp.isascii() and stamp.isdigit() and len(stamp) <= 12) or not hexadecimal:
        raise Rejected(401, "signature_malformed")
    return stamp, offered
