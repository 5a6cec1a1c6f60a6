"""What the use cases need from the outside, said in their own words. aws/ and the tests provide it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Literal, Protocol

import msgspec

from chalicelib.vocabulary.guarding import Said
from chalicelib.vocabulary.messages import Fetched, Led, Tap
from chalicelib.vocabulary.records import (
    NOBODYS,
    Account,
    Acknowledged,
    Away,
    Claim,
    Conversation,
    Edited,
    Event,
    Flight,
    Holder,
    Pause,
    Profile,
    Seat,
    Standing,
    Stored,
    Thread,
    Tried,
    Unreadable,
)

Clock = Callable[[], float]
"""Epoch seconds."""


def _is_alone() -> None:
    """Nothing else is dealt with beside it."""


class Turn(msgspec.Struct, frozen=True, kw_only=True):
    """An event's turn with a worker.

    `life` is the same for as long as the event lies on the queue: budgets and burials are counted by it, and a
    replay begins a new one. `order` sorts events as the queue took them. `received` is how often the queue has
    handed it out, which says nothing of its own tries. `remaining_s` answers how long the worker still runs (seconds).
    `behind` are the events of its group that were handed out with it and come next. After `apart` nothing else is dealt
    with beside it until its turn is over; it raises Waiting where there is no time for that.
    """

    life: str
    order: str
    remaining_s: Callable[[], float]
    received: int = 1
    behind: tuple[Event, ...] = ()
    apart: Callable[[], None] = _is_alone

    @property
    def again(self) -> bool:
        """Whether a worker may have been at it before."""
        return self.received > 1


class Arrival(msgspec.Struct, frozen=True, kw_only=True):
    """An event as it came from the queue, its turn, and whose it is."""

    event: Event
    turn: Turn
    account: Account


class Carrier(Protocol):
    """Who takes events."""

    def carries(self, event: Event) -> bool:
        """Whether the queue takes the event as it is."""


class Outbox(Carrier, Protocol):
    """A FIFO queue, seen from the edge."""

    def put(self, events: Sequence[Event]) -> None:
        """Puts all events in order; raises Retryable where the queue refused any."""


class Homecoming(Carrier, Protocol):
    """A FIFO queue, seen from the shelf."""

    def put_again(self, events: Sequence[tuple[Event, str]]) -> None:
        """Puts the events in order, each under an id of its own, which the queue refuses twice within its five
        minutes; raises Retryable at the first that is not taken, and puts nothing behind it."""


class Redelivery(Protocol):
    """A FIFO queue, seen from its worker."""

    def postpone(self, handles: Sequence[str], delay_s: int) -> None:
        """Makes the messages visible again after the delay (0 to 43,200 s); never raises."""

    def bury(self, event: Event, reason: str, life: str, order: str) -> None:
        """Puts the event, as it came, on the dead-letter queue, from which the operator replays it. The same
        life buries once; another, such as a replay, buries anew."""


class Shelf(Protocol):
    """The bucket: what is too big for a queue, and what nobody can deliver yet."""

    def keep(self, key: str, body: bytes) -> None: ...
    def fetch(self, key: str) -> bytes: ...


class ClearedShelf(Shelf, Protocol):
    """The bucket, for who brings back what lies there."""

    def remove(self, keys: Sequence[str]) -> None:
        """Deletes what lies under the keys (up to 1000); nothing lying there is fine."""


class MediaShelf(Protocol):
    """The bucket, for files. All methods may raise Retryable."""

    def keep_media(self, key: str, body: bytes, mime: str, name: str) -> None: ...

    def stored(self, key: str) -> Stored | None:
        """What lies under the key; None where nothing does."""

    def fetch(self, key: str) -> bytes: ...

    def link(self, key: str, file: Stored, seconds: int) -> str:
        """A URL under which anybody can read the file for so long."""

    def remove(self, keys: Sequence[str]) -> None:
        """Deletes what lies under the keys; nothing lying there is fine."""


class Verdicts(Protocol):
    """The bucket, for who asks what a malware scanner has said."""

    def verdict(self, key: str) -> str | None:
        """What it says of what lies under the key: "" while it has said nothing, None where nothing lies there. Raises
        Retryable."""


class DoorShelf(MediaShelf, Verdicts, Protocol):
    """The bucket, for who opens links."""


class ScannedShelf(Shelf, Verdicts, Protocol):
    """The bucket, for the workers."""


class Fetch(Protocol):
    """How files are fetched from the world outside."""

    def __call__(self, url: str, hosts: Sequence[str], headers: Mapping[str, str]) -> Fetched:
        """GETs the file from one of the hosts or their subdomains, as `Source` has them. Raises Unfetched where it is
        not to be had or not to be trusted, Retryable where it may later."""


class Ledger(Protocol):
    """Claims and conversation state, shared by all workers. All methods may raise Retryable. What only the upkeep asks
    for is in `UpkeepLedger`: tests/chaos breaks each call of this one."""

    def claim(
        self,
        conversation: Conversation,
        item: str,
        now: float,
        lease_s: float,
        text: str = "",
        folded: Sequence[str] = (),
    ) -> Claim:
        """Takes the work if nobody has it. `folded` are the events that are to be shown in the same message: they are
        noted where nobody has noted any."""

    def begin(
        self, conversation: Conversation, item: str, now: float, lease_s: float, written_ms: int, text: str, *,
        again: bool = False,
    ) -> tuple[Claim | None, Thread]:  # fmt: skip
        """What is remembered of the conversation and, by the same call, the claim of a part of a message that was
        written then (epoch ms), where it is certain that nobody has begun it; None where `claim` has to find out. It is
        never certain of what has been handed out `again`."""

    def take_passing(self, conversation: Conversation, kind: str, event: str, at_ms: int) -> tuple[str, Thread]:
        """What is remembered of the conversation and, by the same call, a name under which the newest that the customer
        did of the kind is this caller's to show: what the event tells, which was then (epoch ms). "" where that is not
        the newest, where it was taken before, or where the conversation sits nowhere."""

    def leave_passing(self, conversation: Conversation, kind: str, owner: str) -> None:
        """It is known not to have been shown: the event may take it again."""

    def release(self, conversation: Conversation, item: str) -> None: ...

    def doubt(self, conversation: Conversation, item: str, now: float, until: float, seat: Seat = NOBODYS) -> None:
        """The work was tried just now, and how that ended is to be found out until then; `seat` is what was known of
        where the conversation sits."""

    def refuse(self, conversation: Conversation, item: str, now: float, reason: str, detail: str) -> bool:
        """It will not happen. False where it did happen; what is refused already stays so."""

    def delivered(
        self,
        conversation: Conversation,
        item: str,
        now: float,
        thread: Thread,
        words: str = "",
        before: Seat | None = None,
        listed: bool = False,
        also: Mapping[str, str] | None = None,
        said: Said | None = None,
    ) -> bool:
        """The customer's event is done, and the conversation remembers it, and how it begins; where `listed`, the
        desk's conversation is remembered as this customer's. `also` are the items that are done with it, and how each
        begins, `said` is how the guards remember it. `before` is the seat that was read, None where none was.
        False, and no effect, where the thread names another seat and the conversation has been moved since."""

    def standing(self, conversation: Conversation) -> Standing:
        """As `thread`, with what its end has to know besides."""

    def end(self, conversation: Conversation, known: Standing, now: float, listed: bool = False) -> bool:
        """The conversation is over where it is known to sit: nobody has it, it waits for nobody, and what was offered
        in it counts no more; `listed` as for `delivered`. False, and no effect, where something was shown since that
        was read."""

    def ask(self, conversation: Conversation, at_s: float) -> None:
        """The desk at which it sits is to be asked then (epoch s) whether it still does."""

    def seated(self, desk: str, conversation: str) -> Conversation | None:
        """Whose the desk's conversation is; None where nobody has written that down."""

    def sent(
        self,
        conversation: Conversation,
        item: str,
        now: float,
        platform_id: str,
        answered: str = "",
        words: str = "",
        said_ms: int = 0,
        said: str = "",
        turned: Said | None = None,
        seen_ms: int = 0,
    ) -> None:
        """A part reached the platform; nothing where that is known already. `said_ms` is when the newest that did was
        written, 0 where that is not told, and `said` the desk's id of that; `turned` is how the guards remember it. Up
        to `seen_ms` (epoch ms) the customer's messages are marked as seen, where it is not 0."""

    def words(self, conversation: Conversation, event: str, platform_id: str) -> str:
        """How a message begins: the customer's by its event's id, ours by the platform's."""

    def edited(self, conversation: Conversation, item: str, now: float, edit: int, text: str) -> Edited:
        """Notes an edit of a message, whichever comes first."""

    def keep_led(self, conversation: Conversation, now: float, led: Led) -> None: ...
    def led(self, conversation: Conversation, now: float) -> Led | None: ...
    def drop_led(self, conversation: Conversation) -> None: ...

    def buried(self, conversation: Conversation, item: str, now: float) -> bool:
        """The work is given up; whoever claims it later is told so. False where it has ended."""

    def begun(self, conversation: Conversation, prefix: str) -> set[str]:
        """Claims that somebody has made, ended or not, whose items begin so."""

    def under_way(self, conversation: Conversation, now: float) -> bool:
        """Whether a customer's message is on its way to the desk, or its outcome unknown."""

    def tried(self, life: str, what: str, now: float) -> Tried:
        """Counts one try of an event's own, by what was tried."""

    def forestall(self, conversation: Conversation, item: str, now: float) -> bool:
        """Ends a claim that nobody has made, or that was given up: whoever comes later finds the work done. False where
        it was made, or where an edit of it has come."""

    def seen(self, conversation: Conversation, now: float, until_ms: int) -> None:
        """The customer's messages up to then are marked as seen."""

    def thread(self, conversation: Conversation) -> Thread: ...
    def is_ours(self, conversation: Conversation, platform_id: str) -> bool: ...

    def in_flight(self, conversation: Conversation, now: float) -> dict[str, Flight]:
        """Parts of which nobody knows that they arrived, by their claims' items."""

    def offer(self, conversation: Conversation, key: str, now: float, taps: Sequence[Tap]) -> None:
        """Remembers what a message offers, in order, until a tap comes back."""

    def offered(self, conversation: Conversation, key: str, number: int) -> Tap | None: ...

    def keep_profile(self, conversation: Conversation, now: float, profile: Profile) -> None: ...
    def profile(self, conversation: Conversation, now: float) -> Profile | None: ...

    def introduce(self, conversation: Conversation, desk: str, now: float) -> None:
        """The desk's register has the customer, for as long as their profile is not asked for anew."""

    def introduced(self, conversation: Conversation, desk: str, now: float) -> bool:
        """Whether it has."""

    def accounts(self) -> Sequence[Account | Unreadable]: ...

    def spend(self, conversation: Conversation, now: float, left: int, customer_ms: int) -> None:
        """So many messages may still follow the customer's newest, which is from then (epoch ms): somebody has to be
        told."""

    def held(self, now: float) -> tuple[Sequence[Pause], Sequence[Away]]:
        """Which accounts an operator has paused, and in which direction; and which desks are away: by one look."""

    def away(self, desk: str, now: float) -> Away:
        """Notes that the desk does not answer; since when."""

    def back(self, desk: str) -> None:
        """Notes that it does."""

    def acknowledge(self, conversation: Conversation, told: Acknowledged, sent_ms: int) -> bool:
        """Notes that the customer is told that nobody can answer, before that is sent. False, and no effect, where
        they were told in this outage, or since they wrote."""

    def unacknowledge(self, conversation: Conversation, told: Acknowledged) -> None:
        """It is known not to have been sent."""

    def acknowledged(self, conversation: Conversation) -> Acknowledged | None:
        """What the customer was last told so."""


