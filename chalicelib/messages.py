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
# The result of a claim that was ended before its work came: a message that was taken back first.
PREVENTED = "prevented"


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


# The last millisecond of the year 9999: no later one can be written.
LATEST_MS = 253_402_300_799_999


def iso(milliseconds: int) -> str:
    """The time as `yyyy-MM-ddTHH:mm:ss.mmmZ`: what Genesys documents (it answers 400 to other forms)."""
    moment = datetime.fromtimestamp(milliseconds // 1000, UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{milliseconds % 1000:03d}Z"


class Event(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One event of a verified webhook, as the edge puts it on a queue.

    `source` is the channel's or the desk's name, `account` the platform's account id or the desk's
    integration id, `party` the customer whose events must stay in order ("" where none is named),
    `id` the same for every redelivery, `section` where in the delivery it stood, `raw` its exact
    bytes (JSON), `aside` the bucket key of those bytes where a queue cannot carry them. `sent_ms` is when it
    happened by the platform's clock, 0 where the platform does not tell.
    """

    source: str
    account: str
    party: str
    id: str
    received_ms: int
    section: str = ""
    sent_ms: int = 0
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
    `secret` names the secret with the account's access token. `language` is what the bridge's own words
    are said in; `notices` puts a line into the conversation where a reply was not delivered, `mark_seen`
    marks the customer's messages as seen when the agent first answers, `show_reads` shows the agent that
    the customer has read the answer.
    """

    channel: str
    id: str
    integration: str
    secret: str
    name: str = ""
    login: Literal["instagram", "facebook"] = "instagram"
    page: str = ""
    human_agent: bool = False
    language: str = "en"
    notices: bool = True
    mark_seen: bool = True
    show_reads: bool = False


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
    `customer_ms` when the customer last wrote, `ad_ms` when an advertisement last led them here.
    `comment` is the newest comment that may be answered by a message, written at `comment_ms`, and
    `answered` the comment that has been. `seen_ms` is up to when their messages are marked as seen,
    `replies` how many messages went out since they last wrote.
    """

    desk: str = ""
    platform: str = ""
    customer_ms: int = 0
    ad_ms: int = 0
    comment: str = ""
    comment_ms: int = 0
    answered: str = ""
    seen_ms: int = 0
    replies: int = 0


class Profile(msgspec.Struct, frozen=True, kw_only=True):
    """What the platform tells of a customer; nothing of it is certain to be there."""

    name: str = ""
    username: str = ""
    avatar: str = ""
    followers: int | None = None
    verified: bool | None = None
    follows: bool | None = None


class Line(msgspec.Struct, frozen=True):
    """A sentence in the bridge's own words: its key in the catalogue, and what fills its places."""

    key: str
    facts: dict[str, str] = {}


Kind = Literal["image", "video", "audio", "file"]


class Media(msgspec.Struct, frozen=True, kw_only=True):
    """Something that a customer uploaded: where it is, or the `handle` by which the platform is asked for it."""

    kind: Kind
    url: str = ""
    handle: str = ""


class CustomerMessage(msgspec.Struct, frozen=True, kw_only=True, tag="message"):
    """The customer wrote: opens or continues a conversation.

    An event with several attachments is several messages: `id` is each one's own, the first has the event's,
    `part` counts them from 0, `origin` is the platform's id of the whole. The agent reads `lines`, then `text`,
    which are the customer's own words. `comment` is set where only that comment can be answered, once, and by a
    message; `starts_window` tells whether the message lets the brand answer; `from_ad` whether an advertisement
    led here; `tap` is the token of the offered choice that was tapped. `attributes` become participant data.
    """

    id: str
    conversation: Conversation
    sent_ms: int
    text: str = ""
    lines: tuple[Line, ...] = ()
    media: Media | None = None
    part: int = 0
    origin: str = ""
    comment: str = ""
    starts_window: bool = True
    from_ad: bool = False
    tap: str = ""
    username: str = ""
    profile_url: str = ""
    platform_thread: str = ""
    attributes: dict[str, str] = {}


class Note(msgspec.Struct, frozen=True, kw_only=True, tag="note"):
    """Something that belongs to an open conversation and opens none: a reaction, an edit, a read.

    `removes` is the platform's id of a message that the customer took back: our copies of its media go;
    `prevents` the event id under which that message is never shown if it should come later.
    """

    id: str
    conversation: Conversation
    sent_ms: int
    kind: str
    lines: tuple[Line, ...]
    text: str = ""
    removes: str = ""
    prevents: str = ""


class Echo(msgspec.Struct, frozen=True, kw_only=True, tag="echo"):
    """The platform tells what the brand's account sent: by us, by its app, or by another tool.

    `text` is what was sent, "" where it was media or cards; `lines` are what the agent reads of one that is
    not ours, before the text. `mark` is what we sent beside it (`Recipient.mark`), "" where the platform tells none.
    """

    id: str
    conversation: Conversation
    sent_ms: int
    text: str
    lines: tuple[Line, ...] = ()
    mark: str = ""


class Unseen(msgspec.Struct, frozen=True, kw_only=True, tag="unseen"):
    """The platform mentions a message (`origin`) that it may never have delivered; it has to be asked for.

    `id` is the event id that the delivery would have had, so that whichever comes second is a duplicate.
    """

    id: str
    account: str
    origin: str
    sent_ms: int


class Trouble(msgspec.Struct, frozen=True, tag="trouble"):
    """The platform tells that the account will not work any more; somebody has to act."""

    reason: str
    advice: str


class Ignored(msgspec.Struct, frozen=True, tag="ignored"):
    """Deliberately not shown; `reason` is counted."""

    reason: str


CustomerEvent = CustomerMessage | Note | Echo | Unseen | Trouble | Ignored


class Attachment(msgspec.Struct, frozen=True, kw_only=True):
    """A file that the desk can open: `url` is ours."""

    kind: Kind
    url: str
    mime: str
    name: str


class Fetched(msgspec.Struct, frozen=True, kw_only=True):
    """A file as it was fetched; `mime` is what its server said."""

    body: bytes
    mime: str


class Stored(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of a stored file; `size` in bytes."""

    mime: str
    name: str
    size: int


class Tap(msgspec.Struct, frozen=True, kw_only=True):
    """The choice that the customer tapped: `message` is the desk's id of the message that offered it,
    `type` is the desk's word for the kind of choice."""

    message: str
    type: Literal["Button", "QuickReply", "DatePicker"]
    text: str
    payload: str


class DeskMessage(msgspec.Struct, frozen=True, kw_only=True):
    """What the agent is to see: one message of the customer, under an id that is the same on every try."""

    id: str
    customer: str
    sent_ms: int
    text: str
    nickname: str
    attributes: dict[str, str]
    first_name: str = ""
    avatar: str = ""
    attachment: Attachment | None = None
    tap: Tap | None = None


class Claim(msgspec.Struct, frozen=True, kw_only=True):
    """Who may do a piece of work that must be done once.

    `fresh`: ours, never tried. `lapsed`: ours, but somebody began it and never said how it ended.
    `busy`: somebody is at it until `until_s`. `doubt`: it was tried, its outcome is unknown since
    `since_s`. `done` and `refused` are final; `result` and `reason` say how it ended.
    """

    state: Literal["fresh", "lapsed", "busy", "doubt", "done", "refused"]
    until_s: float = 0.0
    since_s: float = 0.0
    result: str = ""
    reason: str = ""
    detail: str = ""
