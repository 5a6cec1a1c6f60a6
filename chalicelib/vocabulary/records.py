"""What the bridge remembers, and what lies on its queues. Times are epoch milliseconds unless their name says more."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec

from chalicelib.vocabulary.front import NOTHING, Front
from chalicelib.wire import bounded, digest

# The result of a claim that was ended before its work came: a message that was taken back first.
PREVENTED = "prevented"
# The place in the order of what comes back from the shelf, where no queue had counted it.
UNCOUNTED = "0"


class Event(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One event of a verified webhook, as the edge puts it on a queue.

    `source` is the channel's or the desk's name, `account` the platform's account id or the desk's
    integration id, `party` the customer whose events must stay in order ("" where none is named),
    `id` the same for every redelivery, `section` where in the delivery it stood, `raw` its exact
    bytes (JSON), `aside` the bucket key of those bytes where a queue cannot carry them. `sent_ms` is when it
    happened by the platform's clock, 0 where the platform does not tell, `made_ms` the newest time that its delivery
    states of it: neither can be changed by who captures what is signed. `bundle` holds the events of one
    conversation that came in one delivery: a queue takes them whole or not at all. `order` is the queue's count of
    what came before what, of an event that comes back from the shelf: it keeps its place however often that happens.
    `about` is the customer whom an event without a party is about.
    `late` tells that no webhook had brought it in time, and that it was found in the platform's history.
    `signer` is the account (channel#id) whose own secret signed the delivery, "" where the secret is that of all.
    """

    source: str
    account: str
    party: str
    id: str
    received_ms: int
    section: str = ""
    sent_ms: int = 0
    made_ms: int = 0
    raw: msgspec.Raw = msgspec.Raw(b"null")
    aside: str = ""
    bundle: tuple[Event, ...] = ()
    order: str = ""
    about: str = ""
    late: bool = False
    signer: str = ""

    @property
    def group(self) -> str:
        """What the queue keeps in order (64 characters, no personal data). An event without a party has no order
        to keep: it is alone, so that a slow one holds up no other."""
        section = "echo" if self.section == "echo" else ""
        alone = () if self.party else (self.id,)
        return digest(self.source, self.account, self.party, section, *alone)

    @property
    def mark(self) -> str:
        """By which all of a customer's events are found, to erase them; "" where it is not told whose it is."""
        return mark(self.source, self.account, self.party or self.about)

    @property
    def since_ms(self) -> int:
        """When there was such an event, by whichever clock was first."""
        return min(self.received_ms, self.sent_ms or self.received_ms)

    @property
    def dedup(self) -> str:
        """What the queue refuses twice within its five minutes (64 characters)."""
        return digest(self.source, self.account, self.party, self.id)


def mark(source: str, account: str, party: str) -> str:
    """What tells the customer's events of one source from all others (64 characters, no personal data); "" for
    nobody's. The names are bounded, as an event has them."""
    return digest(source, account, party) if party else ""


class Erasure(msgspec.Struct, frozen=True, kw_only=True):
    """That a customer was erased: with all that came up to `until_ms`; what has come since waits for the erasure's
    end, until `open_s` (epoch s) at the longest."""

    until_ms: int
    open_s: float = 0.0


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


class Away(msgspec.Struct, frozen=True, kw_only=True):
    """A desk has not answered since then, as was last seen then (epoch s)."""

    desk: str
    since_s: float
    last_s: float


class Acknowledged(msgspec.Struct, frozen=True, kw_only=True):
    """A customer was told at `at_ms` (epoch ms) that nobody can answer now, in the desk's outage that began at
    `outage_s` (epoch s), while the message of that id waited; or that was tried."""

    outage_s: int
    message: str
    at_ms: int


Word = Annotated[str, msgspec.Meta(pattern=r"^\S+\Z")]


