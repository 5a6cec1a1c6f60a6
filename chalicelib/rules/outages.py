"""When customers are told that nobody can answer them, because the desk is away."""

from __future__ import annotations

from chalicelib.rules import windows
from chalicelib.vocabulary.capabilities import WindowPolicy
from chalicelib.vocabulary.records import Thread


def is_due(policy: WindowPolicy, thread: Thread, now_ms: int, away_s: float, least_s: float) -> bool:
    """Whether to tell the customer now. `away_s` is how long the desk has been away, `least_s` how long that is taken
    for a blip (seconds).

    Nobody knows when it comes back, and what has lasted long lasts longer: it is expected after as long again. Who can
    still be answered then is told nothing. An automated author writes into an open window only: under no tag, and never
    in place of the one private answer that a comment takes.
    """
    if away_s < least_s:
        return False
    allowed = windows.decide(policy, thread, "bot", now_ms)
    if not isinstance(allowed, windows.Allow) or allowed.tag or allowed.comment:
        return False
    closes_ms = windows.expires_ms(policy, thread)
    return 0 < closes_ms <= now_ms + away_s * 1000
