"""What X takes, by its own description: github.com/xdevplatform/docs, openapi.json 2.167."""

from __future__ import annotations

import re
from typing import Any

import msgspec

ID = "^[0-9]{1,19}$"


class Attached(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True):
    media_id: str


class Message(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True):
    text: str = ""
    attachments: list[Attached] = []


class Initialize(msgspec.Struct, forbid_unknown_fields=True):
    media_type: str
    media_category: str
    total_bytes: int


SHAPES: dict[str, type[msgspec.Struct]] = {"/messages": Message, "/2/media/upload/initialize": Initialize}
TYPES = {
    "video/mp4", "video/webm", "video/mp2t", "video/quicktime", "text/srt", "text/vtt", "image/jpeg", "image/gif",
    "image/bmp", "image/png", "image/webp", "image/pjpeg", "image/tiff", "model/gltf-binary", "model/vnd.usdz+zip",
}  # fmt: skip
CATEGORIES = {"dm_gif", "dm_image", "dm_video"}


def fits(route: str, body: dict[str, Any]) -> dict[str, Any]:
    """The body, which is of the shape that X takes on the route."""
    read = msgspec.convert(body, SHAPES[route])
    if isinstance(read, Message):
        assert read.text or read.attachments, "at least one of the two"
        assert all(re.fullmatch(ID, one.media_id) for one in read.attachments)
    if isinstance(read, Initialize):
        assert read.media_type in TYPES
        assert read.media_category in CATEGORIES, "another category's file cannot be attached to a message"
        assert 0 <= read.total_bytes <= 17179869184
    return body
