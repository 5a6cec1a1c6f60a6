"""The commands. Each imports what it needs when it runs: a vendor's SDK alone takes seconds."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

try:
    import click
    import msgspec
except ModuleNotFoundError as error:
    sys.exit(f"dmdesk: this Python has no {error.name}: `make operator` makes .venv/bin/dmdesk, which has it")

from ops import guard_commands, privacy_commands, registry, shelf_commands, thread_commands
from ops.help import DASHES, Group, example, json_option, webhook_option
from ops.output import Out, run
from ops.provider import Asked, Provider
from ops.reconcile_command import reconcile

if TYPE_CHECKING:
    from ops.bridge import Bridge

Command = Callable[..., Any]
clock = time.time


def _options_of(providers: Mapping[str, Provider]) -> Callable[[Command], Command]:
    def added(command: Command) -> Command:
        for option in reversed([option for provider in providers.values() for option in provider.options]):
            command = option(command)
        return command

    return added


@click.group(
    cls=Group,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog=example('eval "$(terraform -chdir=terraform output -raw operator_environment)"', "dmdesk doctor"),
)
def cli() -> None:
    """What an operator of dmdesk does from a terminal.

    AWS credentials come from the usual places; the deployment's names from DMDESK_*, which Terraform's output
    operator_environment sets; Genesys Cloud's client from GENESYSCLOUD_OAUTHCLIENT_ID,
    GENESYSCLOUD_OAUTHCLIENT_SECRET and GENESYSCLOUD_REGION. link-flow and grant-role need these last ones only.

    Each command ends with 1 where something is wrong, with 2 where it was called wrongly, and never prints a secret.
    """


for _provider in (*registry.desks().values(), *registry.channels().values()):
    for _command in _provider.commands:
        cli.add_command(_command)
for _command in (
    *shelf_commands.COMMANDS,
    *guard_commands.COMMANDS,
    *thread_commands.COMMANDS,
    *privacy_commands.COMMANDS,
    reconcile,
):
    cli.add_command(_command)


@cli.command(epilog=example("dmdesk subscribe --comments", "dmdesk subscribe --check"))
@webhook_option
@_options_of(registry.channels())
@click.option("--comments", is_flag=True, help="Comments and mentions too; they need permissions of their own.")
@click.option("--check", is_flag=True, help="Only compare; change nothing.")
@json_option
def subscribe(webhook_url: str | None, comments: bool, check: bool, as_json: bool, **options: str | None) -> None:
    """Have Instagram, TikTok and X deliver every account's messages, and compare what they say they deliver.

    May be run again: what is subscribed already is left alone.
    """
    from ops import subscriptions

    asked = Asked(webhook_url=webhook_url or "", options=options, change=not check, comments=comments)

    def work(out: Out) -> None:
        done = subscriptions.run(_bridge(out), asked)
        lines = list(subscriptions.lines(done)) or ["no accounts: run terraform apply"]
        out.result([msgspec.to_builtins(one) for one in done], lines)
        if any(one.status == "missing" for one in done):
            sys.exit(1)

    run(as_json, work)


@cli.command(epilog=example("dmdesk accounts --json"))
@json_option
def accounts(as_json: bool) -> None:
    """List the accounts that the bridge knows, with when a customer last wrote to each."""
    from ops import inventory

    def work(out: Out) -> None:
        bridge = _bridge(out)
        listed = inventory.accounts(bridge)
        out.result([msgspec.to_builtins(account) for account in listed], inventory.lines(listed))
        for line in inventory.unread(bridge):
            out.note(line)

    run(as_json, work)


@cli.command(
    context_settings=DASHES,
    epilog=example("dmdesk trace 1000000000000001", "dmdesk trace aWdfZAG1faXRlbToxOk0 --hours 6 --json"),
)
@click.argument("identifier", metavar="ID")
@click.option(
    "--hours",
    type=click.FloatRange(min=0, min_open=True),
    default=48.0,
    show_default=True,
    help="How far back the logs are looked through.",
)
@click.option(
    "--logs",
    "named",
    envvar="DMDESK_LOGS",
    default="",
    help="The log groups, comma separated, or file:PATH [env: DMDESK_LOGS].",
)
@json_option
def trace(identifier: str, hours: float, named: str, as_json: bool) -> None:
    """Tell every hop of a message, by its id at the platform, the desk or the bridge; or of a customer, by theirs.

    Time, attempt, decision and reason, from the logs and the table; nothing of what was written.
    """
    from ops import logs
    from ops import trace as tracing

    def work(out: Out) -> None:
        bridge = _bridge(out)
        hops = tracing.run(bridge, logs.opened(bridge, named, time.sleep), identifier, hours)
        out.result([msgspec.to_builtins(hop) for hop in hops], tracing.lines(hops))
        if not hops:
            sys.exit(1)

    run(as_json, work)


@cli.command(
    context_settings=DASHES,
    epilog=example(
        "dmdesk token status",
        "dmdesk token set instagram 17841400000000001",
        "dmdesk token set tiktok -000Ab1Cd2Ef3Gh4Ij5",
        "dmdesk token set x 1111111111111111111",
    ),
)
@click.argument("action", type=click.Choice(["status", "set"]))
@click.argument("channel", required=False)
@click.argument("account", required=False)
@json_option
def token(action: str, channel: str | None, account: str | None, as_json: bool) -> None:
    """Tell how long the accounts' access lasts, or store what an account was logged in with anew.

    `set` reads the token from standard input (pbpaste | …, or … < file), so that no shell remembers it: the word
    itself, or a JSON object with access_token, refresh_token, expires_in and refresh_token_expires_in, as far as the
    channel gives them. What else the account's secret holds stays.
    """
    from ops import pasting, renewals

    def work(out: Out) -> None:
        if action == "status":
            found = renewals.status(_bridge(out), channel, account)
            out.result([msgspec.to_builtins(one) for one in found], renewals.lines(found))
            if any(one.status == "fail" for one in found):
                sys.exit(1)
            return
        if channel is None or account is None:
            raise click.UsageError("set wants a channel and an account's id: dmdesk token set CHANNEL ID")
        text = pasting.stdin()
        out.hide(text.split())
        stored = renewals.store(_bridge(out), channel, account, pasting.given(text, clock(), out.hide))
        out.result(msgspec.to_builtins(stored), renewals.told(stored))

    run(as_json, work)


@cli.command(epilog=example("dmdesk conversations --waiting", "dmdesk conversations --closing 4 --json"))
@click.option("--waiting", is_flag=True, help="Every one that waits, the longest wait first; so it is without options.")
@click.option(
    "--closing",
    type=click.FloatRange(min=0, min_open=True),
    metavar="N",
    help="Only those whose window closes within N hours from now, the soonest first.",
)
@json_option
def conversations(waiting: bool, closing: float | None, as_json: bool) -> None:
    """List the conversations that wait for an answer, since when, and until when one may be given.

    A conversation waits from the customer's first message on that no reply has followed.
    """
    from ops import waits

    def work(out: Out) -> None:
        bridge = _bridge(out)
        found = waits.waiting(bridge) if closing is None else waits.closing(bridge, closing)
        out.result([msgspec.to_builtins(one) for one in found], waits.lines(found))

    run(as_json, work)


@cli.command(epilog=example("dmdesk doctor", "dmdesk doctor --json"))
@webhook_option
@_options_of(registry.channels())
@_options_of(registry.desks())
@json_option
def doctor(webhook_url: str | None, as_json: bool, **options: str | None) -> None:
    """Check everything that a message passes, one line each, with what mends it.

    Changes nothing. Without Genesys Cloud's client it says so, and checks the rest.
    """
    from ops.doctor import lines
    from ops.doctor import run as examine

    def work(out: Out) -> None:
        found = examine(_bridge(out), Asked(webhook_url=webhook_url or "", options=options))
        out.result([msgspec.to_builtins(check) for check in found], lines(found))
        if any(check.status == "fail" for check in found):
            sys.exit(1)

    run(as_json, work)


def _bridge(out: Out) -> Bridge:
    from ops.bridge import Bridge

    return Bridge(os.environ, clock, out.hide)


if __name__ == "__main__":
    cli(prog_name="dmdesk")
