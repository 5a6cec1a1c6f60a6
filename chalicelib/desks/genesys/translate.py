"""Between the bridge's words and Genesys Cloud Open Messaging's bodies."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

from chalicelib import fields
from chalicelib.desks.genesys.content import (
    MEDIA,
    NOTHING,
    Fields,
    hollow,
    joined,
    read,
    words,
)
from chalicelib.errors import Malformed
from chalicelib.vocabulary.messages import DeskMessage, Ignored, Tap
from chalicelib.vocabulary.records import Event
from chalicelib.vocabulary.replies import AgentMessage, AgentTyping, Author, DeskEnded, DeskEvent, DeskReceipt, Receipt
from chalicelib.wire import iso

# Genesys rejects attributes of 2,048 bytes for web messaging and tells no number for Open.
ATTRIBUTES_LIMIT = 1800
# The receipt's reason is a sentence for support; Genesys names no limit.
DETAIL_LIMIT = 300

MEDIA_TYPES = {kind: name for name, kind in MEDIA.items()}

# Our reasons, and Genesys' codes: SDK model ConversationReason. Agents are shown none of it, the API tells it.
CODES: dict[str, str] = {
    "window_closed": "MessageNotAllowed",
    "awaiting_answer": "MessageNotAllowed",
    "comment_expired": "MessageNotAllowed",
    "one_message": "MessageNotAllowed",
    "too_long": "InvalidMessageStructure",
    "account_disconnected": "MessageNotAllowed",
    "other_app": "MessageNotAllowed",
    "no_conversation": "InvalidDestination",
    "wrong_person": "InvalidDestination",
    "person_unavailable": "RecipientOptedOut",
    "file_gone": "GeneralError",
    "media_refused": "MediaTypeNotAllowed",
    "media_too_big": "InvalidMediaContentLength",
    "media_threat": "DataFiltered",
    "media_unchecked": "MediaTypeNotAllowed",
    "rate_limited": "RateLimited",
    # the platform judged what is said, not how the message is built
    "rejected_content": "DataFiltered",
    "unsupported": "UnsupportedMessage",
    "unconfirmed": "GeneralError",
    "other": "GeneralError",
}

# A closed set: reasons become the names of metrics, and what a platform sends must not.
IGNORED = {"": "genesys_untyped"}
# Receipts that say that all is well, by their status.
WELL = {"sent", "delivered", "read", "published"}
# SDK model ConversationReason
REASONS = frozenset(
    {"MessageExpired", "RateLimited", "MessageNotAllowed", "GeneralError", "UnsupportedMessage", "UnknownMessage",
     "InvalidMessageStructure", "InvalidDestination", "ServerError", "MediaTypeNotAllowed",
     "InvalidMediaContentLength", "RecipientOptedOut", "DataFiltered"}
)  # fmt: skip


class _Translator:
    def parse(self, event: Event) -> DeskEvent:
        """One webhook of Genesys. Raises Malformed.

        developer.genesys.cloud/commdigital/digital/openmessaging/outboundMessages
        """
        seen = _decoded(event.raw)
        kind = seen.text("type").capitalize()
        if kind == "Event":
            return _typing(seen)
        if kind == "Receipt":
            return _receipt(seen)
        if kind == "Ended":
            return _ended(seen)
        if kind not in {"Text", "Structured"}:
            return Ignored(IGNORED.get(kind, "genesys_unknown"))
        # the webhook tells of outbound messages only; a customer's own words must never come back to them
        if seen.text("direction") == "Inbound":
            return Ignored("genesys_inbound")
        return _message(seen)


TRANSLATOR = _Translator()


def _decoded(raw: bytes) -> Fields:
    seen = fields.read(raw, "Genesys event")
    if not isinstance(seen, dict):
        raise Malformed("Genesys event: no object")
    return Fields(seen)


def _parties(seen: Fields) -> tuple[str, str]:
    """The integration and the customer."""
    channel = seen.at("channel")
    return channel.text("id"), channel.at("to").text("id")


def _typing(seen: Fields) -> DeskEvent:
    integration, customer = _parties(seen)
    typing = [event for event in seen.each("events") if event.text("eventType") == "Typing"]
    if not (typing and integration and customer):
        return Ignored("genesys_event")
    if typing[-1].at("typing").text("type") == "Off":
        return Ignored("genesys_typing_off")
    return AgentTyping(integration=integration, customer=customer)


def _ended(seen: Fields) -> DeskEvent:
    """The end of the customer's session: the event of the topic v2.detail.events.conversation.{id}.customer.end (SDK
    model CustomerEndDetailEventTopicCustomerEndEvent), as our data action tells it. It comes of every Open Messaging
    conversation of the organisation."""
    conversation = seen.text("conversationId")
    if not conversation:
        return Ignored("genesys_end_of_nothing")
    return DeskEnded(
        desk_conversation=conversation, integration=seen.text("addressTo"), customer=seen.text("addressFrom")
    )


def _receipt(seen: Fields) -> DeskEvent:
    """What became of a customer's message: Genesys tells it of each, and only trouble is worth telling on.

    Its `channel.messageId` is the id that the message was posted with, where Genesys has that; which of the two sides
    is the customer depends on the direction that the receipt is told in. Its words may quote the message.
    """
    channel, status = seen.at("channel"), seen.text("status").lower()
    codes = [code if code in REASONS else "unknown" for reason in seen.each("reasons") if (code := reason.text("code"))]
    integration = channel.text("id")
    sides = [channel.at(side).text("id") for side in ("to", "from")]
    customer = next((side for side in sides if side not in {"", integration}), "")
    message = channel.text("messageId") or seen.text("id")
    failed = status == "failed" or (codes and status not in WELL)
    if not (failed and integration and customer and message):
        return Ignored("genesys_receipt")
    return DeskReceipt(
        integration=integration,
        customer=customer,
        message=message,
        status=status.capitalize() if status in {"failed", "removed"} else "unknown",
        reason=codes[0] if codes else "unknown",
        detail=", ".join(dict.fromkeys(codes)),
        desk_conversation=seen.text("conversationId"),
    )


def _message(seen: Fields) -> AgentMessage:
    integration, customer = _parties(seen)
    message = seen.text("id")
    if not (message and integration and customer):
        raise Malformed("Genesys message without id, integration or recipient")
    author: Author = "human" if seen.text("originatingEntity") == "Human" else "bot"
    items = [read(item) for item in seen.each("content")]
    held = sum((content for content, _ in items), NOTHING)
    return AgentMessage(
        id=message,
        integration=integration,
        customer=customer,
        desk_conversation=seen.text("conversationId"),
        text=joined(words(seen.text("text")), held.lines),
        author=author,
        files=held.files,
        choices=held.choices,
        cards=held.cards,
        unsupported=", ".join(sorted(_unread(seen, (name for _, name in items)))),
    )


def _unread(seen: Fields, names: Iterable[str]) -> set[str]:
    """Names of what the message holds and could not be read: Genesys' word where it is one, else the field."""
    unread = {name for name in names if name}
    content, text = seen.value("content"), seen.value("text")
    if not isinstance(text, str) and not hollow(text):
        unread.add("text")
    items = content if isinstance(content, list) else [content]
    if any(not isinstance(item, dict) and not hollow(item) for item in items):
        unread.add("content")
    return unread


