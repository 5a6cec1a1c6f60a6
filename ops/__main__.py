"""The commands. Each imports what it needs when it runs: the Genesys SDK alone takes seconds."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

try:
    import click
    import msgspec
except ModuleNotFoundError as error:
    sys.exit(f"dmdesk: this Python has no {error.name}: `make operator` makes .venv/bin/dmdesk, which has it")

from ops.errors import OpsError
from ops.help import Address, Group, example
from ops.output import Out

if TYPE_CHECKING:
    from ops.bridge import Bridge

Command = Callable[..., Any]
clock = time.time
_json = click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")


def _genesys_options(command: Command) -> Command:
    command = click.option(
        "--login-url",
        envvar="DMDESK_GENESYS_LOGIN",
        type=Address(),
        help="Genesys Cloud's login [default: the API's, with login.]",
    )(command)
    return click.option(
        "--genesys-url",
        envvar="DMDESK_GENESYS_API",
        type=Address(),
        help="Genesys Cloud's API, or a gateway to it [default: that of GENESYSCLOUD_REGION].",
    )(command)


def _webhook_option(command: Command) -> Command:
    return click.option(
        "--webhook-url",
        envvar="DMDESK_WEBHOOK_URL",
        type=Address(),
        help="The bridge's /api/social/webhook [env: DMDESK_WEBHOOK_URL].",
    )(command)


@click.group(
    cls=Group,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog=example('eval "$(terraform -chdir=terraform output -raw operator_environment)"', "dmdesk doctor"),
)
def cli() -> None:
    """What an operator of dmdesk does from a terminal.

    AWS credentials come from the usual places; the deployment's names from DMDESK_*, which Terraform's output
    operator_environment sets; Genesys Cloud's client from GENESYSCLOUD_OAUTHCLIENT_ID,
    GENESYSCLOUD_OAUTHCLIENT_SECRET and GENESYSCLOUD_REGION.
    """


@cli.command(
    "link-flow",
    epilog=example(
        "dmdesk link-flow --integration 6a1f2c3e-0000-4000-8000-000000000001 \\",
        "  --flow 3b9d1f52-0000-4000-8000-000000000002",
    ),
)
@click.option("--integration", required=True, help="Id of the Open Messaging integration.")
@click.option("--flow", default="", help="Id of the inbound message flow to attach.")
@click.option("--external-source", default="", help="Id of the external source for identity resolution.")
@click.option("--undo", is_flag=True, help="Detach instead.")
@click.option("--patience", default=120.0, show_default=True, help="Seconds to wait for the integration's creation.")
@_genesys_options
@_json
def link_flow(
    integration: str,
    flow: str,
    external_source: str,
    undo: bool,
    patience: float,
    genesys_url: str | None,
    login_url: str | None,
    as_json: bool,
) -> None:
    """Attach the inbound message flow to an integration, and verify it by reading back.

    May be run again: what already holds is left alone.
    """
    from ops import genesys, link

    def work(out: Out) -> None:
        if not undo and not flow:
            raise OpsError("no flow to attach", "pass --flow, or --undo to detach")
        where = genesys.hosts(os.environ, genesys_url, login_url)
        api = genesys.Genesys(where, os.environ, out.hide)
        if undo:
            done = link.undo(api, integration, flow, external_source)
        else:
            done = link.link(api, integration, flow, external_source, patience, link.pause)
        state = f"flow {done.flow}" if done.flow else "no flow"
        said = f"integration {integration}: {state} ({'changed' if done.changed else 'as it was'})"
        out.result(msgspec.to_builtins(done), [said])

    _run(as_json, work)


@cli.command(
    "grant-role",
    epilog=example(
        "dmdesk grant-role --client 0c5e2a77-0000-4000-8000-000000000003 \\",
        '  --role "$(terraform -chdir=terraform output -raw genesys_role_id)"',
    ),
)
@click.option("--client", required=True, help="Id of the OAuth client that the bridge uses.")
@click.option("--role", required=True, help="Id of the role (Terraform's output genesys_role_id).")
@click.option("--undo", is_flag=True, help="Take it away instead.")
@_genesys_options
@_json
def grant_role(
    client: str, role: str, undo: bool, genesys_url: str | None, login_url: str | None, as_json: bool
) -> None:
    """Give an OAuth client a role in the home division. May be run again."""
    from ops import genesys, link

    def work(out: Out) -> None:
        api = genesys.Genesys(genesys.hosts(os.environ, genesys_url, login_url), os.environ, out.hide)
        changed = (link.revoke if undo else link.grant)(api, client, role)
        state = f"{'without' if undo else 'has'} role {role}"
        said = f"OAuth client {client}: {state} ({'changed' if changed else 'as it was'})"
        out.result({"client": client, "role": role, "has": not undo, "changed": changed}, [said])

    _run(as_json, work)


@cli.command(epilog=example("dmdesk subscribe --comments", "dmdesk subscribe --check"))
@_webhook_option
@click.option("--tiktok-app-id", envvar="DMDESK_TIKTOK_APP_ID", help="[default: app_id of the TikTok secret]")
@click.option("--comments", is_flag=True, help="Comments and mentions too; they need permissions of their own.")
@click.option("--check", is_flag=True, help="Only compare; change nothing.")
@_json
def subscribe(webhook_url: str | None, tiktok_app_id: str | None, comments: bool, check: bool, as_json: bool) -> None:
    """Have Instagram and TikTok deliver every account's messages, and compare what they say they deliver."""
    from ops import subscriptions

    def work(out: Out) -> None:
        done = subscriptions.run(
            _bridge(out), webhook_url or "", tiktok_app_id or "", change=not check, comments=comments
        )
        lines = list(subscriptions.lines(done)) or ["no accounts: run terraform apply"]
        out.result([msgspec.to_builtins(one) for one in done], lines)
        if any(one.status == "missing" for one in done):
            sys.exit(1)

    _run(as_json, work)


@cli.command(epilog=example("dmdesk accounts --json"))
@_json
def accounts(as_json: bool) -> None:
    """List the accounts that the bridge knows, with when a customer last wrote to each."""
    from ops import inventory

    def work(out: Out) -> None:
        found = inventory.accounts(_bridge(out))
        out.result([msgspec.to_builtins(one) for one in found], inventory.lines(found))

    _run(as_json, work)


@cli.command(epilog=example("dmdesk doctor", "dmdesk doctor --json"))
@_webhook_option
@click.option("--tiktok-app-id", envvar="DMDESK_TIKTOK_APP_ID", help="[default: app_id of the TikTok secret]")
@_genesys_options
@_json
def doctor(
    webhook_url: str | None,
    tiktok_app_id: str | None,
    genesys_url: str | None,
    login_url: str | None,
    as_json: bool,
) -> None:
    """Check everything that a message passes, one line each, with what mends it."""
    from ops import checkup

    def work(out: Out) -> None:
        found = checkup.run(_bridge(out), out, webhook_url or "", tiktok_app_id or "", genesys_url, login_url)
        out.result([msgspec.to_builtins(one) for one in found], checkup.lines(found))
        if any(one.status == "fail" for one in found):
            sys.exit(1)

    _run(as_json, work)


def _bridge(out: Out) -> Bridge:
    from ops.bridge import Bridge

    return Bridge(os.environ, clock, out.hide)


def _run(as_json: bool, work: Callable[[Out], None]) -> None:
    """Does the work; whatever it raises is shown without secrets."""
    out = Out(as_json)
    try:
        work(out)
    except OpsError as error:
        out.failure(error.message, error.fix)
        sys.exit(1)


if __name__ == "__main__":
    cli(prog_name="dmdesk")
