"""What a simulated TikTok keeps of pictures and videos: uploads, and links by which a message's media is fetched.

Source: TikTok portal docs 1832184437720193 (upload) and 1832184455450626 (download).
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
import struct
from collections.abc import Callable
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any
from urllib.parse import urlencode

from sandbox.simulators.tiktok.schema import BAD_PARAMETER, NOT_FOUND, TikTokError
from sandbox.stage.clock import iso
from sandbox.stage.files import mp4, png
from sandbox.stage.web import Answer, Call

FILES = "/sandbox_media/"  # the real path is not documented
_LARGEST = 3 * 1024 * 1024
_UPLOAD_S = 30 * 86400.0
_LINK_S = 24 * 3600.0
_STARTS = {"image/jpeg": b"\xff\xd8\xff", "image/png": b"\x89PNG\r\n\x1a\n"}


def _jpeg() -> bytes:
    """A picture of one gray pixel: ITU-T T.81, baseline."""

    def segment(marker: int, data: bytes) -> bytes:
        return struct.pack(">BBH", 0xFF, marker, len(data) + 2) + data

    one_code = b"\1" + bytes(15) + b"\0"  # a Huffman table of one code, of one bit, for "nothing"
    return b"".join((
        b"\xff\xd8",
        segment(0xE0, b"JFIF\0\1\1\0\0\1\0\1\0\0"),
        segment(0xDB, b"\0" + b"\1" * 64),
        segment(0xC0, struct.pack(">BHHBBBB", 8, 1, 1, 1, 1, 0x11, 0)),
        segment(0xC4, b"\0" + one_code),
        segment(0xC4, b"\x10" + one_code),
        segment(0xDA, b"\1\1\0\0\x3f\0"),
        b"\x3f\xff\xd9",
    ))  # fmt: skip


@dataclass(frozen=True)
class File:
    """Bytes under a media id; `owner` is the business that uploaded it, "" where a customer did."""

    body: bytes
    mime: str
    owner: str = ""
    at: float = 0.0
    name: str = ""


def _customers() -> dict[str, File]:
    return {
        "v10040g50000sandboximage": File(_jpeg(), "image/jpeg"),
        "v10040g50000sandboxpng": File(png(), "image/png"),
        "v12044gd0000sandboxvideo": File(mp4(), "video/mp4"),
    }


@dataclass
class Library:
    """Files by media id. `clock` in epoch seconds; links are good for 24 hours, uploads for 30 days."""

    clock: Callable[[], float]
    files: dict[str, File] = field(default_factory=_customers)
    _key: bytes = field(default_factory=lambda: secrets.token_bytes(16))

    def samples(self) -> dict[str, str]:
        """Media ids that a customer's message may carry: "image" (a JPEG), "png" and "video" (an MP4)."""
        return dict(zip(("image", "png", "video"), self.files, strict=False))

    def uploads(self) -> list[dict[str, Any]]:
        """What was uploaded, oldest first."""
        return [
            {"at": iso(one.at), "business_id": one.owner, "media_id": media_id, "name": one.name, "mime": one.mime,
             "size": len(one.body), "sha256": hashlib.sha256(one.body).hexdigest()}
            for media_id, one in self.files.items() if one.owner
        ]  # fmt: skip

    def upload(self, business_id: str, call: Call) -> dict[str, Any]:
        """POST business/message/media/upload/."""
        parts = _parts(call)
        texts = {name: data for name, (head, data) in parts.items() if not head.get_filename()}
        if (
            set(parts) != {"business_id", "media_type", "file"}
            or texts.get("media_type") != b"IMAGE"
            or "file" in texts
        ):
            raise TikTokError(BAD_PARAMETER, "Param is invalid: business_id, media_type=IMAGE and a file are required.")
        if texts.get("business_id") != business_id.encode():
            raise TikTokError(40001, "The access token has no permission for this business_id.")
        head, body = parts["file"]
        mime = head.get_content_type()
        if len(body) > _LARGEST:
            raise TikTokError(40907, "The file is larger than 3MB.")
        if mime not in _STARTS or not body.startswith(_STARTS[mime]):
            raise TikTokError(40908, "The file type is not supported: use JPG or PNG.")
        media_id = f"v10040g5{secrets.token_hex(10)}"
        self.files[media_id] = File(body, mime, business_id, self.clock(), head.get_filename() or "")
        return {"media_id": media_id}

    def check_uploaded(self, business_id: str, media_id: str) -> None:
        """TikTokError unless the business uploaded it within 30 days."""
        file = self.files.get(media_id)
        if file is None or file.owner != business_id or self.clock() - file.at > _UPLOAD_S:
            raise TikTokError(BAD_PARAMETER, "Param media_id is invalid.")

    def link(self, url: str, media_id: str, media_type: str) -> str:
        """A download_url under `url`; TikTokError where there is no such file of that type."""
        file = self.files.get(media_id)
        if file is None or not file.mime.startswith(media_type.lower()):
            raise TikTokError(NOT_FOUND, "The media is not found.")
        expires = str(int(self.clock() + _LINK_S))
        return (
            f"{url}{FILES}{media_id}?{urlencode({'x-expires': expires, 'x-signature': self._sign(media_id, expires)})}"
        )

    def serve(self, call: Call, knows: Callable[[str], bool]) -> Answer:
        """The file of a link; 403 without a token that TikTok `knows` in `x-user`, or once the link has expired."""
        media_id, expires = call.path.removeprefix(FILES), call.query.get("x-expires", "")
        signed = hmac.compare_digest(call.query.get("x-signature", "").encode(), self._sign(media_id, expires).encode())
        if not (signed and int(expires) > self.clock() and knows(call.header("x-user"))):
            return Answer(403, b"", content_type="text/plain")
        file = self.files[media_id]
        return Answer(200, file.body, content_type=file.mime)

    def _sign(self, media_id: str, expires: str) -> str:
        return hmac.new(self._key, f"{media_id}:{expires}".encode(), hashlib.sha256).hexdigest()


def _parts(call: Call) -> dict[str, tuple[EmailMessage, bytes]]:
    """The parts of a multipart body by name: head and exact bytes. TikTokError where it is none."""
    kind = message_from_bytes(
        f"Content-Type: {call.header('Content-Type')}\r\n\r\n".encode(), EmailMessage, policy=policy.HTTP
    )
    boundary = kind.get_boundary()
    if kind.get_content_type() != "multipart/form-data" or not boundary:
        raise TikTokError(BAD_PARAMETER, "Send multipart/form-data.")
    found: dict[str, tuple[EmailMessage, bytes]] = {}
    for piece in (b"\r\n" + call.body).split(b"\r\n--" + boundary.encode())[1:-1]:
        head, _, data = piece.removeprefix(b"\r\n").partition(b"\r\n\r\n")
        read = message_from_bytes(head + b"\r\n\r\n", EmailMessage, policy=policy.HTTP)
        found[str(read.get_param("name", header="content-disposition"))] = (read, data)
    return found
