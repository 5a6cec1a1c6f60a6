"""Instagram's media: the CDN of what customers upload, and how Meta fetches what a business sends by URL.

Source: developers.facebook.com/docs/instagram-platform/instagram-api-with-instagram-login/messaging-api; error codes:
developers.facebook.com/docs/messenger-platform/error-codes.
"""

from __future__ import annotations

import hashlib
import hmac
import itertools
import secrets
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import requests

from sandbox.simulators.instagram.schema import GraphError
from sandbox.stage.files import m4a, mp4, pdf, png
from sandbox.stage.web import Answer, Call, Stream

CDN_PATH = "/ig_messaging_cdn/"
FETCH_FAILED, FETCH_TIMED_OUT, WRONG_TYPE, TOO_BIG = 2018008, 2018294, 2018047, 2018109
_EXPIRES_S = 86400.0
_FETCH_S = 75.0  # .../error-codes: 2018294
_MB = 1_000_000
_PIECE = bytes(64 * 1024)
_HUGE = 26 * 1024 * 1024

# What may be sent by URL: the most bytes, and how files of each type begin.
_LIMITS = {"image": 8 * _MB, "audio": 25 * _MB, "video": 25 * _MB, "file": 25 * _MB}
_TYPES: dict[str, dict[str, tuple[bytes, ...]]] = {
    "image": {"image/png": (b"\x89PNG\r\n\x1a\n",), "image/jpeg": (b"\xff\xd8\xff",)},
    "audio": {
        **dict.fromkeys(("audio/mp4", "audio/x-m4a", "audio/m4a"), (b"ftyp",)),
        **dict.fromkeys(("audio/wav", "audio/x-wav"), (b"RIFF",)),
        "audio/aac": (b"\xff\xf1", b"\xff\xf9"),
    },
    "video": {
        **dict.fromkeys(("video/mp4", "video/quicktime"), (b"ftyp",)),
        "video/ogg": (b"OggS",),
        "video/x-msvideo": (b"RIFF",),
        "video/webm": (b"\x1aE\xdf\xa3",),
    },
    "file": {"application/pdf": (b"%PDF-",)},
}


@dataclass(frozen=True)
class _Asset:
    mime: str
    body: bytes | Callable[[], Stream]
    headers: dict[str, str] = field(default_factory=dict)


def _huge(length: int | None) -> Callable[[], Stream]:
    def pieces() -> Iterator[bytes]:
        head = mp4()
        yield head + _PIECE[len(head) :]
        yield from itertools.repeat(_PIECE, _HUGE // len(_PIECE) - 1)

    return lambda: Stream(pieces(), length)


_SAMPLES = {
    "image": _Asset("image/png", png()),
    "video": _Asset("video/mp4", mp4()),
    # a voice note is AAC in MP4
    "audio": _Asset("audio/mp4", m4a()),
    "file": _Asset("application/pdf", pdf()),
    "html_named_jpg": _Asset(
        "image/jpeg",
        b"<!doctype html><script>alert(document.cookie)</script>",
        {"Content-Disposition": 'inline; filename="photo.jpg"'},
    ),
    "huge": _Asset("video/mp4", _huge(_HUGE)),
    "huge_undeclared": _Asset("video/mp4", _huge(None)),
}


class Cdn:
    """Serves assets to anybody who has a signed URL, for 24 hours of the `clock` (epoch seconds)."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._key = secrets.token_bytes(32)
        self._samples: dict[str, _Asset] = {}
        self._sent: dict[str, _Asset] = {}
        self._serial = itertools.count(2046711195746552)
        self._lock = threading.Lock()

    def samples(self, base: str) -> dict[str, str]:
        """New URLs of one asset of each kind, by name."""
        return {name: self._added(base, asset, self._samples) for name, asset in _SAMPLES.items()}

    def take(self, base: str, attachment: dict[str, Any]) -> dict[str, Any]:
        """What a business attached, as its echo shows it: a file is fetched, and lies here from then on.

        GraphError 100 when the file is not to be had, or not what the attachment says.
        """
        kind, payload = attachment["type"], attachment.get("payload") or {}
        if kind == "template" and payload["template_type"] == "generic":
            return {"type": kind, "payload": {"generic": {"elements": payload["elements"]}}}
        if "url" not in payload:
            return attachment
        mime, body = _fetched(kind, payload["url"])
        return {"type": kind, "payload": {"url": self._added(base, _Asset(mime, body), self._sent)}}

    def forget(self) -> None:
        """Drop what the business sent."""
        with self._lock:
            self._sent.clear()

    def serve(self, call: Call) -> Answer:
        """GET /ig_messaging_cdn/?asset_id=…&signature=…: no token is asked for."""
        asset_id, signature = call.query.get("asset_id", ""), call.query.get("signature", "")
        expires = signature.partition(".")[0]
        right = self._signature(asset_id, expires).encode()
        if call.method != "GET" or not hmac.compare_digest(right, signature.encode()):
            return Answer(403, b"Bad signature", content_type="text/plain")
        with self._lock:
            asset = self._samples.get(asset_id) or self._sent.get(asset_id)
        if asset is None or self._clock() > float(int(expires, 16)):
            return Answer(404, b"Not found", content_type="text/plain")
        body = asset.body if isinstance(asset.body, bytes) else asset.body()
        return Answer(200, body, asset.headers, asset.mime)

    def _added(self, base: str, asset: _Asset, where: dict[str, _Asset]) -> str:
        with self._lock:
            asset_id = str(next(self._serial))
            where[asset_id] = asset
        signature = self._signature(asset_id, f"{int(self._clock() + _EXPIRES_S):x}")
        return f"{base}{CDN_PATH}?asset_id={asset_id}&signature={signature}"

    def _signature(self, asset_id: str, expires: str) -> str:
        signed = hmac.new(self._key, f"{asset_id}:{expires}".encode(), hashlib.sha256).hexdigest()
        return f"{expires}.{signed}"


def attached(message: dict[str, Any]) -> list[dict[str, Any]]:
    """The attachments of a message that is sent."""
    one = message.get("attachment")
    return [one] if one else list(message.get("attachments") or [])


def _fetched(kind: str, url: str) -> tuple[str, bytes]:
    """The type and the bytes of an attachment, as Meta fetches it; redirects are followed."""
    try:
        with requests.Session() as session:
            session.trust_env = False  # a proxy would not find what runs on this machine
            answer = session.get(url, timeout=_FETCH_S, stream=True)
            answer.raise_for_status()
            mime = answer.headers.get("Content-Type", "").partition(";")[0].strip().lower()
            body = _read(answer, _LIMITS[kind])
    except requests.Timeout as error:
        raise GraphError(100, "Fetching the file from the url timed out.", FETCH_TIMED_OUT) from error
    except requests.RequestException as error:
        raise GraphError(100, "Failed to fetch the file from the url.", FETCH_FAILED) from error
    beginnings = _TYPES[kind].get(mime, ())
    if not any(body.startswith(start) or body[4:8] == start for start in beginnings):
        raise GraphError(100, f"The file at the url is no {kind}: {mime}", WRONG_TYPE)
    return mime, body


def _read(answer: requests.Response, most: int) -> bytes:
    body = bytearray()
    for piece in answer.iter_content(64 * 1024):
        body += piece
        if len(body) > most:
            raise GraphError(100, f"The file is larger than {most} bytes", TOO_BIG)
    return bytes(body)
