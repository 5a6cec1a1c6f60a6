"""A customer's phone, and the brand's other one: what they say is really encrypted, by X's own library.

The library makes what a sender sends; X puts it into the event that others receive, which is made here by hand. It is a
Thrift struct in the binary protocol: docs of github.com/xdevplatform/chat-xdk.
"""

from __future__ import annotations

import base64
import struct
from collections.abc import Mapping
from typing import Any

import msgspec
from chat_xdk import Chat, SendPayload

FIRST_SEQUENCE = 2_300_000_000_000_000_000


def text(field: int, value: str | bytes) -> bytes:
    """A field of a struct."""
    data = value.encode() if isinstance(value, str) else value
    return b"\x0b" + struct.pack(">hi", field, len(data)) + data


def nested(field: int, whole: bytes) -> bytes:
    """A field that is a struct, with its end."""
    return b"\x0c" + struct.pack(">h", field) + whole


def decoded(encoded: str) -> bytes:
    return base64.b64decode(encoded + "=" * (-len(encoded) % 4))


class Phone:
    """Somebody who writes in encrypted conversations."""

    def __init__(self, user: str, version: str) -> None:
        self.user, self.version = user, version
        made = Chat()
        self._public = made.generate_keypairs().public_key
        exported = made.export_keys()
        assert exported is not None
        self.blob = bytes(exported)
        self.chat = Chat()
        self.chat.import_keys(self.blob, version=version)
        self.chat.set_identity(user, version)

    @property
    def identity(self) -> dict[str, str]:
        """As the brand's secret holds it."""
        return {"user_id": self.user, "version": self.version, "identity": base64.b64encode(self.blob).decode()}

    @property
    def row(self) -> dict[str, Any]:
        """As X tells it of a person's public keys."""
        return {
            "public_key_version": self.version,
            "public_key": self._public.public_key,
            "signing_public_key": self._public.signing_public_key,
            "identity_public_key_signature": self._public.identity_public_key_signature,
        }

    @property
    def wrapping(self) -> dict[str, str]:
        """As the library takes it to wrap a key for them."""
        return {"user_id": self.user, "public_key": self._public.public_key, "key_version": self.version}


class Talk:
    """A conversation as X has it: who is in it, its newest key, and how many events there were."""

    def __init__(self, *people: Phone, group: str = "", at_ms: int = 1_800_000_000_000) -> None:
        self.people = list(people)
        self.id = group or ":".join(sorted((one.user for one in people), key=int))
        self.sequence = FIRST_SEQUENCE
        self.version, self.key = "", b""
        self.at_ms = at_ms

    def count(self) -> str:
        self.sequence += 1
        return str(self.sequence)

    def event(self, by: Phone, message: str, detail: bytes, signature: bytes = b"", sequence: str = "") -> str:
        """The event as others receive it."""
        whole = text(1, sequence or self.count()) + text(2, message) + text(3, by.user) + text(4, self.id)
        whole += text(6, str(self.at_ms)) + nested(7, detail) + (nested(9, signature) if signature else b"")
        return base64.b64encode(whole + b"\0").decode()

    def sent(self, by: Phone, made: SendPayload, sequence: str = "") -> str:
        """What somebody has sealed, as others receive it."""
        detail = nested(1, decoded(made.encrypted_content)) + b"\0"
        return self.event(by, made.message_id, detail, decoded(made.encoded_event_signature), sequence)

    def action(self, by: Phone, signed: Mapping[str, str]) -> str:
        """What is signed, and not sealed: a change of keys, that messages are taken back."""
        signature = text(1, signed["signature"]) + text(2, signed["public_key_version"])
        signature += text(3, signed["signature_version"]) + b"\0"
        return self.event(by, signed["message_id"], decoded(signed["encoded_message_event_detail"]), signature)

    def change_key(self, by: Phone, to: list[Phone] | None = None) -> str:
        """A new key, which all write under from now on: the event that hands it out."""
        wrapped = [one.wrapping for one in (self.people if to is None else to)]
        change = by.chat.prepare_conversation_key_change(wrapped, conversation_id=self.id)
        self.version, self.key = change["conversation_key_version"], bytes(change["conversation_key"])
        return self.action(by, change["action_signatures"][0])

    @property
    def sealing(self) -> dict[str, Any]:
        """What everything is sealed with."""
        return {"conversation_key": self.key, "conversation_key_version": self.version}

    def say(self, by: Phone, words: str, **more: Any) -> str:
        return self.sent(by, by.chat.encrypt_message(self.id, words, **self.sealing, **more))


def number_of(event: str) -> str:
    """The server's count of the event, which is its first text."""
    body = decoded(event)
    return body[7 : 7 + int.from_bytes(body[3:7], "big")].decode()


def delivery(talk: Talk, event: str, change: str = "", *, brand: str, own: bool = False, **more: str) -> bytes:
    """The body of a webhook: docs.x.com/x-api/activity/event-payloads."""
    payload: dict[str, Any] = {"encoded_event": event, "conversation_id": talk.id} | more
    if change:
        payload["conversation_key_change_event"] = change
    data = {
        "event_uuid": "-1",
        "filter": {"user_id": brand},
        "event_type": "chat.sent" if own else "chat.received",
        "payload": payload,
    }
    return msgspec.json.encode({"data": data})
