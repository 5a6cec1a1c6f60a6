"""What customers do and what the desk is shown.

Nothing here knows a platform, a desk or AWS. Times are epoch milliseconds unless the name says otherwise.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Literal

import msgspec

from chalicelib.vocabulary.guarding import Said
from chalicelib.vocabulary.records import Conversation, Profile


class Line(msgspec.Struct, frozen=True):
    """A sentence in the bridge's own words: its key in the catalogue, and what fills its places. `post` is the
    platform's id of a post whose address fills `url` where the platform tells it (`Client.post_url`)."""

    key: str
    facts: dict[str, str] = {}
    post: str = ""


Kind = Literal["image", "video", "audio", "file"]
# A story that mentions the brand and is not named.
UNNAMED = "?"


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
    message; `public` tells whether it is a comment or a mention, which anybody can read; `starts_window` whether the
    message lets the brand answer; `from_ad` whether an advertisement led here; `tap` is the token of the offered choice
    that was tapped. `quotes` is the platform's id of the message that this one answers, `mention` what has to be asked
    for where the platform told no more. `attributes` become participant data. `sealed` tells that it came encrypted, so
    that nothing of what it says is kept. `profile` is what the delivery itself tells of the customer. `story` tells the
    story in which the customer mentions the brand from others: "" where it is no such mention, UNNAMED where the
    platform names none. `said` is how the guards remember it, where the
    account has any.
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
    public: bool = False
    starts_window: bool = True
    from_ad: bool = False
    tap: str = ""
    quotes: str = ""
    mention: Mention | None = None
    username: str = ""
    profile_url: str = ""
    platform_thread: str = ""
    attributes: dict[str, str] = {}
    sealed: bool = False
    profile: Profile | None = None
    said: Said | None = None
    story: str = ""


class Led(msgspec.Struct, frozen=True, kw_only=True, tag="led"):
    """What led the customer here: remembered until they write, and told with that message. It opens nothing.

    `attributes` become participant data of their next message, `from_ad` tells whether an advertisement led here.
    `story` as for a message.
    """

    id: str
    conversation: Conversation
    sent_ms: int
    attributes: dict[str, str]
    from_ad: bool
    story: str = ""


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
    come later. `sealed` as for a message.
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
    sealed: bool = False


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


class Overheard(msgspec.Struct, frozen=True, kw_only=True, tag="overheard"):
    """Something was said in a conversation that the platform has given to another app: we are told, and not asked.

    `text` and `lines` are what agents may read of it, of media without words its `kind`. `message` is the id of the
    event that would have brought it, were the conversation ours; `gone` tells that it was taken back. Where the account
    takes no notice of other apps it is `ignored` for that reason.
    """

    id: str
    conversation: Conversation
    sent_ms: int
    message: str
    text: str = ""
    lines: tuple[Line, ...] = ()
    kind: Kind | Literal[""] = ""
    gone: bool = False
    ignored: str


class Control(msgspec.Struct, frozen=True, kw_only=True, tag="control"):
    """Which app has the conversation: it was "passed" to `app`, or "taken" by it, or is "requested" by it; of no
    conversation, which app is the "default" one. `words` are the other app's own, and nobody's else."""

    id: str
    conversation: Conversation
    sent_ms: int
    did: Literal["passed", "taken", "requested", "default"]
    app: str
    words: str = ""
    ignored: str


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


class Sealed(msgspec.Struct, frozen=True, kw_only=True, tag="sealed"):
    """Something came that is encrypted: whoever has the account's keys opens it (protocols/unsealing.py).

    `id` is the event's, `thread` the platform's id of the conversation, `body` what is to be opened, as it came. `own`
    tells that the brand's account sent it, `silent` that it cannot be a message, so that nobody misses it.
    """

    id: str
    conversation: Conversation
    sent_ms: int
    body: bytes
    thread: str = ""
    own: bool = False
    silent: bool = False


class Trouble(msgspec.Struct, frozen=True, tag="trouble"):
    """The platform tells that the account will not work any more; somebody has to act."""

    reason: str
    advice: str


class Ignored(msgspec.Struct, frozen=True, tag="ignored"):
    """Deliberately not shown; `reason` is counted."""

    reason: str


CustomerEvent = CustomerMessage | Led | Note | Echo | Overheard | Control | Unseen | Sealed | Trouble | Ignored


class Attachment(msgspec.Struct, frozen=True, kw_only=True):
    """A file that the desk can open: `url` is ours, `key` our copy's, `size` in bytes. `body` is the file itself where
    the desk takes files by upload, b"" elsewhere."""

    kind: Kind
    url: str
    mime: str
    name: str
    key: str = ""
    size: int = 0
    body: bytes = b""


LED_TO = ">"


class Source(msgspec.Struct, frozen=True, kw_only=True):
    """Where a file can be fetched now: with these headers, from one of these hosts (and their subdomains). A host that
    begins with LED_TO is one that another leads on to, and that no URL may name itself. `opened` makes the file of what
    was fetched, where that is encrypted, and raises ValueError where it cannot be."""

    url: str
    hosts: tuple[str, ...]
    headers: dict[str, str] = {}
    opened: Callable[[bytes], bytes] | None = None


class Fetched(msgspec.Struct, frozen=True, kw_only=True):
    """A file as it was fetched; `mime` is what its server said."""

    body: bytes
    mime: str


class Tap(msgspec.Struct, frozen=True, kw_only=True):
    """The choice that the customer tapped: `message` is the desk's id of the message that offered it,
    `type` is the desk's word for the kind of choice."""

    message: str
    type: Literal["Button", "QuickReply", "DatePicker"]
    text: str
    payload: str


class DeskMessage(msgspec.Struct, frozen=True, kw_only=True):
    """What the agent is to see: one message of the customer, under an id that is the same on every try. `opens` tells
    whether a conversation may be opened for it: a line of the bridge's own belongs to one that is open. `former` is the
    desk's conversation that was over last, at `former_ms`; "" where there was none, and for a desk that need not know.
    """

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
    opens: bool = True
    former: str = ""
    former_ms: int = 0
