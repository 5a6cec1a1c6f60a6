"""The conversations a simulated Genesys Cloud organisation holds, and how its API shows them."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from typing import Any

from sandbox.stage.clock import iso

_STATUS_OF_RECEIPT = {"delivered": "delivery-success", "failed": "delivery-failed"}


class NotFound(KeyError):
    """Nothing known under that id."""


class ConversationDead(Exception):
    """The conversation failed or is over: no more can be sent in it."""


@dataclass
class StoredMessage:
    """One message of a conversation; `at` in epoch seconds, `normalized` as the API shows it."""

    id: str
    conversation_id: str
    at: float
    outbound: bool
    normalized: dict[str, Any]
    receipts: list[dict[str, Any]] = field(default_factory=list)

    @property
    def status(self) -> str:
        if not self.outbound:
            return "received"
        if not self.receipts:
            return "sent"
        return _STATUS_OF_RECEIPT[str(self.receipts[-1]["status"]).lower()]

    def details(self) -> dict[str, Any]:
        """As MessageDetails, the entry in a participant's `messages`."""
        entry = {
            "messageId": self.id,
            "messageURI": f"/api/v2/conversations/messages/{self.id}/details",
            "messageStatus": self.status,
            "messageTime": iso(self.at),
        }
        reasons = self.receipts[-1].get("reasons") if self.receipts else None
        if not reasons:
            return entry
        # developer.genesys.cloud/forum/t/30668: agents do not see the reason, it is found here
        return entry | {"errorInfo": {"code": reasons[0]["code"], "message": reasons[0]["message"]}}

    def data(self) -> dict[str, Any]:
        """As MessageData, the answer of the details and bulk calls."""
        channel = self.normalized["channel"]
        return {
            "id": self.id,
            "providerMessageId": channel.get("messageId"),
            "timestamp": iso(self.at),
            "fromAddress": channel["from"]["id"],
            "toAddress": channel["to"]["id"],
            "direction": "outbound" if self.outbound else "inbound",
            "messengerType": "open",
            "status": self.status,
            "normalizedMessage": self.normalized,
            "normalizedReceipts": self.receipts,
            "conversationId": self.conversation_id,
        }


@dataclass
class Conversation:
    """A thread with one customer on one integration; `started` and `ended` in epoch seconds.

    `state`: "connected", "disconnected" by the agent, or "failed" with its webhook. `priority` is what it has in the
    queue.
    """

    id: str
    integration_id: str
    customer: dict[str, Any]
    started: float
    state: str = "connected"
    ended: float | None = None
    priority: int = 0
    attributes: dict[str, str] = field(default_factory=dict)
    messages: list[StoredMessage] = field(default_factory=list)
    customer_participant: str = field(default_factory=lambda: str(uuid.uuid4()))
    agent_participant: str = field(default_factory=lambda: str(uuid.uuid4()))
    acd_participant: str = field(default_factory=lambda: str(uuid.uuid4()))

    @property
    def in_queue(self) -> bool:
        """Whether it waits for an agent: none has written in it."""
        agents = (one for one in self.messages if one.outbound and one.normalized.get("originatingEntity") != "Bot")
        return self.state == "connected" and not any(agents)

    def disconnect(self, now: float) -> None:
        self.state, self.ended = "disconnected", now

    def customer_end(self) -> dict[str, Any]:
        """The event of its end, as CustomerEndDetailEventTopicCustomerEndEvent."""
        return {
            "eventTime": int((self.ended or 0.0) * 1000),
            "conversationId": self.id,
            "participantId": self.customer_participant,
            "disconnectType": "PEER",
            "mediaType": "MESSAGE",
            "messageType": "OPEN",
            "direction": "INBOUND",
            "addressTo": self.integration_id,
            "addressFrom": self.customer["id"],
        }

    def summary(self) -> dict[str, Any]:
        """For inspection by a test."""
        return {
            "id": self.id,
            "integration_id": self.integration_id,
            "customer": self.customer,
            "state": self.state,
            "attributes": dict(self.attributes),
            "priority": self.priority,
            "receipts": {m.id: list(m.receipts) for m in self.messages if m.outbound},
        }

    def view(self) -> dict[str, Any]:
        """As MessageConversation."""
        sides = [self._participant("customer")]
        if any(message.outbound for message in self.messages):
            sides.append(self._participant("agent"))
        if self.in_queue:
            sides.append(
                {"id": self.acd_participant, "purpose": "acd", "state": "connected", "startTime": iso(self.started),
                 "conversationRoutingData": {"priority": self.priority}}
            )  # fmt: skip
        return {
            "id": self.id,
            "participants": sides,
            "selfUri": f"/api/v2/conversations/messages/{self.id}",
        }

    def _participant(self, purpose: str) -> dict[str, Any]:
        customer = purpose == "customer"
        sent = [message.details() for message in self.messages if message.outbound is not customer]
        over = {} if self.ended is None else {"endTime": iso(self.ended), "disconnectType": "client"}
        return over | {
            "id": self.customer_participant if customer else self.agent_participant,
            "purpose": purpose,
            "state": "connected" if self.state == "connected" else "disconnected",
            "direction": "inbound" if customer else "outbound",
            "type": "open",
            "startTime": iso(self.started),
            "attributes": dict(self.attributes) if customer else {},
            "fromAddress": {"addressRaw": self.customer["id"] if customer else self.integration_id},
            "toAddress": {"addressRaw": self.integration_id if customer else self.customer["id"]},
            "messages": sent,
        }


class Store:
    """Conversations and messages by id. Not thread-safe: the simulator holds a lock around it."""

    def __init__(self) -> None:
        self.conversations: dict[str, Conversation] = {}
        self.messages: dict[str, StoredMessage] = {}
        self._open: dict[tuple[str, str], str] = {}
        self._provider_ids: set[tuple[str, str]] = set()

    def conversation(self, conversation_id: str) -> Conversation:
        try:
            return self.conversations[conversation_id]
        except KeyError:
            raise NotFound(conversation_id) from None

    def message(self, message_id: str, *, outbound: bool | None = None) -> StoredMessage:
        """The message of that id (and direction); NotFound otherwise."""
        found = self.messages.get(message_id)
        if found is None or outbound not in (None, found.outbound):
            raise NotFound(message_id)
        return found

    def current(self, integration_id: str, customer_id: str) -> Conversation | None:
        """The conversation a customer's next message joins: same integration, same from.id, still connected."""
        found = self.conversations.get(self._open.get((integration_id, customer_id), ""))
        return found if found and found.state == "connected" else None

    def open(self, integration_id: str, customer: dict[str, Any], now: float) -> Conversation:
        """The customer's current conversation, or a new one."""
        found = self.current(integration_id, customer["id"])
        if found is None:
            found = Conversation(str(uuid.uuid4()), integration_id, customer, now)
            self.conversations[found.id] = found
            self._open[integration_id, customer["id"]] = found.id
        return found

    def add(self, message: StoredMessage) -> None:
        self.messages[message.id] = message
        self.conversation(message.conversation_id).messages.append(message)

    def seen(self, integration_id: str, provider_id: str | None) -> bool:
        """Whether the sender used this channel.messageId before; remembers it."""
        if provider_id is None:
            return False
        known = (integration_id, provider_id) in self._provider_ids
        self._provider_ids.add((integration_id, provider_id))
        return known
