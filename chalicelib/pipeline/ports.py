"""What the use cases need from the outside, said in their own words. aws/ and the tests provide it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from chalicelib.messages import Account, Claim, Conversation, Event, Fetched, Profile, Stored, Tap, Thread, Unreadable

Clock = Callable[[], float]
"""Epoch seconds."""


class Outbox(Protocol):
    """A FIFO queue, seen from the edge."""

    def carries(self, event: Event) -> bool:
        """Whether the queue takes the event as it is."""

    def put(self, events: Sequence[Event]) -> None:
        """Puts all events in order; raises Retryable where the queue refused any."""


class Redelivery(Protocol):
    """A FIFO queue, seen from its worker."""

    def postpone(self, handles: Sequence[str], delay_s: int) -> None:
        """Makes the messages visible again after the delay (0 to 43,200 s); never raises."""

    def bury(self, event: Event, reason: str) -> None:
        """Puts the event on the dead-letter queue, from which the operator replays it."""


class Shelf(Protocol):
    """The bucket: what is too big for a queue, and what nobody can deliver yet."""

    def keep(self, key: str, body: bytes) -> None: ...
    def fetch(self, key: str) -> bytes: ...


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


class Fetch(Protocol):
    """How files are fetched from the world outside."""

    def __call__(self, url: str, hosts: Sequence[str], headers: Mapping[str, str]) -> Fetched:
        """GETs the file from one of the hosts or their subdomains. Raises Unfetched where it is not to be had
        or not to be trusted, Retryable where it may later."""


class Ledger(Protocol):
    """Claims and conversation state, shared by all workers. All methods may raise Retryable."""

    def claim(self, conversation: Conversation, item: str, now: float, lease_s: float, text: str = "") -> Claim: ...
    def release(self, conversation: Conversation, item: str) -> None: ...
    def doubt(self, conversation: Conversation, item: str) -> None: ...
    def refuse(self, conversation: Conversation, item: str, now: float, reason: str, detail: str) -> bool: ...
    def delivered(self, conversation: Conversation, item: str, now: float, thread: Thread) -> None: ...
    def sent(self, conversation: Conversation, item: str, now: float, platform_id: str, answered: str = "") -> None: ...

    def forestall(self, conversation: Conversation, item: str, now: float) -> bool:
        """Ends a claim that nobody has made: whoever comes later finds the work done. False where it was made."""

    def seen(self, conversation: Conversation, now: float, until_ms: int) -> None:
        """The customer's messages up to then are marked as seen."""

    def thread(self, conversation: Conversation) -> Thread: ...
    def is_ours(self, conversation: Conversation, platform_id: str) -> bool: ...
    def in_flight(self, conversation: Conversation, now: float) -> dict[str, str]: ...

    def offer(self, conversation: Conversation, key: str, now: float, taps: Sequence[Tap]) -> None:
        """Remembers what a message offers, in order, until a tap comes back."""

    def offered(self, conversation: Conversation, key: str, number: int) -> Tap | None: ...

    def keep_profile(self, conversation: Conversation, now: float, profile: Profile) -> None: ...
    def profile(self, conversation: Conversation, now: float) -> Profile | None: ...

    def accounts(self) -> Sequence[Account | Unreadable]: ...


class Secrets(Protocol):
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
