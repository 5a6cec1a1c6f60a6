"""What Amazon Connect keeps of a chat: its contacts one after the other, who takes part, and what was said."""

from __future__ import annotations

import secrets
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal

from sandbox.simulators.connect.wire import ApiError
from sandbox.stage.clock import iso

Role = Literal["CUSTOMER", "AGENT", "SYSTEM", "CUSTOM_BOT", "SUPERVISOR"]
Kind = Literal["MESSAGE", "EVENT", "ATTACHMENT"]
Verdict = Literal["APPROVED", "REJECTED", "IN_PROGRESS"]
Visibility = Literal["ALL", "CUSTOMER", "AGENT"]
PLAIN, MARKDOWN = "text/plain", "text/markdown"
INTERACTIVE = "application/vnd.amazonaws.connect.message.interactive"
RESPONSE = f"{INTERACTIVE}.response"
_EVENT = "application/vnd.amazonaws.connect.event."
TYPING, READ, DELIVERED = (f"{_EVENT}{name}" for name in ("typing", "message.read", "message.delivered"))
JOINED, LEFT, ENDED = (f"{_EVENT}{name}" for name in ("participant.joined", "participant.left", "chat.ended"))
ACKNOWLEDGED = f"{_EVENT}connection.acknowledged"
DAY_S = 86_400.0
# "The same for a token that is wrong, that has expired, and of a contact that has ended"
DENIED = ApiError("AccessDeniedException", "Access denied")


@dataclass
class Participant:
    """Somebody in a chat. `left_at` (epoch s) is 0 while they are in it."""

    role: Role
    name: str
    id: str = field(default_factory=lambda: str(uuid.uuid4()))
    left_at: float = 0.0


@dataclass
class File:
    """An attachment; `status` is "" before its upload was completed."""

    name: str
    mime: str
    size: int
    owner: str
    id: str = field(default_factory=lambda: str(uuid.uuid4()))
    body: bytes | None = None
    status: Verdict | Literal[""] = ""
    until: float = 0.0
    signature: str = field(default_factory=lambda: secrets.token_hex(32))
    signed: dict[str, str] = field(default_factory=dict)

    def told(self) -> dict[str, str]:
        """As an item names it."""
        return {
            "AttachmentId": self.id, "AttachmentName": self.name, "ContentType": self.mime, "Status": self.status,
        }  # fmt: skip


@dataclass
class Item:
    """One item of the transcript. Nobody's role is None: the end of a chat has none."""

    id: str
    at: float
    kind: Kind
    contact: str
    content_type: str = ""
    content: str = ""
    by: Participant | None = None
    visibility: Visibility = "ALL"
    files: tuple[File, ...] = ()
    metadata: dict[str, Any] = field(default_factory=dict)

    def told(self) -> dict[str, Any]:
        """As GetTranscript and the stream have it; what is not there is left out."""
        whole: dict[str, Any] = {
            "AbsoluteTime": iso(self.at),
            "Content": self.content,
            "ContentType": self.content_type,
            "Id": self.id,
            "Type": self.kind,
            "ParticipantId": self.by.id if self.by else "",
            "DisplayName": self.by.name if self.by else "",
            "ParticipantRole": self.by.role if self.by else "",
            "Attachments": [one.told() for one in self.files],
            "MessageMetadata": self.metadata,
        }
        return {name: value for name, value in whole.items() if value}


@dataclass
class Segment:
    """A contact of the chain: the first, and one more for each transfer and for the agent's end."""

    id: str
    method: Literal["API", "TRANSFER", "DISCONNECT"]
    began: float
    previous: str = ""
    ended: float = 0.0
    reason: str = ""


