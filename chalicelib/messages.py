"""The vocabulary of the bridge: what travels on the queues and between the two sides.

Nothing here knows a platform, a desk or AWS. Times are epoch milliseconds unless the name says otherwise.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Literal

import msgspec

LONGEST_ID = 255
# The result of a claim that was ended before its work came: a message that was taken back first.
PREVENTED = "prevented"


def digest(*parts: str | bytes) -> str:
    """A stable hex fingerprint (64 characters) of the parts, in order; unambiguous for any content."""
    total = hashlib.sha256()
    for part in parts:
        data = part if isinstance(part, bytes) else part.encode(errors="surrogatepass")
        total.update(len(data).to_bytes(8, "big") + data)
    return total.hexdigest()


# Control characters, halves of surrogate pairs, and the two characters that SQS refuses beside them.
# docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html
_UNFIT = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")


def bounded(identifier: str) -> str:
    """The identifier itself, or its fingerprint where it cannot be a key: over 255 UTF-8 bytes, or with characters
    that a queue, a table or a log does not take."""
    if _UNFIT.search(identifier) or len(identifier.encode()) > LONGEST_ID:
        return digest(identifier)
    return identifier


# U+FFFE and U+FFFF in UTF-8: a text may hold them, and no queue carries them.
_UNCARRIED = {b"\xef\xbf\xbe": rb"\ufffe", b"\xef\xbf\xbf": rb"\uffff"}
_ESCAPES = re.compile(
    rb"\\\\|\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|\\u[dD][89a-fA-F][0-9a-fA-F]{2}"
)


def mended(text: bytes) -> bytes:
    """The JSON text with every half of a surrogate pair replaced by U+FFFD, and else untouched but for two
    characters that SQS refuses: they are escaped, and read the same.

    A sender that cuts a text in the middle of an emoji escapes such a half; no strict parser reads it.
    """
    if b"\xef\xbf" in text:
        for sign, escape in _UNCARRIED.items():
            text = text.replace(sign, escape)
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
    happened by the platform's clock, 0 where the platform does not tell. `bundle` holds the events of one
    conversation that came in one delivery: a queue takes them whole or not at all.
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
    bundle: tuple[Event, ...] = ()

    @property
    def group(self) -> str:
        """What the queue keeps in order (64 characters, no personal data). An event without a party has no order
        to keep: it is alone, so that a slow one holds up no other."""
        section = "echo" if self.section == "echo" else ""
        alone = () if self.party else (self.id,)
        return digest(self.source, self.account, self.party, section, *alone)

    @property
    def dedup(self) -> str:
        """What the queue refuses twice within its five minutes (64 characters)."""
        return digest(self.source, self.account, self.party, self.id)


class Parked(msgspec.Struct, frozen=True, kw_only=True):
    """What nobody could deliver, as it lies in the bucket: all that its return needs.

    `queue` is where it goes back to, `order` the queue's own count of what came before what ("" where none was
    given), `event` the event with its bytes; `body` the bytes of a delivery that is not cut into events.
    """

    queue: str
    reason: str
    advice: str
    parked_ms: int
    order: str = ""
    event: Event | None = None
    body: bytes = b""


Word = Annotated[str, msgspec.Meta(pattern=r"^\S+\Z")]


class Account(msgspec.Struct, frozen=True, kw_only=True):
    """A brand's account on a platform and the desk integration that its conversations enter.

    `login` tells Instagram's two flavours apart, `page` is the linked Facebook Page of the second,
    `secret` names the secret with the account's access token. `language` is what the bridge's own words
    are said in; `notices` puts a line into the conversation where a reply was not delivered, `mark_seen`
    marks the customer's messages as seen when the agent first answers, `show_reads` shows the agent that
    the customer has read the answer.
    """

    channel: Word
    id: Word
    integration: Word
    secret: Word
    name: str = ""
    login: Literal["instagram", "facebook"] = "instagram"
    page: str = ""
    human_agent: bool = False
    language: str = "en"
    notices: bool = True
    mark_seen: bool = True
    show_reads: bool = False

    def wrote(self, customer: str, username: str) -> bool:
        """Whether what comes from this customer, or under this name on the platform, is the account's own.

        Meta tells an account's own comments by its Page's id or by its name only, too.
        github.com/restfb/restfb/issues/1201
        """
        own = self.name.removeprefix("@").casefold()
        return customer in {self.id, self.page} - {""} or (own != "" and username.casefold() == own)


class Unreadable(msgspec.Struct, frozen=True):
    """A row that should be an account and cannot be read as one: its key, and what is wrong with which field."""

    key: str
    problem: str


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


class Mention(msgspec.Struct, frozen=True, kw_only=True):
    """Where a customer mentioned the brand, by the platform's ids: in a comment under the post, or in the post itself.

    The platform tells no more of it unless it is asked (`Client.mentioned`).
    """

    post: str = ""
    comment: str = ""


class Mentioned(msgspec.Struct, frozen=True, kw_only=True):
    """What the platform tells of a mention when it is asked: who wrote what, and where it can be seen."""

    text: str = ""
    username: str = ""
    url: str = ""


class CustomerMessage(msgspec.Struct, frozen=True, kw_only=True, tag="message"):
    """The customer wrote: opens or continues a conversation.

    An event with several attachments is several messages: `id` is each one's own, the first has the event's,
    `part` counts them from 0, `origin` is the platform's id of the whole. The agent reads `lines`, then `text`,
    which are the customer's own words. `comment` is set where only that comment can be answered, once, and by a
    message; `starts_window` tells whether the message lets the brand answer; `from_ad` whether an advertisement
    led here; `tap` is the token of the offered choice that was tapped. `quotes` is the platform's id of the message
    that this one answers, `mention` what has to be asked for where the platform told no more. `attributes` become
    participant data.
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
    quotes: str = ""
    mention: Mention | None = None
    username: str = ""
    profile_url: str = ""
    platform_thread: str = ""
    attributes: dict[str, str] = {}


