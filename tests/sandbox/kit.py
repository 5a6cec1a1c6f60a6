"""The vendors, events as the road sees them, and what it told of them."""

from __future__ import annotations

import functools
import json
from itertools import islice
from typing import Any

from chalicelib.vocabulary.records import Event
from sandbox.show.masking import Masker
from sandbox.show.naming import Names
from sandbox.show.purposes import Calls
from sandbox.simulators.genesys.simulator import GenesysSimulator
from sandbox.simulators.genesys.vendor import Genesys
from sandbox.simulators.instagram.simulator import InstagramSimulator
from sandbox.simulators.instagram.vendor import Instagram
from sandbox.simulators.tiktok.simulator import TikTokSimulator
from sandbox.simulators.tiktok.vendor import TikTok
from sandbox.stage.clock import Clock
from sandbox.stage.faults import Faults
from sandbox.stage.journal import Journal
from sandbox.stage.vendors import Masked, Vendor, Vendors

VENDORS: tuple[type[Vendor], ...] = (Genesys, Instagram, TikTok)


def played(genesys: GenesysSimulator, instagram: InstagramSimulator, tiktok: TikTokSimulator, clock: Clock) -> Vendors:
    """The vendors with these simulators."""
    return Vendors((Instagram(instagram, clock), TikTok(tiktok, clock)), (Genesys(genesys, clock),))


def simulators(clock: Clock, faults: Faults) -> tuple[GenesysSimulator, InstagramSimulator, TikTokSimulator]:
    return GenesysSimulator(clock, faults), InstagramSimulator(clock, faults), TikTokSimulator(clock, faults)


def names(channels: dict[str, str] | None = None) -> Names:
    """`channels` are the channels' names by integration id."""
    return Names([vendor.source for vendor in VENDORS], channels or {})


def calls() -> Calls:
    return Calls(VENDORS, {"genesys": "http://genesys"})


@functools.cache
def masker(*texts: str) -> Masker:
    """Of what the vendors name, and of these texts."""
    clock, faults = Clock(), Faults()
    vendors = played(*simulators(clock, faults), clock)
    try:
        return Masker([Masked(texts=texts), *(vendor.masked() for vendor in vendors.all)])
    finally:
        for vendor in vendors.all:
            vendor.simulator.stop()


def an_event(identifier: str = "message:m1", source: str = "instagram", account: str = "1", party: str = "9") -> Event:
    return Event(source=source, account=account, party=party, id=identifier, received_ms=0)


def told(journal: Journal, name: str = "road") -> list[dict[str, Any]]:
    """The data of every kept event of the name."""
    text = b"".join(islice(journal.follow(heartbeat_s=0.0), 1, 30)).decode()
    events = [block.split("\n") for block in text.split("\n\n")]
    return [json.loads(lines[2][6:]) for lines in events if len(lines) == 3 and lines[1] == f"event: {name}"]
