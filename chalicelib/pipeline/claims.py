"""What is claimed, under which name, and for how long: a claim is one piece of work that must be done once."""

from __future__ import annotations

# No worker is at a message, or at a part, longer than this: the deployed function's timeout is below it.
LEASE_S = 90.0


def shown(event: str) -> str:
    """The claim of showing something to the agents, by its event's id."""
    return f"IN#{event}"


def parts(message: str) -> str:
    """How the claims of an agent's message begin, by the desk's id of it."""
    return f"OUT#{message}#"


def part(message: str, number: int) -> str:
    """The claim of sending one part of an agent's message, counted from 1."""
    return f"{parts(message)}{number}"
