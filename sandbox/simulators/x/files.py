"""A simulated X's pictures and films: those of customers, and what the brand's accounts upload.

Source: docs.x.com/x-api/media/quickstart (uploads), x-api/direct-messages/download-dm-media, and real deliveries for
where the files of messages lie.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any, NamedTuple

from sandbox.simulators.x.ids import Snowflakes
from sandbox.simulators.x.schema import (
    WRONG_MEDIA,
    AppendBody,
    ChatAppendBody,
    ChatFinalizeBody,
    ChatInitializeBody,
    InitializeBody,
    Shape,
    UploadBody,
    convert,
    forbidden,
    invalid,
    missing,
    parsed,
)
from sandbox.stage import files
from sandbox.stage.clock import iso
from sandbox.stage.web import Call

TON = "/1.1/ton/data/dm/"
FILMS = "/video.twimg.com/"  # a host of its own at X
STILLS = "/pbs.twimg.com/"
_GOOD_S = 86_400.0
_SMALLEST_S = 1  # between two looks at a film's processing
_MOST = {"dm_image": 5 * 2**20, "dm_gif": 15 * 2**20, "dm_video": 512 * 2**20}
_STARTS = (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"GIF8", b"RIFF")


class File(NamedTuple):
    body: bytes
    mime: str


def gif() -> bytes:
    """Two frames of one pixel, red and green."""
    frame = b"!\xf9\x04\0\x14\0\0\0,\0\0\0\0\1\0\1\0\0\2\2%b\1\0"
    head = b"GIF89a\1\0\1\0\x80\0\0\xff\0\0\0\xff\0!\xff\x0bNETSCAPE2.0\3\1\0\0\0"
    return head + frame % b"\x44" + frame % b"\x4c" + b";"


def sniffed(body: bytes) -> str:
    """A file's type by its first bytes."""
    known = {b"\x89PNG": "image/png", b"\xff\xd8\xff": "image/jpeg", b"GIF8": "image/gif", b"%PDF": "application/pdf"}
    if body[4:8] == b"ftyp":
        return "audio/mp4" if body[8:11] == b"M4A" else "video/mp4"
    return next((mime for start, mime in known.items() if body.startswith(start)), "application/octet-stream")


SAMPLES: dict[str, tuple[str, str, Callable[[], bytes]]] = {
    "picture": ("image/png", "mug.png", files.png),
    "gif": ("image/gif", "mug.gif", gif),
    "video": ("video/mp4", "mug.mp4", files.mp4),
    "voice": ("audio/mp4", "voice.m4a", files.m4a),
    "file": ("application/pdf", "leaflet.pdf", files.pdf),
}


@dataclass
class Upload:
    """What an account uploads for its plain messages; `ready` is when X has processed it, epoch seconds."""

    id: str
    owner: str
    category: str
    mime: str
    total: int
    at: float
    segments: dict[int, bytes] = field(default_factory=dict)
    finished: float | None = None
    ready: float = 0.0
    broken: bool = False

    @property
    def body(self) -> bytes:
        return b"".join(self.segments[number] for number in sorted(self.segments))


@dataclass
class Sealed:
    """What an account uploads for an encrypted conversation: nobody but its members can read it."""

    id: str
    owner: str
    conversation: str
    hash_key: str
    total: int
    segments: dict[int, bytes] = field(default_factory=dict)


