"""What a provider brings to the command line: a channel or a desk, each as its platform's operator meets it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

import click
import msgspec

from chalicelib.vocabulary.records import Account
from ops.findings import Checks, Subscribed
from ops.pasting import Given

if TYPE_CHECKING:
    from chalicelib.settings import Settings
    from ops.bridge import Bridge

Option = Callable[[Callable[..., Any]], Callable[..., Any]]
"""What `click.option` makes."""


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """What the operator typed, as far as providers read it.

    `webhook_url` is where the bridge is reached, "" where that is not known; `options` holds the providers' own, None
    where one is not given; `change` and `comments` are subscribe's: not only to compare, and comments and mentions too.
    """

    webhook_url: str = ""
    options: Mapping[str, str | None] = {}
    change: bool = False
    comments: bool = False

    def option(self, name: str) -> str:
        """A provider's own option by its parameter's name, "" where it is not given."""
        return self.options.get(name) or ""


class Provider(Protocol):
    """Light to import: what asks a vendor is loaded when it asks."""

    @property
    def options(self) -> Sequence[Option]:
        """Its own options of doctor (a channel's are subscribe's too), each with a parameter name of its own."""

    @property
    def commands(self) -> Sequence[click.Command]:
        """What only this provider needs, such as what Terraform cannot link, grant or register there."""

    def secrets(self, settings: Settings) -> Sequence[tuple[str, str]]:
        """The secrets without which the bridge refuses its webhooks or its calls: a secret's name, and the key under
        which it has to list something."""

    def checks(self, bridge: Bridge, accounts: Sequence[Account], asked: Asked) -> Checks:
        """doctor's checks of the provider, and of these accounts as it knows them, in the order of their printing. One
        that cannot be made is a failed one, and stops no other."""


class Channel(Provider, Protocol):
    """A platform that customers write on. Its accounts come in the order of the table, and at least one."""

    def login(self, account: Account) -> str:
        """By which of the platform's logins the account is connected, "" where it has but one."""

    def pasted(self, account: Account, given: Given) -> Mapping[str, Any]:
        """What of the account's secret becomes what, by the tokens that an operator gives: None for a field that goes,
        such as the end of a token that is gone. Raises OpsError where it cannot be this channel's."""

    def ready(self, asked: Asked) -> None:
        """Raises OpsError where what was asked for cannot be subscribed, whatever the platform says. Every channel is
        asked before the first is changed."""

    def subscribe(self, bridge: Bridge, accounts: Sequence[Account], asked: Asked) -> Iterator[Subscribed]:
        """Subscribes what is missing, where that is asked for, and compares. What stops one account, or comments,
        stops nothing else."""


class Desk(Provider, Protocol):
    """Where the agents are."""

    def clock(self, bridge: Bridge, asked: Asked) -> Checks:
        """This machine's clock by the desk's."""
