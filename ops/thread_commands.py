"""The commands of conversations that an account shares with other apps."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

import click
import msgspec

from ops import threads
from ops.help import DASHES, Command, Group, example, json_option
from ops.output import Out, run

if TYPE_CHECKING:
    from ops.bridge import Bridge


def _of(work: Callable[..., None]) -> Callable[..., None]:
    """Which conversation is meant."""
    account = click.option("--account", required=True, help="Its id on the platform, its name, or its integration.")
    return click.argument("customer")(account(json_option(work)))


def _bridge(out: Out) -> Bridge:
    from ops.bridge import Bridge

    return Bridge(os.environ, time.time, out.hide)


def _told(as_json: bool, work: Callable[[Bridge], threads.Held]) -> None:
    def told(out: Out) -> None:
        held = work(_bridge(out))
        out.result(msgspec.to_builtins(held), threads.lines(held))

    run(as_json, told)


@click.group(cls=Group, epilog=example("dmdesk thread show 1000000000000001 --account acme"))
def thread() -> None:
    """Which app has a customer's conversation, for accounts with front.routing."""


@thread.command(
    name="show", cls=Command, context_settings=DASHES, epilog=example("dmdesk thread show 1001 --account a")
)
@_of
def thread_show(customer: str, account: str, as_json: bool) -> None:
    """Tell who has it, as the bridge knows it and as the platform tells it."""
    _told(as_json, lambda bridge: threads.shown(bridge, bridge.account(account), customer))


@thread.command(
    name="take", cls=Command, context_settings=DASHES, epilog=example("dmdesk thread take 1001 --account a")
)
@_of
def thread_take(customer: str, account: str, as_json: bool) -> None:
    """Take it from whoever has it; what was said there comes with the customer's next message."""
    _told(as_json, lambda bridge: threads.moved(bridge, bridge.account(account), customer, "take"))


@thread.command(
    name="pass", cls=Command, context_settings=DASHES, epilog=example("dmdesk thread pass 1001 --account a --app 42")
)
@_of
@click.option("--app", default="", help="The app's id; without it, the account's default app.")
def thread_pass(customer: str, account: str, as_json: bool, app: str) -> None:
    """Pass it to another app."""
    _told(as_json, lambda bridge: threads.moved(bridge, bridge.account(account), customer, "pass", app))


@thread.command(
    name="release", cls=Command, context_settings=DASHES, epilog=example("dmdesk thread release 1001 --account a")
)
@_of
def thread_release(customer: str, account: str, as_json: bool) -> None:
    """Leave it to nobody: it is the default app's then."""
    _told(as_json, lambda bridge: threads.moved(bridge, bridge.account(account), customer, "release"))


COMMANDS = (thread,)
