"""Files on their way to X: begun, appended piece by piece, ended, and asked for until X has worked on them.

docs.x.com/x-api/media/quickstart/media-upload-chunked. Nobody sees anything of it before the file is sent. How far it
has come is remembered, so that no worker waits for X, and none begins anew.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import msgspec
from urllib3 import encode_multipart_formdata

from chalicelib.channels.x.api import Api
from chalicelib.credentials import seconds
from chalicelib.errors import Refused, Retryable, Waiting
from chalicelib.fields import Fields
from chalicelib.protocols.calls import harmless
from chalicelib.protocols.memory import Memory
from chalicelib.vocabulary.records import Account, Conversation
from chalicelib.vocabulary.replies import MediaPart, Recipient

UPLOAD = "/2/media/upload"
# Of 1,000 pieces that X takes at most, each is as big as X's own client makes it.
PIECE = 4 * 1024 * 1024
# A picture is begun, appended and ended in one look; a worker has time for that and for the send after it.
CALLS_AT_ONCE = 3
# An uploaded file can be sent for a day. docs.x.com/x-api/media/quickstart: expires_after_secs
KEEP_S = 23 * 3600.0
# Whoever waits longer than this for X's work reads that the file went as a link (s).
LONGEST_S = 900.0
# How soon X is asked again where it does not say (s), and at the latest.
LOOK_S, LONGEST_LOOK_S = 5.0, 60.0


class Upload(msgspec.Struct, frozen=True, kw_only=True):
    """How far a file has come: X's id of it, how many pieces X has, and since when X works on it (epoch s)."""

    id: str
    pieces: int = 0
    state: Literal["open", "working", "ready", "failed"] = "open"
    since_s: float = 0.0


class Uploads:
    """Brings files to X."""

    def __init__(self, api: Api, memory: Memory, clock: Callable[[], float]) -> None:
        self._api = api
        self._memory = memory
        self._clock = clock

    def media_id(self, account: Account, to: Recipient, part: MediaPart) -> str:
        """X's id of the part's file, once X has it. Raises Waiting while more is to be done, Refused (media_refused,
        media_too_big) where X does not take it, Retryable."""
        if not part.body:
            raise Refused("media_refused", "X: an empty file")
        upload = self.held(account, to) or self._begun(account, to, part)
        for _ in range(CALLS_AT_ONCE):
            if upload.state == "ready":
                return upload.id
            if upload.state == "failed":
                raise Refused("media_refused", "X could not work on the file, or not in time")
            upload = self._further(account, to, part, upload)
        if upload.state == "ready":
            return upload.id
        raise Waiting("a file is on its way to X", 1.0)

    def held(self, account: Account, to: Recipient) -> Upload | None:
        """What is remembered of the upload for the part of that mark. Raises Retryable."""
        held = self._memory.get(_of(account, to), _name(to))
        try:
            return msgspec.json.decode(held, type=Upload) if held else None
        except msgspec.MsgspecError:
            return None

    def _begun(self, account: Account, to: Recipient, part: MediaPart) -> Upload:
        body = {"media_type": part.mime, "media_category": _category(part), "total_bytes": len(part.body)}
        told = harmless(lambda: self._api.post("media", account, "media_initialize", f"{UPLOAD}/initialize", body))
        identifier = Fields(told).at("data").text("id")
        if not (identifier.isascii() and identifier.isdigit()):
            raise Retryable("X: an upload without an id")
        return self._kept(account, to, Upload(id=identifier))

    def _further(self, account: Account, to: Recipient, part: MediaPart, upload: Upload) -> Upload:
        """One call further, remembered. Raises Waiting while X works on the file."""
        if upload.state == "working":
            query = {"command": "STATUS", "media_id": upload.id}
            return self._worked(account, to, upload, self._api.get("media", account, "media_status", UPLOAD, query))
        if upload.pieces * PIECE < len(part.body):
            self._append(account, part, upload)
            return self._kept(account, to, msgspec.structs.replace(upload, pieces=upload.pieces + 1))
        path = f"{UPLOAD}/{upload.id}/finalize"
        told = harmless(lambda: self._api.post("media", account, "media_finalize", path))
        upload = msgspec.structs.replace(upload, state="working", since_s=self._clock())
        return self._worked(account, to, upload, told)

    def _append(self, account: Account, part: MediaPart, upload: Upload) -> None:
        piece = part.body[upload.pieces * PIECE : (upload.pieces + 1) * PIECE]
        media = ("piece", piece, "application/octet-stream")
        body, kind = encode_multipart_formdata({"segment_index": str(upload.pieces), "media": media})
        path = f"{UPLOAD}/{upload.id}/append"
        harmless(lambda: self._api.post("media", account, "media_append", path, body, kind))

    def _worked(self, account: Account, to: Recipient, upload: Upload, told: object) -> Upload:
        """What X says of its work; a file of which it says nothing is ready."""
        info = Fields(told).at("data", "processing_info")
        if not info.names() or info.text("state") == "succeeded":
            return self._kept(account, to, msgspec.structs.replace(upload, state="ready"))
        if info.text("state") == "failed" or self._clock() - upload.since_s > LONGEST_S:
            return self._kept(account, to, msgspec.structs.replace(upload, state="failed"))
        self._kept(account, to, upload)
        raise Waiting("X works on a file", min(seconds(info.value("check_after_secs"), LOOK_S), LONGEST_LOOK_S))

    def _kept(self, account: Account, to: Recipient, upload: Upload) -> Upload:
        self._memory.keep(_of(account, to), _name(to), msgspec.json.encode(upload), KEEP_S)
        return upload


def _of(account: Account, to: Recipient) -> Conversation:
    return Conversation(account.channel, account.id, to.customer)


def _name(to: Recipient) -> str:
    return f"upload/{to.mark}"


def _category(part: MediaPart) -> str:
    """As what X keeps it: one that is not for messages is refused as an attachment.
    docs.x.com/x-api/media/quickstart/best-practices"""
    if part.kind == "video":
        return "dm_video"
    if part.kind != "image":
        raise Refused("media_refused", f"X carries pictures and films only, not {part.mime}")
    return "dm_gif" if part.mime == "image/gif" else "dm_image"
