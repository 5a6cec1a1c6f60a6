"""Files on their way into an encrypted conversation: sealed by its key, then uploaded in pieces. docs.x.com/xchat/media

Sealed anew, a file has other bytes: what is begun is brought to its end, or begun again. Nobody sees anything of it
before the message that names it.
"""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import msgspec

from chalicelib.channels.x.api import Api
from chalicelib.channels.x.sealing import Safe, dimensions
from chalicelib.errors import Refused, Retryable
from chalicelib.fields import Fields
from chalicelib.protocols.calls import harmless
from chalicelib.protocols.memory import Memory
from chalicelib.vocabulary.messages import Kind
from chalicelib.vocabulary.records import Account, Conversation
from chalicelib.vocabulary.replies import MediaPart, Recipient

UPLOAD = "/2/chat/media/upload"
# As X's own client cuts files. github.com/xdevplatform/xurl
PIECE = 3 * 1024 * 1024
# What takes longer than this is begun again, by a worker that has more time (s).
LONGEST_S = 40.0
KEEP_S = 86_400.0
# github.com/xdevplatform/chat-xdk docs: attachment kinds
_TYPES: dict[Kind, int] = {"image": 1, "video": 3, "audio": 4, "file": 5}
_GIF = 2


class _Kept(msgspec.Struct, frozen=True, kw_only=True):
    """A file that X has: its name there, and by which key it is sealed."""

    name: str
    version: str


class Enclosures:
    """Brings files into conversations."""

    def __init__(self, api: Api, memory: Memory, clock: Callable[[], float]) -> None:
        self._api = api
        self._memory = memory
        self._clock = clock

    def attachment(
        self, account: Account, safe: Safe, to: Recipient, part: MediaPart, version: str, key: bytes
    ) -> dict[str, Any]:
        """What a message holds of the part's file, once X has it. Raises Refused (media_refused) and Retryable."""
        if not part.body:
            raise Refused("media_refused", "X: an empty file")
        width, height = dimensions(part.body)
        return {
            "attachment_type": "media",
            "media_hash_key": self._name(account, safe, to, part, version, key),
            "media_type": _GIF if part.mime == "image/gif" else _TYPES[part.kind],
            "width": width,
            "height": height,
            "filesize_bytes": len(part.body),
            "filename": part.name,
        }

    def _name(self, account: Account, safe: Safe, to: Recipient, part: MediaPart, version: str, key: bytes) -> str:
        of = Conversation(account.channel, account.id, to.customer)
        held = self._memory.get(of, f"file/{to.mark}")
        known = msgspec.json.decode(held, type=_Kept) if held else None
        if known is not None and known.version == version:
            return known.name
        name = self._uploaded(account, to, safe.sealed(part.body, key))
        kept = _Kept(name=name, version=version)
        self._memory.keep(of, f"file/{to.mark}", msgspec.json.encode(kept), KEEP_S)
        return name

    def _uploaded(self, account: Account, to: Recipient, sealed: bytes) -> str:
        begun_s = self._clock()
        within = {"conversation_id": _written(to.thread)}
        told = self._post(account, "chat_media_initialize", "initialize", within | {"total_bytes": len(sealed)})
        session, name = told.text("session_id"), told.text("media_hash_key")
        if not session or not name:
            raise Retryable("X: an upload without an id")
        within["media_hash_key"] = name
        path, number = quote(session, safe=""), 0
        for number, at in enumerate(range(0, len(sealed), PIECE), start=1):
            if self._clock() - begun_s > LONGEST_S:
                raise Retryable("X: an upload that takes too long")
            media = base64.b64encode(sealed[at : at + PIECE]).decode()
            piece = within | {"segment_index": number - 1, "media": media}
            self._post(account, "chat_media_append", f"{path}/append", piece)
        told = self._post(account, "chat_media_finalize", f"{path}/finalize", within | {"num_parts": str(number)})
        return told.text("media_hash_key") or name

    def _post(self, account: Account, route: str, path: str, body: dict[str, Any]) -> Fields:
        told = harmless(lambda: self._api.post("media", account, route, f"{UPLOAD}/{path}", body))
        return Fields(told).at("data")


def _written(thread: str) -> str:
    """The conversation as uploads name it: X's own clients differ. github.com/vercel/chat: a hyphen, not a colon."""
    return thread.replace(":", "-")
