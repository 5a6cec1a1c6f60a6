"""The switches of the page: each a known kind of trouble, made of faults and of what webhooks and workers suffer."""

from __future__ import annotations

import time
from collections.abc import Iterable

import requests

from sandbox.show.road import Road
from sandbox.stage.faults import Fault, Faults
from sandbox.stage.vendors import Vendor, Vendors

OTHERS = ("duplicates", "reorder", "kill_worker", "forged")
_FORGED_S = 10.0


def faults_of(vendors: Iterable[Vendor | type[Vendor]]) -> dict[str, tuple[Fault, ...]]:
    """The faults of each switch, of all vendors together."""
    faults: dict[str, tuple[Fault, ...]] = {}
    for vendor in vendors:
        for name, some in vendor.troubles.items():
            faults[name] = (*faults.get(name, ()), *some)
    return faults


class Trouble:
    """`webhook_url` is where a forger sends to."""

    def __init__(self, faults: Faults, vendors: Vendors, road: Road, webhook_url: str) -> None:
        self._faults, self._channels, self._road = faults, vendors.channels, road
        self._webhooks = [channel.simulator.deliveries for channel in vendors.channels]
        self._webhook_url = webhook_url
        self._switches = faults_of(vendors.all)
        self.names = (*self._switches, *OTHERS)

    def state(self) -> dict[str, bool]:
        """Which switches are on; `others`: whether faults are armed that are none of theirs."""
        armed = self._faults.armed()
        on = {name: all(fault in armed for fault in faults) for name, faults in self._switches.items()}
        switched = {fault for name, faults in self._switches.items() if on[name] for fault in faults}
        on["others"] = not switched.issuperset(armed)
        on["duplicates"] = all(one.duplicates for one in self._webhooks)
        on["reorder"] = all(one.reorders for one in self._webhooks)
        return on | {"kill_worker": self._road.kill_next, "forged": False}

    def switch(self, name: str, on: bool) -> dict[str, int]:
        """Turns it on or off. "kill_worker" goes off by itself once a worker has died; "forged" is one webhook, whose
        answer is returned as `status`. ValueError where there is no such switch."""
        if name not in self.names:
            raise ValueError(f"name must be one of: {', '.join(self.names)}")
        for fault in self._switches.get(name, ()):
            self._faults.disarm(fault)
            if on:
                self._faults.arm(fault)
        if name == "duplicates":
            for one in self._webhooks:
                one.duplicates = on
        elif name == "reorder":
            for one in self._webhooks:
                one.reorders = on
        elif name == "kill_worker":
            self._road.kill_next = on
        return {"status": self._forge()} if name == "forged" and on else {}

    def reset(self) -> None:
        """Everything off but the faults, which are cleared with all others."""
        for name in ("duplicates", "reorder", "kill_worker"):
            self.switch(name, False)

    def _forge(self) -> int:
        """Somebody who knows the webhook's address and not the secret writes as a customer of the first channel."""
        body, headers = self._channels[0].forged(time.time())
        with requests.Session() as session:
            session.trust_env = False  # a proxy would not find what runs on this machine
            return session.post(self._webhook_url, data=body, headers=headers, timeout=_FORGED_S).status_code
