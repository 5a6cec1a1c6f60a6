"""The cryptography of X's encrypted conversations, as far as the bridge uses it: alone in loading chatxdk, and only
where an account has keys. github.com/xdevplatform/chat-xdk, release 0.5.2

The library holds Python's lock while it works, and says by the text of a ValueError alone what is wrong.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, TypeVar

import msgspec

from chalicelib.credentials import Secrets, trimmed
from chalicelib.errors import Misconfigured
from chalicelib.vocabulary.records import Account, Conversation

if TYPE_CHECKING:
    from chat_xdk import Chat, SendPayload

Made = TypeVar("Made")
Row = dict[str, str]
"""What X tells of one of a person's keys, as the library takes it."""

# The blob of a private identity and a private signing key.
BLOB = 64
# A file is worked on in pieces, so that nothing else stands still for long.
PIECE = 256 * 1024
_CONTEXT = b"dmdesk x memory 1"
ADVICE = (
    "give the account keys of its own: dmdesk x-keys create {id}, or dmdesk x-keys import {id} (docs/x.md); until then "
    "its encrypted conversations are read and answered in the app"
)
WRONG = "{secret} holds keys of X's that are none: make or import them again by dmdesk x-keys (docs/x.md)"

Wrong = Literal["no_key", "no_signer", "forged", "old_signature", "corrupted", "malformed", "ours"]
"""What is wrong with what cannot be read: no key of its version; nobody known who may have signed it; a signature of
somebody else's, or of other words; one of a kind that is not taken any more; sealed by another key than was given, or
torn; no event at all; a call that the library does not take."""
_WRONG: tuple[tuple[str, Wrong], ...] = (
    ("no matching key found", "no_key"),
    ("no matching signing key", "no_signer"),
    ("ECDSA mismatch", "forged"),
    ("no longer accepted", "old_signature"),
    ("invalid key or corrupted data", "corrupted"),
    ("Invalid state", "ours"),
    ("missing required field", "ours"),
)


class Unreadable(Exception):
    """`wrong` says why. The library's own text names versions of keys, and nothing of what was said."""

    def __init__(self, wrong: Wrong, detail: str) -> None:
        super().__init__(f"{wrong}: {detail[:200]}")
        self.wrong: Wrong = wrong


class Identity(msgspec.Struct, frozen=True):
    """Whose keys these are, their version at X, and the private keys."""

    user: str
    version: str
    blob: bytes

    def __repr__(self) -> str:
        return f"Identity({self.user}, {self.version})"


class Safe:
    """An account's keys at work. `user` and `version` name those that it signs with."""

    def __init__(self, identities: Sequence[Identity]) -> None:
        """The newest first. Raises ValueError where a blob holds no keys."""
        self.user, self.version = identities[0].user, identities[0].version
        self._keyed = [(_chat(identity), _root(identity)) for identity in identities]

    @property
    def _chat(self) -> Chat:
        return self._keyed[0][0]

    # --- what others have sealed

    def read(self, event: str, keys: Mapping[str, bytes], rows: Sequence[Row]) -> dict[str, Any]:
        """What the event says, under one of the conversation's keys by their versions, signed by one of the sender's
        rows. Raises Unreadable."""
        found: dict[str, Any] = _said(lambda: self._chat.decrypt_event(event, dict(keys), list(rows)))
        return found

    def unwrapped(self, change: str, rows: Sequence[Row]) -> Iterator[tuple[str, bytes, bool]]:
        """The keys that a change of keys hands out to this account: each one's version, the key, and whether the change
        is signed by one of its signer's rows. Without that the library hands some out all the same."""
        for chat, _ in self._keyed:
            told = chat.decrypt_events([change], list(rows))
            verified = {
                one["event"].get("key_version")
                for one in told["messages"]
                if one["event"].get("type") == "KeyChange" and one["event"].get("verified") is True
            }
            held = dict(told["conversation_keys"]["keys"])
            for version, key in chat.extract_conversation_keys([change])["keys"].items():
                held.setdefault(version, key)
            if held:
                yield from ((version, bytes(key), version in verified) for version, key in held.items())
                return

    def opened(self, file: bytes, key: bytes) -> bytes:
        """The file that was sealed. Raises ValueError where it is torn, or sealed by another key."""
        stream = self._chat.stream_decryptor(key)
        pieces = [stream.push(piece) for piece in _pieces(file)]
        whole = b"".join([*pieces, stream.finish()])
        if not whole:  # of a stream whose end is lost the beginning alone may be a whole one
            raise ValueError("an empty file")
        return whole

    # --- what is sealed for others

    def sealed(self, file: bytes, key: bytes) -> bytes:
        """The file as it is uploaded, sealed anew each time."""
        stream = self._chat.stream_encryptor(key)
        pieces = [stream.push(piece) for piece in _pieces(file)]
        return b"".join([*pieces, stream.finish()])

    def message(
        self, conversation: str, text: str, version: str, key: bytes, attachments: Sequence[Mapping[str, Any]] = ()
    ) -> SendPayload:
        """A message that is signed and sealed, under an id that no other has. Raises Unreadable ("ours")."""
        return _said(
            lambda: self._chat.encrypt_message(
                conversation,
                text,
                conversation_key=key,
                conversation_key_version=version,
                attachments=[dict(one) for one in attachments] or None,
            )
        )

    def key_change(self, conversation: str, people: Sequence[Row]) -> dict[str, Any]:
        """A new key for the conversation, wrapped for each of the people's rows. Raises Unreadable: somebody's row is
        not signed as it has to be, too."""
        for row in people:
            if not self._chat.verify_key_binding(
                row["identity_public_key"], row["public_key"], row["identity_public_key_signature"]
            ):
                raise Unreadable("forged", f"the keys of version {row['public_key_version']}")
        wrapped = [
            {
                "user_id": row["user_id"],
                "public_key": row["identity_public_key"],
                "key_version": row["public_key_version"],
            }
            for row in people
        ]
        made: dict[str, Any] = _said(
            lambda: self._chat.prepare_conversation_key_change(wrapped, conversation_id=conversation)
        )
        return made

    # --- what the bridge remembers

    def shut(self, of: Conversation, name: str, value: bytes) -> bytes:
        """The value as it may be kept: nobody reads it who has not the account's keys, nor under another name."""
        chat, root = self._keyed[0]
        return bytes(chat.encrypt_stream(value, _key(root, of, name)))

    def unshut(self, of: Conversation, name: str, held: bytes) -> bytes | None:
        """The value; None where it was kept with keys that the account no longer has."""
        for chat, root in self._keyed:
            try:
                return bytes(chat.decrypt_stream(held, _key(root, of, name)))
            except ValueError:
                continue
        return None


