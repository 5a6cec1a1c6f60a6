"""The commands of the guards before a desk."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import click
import msgspec

from ops import guarding, pasting
from ops.help import DASHES, Command, Group, example, json_option
from ops.output import Out, run

if TYPE_CHECKING:
    from chalicelib.vocabulary.guarding import Action, Kind
    from ops.bridge import Bridge

C = TypeVar("C", bound=Callable[..., Any])
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")
# "loop" is what a message is marked with that meets no rule.
_TAKEN = {"loop"}


def _bridge(out: Out) -> Bridge:
    from ops.bridge import Bridge

    return Bridge(os.environ, time.time, out.hide)


def _account(must: bool) -> Callable[[C], C]:
    return click.option("--account", required=must, help="Its id on the platform, its name, or its integration.")


@click.group(cls=Group, epilog=example("dmdesk rules list", "dmdesk rules add prizes pattern 'free.{0,20}iphone' mark"))
def rules() -> None:
    """Spam rules, for the accounts whose front has guards: the functions see a change within a minute.

    A rule is of a kind: `sender` (a customer's id or name), `pattern` (of RE2: no look-around, no back references,
    \\p{L} and \\p{N} for letters and numbers; case does not count), `links` (at least so many in a message),
    `newcomers` (more than so many people write for the first time within ten minutes). What a message meets is marked
    for the agent (`mark`), put behind others, too (`low`), held (`hold`), or, of a blocked sender only, dropped
    (`drop`).
    """


@rules.command(name="list", cls=Command, epilog=example("dmdesk rules list --json"))
@json_option
def rules_list(as_json: bool) -> None:
    """List the rules, by name."""

    def work(out: Out) -> None:
        found = guarding.rules(_bridge(out))
        out.result([msgspec.to_builtins(one) for one in found], guarding.rule_lines(found))

    run(as_json, work)


@rules.command(
    name="add",
    cls=Command,
    context_settings=DASHES,
    epilog=example("dmdesk rules add troll sender 1000000000000001 drop", "dmdesk rules add flood links 5 hold"),
)
@click.argument("name")
@click.argument("kind", type=click.Choice(guarding.KINDS))
@click.argument("value")
@click.argument("action", type=click.Choice(guarding.ACTIONS))
@_account(must=False)
@json_option
def rules_add(name: str, kind: Kind, value: str, action: Action, account: str | None, as_json: bool) -> None:
    """Add a rule, or put it in place of the one of its name; for all accounts with guards, or for one."""
    from chalicelib.vocabulary.guarding import Rule

    if not _NAME.fullmatch(name) or name in _TAKEN:
        raise click.UsageError("a name has 1 to 40 small letters, digits and hyphens, and is not `loop`")

    def work(out: Out) -> None:
        bridge = _bridge(out)
        key = bridge.account(account).key if account else ""
        kept = guarding.add(bridge, Rule(id=name, kind=kind, value=value, action=action, account=key))
        out.result(msgspec.to_builtins(kept), guarding.rule_lines([kept]))

    run(as_json, work)


@rules.command(name="remove", cls=Command, epilog=example("dmdesk rules remove flood"))
@click.argument("name")
@json_option
def rules_remove(name: str, as_json: bool) -> None:
    """Remove a rule by its name."""

    def work(out: Out) -> None:
        gone = guarding.remove(_bridge(out), name)
        out.result(msgspec.to_builtins(gone), [f"removed: {gone.id}"])

    run(as_json, work)


@rules.command(name="test", cls=Command, epilog=example("echo 'Free iPhone' | dmdesk rules test"))
@_account(must=False)
@click.option("--customer", default="", help="Who wrote it: an id, or a name on the platform.")
@json_option
def rules_test(account: str | None, customer: str, as_json: bool) -> None:
    """Tell which rule a message would meet; its text is read from standard input, and kept nowhere."""

    def work(out: Out) -> None:
        text = pasting.stdin("text", "pipe it in: echo '…' | dmdesk rules test", "pipe in what a customer wrote")
        bridge = _bridge(out)
        met = guarding.tested(bridge, bridge.account(account) if account else None, text, customer)
        out.result(msgspec.to_builtins(met), guarding.rule_lines([met]) if met else ["it meets no rule"])

    run(as_json, work)


@click.group(cls=Group, epilog=example("dmdesk held list", "dmdesk held release 1000000000000001 --account acme"))
def held() -> None:
    """What guards hold back: on its queue (`hold`), or put aside (`park`)."""


@held.command(name="list", cls=Command, epilog=example("dmdesk held list --json"))
@_account(must=False)
@json_option
def held_list(account: str | None, as_json: bool) -> None:
    """List the conversations that are held, the longest first."""

    def work(out: Out) -> None:
        bridge = _bridge(out)
        found = guarding.held(bridge, bridge.account(account) if account else None)
        told = [msgspec.to_builtins(one) for one in guarding.told(found)]
        out.result(told, guarding.held_lines(found, bridge.clock()))

    run(as_json, work)


@held.command(
    name="release",
    cls=Command,
    context_settings=DASHES,
    epilog=example("dmdesk held release 1000000000000001 --account acme"),
)
@click.argument("customer")
@_account(must=True)
@json_option
def held_release(customer: str, account: str, as_json: bool) -> None:
    """Let a customer's conversation go on, by their id; what was put aside of it comes back.

    What waits on its queue follows within five minutes.
    """

    def work(out: Out) -> None:
        bridge = _bridge(out)
        count = guarding.release(bridge, bridge.account(account), customer, out)
        out.result({"customer": customer, "brought_back": count}, [f"released; {count} brought back"])

    run(as_json, work)


COMMANDS = (rules, held)
