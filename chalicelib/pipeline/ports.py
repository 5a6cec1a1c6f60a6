"""What the use cases need from the outside, said in their own words. aws/ and the tests provide it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol

from chalicelib.messages import Account, Claim, Conversation, Event, Thread

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


class Ledger(Protocol):
    """Claims and conversation state, shared by all workers. All methods may raise Retryable."""

    def claim(self, conversation: Conversation, item: str, now: float, lease_s: float, text: str = "") -> Claim: ...
    def release(self, conversation: Conversation, item: str) -> None: ...
    def doubt(self, conversation: Conversation, item: str) -> None: ...
    def refuse(self, conversation: Conversation, item: str, now: float, code: str, detail: str) -> bool: ...
    def delivered(self, conversation: Conversation, item: str, now: float, thread: Thread) -> None: ...
    def sent(self, conversation: Conversation, item: str, now: float, platform_id: str) -> None: ...
    def thread(self, conversation: Conversation) -> Thread: ...
    def is_ours(self, conversation: Conversation, platform_id: str) -> bool: ...
    def in_flight(self, conversation: Conversation, now: float) -> dict[str, str]: ...
    def accounts(self) -> list[Account]: ...


class Secrets(Protocol):
    """Named secrets, cached."""

    def get(self, name: str) -> dict[str, Any]: ...
    def refresh(self, name: str) -> bool: ...


class SecretKeeper(Secrets, Protocol):
    """Secrets that may be written, too."""

    def put(self, name: str, value: dict[str, Any]) -> None:
        """Stores the secret's new object; raises Retryable."""
