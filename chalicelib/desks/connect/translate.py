"""What Amazon Connect streams of a chat, in the bridge's words.

docs.aws.amazon.com/connect/latest/adminguide/sns-payload.html. A contact that is transferred gets another id, and keeps
its initial one: that is the conversation's.
"""

from __future__ import annotations

import re

from chalicelib.desks.connect.content import Content, interactive
from chalicelib.desks.connect.webhook import opened, unfinished
from chalicelib.errors import Malformed
from chalicelib.fields import Fields
from chalicelib.protocols.channel import unheard_of
from chalicelib.vocabulary.messages import Ignored, Kind
from chalicelib.vocabulary.records import Event
from chalicelib.vocabulary.replies import (
    AgentMessage,
    AgentRead,
    AgentTyping,
    Author,
    DeskEnded,
    DeskEvent,
    DeskReceipt,
    File,
)

CUSTOMER = "CUSTOMER"
PEOPLE = {"AGENT", "SUPERVISOR"}
# Who may see an item. What a supervisor whispers is the agent's alone: without a word on that, it is taken for one.
SHOWN = {"ALL", CUSTOMER}
# What a flow says by itself ("Play prompt", "Send message"); bots say BOT here.
FLOW = "SYSTEM_MESSAGE"
MESSAGES = "application/vnd.amazonaws.connect.message."
EVENTS = "application/vnd.amazonaws.connect.event."
INTERACTIVE = MESSAGES + "interactive"
MARKDOWN = "text/markdown"
_TYPE = re.compile(r"[a-z0-9.+/-]{1,80}")


class _Translator:
    def parse(self, event: Event) -> DeskEvent:
        """One item of a contact. Raises Malformed."""
        item, visibility = opened(event.raw)
        contact = item.text("InitialContactId") or item.text("ContactId")
        if not contact:
            raise Malformed("Connect item without a contact")
        kind, role = item.text("Type"), item.text("ParticipantRole")
        if kind == "ATTACHMENT" and role == CUSTOMER:
            return _scanned(item, contact)
        if kind == "EVENT":
            return _event(item, contact, role)
        if kind not in {"MESSAGE", "ATTACHMENT"}:
            return Ignored("connect_unknown")
        if role == CUSTOMER:
            return Ignored("connect_own")
        if visibility not in SHOWN and (visibility or role == "SUPERVISOR"):
            return Ignored("connect_not_for_customers")
        if unfinished(item):
            return Ignored("connect_unfinished")
        return _files(item, contact, role) if kind == "ATTACHMENT" else _message(item, contact, role)


TRANSLATOR = _Translator()


def _event(item: Fields, contact: str, role: str) -> DeskEvent:
    """Of what happens in a contact only its end matters, and who types or has read. It is over when Connect says so;
    that somebody left says it of the customer alone."""
    name = item.text("ContentType").removeprefix(EVENTS)
    if name == "chat.ended" or (name == "participant.left" and role == CUSTOMER):
        return DeskEnded(desk_conversation=contact)
    if name == "typing" and role in PEOPLE:
        return AgentTyping(desk_conversation=contact)
    if name == "message.read" and role in PEOPLE:
        return AgentRead(desk_conversation=contact)
    return Ignored("connect_own" if role == CUSTOMER else unheard_of(name) or "connect_event")


def _scanned(item: Fields, contact: str) -> DeskEvent:
    """What became of a customer's file, which is uploaded before the instance's scanner has looked at it."""
    refused = [file.text("AttachmentId") for file in item.each("Attachments") if file.text("Status") == "REJECTED"]
    if not refused:
        return Ignored("connect_own")
    return DeskReceipt(
        message=refused[0], status="Failed", reason="MediaTypeNotAllowed", detail="rejected by the instance's scanner",
        desk_conversation=contact,
    )  # fmt: skip


def _message(item: Fields, contact: str, role: str) -> DeskEvent:
    if item.at("MessageMetadata").text("MessageProcessingStatus") in {"FAILED", "REJECTED"}:
        return Ignored("connect_held_back")
    content = _content(item)
    return AgentMessage(
        id=_identifier(item),
        text="\n".join(content.lines),
        author=_author(item, role),
        desk_conversation=contact,
        choices=content.choices,
        cards=content.cards,
        unsupported=content.unread,
    )


def _files(item: Fields, contact: str, role: str) -> DeskEvent:
    files = [_file(file) for file in item.each("Attachments") if file.text("Status") in {"", "APPROVED"}]
    files = [file for file in files if file.url]
    if not files:
        return Ignored("connect_file_rejected")
    return AgentMessage(
        id=_identifier(item), text="", author=_author(item, role), desk_conversation=contact, files=tuple(files)
    )


def _author(item: Fields, role: str) -> Author:
    if role in PEOPLE:
        return "human"
    return "flow" if role == "SYSTEM" and item.text("DisplayName") == FLOW else "bot"


def _identifier(item: Fields) -> str:
    identifier = item.text("Id")
    if not identifier:
        raise Malformed("Connect item without an id")
    return identifier


def _content(item: Fields) -> Content:
    kind, text = item.text("ContentType"), item.text("Content")
    if kind == INTERACTIVE:
        return interactive(text, _typed)
    if kind.startswith("text/") or not kind:
        said = _typed(text) if kind == MARKDOWN else text
        return Content(lines=(said,) if said else ())
    return Content(unread=kind if _TYPE.fullmatch(kind) else "content")


def _typed(text: str) -> str:
    """What a person reads of what may be Markdown."""
    from chalicelib.desks.connect.markdown import typed  # only where a contact may have it: it takes its time to load

    return typed(text)


def _file(told: Fields) -> File:
    """Its URL is asked for when it is fetched: that ends within minutes."""
    mime = told.text("ContentType")
    kinds: dict[str, Kind] = {"image": "image", "video": "video", "audio": "audio"}
    kind = kinds.get(mime.partition("/")[0], "file")
    return File(url=told.text("AttachmentId"), kind=kind, mime=mime, name=told.text("AttachmentName"))
