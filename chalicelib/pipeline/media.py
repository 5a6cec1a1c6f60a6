"""Files on their way: our own copies, and the links under which they are read.

A copy lies under a key that tells nobody whose it is and is the same on every try. Its link is ours, stable and
signed (rules/links.py); edge/door.py opens it.
"""

from __future__ import annotations

import re
from collections.abc import Callable

import msgspec

from chalicelib.credentials import Secret
from chalicelib.errors import Misconfigured, Unfetched
from chalicelib.pipeline.ports import Fetch, MediaShelf, SecretCache
from chalicelib.pipeline.room import Room
from chalicelib.rules import links
from chalicelib.rules.harmless import one_line
from chalicelib.rules.mime import FileType, agreed, kind_of
from chalicelib.vocabulary.messages import Attachment, CustomerMessage, Fetched, Kind, Source
from chalicelib.vocabulary.records import Conversation, Stored
from chalicelib.wire import digest, hmac_sha256

# More than any platform lets into one message; `forget` has to know where to end.
MOST_FILES = 32
DIRECT_S = 3600
LONGEST_NAME = 80

_EXTENSION = re.compile(r"\.[A-Za-z0-9]{1,5}$")
_UNFIT = re.compile(r"[\x00-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff\"*/:<>?\\|]")


Clear = Callable[[str, bool], None]
"""Raises where a copy must not be handed on, by its key and by whether it is known to be there."""


def _nobody_scans(key: str, there: bool) -> None:
    """Any copy may be handed on."""


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """A file of an agent's that lies in the bucket; `size` in bytes."""

    key: str
    kind: Kind
    mime: str
    name: str
    size: int


