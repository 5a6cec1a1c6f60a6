"""Who looks over the simulated Genesys Cloud's shoulder: what its agents see, told as it happens."""

from __future__ import annotations

from typing import Literal, Protocol

from sandbox.simulators.genesys.store import Conversation, StoredMessage


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

    def message(self, conversation: Conversation, message: StoredMessage) -> None:
        return None

    def receipt(self, conversation: Conversation, message: StoredMessage) -> None:
        return None

    def changed(self, conversation: Conversation) -> None:
        return None

    def typing(self, conversation: Conversation, author: Literal["customer", "human", "bot"]) -> None:
        return None
