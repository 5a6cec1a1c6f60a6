"""x-webhook and x-keys: what only X needs of its operator."""

from __future__ import annotations

import os
import sys
import time
from typing import TYPE_CHECKING, Any

import click
import msgspec

from ops.errors import OpsError
from ops.help import DASHES, Command, example, json_option, webhook_option
from ops.output import Out, run, table

if TYPE_CHECKING:
    from chalicelib.vocabulary.records import Account
    from ops.bridge import Bridge

CHANNEL = "x"
NO_ACCOUNT = "this deployment has no account of X"
ADD_ONE = "give it one in Terraform's variable accounts, and apply"


def _bridge(out: Out) -> Bridge:
    from ops.bridge import Bridge

    return Bridge(os.environ, time.time, out.hide)


def _accounts(bridge: Bridge) -> list[Account]:
    held = [account for account in bridge.accounts if account.channel == CHANNEL]
    if not held:
        raise OpsError(NO_ACCOUNT, ADD_ONE)
    return held


def _chosen(bridge: Bridge, named: str | None) -> Account:
    """The account of that id or name; without one, the only one that there is."""
    held = _accounts(bridge)
    if named is not None:
        return bridge.account(named, CHANNEL)
    if len(held) > 1:
        raise OpsError("there are several accounts of X", "name one: dmdesk accounts lists their ids")
    return held[0]


@click.command(
    "x-webhook",
    cls=Command,
    epilog=example("dmdesk x-webhook create", "dmdesk x-webhook subscribe", "dmdesk x-webhook replay --since 3h"),
)
@click.argument("action", type=click.Choice(["create", "subscribe", "validate", "replay"]))
@webhook_option
@click.option(
    "--since", default="24h", show_default=True, help="Of replay: from when on, as 6h or 2026-11-27T03:00 (UTC)."
)
@click.option(
    "--replace", is_flag=True, help="Of create: in place of webhooks that go elsewhere, if X lets it have no more."
)
@json_option
def x_webhook(action: str, webhook_url: str | None, since: str, replace: bool, as_json: bool) -> None:
    """Have X deliver to the bridge, again where it has stopped, and once more what was lost.

    `create` registers the bridge's address, `subscribe` does that and asks for every account's events, `validate` has X
    ask the address again and take it up, `replay` has X deliver a day's events once more. All may be run again at any
    time: what holds is left alone, and an event that came already is known by its id.
    """
    from ops.channels.x import webhooks

    def work(out: Out) -> None:
        bridge, url = _bridge(out), webhook_url or ""
        if action == "subscribe":
            _subscribe(out, bridge, url)
        elif action == "create":
            if not url:
                raise _no_url()
            hook, changed = webhooks.create(bridge, url, replace=replace)
            out.result(_told(hook, changed=changed), [_line(hook, "changed" if changed else "as it was")])
        elif action == "validate":
            hook = webhooks.validate(bridge, webhooks.needed(bridge, url))
            out.result(_told(hook, changed=True), [_line(hook, "X asked, and takes it")])
        else:
            _replay(out, bridge, url, since)

    run(as_json, work)


def _no_url() -> OpsError:
    from ops import causes

    return OpsError("no webhook URL for X", f"pass --webhook-url, or {causes.ENVIRONMENT}")


def _told(hook: Any, *, changed: bool) -> dict[str, Any]:
    return dict(msgspec.to_builtins(hook)) | {"changed": changed}


def _line(hook: Any, how: str) -> str:
    return f"webhook {hook.id}: {hook.url} ({how})"


def _subscribe(out: Out, bridge: Bridge, url: str) -> None:
    from ops import subscriptions as printed
    from ops.channels.x import subscriptions
    from ops.provider import Asked

    if not url:
        raise _no_url()
    done = list(subscriptions.run(bridge, _accounts(bridge), Asked(webhook_url=url, change=True)))
    out.result([msgspec.to_builtins(one) for one in done], list(printed.lines(done)))
    if any(one.status == "missing" for one in done):
        sys.exit(1)