class MediaStore:
    """Copies of files, and the links to them."""

    def __init__(
        self,
        *,
        shelf: MediaShelf,
        fetch: Fetch,
        secrets: SecretCache,
        secret_name: str,
        public_url: str,
        room: Room | None = None,
    ) -> None:
        """The secret is `{"keys": […]}`: the first signs, all verify. `public_url` is the bridge's own address,
        without a last slash. `room` is for files in memory."""
        self.room = room or Room()
        """Taken for as long as a file is held here; who asks for a `body` takes it for as long as they hold that."""
        self._shelf = shelf
        self._fetch = fetch
        self._secrets = secrets
        self._secret_name = secret_name
        self._public_url = public_url

    def fingerprint(self, text: str) -> str:
        """A fingerprint of the text (16 characters) that nobody makes without the key of the links. Raises
        Retryable."""
        return hmac_sha256(self._signing_key(), f"fingerprint\n{text}".encode(errors="surrogatepass")).hex()[:16]

    def keep(
        self,
        message: CustomerMessage,
        source_of: Callable[[], Source],
        again: bool = False,
        clear: Clear = _nobody_scans,
    ) -> Attachment:
        """Copies the media of a customer's message; answers what the desk is given.

        `source_of` is asked only where the file has to be fetched; `again` looks first whether an earlier try
        has; `clear` before anything is made of the copy. Raises Unfetched, Retryable, and whatever these raise.
        """
        assert message.media is not None
        key = _key(message.conversation, message.origin or message.id, message.part)
        file = self._stored(key, clear) if again else None
        if file is None:
            try:
                file = self._copy(key, source_of(), message.media.kind, "", documents=False)
            except Unfetched:
                file = self._stored(key, clear)  # a replay may come when only our copy is left
                if file is None:
                    raise
            else:
                clear(key, True)
        url = self.link(key, message.sent_ms)
        return Attachment(kind=kind_of(file.mime), url=url, mime=file.mime, name=file.name, key=key, size=file.size)

    def take(
        self,
        conversation: Conversation,
        message_id: str,
        number: int,
        source: Source,
        name: str,
        clear: Clear = _nobody_scans,
    ) -> Kept:
        """Copies an agent's file, the `number`th (from 0) of the message; `name` is what the desk calls it, `clear` as
        for `keep`.

        An earlier copy is taken as it is: the desk's URL may have ended since. Raises Unfetched, Retryable.
        """
        key = _key(conversation, message_id, number)
        file = self._stored(key, clear)
        if file is None:
            file = self._copy(key, source, "file", name, documents=True)
            clear(key, True)
        return Kept(key=key, kind=kind_of(file.mime), mime=file.mime, name=file.name, size=file.size)

    def body(self, key: str) -> bytes:
        """The file itself, of a copy's key, for who has taken `room`. Raises Retryable."""
        return self._shelf.fetch(key)

    def direct(self, kept: Kept) -> str:
        """A URL of the bucket, for a platform that fetches the file within the hour."""
        return self._shelf.link(kept.key, Stored(mime=kept.mime, name=kept.name, size=kept.size), DIRECT_S)

    def link(self, key: str, since_ms: int) -> str:
        """Our own URL of a copy, whose life is counted from then; the same for the same arguments and signing key.
        Raises Misconfigured where there is no signing key."""
        return f"{self._public_url}{links.ROUTE}{links.signed(self._signing_key(), links.packed(key, since_ms))}"

    def _signing_key(self) -> str:
        keys = Secret(self._secret_name, self._secrets.get(self._secret_name)).keys("keys")
        if not keys:
            advice = f'store {{"keys": ["…"]}} in the secret {self._secret_name}'
            raise Misconfigured("there is no key to sign media links with", advice)
        return keys[0]

    def forget(self, conversation: Conversation, origin: str) -> None:
        """Removes our copies of a message that the customer took back. Raises Retryable."""
        self._shelf.remove([_key(conversation, origin, part) for part in range(MOST_FILES)])

    def _stored(self, key: str, clear: Clear) -> Stored | None:
        """An earlier copy. Until its verdict is there the bucket does not even tell of what type it is."""
        clear(key, False)
        file = self._shelf.stored(key)
        if file is not None:
            clear(key, True)
        return file

    def _copy(self, key: str, source: Source, kind: Kind, name: str, *, documents: bool) -> Stored:
        with self.room.taken():
            return self._copied(key, source, kind, name, documents=documents)

    def _copied(self, key: str, source: Source, kind: Kind, name: str, *, documents: bool) -> Stored:
        fetched = _opened(source, self._fetch(source.url, source.hosts, source.headers))
        file_type = agreed(fetched.body, fetched.mime, kind, documents)
        if file_type is None:
            raise Unfetched("media_type", f"{kind}, {len(fetched.body)} bytes")
        file = Stored(mime=file_type.mime, name=_named(name, file_type), size=len(fetched.body))
        self._shelf.keep_media(key, fetched.body, file.mime, file.name)
        return file


def _opened(source: Source, fetched: Fetched) -> Fetched:
    """The file, where what was fetched is encrypted: then only its bytes tell what it is. Raises Unfetched."""
    if source.opened is None:
        return fetched
    try:
        return Fetched(body=source.opened(fetched.body), mime="")
    except ValueError:
        raise Unfetched("media_failed", "it cannot be decrypted") from None


def _key(conversation: Conversation, origin: str, part: int) -> str:
    """Raises Unfetched where the message has more files than `forget` would find again."""
    if not 0 <= part < MOST_FILES:
        raise Unfetched("media_failed", f"file {part} of one message")
    return f"{folder(conversation)}{digest(origin)[:32]}/{part}"


def folder(conversation: Conversation) -> str:
    """What the keys of all copies in a conversation begin with, up to and with the last slash."""
    return f"media/{digest(conversation.key)[:32]}/"


def _named(name: str, file_type: FileType) -> str:
    """The file's name: the desk's, made harmless, or just its kind; with the extension of what it is."""
    stem = _EXTENSION.sub("", one_line(_UNFIT.sub("_", name))).strip(" .")[:LONGEST_NAME]
    return f"{stem or file_type.kind}.{file_type.extension}"
