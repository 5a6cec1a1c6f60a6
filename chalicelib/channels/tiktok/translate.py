"""TikTok's events in the bridge's words.

TikTok portal doc 1832190670631937 (webhook schema).
"""

from __future__ import annotations

from urllib.parse import quote

import msgspec

from chalicelib.errors import Malformed
from chalicelib.messages import Conversation, CustomerEvent, CustomerMessage, Echo, Event, Ignored, mended

UNREADABLE = "[The customer sent something that cannot be shown here yet: {kind}]"


class _Text(msgspec.Struct):
    body: str = ""


class _Share(msgspec.Struct):
    embed_url: str = ""


class _Content(msgspec.Struct):
    type: str = ""
    timestamp: int | float | None = None
    message_id: str = ""
    conversation_id: str = ""
    username: str = msgspec.field(name="from", default="")
    text: _Text | None = None
    share_post: _Share | None = None


class _Envelope(msgspec.Struct):
    event: str
    content: str = ""


class _Translator:
    def parse(self, event: Event) -> list[CustomerEvent]:
        """One delivery. Raises Malformed."""
        try:
            envelope = msgspec.json.decode(event.raw, type=_Envelope)
            if envelope.event not in {"im_receive_msg", "im_send_msg"}:
                return [Ignored(f"tiktok_{envelope.event}"[:60])]
            content = msgspec.json.decode(mended(envelope.content.encode()), type=_Content)
        except (msgspec.MsgspecError, RecursionError) as error:
            raise Malformed(f"TikTok event: {type(error).__name__}") from None
        if not event.party:
            raise Malformed("TikTok message without a person")
        return [_event(event, envelope.event, content)]


TRANSLATOR = _Translator()


def _event(event: Event, kind: str, content: _Content) -> CustomerEvent:
    conversation = Conversation("tiktok", event.account, event.party)
    sent_ms = milliseconds(content.timestamp, event.received_ms)
    body = content.text.body if content.text else ""
    if kind == "im_send_msg":
        return Echo(id=content.message_id, conversation=conversation, sent_ms=sent_ms, text=body)
    if content.type == "reaction":
        return Ignored("tiktok_reaction")
    if not body:
        link = content.share_post.embed_url if content.share_post else ""
        body = f"[{content.type}] {link}" if link else UNREADABLE.format(kind=content.type or "message")
    return CustomerMessage(
        id=event.id,
        conversation=conversation,
        sent_ms=sent_ms,
        text=body,
        username=content.username,
        profile_url=f"https://www.tiktok.com/@{quote(content.username, safe='')}" if content.username else "",
        platform_thread=content.conversation_id,
    )


def milliseconds(timestamp: int | float | None, otherwise: int) -> int:
    """TikTok's time in ms: contents carry ms, envelopes seconds."""
    if not timestamp or timestamp <= 0 or timestamp > 10**15:
        return otherwise
    return int(timestamp if timestamp > 10**11 else timestamp * 1000)
