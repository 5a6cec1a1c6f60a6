"""Files on their way: our own copies, and the links under which they are read.

A copy lies under a key that tells nobody whose it is and is the same on every try. Its link is ours, stable and
signed; who opens it is led to a URL of the bucket that lives for a minute.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec

from chalicelib.credentials import texts
from chalicelib.edge.checking import checked
from chalicelib.errors import Misconfigured, Rejected, Retryable, Unfetched
from chalicelib.http import Request, Response
from chalicelib.observability import log, where
from chalicelib.pipeline.ports import Clock, Fetch, MediaShelf, Secrets
from chalicelib.protocols.channel import Source
from chalicelib.rules.mime import FileType, agreed, kind_of
from chalicelib.vocabulary.messages import Attachment, CustomerMessage, Kind
from chalicelib.vocabulary.records import Conversation, Stored
from chalicelib.wire import digest

ROUTE = "/api/media/"
# More than any platform lets into one message; `forget` has to know where to end.
MOST_FILES = 32
OPEN_S = 60
DIRECT_S = 3600
LONGEST_NAME = 80
DAY_MS = 24 * 3600 * 1000

_DOMAIN = b"dmdesk media link 1\0"
_KEY = re.compile(r"media/([0-9a-f]{32})/([0-9a-f]{32})/([0-9]{1,2})")
_TOKEN = re.compile(r"[A-Za-z0-9_-]{76}")
_PAYLOAD, _TAG = 39, 18  # bytes; together they fill base64 without spare bits
_LATEST_MS = 2**48 - 1
_EXTENSION = re.compile(r"\.[A-Za-z0-9]{1,5}$")
_UNFIT = re.compile(r"[\x00-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff\"*/:<>?\\|]")


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """A file of an agent's that lies in the bucket; `size` in bytes."""

    key: str
    kind: Kind
    mime: str
    name: str
    size: int


class MediaStore:
    """Copies of files, and who may read them for how long."""

    def __init__(
        self,
        *,
        shelf: MediaShelf,
        fetch: Fetch,
        secrets: Secrets,
        secret_name: str,
        public_url: str,
        days: int,
        clock: Clock,
    ) -> None:
        """The secret is `{"keys": […]}`: the first signs, all verify. `days` is how long a link lives; `public_url`
        is the bridge's own address, without a last slash."""
        self._shelf = shelf
        self._fetch = fetch
        self._secrets = secrets
        self._secret_name = secret_name
        self._public_url = public_url
        self._days = days
        self._clock = clock

    def keep(self, message: CustomerMessage, source_of: Callable[[], Source], again: bool = False) -> Attachment:
        """Copies the media of a customer's message; answers what the desk is given.

        `source_of` is asked only where the file has to be fetched; `again` looks first whether an earlier try
        has. Raises Unfetched, Retryable, and whatever `source_of` raises.
        """
        assert message.media is not None
        key = _key(message.conversation, message.origin or message.id, message.part)
        file = self._shelf.stored(key) if again else None
        if file is None:
            try:
                file = self._copy(key, source_of(), message.media.kind, "", documents=False)
            except Unfetched:
                file = self._shelf.stored(key)  # a replay may come when only our copy is left
                if file is None:
                    raise
        url = self.link(key, message.sent_ms)
        return Attachment(kind=kind_of(file.mime), url=url, mime=file.mime, name=file.name, key=key, size=file.size)

    def take(
        self,
        conversation: Conversation,
        message_id: str,
        number: int,
        url: str,
        hosts: Sequence[str],
        headers: Mapping[str, str],
        name: str,
    ) -> Kept:
        """Copies an agent's file, the `number`th (from 0) of the message; `name` is what the desk calls it.

        An earlier copy is taken as it is: the desk's URL may have ended since. Raises Unfetched, Retryable.
        """
        key = _key(conversation, message_id, number)
        file = self._shelf.stored(key)
        if file is None:
            source = Source(url=url, hosts=tuple(hosts), headers=dict(headers))
            file = self._copy(key, source, "file", name, documents=True)
        return Kept(key=key, kind=kind_of(file.mime), mime=file.mime, name=file.name, size=file.size)

    def body(self, key: str) -> bytes:
        """The file itself, of a copy's key. Raises Retryable."""
        return self._shelf.fetch(key)

    def direct(self, kept: Kept) -> str:
        """A URL of the bucket, for a platform that fetches the file within the hour."""
        return self._shelf.link(kept.key, Stored(mime=kept.mime, name=kept.name, size=kept.size), DIRECT_S)

    def link(self, key: str, since_ms: int) -> str:
        """Our own URL of a copy, which lives `days` from then; the same for the same arguments and signing key.
        Raises Misconfigured where there is no signing key."""
        keys = _keys(self._secrets.get(self._secret_name))
        if not keys:
            advice = f'store {{"keys": ["…"]}} in the secret {self._secret_name}'
            raise Misconfigured("there is no key to sign media links with", advice)
        payload = _packed(key, since_ms)
        token = base64.urlsafe_b64encode(payload + _tag(keys[0], payload)).decode()
        return f"{self._public_url}{ROUTE}{token}"

    def open(self, token: str) -> str:
        """Where the file of a link can be read for a minute.

        Raises Rejected: with 404 for a link that is not ours, has ended, or whose file is gone, with 503 where a key
        that is newer than this container's copy may have signed it; Retryable.
        """
        now = self._clock()
        key, since_ms = checked(
            self._secrets, self._secret_name, now, _UNSURE, lambda held: _unpacked(token, _keys(held))
        )
        if now * 1000 - since_ms > self._days * DAY_MS:
            raise Rejected(404, "media_link")
        file = self._shelf.stored(key)
        if file is None:
            raise Rejected(404, "media_link")
        return self._shelf.link(key, file, OPEN_S)

    def door(self, request: Request, token: str) -> Response:
        """Answers who opens a link: GET and HEAD, a redirect or a plain 404."""
        if request.method not in {"GET", "HEAD"}:
            return Response(status=405, body="use GET", headers={"Allow": "GET, HEAD"})
        try:
            location = self.open(token)
        except Rejected as no:
            if no.status < 500:
                return Response(status=no.status, body="not found", headers=_QUIET)
            log.warning("a media link could not be checked", reason=no.reason, advice=no.advice)
            return _LATER
        except Exception as error:  # what went wrong behind the door is told to the operator only
            reason = error.reason if isinstance(error, Retryable) else where(error)
            advice = error.advice if isinstance(error, Misconfigured) else ""
            log.error("a media link could not be opened", error=reason, advice=advice)
            return _LATER
        # shorter than what it leads to lives
        headers = {**_QUIET, "Location": location, "Cache-Control": f"private, max-age={OPEN_S // 2}"}
        return Response(status=302, headers=headers)

    def forget(self, conversation: Conversation, origin: str) -> None:
        """Removes our copies of a message that the customer took back. Raises Retryable."""
        self._shelf.remove([_key(conversation, origin, part) for part in range(MOST_FILES)])

    def _copy(self, key: str, source: Source, kind: Kind, name: str, *, documents: bool) -> Stored:
        fetched = self._fetch(source.url, source.hosts, source.headers)
        found = agreed(fetched.body, fetched.mime, kind, documents)
        if found is None:
            raise Unfetched("media_type", f"{kind}, {len(fetched.body)} bytes")
        file = Stored(mime=found.mime, name=_named(name, found), size=len(fetched.body))
        self._shelf.keep_media(key, fetched.body, file.mime, file.name)
        return file


