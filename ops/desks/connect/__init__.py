"""Amazon Connect for the operator."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from chalicelib.vocabulary.records import Account
from ops.desks.connect.commands import link_connect
from ops.findings import Checks
from ops.provider import Asked, Desk, Option

if TYPE_CHECKING:
    from chalicelib.settings import Settings
    from ops.bridge import Bridge


class AmazonConnect:
    """It is asked with the operator's own credentials for AWS."""

    options: Sequence[Option] = ()
    commands: Sequence[click.Command] = (link_connect,)

    def secrets(self, settings: Settings) -> Sequence[tuple[str, str]]:
        """None: it is called with the functions' role, and told by a queue that only AWS writes to."""
        return ()

    def checks(self, bridge: Bridge, accounts: Sequence[Account], asked: Asked) -> Checks:
        """Of the instance, its topic and files, and the flow of each account."""
        from ops.desks.connect import checks

        return checks.run(bridge, accounts)

    def clock(self, bridge: Bridge, asked: Asked) -> Checks:
        """AWS tells the time by refusing signatures."""
        return iter(())


PROVIDER: Desk = AmazonConnect()
