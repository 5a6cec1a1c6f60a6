"""X Chat's conversations: encrypted by who writes, opened by who is written to. X itself only passes them on.

Source: docs.x.com/xchat, and what chatxdk 0.5.2 makes and takes.
"""

from __future__ import annotations

import base64
import secrets
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol

from sandbox.simulators.x import thrift
from sandbox.simulators.x.ids import Snowflakes, between, is_group, made_ms
from sandbox.simulators.x.keys import Holder, Keys
from sandbox.simulators.x.schema import (
    MOST_CHARACTERS,
    ActionSignature,
    ChatMessageBody,
    KeysBody,
    invalid,
    missing,
)
from sandbox.simulators.x.thrift import Signature

# Why X gives a message back to who sent it, as an event; the numbers are those that chatxdk reads.
FAILURES = {
    "InternalError": 2, "ContentsTooLarge": 3, "TooManyMessages": 4, "InvalidSenderSignature": 5,
    "NonLatestKeyVersion": 6, "RecipientNotTrusted": 7, "RecipientKeyChanged": 8, "OnlyEncryptedMessagesAllowed": 9,
    "FlaggedAsSpam": 11, "RateLimitUpsell": 12, "GenericError": 14, "SenderNotGroupMember": 15,
    "InvalidSignatureVersion": 16,
}  # fmt: skip
_SIGNED_WELL = "no matching key found"  # chatxdk looks at the signature first, and needs no key for that


class Payload(Protocol):
    """What chatxdk's encrypt_… answers."""

    message_id: str
    encrypted_content: str
    encoded_event_signature: str
    signature: str
    conversation_key_version: str


class Entry(NamedTuple):
    """One event of a conversation: `opened` as a member's app reads it, {} where no app here can."""

    sequence_id: str
    message_id: str
    sender: str
    encoded: str
    created_ms: int
    previous: str
    key_version: str = ""
    signature: Signature | None = None
    opened: Mapping[str, Any] = {}


@dataclass
class Chat:
    """`keys` are the conversation's by their version, as the customers' apps know them, and `changes` the events that
    told of them, the oldest first. A `request` is a stranger's first message, which X tells nobody of."""

    id: str
    members: tuple[str, ...]
    token: str
    keys: dict[str, bytes] = field(default_factory=dict)
    changes: dict[str, str] = field(default_factory=dict)
    entries: list[Entry] = field(default_factory=list)
    request: bool = False

    @property
    def version(self) -> str:
        """Of the newest key, "" where there is none."""
        return max(self.keys, key=int, default="")

    def other(self, member: str) -> str:
        """With whom somebody talks here: another person, or the group."""
        return self.id if is_group(self.id) else next(one for one in self.members if one != member)

    def named(self, name: str) -> Entry | None:
        """The event of this message id or sequence id."""
        return next((one for one in self.entries if name in (one.message_id, one.sequence_id)), None)