def inbound_message(message: DeskMessage, now: float) -> dict[str, Any]:
    """Body of POST .../inbound/open/message (SDK model OpenInboundNormalizedMessage); `now` in epoch seconds.

    A tap without words of its own is told by the words that were tapped.
    """
    body: dict[str, Any] = {"channel": _channel(message, now)}
    text = message.text or (message.tap.text if message.tap else "")
    if text:  # an empty text is refused, even beside an attachment
        body["text"] = text
    file = message.attachment
    if file:
        media = {"mediaType": MEDIA_TYPES[file.kind], "url": file.url, "mime": file.mime}
        body["content"] = [{"attachment": media | ({"filename": file.name} if file.name else {})}]
    return body


def structured_response(message: DeskMessage, tap: Tap, now: float) -> dict[str, Any]:
    """Body of POST .../inbound/open/structured/response (SDK model OpenInboundStructuredResponseMessage)."""
    return {
        "channel": _channel(message, now),
        "buttonResponse": {"type": tap.type, "text": tap.text, "payload": tap.payload},
        "originatingMessageId": tap.message,
    }


def _channel(message: DeskMessage, now: float) -> dict[str, Any]:
    """Who wrote, and when. customAttributes become the customer's participant data; the SDK's model lacks them."""
    told = {"nickname": message.nickname, "firstName": message.first_name, "image": message.avatar}
    return {
        "messageId": message.id,
        "from": {"id": message.customer, "idType": "Opaque"} | {name: value for name, value in told.items() if value},
        # a platform's clock may run ahead of ours; Genesys orders the transcript by this, and answers 400 to other
        # forms than `wire.iso`'s, with milliseconds and Z
        "time": iso(max(0, min(message.sent_ms, int(now * 1000)))),
        "metadata": {"customAttributes": fitting(message.attributes)},
    }


def fitting(attributes: dict[str, str]) -> dict[str, str]:
    """The attributes in their order up to 1,800 bytes of JSON; empty ones, and any that does not fit, are left out."""
    kept: dict[str, str] = {}
    used = len(b"{}")
    for name, value in attributes.items():
        size = len(msgspec.json.encode({name: value})) - len(b"{}") + len(b",")
        if value and used + size <= ATTRIBUTES_LIMIT:
            used += size
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
        words = told.detail or told.reason or "not delivered"
        body["reasons"] = [{"code": CODES.get(told.reason, "GeneralError"), "message": words[:DETAIL_LIMIT]}]
    return body
