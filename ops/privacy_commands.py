"""The commands erase, export and restore."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import msgspec

from chalicelib.registry import CHANNELS
from ops.errors import OpsError
from ops.help import Command, example, json_option
from ops.output import Out, run

if TYPE_CHECKING:
    from ops.bridge import Bridge

FIRST = next(iter(CHANNELS))


def _customer_options(command: Any) -> Any:
    for option in (
        click.option("--account", default="", help="The account that they wrote to; else all of the channel's."),
        click.option("--customer", required=True, help="Their id on the platform, as participant data has it."),
        click.option("--channel", required=True, help=f"Where they wrote: {', '.join(CHANNELS)}."),
    ):
        command = option(command)
    return command


@click.command(
    cls=Command,
    epilog=example(
        f"dmdesk erase --channel {FIRST} --customer 1000000000000001 --dry-run",
        f"dmdesk erase --channel {FIRST} --customer 1000000000000001 --yes",
    ),
)
@_customer_options
@click.option("--dry-run", is_flag=True, help="Only tell what would be erased.")
@json_option
@click.option("--yes", is_flag=True, help="Do not ask.")
def erase(channel: str, customer: str, account: str, dry_run: bool, yes: bool, as_json: bool) -> None:
    """Erase everything that the bridge holds of a customer, and keep a certificate of that.

    What they write afterwards is a new conversation. May be cut off and run again at any time. The certificate tells
    what lives on elsewhere, and until when.
    """
    from ops import privacy

    def work(out: Out) -> None:
        bridge = _bridge(out)
        subjects = privacy.subjects(bridge, channel, customer, account)
        if dry_run:
            held = [privacy.found(bridge, subject) for subject in subjects]
            out.result([msgspec.to_builtins(one) for one in held], privacy.found_lines(held))
            return
        _agreed(yes)
        done = []
        for number, subject in enumerate(subjects, 1):
            out.note(f"{number}/{len(subjects)} {channel} {subject.conversation.account}: waits for what is under way")
            done.append(privacy.erase(bridge, subject))
        bucket = bridge.settings.bucket
        out.result([privacy.told(one, bucket) for one in done], privacy.lines(done, bucket))

    run(as_json, work)


@click.command(
    cls=Command,
    epilog=example(f"dmdesk export --channel {FIRST} --customer 1000000000000001 --folder customer"),
)
@_customer_options
@click.option(
    "--folder",
    type=click.Path(file_okay=False, path_type=Path),
    help="Write export.json and the files there; else all is printed, with links for an hour.",
)
@json_option
def export(channel: str, customer: str, account: str, folder: Path | None, as_json: bool) -> None:
    """Hand out everything that the bridge holds of a customer, as JSON.

    It holds what they wrote: keep it as you would keep that.
    """
    from ops import privacy

    def work(out: Out) -> None:
        bridge = _bridge(out)
        into = privacy.made(folder) if folder else None
        document = [
            privacy.export(bridge, subject, into) for subject in privacy.subjects(bridge, channel, customer, account)
        ]
        if into is None:
            text = msgspec.json.format(msgspec.json.encode(document), indent=2).decode()
            out.result(document, [text])
            return
        path = privacy.write(document, into)
        files = sum(len(one["media"]) for one in document)
        out.result({"export": str(path), "files": files}, [f"{path}, and {files} files beside it"])

    run(as_json, work)


@click.command(
    cls=Command,
    epilog=example(
        "dmdesk restore --from dmdesk-restored --as-of 2026-11-27T03:00 --dry-run",
        "dmdesk restore --from dmdesk-restored --as-of 2026-11-27T03:00 --yes",
    ),
)
@click.option("--from", "source", required=True, help="The table that AWS has made of a backup or a point in time.")
@click.option("--as-of", required=True, help="When it was as it is now there: 6h, 2d, or a time (UTC).")
@click.option("--dry-run", is_flag=True, help="Only tell what would be brought back.")
@json_option
@click.option("--yes", is_flag=True, help="Do not ask.")
def restore(source: str, as_of: str, dry_run: bool, yes: bool, as_json: bool) -> None:
    """Bring back what the table has lost from a restored one, without the customers who were erased since.

    What is there already stays as it is. Accounts are Terraform's and do not come back, nor does what is over. Where
    the restored table has the deployment's own name, the erased are taken out of it. May be cut off and run again.
    """
    from ops import restoring

    def work(out: Out) -> None:
        bridge = _bridge(out)
        if not dry_run:
            _agreed(yes, f"Bring back what {source} holds?")
        done = restoring.run(bridge, source, as_of, dry_run=dry_run)
        out.result(msgspec.to_builtins(done), restoring.lines(done))

    run(as_json, work)


def _agreed(yes: bool, question: str = "Erase for good?") -> None:
    """Raises OpsError unless somebody has said yes: with --yes, or at a terminal."""
    if yes:
        return
    if not sys.stdin.isatty():
        raise OpsError(f"nobody was asked: {question}", "add --yes, or look first with --dry-run")
    if not click.confirm(question, err=True):
        raise OpsError("nothing was done")


def _bridge(out: Out) -> Bridge:
    from ops.bridge import Bridge

    return Bridge(os.environ, time.time, out.hide)


COMMANDS = (erase, export, restore)
