"""What the agents' desktop shows: conversations, their messages and what became of the answers, as events."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Literal

import msgspec

from chalicelib.desks.genesys.translate import TRANSLATOR
from chalicelib.vocabulary.records import Event
from chalicelib.vocabulary.replies import AgentMessage
from sandbox.simulators.genesys.store import Conversation, StoredMessage
from sandbox.stage.lines import line_of

Shown = dict[str, Any]
_ASKING = {"", "edited"}
_STATUS = {"received": "delivered", "sent": "sent", "delivery-success": "delivered", "delivery-failed": "failed"}


class Desktop:
    """Tells `show`; `channels` are the channels' names by integration id, `clock` answers epoch seconds."""

    def __init__(self, show: Callable[[Shown], None], clock: Callable[[], float], channels: Mapping[str, str]) -> None:
        self._show, self._clock, self._channels = show, clock, channels

    def message(self, conversation: Conversation, message: StoredMessage) -> None:
        said = message.normalized
        tap = next(iter(_contents(said, "buttonResponse")), {})
        told = {
            "kind": "reply" if message.outbound else "message",
            "id": message.id,
            "at_ms": int(message.at * 1000),
            "text": said.get("text") or tap.get("text", ""),
            "attachments": [_file(one) for one in _contents(said, "attachment")],
            "nickname": said["channel"]["from"].get("nickname", ""),
            "author": _author(said),
            "line": "" if message.outbound else _line(said),
            "status": _STATUS[message.status],
        }
        self._tell(conversation, told | (_offered(said) if message.outbound else {}))

    def receipt(self, conversation: Conversation, message: StoredMessage) -> None:
        reason: dict[str, str] = next(iter(message.receipts[-1].get("reasons") or []), {})
        told = {"kind": "receipt", "id": message.id, "status": _STATUS[message.status], "author": "bot"}
        self._tell(conversation, told | {"reason": reason.get("code", ""), "detail": reason.get("message", "")})

    def changed(self, conversation: Conversation) -> None:
        self._tell(conversation, {"kind": "conversation", "id": conversation.id})

    def typing(self, conversation: Conversation, author: Literal["customer", "human", "bot"]) -> None:
        self._tell(conversation, {"kind": "typing", "id": conversation.id, "author": author})

    def _tell(self, conversation: Conversation, told: Shown) -> None:
        """Every event tells where its conversation stands."""
        given = conversation.attributes.get("priority", "")  # what the flow reads as it transfers to the queue
        at_first = int(given) if given.isascii() and given.isdigit() else 0
        common = {
            "conversation_id": conversation.id,
            "channel": self._channels.get(conversation.integration_id, ""),
            "account": conversation.attributes.get("accountId", ""),
            "customer": conversation.customer["id"],
            "at_ms": int(self._clock() * 1000),
            "attributes": dict(conversation.attributes),
            # Genesys has no other way to go on with a conversation that has failed, so for agents it is over
            "state": "connected" if conversation.state == "connected" else "disconnected",
            "waiting_since_ms": _waiting_since_ms(conversation),
            "priority": conversation.priority or at_first,
        }
        self._show(common | told)


def _waiting_since_ms(conversation: Conversation) -> int:
    """When the customer wrote what nobody has answered yet, 0 where all is answered or over. A line of the bridge's
    own makes nobody wait, unless it brings new words of the customer's."""
    if conversation.state != "connected":
        return 0
    since = 0.0
    for message in reversed(conversation.messages):
        if message.outbound and message.normalized["type"] != "Event":
            break
        asks = not message.outbound and _line(message.normalized) in _ASKING
        since = message.at if asks else since
    return int(since * 1000)


def _line(said: Mapping[str, Any]) -> str:
    """Which line of the bridge's own an inbound message is, "" for a customer's: with what customers write the bridge
    tells participant data, with its own lines it tells none."""
    metadata = said["channel"].get("metadata")
    if metadata is None or metadata.get("customAttributes"):
        return ""
    return line_of(str(said.get("text", "")))


def _contents(said: dict[str, Any], name: str) -> list[dict[str, Any]]:
    found = (one.get(name) for one in said.get("content", []))
    return [one for one in found if isinstance(one, dict)]


def _author(said: dict[str, Any]) -> str:
    if said.get("direction") != "Outbound":
        return "customer"
    return "human" if said.get("originatingEntity") == "Human" else "bot"


def _file(attachment: dict[str, Any]) -> dict[str, str]:
    kind = str(attachment.get("mediaType", "File")).lower()
    mime, name = attachment.get("mime", ""), attachment.get("filename", "")
    return {"kind": kind, "url": str(attachment.get("url", "")), "mime": mime, "name": name}


def _offered(said: dict[str, Any]) -> Shown:
    """The choices and cards of a reply, as the bridge reads them."""
    raw = msgspec.Raw(msgspec.json.encode(said))
    event = Event(source="genesys", account="", party="", id=said["id"], received_ms=0, raw=raw)
    read = TRANSLATOR.parse(event)
    if not isinstance(read, AgentMessage):
        return {}
    return {"choices": msgspec.to_builtins(read.choices), "cards": msgspec.to_builtins(read.cards)}
