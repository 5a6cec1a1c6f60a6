"""What opens an encrypted conversation: its keys, of every version, and the public keys of those who write in it.

Versions are X's clock (ms), so that two conversations may have keys of one version: a ring holds those of one. A key
that was handed out is not yet one that somebody has signed for: nothing is sent under a key that is not verified.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from chalicelib.channels.x.api import Api
from chalicelib.channels.x.heads import Head, head_of
from chalicelib.channels.x.schema import conversation_of, other_party
from chalicelib.channels.x.sealing import Row, Safe, Unreadable
from chalicelib.errors import Malformed, Refused
from chalicelib.fields import Fields
from chalicelib.protocols.memory import Memory, of_account
from chalicelib.vocabulary.records import Account, Conversation

CHATS = "/2/chat/conversations"
# docs.x.com/xchat: a value that X does not know fails the whole request
EVENT_FIELDS = (
    "conversation_id,conversation_token,created_at,encoded_event,id,is_trusted,message_event_signature,previous_id,"
    "sender_id"
)
KEY_FIELDS = "public_key_version,public_key,signing_public_key,identity_public_key_signature"
PAGE = 100
READ_S = 4.0
# Longer than a conversation rests; a key that is gone comes again with X's next delivery, or from its history.
KEYS_S = 60 * 86_400.0
ROWS_S = 86_400.0
RING = "ring/"
# Each costs a quarter of a millisecond at every message: nobody makes so many keys within what is still read.
MOST_ROWS = 24
LONGEST_NUMBER = 20


class Key(msgspec.Struct, frozen=True):
    """A conversation's key, and whether the change that handed it out is signed by somebody who may."""

    key: bytes
    verified: bool


class Newest(msgspec.Struct, frozen=True, kw_only=True):
    """Of the customer's newest message that was opened: the server's count of it, its key's version, and the token that
    X wants back with an answer ("" where it gave none)."""

    sequence: str
    version: str
    token: str = ""


class History(msgspec.Struct, frozen=True, kw_only=True):
    """A page of a conversation: its events as they are encoded, and the changes of keys that X keeps beside them;
    `whole` tells whether these are all."""

    events: tuple[str, ...]
    changes: tuple[str, ...]
    whole: bool


class Ring:
    """What is held of one conversation: its keys by their versions, who may sign in it (of `asked`, X has just told),
    and the customer's newest message."""

    def __init__(self) -> None:
        self.held: dict[str, Key] = {}
        self.rows: dict[str, list[Row]] = {}
        self.asked: set[str] = set()
        self.newest: Newest | None = None

    @property
    def keys(self) -> dict[str, bytes]:
        """All of them, to read with: what is read has to be signed itself."""
        return {version: one.key for version, one in self.held.items()}

    def trusts(self, version: str) -> bool:
        """Whether that key is verified."""
        held = self.held.get(version)
        return held is not None and held.verified

    def to_send(self) -> tuple[str, bytes] | None:
        """The version and the key to send under: the highest that is verified, else that of the customer's newest
        message, who has signed something under it; None where there is neither."""
        verified = [version for version, one in self.held.items() if one.verified]
        version = max(verified, key=numeric) if verified else self.newest.version if self.newest else ""
        return (version, self.held[version].key) if version in self.held else None


def numeric(number: str) -> tuple[int, str]:
    """By which X's versions and counts, which are digits, are compared."""
    return len(number), number


def path_of(thread: str) -> str:
    """The conversation as X's addresses have it, where no colon may stand. github.com/vercel/chat: its media are found
    under no other form."""
    return f"{CHATS}/{thread.replace(':', '-')}"


