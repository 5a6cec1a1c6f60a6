"""What the bridge remembers, and what lies on its queues. Times are epoch milliseconds unless their name says more."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec

from chalicelib.wire import bounded, digest

# The result of a claim that was ended before its work came: a message that was taken back first.
PREVENTED = "prevented"


class Event(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One event of a verified webhook, as the edge puts it on a queue.

    `source` is the channel's or the desk's name, `account` the platform's account id or the desk's
    integration id, `party` the customer whose events must stay in order ("" where none is named),
    `id` the same for every redelivery, `section` where in the delivery it stood, `raw` its exact
    bytes (JSON), `aside` the bucket key of those bytes where a queue cannot carry them. `sent_ms` is when it
    happened by the platform's clock, 0 where the platform does not tell. `bundle` holds the events of one
    conversation that came in one delivery: a queue takes them whole or not at all. `order` is the queue's count of
    what came before what, of an event that comes back from the shelf: it keeps its place however often that happens.
    `signer` is the account (channel#id) whose own secret signed the delivery, "" where the secret is that of all.
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
    order: str = ""
    signer: str = ""

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
    given), `event` the event with its bytes; `body` the bytes of a delivery that is not cut into events. An event of a
    bundle has its number in it behind a point.
    """

    queue: str
    reason: str
    advice: str
    parked_ms: int
    order: str = ""
    event: Event | None = None
    body: bytes = b""


Direction = Literal["inbound", "outbound"]


class Pause(msgspec.Struct, frozen=True, kw_only=True):
    """An operator has an account's events of one direction wait on their queue, from then until then (epoch s)."""

    channel: str
    account: str
    direction: Direction
    since_s: float
    until_s: float


Word = Annotated[str, msgspec.Meta(pattern=r"^\S+\Z")]


class Account(msgspec.Struct, frozen=True, kw_only=True):
    """A brand's account on a platform and the desk integration that its conversations enter.

    `secret` names the secret with the account's access token. `language` is what the bridge's own words
    are said in; `notices` puts a line into the conversation where a reply was not delivered, `mark_seen`
    marks the customer's messages as seen when the agent first answers, `show_reads` shows the agent that
    the customer has read the answer. `desk` names the desk at which new conversations are seated, "" for the
    deployment's first. `options` is what only accounts of its channel or its desk have (`About.options`).
    """

    channel: Word
    id: Word
    integration: Word
    secret: Word
    name: str = ""
    language: str = "en"
    notices: bool = True
    mark_seen: bool = True
    show_reads: bool = False
    desk: str = ""
    options: dict[str, Any] = {}

    @property
    def key(self) -> str:
        """What it is called among the accounts."""
        return f"{self.channel}#{self.id}"

    def wrote(self, customer: str, username: str) -> bool:
        """Whether this customer's id, or their name on the platform, is the account's own. A channel may know it by
        more: `Client.own`."""
        own = self.name.removeprefix("@").casefold()
        return customer == self.id or (own != "" and username.casefold() == own)


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


class Seat(msgspec.Struct, frozen=True):
    """Where a conversation sits: the desk's name ("" for the deployment's first), the desk's id of the conversation,
    what the desk itself wants remembered of it, and how often it has been moved. Without a conversation nobody has
    it, and the next message opens one."""

    desk: str = ""
    conversation: str = ""
    state: str = ""
    generation: int = 0

    @property
    def place(self) -> tuple[str, str]:
        """The desk and its conversation."""
        return self.desk, self.conversation

    def moved(self, conversation: str = "", desk: str = "", state: str = "") -> Seat:
        """The seat that takes this one's place, a generation later: at the desk of that name ("" for the deployment's
        first), or nobody's where no conversation is named."""
        return Seat(desk, conversation, state, self.generation + 1)


NOBODYS = Seat()


class Thread(msgspec.Struct, frozen=True, kw_only=True):
    """What is remembered of a conversation.

    `seat` is where it sits, `platform` the platform's conversation id, where it has any,
    `customer_ms` when the customer last wrote, `ad_ms` when an advertisement last led them here.
    `comment` is the newest comment that may be answered by a message, written at `comment_ms`, and
    `answered` the comment that has been. `seen_ms` is up to when their messages are marked as seen,
    `replies` how many messages went out since they last wrote.
    """

    seat: Seat = NOBODYS
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


class Stored(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of a stored file; `size` in bytes."""

    mime: str
    name: str
    size: int


class Claim(msgspec.Struct, frozen=True, kw_only=True):
    """Who may do a piece of work that must be done once.

    `fresh`: ours, never tried. `lapsed`: ours, but somebody began it and never said how it ended.
    `busy`: somebody is at it until `until_s`. `doubt`: it was tried, its outcome is unknown since
    `tried_s` and is to be found out until `until_s`. `done` and `refused` are final; `result` and
    `reason` say how it ended. `since_s` is when it was first claimed; `buried` tells that it was given
    up before, and has come back; `edited` is the newest text of a message that was edited before it came;
    `seat` what was known of where the conversation sits when it was tried (desk and conversation).
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
    seat: Seat = NOBODYS


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


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """What the ledger holds of a conversation under one name, as it lies there; what is a structure is JSON."""

    name: str
    fields: dict[str, str | float | int | bool]