class Led(msgspec.Struct, frozen=True, kw_only=True, tag="led"):
    """What led the customer here: remembered until they write, and told with that message. It opens nothing.

    `attributes` become participant data of their next message, `from_ad` tells whether an advertisement led here.
    """

    id: str
    conversation: Conversation
    sent_ms: int
    attributes: dict[str, str]
    from_ad: bool


def led_here(attributes: Mapping[str, str]) -> tuple[Line, ...]:
    """What the agent reads of what led the customer here, by the names under which it becomes participant data."""
    advertisement, product = attributes.get("adTitle") or attributes.get("adId"), attributes.get("productId")
    lines = [Line("from_ad", {"title": advertisement})] if advertisement else []
    lines += [Line("product", {"id": product})] if product else []
    ref = attributes.get("ref")
    return tuple(lines) or ((Line("from_link", {"ref": ref}),) if ref else ())


class Note(msgspec.Struct, frozen=True, kw_only=True, tag="note"):
    """Something that belongs to an open conversation and opens none: a reaction, an edit, a read.

    `about` is the platform's id of the message that was reacted to, edited, read or taken back. `edit` tells which of
    two edits of one message is the newer: the greater. `removes` is the platform's id of a message that the customer
    took back: our copies of its media go; `prevents` the event id under which that message is never shown if it should
    come later.
    """

    id: str
    conversation: Conversation
    sent_ms: int
    kind: str
    lines: tuple[Line, ...]
    text: str = ""
    about: str = ""
    edit: int = 0
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

    `id` is the event id that the delivery would have had, so that whichever comes second is a duplicate. `told` says
    that the event itself holds what the customer wrote: where the message cannot be read, it must not be let go.
    """

    id: str
    account: str
    origin: str
    sent_ms: int
    told: bool = False


class Trouble(msgspec.Struct, frozen=True, tag="trouble"):
    """The platform tells that the account will not work any more; somebody has to act."""

    reason: str
    advice: str


class Ignored(msgspec.Struct, frozen=True, tag="ignored"):
    """Deliberately not shown; `reason` is counted."""

    reason: str


CustomerEvent = CustomerMessage | Led | Note | Echo | Unseen | Trouble | Ignored


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
    `tried_s` and is to be found out until `until_s`. `done` and `refused` are final; `result` and
    `reason` say how it ended. `since_s` is when it was first claimed; `buried` tells that it was given
    up before, and has come back; `edited` is the newest text of a message that was edited before it came;
    `desk` the desk's conversation that was known when it was tried.
    """

    state: Literal["fresh", "lapsed", "busy", "doubt", "done", "refused"]
    until_s: float = 0.0
    since_s: float = 0.0
    tried_s: float = 0.0
    result: str = ""
    reason: str = ""
    detail: str = ""
    buried: bool = False
    edited: str = ""
    desk: str = ""


Edited = Literal["held", "newest", "older"]
"""Of an edit: its message has not come yet and will be shown as edited, it is the newest, or a newer one is known."""


class Flight(msgspec.Struct, frozen=True, kw_only=True):
    """A part whose send has begun and of which nobody knows that it arrived: the fingerprint of its text ("" where
    its echo has none), and whether the agent has been told that nobody knows."""

    text: str
    given_up: bool = False


class Tried(msgspec.Struct, frozen=True, kw_only=True):
    """How often something was tried for an event's own sake, and when first (epoch s)."""

    count: int
    first_s: float
