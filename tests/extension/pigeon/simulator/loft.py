"""The pigeons' servers: `POST /letters` sends a letter; what arrives is told by a webhook."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from chalicelib.wire import hmac_sha256
from sandbox.stage.clock import iso
from sandbox.stage.faults import Faults, struck
from sandbox.stage.files import png
from sandbox.stage.served import Served
from sandbox.stage.vendors import Echo
from sandbox.stage.watching import PhoneWatch, Unwatched, traced
from sandbox.stage.web import Answer, Call, Outcome

LETTERS, KEYS, LOFT, HOOK, PICTURE = "/letters", "/keys", "/loft", "/loft/webhook", "/pictures/mug.png"
RETRY_DELAYS_S = (1.0,) * 5


@dataclass
class _Loft:
    hook: str
    secret: str
    key: str


def delivery(account: str, customer: str, identifier: str, now: float, **told: str) -> bytes:
    """The webhook that tells of one event."""
    event = {"who": customer, "id": identifier, "at": int(now * 1000), **told}
    return json.dumps({"account": account, "events": [event]}).encode()


class PigeonSimulator(Served):
    """Every loft has its key; the deliveries of all are signed with one secret."""

    def __init__(self, clock: Callable[[], float], faults: Faults) -> None:
        self._clock, self._faults = clock, faults
        faults.enter("pigeon", numbered=True)
        self.echo: Echo = "none"
        self.watch: PhoneWatch = Unwatched()
        self._lofts: dict[str, _Loft] = {}
        self._sent: list[dict[str, Any]] = []
        super().__init__(self._handle)

    def reset(self) -> None:
        self.deliveries.cancel()
        self._sent.clear()

    def media(self) -> dict[str, str]:
        return {"image": self.url + PICTURE}

    def add_account(self, account: str, webhook_url: str, secret: str, key: str) -> None:
        self._lofts[account] = _Loft(webhook_url, secret, key)

    def accounts(self) -> list[str]:
        return list(self._lofts)

    def sent(self) -> list[dict[str, Any]]:
        return [dict(entry) for entry in self._sent]

    def write(self, account: str, customer: str, text: str) -> str:
        return self.tell(account, customer, text=text)

    def tap(self, account: str, customer: str, message: str, choice: str) -> str:
        """A choice of a letter, by its words."""
        letter = next((one for one in self._sent if one["message_id"] == message), None)
        choices = letter["body"].get("choices", {}) if letter else {}
        if choice not in choices:
            raise ValueError("a letter has nothing to tap" if not choices else f"choice: {', '.join(choices)}")
        return self.tell(account, customer, kind="tap", text=choice, tap=choices[choice], about=message)

    def tell(self, account: str, customer: str, **told: str) -> str:
        """Something happened; its id, after the first delivery attempt."""
        identifier = secrets.token_hex(4)
        self.deliver(delivery(account, customer, identifier, self._clock(), **told))
        return identifier

    def deliver(self, raw: bytes) -> int | None:
        loft = next(iter(self._lofts.values()))
        self.watch.customer(raw)
        return self.deliveries.post(
            loft.hook,
            raw,
            lambda: {
                "Content-Type": "application/json",
                "X-Pigeon-Signature": hmac_sha256(loft.secret, raw).hex(),
            },
            timeout_s=30,
            retry_delays_s=RETRY_DELAYS_S,
            retry_on=lambda status: status is None or status >= 500,
        ).status

    def _handle(self, call: Call) -> Answer | Outcome:
        return struck(
            self._faults.pick("pigeon", call.path, accepting=call.method == "POST" and call.path == LETTERS),
            work=lambda: self._take(call),
            refuse=lambda fault: Answer(
                fault.status, {"error": fault.message or "the pigeon is ill", "code": fault.code}, fault.headers
            ),
            pause=self._web.pause,
        )

    def _take(self, call: Call) -> Answer:
        if call.path == PICTURE:
            return Answer(200, png(), content_type="image/png")
        body = call.json() if call.method == "POST" else call.query
        loft = self._lofts.get(body.get("loft", ""))
        if loft is None or call.header("Loft-Key") != loft.key:
            return Answer(401, {"error": "the key does not fit", "code": 1})
        if call.path == LETTERS:
            return self._letter(call, body) if call.method == "POST" else self._book(body)
        if call.path == KEYS:
            loft.key = f"key-{secrets.token_hex(8)}"
            return Answer(200, {"key": loft.key, "expires_in": 86_400})
        if call.path == HOOK:
            loft.hook = body["url"]
        return Answer(200, {"webhook": loft.hook}) if call.path in {LOFT, HOOK} else Answer(404, {"error": "no"})

    def _letter(self, call: Call, body: dict[str, Any]) -> Answer:
        identifier = secrets.token_hex(4)
        entry = {"at": iso(self._clock()), "status": 200, "path": call.path, "body": body, "code": None}
        self._sent.append(entry | {"message_id": identifier, "at_ms": int(self._clock() * 1000)} | traced(call))
        self.watch.brand(body["loft"], body["to"], identifier, body)
        return Answer(200, {"message_id": identifier})

    def _book(self, asked: dict[str, Any]) -> Answer:
        letters = [
            {"message_id": one["message_id"], "at_ms": one["at_ms"], **one["body"]}
            for one in self._sent
            if (one["body"]["loft"], one["body"]["to"]) == (asked["loft"], asked.get("to"))
        ]
        return Answer(200, {"letters": letters})
