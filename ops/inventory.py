"""accounts: what the bridge's table holds, with when each account was last written to."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from chalicelib.channels.instagram.about import options
from chalicelib.vocabulary.records import Account
from chalicelib.wire import iso
from ops.bridge import Bridge
from ops.output import table


class Listed(msgspec.Struct, frozen=True, kw_only=True):
    """An account; `last_inbound` is ISO 8601, "" where nobody has written within a month."""

    channel: str
    id: str
    name: str
    login: str
    integration: str
    secret: str
    last_inbound: str
    age_s: int | None


def accounts(bridge: Bridge) -> list[Listed]:
    """Every account, in order. Raises OpsError."""
    newest = bridge.last_inbound_ms()
    return [_listed(one, newest.get((one.channel, one.id), 0), bridge.clock()) for one in bridge.accounts]


def lines(found: Sequence[Listed]) -> list[str]:
    """A table for people."""
    if not found:
        return ["no accounts: run terraform apply"]
    head = ("CHANNEL", "ID", "NAME", "LOGIN", "INTEGRATION", "LAST INBOUND")
    return table([head, *((o.channel, o.id, o.name, o.login, o.integration, _when(o)) for o in found)])


def ago(seconds: float) -> str:
    """How long ago, in the largest fitting unit."""
    for unit, size in (("d", 86_400), ("h", 3600), ("min", 60)):
        if seconds >= size:
            return f"{int(seconds // size)} {unit} ago"
    return f"{max(0, int(seconds))} s ago"


def _listed(account: Account, told_ms: int, now: float) -> Listed:
    return Listed(
        channel=account.channel,
        id=account.id,
        name=account.name,
        login=options(account).login if account.channel == "instagram" else "",
        integration=account.integration,
        secret=account.secret,
        last_inbound=iso(told_ms) if told_ms else "",
        age_s=int(now - told_ms / 1000) if told_ms else None,
    )


def _when(one: Listed) -> str:
    return f"{one.last_inbound} ({ago(one.age_s)})" if one.age_s is not None else "never"
