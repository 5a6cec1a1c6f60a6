"""What is done as a conversation's window closes while its customer waits: in steps, each once, counted from its end.

A window's end is `windows.expires_ms`, until when a person may answer; a message more of the customer's moves it.
"""

from __future__ import annotations

import msgspec

from chalicelib.rules import windows
from chalicelib.rules.participant import WINDOW_WARNING, moment
from chalicelib.vocabulary.capabilities import WindowPolicy
from chalicelib.vocabulary.records import Account, Thread, Wait

HOUR_MS = 3_600_000
# Why a window closed while its customer waited, the first that holds.
NOT_SENT = "not_sent"
LATE = "late"
ENDED = "ended"
UNANSWERED = "unanswered"
# A new message whose window closes within this is too late for a flow that could not know (ms).
LATE_MS = HOUR_MS
# How many messages may still follow the customer's newest, where the channel has a cap: each is told once.
LEFT = (3, 1, 0)
# Until something is known of a conversation whose window does not tell when it closes, it is looked at so often.
UNTOLD_MS = 24 * HOUR_MS


class Step(msgspec.Struct, frozen=True):
    """So many hours before the window closes, the conversation's priority is at least this."""

    hours: float
    priority: int


Steps = tuple[Step, ...]


def steps_of(text: str) -> Steps:
    """The setting `hours:priority,…`, the most hours first. Raises ValueError where it is none: hours above 0 and
    apart, priorities whole numbers that do not fall."""
    parts = [part.partition(":") for part in text.split(",")]
    try:
        read = [Step(float(hours), int(priority)) for hours, _, priority in parts]
    except ValueError:
        raise ValueError("it is hours:priority, comma separated, such as 4:1440,1:4320") from None
    steps = tuple(sorted(read, key=lambda step: -step.hours))
    priorities = [step.priority for step in steps]
    if not all(0 < step.hours < 24 * 365 for step in steps) or len({step.hours for step in steps}) < len(steps):
        raise ValueError("the hours are above 0, and no two the same")
    if priorities != sorted(priorities) or not 0 <= priorities[0] <= priorities[-1] <= 25_000_000:
        raise ValueError("the priorities are 0 to 25000000, and rise as the end comes nearer")
    return steps


def reached(steps: Steps, closes_ms: int, now_ms: int) -> int:
    """How many of the steps have been reached, one more than there are where the window has closed; 0 where nothing
    tells when it does."""
    if closes_ms <= 0:
        return 0
    if closes_ms <= now_ms:
        return len(steps) + 1
    return sum(closes_ms - now_ms <= step.hours * HOUR_MS for step in steps)


def look_ms(steps: Steps, policy: WindowPolicy, closes_ms: int, now_ms: int) -> int:
    """When the conversation has to be looked at again (epoch ms): before that nothing is due, whatever its customer
    writes meanwhile, which only moves the end."""
    if closes_ms > now_ms:
        coming = [step.hours for step in steps if closes_ms - now_ms > step.hours * HOUR_MS]
        return closes_ms - int(max(coming, default=0.0) * HOUR_MS)
    # over, or untold: what comes next is a message, and its window
    shortest = soonest_ms(policy)
    return now_ms + (UNTOLD_MS if shortest is None else max(0, shortest - int(steps[0].hours * HOUR_MS)))


def soonest_ms(policy: WindowPolicy) -> int | None:
    """The shortest time (ms) that a window lasts from what opens it; None where none of them ends."""
    lasting = [length for length in (policy.open_s, policy.comment_s) if length]
    return int(min(lasting) * 1000) if lasting else None


def waits_before_ms(steps: Steps, policy: WindowPolicy, now_ms: int) -> int | None:
    """Of whom nobody has waited for longer, nothing is due (epoch ms); None where no window of the account's ends."""
    shortest = soonest_ms(policy)
    return None if shortest is None else now_ms - shortest + int(steps[0].hours * HOUR_MS) + 1


def why_lost(steps: Steps, wait: Wait, closes_ms: int) -> str:
    """Why nobody answered before the window closed: a reply was refused (`not_sent`), the message came to the desk when
    the first step had passed already (`late`), the desk had ended its conversation (`ended`), or none of that."""
    if wait.refused:
        return NOT_SENT
    if wait.shown_ms and closes_ms - wait.shown_ms < steps[0].hours * HOUR_MS:
        return LATE
    return ENDED if wait.urged == "over" else UNANSWERED


def comes_late(account: Account, closes_ms: int, now_ms: int) -> bool:
    """Whether a message comes so late that a flow should say so: no flow knows how old it is, or how long its window
    lasts."""
    return account.closing == "raise" and 0 < closes_ms - now_ms <= LATE_MS


def crossed(cap: int, before: int, after: int) -> int | None:
    """How many messages may still follow, where that has just fallen to a number of `LEFT` or past it; None where it
    has not, or where there is no cap."""
    left = max(0, cap - after)
    if not cap or not any(left <= mark < cap - before for mark in LEFT):
        return None
    return left


def marks(steps: Steps, policy: WindowPolicy, thread: Thread, step: int, now_ms: int) -> dict[str, str]:
    """The participant data that tells of the step (see `participant.NAMES`)."""
    return {
        WINDOW_WARNING: f"{steps[step - 1].hours:g}",
        "windowExpiresAt": moment(windows.expires_ms(policy, thread)),
        "windowState": windows.state(policy, thread, now_ms),
    }
