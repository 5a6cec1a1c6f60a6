"""Instagram's events in the bridge's words."""

from __future__ import annotations

import msgspec

from chalicelib.channels.instagram.schema import Attachment, Message, Messaging, milliseconds
from chalicelib.errors import Malformed
from chalicelib.messages import Conversation, CustomerEvent, CustomerMessage, Echo, Event, Ignored

# What the dashboard's Test button sends; it must never become a conversation.
# developers.facebook.com/docs/graph-api/webhooks/getting-started
TEST_ACCOUNT = "0"
UNREADABLE = "[The customer sent something that Instagram does not show outside its app.]"


class _Translator:
    def parse(self, event: Event) -> list[CustomerEvent]:
        """One event of a delivery. Raises Malformed."""
        if event.account == TEST_ACCOUNT:
            return [Ignored("dashboard_test")]
        if event.section not in {"messaging", "echo"}:
            return [Ignored(f"instagram_{event.section}")]
        try:
            seen = msgspec.json.decode(event.raw, type=Messaging)
        except (msgspec.MsgspecError, RecursionError) as error:
            raise Malformed(f"Instagram event: {type(error).__name__}") from None
        return [_event(event, seen)]


TRANSLATOR = _Translator()


def _event(event: Event, seen: Messaging) -> CustomerEvent:
    conversation = Conversation("instagram", event.account, event.party)
    sent_ms = milliseconds(seen.timestamp, event.received_ms)
    if seen.message is not None:
        if seen.message.is_deleted:
            return Ignored("instagram_deleted")
        if seen.message.is_echo:
            return Echo(id=seen.message.mid, conversation=conversation, sent_ms=sent_ms, text=seen.message.text or "")
        text = _text(seen.message)
    elif seen.postback is not None:
        text = seen.postback.title or UNREADABLE
    else:
        kinds = ("message_edit", "reaction", "read", "referral")
        return Ignored("instagram_" + next((kind for kind in kinds if getattr(seen, kind) is not None), "other"))
    if not event.party:
        raise Malformed("Instagram message without a sender")
    return CustomerMessage(id=event.id, conversation=conversation, sent_ms=sent_ms, text=text)


def _text(message: Message) -> str:
    lines = [message.text] if message.text else []
    lines += [_line(attachment) for attachment in message.attachments or []]
    return "\n".join(lines) or UNREADABLE


def _line(attachment: Attachment) -> str:
    """What the agent reads in place of media: its kind, its title and where it is."""
    payload = attachment.payload
    rest = [part for part in (payload.title, payload.url or payload.story_media_url) if part] if payload else []
    return " ".join([f"[{attachment.type or 'attachment'}]", *rest])
