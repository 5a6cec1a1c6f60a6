"""The scripted conversations: what each side writes and sees, with the time it took."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from typing import Any

from sandbox.bridge import ACCOUNTS, Sandbox
from sandbox.stage.running import Interrupt, Interrupted

PATIENCE_S = 60.0
LOOK_S = 0.01
CUSTOMERS = {"instagram": "1000000000000001", "tiktok": "+SandboxCustomer000000000000000000000000000001"}
SCRIPT = {
    "instagram": ("Hi! Is the green mug back in stock? 🍵", "It is! Shall I put one aside for you?"),
    "tiktok": ("¿Tienen envío a Lima? 🚚", "Sí, tarda 2 o 3 días."),
}


class Missed(Exception):
    """What did not arrive in time."""


def play(sandbox: Sandbox, stop: Interrupt) -> None:
    """One question and one answer per channel. Raises Missed where something does not arrive, Interrupted at `stop`."""
    for account in ACCOUNTS[:2]:
        print(f"\n  {account['channel']} · {account['name']}", flush=True)
        _converse(sandbox, stop, account["channel"], account["id"], account["integration"])


def _converse(sandbox: Sandbox, stop: Interrupt, channel: str, account: str, integration: str) -> None:
    question, answer = SCRIPT[channel]
    simulator = sandbox.instagram if channel == "instagram" else sandbox.tiktok
    start = time.perf_counter()
    simulator.write(account, CUSTOMERS[channel], question)
    _say("customer wrote", question, start)
    seen = _await(stop, "the message at Genesys", lambda: _inbound(sandbox, integration))
    _say("agent saw", f"{seen['body']['text']}   [{_attributes(seen)}]", start)
    start = time.perf_counter()
    identifier = sandbox.genesys.reply(seen["conversation_id"], text=answer)
    _say("agent answered", answer, start)
    sent = _await(stop, "the answer at the platform", simulator.sent)
    _say("customer received", _text(sent["body"]), start)
    told = _await(stop, "the receipt", lambda: _receipts(sandbox, identifier))
    _say("agent's receipt", told["body"]["status"], start)


def _say(who: str, what: str, start: float) -> None:
    print(f"    {(time.perf_counter() - start) * 1000:7.0f} ms  {who:18} {what}", flush=True)


def _inbound(sandbox: Sandbox, integration: str) -> Iterable[dict[str, Any]]:
    calls = sandbox.genesys.messages()
    return (
        call for call in calls
        if call["kind"] == "message" and call["integration_id"] == integration and call["status"] == 200
    )  # fmt: skip


def _receipts(sandbox: Sandbox, identifier: str) -> Iterable[dict[str, Any]]:
    calls = sandbox.genesys.messages()
    return (call for call in calls if call["kind"] == "receipt" and call["body"].get("id") == identifier)


def _attributes(seen: dict[str, Any]) -> str:
    attributes = seen["body"]["channel"]["metadata"]["customAttributes"]
    return ", ".join(f"{name}={value}" for name, value in attributes.items() if name in {"source", "profileUrl"})


def _text(body: dict[str, Any]) -> str:
    return str(body["message"]["text"] if "message" in body else body["text"]["body"])


def _await(stop: Interrupt, what: str, find: Callable[[], Iterable[dict[str, Any]]]) -> dict[str, Any]:
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        for found in find():
            return found
        if stop.wait(LOOK_S):
            raise Interrupted
    raise Missed(f"{what} did not come within {PATIENCE_S:g} s")