@dataclass
class Chats:
    """By their ids. `pages` are what is answered of a conversation's events, where that
    was set. `fails` is the kind of failure that the next message of the brand's gets, "" for none."""

    keys: Keys
    ids: Snowflakes
    clock: Callable[[], float]
    fails: str = ""
    held: dict[str, Chat] = field(default_factory=dict)
    pages: dict[str, dict[str, Any]] = field(default_factory=dict)

    def between(self, account: str, other: str) -> Chat:
        """The account's conversation with somebody, or the group of that id; made where there is none."""
        identifier = between(account, other)
        members = (account,) if is_group(other) else (account, other)
        token = f"eyJhbGciOiJIUzI1NiJ9.{secrets.token_urlsafe(24)}.{secrets.token_urlsafe(12)}"
        return self.held.setdefault(identifier, Chat(identifier, members, token))

    def join(self, chat: Chat, member: str) -> None:
        """Somebody is in a group from now on: it gets another key."""
        if member not in chat.members:
            chat.members = (*chat.members, member)
            self.rotate(chat, member)

    def of(self, account: str, named: str) -> Chat:
        """The conversation that an address names; XError 404 where it is none of the account's."""
        chat = self.held.get(self.named(account, named))
        if chat is None or account not in chat.members:
            raise missing("conversation", named)
        return chat

    @staticmethod
    def named(account: str, named: str) -> str:
        """The id of the conversation that an address names: by the other, by both, or as a group."""
        return between(*named.split("-", 1)) if "-" in named else between(account, named)

    @staticmethod
    def peer(account: str, named: str) -> str:
        """The other one in an address."""
        return next((one for one in named.split("-", 1) if one != account), account)

    # --- members' apps

    def ready(self, chat: Chat, sender: str) -> tuple[Holder, bytes, str]:
        """A member's app, and the conversation's key, which it makes where nobody has."""
        holder = self.keys.of(sender)
        if not chat.keys:
            self.rotate(chat, sender)
        return holder, chat.keys[chat.version], chat.version

    def rotate(self, chat: Chat, sender: str) -> None:
        """A member's app makes a new key for all members, which X keeps as an event of its own."""
        holder = self.keys.of(sender)
        for member in chat.members:
            if not self.keys.rows(member):
                self.keys.of(member)  # whoever is written to is set up
        newest = {member: self.keys.newest(member) or {} for member in chat.members}
        rows = [
            {"user_id": member, "public_key": row["public_key"], "key_version": row["public_key_version"]}
            for member, row in newest.items()
        ]
        change = holder.chat.prepare_conversation_key_change(rows, conversation_id=chat.id)
        (action,) = change["action_signatures"]
        version = change["conversation_key_version"]
        signature = Signature(action["signature"], action["public_key_version"], action["signature_version"])
        detail = thrift.decoded(action["encoded_message_event_detail"])
        chat.changes[version] = self._event(chat, sender, action["message_id"], detail, signature)[1]
        chat.keys[version] = change["conversation_key"]

    def write(self, chat: Chat, sender: str, made: Payload) -> Entry:
        """A member's app sends what it has encrypted."""
        signature = Signature(made.signature, self.keys.of(sender).version)
        detail = thrift.message(thrift.decoded(made.encrypted_content))
        return self._entered(chat, sender, made.message_id, detail, signature, made.conversation_key_version)

    def tell(self, chat: Chat, sender: str, action: Mapping[str, str]) -> Entry:
        """A member's app tells what it has signed, and needs no encryption."""
        signature = Signature(action["signature"], action["public_key_version"], action["signature_version"])
        detail = thrift.decoded(action["encoded_message_event_detail"])
        return self._entered(chat, sender, action["message_id"], detail, signature, "")

    def read(self, chat: Chat, sender: str, until: str) -> Entry:
        """A member has seen all up to that sequence id."""
        holder, at_ms, identifier = self.keys.of(sender), int(self.clock() * 1000), str(uuid.uuid4())
        signed = f"MarkConversationReadEvent,{identifier},{sender},{chat.id},{until},{at_ms}"
        made = base64.b64encode(holder.chat.sign(signed.encode())).decode().rstrip("=")
        signature = Signature(made, holder.version)
        return self._entered(chat, sender, identifier, thrift.read(until, at_ms), signature, "")

    def type(self, chat: Chat, sender: str) -> Entry:
        """A member is writing; nothing of that stays."""
        identifier = str(uuid.uuid4())
        sequence_id, encoded = self._event(chat, sender, identifier, thrift.typing(), None)
        return Entry(sequence_id, identifier, sender, encoded, made_ms(sequence_id), "", opened={"type": "Typing"})

    def open(self, chat: Chat, encoded: str, sender: str) -> dict[str, Any]:
        """An event as a member's app reads it; {} where it cannot be read here."""
        try:
            opened: dict[str, Any] = self.keys.reader().decrypt_event(encoded, chat.keys, self.keys.signing(sender))
        except ValueError:
            return {}
        return opened

    def entry(self, chat: Chat, encoded: str, key_version: str = "") -> Entry | None:
        """An event that was made elsewhere, or is not kept; None where it is none."""
        try:
            head = thrift.head_of(encoded)
            ms = int(head.created_ms)
        except ValueError:
            return None
        opened = self.open(chat, encoded, head.sender)
        return Entry(head.sequence_id, head.message_id, head.sender, encoded, ms, "", key_version, opened=opened)

    # --- the brand's, through the API

    def take(self, chat: Chat, sender: str, body: ChatMessageBody) -> tuple[Entry, bool]:
        """The message as X keeps it, or its refusal; and whether it is new. XError where it is no message at all."""
        known = chat.named(body.message_id)
        if known:
            return known, False
        try:
            content = thrift.decoded(body.encoded_message_create_event)
            version = thrift.key_version_of(content)
            told = thrift.strings(thrift.decoded(body.encoded_message_event_signature or ""))
        except ValueError as error:
            raise invalid(f"encoded_message_create_event or its signature is no message: {error}") from error
        signature = Signature(told.get(1, ""), told.get(2, ""), told.get(3, ""))
        previous, encoded = self._event(chat, sender, body.message_id, thrift.message(content), signature)
        failed, self.fails = self.fails or self._refusal(chat, sender, encoded, version), ""
        if failed:
            detail = thrift.failure(FAILURES[failed])
            refused = self._event(chat, sender, body.message_id, detail, None, remembered=False)[1]
            return Entry(previous, body.message_id, sender, refused, 0, "", opened={"failure": failed}), False
        chat.request = False
        return self._kept(chat, sender, body.message_id, encoded, version, signature), True

    def change(self, chat: Chat, sender: str, body: KeysBody) -> str:
        """The brand's account makes a key; the sequence id. XError where the other side cannot open it."""
        (action, *_) = body.action_signatures
        encoded = self._event(chat, sender, action.message_id, _detail(action), _signature(action))[1]
        for reader in (self.keys.of(one) for one in chat.members if one != sender and self.keys.plays(one)):
            found = reader.chat.decrypt_events([encoded], self.keys.signing(sender))
            verified = [one["event"] for one in found["messages"] if one["event"].get("verified")]
            if not verified or body.conversation_key_version not in found["conversation_keys"]["keys"]:
                raise invalid(f"conversation_participant_keys: {found['errors']}")
            chat.keys |= found["conversation_keys"]["keys"]
        chat.changes[body.conversation_key_version] = encoded
        return thrift.head_of(encoded).sequence_id

    def act(self, chat: Chat, sender: str, action: ActionSignature) -> Entry:
        """What the brand's account has signed; XError where it has not."""
        encoded = self._event(chat, sender, action.message_id, _detail(action), _signature(action))[1]
        opened = self.open(chat, encoded, sender)
        if not opened.get("verified"):
            raise invalid("action_signatures: the signature is not the sender's")
        return self._kept(chat, sender, action.message_id, encoded, "", _signature(action))

    def _refusal(self, chat: Chat, sender: str, encoded: str, version: str) -> str:
        """Why X does not take it, "" where it does."""
        try:
            self.keys.reader().decrypt_event(encoded, {}, self.keys.signing(sender))
        except ValueError as error:
            if _SIGNED_WELL not in str(error):
                return "InvalidSenderSignature"
        if chat.version and version != chat.version:
            return "NonLatestKeyVersion"
        opened = self.open(chat, encoded, sender)
        if len(opened.get("content", {}).get("text", "")) > MOST_CHARACTERS:
            return "ContentsTooLarge"
        return ""

    # --- events

    def _entered(
        self, chat: Chat, sender: str, identifier: str, detail: bytes, signature: Signature | None, version: str
    ) -> Entry:
        encoded = self._event(chat, sender, identifier, detail, signature)[1]
        return self._kept(chat, sender, identifier, encoded, version, signature)

    def _event(
        self, chat: Chat, sender: str, identifier: str, detail: bytes, signature: Signature | None,
        *, remembered: bool = True,
    ) -> tuple[str, str]:  # fmt: skip
        """The event's sequence id, and the event as X delivers it."""
        sequence_id = self.ids.next()
        previous = chat.entries[-1].sequence_id if chat.entries and remembered else ""
        head = thrift.Head(sequence_id, identifier, sender, chat.id, str(made_ms(sequence_id)))
        signed = thrift.signed(signature) if signature else b""
        return sequence_id, thrift.event(head, chat.token, detail, signed, previous)

    def _kept(
        self, chat: Chat, sender: str, identifier: str, encoded: str, version: str, signature: Signature | None
    ) -> Entry:
        head = thrift.head_of(encoded)
        previous = chat.entries[-1].sequence_id if chat.entries else ""
        made = Entry(head.sequence_id, identifier, sender, encoded, int(head.created_ms), previous, version, signature)
        made = made._replace(opened=self.open(chat, encoded, sender))
        chat.entries.append(made)
        return made


def _detail(action: ActionSignature) -> bytes:
    try:
        return thrift.decoded(action.encoded_message_event_detail)
    except ValueError as error:
        raise invalid(f"encoded_message_event_detail: {error}") from error


def _signature(action: ActionSignature) -> Signature:
    told = action.message_event_signature
    return Signature(told.signature, told.public_key_version, told.signature_version)
