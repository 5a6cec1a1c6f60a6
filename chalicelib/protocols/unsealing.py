"""What a channel may have whose messages come encrypted: a module `unsealing` that holds `open_unsealing`.

Its translator, which is pure and has no keys, answers `Sealed` for what it cannot read.
"""

from __future__ import annotations

from typing import Protocol

from chalicelib.vocabulary.messages import CustomerEvent, Sealed
from chalicelib.vocabulary.records import Account


class Unopened(Exception):
    """Nobody will ever read this one; `reason` is for metrics and logs (letters and underscores), and quotes nobody."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class NoKeys(Exception):
    """The account has no keys, so that nothing of what comes encrypted can be read; `advice` says what to do."""

    def __init__(self, advice: str) -> None:
        super().__init__(advice)
        self.advice = advice


class Unsealing(Protocol):
    """Reads what is sealed."""

    def opened(self, account: Account, sealed: Sealed) -> list[CustomerEvent]:
        """What happened, as if the translator had said so: none of it is sealed again, and what it holds that the
        customer wrote is marked as `sealed`. Raises Unopened, NoKeys, or Retryable where a key may still come."""
