"""How long what is tried: the one table of budgets, and when something that failed is tried again.

A budget is time and an event's own tries, and ends when both are used up. How often the queue has handed an event
out says how often others were throttled, so no budget knows it; waiting for one's turn spends nothing.
docs/architecture.md tells this table to the operator.
"""

from __future__ import annotations

import msgspec

from chalicelib.vocabulary.records import Tried

HOUR_S = 3600.0
LONGEST_BACKOFF_S = 300.0
# Who is throttled shares a limit with others and looks again sooner, or the limit would lie idle.
LONGEST_THROTTLED_S = 60.0
# Until an event has failed for this long it is tried quickly: most troubles are over by then.
QUICK_S = 32.0
# A queue gives up what it has handed out a thousand times. So that fourteen days of anything stay below that, whatever
# was handed out often rests longer: by this times the square of how often (s), at the latest an hour.
PACE_S = 0.0037
LONGEST_PACE_S = 3600.0


class Budget(msgspec.Struct, frozen=True):
    """At least so many tries of its own, and at least so long (seconds): since the first of them, or since
    whatever the caller names."""

    tries: int
    for_s: float


BUDGETS: dict[str, Budget] = {
    "unforeseen": Budget(5, 15.0),
    "died": Budget(5, 60.0),
    "account": Budget(3, 180.0),
    "seat": Budget(3, 15 * 60.0),
    "folded": Budget(5, 60.0),
    "file": Budget(4, 20.0),
    "unseen": Budget(4, 20.0),
    "sealed": Budget(4, 30.0),
    "note": Budget(3, 10.0),
    "echo": Budget(2, 15 * 60.0),
    "token": Budget(2, 60.0),
    "reply": Budget(3, 15 * 60.0),
    "throttled": Budget(3, 24 * HOUR_S),
    "history": Budget(3, 60.0),
    "receipt": Budget(3, 24 * HOUR_S),
    "notice": Budget(3, HOUR_S),
    "routing": Budget(3, 10.0),
}
"""What ends each of them is told in docs/architecture.md."""


def used_up(budget: Budget, tried: Tried, now: float, since_s: float | None = None) -> bool:
    """Whether nothing is left of it; `since_s` and `now` are epoch seconds."""
    start = tried.first_s if since_s is None else since_s
    return tried.count >= budget.tries and now - start >= budget.for_s


def pace_s(received: int) -> float:
    """How long an event rests at least that the queue has handed out so often (seconds). It is the one thing that
    this count decides: it says how often others were throttled."""
    return min(LONGEST_PACE_S, PACE_S * received * received)


def waits_s(received: int, asked_s: float | None = None) -> float:
    """How long an event rests that waits for its turn (seconds): as long as was asked, at least a second."""
    return max(asked_s or 0.0, 1.0, pace_s(received))


def backoff_s(tried: Tried, now: float, received: int, *, throttled: bool, asked_s: float | None = None) -> float:
    """How long an event rests after a failure of its own (seconds): doubled each time, up to a quarter of the time
    that it has failed for; never less than the other side asked."""
    failing_s = max(0.0, now - tried.first_s)
    doubled = 2.0 ** min(tried.count - 1, 16)
    longest = LONGEST_THROTTLED_S if throttled else LONGEST_BACKOFF_S
    return max(min(doubled, max(QUICK_S / 4, failing_s / 4), longest), asked_s or 0.0, pace_s(received))
