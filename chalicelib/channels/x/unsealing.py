"""What comes in X's encrypted conversations, opened with the account's keys.

In this order: the keys that are remembered; what the delivery hands out; X's history of the conversation, once. Nothing
in X's API tells of a key that comes late, so whoever waits for one asks again, and not for long.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import msgspec

from chalicelib.channels.x.about import ABOUT
from chalicelib.channels.x.api import Api
from chalicelib.channels.x.contents import Opened, Said, begins_of, happened
from chalicelib.channels.x.heads import Head, head_of
from chalicelib.channels.x.keyring import Keyrings, Newest, Ring, head_within, is_number, read
from chalicelib.channels.x.schema import opened as delivered
from chalicelib.channels.x.sealing import ADVICE, Safe, Safes, Unreadable
from chalicelib.credentials import Secrets
from chalicelib.errors import Malformed, Refused, Retryable
from chalicelib.fields import Fields
from chalicelib.http import Outgoing
from chalicelib.protocols.memory import Memory
from chalicelib.protocols.unsealing import NoKeys, Unopened
from chalicelib.vocabulary.messages import CustomerEvent, Sealed
from chalicelib.vocabulary.records import Account, Conversation

# As long as a claim: what is about a message may come that long after it (s).
SAID_S = 30 * 86_400.0
NAMES_S = 7 * 86_400.0
OPTIONAL_S = 2.0
# A key of the same version that somebody has signed for may open what one that nobody has signed for does not.
_FOR_WANT_OF_A_KEY = {"no_key", "corrupted"}


class XUnsealing:
    """Implements `protocols.unsealing.Unsealing`."""

    def __init__(self, api: Api, safes: Safes, memory: Memory) -> None:
        self._api = api
        self._safes = safes
        self._memory = memory
        self._keyrings = Keyrings(api, memory)

    def opened(self, account: Account, sealed: Sealed) -> list[CustomerEvent]:
        """See the protocol. Raises Refused, too, where X lets nobody read what is missing."""
        safe = self._safes.of(account)
        if safe is None:
            raise NoKeys(ADVICE.format(id=account.id))
        payload = _payload(sealed)
        event = payload.text("encoded_event")
        head = head_within(account, sealed.conversation, event)
        if head is None:
            raise Unopened("foreign" if _is_event(event) else "malformed")
        ring = self._keyrings.ring(safe, sealed.conversation)
        told = Fields(self._read(account, safe, sealed, ring, payload, event))
        self._remember(safe, sealed, ring, payload, told, own=head.sender == account.id)
        return happened(
            Opened(
                sealed=sealed,
                event=told,
                own=head.sender == account.id,
                writer=self._writer(account, sealed.conversation, head),
                said=lambda sequence: said(self._memory, safe, sealed.conversation, sequence),
            )
        )

    # --- keys

    def _read(
        self, account: Account, safe: Safe, sealed: Sealed, ring: Ring, payload: Fields, event: str
    ) -> dict[str, Any]:
        """What the event says. Raises Unopened, or Retryable while a key may still come."""
        of = sealed.conversation
        sources = self._sources(account, safe, of, ring, sealed.thread, payload)
        while True:
            try:
                told = read(self._keyrings, account, safe, of, ring, event)
            except Unreadable as no:
                if no.wrong in _FOR_WANT_OF_A_KEY and any(source() for source in sources):
                    continue
                raise _final(no) from None
            if told.get("type") == "KeyChange":
                self._keyrings.learn(account, safe, of, ring, [event])
            return told

    def _sources(
        self, account: Account, safe: Safe, of: Conversation, ring: Ring, thread: str, payload: Fields
    ) -> Iterator[Callable[[], bool]]:
        """From where keys may come, each asked once: whether it had any that are new."""
        change = payload.text("conversation_key_change_event")
        if change:
            yield lambda: self._keyrings.learn(account, safe, of, ring, [change])
        yield lambda: self._keyrings.learn(account, safe, of, ring, self._keyrings.history(account, thread).changes)

    # --- what is remembered

    def _remember(self, safe: Safe, sealed: Sealed, ring: Ring, payload: Fields, told: Fields, *, own: bool) -> None:
        """What an answer needs, and what names the message to those that are about it. Raises Retryable."""
        of, sequence = sealed.conversation, told.text("sequence_id")
        if told.text("type") != "Message":
            return
        if told.at("content").text("content_type") == "Text":
            words = begins_of(told.at("content").text("text"))
            one = Said(id=told.text("id"), sender=told.text("sender_id"), words=words)
            remember_said(self._memory, safe, of, sequence, one)
        if not own and told.flag("verified") is True:
            token = payload.text("conversation_token")
            newest = Newest(sequence=sequence, version=told.text("key_version"), token=token)
            self._keyrings.note(safe, of, ring, newest)

    # --- who writes

    def _writer(self, account: Account, of: Conversation, head: Head) -> str:
        """How the sender is called, in a group; "" in a conversation of two."""
        if not of.customer.startswith("g") or head.sender == account.id:
            return ""
        name = f"name/{head.sender}"
        with suppress(Retryable, Refused):
            held = self._memory.get(of, name)
            if held is None:
                asked = self._api.get(
                    "profile", account, "users", f"/2/users/{head.sender}", {"user.fields": "name,username"}, OPTIONAL_S
                )
                user = Fields(asked).at("data")
                handle = f"@{user.text('username')}" if user.text("username") else ""
                both = f"{user.text('name').strip()} ({handle})" if handle and user.text("name").strip() else ""
                held = (both or handle or user.text("name").strip() or head.sender).encode()
                self._memory.keep(of, name, held, NAMES_S)
            return held.decode()
        return head.sender


def said(memory: Memory, safe: Safe, of: Conversation, sequence: str) -> Said | None:
    """The conversation's message of that count, None where it is not remembered, or cannot be asked for now."""
    if not is_number(sequence):
        return None
    name = f"said/{sequence}"
    try:
        held = memory.get(of, name)
    except Retryable:
        return None
    value = safe.unshut(of, name, held) if held is not None else None
    return msgspec.json.decode(value, type=Said) if value is not None else None


def remember_said(memory: Memory, safe: Safe, of: Conversation, sequence: str, one: Said) -> None:
    """Remembers the message by the server's count of it; of two that claim one count, the first. Raises Retryable."""
    if is_number(sequence):
        name = f"said/{sequence}"
        memory.keep_first(of, name, safe.shut(of, name, msgspec.json.encode(one)), SAID_S)


def _payload(sealed: Sealed) -> Fields:
    try:
        return delivered(sealed.body).seen
    except Malformed:
        raise Unopened("malformed") from None


def _is_event(event: str) -> bool:
    try:
        head_of(event)
    except Malformed:
        return False
    return True


def _final(no: Unreadable) -> Exception:
    """What becomes of it that no source helps: keys and signers may be late at X."""
    if no.wrong in {"no_key", "no_signer"}:
        return Retryable(f"{ABOUT.title}: {no.wrong}")
    return Unopened(no.wrong)


def open_unsealing(
    http: Outgoing, secrets: Secrets, setting: Callable[[str], str], memory: Memory, clock: Callable[[], float], /
) -> XUnsealing:
    """See `Open`."""
    return XUnsealing(Api(http, secrets, setting, memory, clock), Safes(secrets), memory)
