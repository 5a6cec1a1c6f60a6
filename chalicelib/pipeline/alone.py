"""Work that only one process may be at: it has a lock, which it prolongs as it goes on and which ends with it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from chalicelib.errors import Retryable
from chalicelib.pipeline.ports import Clock, Locks
from chalicelib.vocabulary.records import Holder
from chalicelib.wire import iso

# Who dies leaves the lock for so long (s). No step of the work may take longer than what is left after PROLONGED_S:
# ten calls of SQS, each at its longest, take 210 s (aws/calls.py).
LEASE_S = 300.0
PROLONGED_S = 30.0
REPLAY = "replay"
"""The lock of who brings back what lies on the shelf: an order can be kept by one only."""


class Busy(Exception):
    """Somebody else is at it, as far as is known: None where they have just ended."""

    def __init__(self, holder: Holder | None) -> None:
        super().__init__("somebody else is at it")
        self.holder = holder

    def __str__(self) -> str:
        if self.holder is None:
            return "somebody else was at it until just now"
        return f"{self.holder.who or 'somebody else'} is at it, since {iso(int(self.holder.since_s * 1000))}"


@contextmanager
def alone(locks: Locks, name: str, who: str, clock: Clock) -> Iterator[Callable[[], None]]:
    """Has the lock of that name, as `who`, until the end. Yields what is to be called between any two steps: it
    raises Retryable where another has taken over. Raises Busy where somebody else has the lock, and Retryable."""
    token = locks.lock(name, clock(), LEASE_S, who)
    if token is None:
        raise Busy(locks.holder(name, clock()))
    prolonged_s = clock()

    def still() -> None:
        nonlocal prolonged_s
        now = clock()
        if abs(now - prolonged_s) < PROLONGED_S:
            return
        if not locks.prolong(name, token, now, LEASE_S):
            raise Retryable("somebody else is at it by now")
        prolonged_s = now

    try:
        yield still
    finally:
        with suppress(Retryable):  # the lease ends by itself, too
            locks.unlock(name, token)
