"""What a channel has besides, whose platform gives each conversation to one of the apps that an account is connected
to: `routing.open_routing` in its folder, and `About.routes`."""

from __future__ import annotations

from typing import Protocol

from chalicelib.vocabulary.records import Account


class Threads(Protocol):
    """Who has a customer's conversation. Each call is one attempt, and raises as `Client.send`: Refused also where the
    account's state or its login does not let us."""

    def owns(self, account: Account, customer: str) -> bool | None:
        """Whether we have it now, None where the platform does not tell."""

    def take(self, account: Account, customer: str) -> None:
        """Takes it from whoever has it."""

    def request(self, account: Account, customer: str) -> None:
        """Asks whoever has it to pass it to us; from nobody we get it at once."""

    def give(self, account: Account, customer: str, app: str) -> None:
        """Passes it to that app, "" for the account's default one."""

    def release(self, account: Account, customer: str) -> None:
        """Leaves it to nobody."""

    def extend(self, account: Account, customer: str, seconds: int) -> None:
        """Keeps it for so long from now on."""