@dataclass
class Library:
    """`processing_s` is how long X takes over a gif or a film, and `breaks` whether it then refuses it."""

    clock: Callable[[], float]
    ids: Snowflakes
    processing_s: float = 1.0
    breaks: bool = False
    held: dict[str, File] = field(default_factory=dict)  # the files of plain messages, by path
    sealed: dict[tuple[str, str], bytes] = field(default_factory=dict)  # by conversation and hash key
    _uploads: dict[str, Upload] = field(default_factory=dict)
    _sealing: dict[str, Sealed] = field(default_factory=dict)

    def reset(self) -> None:
        for kept in (self.held, self.sealed, self._uploads, self._sealing):
            kept.clear()

    def keep(self, path: str, file: File) -> str:
        """The path, under which the file is from now on."""
        self.held[path] = file
        return path

    def seal(self, conversation: str, ciphertext: bytes) -> str:
        """The hash key under which an encrypted file is from now on."""
        key = _hash_key()
        self.sealed[conversation, key] = ciphertext
        return key

    def found(self, path: str) -> File:
        """XError 404 where nothing lies there."""
        if path not in self.held:
            raise missing("media", path.rpartition("/")[2])
        return self.held[path]

    def uploads(self) -> list[dict[str, Any]]:
        """What was uploaded for plain messages, oldest first."""
        return [
            {"at": iso(one.at), "account": one.owner, "media_id": one.id, "category": one.category, "mime": one.mime,
             "size": len(one.body), "sha256": hashlib.sha256(one.body).hexdigest()}
            for one in self._uploads.values() if one.finished is not None
        ]  # fmt: skip

    # --- uploads for plain messages

    def initialize(self, owner: str, call: Call) -> dict[str, Any]:
        body = parsed(call, InitializeBody)
        if body.total_bytes > _MOST.get(body.media_category, _MOST["dm_video"]):
            raise invalid(f"The media is larger than what {body.media_category} may be")
        made = Upload(self.ids.next(), owner, body.media_category, body.media_type, body.total_bytes, self.clock())
        self._uploads[made.id] = made
        return {"data": {"id": made.id, "media_key": _media_key(made), "expires_after_secs": int(_GOOD_S)}}

    def append(self, owner: str, identifier: str, call: Call) -> dict[str, Any]:
        upload, body = self._open(owner, identifier), _given(call, AppendBody)
        upload.segments[body.segment_index] = body.media
        return {"data": {"expires_at": int(upload.at + _GOOD_S)}}

    def finalize(self, owner: str, identifier: str) -> dict[str, Any]:
        upload = self._open(owner, identifier)
        if len(upload.body) != upload.total or sorted(upload.segments) != list(range(len(upload.segments))):
            raise invalid(f"Got {len(upload.body)} of {upload.total} bytes", media_id=identifier)
        return self._finished(upload)

    def once(self, owner: str, call: Call) -> dict[str, Any]:
        """POST /2/media/upload: a picture in one go."""
        body = _given(call, UploadBody)
        made = Upload(self.ids.next(), owner, body.media_category, body.media_type or "", len(body.media), self.clock())
        made.segments[0] = body.media
        self._uploads[made.id] = made
        return self._finished(made)

    def status(self, owner: str, call: Call) -> dict[str, Any]:
        """GET /2/media/upload."""
        if call.query.get("command", "STATUS") != "STATUS":
            raise invalid("The `command` query parameter value is not [STATUS]")
        upload = self._uploads.get(call.query.get("media_id", ""))
        if upload is None or upload.owner != owner or upload.finished is None:
            raise missing("media", call.query.get("media_id", ""))
        return {"data": self._told(upload)}

    def attachable(self, owner: str, media_id: str) -> Upload:
        """What goes with a message; XError where it may not."""
        upload = self._uploads.get(media_id)
        if upload is None or upload.owner != owner or upload.finished is None or self.clock() - upload.at > _GOOD_S:
            raise invalid("Your media IDs are invalid.", media_ids=media_id)
        if self._state(upload) != "succeeded":
            raise invalid("Your media IDs are invalid: the media is not processed.", media_ids=media_id)
        if upload.category not in _MOST:
            raise forbidden(WRONG_MEDIA)
        return upload

    def _open(self, owner: str, identifier: str) -> Upload:
        upload = self._uploads.get(identifier)
        if upload is None or upload.owner != owner or upload.finished is not None:
            raise missing("media", identifier)
        return upload

    def _finished(self, upload: Upload) -> dict[str, Any]:
        if upload.category == "dm_image" and not upload.body.startswith(_STARTS):
            raise invalid("The media's type is not supported", media_id=upload.id)
        if len(upload.body) > _MOST.get(upload.category, _MOST["dm_video"]):
            raise invalid(f"The media is larger than what {upload.category} may be", media_id=upload.id)
        upload.finished = self.clock()
        film = not upload.category.endswith("_image")
        upload.ready = upload.finished + (self.processing_s if film else 0.0)
        upload.broken = self.breaks and film
        return {"data": self._told(upload)}

    def _told(self, upload: Upload) -> dict[str, Any]:
        left = int(upload.at + _GOOD_S - self.clock())
        told = {"id": upload.id, "media_key": _media_key(upload), "size": upload.total, "expires_after_secs": left}
        if upload.category.endswith("_image"):
            return told
        state = self._state(upload)
        info: dict[str, Any] = {"state": state}
        if state in ("pending", "in_progress"):
            info["check_after_secs"] = max(_SMALLEST_S, int(upload.ready - self.clock()))
        if state == "in_progress":
            info["progress_percent"] = 50
        if state == "failed":
            info["error"] = {"code": 1, "name": "InvalidMedia", "message": "Unsupported video format"}
        return told | {"processing_info": info}

    def _state(self, upload: Upload) -> str:
        now = self.clock()
        if now >= upload.ready:
            return "failed" if upload.broken else "succeeded"
        return "pending" if upload.ready - now > self.processing_s / 2 else "in_progress"

    # --- uploads for encrypted conversations

    def begin_sealed(self, owner: str, call: Call, conversation: Callable[[str], str]) -> dict[str, Any]:
        """`conversation` answers the conversation that is meant, and XError where there is none of the owner's."""
        body = parsed(call, ChatInitializeBody)
        made = Sealed(self.ids.next(), owner, conversation(body.conversation_id), _hash_key(), body.total_bytes)
        self._sealing[made.id] = made
        told = {"conversation_id": body.conversation_id, "media_hash_key": made.hash_key, "session_id": made.id}
        return {"data": told}

    def append_sealed(self, owner: str, identifier: str, call: Call) -> dict[str, Any]:
        body = _given(call, ChatAppendBody)
        self._session(owner, identifier, body.media_hash_key).segments[body.segment_index] = body.media
        return {"data": {"expires_at": int(self.clock() + _GOOD_S)}}

    def end_sealed(self, owner: str, identifier: str, call: Call) -> dict[str, Any]:
        body = parsed(call, ChatFinalizeBody)
        session = self._session(owner, identifier, body.media_hash_key)
        parts = [session.segments[number] for number in sorted(session.segments)]
        whole = b"".join(parts)
        if int(body.num_parts) != len(parts) or len(whole) != session.total:
            raise invalid(f"Got {len(whole)} of {session.total} bytes in {len(parts)} of {body.num_parts} parts")
        self.sealed[session.conversation, session.hash_key] = whole
        return {"data": {"success": True}}

    def _session(self, owner: str, identifier: str, hash_key: str) -> Sealed:
        session = self._sealing.get(identifier)
        if session is None or session.owner != owner or session.hash_key != hash_key:
            raise missing("media", identifier)
        return session


