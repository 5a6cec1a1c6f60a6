"""The files that agents send: Genesys Cloud hands them out by signed links that expire, to anybody who has one."""

from __future__ import annotations

import secrets
import struct
import threading
import zlib
from collections.abc import Callable

from sandbox.web import Answer

PATH = "/api/v2/downloads/"
# Genesys tells of web messaging that such links are signed and expire, and not after how long.
LIVES_S = 3600.0


def _png() -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 2, 0, 0, 0))
    pixel = chunk(b"IDAT", zlib.compress(b"\x00\x20\x80\x40"))
    return b"\x89PNG\r\n\x1a\n" + header + pixel + chunk(b"IEND", b"")


def _pdf() -> bytes:
    objects = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 72 72]>>",
    ]
    body = b"%PDF-1.4\n"
    offsets = []
    for number, held in enumerate(objects, 1):
        offsets.append(len(body))
        body += b"%d 0 obj%bendobj\n" % (number, held)
    entries = b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    table = b"xref\n0 4\n0000000000 65535 f \n" + entries
    return body + table + b"trailer<</Size 4/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n" % len(body)


def _mp4() -> bytes:
    def box(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", 8 + len(data)) + kind + data

    # a film of no length: one header, no tracks
    matrix = struct.pack(">9I", 0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000)
    header = struct.pack(">6IH10x", 0, 0, 0, 1000, 0, 0x10000, 0x100) + matrix + struct.pack(">7I", *[0] * 6, 1)
    brand = b"isom" + struct.pack(">I", 0x200) + b"isommp41"
    return box(b"ftyp", brand) + box(b"moov", box(b"mvhd", header)) + box(b"mdat", b"")


FILES: dict[str, tuple[str, bytes]] = {
    "image": ("image/png", _png()),
    "pdf": ("application/pdf", _pdf()),
    "video": ("video/mp4", _mp4()),
}
"""By name: MIME type and bytes."""


class Downloads:
    """Links to the files, on the server at `url`; `clock` answers epoch seconds."""

    def __init__(self, clock: Callable[[], float], url: str) -> None:
        self._clock, self._url = clock, url
        self._links: dict[str, tuple[str, float]] = {}
        self._lock = threading.Lock()

    def media(self) -> dict[str, str]:
        """A fresh link to each file, by the file's name; it works for an hour."""
        made = {name: secrets.token_urlsafe(24) for name in FILES}
        with self._lock:
            self._links |= {link: (name, self._clock() + LIVES_S) for name, link in made.items()}
        return {name: f"{self._url}{PATH}{link}" for name, link in made.items()}

    def answer(self, path: str) -> Answer:
        """The file behind the link's path; 404 for a link that was never given out, 403 for one that is too old."""
        with self._lock:
            name, until = self._links.get(path.removeprefix(PATH), ("", 0.0))
        if not name:
            return Answer(404, {"message": "not found", "status": 404})
        if self._clock() >= until:
            return Answer(403, {"message": "expired", "status": 403})
        mime, body = FILES[name]
        return Answer(200, body, content_type=mime)
