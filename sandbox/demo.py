"""The scripted conversations: what each side writes and sees, with the time it took."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from typing import TypeVar

from chalicelib.registry import DESKS, part
from sandbox.bridge import Sandbox
from sandbox.stage.running import Interrupt, Interrupted
from sandbox.stage.vendors import Account, Channel, Desk

Thing = TypeVar("Thing")

PATIENCE_S = 60.0
LOOK_S = 0.01


class Missed(Exception):
    """What did not arrive in time."""


def play(sandbox: Sandbox, stop: Interrupt) -> None:
    """One question and one answer per channel. Raises Missed where something does not arrive, Interrupted at `stop`."""
    for channel in sandbox.vendors.channels:
        account = channel.accounts[0]
        print(f"\n  {channel.name} · {account['name']}", flush=True)
        _converse(stop, channel, sandbox.desk_of(account), account)


def _converse(stop: Interrupt, channel: Channel, desk: Desk, account: Account) -> None:
    question, answer = channel.script
    start = time.perf_counter()
    channel.simulator.write(account["id"], channel.customer, question)
    _say("customer wrote", question, start)
    seen = _await(stop, f"the message at {desk.title}", lambda: desk.seen(account["integration"]))
    facts = ", ".join(f"{name}={value}" for name, value in seen.facts.items())
    _say("agent saw", f"{seen.text}   [{facts}]", start)
    start = time.perf_counter()
    reply = desk.reply(seen.conversation, answer)
    _say("agent answered", answer, start)
    sent = _await(stop, "the answer at the platform", channel.simulator.sent)
    _say("customer received", channel.text(sent["body"]), start)
    if part(DESKS[desk.name], "capabilities", "CAPABILITIES").receipts:
        _say("agent's receipt", _await(stop, "the receipt", lambda: desk.receipts(reply)), start)


def _say(who: str, what: str, start: float) -> None:
    print(f"    {(time.perf_counter() - start) * 1000:7.0f} ms  {who:18} {what}", flush=True)


def _await(stop: Interrupt, what: str, find: Callable[[], Iterable[Thing]]) -> Thing:
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        for thing in find():
            return thing
        if stop.wait(LOOK_S):
            raise Interrupted
    raise Missed(f"{what} did not come within {PATIENCE_S:g} s")
