"""What a record of a queue that another service feeds holds: whose delivery, and its body."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from chalicelib.protocols.webhook import Feed, Notice, Noticed
from chalicelib.wire import mended

_FROM = "-from-"


class _Attribute(msgspec.Struct):
    """An attribute as SNS has it, and one as SQS has it."""

    value: object = msgspec.field(name="Value", default=None)
    string: object = msgspec.field(name="stringValue", default=None)


class _Notification(msgspec.Struct, tag_field="Type", tag="Notification", rename="pascal"):
    """What SNS puts around a message, unless the subscription delivers it raw.
    docs.aws.amazon.com/sns/latest/dg/sns-message-and-json-formats.html"""

    topic_arn: str
    message: str
    message_attributes: object = None


def queue_of(record: dict[str, Any]) -> str:
    """The name of the queue on which the record lay."""
    return str(record["eventSourceARN"]).rpartition(":")[2]


def source_of(queue: str) -> str:
    """The channel or desk that a queue's name tells: what stands behind the last `-from-`; "" where nothing does."""
    _, told, name = queue.rpartition(_FROM)
    return name if told else ""


def handed(feed: Feed, record: dict[str, Any]) -> bytes:
    """What the feed is given of a record."""
    return notice_of(record, feed.attributes) if isinstance(feed, Noticed) else body_of(record)


def body_of(record: dict[str, Any]) -> bytes:
    """The delivery itself, out of SNS' envelope where it came in one."""
    text = _text(record)
    around = _around(text)
    return text if around is None else around.message.encode()


def notice_of(record: dict[str, Any], names: Sequence[str]) -> bytes:
    """The delivery with those of its attributes, from wherever SNS has put them: as a `Notice`, in JSON."""
    text = _text(record)
    around = _around(text)
    message = text.decode() if around is None else around.message
    held = record.get("messageAttributes") if around is None else around.message_attributes
    return msgspec.json.encode(Notice(message=message, attributes=_told(held, names)))


def _text(record: dict[str, Any]) -> bytes:
    return str(record["body"]).encode(errors="replace")


def _around(text: bytes) -> _Notification | None:
    """SNS' envelope; None of what is raw, whatever it is."""
    try:
        around = msgspec.json.decode(mended(text), type=_Notification)
    except (ValueError, RecursionError):
        return None
    return around if ":sns:" in around.topic_arn else None


def _told(held: object, names: Sequence[str]) -> dict[str, str]:
    try:
        attributes = msgspec.convert(held or {}, dict[str, _Attribute])
    except msgspec.ValidationError:
        return {}
    values = {name: one.value or one.string for name, one in attributes.items() if name in names}
    return {name: value for name, value in values.items() if isinstance(value, str)}
