"""Whether an event may be what it seems, by the times that its sender wrote into it.

A delivery that somebody has captured is signed for ever; the ledger knows what was dealt with for 30 days only. So what
is older than any platform's own repetition when it comes in is nobody's to work on before an operator has looked.
"""

from __future__ import annotations

from typing import Literal

from chalicelib.vocabulary.records import Event

# More than twice as long as any platform repeats what was not taken: 72 h (each webhook.py tells its own, and where it
# is documented). Less than the ledger remembers (`aws/table.py`), also where what was captured is a repetition that was
# made three days later, a clock was off by AHEAD_S, and the event waits on our queue for 14 days.
OLDEST_S = 7 * 86_400
# Clocks differ by seconds. What a time without its zone is off by is a matter of hours.
AHEAD_S = 86_400

Doubt = Literal["too_old", "in_the_future"]
ADVICE: dict[Doubt, str] = {
    "too_old": (
        "platforms repeat for three days at the most: unless the sender was away for so long, somebody sends again "
        "what they captured. `dmdesk trace` tells of its id whether it was dealt with; if not, replay it"
    ),
    "in_the_future": (
        "its sender's clock, or the one here, is off; or the platform writes times in another way. If it is genuine, "
        "replay it"
    ),
}


def doubt(event: Event) -> Doubt | None:
    """Why the event is not dealt with, None where it may be.

    What counts is how old it was when it came in, so that it may wait for any time. Not judged is what tells no time,
    what a comparison found in the platform's history (`late`), and what comes back from the shelf (`order`).
    """
    return None if event.late or event.order else aged(event.made_ms, event.received_ms)


def aged(made_ms: int, received_ms: int) -> Doubt | None:
    """Why what was made then (epoch ms, 0: not told) cannot have come in then."""
    age_ms = received_ms - made_ms
    if made_ms and age_ms > OLDEST_S * 1000:
        return "too_old"
    return "in_the_future" if made_ms and age_ms < -AHEAD_S * 1000 else None
