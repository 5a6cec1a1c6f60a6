"""Who looks over a simulator's shoulder: what its people see, told as it happens."""

from __future__ import annotations

from typing import Any, Protocol

from sandbox.stage.web import Call

TRACE_HEADER = "X-Sandbox-Trace"


def traced(call: Call) -> dict[str, str]:
    """What a simulator records of what a call was made for: the event or reply, and the attempt, where it is told."""
    trace = call.header(TRACE_HEADER)
    return {"trace": trace} if trace else {}


class PhoneWatch(Protocol):
    """What the customers of a platform do and see."""

    def customer(self, raw: bytes) -> None:
        """A customer did something: the webhook that the platform is about to deliver."""

    def author(self, identifier: str, customer: str, text: str) -> None:
        """Who wrote what is known to the bridge by this id only, and what: the platform tells neither."""

    def brand(self, account: str, customer: str, message_id: str, said: dict[str, Any]) -> None:
        """The brand's account wrote or acted (`message_id` "" then); `said` as the platform has it."""


class Unwatched:
    """Nobody looks."""

    def customer(self, raw: bytes) -> None:
        return None

    def author(self, identifier: str, customer: str, text: str) -> None:
        return None

    def brand(self, account: str, customer: str, message_id: str, said: dict[str, Any]) -> None:
        return None
