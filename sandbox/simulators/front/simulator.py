"""The stand-ins behind one port: POST /crm, and Bedrock's /model/{id}/converse."""

from __future__ import annotations

import base64
import hashlib
import hmac
import threading
from collections.abc import Callable, Mapping
from typing import Any, ClassVar

import msgspec

from sandbox.simulators.front.converse import MODES, Mode, Says, converse, refused
from sandbox.stage.faults import Fault, Faults, struck
from sandbox.stage.routes import Body, Routes, parsed
from sandbox.stage.served import Served
from sandbox.stage.vendors import Masked
from sandbox.stage.web import Answer, Call, Outcome

SECRET = "sandbox/front"
KEY = "whsec_" + base64.b64encode(b"the sandbox's key of 32 bytes...").decode()
# github.com/standard-webhooks/standard-webhooks: how far the time may be off (s)
TOLERANCE_S = 300.0
# how long a slow one takes: longer than anybody waits for it
SLOW_MS = 30_000.0
KNOWN: Mapping[str, Any] = {"tier": "gold", "queue": "VIP", "priority": 60}


class Script(Body):
    """What they answer: the CRM of every customer (None: it knows nobody), the model, and in which modes; and what the
    model says as a bot, in turn (nothing: it knows when the shop is open)."""

    crm: dict[str, Any] | None = msgspec.field(default_factory=lambda: dict(KNOWN))
    model: Says = "sorts"
    modes: tuple[Mode, ...] = MODES
    bot: tuple[Any, ...] = ()


class Front(Served):
    """`clock` answers epoch seconds; `troubles` are the faults of each switch of the page."""

    troubles: ClassVar[Mapping[str, tuple[Fault, ...]]] = {
        "model_slow": (Fault("model", "delay", delay_ms=SLOW_MS),),
        "model_down": (Fault("model", "status", status=503),),
        "crm_slow": (Fault("crm", "delay", delay_ms=SLOW_MS),),
        "crm_down": (Fault("crm", "status", status=503),),
    }

    def __init__(self, clock: Callable[[], float], faults: Faults, port: int = 0) -> None:
        self._clock, self._faults = clock, faults
        self._lock = threading.Lock()
        for target in ("crm", "model"):
            faults.enter(target, numbered=False)
        self.reset()
        super().__init__(self._handle, port)

    def reset(self) -> None:
        """Forgets what was asked; they answer as at first."""
        with self._lock:
            self.script = Script()
            self._calls: list[dict[str, Any]] = []

    def media(self) -> dict[str, str]:
        return {}

    def addresses(self) -> dict[str, str]:
        """Where each of them is asked."""
        return {"crm": f"{self.url}/crm", "model": f"{self.url}/model/"}

    def offered(self) -> dict[str, dict[str, Any]]:
        """What leads an account's front to them."""
        return {
            "crm": {"url": self.addresses()["crm"], "secret": SECRET},
            "triage": {"model": "amazon.nova-micro-v1:0", "intents": {"order": "", "returns": ""}},
            "bot": {"model": "amazon.nova-lite-v1:0", "instructions": "You answer for a tea shop."},
            "routing": {"app": "890000000000001"},
        }

    def masked(self) -> Masked:
        """What the road must not show of calls to them."""
        return Masked(texts=(KEY,), headers=("webhook-signature",))

    def talks_nonsense(self) -> bool:
        """Whether the model answers what nobody has asked for."""
        return self.script.model == "nonsense"

    def talk_nonsense(self, on: bool) -> None:
        """The model does from now on, or sorts again."""
        with self._lock:
            self.script.model = "nonsense" if on else "sorts"

    def calls(self) -> list[dict[str, Any]]:
        """Every call that was answered, oldest first: `at`, `target`, `status`, `body`."""
        with self._lock:
            return list(self._calls)

    def routes(self) -> Routes:
        """Of the control API."""
        return {
            "/front/calls": {"GET": lambda call: self.calls()},
            "/front/script": {"POST": self._scripted},
        }

    def _scripted(self, call: Call) -> object:
        with self._lock:
            self.script = parsed(call, Script)
            return msgspec.to_builtins(self.script)

    def _handle(self, call: Call) -> Answer | Outcome:
        target = "crm" if call.path == "/crm" else "model"
        work = self._crm if target == "crm" else self._model
        return struck(
            self._faults.pick(target, call.path, accepting=True),
            work=lambda: self._noted(target, call, work(call)),
            refuse=_refuse,
            pause=self._web.pause,
        )

    def _noted(self, target: str, call: Call, answer: Answer) -> Answer:
        told = {"at": self._clock(), "target": target, "status": answer.status, "body": call.body.decode()}
        with self._lock:
            self._calls.append(told)
        return answer

    def _model(self, call: Call) -> Answer:
        return converse(call, self.script.model, self.script.modes, self.script.bot)

    def _crm(self, call: Call) -> Answer:
        if not self._is_signed(call):
            return Answer(401, {"error": "not signed"})
        known = self.script.crm
        return Answer(404, {}) if known is None else Answer(200, known)

    def _is_signed(self, call: Call) -> bool:
        moment = call.header("webhook-timestamp")
        content = f"{call.header('webhook-id')}.{moment}.".encode() + call.body
        key = base64.b64decode(KEY.removeprefix("whsec_"))
        ours = "v1," + base64.b64encode(hmac.digest(key, content, hashlib.sha256)).decode()
        near = moment.isdigit() and abs(self._clock() - int(moment)) <= TOLERANCE_S
        return near and any(hmac.compare_digest(mark, ours) for mark in call.header("webhook-signature").split())


def _refuse(fault: Fault) -> Answer:
    return refused(fault.status, "ServiceUnavailableException", fault.message or "made to fail")
