"""What Amazon Connect streams of its chats: to a topic, from there to a queue. One item a notification.

docs.aws.amazon.com/connect/latest/adminguide/sns-payload.html. The topic lets nobody but Connect publish, and the queue
nobody but the topic: nothing is signed. Which of the participants may see an item stands beside it, in an attribute.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec

from chalicelib.errors import Malformed
from chalicelib.fields import Fields, read
from chalicelib.protocols.webhook import Notice, Piece
from chalicelib.wire import LATEST_MS, bounded, digest, mended

VISIBILITY = "MessageVisibility"


class _Feed:
    name = "connect"
    attributes = (VISIBILITY,)

    def split(self, body: bytes) -> list[Piece]:
        """What happens in a contact and those that it was transferred to stays in order; a customer is never named, nor
        an account: the initial contact is known to be somebody's."""
        item, _ = opened(body)
        contact = item.text("InitialContactId") or item.text("ContactId")
        identifier = item.text("Id")
        return [
            Piece(
                account="",
                party=bounded(contact),
                id=bounded(identifier + unfinished(item)) if identifier else digest(body),
                raw=mended(body),
                sent_ms=_milliseconds(item.text("AbsoluteTime")),
            )
        ]


WEBHOOK = _Feed()


def opened(body: bytes | msgspec.Raw) -> tuple[Fields, str]:
    """The item, and to whom it is shown ("" where that is not told). Raises Malformed."""
    try:
        notice = msgspec.json.decode(mended(bytes(body)), type=Notice)
        item: Any = read(mended(notice.message.encode()), "Connect item")
    except (msgspec.MsgspecError, UnicodeError, RecursionError) as error:
        raise Malformed(f"Connect notification: {type(error).__name__}") from None
    if not isinstance(item, dict):
        raise Malformed("Connect item: no object")
    return Fields(item), notice.attributes.get(VISIBILITY, "")


def unfinished(item: Fields) -> str:
    """What sets an item apart from the whole one that follows it under the same id, "" for a whole one: a chunk of an
    answer that is streamed, a message that is still worked on, a file that is still looked at.

    docs.aws.amazon.com/connect/latest/adminguide/message-streaming-ai-chat.html
    """
    told = item.at("MessageMetadata")
    if told.flag("MessageCompleted") is False:
        return f":chunk {told.text('ChunkNumber')}"
    if told.text("MessageProcessingStatus") == "PROCESSING":
        return ":processing"
    if any(file.text("Status") == "IN_PROGRESS" for file in item.each("Attachments")):
        return ":in progress"
    return ""


def _milliseconds(moment: str) -> int:
    """Epoch ms of an ISO time, 0 where it is none."""
    try:
        found = int(datetime.fromisoformat(moment).timestamp() * 1000)
    except (ValueError, OverflowError, OSError):
        return 0
    return found if 0 <= found <= LATEST_MS else 0
