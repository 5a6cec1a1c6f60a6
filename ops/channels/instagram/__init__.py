"""Instagram for the operator."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import click

from chalicelib.vocabulary.records import Account
from ops.errors import OpsError
from ops.findings import Checks, Subscribed
from ops.pasting import Given
from ops.provider import Asked, Channel, Option

if TYPE_CHECKING:
    from chalicelib.settings import Settings
    from ops.bridge import Bridge

_APP_SECRET = re.compile("[0-9a-f]{32}")


class Instagram:
    """What asks Meta is loaded when it asks."""

    options: Sequence[Option] = ()
    commands: Sequence[click.Command] = ()

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

    def pasted(self, account: Account, given: Given) -> Mapping[str, Any]:
        """A token of Instagram's own login is as good as new: Meta renews none within its first day. A Page's neither
        ends by time nor is it renewed."""
        from chalicelib.channels.instagram.about import options

        token = given.word("access_token")
        if _APP_SECRET.fullmatch(token):
            raise OpsError("that is an app secret, and no access token", "paste what *Generate token* shows")
        if options(account).login != "instagram":
            return {"access_token": token, "renewed_at": None, "expires_at": None}
        return {"access_token": token, "renewed_at": given.now, "expires_at": given.end("expires_in")}

    def ready(self, asked: Asked) -> None:
        """Nothing is needed beside the accounts: the webhook's URL is set in the App Dashboard."""

    def subscribe(self, bridge: Bridge, accounts: Sequence[Account], asked: Asked) -> Iterator[Subscribed]:
        """Account by account."""
        from ops.channels.instagram import subscriptions

        return subscriptions.run(bridge, accounts, asked)


PROVIDER: Channel = Instagram()
