"""Agents at the desk of a run: what they answer, what they read, and what tells them what became of an answer."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Protocol

from sandbox.simulators.connect.agents import Over
from sandbox.simulators.connect.contacts import DELIVERED, Chat, Item
from sandbox.simulators.connect.hall import Unwatched as UnwatchedHall
from sandbox.simulators.connect.vendor import Connect
from sandbox.simulators.genesys.simulator import ConversationDead
from sandbox.simulators.genesys.store import Conversation, StoredMessage
from sandbox.simulators.genesys.vendor import Genesys
from sandbox.simulators.genesys.watching import Unwatched as UnwatchedDesk
from sandbox.stage.vendors import Desk
from tests.chaos.tally import NOTICES
from tests.chaos.world import PICTURE


class Seeing(Protocol):
    """Who is told what agents see."""

    def read(self, customer: str, conversation: str, text: str) -> None:
        """Agents read it of the customer."""

    def learnt(self, answer: str, status: str) -> None:
        """What became of an answer."""


class Agents(Protocol):
    """The agents of a desk."""

    def reply(self, conversation: str, text: str) -> str:
        """Somebody answers; the answer's id, "" where the conversation is over."""

    def look(self) -> None:
        """Learns what nothing tells by itself."""

    def conversations(self, customer: str) -> int:
        """How many of the customer's there have been, 0 where nobody counts."""


def agents_of(desk: Desk, seeing: Seeing, people: int) -> Agents:
    """Those of the desk at which so many write."""
    return AtConnect(desk, seeing, people) if isinstance(desk, Connect) else AtGenesys(desk, seeing)


class AtGenesys(UnwatchedDesk):
    """A receipt tells what became of an answer."""

    def __init__(self, desk: Desk, seeing: Seeing) -> None:
        assert isinstance(desk, Genesys)
        self._desk, self._seeing = desk, seeing
        desk.simulator.watch = self

    def reply(self, conversation: str, text: str) -> str:
        with suppress(ConversationDead):
            return self._desk.reply(conversation, text)
        return ""

    def look(self) -> None:
        return None

    def conversations(self, customer: str) -> int:
        return 0

    def message(self, conversation: Conversation, message: StoredMessage) -> None:
        if message.outbound:
            return
        files = [PICTURE for _ in message.normalized.get("content", [])]
        text = "\n".join([*filter(None, [message.normalized.get("text", "")]), *files])
        self._seeing.read(conversation.customer["id"], conversation.id, text)

    def receipt(self, conversation: Conversation, message: StoredMessage) -> None:
        self._seeing.learnt(message.id, str(message.receipts[-1]["status"]))


class AtConnect(UnwatchedHall):
    """An event tells that an answer was delivered, a line in the contact that it was not."""

    def __init__(self, desk: Connect, seeing: Seeing, people: int) -> None:
        self._desk, self._seeing = desk, seeing
        self._lines = 0
        self._seen, self._failed = 0, set[str]()
        hall = desk.simulator.hall
        hall.switches.active_chats = people
        hall.watch = self

    def reply(self, conversation: str, text: str) -> str:
        with suppress(Over):
            return self._desk.reply(conversation, text)
        return ""

    def look(self) -> None:
        """Which answers the lines are about."""
        if self._seen == self._lines:
            return
        self._seen = self._lines
        for one in self._desk.replies():
            if one.failed and one.id not in self._failed:
                self._failed.add(one.id)
                self._seeing.learnt(one.id, "Failed")

    def conversations(self, customer: str) -> int:
        return sum(chat.asked.get("CustomerId") == customer for chat in self._desk.simulator.chats())

    def item(self, chat: Chat, item: Item) -> None:
        if item.by is not chat.customer:
            return
        if item.kind == "EVENT":
            if item.content_type == DELIVERED:
                self._seeing.learnt(str(json.loads(item.content)["messageId"]), "Published")
            return
        self._lines += item.content.startswith(NOTICES)
        self._seeing.read(chat.asked["CustomerId"], chat.id, item.content or PICTURE)
