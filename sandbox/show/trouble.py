"""The switches of the page: each a known kind of trouble, made of faults and of what webhooks and workers suffer."""

from __future__ import annotations

import time
from collections.abc import Mapping

import requests

from sandbox.show.road import Road
from sandbox.simulators.instagram.inbox import new_mid, webhook
from sandbox.stage.delivery import Deliveries
from sandbox.stage.faults import Fault, Faults
from sandbox.stage.routes import CUSTOMERS

_INBOUND, _SENDS = "/inbound/open/", {"instagram": "/messages", "tiktok": "/message/send/"}
FAULTS: Mapping[str, tuple[Fault, ...]] = {
    "genesys_429": (Fault("genesys", "status", status=429, retry_after=2, path=_INBOUND),),
    "genesys_down": (Fault("genesys", "status", status=503),),
    "genesys_silent": (Fault("genesys", "timeout_after_accept", path=_INBOUND),),
    "platform_refuses": (
        # the person blocked the account or is gone: .../messenger-platform/error-codes
        Fault("instagram", "status", status=400, code=551, subcode=1545041, path=_SENDS["instagram"]),
        # TikTok has one code for all that it blocks: portal doc 1832184403754242
        Fault("tiktok", "status", status=200, code=40064, path=_SENDS["tiktok"]),
    ),
    "platform_429": tuple(Fault(channel, "status", status=429, path=path) for channel, path in _SENDS.items()),
}
NAMES = (*FAULTS, "duplicates", "reorder", "kill_worker", "forged")
_FORGED_S = 10.0


class Trouble:
    """`webhooks` are the platforms' deliveries of what customers do, `webhook_url` where a forger sends to."""

    def __init__(self, faults: Faults, webhooks: list[Deliveries], road: Road, webhook_url: str, account: str) -> None:
        """`account` is the Instagram account whose customer the forger pretends to be."""
        self._faults, self._webhooks, self._road = faults, webhooks, road
        self._webhook_url, self._account = webhook_url, account

    def state(self) -> dict[str, bool]:
        """Which switches are on; `others`: whether faults are armed that are none of theirs."""
        armed = self._faults.armed()
        on = {name: all(fault in armed for fault in faults) for name, faults in FAULTS.items()}
        switched = {fault for name, faults in FAULTS.items() if on[name] for fault in faults}
        on["others"] = not switched.issuperset(armed)
        on["duplicates"] = all(one.duplicates for one in self._webhooks)
        on["reorder"] = all(one.reorders for one in self._webhooks)
        return on | {"kill_worker": self._road.kill_next, "forged": False}

    def switch(self, name: str, on: bool) -> dict[str, int]:
        """Turns it on or off. "kill_worker" goes off by itself once a worker has died; "forged" is one webhook, whose
        answer is returned as `status`. ValueError where there is no such switch."""
        if name not in NAMES:
            raise ValueError(f"name must be one of: {', '.join(NAMES)}")
        for fault in FAULTS.get(name, ()):
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
        """Somebody who knows the webhook's address and not the secret writes as a customer."""
        customer = CUSTOMERS["instagram"]
        said = {"mid": new_mid(self._account, customer), "text": "Forged"}
        body = webhook(self._account, customer, self._account, said, time.time())
        headers = {"Content-Type": "application/json", "X-Hub-Signature-256": f"sha256={'0' * 64}"}
        with requests.Session() as session:
            session.trust_env = False  # a proxy would not find what runs on this machine
            return session.post(self._webhook_url, data=body, headers=headers, timeout=_FORGED_S).status_code