Spoken = Literal["held", "early", "over"]
"""Whether the bot has the floor: it has; its seat is not written yet; or the conversation sits elsewhere by now, or a
later answer has gone out."""


class Floor(Protocol):
    """Who may speak where a bot sits: the bot while it sends, or whoever takes the conversation from it. All methods
    may raise Retryable."""

    def speak(self, conversation: Conversation, item: str, seat: Seat, turn: int, now: float, until: float) -> Spoken:
        """Takes the floor for that part of the bot's answer of that turn, until then (epoch s), if the conversation
        sits where the answer was made. Nobody takes the conversation over meanwhile."""

    def silent(self, conversation: Conversation, item: str) -> None:
        """Gives it back: the part has ended."""

    def hand_over(self, conversation: Conversation, before: Seat, after: Seat, now: float) -> bool:
        """Moves the conversation from one seat to another, which is a generation later. False, and no effect, where the
        bot has the floor, or the conversation sits elsewhere by now."""


class Routes(Protocol):
    """Which app the platform has given conversations to (`Thread.holder`). The newest telling wins, and of one moment
    the greater name: who tells first, late or twice does not matter. All methods may raise Retryable."""

    def held(self, conversation: Conversation, by: str, at_ms: int, now: float) -> Thread:
        """Notes who has it as of then (epoch ms), unless something newer is known; answers what is remembered now."""

    def wrote(self, conversation: Conversation, at_ms: int) -> None:
        """The customer wrote then, to another app: our window is open from there on."""

    def prolonged(self, conversation: Conversation, until_ms: int) -> None:
        """It stays ours until then (epoch ms)."""


