"""Genesys Cloud for the operator, and the only user of its SDK."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from chalicelib.vocabulary.records import Account
from ops.desks.genesys.commands import grant_role, link_flow
from ops.desks.genesys.options import GENESYS_URL, LOGIN_URL
from ops.findings import Checks
from ops.provider import Asked, Desk, Option

if TYPE_CHECKING:
    from chalicelib.settings import Settings
    from ops.bridge import Bridge


class GenesysCloud:
    """What asks Genesys Cloud is loaded when it asks: the SDK alone takes seconds."""

    options: Sequence[Option] = (GENESYS_URL, LOGIN_URL)
    commands: Sequence[click.Command] = (link_flow, grant_role)

    def secrets(self, settings: Settings) -> Sequence[tuple[str, str]]:
        """What its webhooks are signed with, and the clients that the bridge calls it by."""
        return [
            (settings.vendors["genesys_webhook_secret"], "secrets"),
            (settings.vendors["genesys_oauth_secret"], "clients"),
        ]

    def checks(self, bridge: Bridge, accounts: Sequence[Account], asked: Asked) -> Checks:
        """Of the runtime's clients, the operator's, and each account's integration."""
        from ops.desks.genesys import checks

        return checks.run(bridge, accounts, asked)

    def clock(self, bridge: Bridge, asked: Asked) -> Checks:
        """By the API's."""
        from ops.desks.genesys import checks

        return checks.time(bridge, asked)


PROVIDER: Desk = GenesysCloud()
