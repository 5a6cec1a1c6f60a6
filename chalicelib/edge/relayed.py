"""What a record of a queue that another service feeds holds: whose delivery, and its body."""

from __future__ import annotations

from typing import Any

import msgspec

from chalicelib.wire import mended

_FROM = "-from-"


class _Notification(msgspec.Struct, tag_field="Type", tag="Notification", rename="pascal"):
    """What SNS puts around a message, unless the subscription delivers it raw.
    docs.aws.amazon.com/sns/latest/dg/sns-message-and-json-formats.html"""

    topic_arn: str
    message: str


def queue_of(record: dict[str, Any]) -> str:
    """The name of the queue on which the record lay."""
    return str(record["eventSourceARN"]).rpartition(":")[2]


def source_of(queue: str) -> str:
    """The channel or desk that a queue's name tells: what stands behind the last `-from-`; "" where nothing does."""
    _, told, name = queue.rpartition(_FROM)
    return name if told else ""


def body_of(record: dict[str, Any]) -> bytes:
    """The delivery itself, out of SNS' envelope where it came in one."""
    text = str(record["body"]).encode(errors="replace")
    try:
        around = msgspec.json.decode(mended(text), type=_Notification)
    except (ValueError, RecursionError):  # raw, whatever it is
        return text
    return around.message.encode() if ":sns:" in around.topic_arn else text