class Account(msgspec.Struct, frozen=True, kw_only=True):
    """A brand's account on a platform and the desk integration that its conversations enter.

    `secret` names the secret with the account's access token. `language` is what the bridge's own words are said
    in; `notices` puts a line into the conversation where a reply was not delivered, `mark_seen` marks the
    customer's messages as seen when the agent first answers, `show_reads` shows the agent that the customer has
    read the answer, or is writing, `reconcile` compares every day what the platform and the desk hold with what the
    bridge has delivered. `outage_reply` tells customers, while the desk is away, that nobody can answer before
    their window closes, in the words of `outage_text` ("": the bridge's own). `desk` names the desk at which new
    conversations are seated, "" for the deployment's first; `former_integrations` are those by which its open
    conversations may have been opened, and which may still tell of them. `closing` is what is done as a window
    closes while its customer waits: nothing, supervisors are warned, or the conversation is raised at its desk,
    too. `after_end` is what the customer is told when the desk's conversation is over, such as a link to a survey
    ("": nothing). `flow_texts` passes on what the desk's flows say by themselves. Plain texts that follow each
    other within `fold_s` (s) are shown as one message (`rules.folding`), 0: each by itself. `front` is what stands
    before its desk, nothing by default. `options` is what only accounts of its channel or its desk have
    (`About.options`).
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
    reconcile: bool = False
    outage_reply: bool = False
    outage_text: str = ""
    desk: str = ""
    former_integrations: tuple[Word, ...] = ()
    closing: Literal["off", "warn", "raise"] = "warn"
    after_end: str = ""
    flow_texts: bool = False
    fold_s: Annotated[int, msgspec.Meta(ge=0, le=20)] = 0
    front: Front = NOTHING
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
# What the desk is called at which a conversation sits that the bot has, before any desk of people's; and the section of
# the events by which it speaks.
BOT = "bot"


# Which app has a conversation, besides an app's id: ours, none, or another whose name was not told.
US, NOBODY, SOMEBODY = "us", "nobody", "?"


class Thread(msgspec.Struct, frozen=True, kw_only=True):
    """What is remembered of a conversation.

    `seat` is where it sits, `platform` the platform's conversation id, where it has any,
    `customer_ms` when the customer last wrote, `ad_ms` when an advertisement last led them here.
    `comment` is the newest comment that may be answered by a message, written at `comment_ms`, and
    `answered` the comment that has been. `seen_ms` is up to when their messages are marked as seen,
    `replies` how many messages went out since they last wrote, `said_ms` when the newest of all was written, by the
    clock of a desk that tells it, and `said` the desk's id of that. `holder` is which app the platform has given the
    conversation to, as of `holder_ms`: US, NOBODY, SOMEBODY or that app's id, "" where nobody has told; while it is no
    other's, the customer's messages come to us. `held_until_ms` is until when it was prolonged for us.
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
    said_ms: int = 0
    said: str = ""
    holder: str = ""
    holder_ms: int = 0
    held_until_ms: int = 0


Urged = Literal["", "raised", "held", "over"]
"""What became of a conversation that the desk was asked to raise: it waits in a queue and was, somebody has it, or it
is over; "" where the desk has not been asked."""


class Wait(msgspec.Struct, frozen=True, kw_only=True):
    """A conversation whose customer waits, and what has been done about its window.

    `since_ms` is when they wrote what nobody has answered, `shown_ms` when that came to the desk (0: not known). Of the
    window that closes at `closes_ms` (0: none yet), `step` is the last step that was taken, `raised` the last one at
    which the desk was asked to raise the conversation, and `urged` what became of that. `telling_s` (epoch s) is until
    when somebody tells supervisors of the step, 0 where that is done. `refused_ms` is when a reply was last refused, 0
    where none was.
    """

    conversation: Conversation
    thread: Thread
    since_ms: int
    shown_ms: int = 0
    closes_ms: int = 0
    step: int = 0
    raised: int = 0
    urged: Urged = ""
    telling_s: float = 0.0
    refused_ms: int = 0

    @property
    def refused(self) -> bool:
        """Whether a reply was refused since the customer waits."""
        return 0 < self.since_ms <= self.refused_ms

    def at(self, closes_ms: int) -> Wait:
        """As far as that window is concerned: nothing has been done where it was another one."""
        if self.closes_ms == closes_ms:
            return self
        none = {"closes_ms": closes_ms, "step": 0, "raised": 0, "urged": "", "telling_s": 0.0}
        return msgspec.structs.replace(self, **none)


class Spent(msgspec.Struct, frozen=True, kw_only=True):
    """A conversation in which so few messages may still follow the customer's newest, which is from then."""

    conversation: Conversation
    left: int
    customer_ms: int


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """A conversation as its end finds it: what is remembered of it, how often something was shown at a desk so far, and
    which of the desk's conversations was over last, since when."""

    thread: Thread
    shown: int = 0
    ended: str = ""
    ended_ms: int = 0


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
    `seat` what was known of where the conversation sits when it was tried (desk and conversation). `folded` are the ids
    of the events whose texts are shown in the same message, behind this one's; `others` the newest texts of those, ""
    where none was edited.
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
    folded: tuple[str, ...] = ()
    others: tuple[str, ...] = ()


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


class Holder(msgspec.Struct, frozen=True, kw_only=True):
    """Who has a lock ("" where they did not say), from then until then (epoch s) unless it is prolonged."""

    who: str
    since_s: float
    until_s: float


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """What the ledger holds of a conversation under one name, as it lies there; what is a structure is JSON. `seat` is
    the desk's conversation to which it points, None where it points to none."""

    name: str
    fields: dict[str, str | float | int | bool]
    seat: Seat | None = None