class Safes:
    """The accounts' keys, each loaded once per container, and again where the secret holds others."""

    def __init__(self, secrets: Secrets) -> None:
        self._secrets = secrets
        self._loaded: dict[str, tuple[list[Identity], Safe]] = {}

    def of(self, account: Account) -> Safe | None:
        """The account's, None where it has none. Raises Misconfigured where what it has is none."""
        held = self._secrets(account.secret)
        if not held.get("x_keys"):
            return None
        try:
            identities = list(_identities(held))
            known, safe = self._loaded.get(account.key, ([], None))
            if safe is None or known != identities:
                safe = Safe(identities)
                self._loaded[account.key] = identities, safe
        except ValueError:
            raise Misconfigured(
                f"the secret {account.secret} holds keys that are none", WRONG.format(secret=account.secret)
            ) from None
        return safe


def _identities(held: Mapping[str, Any]) -> Iterator[Identity]:
    """Those that sign, then those that were replaced, which still open what is old. Raises ValueError."""
    yield _identity(held["x_keys"])
    former = held.get("x_keys_former")
    for one in former if isinstance(former, list) else []:
        yield _identity(one)


def _identity(held: object) -> Identity:
    fields = held if isinstance(held, dict) else {}
    user, version, encoded = (trimmed(fields.get(name)) for name in ("user_id", "version", "identity"))
    try:
        blob = base64.b64decode(encoded, validate=True)
    except binascii.Error as error:
        raise ValueError("not base64") from error
    if not (user.isdigit() and version.isdigit() and len(blob) == BLOB):
        raise ValueError("not an identity")
    return Identity(user, version, blob)


def _chat(identity: Identity) -> Chat:
    from chat_xdk import Chat  # megabytes that nobody loads whose accounts have no keys

    chat = Chat()
    chat.import_keys(identity.blob, version=identity.version)
    chat.set_identity(identity.user, identity.version)
    return chat


def _root(identity: Identity) -> bytes:
    """From which the keys are made by which the bridge keeps what it remembers: of no use at X."""
    return hmac.digest(identity.blob, _CONTEXT, hashlib.sha256)


def _key(root: bytes, of: Conversation, name: str) -> bytes:
    return hmac.digest(root, f"{of.key}\0{name}".encode(), hashlib.sha256)


def dimensions(file: bytes) -> tuple[int, int]:
    """Width and height of a picture (pixels), 0 of what is none, or of a kind that the library does not know."""
    from chat_xdk import detect_image_dimensions

    return detect_image_dimensions(file) or (0, 0)


def _pieces(file: bytes) -> Iterable[bytes]:
    return (file[at : at + PIECE] for at in range(0, len(file), PIECE))


def _said(work: Callable[[], Made]) -> Made:
    try:
        return work()
    except ValueError as error:
        text = str(error)
        raise Unreadable(next((wrong for part, wrong in _WRONG if part in text), "malformed"), text) from None
