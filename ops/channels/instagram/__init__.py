"""Instagram for the operator."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from chalicelib.vocabulary.records import Account
from ops.findings import Checks, Subscribed
from ops.provider import Asked, Channel, Option

if TYPE_CHECKING:
    from chalicelib.settings import Settings
    from ops.bridge import Bridge


class Instagram:
    """What asks Meta is loaded when it asks."""

    options: Sequence[Option] = ()

    def secrets(self, settings: Settings) -> Sequence[tuple[str, str]]:
        """The app's: what webhooks are signed with, and what Meta's own check of the URL must bring."""
        return [
            (settings.vendors["instagram_secret"], "secrets"),
            (settings.vendors["instagram_secret"], "verify_tokens"),
        ]

    def checks(self, bridge: Bridge, accounts: Sequence[Account], asked: Asked) -> Checks:
        """Of Graph's version, and of each account."""
        from ops.channels.instagram import checks

        return checks.run(bridge, accounts)

    def login(self, account: Account) -> str:
        """Instagram's own, or Facebook's by way of a Page."""
        from chalicelib.channels.instagram.about import options

        return options(account).login

    def ready(self, asked: Asked) -> None:
        """Nothing is needed beside the accounts: the webhook's URL is set in the App Dashboard."""

    def subscribe(self, bridge: Bridge, accounts: Sequence[Account], asked: Asked) -> Iterator[Subscribed]:
        """Account by account."""
        from ops.channels.instagram import subscriptions

        return subscriptions.run(bridge, accounts, asked)


PROVIDER: Channel = Instagram()