@dataclass
class Chat:
    """A chat from its beginning to its end: the chain of contacts that bears the first one's id."""

    asked: dict[str, Any]
    customer: Participant
    segments: list[Segment]
    attributes: dict[str, str]
    until: float
    token: str = field(default_factory=lambda: secrets.token_urlsafe(48))
    connections: dict[str, float] = field(default_factory=dict)
    streams: dict[str, str] = field(default_factory=dict)
    joined: list[Participant] = field(default_factory=list)
    items: list[Item] = field(default_factory=list)
    files: dict[str, File] = field(default_factory=dict)
    repeats: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)
    continued_from: str = ""
    priority: int = 5
    connected_at: float = 0.0
    ended_at: float = 0.0

    @property
    def id(self) -> str:
        return self.segments[0].id

    @property
    def current(self) -> Segment:
        return self.segments[-1]

    @property
    def shown(self) -> Segment:
        """The contact that people see: not that in which only the disconnect flow runs."""
        return next(one for one in reversed(self.segments) if one.method != "DISCONNECT")

    @property
    def agent(self) -> Participant | None:
        """Who answers now."""
        return next((one for one in reversed(self.joined) if one.role == "AGENT" and not one.left_at), None)

    @property
    def present(self) -> int:
        """How many take part, the customer among them."""
        return 1 + sum(not one.left_at for one in self.joined)

    @property
    def state(self) -> Literal["queued", "connected", "ended"]:
        if self.ended_at:
            return "ended"
        return "connected" if self.agent else "queued"

    @property
    def content_types(self) -> set[str]:
        """What may be said in it: text, and what was declared when it began."""
        return {PLAIN, *self.asked.get("SupportedMessagingContentTypes", [])}

    @property
    def whole(self) -> bool:
        """Whether a bot's answer comes as a whole."""
        return bool(self.asked.get("ParticipantConfiguration", {}).get("ResponseMode") == "COMPLETE")


class Chats:
    """All chats of an instance. Not thread-safe: who uses it holds the instance's lock."""

    def __init__(self, clock: Callable[[], float], random_ids: Callable[[], bool]) -> None:
        """`clock` answers epoch seconds, `random_ids` whether items have UUIDv4 ids, as they had until 2025."""
        self._clock, self._random_ids = clock, random_ids
        self.every: dict[str, Chat] = {}
        self._chains: dict[str, Chat] = {}
        self._tokens: dict[str, Chat] = {}
        self._last_ms = 0

    def add(self, chat: Chat) -> None:
        self.every[chat.id] = chat
        self._tokens[chat.token] = chat
        self.note(chat)

    def note(self, chat: Chat) -> None:
        """The chat has another contact."""
        self._chains[chat.current.id] = chat

    def of(self, contact: str) -> Chat | None:
        """The chat that has this contact."""
        return self._chains.get(contact)

    def connected(self, chat: Chat) -> tuple[str, float]:
        """A new connection token of the chat's customer, and until when it works (epoch s)."""
        token, until = secrets.token_urlsafe(48), self._clock() + DAY_S
        chat.connections[token] = until
        self._tokens[token] = chat
        return token, until

    def by_token(self, token: str, *, connection: bool) -> Chat:
        """Whose token it is: of a participant, or of a connection. Raises ApiError where it is none that works."""
        chat = self._tokens.get(token)
        if chat is None or chat.ended_at:
            raise DENIED
        if connection != (token in chat.connections) or (connection and chat.connections[token] <= self._clock()):
            raise DENIED
        return chat

    def stamp(self) -> tuple[str, float]:
        """The id and the time of the next item: a UUIDv7 of its millisecond, which is no other item's."""
        self._last_ms = max(int(self._clock() * 1000), self._last_ms + 1)
        return (str(uuid.uuid4()) if self._random_ids() else _uuid7(self._last_ms)), self._last_ms / 1000

    def forget(self) -> None:
        for known in (self.every, self._chains, self._tokens):
            known.clear()
        self._last_ms = 0


def _uuid7(milliseconds: int) -> str:
    """RFC 9562: 48 bits of time, version, variant, and chance."""
    value = milliseconds << 80 | 0x7 << 76 | secrets.randbits(12) << 64 | 0b10 << 62 | secrets.randbits(62)
    return str(uuid.UUID(int=value))
