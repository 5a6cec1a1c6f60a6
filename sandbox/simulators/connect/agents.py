"""What the simulated instance's agents, bots and flows do in a chat."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Literal

from sandbox.simulators.connect.contacts import (
    INTERACTIVE,
    PLAIN,
    TYPING,
    Chat,
    File,
    Item,
    Participant,
    Verdict,
    Visibility,
)
from sandbox.simulators.connect.hall import Hall
from sandbox.simulators.connect.streaming import Record
from sandbox.stage.files import mp4, pdf, png

Author = Literal["agent", "bot", "flow"]
_NAMES: Mapping[Author, str] = {"bot": "BOT", "flow": "SYSTEM_MESSAGE"}
FILES: dict[str, tuple[str, str, bytes]] = {
    "image": ("mug.png", "image/png", png()),
    "pdf": ("offer.pdf", "application/pdf", pdf()),
    "video": ("mug.mp4", "video/mp4", mp4()),
}
"""What agents may attach, by name: file name, MIME type and bytes."""


class Over(Exception):
    """The chat with this contact has ended."""


class NotFound(KeyError):
    """No contact, message or file has this id."""


class Agents:
    """They take a chat when they first say something in it."""

    def __init__(self, hall: Hall, topic: str) -> None:
        """`topic` is where records go that no chat of the instance has told."""
        self._hall, self._topic = hall, topic

    def text(
        self,
        contact: str,
        text: str,
        *,
        by: Author = "agent",
        content_type: str = PLAIN,
        visibility: Visibility = "ALL",
        chunks: int = 1,
    ) -> str:
        """Somebody writes; the message's id. Of a bot's answer in chunks each is told as it grows, all under one id,
        unless the chat was begun to have answers as a whole. NotFound, or Over."""
        if not text:
            raise ValueError("text must not be empty")
        with self._hall.lock:
            chat = self._going(contact)
            if chunks > 1 and by != "agent" and not chat.whole:
                return self._in_chunks(chat, self._author(chat, by), text, chunks, content_type)
            author = self._author(chat, by)
            return self._hall.say(chat, "MESSAGE", author, content_type, text, visibility=visibility).id

    def interactive(self, contact: str, template: Mapping[str, Any], *, by: Author = "bot") -> str:
        """A flow or a bot offers something; the message's id."""
        with self._hall.lock:
            chat = self._going(contact)
            content = json.dumps(template, ensure_ascii=False)
            return self._hall.say(chat, "MESSAGE", self._author(chat, by), INTERACTIVE, content).id

    def file(self, contact: str, name: str) -> str:
        """The agent attaches one of FILES; the message's id. ValueError where there is none of that name."""
        if name not in FILES:
            raise ValueError(f"file must be one of: {', '.join(FILES)}")
        with self._hall.lock:
            chat = self._going(contact)
            agent = self._author(chat, "agent")
            called, mime, body = FILES[name]
            file = File(called, mime, len(body), agent.id, body=body, status="APPROVED")
            chat.files[file.id] = file
            return self._hall.say(chat, "ATTACHMENT", agent, files=(file,)).id

    def types(self, contact: str) -> str:
        """The agent types; the event's id."""
        with self._hall.lock:
            chat = self._going(contact)
            return self._hall.say(chat, "EVENT", self._author(chat, "agent"), TYPING).id

    def transfer(self, contact: str) -> str:
        """To another agent: the new contact's id. The chat keeps the first one's."""
        with self._hall.lock:
            chat = self._going(contact)
            if chat.agent:
                self._hall.leaves(chat, chat.agent)
            self._hall.moves(chat, "TRANSFER", "TRANSFERRED")
            self._join(chat)
            return chat.current.id

    def leave(self, contact: str) -> None:
        """The agent, who has taken the chat at the latest now, leaves it: it waits for another."""
        with self._hall.lock:
            chat = self._going(contact)
            self._hall.leaves(chat, self._author(chat, "agent"))

    def end(self, contact: str, late: str = "") -> None:
        """The agent ends the chat. `late` are last words that are told after the end, as the stream keeps no order."""
        with self._hall.lock:
            chat = self._going(contact)
            agent = self._author(chat, "agent") if late else None
            last = self._made(chat, agent, late) if agent else None
            self._hall.agent_ends(chat)
            if last:
                self._hall.tell(chat, last)

    def redeliver(self, item: str) -> None:
        """The same record again, as another notification. NotFound."""
        with self._hall.lock:
            for chat in self._hall.chats.every.values():
                found = next((one for one in chat.items if one.id == item), None)
                if found:
                    self._hall.stream.tell(chat, found)
                    return
        raise NotFound(item)

    def stream(self, message: str, attributes: Mapping[str, str]) -> None:
        """A record as it is, to the topic."""
        self._hall.stream.put(Record(self._topic, message, attributes))

    def scan(self, attachment: str, verdict: Verdict) -> None:
        """The scanner has made up its mind about a customer's file. NotFound."""
        with self._hall.lock:
            for chat in self._hall.chats.every.values():
                if attachment in chat.files:
                    self._hall.scanned(chat, chat.files[attachment], verdict)
                    return
        raise NotFound(attachment)

    def _in_chunks(self, chat: Chat, author: Participant, text: str, chunks: int, content_type: str) -> str:
        """docs.aws.amazon.com/connect/latest/adminguide/message-streaming-ai-chat.html: the last holds all of it."""
        whole = self._made(chat, author, text, content_type)
        for number in range(1, chunks):
            part = text[: max(1, len(text) * number // chunks)]
            told = Item(whole.id, whole.at, "MESSAGE", whole.contact, content_type, part, author)
            told.metadata = {"ChunkNumber": number, "MessageCompleted": False}
            self._hall.stream.tell(chat, told)
        whole.metadata = {"ChunkNumber": chunks, "MessageCompleted": True}
        return self._hall.tell(chat, whole).id

    def _made(self, chat: Chat, author: Participant, text: str, content_type: str = PLAIN) -> Item:
        identifier, at = self._hall.chats.stamp()
        return Item(identifier, at, "MESSAGE", chat.current.id, content_type, text, author)

    def _author(self, chat: Chat, by: Author) -> Participant:
        """Whoever speaks: the agent joins to do so, a bot or a flow is no participant that is counted."""
        if by == "agent":
            return chat.agent or self._join(chat)
        return Participant("SYSTEM", _NAMES[by], id=f"{chat.customer.id[:-4]}{by[:1]}{chat.id[-3:]}")

    def _join(self, chat: Chat) -> Participant:
        number = 1 + sum(one.role == "AGENT" for one in chat.joined)
        return self._hall.joins(chat, Participant("AGENT", "Agent" if number == 1 else f"Agent {number}"))

    def _going(self, contact: str) -> Chat:
        self._hall.overdue()
        chat = self._hall.chats.of(contact)
        if chat is None:
            raise NotFound(contact)
        if chat.ended_at:
            raise Over(contact)
        return chat
