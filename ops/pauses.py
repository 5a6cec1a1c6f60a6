"""pause and resume: an account's events of one direction wait on their queue, and lose nothing by it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial

import msgspec

from chalicelib.aws.table import Table
from chalicelib.vocabulary.records import Account, Direction, Pause
from chalicelib.wire import iso
from ops.bridge import Bridge
from ops.findings import Checks, check
from ops.output import ago

DIRECTIONS: tuple[Direction, ...] = ("inbound", "outbound")


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """An account's direction; `since` and `ends` are ISO 8601, "" where it is not paused."""

    channel: str
    account: str
    direction: Direction
    paused: bool
    since: str = ""
    ends: str = ""


def pause(bridge: Bridge, named: str, directions: Sequence[Direction]) -> list[Told]:
    """Pauses the account, and tells what is paused then. Raises OpsError."""
    account = bridge.account(named)
    for direction in directions:
        bridge.read(partial(_paused, account, direction, bridge.clock()))
    return _told(bridge, account, directions)


def resume(bridge: Bridge, named: str, directions: Sequence[Direction]) -> list[Told]:
    """Ends that. Raises OpsError."""
    account = bridge.account(named)
    for direction in directions:
        bridge.read(partial(_resumed, account, direction))
    return _told(bridge, account, directions)


def running(bridge: Bridge) -> list[Pause]:
    """What is paused now. Raises OpsError."""
    return bridge.read(lambda table: Table.pauses(table, bridge.clock()))


def checks(bridge: Bridge) -> Checks:
    """A finding for each pause, and for each desk that is away. Raises OpsError."""
    pauses, away = bridge.read(lambda table: Table.held(table, bridge.clock()))
    for desk in away:
        yield check("desk away", desk.desk, "warn",
                    f"it has not answered since {iso(int(desk.since_s * 1000))}; what waits goes on by itself",
                    "look at its status page; dmdesk conversations --closing 4 lists whom to answer first")  # fmt: skip
    for one in pauses:
        lasts = ago(bridge.clock() - one.since_s)
        yield check("paused", f"{one.channel} {one.account}", "warn",
                    f"{one.direction}, since {lasts}; ends by itself at {iso(int(one.until_s * 1000))}",
                    f"dmdesk resume --account {one.account} --direction {one.direction}")  # fmt: skip


def lines(told: Sequence[Told]) -> Iterator[str]:
    """For people."""
    for one in told:
        state = f"paused since {one.since}, until {one.ends} at the latest" if one.paused else "runs"
        yield f"{one.channel} {one.account}, {one.direction}: {state}"
    yield "the functions see it within a minute; what waits by then goes on within some minutes more"


def _paused(account: Account, direction: Direction, now: float, table: Table) -> None:
    table.pause(account.channel, account.id, direction, now)


def _resumed(account: Account, direction: Direction, table: Table) -> None:
    table.resume(account.channel, account.id, direction)


def _told(bridge: Bridge, account: Account, directions: Sequence[Direction]) -> list[Told]:
    paused = {(one.channel, one.account, one.direction): one for one in running(bridge)}
    return [_one(account, direction, paused.get((account.channel, account.id, direction))) for direction in directions]


def _one(account: Account, direction: Direction, pause: Pause | None) -> Told:
    told = Told(channel=account.channel, account=account.id, direction=direction, paused=pause is not None)
    if pause is None:
        return told
    since, ends = iso(int(pause.since_s * 1000)), iso(int(pause.until_s * 1000))
    return msgspec.structs.replace(told, since=since, ends=ends)
