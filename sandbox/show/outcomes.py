"""What became of an event at a hop, in the few words of the road."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal
from urllib.parse import urlsplit

from chalicelib.errors import RateLimited, Retryable
from chalicelib.http import Answer

Hop = str
"""webhook, edge, queue, worker, table, platform, crm, model, or the name of a desk."""
Outcome = Literal["ok", "retry", "throttled", "duplicate", "refused", "ignored", "failed", "parked"]
Fact = tuple[str, Mapping[str, str]]
"""What the product counted: a metric's name and labels."""


def tail(url: str) -> str:
    """The end of the path, in which the simulated vendors name what is asked for."""
    pieces = [piece for piece in urlsplit(url).path.split("/") if piece]
    last = pieces[-1][:40] if pieces else ""
    return "profile" if last.isdigit() else last


def at_edge(counted: Sequence[Fact]) -> tuple[Outcome, str]:
    facts = dict(counted)
    if "rejected" in facts:
        return "refused", facts["rejected"]["reason"]
    if "not_stored" in facts:
        return "failed", "not stored"
    if "parked" in facts:
        return "parked", facts["parked"]["reason"]
    return "ok", "verified and stored"


BOT = "bot_answered"
"""The bot in front of the desk has answered: agents need not see it."""
# What a worker counts, the weightiest first, and what that makes of the event.
_ENDS: tuple[tuple[str, Outcome], ...] = (
    ("parked", "parked"),
    ("dead_letter", "parked"),
    ("refused", "refused"),
    (BOT, "ok"),
    ("delivered", "ok"),
    ("sent", "ok"),
    ("duplicate", "duplicate"),
    ("ignored", "ignored"),
    ("led", "ignored"),
    ("erased", "ignored"),
)


def at_worker(counted: Sequence[Fact]) -> tuple[Outcome, str]:
    facts = dict(counted)
    for name, outcome in _ENDS:
        if name in facts:
            return outcome, facts[name].get("reason", name)
    return "ok", "done"


def guarded(counted: Sequence[Fact]) -> dict[str, str] | None:
    """What a guard made of the event, and why: `action` and `reason`."""
    facts = dict(counted)
    return dict(facts["guarded"]) if "guarded" in facts else None


def judged(answer: Answer) -> tuple[Outcome, str]:
    """What an answer means at a glance, and its code: a platform may answer 200 with a code of its own."""
    said = answer.json() if answer.status == 200 else None
    code = said.get("code") if isinstance(said, dict) else None
    if isinstance(code, int) and code:
        return "refused", f"{answer.status}, code {code}"
    if answer.status < 400:
        return "ok", f"{answer.status}"
    if answer.status == 409:
        return "duplicate", f"{answer.status}"
    if answer.status == 429:
        return "throttled", f"{answer.status}"
    return "retry" if answer.status >= 500 else "refused", f"{answer.status}"


def postponed(later: Retryable, calls: Sequence[Outcome]) -> Outcome:
    """What a worker's putting off means: the other side takes no more calls for now, or something has failed."""
    limited = isinstance(later, RateLimited) or "throttled" in calls or "rate limit" in later.reason.lower()
    return "throttled" if limited else "retry"
