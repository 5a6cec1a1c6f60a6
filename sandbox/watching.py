"""Who looks over a simulator's shoulder: what its people see, told as it happens."""

from __future__ import annotations

from typing import Any, Literal, Protocol

from sandbox.genesys_store import Conversation, StoredMessage
from sandbox.web import Call

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


class DeskWatch(Protocol):
    """What the agents of the simulated Genesys Cloud do and see."""

    def message(self, conversation: Conversation, message: StoredMessage) -> None:
        """A customer's message or an agent's reply was stored."""

    def receipt(self, conversation: Conversation, message: StoredMessage) -> None:
        """The newest receipt of a reply came."""

    def changed(self, conversation: Conversation) -> None:
        """The conversation began, ended or failed."""

    def typing(self, conversation: Conversation, author: Literal["customer", "human", "bot"]) -> None:
        """Somebody types."""


class Unwatched:
    """Nobody looks."""

    def customer(self, raw: bytes) -> None:
        return None

    def author(self, identifier: str, customer: str, text: str) -> None:
        return None

    def brand(self, account: str, customer: str, message_id: str, said: dict[str, Any]) -> None:
        return None

    def message(self, conversation: Conversation, message: StoredMessage) -> None:
        return None

    def receipt(self, conversation: Conversation, message: StoredMessage) -> None:
        return None

    def changed(self, conversation: Conversation) -> None:
        return None

    def typing(self, conversation: Conversation, author: Literal["customer", "human", "bot"]) -> None:
        return None