class Keyrings:
    """Reads the rings, adds to them, and knows who may sign."""

    def __init__(self, api: Api, memory: Memory) -> None:
        self._api = api
        self._memory = memory

    def ring(self, safe: Safe, of: Conversation) -> Ring:
        """What is held of the conversation, by one read. Raises Retryable."""
        ring = Ring()
        for name, value in self._memory.under(of, RING).items():
            _, kind, key = name.split("/", 2)
            if kind == "rows":
                ring.rows[key] = msgspec.json.decode(value, type=list[Row])
            elif (opened := safe.unshut(of, name, value)) is None:
                continue
            elif kind == "key":
                ring.held[key] = msgspec.json.decode(opened, type=Key)
            else:
                ring.newest = msgspec.json.decode(opened, type=Newest)
        return ring

    # --- a conversation's keys

    def learn(self, account: Account, safe: Safe, of: Conversation, ring: Ring, changes: Sequence[str]) -> bool:
        """Takes what the changes of keys hand out, each by itself, and keeps it; whether that was anything new.
        Raises Retryable."""
        new = False
        for change in changes:
            head = head_within(account, of, change)
            if head is None:
                continue
            found = list(safe.unwrapped(change, self.rows(account, of, ring, head.sender)))
            if head.sender not in ring.asked and not all(verified for _, _, verified in found):
                found = list(safe.unwrapped(change, self.rows(account, of, ring, head.sender, anew=True)))
            for version, key, verified in found:
                if is_number(version) and not ring.trusts(version):
                    new |= self.add(safe, of, ring, version, Key(key, verified))
        return new

    def add(self, safe: Safe, of: Conversation, ring: Ring, version: str, key: Key) -> bool:
        """Keeps a key; whether that was anything new. A verified one takes the place of one that is not, never the
        other way round. Raises Retryable."""
        if ring.held.get(version) == key:
            return False
        name = f"{RING}key/{version}"
        value = safe.shut(of, name, msgspec.json.encode(key))
        if key.verified:
            self._memory.keep(of, name, value, KEYS_S)
        else:
            opened = safe.unshut(of, name, self._memory.keep_first(of, name, value, KEYS_S))
            if opened is None:  # it was kept with keys that the account no longer has
                self._memory.keep(of, name, value, KEYS_S)
            else:
                key = msgspec.json.decode(opened, type=Key)
        ring.held[version] = key
        return True

    def note(self, safe: Safe, of: Conversation, ring: Ring, newest: Newest) -> None:
        """Remembers the customer's newest message, unless a newer one is known. Raises Retryable."""
        known = ring.newest
        if is_number(newest.sequence) and (known is None or numeric(known.sequence) < numeric(newest.sequence)):
            name = f"{RING}newest/"
            self._memory.keep(of, name, safe.shut(of, name, msgspec.json.encode(newest)), KEYS_S)
            ring.newest = newest

    # --- who may sign

    def rows(self, account: Account, of: Conversation, ring: Ring, user: str, *, anew: bool = False) -> list[Row]:
        """The person's keys as X tells them, the newest first, remembered for a day unless they are wanted `anew`; none
        where X knows of none. Raises as the API's calls do."""
        if not is_number(user):
            return []
        if user in ring.rows and not anew:
            return ring.rows[user]
        own, name = user == account.id, f"{RING}rows/{user}"
        held = self._memory.get(of_account(account), name) if own and not anew else None
        if held is None:
            held = msgspec.json.encode(self._asked(account, user))
            ring.asked.add(user)
            self._memory.keep(of_account(account) if own else of, name, held, ROWS_S)
        ring.rows[user] = msgspec.json.decode(held, type=list[Row])
        return ring.rows[user]

    def _asked(self, account: Account, user: str) -> list[Row]:
        query = {"public_key.fields": KEY_FIELDS}
        try:
            told = self._api.get(
                "history", account, "public_keys", f"/2/users/{user}/public_keys", query, read_s=READ_S
            )
        except Refused as no:
            if no.reason != "wrong_person":
                raise
            return []
        rows = [row for one in Fields(told).each("data") if (row := _row(user, one))]
        return sorted(rows, key=lambda row: numeric(row["public_key_version"]), reverse=True)[:MOST_ROWS]

    # --- what X's history tells

    def history(self, account: Account, thread: str) -> History:
        """The newest page of the conversation; an empty one where X knows of none. Raises as the API's calls do."""
        query = {"max_results": str(PAGE), "chat_message_event.fields": EVENT_FIELDS}
        try:
            told = self._api.get("history", account, "chat_events", f"{path_of(thread)}/events", query, read_s=READ_S)
        except Refused as no:
            if no.reason != "wrong_person":
                raise
            return History(events=(), changes=(), whole=True)
        page = Fields(told)
        meta = page.at("meta")
        changes = meta.value("conversation_key_events")
        return History(
            events=tuple(encoded for one in page.each("data") if (encoded := one.text("encoded_event"))),
            changes=tuple(one for one in changes if isinstance(one, str)) if isinstance(changes, list) else (),
            whole=not meta.has("next_token"),
        )


def read(keyrings: Keyrings, account: Account, safe: Safe, of: Conversation, ring: Ring, event: str) -> dict[str, Any]:
    """What the event says, under the keys that are there; who may sign is asked for anew once where nobody is known.
    Raises Unreadable, and as the API's calls do."""
    sender = head_of(event).sender
    try:
        return safe.read(event, ring.keys, keyrings.rows(account, of, ring, sender))
    except Unreadable as no:
        if no.wrong != "no_signer" or sender in ring.asked:
            raise
    return safe.read(event, ring.keys, keyrings.rows(account, of, ring, sender, anew=True))


def head_within(account: Account, of: Conversation, event: str) -> Head | None:
    """The event's head; None where it has none, or belongs to another conversation, or is by somebody who is not in
    this one: all three are signed, and a signature by itself says nothing of them."""
    try:
        head = head_of(event)
    except Malformed:
        return None
    if not is_number(head.sender):
        return None
    group = of.customer.startswith("g")
    here = other_party(conversation_of(head.conversation), account.id) == of.customer
    return head if here and (group or head.sender in {account.id, of.customer}) else None


def is_number(text: str) -> bool:
    """Whether it can be a version, or a count, of X's."""
    return text.isascii() and text.isdigit() and len(text) <= LONGEST_NUMBER


def _row(user: str, one: Fields) -> Row:
    """As the library takes it; nothing of one that lacks something."""
    row = {
        "user_id": user,
        "public_key_version": one.text("public_key_version"),
        "public_key": one.text("signing_public_key"),
        "identity_public_key": one.text("public_key"),
        "identity_public_key_signature": one.text("identity_public_key_signature"),
    }
    return row if all(row.values()) else {}
