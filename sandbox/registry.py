"""Which channels and desks the sandbox plays, by the names that the bridge has for them. A simulator is a line here."""

from __future__ import annotations

from collections.abc import Collection

from sandbox.simulators.connect.vendor import Connect
from sandbox.simulators.genesys.vendor import Genesys
from sandbox.simulators.instagram.vendor import Instagram
from sandbox.simulators.tiktok.vendor import TikTok
from sandbox.simulators.x.vendor import X
from sandbox.stage.clock import Clock
from sandbox.stage.faults import Faults
from sandbox.stage.vendors import Channel, Desk, Vendors

CHANNELS: dict[str, type[Channel]] = {
    "instagram": Instagram,
    "tiktok": TikTok,
    "x": X,
}
DESKS: dict[str, type[Desk]] = {
    "genesys": Genesys,
    "connect": Connect,
}


def vendors(clock: Clock, faults: Faults, flags: Collection[str] = ()) -> Vendors:
    """All of them, each with a simulator that has a port and is yet to be started."""
    desks = tuple(desk.made(clock, faults, flags) for desk in DESKS.values())
    return Vendors(tuple(channel.made(clock, faults, flags) for channel in CHANNELS.values()), desks)
