"""The vocabulary of the way back: what an agent or a bot says, and the parts in which a channel carries it."""

from __future__ import annotations

from typing import Literal

import msgspec

from chalicelib.vocabulary.messages import Ignored, Kind

Author = Literal["human", "bot", "flow"]
"""A flow is what the desk says by itself, as in a queue: not every account wants that passed on."""


class File(msgspec.Struct, frozen=True, kw_only=True, tag="file"):
    """A file of the agent's, where the desk keeps it. `kind`, `mime`, `name` and `size` (bytes, 0: unknown)
    are what the desk says of it."""

    url: str
    kind: Kind = "file"
    mime: str = ""
    name: str = ""
    size: int = 0


class Choice(msgspec.Struct, frozen=True, kw_only=True):
    """Something to tap: it comes back with `payload`, or opens `url`. `type` is the desk's word for an answer
    to it."""

    text: str
    payload: str = ""
    url: str = ""
    type: Literal["Button", "QuickReply", "DatePicker"] = "QuickReply"


class Card(msgspec.Struct, frozen=True, kw_only=True):
    """A picture with words and choices under it."""

    title: str
    description: str = ""
    image: str = ""
    url: str = ""
    choices: tuple[Choice, ...] = ()


class AgentMessage(msgspec.Struct, frozen=True, kw_only=True, tag="agent_message"):
    """An agent or a bot wrote to the customer. `unsupported` names (", " between them) what the message holds and the
    desk's half could not read; the rest goes out all the same (`rules.planning.left_out`).

    A desk that does not tell the `customer` tells its conversation, by which they are found; so it is with all that
    a desk tells.
    """

    id: str
    text: str
    author: Author
    integration: str = ""
    customer: str = ""
    desk_conversation: str = ""
    files: tuple[File, ...] = ()
    choices: tuple[Choice, ...] = ()
    cards: tuple[Card, ...] = ()
    unsupported: str = ""


class AgentTyping(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag="agent_typing"):
    """The agent is typing."""

    integration: str = ""
    customer: str = ""
    desk_conversation: str = ""


class AgentRead(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag="agent_read"):
    """The agent has read what the customer wrote so far."""

    integration: str = ""
    customer: str = ""
    desk_conversation: str = ""


class DeskReceipt(msgspec.Struct, frozen=True, kw_only=True, tag="desk_receipt"):
    """The desk tells that a customer's message, or its file, did not get through to the agents.

    `message` is the id under which it was delivered (`DeskMessage.id`) where the desk tells that, else the desk's own;
    `status`, `reason` (a closed set) and `detail` are the desk's words, which quote nobody.
    """

    message: str
    status: str
    integration: str = ""
    customer: str = ""
    reason: str = ""
    detail: str = ""
    desk_conversation: str = ""


class DeskEnded(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag="desk_ended"):
    """The desk tells that its conversation is over: the customer's next message opens another."""

    desk_conversation: str
    integration: str = ""
    customer: str = ""


class Uttered(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What the bot before the desk says or does, on its way to the customer. `generation` is that of the seat at which
    it may be said; `turn` counts the bot's answers, 0 where it answers nothing. `wrote_ms` is when the customer wrote
    what it is about."""

    told: AgentMessage | AgentTyping
    generation: int
    turn: int = 0
    wrote_ms: int = 0


FromDesk = AgentMessage | AgentTyping | AgentRead | DeskReceipt | DeskEnded
"""What a desk tells of one customer."""

DeskEvent = FromDesk | Ignored


class TextPart(msgspec.Struct, frozen=True, tag="text"):
    """A text within the channel's limit."""

    text: str


class MediaPart(msgspec.Struct, frozen=True, kw_only=True, tag="media"):
    """A file that the channel carries: by `url` (ours, for an hour), or by its `body` where it is uploaded.
    `instead` is the text, with a link, that goes out where the platform does not take it after all; "" where
    none may."""

    kind: Kind
    mime: str
    name: str
    url: str = ""
    body: bytes = b""
    instead: str = ""


class ChoicesPart(msgspec.Struct, frozen=True, kw_only=True, tag="choices"):
    """A text with things to tap; the payloads are our tokens."""

    text: str
    choices: tuple[Choice, ...]


class CardsPart(msgspec.Struct, frozen=True, kw_only=True, tag="cards"):
    """Cards side by side; the payloads are our tokens."""

    cards: tuple[Card, ...]


Planned = TextPart | File | ChoicesPart | CardsPart
"""What a message becomes before its files are fetched."""

Part = TextPart | MediaPart | ChoicesPart | CardsPart
"""What a channel's client sends in one call."""


class Recipient(msgspec.Struct, frozen=True, kw_only=True):
    """To whom a part goes: the customer, in the platform's thread; with a tag where the window needs it, or in
    answer to a comment, which goes out as a message to its author. `mark` is ours (32 characters): a platform that
    can carries it unseen beside the part, and tells it in the part's echo and in its history. `quotes` is the
    platform's id of the message that the part answers, "" where the desk names none; a part that cannot go as a quote
    goes without it."""

    customer: str
    thread: str = ""
    tag: str = ""
    comment: str = ""
    mark: str = ""
    quotes: str = ""


class Receipt(msgspec.Struct, frozen=True, kw_only=True):
    """What became of an agent's message: delivered, and `read`, or failed for a reason of `errors.REASONS`."""

    message: str
    customer: str
    delivered: bool
    read: bool = False
    reason: str = ""
    detail: str = ""
