"""A made-up platform: letters come and go by pigeon. `POST /letters` sends one; what arrives is told by a webhook."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

from sandbox.stage.clock import iso
from sandbox.stage.delivery import Deliveries
from sandbox.stage.faults import Faults, struck
from sandbox.stage.vendors import Echo
from sandbox.stage.watching import PhoneWatch, Unwatched, traced
from sandbox.stage.web import Answer, Call, Outcome, WebServer

LETTERS = "/letters"


def letter(account: str, customer: str, identifier: str, words: str, now: float) -> bytes:
    """The webhook that tells of a letter."""
    told = {"loft": account, "from": customer, "letter": identifier, "words": words, "timestamp": int(now * 1000)}
    return json.dumps(told).encode()


class PigeonSimulator:
    """`Ring` is the header that a delivery is known by: the loft's secret, plainly."""

    def __init__(self, clock: Callable[[], float], faults: Faults) -> None:
        self._clock, self._faults = clock, faults
        faults.enter("pigeon", numbered=False)
        self.echo: Echo = "none"
        self.watch: PhoneWatch = Unwatched()
        self._hooks: dict[str, tuple[str, str]] = {}
        self._sent: list[dict[str, Any]] = []
        self.deliveries = Deliveries()
        self._web = WebServer(self._handle)
        self.url = self._web.url

    def start(self) -> None:
        self._web.start()

    def stop(self) -> None:
        self.deliveries.stop()
        self._web.stop()

    def held(self) -> AbstractContextManager[None]:
        return self._web.held()

    def reset(self) -> None:
        self.deliveries.cancel()
        self._sent.clear()

    def media(self) -> dict[str, str]:
        return {}

    def add_account(self, account: str, webhook_url: str, ring: str) -> None:
        self._hooks[account] = webhook_url, ring

    def accounts(self) -> list[str]:
        return list(self._hooks)

    def sent(self) -> list[dict[str, Any]]:
        return [dict(entry) for entry in self._sent]

    def write(self, account: str, customer: str, text: str) -> str:
        identifier = secrets.token_hex(4)
        self.deliver(letter(account, customer, identifier, text, self._clock()))
        return identifier

    def tap(self, account: str, customer: str, message: str, choice: str) -> str:
        raise ValueError("a letter has nothing to tap")

    def deliver(self, raw: bytes) -> int | None:
        url, ring = next(iter(self._hooks.values()))
        self.watch.customer(raw)
        return self.deliveries.post(
            url, raw, lambda: {"Ring": ring}, timeout_s=5, retry_delays_s=(), retry_on=lambda status: False
        ).status

    def _handle(self, call: Call) -> Answer | Outcome:
        return struck(
            self._faults.pick("pigeon", call.path, accepting=call.path == LETTERS),
            work=lambda: self._take(call),
            refuse=lambda fault: Answer(fault.status, {"error": fault.message or "the pigeon is ill"}),
            pause=self._web.pause,
        )

    def _take(self, call: Call) -> Answer:
        if (call.method, call.path) != ("POST", LETTERS):
            return Answer(404, {"error": "pigeons carry letters only"})
        body, identifier = call.json(), secrets.token_hex(4)
        entry = {"at": iso(self._clock()), "status": 200, "path": call.path, "body": body, "code": None}
        self._sent.append(entry | {"message_id": identifier} | traced(call))
        self.watch.brand(body["loft"], body["to"], identifier, body)
        return Answer(200, {"message_id": identifier})
