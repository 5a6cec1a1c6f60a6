"""The counter for the operator."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from chalicelib.vocabulary.records import Account
from ops.errors import OpsError
from ops.findings import Checks, check, made, subject
from ops.provider import Asked, Desk, Option

if TYPE_CHECKING:
    from chalicelib.settings import Settings
    from ops.bridge import Bridge


class CounterHall:
    """Halls are asked for by their accounts."""

    options: Sequence[Option] = ()
    commands: Sequence[click.Command] = ()

    def secrets(self, settings: Settings) -> Sequence[tuple[str, str]]:
        """What its webhooks are signed with."""
        return [(settings.vendors["counter_secret"], "secrets")]

    def checks(self, bridge: Bridge, accounts: Sequence[Account], asked: Asked) -> Checks:
        """Whether each account's hall is there."""
        for account in accounts:
            yield from made("hall", subject(account), self._hall, bridge, account)

    def clock(self, bridge: Bridge, asked: Asked) -> Checks:
        """The counter tells no time."""
        return iter(())

    def _hall(self, bridge: Bridge, account: Account) -> Checks:
        key = bridge.secret(bridge.settings.vendors["counter_secret"]).get("key", "")
        url = f"{bridge.settings.url('counter_api')}/halls/{account.integration}"
        answer = bridge.get(url, {"Counter-Key": key}, "the counter")
        if answer.status != 200:
            raise OpsError(f"the counter answers {answer.status}", "set up the hall, or correct the account's one")
        yield check("hall", subject(account), "ok", answer.json()["name"])


PROVIDER: Desk = CounterHall()
