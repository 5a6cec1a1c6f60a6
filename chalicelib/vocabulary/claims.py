"""What is claimed, under which name in its conversation, and for how long: a piece of work that is to be done once."""

from __future__ import annotations

# No worker is at a message, or at a part, longer than this: the deployed function's timeout is below it.
LEASE_S = 90.0
INBOUND = "IN#"
OUTBOUND = "OUT#"
_OUTAGE, _THANKS = "outage:", "thanks:"
_AUTOMATIC = tuple(f"{OUTBOUND}{message}" for message in (_OUTAGE, _THANKS))


def inbound(event: str) -> str:
    """A customer's event on its way to the desk, by the event's bounded id."""
    return f"{INBOUND}{event}"


def outbound(message: str, number: int) -> str:
    """One part of an agent's message on its way to the customer; parts count from 1."""
    return f"{parts(message)}{number}"


def acknowledgement(outage_s: int) -> str:
    """What tells the customer that nobody can answer, in the desk's outage that began then (epoch s)."""
    return outbound(f"{_OUTAGE}{outage_s}", 1)


def thanks(what: str) -> str:
    """The message that thanks for that."""
    return f"{_THANKS}{what}"


def automatic(item: str) -> bool:
    """Whether the part is the bridge's own, which answers nobody."""
    return item.startswith(_AUTOMATIC)


def parts(message: str) -> str:
    """How the names of all parts of an agent's message begin."""
    return f"{OUTBOUND}{message}#"
