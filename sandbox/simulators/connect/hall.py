"""The chats of the simulated instance, as both APIs and its agents change them: each change is told to the chat's
topics, and to whoever watches."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from sandbox.simulators.connect.contacts import (
    ENDED,
    JOINED,
    LEFT,
    PLAIN,
    Chat,
    Chats,
    File,
    Item,
    Kind,
    Participant,
    Segment,
    Verdict,
    Visibility,
)
from sandbox.simulators.connect.instance import Instance
from sandbox.simulators.connect.streaming import Stream
from sandbox.simulators.connect.uploads import Shelf

Scanner = Literal["off", "approves", "rejects", "waits"]
SYSTEM_TEXT = (
    "The agent has disconnected. If the customer sends a message in the next 15 minutes, the chat will pick up where "
    "it left off."
)


@dataclass
class Switches:
    """What an administrator, or AWS, has decided, and what nobody has documented.

    `text_limit` is how many characters a text may have (1,024 until October 2026, 16,384 bytes since); `active_chats`
    the quota of chats that have not ended; `scanner` what the attachments' scanner finds ("waits": nothing, until it
    is told); `disconnect_flow` whether the sample flow runs when an agent ends a chat: it tells the customer, and
    holds the chat for 15 minutes; `unconnected_s` after how many seconds a chat ends whose customer never connected
    (0: it does not); `random_ids` whether items have UUIDv4 ids; `repeats` what a known ClientToken with other
    parameters gets; `throttles` whether the rates of the API count.
    """

    text_limit: int = 1024
    active_chats: int = 500
    scanner: Scanner = "approves"
    disconnect_flow: bool = False
    unconnected_s: float = 0.0
    random_ids: bool = False
    repeats: Literal["answers", "refuses"] = "answers"
    throttles: bool = True


class Watch(Protocol):
    """Who looks over the agents' shoulders."""

    def item(self, chat: Chat, item: Item) -> None:
        """Something was said or happened."""

    def changed(self, chat: Chat) -> None:
        """The chat began, ended, or went on elsewhere."""


class Unwatched:
    """Nobody looks."""

    def item(self, chat: Chat, item: Item) -> None:
        return None

    def changed(self, chat: Chat) -> None:
        return None


class Hall:
    """Who calls holds `lock`. `latest` is what was said or happened last, and in which chat."""

    def __init__(self, clock: Callable[[], float], instance: Instance, stream: Stream, url: str) -> None:
        self.clock, self.instance, self.stream = clock, instance, stream
        self.switches = Switches()
        self.lock = threading.RLock()
        self.chats = Chats(clock, lambda: self.switches.random_ids)
        self.shelf = Shelf(instance, url, clock)
        self.watch: Watch = Unwatched()
        self.latest: tuple[Chat, Item] | None = None

    def forget(self) -> None:
        with self.lock:
            self.switches = Switches()
            self.chats.forget()
            self.shelf.forget()

    # --- what happens in a chat

    def say(
        self,
        chat: Chat,
        kind: Kind,
        by: Participant | None,
        content_type: str = "",
        content: str = "",
        *,
        files: tuple[File, ...] = (),
        visibility: Visibility = "ALL",
    ) -> Item:
        """An item of the chat; told to its topics."""
        identifier, at = self.chats.stamp()
        contact = chat.current.id
        item = Item(identifier, at, kind, contact, content_type, content, by, visibility, files)
        return self.tell(chat, item)

    def tell(self, chat: Chat, item: Item) -> Item:
        """Keeps an item that is made, and tells of it."""
        chat.items.append(item)
        self.latest = chat, item
        self.stream.tell(chat, item)
        self.watch.item(chat, item)
        return item

    def scanned(self, chat: Chat, file: File, verdict: Verdict) -> None:
        """The scanner has looked at a customer's file, or begins to."""
        file.status = verdict
        self.say(chat, "ATTACHMENT", chat.customer, files=(file,))

    def began(self, chat: Chat) -> None:
        self.chats.add(chat)
        self.watch.changed(chat)

    def joins(self, chat: Chat, participant: Participant) -> Participant:
        chat.joined.append(participant)
        self.say(chat, "EVENT", participant, JOINED)
        self.watch.changed(chat)
        return participant

    def leaves(self, chat: Chat, participant: Participant) -> None:
        participant.left_at = self.clock()
        self.say(chat, "EVENT", participant, LEFT)
        self.watch.changed(chat)

    def moves(self, chat: Chat, method: Literal["TRANSFER", "DISCONNECT"], reason: str) -> None:
        """The chat goes on in another contact."""
        now, before = self.clock(), chat.current
        before.ended, before.reason = now, reason
        chat.segments.append(Segment(str(uuid.uuid4()), method, now, before.id))
        self.chats.note(chat)
        self.watch.changed(chat)

    def ends(self, chat: Chat, reason: str) -> None:
        """The chat is over: its tokens work no more. Nobody is named by what tells it."""
        if chat.ended_at:
            return
        chat.ended_at = chat.current.ended = self.clock()
        chat.current.reason = reason
        self.say(chat, "EVENT", None, ENDED)
        self.watch.changed(chat)

    def agent_ends(self, chat: Chat) -> None:
        """The agent ends the chat, and the disconnect flow runs, in a contact of its own."""
        if chat.agent:
            self.leaves(chat, chat.agent)
        self.moves(chat, "DISCONNECT", "AGENT_DISCONNECT")
        if self.switches.disconnect_flow:
            self.say(chat, "MESSAGE", Participant("SYSTEM", "SYSTEM_MESSAGE"), PLAIN, SYSTEM_TEXT)
            chat.until = self.clock() + 900
        else:
            self.ends(chat, "CONTACT_FLOW_DISCONNECT")

    def overdue(self) -> None:
        """Ends what has gone on for its time, or whose customer never came."""
        now, alone_s = self.clock(), self.switches.unconnected_s
        for chat in [one for one in self.chats.every.values() if not one.ended_at]:
            if now >= chat.until:
                self.ends(chat, "EXPIRED")
            elif alone_s and not chat.connected_at and now - chat.segments[0].began >= alone_s:
                self.ends(chat, "CUSTOMER_NEVER_ARRIVED")

    # --- what people see

    def summary(self, chat: Chat) -> dict[str, Any]:
        """The chat as GET /connect/contacts tells it."""
        return {
            "contact_id": chat.shown.id,
            "initial_contact_id": chat.id,
            "contacts": [one.id for one in chat.segments],
            "state": chat.state,
            "channel": chat.attributes.get("channel", ""),
            "account": chat.attributes.get("accountId", ""),
            "customer": chat.asked.get("CustomerId", ""),
            "name": chat.customer.name,
            "attributes": dict(chat.attributes),
            "continued_from": chat.continued_from,
            "messages": [_message(one) for one in chat.items if one.kind != "EVENT"],
            "events": [_event(one) for one in chat.items if one.kind == "EVENT"],
        }


def _message(item: Item) -> dict[str, Any]:
    file = next((one.told() for one in item.files), None)
    return _event(item) | {"type": item.kind, "content": item.content, "attachment": file}


def _event(item: Item) -> dict[str, Any]:
    role = item.by.role if item.by else ""
    content = {"content": item.content} if item.content else {}
    return {"id": item.id, "role": role, "contact_id": item.contact, "content_type": item.content_type} | content
