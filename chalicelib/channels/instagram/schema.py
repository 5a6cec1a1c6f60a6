"""What Meta sends, as far as the bridge reads it; unknown fields are passed over.

developers.facebook.com/docs/instagram-platform/webhooks/examples
"""

from __future__ import annotations

from typing import Any

import msgspec


class Party(msgspec.Struct):
    id: str | int = ""


class Payload(msgspec.Struct):
    url: str | None = None
    story_media_url: str | None = None
    title: str | None = None


class Attachment(msgspec.Struct):
    type: str = ""
    payload: Payload | None = None


class Message(msgspec.Struct):
    mid: str = ""
    text: str | None = None
    is_echo: bool | None = None
    is_deleted: bool | None = None
    attachments: list[Attachment] | None = None


class Postback(msgspec.Struct):
    mid: str = ""
    title: str | None = None


class Messaging(msgspec.Struct):
    """One item of `messaging` or `standby`."""

    sender: Party | None = None
    recipient: Party | None = None
    timestamp: int | float | str | None = None
    message: Message | None = None
    postback: Postback | None = None
    message_edit: dict[str, Any] | None = None
    reaction: dict[str, Any] | None = None
    read: dict[str, Any] | None = None
    referral: dict[str, Any] | None = None


def milliseconds(timestamp: int | float | str | None, otherwise: int) -> int:
    """Meta's time in ms. Messages carry ms, changes and the dashboard's test seconds, sometimes as a string."""
    try:
        number = int(float(timestamp)) if timestamp is not None else 0
    except (ValueError, OverflowError):
        number = 0
    if number <= 0:
        return otherwise
    return number if number > 10**11 else number * 1000