class Locks(Protocol):
    """What only one process may be at. All methods may raise Retryable."""

    def lock(self, name: str, now: float, lease_s: float, who: str = "") -> str | None:
        """Who asks has the lock of that name for so long (s), and a token of it; None while another has it. `who` is
        what others are told of them."""

    def prolong(self, name: str, token: str, now: float, lease_s: float) -> bool:
        """Whether they still have it, from now on for so long (s)."""

    def holder(self, name: str, now: float) -> Holder | None:
        """Who has the lock of that name, None where nobody does."""

    def unlock(self, name: str, token: str) -> None:
        """Gives it back early; no effect where another has it by now."""


class UpkeepLedger(Ledger, Locks, Protocol):
    """The ledger, for the upkeep."""

    def sitting(self, account: Account, now: float) -> Iterable[Conversation]:
        """The account's conversations whose desk is to be asked by now, the longest due first."""

    def pauses(self, now: float) -> Sequence[Pause]:
        """Which accounts an operator has paused, and in which direction."""


class SecretCache(Protocol):
    """Named secrets, cached. Both methods may raise Retryable."""

    def get(self, name: str) -> dict[str, Any]: ...

    def refresh(self, name: str, since_s: float | None = None) -> bool:
        """Loads the secret again, unless it was asked for just now. True where that succeeded; where `since_s`
        (epoch s) is given, also where it was loaded since then."""


class SecretKeeper(Protocol):
    """Secrets as they are stored, which may be written, too."""

    def read(self, name: str) -> dict[str, Any]:
        """What is stored now, whatever is cached. Raises Retryable."""

    def put(self, name: str, value: dict[str, Any]) -> None:
        """Stores the secret's new object; raises Retryable."""
