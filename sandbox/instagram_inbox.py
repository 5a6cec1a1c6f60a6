"""What a simulated Instagram remembers of the webhooks it delivered, and the events it makes itself."""

from __future__ import annotations

import base64
import hashlib
import itertools
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

_SERIAL = itertools.count(1)


@dataclass
class Comment:
    """A comment that may get one private reply; `at` in epoch seconds."""

    author: str
    at: float
    answered: bool = False


@dataclass
class Inbox:
    """Who wrote when (epoch seconds, by account and customer), which comments and messages exist."""

    wrote: dict[tuple[str, str], float] = field(default_factory=dict)
    comments: dict[str, Comment] = field(default_factory=dict)
    messages: dict[str, dict[str, Any]] = field(default_factory=dict)

    def note(self, payload: Any, now: float) -> None:
        """Learn from a webhook about to be delivered; whatever its shape, it never fails."""
        for entry in objects(payload, "entry"):
            account = str(entry.get("id", ""))
            for event in itertools.chain(objects(entry, "messaging"), objects(entry, "standby")):
                self._note_event(account, event, now)
            for change in itertools.chain(objects(entry, "changes"), [entry]):
                self._note_comment(change, now)

    def _note_event(self, account: str, event: dict[str, Any], now: float) -> None:
        customer = _id(event.get("sender"))
        message = event.get("message")
        if not customer or customer == account:
            return
        if isinstance(message, dict) and not message.get("is_echo") and not message.get("is_deleted"):
            self.wrote[account, customer] = now
            self.messages[str(message.get("mid"))] = {
                "from": {"id": customer},
                "to": {"data": [{"id": account}]},
                "message": message.get("text", ""),
                "at": now,
            }
        elif isinstance(event.get("postback"), dict):
            self.wrote[account, customer] = now

    def _note_comment(self, change: dict[str, Any], now: float) -> None:
        value = change.get("value")
        if change.get("field") in ("comments", "live_comments") and isinstance(value, dict):
            comment_id = str(value.get("id") or value.get("comment_id"))
            self.comments.setdefault(comment_id, Comment(_id(value.get("from")), now))


def objects(parent: Any, key: str) -> Iterator[dict[str, Any]]:
    """The objects in the list under `key`, or nothing when there is no such list."""
    found = parent.get(key) if isinstance(parent, dict) else None
    return (item for item in found if isinstance(item, dict)) if isinstance(found, list) else iter(())


def _id(person: Any) -> str:
    return str(person.get("id", "")) if isinstance(person, dict) else ""


def new_mid(account: str, customer: str) -> str:
    """A message id of the real form: base64 of ids, where Z is written ZA and = is written ZD."""
    digest = int(hashlib.sha256(f"{account}:{customer}".encode()).hexdigest(), 16)
    thread = f"340282366841710301{digest % 10**21:021d}"
    item = f"32334096996488393{next(_SERIAL):018d}"
    inner = f"ig_dm_item:1:IGMessageID:{account}:{thread}:{item}"
    return base64.b64encode(inner.encode()).decode().replace("Z", "ZA").replace("=", "ZD")


def webhook(account: str, sender: str, recipient: str, message: dict[str, Any], now: float) -> bytes:
    """A `messages` webhook as Meta writes it: escaped to ASCII, slashes too. `now` in epoch seconds."""
    at = int(now * 1000)
    event = {
        "sender": {"id": sender},
        "recipient": {"id": recipient},
        "timestamp": at,
        "message": message,
    }
    payload = {"object": "instagram", "entry": [{"time": at, "id": account, "messaging": [event]}]}
    return json.dumps(payload, separators=(",", ":")).replace("/", "\\/").encode()


def echo_of(mid: str, message: dict[str, Any]) -> dict[str, Any]:
    """The echo of a message that was sent: the same mid, marked is_echo."""
    sent = message.get("attachments") or [message[key] for key in ("attachment",) if key in message]
    echo: dict[str, Any] = {"mid": mid}
    if "text" in message:
        echo["text"] = message["text"]
    if sent:
        echo["attachments"] = sent
    return echo | {"is_echo": True}
