"""Between the bridge's words and Genesys Cloud Open Messaging's bodies."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from chalicelib.errors import Malformed
from chalicelib.messages import AgentMessage, DeskEvent, DeskMessage, Event, Ignored, Receipt, iso

# Genesys rejects attributes of 2,048 bytes for web messaging and tells no number for Open.
ATTRIBUTES_LIMIT = 1800
# The receipt's reason is a sentence for support; Genesys names no limit.
DETAIL_LIMIT = 300


class _To(msgspec.Struct):
    id: str = ""


class _Channel(msgspec.Struct):
    id: str = ""
    to: _To = msgspec.field(default_factory=_To)


class _Item(msgspec.Struct):
    content_type: str = msgspec.field(name="contentType", default="")


class _Outbound(msgspec.Struct):
    """developer.genesys.cloud/commdigital/digital/openmessaging/outboundMessages"""

    type: str = ""
    id: str = ""
    channel: _Channel = msgspec.field(default_factory=_Channel)
    text: str | None = None
    content: list[_Item] | None = None
    conversation: str = msgspec.field(name="conversationId", default="")
    author: str = msgspec.field(name="originatingEntity", default="")


class _Translator:
    def parse(self, event: Event) -> DeskEvent:
        """One webhook of Genesys. Raises Malformed."""
        try:
            seen = msgspec.json.decode(event.raw, type=_Outbound)
        except (msgspec.MsgspecError, RecursionError) as error:
            raise Malformed(f"Genesys event: {type(error).__name__}") from None
        if seen.type not in {"Text", "Structured"}:
            return Ignored(f"genesys_{seen.type or 'untyped'}".lower()[:60])
        if not (seen.id and seen.channel.id and seen.channel.to.id):
            raise Malformed("Genesys message without id, integration or recipient")
        author: Literal["human", "bot"] = "human" if seen.author == "Human" else "bot"
        kinds = sorted({item.content_type or "content" for item in seen.content or []})
        return AgentMessage(
            id=seen.id,
            integration=seen.channel.id,
            customer=seen.channel.to.id,
            desk_conversation=seen.conversation,
            text=seen.text or "",
            author=author,
            unsupported=", ".join(kinds) if seen.type == "Text" else f"{seen.type} ({', '.join(kinds)})",
        )


TRANSLATOR = _Translator()


def inbound_message(message: DeskMessage, now: float) -> dict[str, Any]:
    """Body of POST .../inbound/open/message (SDK model OpenInboundNormalizedMessage).

    customAttributes become the customer's participant data; the SDK's model lacks them.
    """
    sender = {"id": message.customer, "idType": "Opaque"}
    if message.nickname:
        sender["nickname"] = message.nickname
    return {
        "channel": {
            "messageId": message.id,
            "from": sender,
            # a platform's clock may run ahead of ours; Genesys orders the transcript by this
            "time": iso(min(message.sent_ms, int(now * 1000))),
            "metadata": {"customAttributes": fitting(message.attributes)},
        },
        "text": message.text,
    }


def fitting(attributes: dict[str, str]) -> dict[str, str]:
    """The attributes in their order, without empty ones, up to 1,800 UTF-8 bytes of names and values."""
    kept: dict[str, str] = {}
    used = 0
    for name, value in attributes.items():
        if not value:
            continue
        used += len(name.encode()) + len(value.encode())
        if used > ATTRIBUTES_LIMIT:
            break
        kept[name] = value
    return kept


def receipt(told: Receipt, now: float) -> dict[str, Any]:
    """Body of POST .../inbound/open/receipt; Genesys takes Delivered and Failed only.

    developer.genesys.cloud/commdigital/digital/openmessaging/inboundReceiptMessages
    """
    body: dict[str, Any] = {
        "id": told.message,
        "channel": {"to": {"id": told.customer, "idType": "Opaque"}, "time": iso(int(now * 1000))},
        "status": "Delivered" if told.delivered else "Failed",
        "isFinalReceipt": True,
    }
    if not told.delivered:
        body["reasons"] = [{"code": told.code, "message": told.detail[:DETAIL_LIMIT]}]
    return body