_QUIET = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer"}
_LATER = Response(status=503, body="please repeat", headers={**_QUIET, "Retry-After": "5"})
# What a key that was rotated may refute.
_UNSURE = frozenset({"media_key"})


def _key(conversation: Conversation, origin: str, part: int) -> str:
    """Raises Unfetched where the message has more files than `forget` would find again."""
    if not 0 <= part < MOST_FILES:
        raise Unfetched("media_failed", f"file {part} of one message")
    return f"{folder(conversation)}{digest(origin)[:32]}/{part}"


def folder(conversation: Conversation) -> str:
    """What the keys of all copies in a conversation begin with, up to and with the last slash."""
    return f"media/{digest(conversation.key)[:32]}/"


def _named(name: str, found: FileType) -> str:
    """The file's name: the desk's, made harmless, or just its kind; with the extension of what it is."""
    stem = _EXTENSION.sub("", _UNFIT.sub("_", name)).strip(" .")[:LONGEST_NAME]
    return f"{stem or found.kind}.{found.extension}"


def _packed(key: str, since_ms: int) -> bytes:
    parts = _KEY.fullmatch(key)
    assert parts is not None
    moment = min(max(since_ms, 0), _LATEST_MS)  # a platform's clock may say anything
    return bytes.fromhex(parts[1] + parts[2]) + bytes([int(parts[3])]) + moment.to_bytes(6, "big")


def _unpacked(token: str, keys: Sequence[str]) -> tuple[str, int]:
    """The token's key and time (epoch milliseconds). Raises Rejected where it is none, or no key signed it."""
    if not _TOKEN.fullmatch(token):
        raise Rejected(404, "media_link")
    data = base64.urlsafe_b64decode(token)
    payload, tag = data[:_PAYLOAD], data[_PAYLOAD:]
    if not any(hmac.compare_digest(tag, _tag(key, payload)) for key in keys):
        raise Rejected(404, "media_key")
    key = f"media/{payload[:16].hex()}/{payload[16:32].hex()}/{payload[32]}"
    return key, int.from_bytes(payload[33:], "big")


def _keys(held: dict[str, Any]) -> list[str]:
    return texts(held.get("keys"))


def _tag(key: str, payload: bytes) -> bytes:
    return hmac.new(key.encode(), _DOMAIN + payload, hashlib.sha256).digest()[:_TAG]