def _replay(out: Out, bridge: Bridge, url: str, since: str) -> None:
    from ops.channels.x import webhooks
    from ops.letters import moment_ms

    try:
        asked_s = moment_ms(since, bridge.clock()) / 1000
    except ValueError:
        raise OpsError(f"{since!r} is no time", webhooks.SINCE) from None
    done = webhooks.replay(bridge, webhooks.needed(bridge, url), asked_s)
    out.result(
        msgspec.to_builtins(done),
        [
            f"X delivers again what happened from {done.since} to {done.until} (UTC), job {done.job}",
            "what the bridge has had is not shown again; X tells the end by a webhook, replay_job_status in the log",
        ],
    )


@click.command(
    "x-keys",
    cls=Command,
    context_settings=DASHES,
    epilog=example(
        "dmdesk x-keys status",
        "dmdesk x-keys import 1111111111111111111 --pin",
        "dmdesk x-keys create 1111111111111111111",
    ),
)
@click.argument("action", type=click.Choice(["create", "import", "status"]))
@click.argument("account", required=False)
@click.option("--pin", is_flag=True, help="Of import: ask for the PIN of X's app, and fetch the keys with it.")
@click.option("--few-guesses", is_flag=True, help="Of import --pin: take one guess although few are left.")
@click.option("--key-version", default="", help="Of import: the keys' version, where X shows no row of them yet.")
@click.option("--replace", is_flag=True, help="Of create: make others in place of those that the account has.")
@json_option
def x_keys(
    action: str, account: str | None, pin: bool, few_guesses: bool, key_version: str, replace: bool, as_json: bool
) -> None:
    """Give the bridge the keys that open an account's encrypted messages, or tell what is there and what is missing.

    `import` takes the keys that X's app has: by its PIN, which is asked for, used once and kept nowhere; or from
    standard input, 64 bytes in base64. `create` makes keys for an account that has none, keeps them, and registers them
    with X; cut off, it goes on where it stopped. Without ACCOUNT it is the only account of X that there is.
    """
    from ops.channels.x import keys

    def work(out: Out) -> None:
        bridge = _bridge(out)
        if action == "status":
            _status(out, bridge, account)
            return
        chosen = _chosen(bridge, account)
        changed = True
        if action == "create":
            blob, changed = keys.create(bridge, chosen, replace=replace)
        elif pin:
            blob = keys.unlock(bridge, chosen, _asked, out.note, risk=few_guesses)
        else:
            blob = keys.bring(bridge, chosen, _piped(out), key_version)
        told = {"account": chosen.id, "secret": chosen.secret, "version": blob.version, "changed": changed}
        state = "stored" if changed else "as they were"
        out.result(told, [f"x {chosen.id}: keys {blob.version} ({state}) in {chosen.secret}"])

    run(as_json, work)


def _asked(words: str) -> str:
    """What is typed, without showing it."""
    return str(click.prompt(words, hide_input=True, err=True))


def _piped(out: Out) -> str:
    from ops import pasting

    how = "dmdesk x-keys import ID < file, which holds 64 bytes in base64; or --pin"
    text = pasting.stdin("keys", how, how)
    out.hide(text.split())
    return text


def _status(out: Out, bridge: Bridge, named: str | None) -> None:
    from ops.channels.x import keys

    chosen = _accounts(bridge) if named is None else [_chosen(bridge, named)]
    known = [keys.status(bridge, one) for one in chosen]
    head = ("ACCOUNT", "OURS", "AT X", "MATCHES", "FORMER", "MISSING")
    rows = [
        (one.account, one.held or "–", ", ".join(one.at_x) or "–", one.matches or "–", ", ".join(one.former) or "–",
         one.missing or "nothing")
        for one in known
    ]  # fmt: skip
    lines = [*table([head, *rows]), *(f"fix: {one.fix}" for one in known if one.fix)]
    out.result([msgspec.to_builtins(one) for one in known], lines)
    if any(one.missing for one in known):
        sys.exit(1)
