"""What a claim is called within its conversation: the name of a piece of work that is to be done once."""

from __future__ import annotations

INBOUND = "IN#"
OUTBOUND = "OUT#"


def inbound(event: str) -> str:
    """A customer's event on its way to the desk, by the event's bounded id."""
    return f"{INBOUND}{event}"


def outbound(message: str, number: int) -> str:
    """One part of an agent's message on its way to the customer; parts count from 1."""
    return f"{parts(message)}{number}"


def parts(message: str) -> str:
    """How the names of all parts of an agent's message begin."""
    return f"{OUTBOUND}{message}#"
