"""link-flow and grant-role: what Terraform's provider of Genesys Cloud cannot do."""

from __future__ import annotations

import os

import click
import msgspec

from ops.desks.genesys.options import GENESYS_URL, LOGIN_URL
from ops.errors import OpsError
from ops.help import Command, example, json_option
from ops.output import Out, run


@click.command(
    "link-flow",
    cls=Command,
    epilog=example(
        "dmdesk link-flow --integration 6a1f2c3e-0000-4000-8000-000000000001 \\",
        "  --flow 3b9d1f52-0000-4000-8000-000000000002",
    ),
)
@click.option("--integration", required=True, help="Id of the Open Messaging integration, as dmdesk accounts lists it.")
@click.option("--flow", default="", help="Id of the inbound message flow (Terraform's output flow_id).")
@click.option(
    "--external-source",
    default="",
    help="Id of the external source for identity resolution [default: leave that as it is].",
)
@click.option("--undo", is_flag=True, help="Detach instead: that flow, or without --flow whichever is attached.")
@click.option("--patience", default=120.0, show_default=True, help="Seconds to wait for the integration's creation.")
@GENESYS_URL
@LOGIN_URL
@json_option
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
    from ops.desks.genesys import admin, link

    def work(out: Out) -> None:
        if not undo and not flow:
            raise OpsError("no flow to attach", "pass --flow, or --undo to detach")
        where = admin.hosts(os.environ, genesys_url, login_url)
        api = admin.Genesys(where, os.environ, out.hide)
        if undo:
            done = link.undo(api, integration, flow, external_source)
        else:
            done = link.link(api, integration, flow, external_source, patience, link.pause)
        state = f"flow {done.flow}" if done.flow else "no flow"
        line = f"integration {integration}: {state} ({'changed' if done.changed else 'as it was'})"
        out.result(msgspec.to_builtins(done), [line])

    run(as_json, work)


@click.command(
    "grant-role",
    cls=Command,
    epilog=example(
        "dmdesk grant-role --client 0c5e2a77-0000-4000-8000-000000000003 \\",
        '  --role "$(terraform -chdir=terraform output -raw genesys_role_id)"',
    ),
)
@click.option("--client", required=True, help="Id of the OAuth client that the bridge uses.")
@click.option("--role", required=True, help="Id of the role (Terraform's output genesys_role_id).")
@click.option("--division", default="", help="Id of the division to give it in [default: the home division].")
@click.option("--undo", is_flag=True, help="Take it away instead.")
@GENESYS_URL
@LOGIN_URL
@json_option
def grant_role(
    client: str, role: str, division: str, undo: bool, genesys_url: str | None, login_url: str | None, as_json: bool
) -> None:
    """Give an OAuth client a role in a division. May be run again."""
    from ops.desks.genesys import admin, link

    def work(out: Out) -> None:
        api = admin.Genesys(admin.hosts(os.environ, genesys_url, login_url), os.environ, out.hide)
        changed = (link.revoke if undo else link.grant)(api, client, role, division)
        state = f"{'without' if undo else 'has'} role {role}{f' in division {division}' if division else ''}"
        line = f"OAuth client {client}: {state} ({'changed' if changed else 'as it was'})"
        told = {"client": client, "role": role, "division": division, "has": not undo, "changed": changed}
        out.result(told, [line])

    run(as_json, work)
