"""The vocabulary of the bridge: what travels on the queues and between the two sides.

Nothing here knows a platform, a desk or AWS. Times are epoch milliseconds unless the name says otherwise.
"""

from __future__ import annotations

import hashlib
import re
from datetime import UTC, datetime
from typing import Literal

import msgspec

LONGEST_ID = 255


def digest(*parts: str | bytes) -> str:
    """A stable hex fingerprint (64 characters) of the parts, in order; unambiguous for any content."""
    total = hashlib.sha256()
    for part in parts:
        data = part if isinstance(part, bytes) else part.encode()
        total.update(len(data).to_bytes(8, "big") + data)
    return total.hexdigest()


def bounded(identifier: str) -> str:
    """The identifier itself, or its fingerprint where it is too long to be a key (over 255 UTF-8 bytes)."""
    return identifier if len(identifier.encode()) <= LONGEST_ID else digest(identifier)


_ESCAPES = re.compile(
    rb"\\\\|\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|\\u[dD][89a-fA-F][0-9a-fA-F]{2}"
)


def mended(text: bytes) -> bytes:
    """The JSON text with every half of a surrogate pair replaced by U+FFFD, and else untouched.

    A sender that cuts a text in the middle of an emoji escapes such a half; no strict parser reads it.
    """
    if b"\\ud" not in text and b"\\uD" not in text:
        return text
    return _ESCAPES.sub(lambda found: b"\\ufffd" if len(found[0]) == 6 else found[0], text)


def iso(milliseconds: int) -> str:
    """The time as `yyyy-MM-ddTHH:mm:ss.mmmZ`: what Genesys documents (it answers 400 to other forms)."""
    moment = datetime.fromtimestamp(milliseconds // 1000, UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{milliseconds % 1000:03d}Z"


class Event(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One event of a verified webhook, as the edge puts it on a queue.

    `source` is the channel's or the desk's name, `account` the platform's account id or the desk's
    integration id, `party` the customer whose events must stay in order ("" where none is named),
    `id` the same for every redelivery, `section` where in the delivery it stood, `raw` its exact
    bytes (JSON), `aside` the bucket key of those bytes where a queue cannot carry them.
    """

    source: str
    account: str
    party: str
    id: str
    received_ms: int
    section: str = ""
    raw: msgspec.Raw = msgspec.Raw(b"null")
    aside: str = ""

    @property
    def group(self) -> str:
        """What the queue keeps in order (64 characters, no personal data)."""
        return digest(self.source, self.account, self.party, "echo" if self.section == "echo" else "")

    @property
    def dedup(self) -> str:
        """What the queue refuses twice within its five minutes (64 characters)."""
        return digest(self.source, self.account, self.party, self.id)


class Account(msgspec.Struct, frozen=True, kw_only=True):
    """A brand's account on a platform and the desk integration that its conversations enter.

    `login` tells Instagram's two flavours apart, `page` is the linked Facebook Page of the second,
    `secret` names the secret with the account's access token.
    """

    channel: str
    id: str
    integration: str
    secret: str
    name: str = ""
    login: Literal["instagram", "facebook"] = "instagram"
    page: str = ""
    human_agent: bool = False


class Conversation(msgspec.Struct, frozen=True):
    """Whose thread this is: the key of everything that must stay in order."""

    channel: str
    account: str
    customer: str

    @property
    def key(self) -> str:
        return f"{self.channel}#{self.account}#{bounded(self.customer)}"


class Thread(msgspec.Struct, frozen=True, kw_only=True):
    """What is remembered of a conversation.

    `desk` is the desk's conversation id, `platform` the platform's (TikTok replies need it),
    `customer_ms` when the customer last wrote.
    """

    desk: str = ""
    platform: str = ""
    customer_ms: int = 0


class CustomerMessage(msgspec.Struct, frozen=True, kw_only=True, tag="message"):
    """The customer wrote: opens or continues a conversation."""

    id: str
    conversation: Conversation
    sent_ms: int
    text: str
    username: str = ""
    profile_url: str = ""
    platform_thread: str = ""


class Echo(msgspec.Struct, frozen=True, kw_only=True, tag="echo"):
    """The platform tells what the brand's account sent: by us, by its app, or by another tool."""

    id: str
    conversation: Conversation
    sent_ms: int
    text: str


class Ignored(msgspec.Struct, frozen=True, tag="ignored"):
    """Deliberately not shown; `reason` is counted."""

    reason: str


CustomerEvent = CustomerMessage | Echo | Ignored


class AgentMessage(msgspec.Struct, frozen=True, kw_only=True, tag="agent_message"):
    """An agent or a bot wrote to the customer. `unsupported` names content that cannot be carried yet."""

    id: str
    integration: str
    customer: str
    desk_conversation: str
    text: str
    author: Literal["human", "bot"]
    unsupported: str = ""


DeskEvent = AgentMessage | Ignored


class DeskMessage(msgspec.Struct, frozen=True, kw_only=True):
    """What the agent is to see: one message of the customer, under an id that is the same on every try."""

    id: str
    customer: str
    sent_ms: int
    text: str
    nickname: str
    attributes: dict[str, str]


class Receipt(msgspec.Struct, frozen=True, kw_only=True):
    """What became of an agent's message: delivered, or failed with one of the desk's reason codes."""

    message: str
    customer: str
    delivered: bool
    code: str = ""
    detail: str = ""


class Claim(msgspec.Struct, frozen=True, kw_only=True):
    """Who may do a piece of work that must be done once.

    `fresh`: ours, never tried. `lapsed`: ours, but somebody began it and never said how it ended.
    `busy`: somebody is at it until `until_s`. `doubt`: it was tried, its outcome is unknown since
    `since_s`. `done` and `refused` are final; `result` and `code` say how it ended.
    """

    state: Literal["fresh", "lapsed", "busy", "doubt", "done", "refused"]
    until_s: float = 0.0
    since_s: float = 0.0
    result: str = ""
    code: str = ""
    detail: str = ""
