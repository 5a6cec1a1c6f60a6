"""The switches of the page: each a known kind of trouble, made of faults and of what webhooks and workers suffer."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import NamedTuple, Protocol

import requests

from sandbox.show.road import Road
from sandbox.stage.faults import Fault, Faults
from sandbox.stage.vendors import Vendors

FORGED = "forged"
_FORGED_S = 10.0


class Troubled(Protocol):
    """Who can be made to do wrong: the faults of each switch that is theirs."""

    @property
    def troubles(self) -> Mapping[str, tuple[Fault, ...]]: ...


class Toggle(NamedTuple):
    """A switch that is no fault: whether it is on, and how it is turned."""

    is_on: Callable[[], bool]
    turn: Callable[[bool], None]


def faults_of(troubled: Iterable[Troubled]) -> dict[str, tuple[Fault, ...]]:
    """The faults of each switch, of all together."""
    faults: dict[str, tuple[Fault, ...]] = {}
    for one in troubled:
        for name, some in one.troubles.items():
            faults[name] = (*faults.get(name, ()), *some)
    return faults


class Trouble:
    """`webhook_url` is where a forger sends to; `more` have switches beside the vendors', and `toggles` are further
    ones by their names."""

    def __init__(
        self,
        faults: Faults,
        vendors: Vendors,
        road: Road,
        webhook_url: str,
        more: Iterable[Troubled] = (),
        toggles: Mapping[str, Toggle] = MappingProxyType({}),
    ) -> None:
        self._faults, self._channels = faults, vendors.channels
        self._webhook_url = webhook_url
        self._switches = faults_of([*vendors.all, *more])
        self._toggles = {**toggles, **_of_webhooks(vendors), "kill_worker": _of_workers(road)}
        self.names = (*self._switches, *self._toggles, FORGED)

    def state(self) -> dict[str, bool]:
        """Which switches are on; `others`: whether faults are armed that are none of theirs."""
        armed = self._faults.armed()
        on = {name: all(fault in armed for fault in faults) for name, faults in self._switches.items()}
        switched = {fault for name, faults in self._switches.items() if on[name] for fault in faults}
        toggled = {name: toggle.is_on() for name, toggle in self._toggles.items()}
        return on | toggled | {FORGED: False, "others": not switched.issuperset(armed)}

    def switch(self, name: str, on: bool) -> dict[str, int]:
        """Turns it on or off. "kill_worker" goes off by itself once a worker has died; "forged" is one webhook, whose
        answer is returned as `status`. ValueError where there is no such switch."""
        if name not in self.names:
            raise ValueError(f"name must be one of: {', '.join(self.names)}")
        for fault in self._switches.get(name, ()):
            self._faults.disarm(fault)
            if on:
                self._faults.arm(fault)
        if name in self._toggles:
            self._toggles[name].turn(on)
        return {"status": self._forge()} if name == FORGED and on else {}

    def reset(self) -> None:
        """Everything off but the faults, which are cleared with all others."""
        for toggle in self._toggles.values():
            toggle.turn(False)

    def _forge(self) -> int:
        """Somebody who knows the webhook's address and not the secret writes as a customer of the first channel."""
        body, headers = self._channels[0].forged(time.time())
        with requests.Session() as session:
            session.trust_env = False  # a proxy would not find what runs on this machine
            return session.post(self._webhook_url, data=body, headers=headers, timeout=_FORGED_S).status_code


def _of_webhooks(vendors: Vendors) -> dict[str, Toggle]:
    """What webhooks suffer, all channels' at once."""
    deliveries = [channel.simulator.deliveries for channel in vendors.channels]

    def duplicates(on: bool) -> None:
        for one in deliveries:
            one.duplicates = on

    def reorder(on: bool) -> None:
        for one in deliveries:
            one.reorders = on

    return {
        "duplicates": Toggle(lambda: all(one.duplicates for one in deliveries), duplicates),
        "reorder": Toggle(lambda: all(one.reorders for one in deliveries), reorder),
    }


def _of_workers(road: Road) -> Toggle:
    def kill(on: bool) -> None:
        road.kill_next = on

    return Toggle(lambda: road.kill_next, kill)
