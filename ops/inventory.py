"""accounts: what the bridge's table holds, with when each account was last written to."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from chalicelib.aws.table import Table
from chalicelib.vocabulary.records import Account
from chalicelib.wire import iso
from ops import registry
from ops.bridge import Bridge
from ops.findings import subject
from ops.output import ago, table


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
    newest, channels = last_inbound_ms(bridge), registry.channels()
    return [
        _listed(
            account,
            channels[account.channel].login(account) if account.channel in channels else "",
            newest.get((account.channel, account.id), 0),
            bridge.clock(),
        )
        for account in bridge.accounts
    ]


def lines(listed: Sequence[Listed]) -> list[str]:
    """A table for people."""
    if not listed:
        return ["no accounts: run terraform apply"]
    head = ("CHANNEL", "ID", "NAME", "LOGIN", "INTEGRATION", "LAST INBOUND")
    return table([head, *((row.channel, row.id, row.name, row.login, row.integration, _when(row)) for row in listed)])


def unread(bridge: Bridge) -> list[str]:
    """A line for each row of the table that should be an account and is none."""
    return [f"not listed: {subject(row)}: {row.problem}" for row in bridge.unreadable]


def last_inbound_ms(bridge: Bridge) -> dict[tuple[str, str], int]:
    """When a customer last wrote, by channel and account id, up to five minutes early. Raises OpsError."""
    return bridge.read(Table.last_inbound_ms)


def _listed(account: Account, login: str, wrote_ms: int, now: float) -> Listed:
    return Listed(
        channel=account.channel,
        id=account.id,
        name=account.name,
        login=login,
        integration=account.integration,
        secret=account.secret,
        last_inbound=iso(wrote_ms) if wrote_ms else "",
        age_s=int(now - wrote_ms / 1000) if wrote_ms else None,
    )


def _when(row: Listed) -> str:
    return f"{row.last_inbound} ({ago(row.age_s)})" if row.age_s is not None else "never"
