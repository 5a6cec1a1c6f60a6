"""The commands of what waits: given up, put aside, or held by the operator."""

from __future__ import annotations

import os
import sys
import time
from typing import TYPE_CHECKING, Any

import click
import msgspec

from ops.help import Command, example, json_option
from ops.output import Out, run

if TYPE_CHECKING:
    from chalicelib.vocabulary.records import Direction
    from ops.bridge import Bridge


def _bridge(out: Out) -> Bridge:
    from ops.bridge import Bridge

    return Bridge(os.environ, time.time, out.hide)


def _list(name: str, what: str, back: str, none: str) -> click.Command:
    """The command of that name, which lists `what` waits on a shelf; `none` is what it says of an empty one."""

    @click.command(
        name=name,
        cls=Command,
        epilog=example(f"dmdesk {name}", f"dmdesk {name} --json"),
        help=f"List {what}, with its reason; with ids, all that is known of those.\n\n"
        f"Changes nothing, and shows nothing of what anybody wrote. `replay` brings {back} back.",
    )
    @click.argument("ids", nargs=-1, metavar="[ID]...")
    @json_option
    def command(ids: tuple[str, ...], as_json: bool) -> None:
        from ops import letters

        def work(out: Out) -> None:
            told = letters.SHELVES[name](_bridge(out), ids, out.note)
            out.result([msgspec.to_builtins(one) for one in told], letters.listed(told, ids, none))

        run(as_json, work)

    return command


dead_letters = _list("dead-letters", "what could not be handled and was given up", "them", "no dead letters")
parked = _list("parked", "what nobody could read or place and was put aside", "it", "nothing is parked")


@click.command(
    cls=Command,
    epilog=example("dmdesk replay --all --dry-run", "dmdesk replay --account 17841400000000001 --since 2h"),
)
@click.argument("ids", nargs=-1, metavar="[ID]...")
@click.option("--reason", help="Only what has this reason.")
@click.option("--account", help="Only what is of this account: its id on the platform, its name, or its integration.")
@click.option("--since", help="Only what came since then: 2h, 3d, or a time as 2026-11-27T03:00 (UTC).")
@click.option("--all", "everything", is_flag=True, help="All of it.")
@click.option("--dry-run", is_flag=True, help="Only tell what would come back; change nothing.")
@json_option
def replay(
    ids: tuple[str, ...],
    reason: str | None,
    account: str | None,
    since: str | None,
    everything: bool,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Bring dead letters and parked events back onto their queues, in the order in which they came.

    Mend first what their reasons name. May be cut off, and run again at any time, beside live traffic: each comes back
    once, and what was delivered before is not delivered again.
    """
    from ops import letters

    narrowed = bool(ids or reason or account or since)
    if narrowed == everything:
        raise click.UsageError("say which: ids, --reason, --account or --since, or else --all")

    def work(out: Out) -> None:
        bridge = _bridge(out)
        choice = letters.chosen_by(bridge, ids, reason, account, since)
        done = letters.replay(bridge, choice, out, dry_run=dry_run)
        out.result(msgspec.to_builtins(done), letters.result(done))
        if done.left or (ids and not done.replayed):
            sys.exit(1)

    run(as_json, work)


def _direction(command: Any) -> Any:
    return click.option(
        "--direction",
        type=click.Choice(["inbound", "outbound"]),
        help="Customers' events (inbound) or agents' (outbound) only; both where it is not given.",
    )(command)


@click.command(cls=Command, epilog=example("dmdesk pause --account 17841400000000001 --direction outbound"))
@click.option("--account", required=True, help="Its id on the platform, its name, or its integration.")
@_direction
@json_option
def pause(account: str, direction: Direction | None, as_json: bool) -> None:
    """Have an account's messages wait on their queues, until `resume` or for ten days at most.

    Nothing is lost: what comes waits in its order. That agents are typing is not shown meanwhile.
    """
    from ops import pauses

    def work(out: Out) -> None:
        told = pauses.pause(_bridge(out), account, [direction] if direction else pauses.DIRECTIONS)
        out.result([msgspec.to_builtins(one) for one in told], list(pauses.lines(told)))

    run(as_json, work)


@click.command(cls=Command, epilog=example("dmdesk resume --account 17841400000000001"))
@click.option("--account", required=True, help="Its id on the platform, its name, or its integration.")
@_direction
@json_option
def resume(account: str, direction: Direction | None, as_json: bool) -> None:
    """Let a paused account's messages go on, in the order in which they came."""
    from ops import pauses

    def work(out: Out) -> None:
        told = pauses.resume(_bridge(out), account, [direction] if direction else pauses.DIRECTIONS)
        out.result([msgspec.to_builtins(one) for one in told], list(pauses.lines(told)))

    run(as_json, work)


COMMANDS = (dead_letters, parked, replay, pause, resume)
