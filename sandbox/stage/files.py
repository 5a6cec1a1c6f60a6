"""Real files, small ones: what simulated customers and agents send."""

from __future__ import annotations

import struct
import zlib
from functools import cache
from pathlib import Path

SAMPLES = Path(__file__).resolve().parent / "samples"
WIDTH, HEIGHT = 240, 160


@cache
def png() -> bytes:
    """A picture of a green mug, 240 by 160 pixels."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", WIDTH, HEIGHT, 8, 2, 0, 0, 0)
    rows = b"".join(b"\x00" + b"".join(_colour(x, y) for x in range(WIDTH)) for y in range(HEIGHT))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows, 9)) + chunk(b"IEND", b"")


def _colour(x: int, y: int) -> bytes:
    """Of one pixel: the mug, its handle, the table, the wall."""
    in_handle = 14**2 <= (x - 152) ** 2 + (y - 80) ** 2 <= 25**2 and x > 145
    if 78 <= x <= 150 and 44 <= y <= 124:
        return bytes((18, 92 + (x - 78) // 3, 74))
    if in_handle:
        return bytes((15, 84, 68))
    return bytes((214, 196, 168)) if y > 118 else bytes((240, 236 - y // 12, 224))


def mp4() -> bytes:
    """A film of two seconds: the mug steams. H.264 in MP4, without sound."""
    return (SAMPLES / "mug.mp4").read_bytes()


def m4a() -> bytes:
    """A hum of two seconds, as a voice message is: AAC in MP4."""
    return (SAMPLES / "voice.m4a").read_bytes()


def pdf() -> bytes:
    """A document of one empty page."""
    objects = (
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 99 99]>>",
    )
    body, places = b"%PDF-1.4\n", []
    for number, content in enumerate(objects, 1):
        places.append(len(body))
        body += b"%d 0 obj%bendobj\n" % (number, content)
    table = b"xref\n0 4\n0000000000 65535 f \n" + b"".join(b"%010d 00000 n \n" % place for place in places)
    return body + table + b"trailer<</Size 4/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n" % len(body)
