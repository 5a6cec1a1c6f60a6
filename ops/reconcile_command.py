"""The command of what both sides hold."""

from __future__ import annotations

import os
import sys
import time

import click
import msgspec

from ops.help import DASHES, Command, example, json_option
from ops.output import Out, run

SEVERAL = "name the channel, too: --channel, or name its id"


@click.command(
    cls=Command,
    context_settings=DASHES,
    epilog=example(
        "dmdesk reconcile --account 17841400000000001 --since 6h --dry-run",
        "dmdesk reconcile --account 17841400000000001 --since 2026-11-27T03:00",
    ),
)
@click.option("--account", required=True, help="Its id on the platform, its name, or its integration.")
@click.option("--channel", help="Its channel, where accounts of several are called alike.")
@click.option("--since", required=True, help="From when on: 6h, 2d, or a time as 2026-11-27T03:00 (UTC).")
@click.option("--dry-run", is_flag=True, help="Only tell what is missing; change nothing.")
@json_option
def reconcile(account: str, channel: str | None, since: str, dry_run: bool, as_json: bool) -> None:
    """Compare what the platform and the desk hold of an account with what was delivered, and bring what is missing.

    What no webhook brought is delivered late, in its order and once, and agents read that it is late; a reply that
    never came here is sent once. What is under way counts as missing, and is shown once all the same. No more than 14
    days are compared. May be cut off, and run again at any time, beside live traffic.
    """
    from ops import reconciling
    from ops.bridge import Bridge

    def work(out: Out) -> None:
        bridge = Bridge(os.environ, time.time, out.hide)
        chosen = bridge.account(account, channel, SEVERAL)
        done = reconciling.run(bridge, chosen, since, out, dry_run=dry_run)
        out.result(msgspec.to_builtins(done), list(reconciling.lines(done)))
        if not dry_run and any(not one.brought for one in done.missing):
            sys.exit(1)

    run(as_json, work)