def _media_key(upload: Upload) -> str:
    return f"{3 if upload.category.endswith('_image') else 13}_{upload.id}"


def _hash_key() -> str:
    return secrets.token_hex(12)


def _given(call: Call, shape: type[Shape]) -> Shape:
    """A body with a file in it: JSON with base64, or multipart."""
    if call.header("Content-Type").startswith("multipart/form-data"):
        return convert(_parts(call), shape)
    return parsed(call, shape)


def _parts(call: Call) -> dict[str, object]:
    """The parts of a multipart body by name: exact bytes of a file, the text of all else."""
    head = f"Content-Type: {call.header('Content-Type')}\r\n\r\n".encode()
    boundary = message_from_bytes(head, EmailMessage, policy=policy.HTTP).get_boundary()
    if not boundary:
        raise invalid("multipart/form-data needs a boundary")
    found: dict[str, object] = {}
    for piece in (b"\r\n" + call.body).split(b"\r\n--" + boundary.encode())[1:-1]:
        lines, _, data = piece.removeprefix(b"\r\n").partition(b"\r\n\r\n")
        read = message_from_bytes(lines + b"\r\n\r\n", EmailMessage, policy=policy.HTTP)
        name = str(read.get_param("name", header="content-disposition"))
        found[name] = data if read.get_filename() or name == "media" else data.decode("utf-8", "replace")
    return found
