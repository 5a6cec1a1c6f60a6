"""One sandbox per test process; each test starts from an emptied one and drives it over HTTP."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

import msgspec
import pytest
import requests

from chalicelib import http
from chalicelib.aws import calls
from chalicelib.desks.genesys.capabilities import CAPABILITIES
from chalicelib.desks.genesys.client import Genesys
from chalicelib.pipeline import delivering, reading_back
from chalicelib.pipeline.front import crm, triage
from chalicelib.pipeline.outbound import finding_out, parts
from sandbox.bridge import Sandbox
from sandbox.simulators.genesys.simulator import GenesysSimulator
from sandbox.stage.aws import TABLE

INSTAGRAM = "17841400000000001"
TIKTOK = "-000Ab1Cd2Ef3Gh4Ij5Kl6Mn7Op8Qr9St0"
X = "1111111111111111111"
PATIENCE_S = 180.0


def until(holds: Callable[[], object], failing: Callable[[], str], longest_s: float = 0.4) -> None:
    """Asks again and again for an outcome that must come, the more seldom the longer it has not (at the longest after
    `longest_s`): whoever asks takes from the processors what the outcome needs. `failing` tells what there is where it
    does not come."""
    began = time.monotonic()
    while not holds():
        waited_s = time.monotonic() - began
        assert waited_s < PATIENCE_S, failing()
        time.sleep(min(max(0.04, waited_s / 8), longest_s))


class Bridge:
    """The running sandbox as its users see it: through the control API. But what is asked again and again until it is
    so is asked of the sandbox itself where that answers for a tenth."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        self.about: dict[str, Any] = sandbox.describe()
        self.secrets = sandbox.secrets
        self._http = requests.Session()
        self._http.trust_env = False  # or each look would search the environment for proxies, a third of its time

    def get(self, path: str) -> Any:
        answer = self._http.get(self.sandbox.control.url + path, timeout=30)
        assert answer.ok, answer.text
        return answer.json()

    def post(self, path: str, body: Any = None) -> Any:
        answer = self._http.post(self.sandbox.control.url + path, json=body or {}, timeout=60)
        assert answer.ok, answer.text
        return answer.json()

    def deliver(self, channel: str, raw: bytes) -> int | None:
        """A platform's raw delivery, signed by its simulator; the first attempt's status."""
        answer = requests.post(f"{self.sandbox.control.url}/{channel}/webhook", data=raw, timeout=60)
        assert answer.ok, answer.text
        status: int | None = answer.json()["status"]
        return status

    def taken(self, kind: str = "message") -> list[dict[str, Any]]:
        """What Genesys accepted, oldest first."""
        return [call for call in self.get("/genesys/messages") if call["kind"] == kind and call["status"] == 200]

    def sent(self, channel: str) -> list[dict[str, Any]]:
        """What the platform accepted for the customer, oldest first."""
        return [call for call in self.get(f"/{channel}/sent") if _accepted(call)]

    def metric(self, name: str) -> int:
        return self.sandbox.metrics.counts().get(name, 0)

    def conversation(self, channel: str = "instagram", text: str = "Hello", customer: str = "") -> dict[str, Any]:
        """A customer's first message, as Genesys has it."""
        before = len(self.taken())
        self.post(f"/{channel}/say", {"text": text} | ({"customer": customer} if customer else {}))
        self.until(lambda: len(self.taken()) > before, "the first message at Genesys")
        return self.taken()[-1]

    def now_ms(self) -> int:
        """The sandbox's time."""
        return int(self.sandbox.clock() * 1000)

    def until(self, holds: Callable[[], object], what: str, longest_s: float = 0.4) -> None:
        """Waits for an outcome that must come; fails with the bridge's state where it does not."""
        until(holds, lambda: f"{what}: {self.get('/state')}", longest_s)

    def quiet(self) -> None:
        """Waits until both queues are empty: whatever was to come of what they held has come."""
        self.until(lambda: not any(map(self.sandbox.totals().get, ("queue:inbound", "queue:outbound"))), "empty queues")

    def shift(self, seconds: float) -> None:
        """Moves everybody's clock."""
        self.post("/clock", {"offset_s": seconds})

    def pass_time(self, steps_s: float, holds: Callable[[], object], what: str) -> None:
        """Lets time pass in steps, on everybody's clock, until an outcome that takes several tries."""

        def passed() -> object:
            self.shift(self.sandbox.clock.offset_s + steps_s)
            return holds()

        self.until(passed, what, longest_s=0.1)  # each look is a step


def _accepted(call: dict[str, Any]) -> bool:
    return bool(call.get("message_id"))


@pytest.fixture(scope="package")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    """What the product waits for is shorter, as a second is as telling. What it and the platforms take for no answer
    is longer: a busy machine is not to look like a broken one."""
    with pytest.MonkeyPatch.context() as patched, Sandbox(folder=tmp_path_factory.mktemp("sandbox")) as sandbox:
        patched.setattr(calls, "client", cache(calls.client))  # or each reset would make them anew
        patched.setattr(http, "READ_S", 15.0)
        for asked in (crm, triage):
            patched.setattr(asked, "WITHIN_S", 15.0)
        patched.setattr(delivering, "DOUBT_S", 1.0)
        patched.setattr(Genesys, "capabilities", msgspec.structs.replace(CAPABILITIES, lag_s=2.0))
        patched.setattr(delivering, "ANSWERED_S", 2.0)
        patched.setattr(reading_back, "LOOK_S", 1.0)
        for outbound in (finding_out, parts):
            patched.setattr(outbound, "LOOK_S", 1.0)
        for vendor in sandbox.vendors.all:
            patched.setattr(vendor.simulator, "_webhook_timeout_s", PATIENCE_S)
        yield sandbox


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """For tests in which a vendor never answers: a second without an answer is enough."""
    monkeypatch.setattr(http, "READ_S", 1.0)
    for asked in (crm, triage):
        monkeypatch.setattr(asked, "WITHIN_S", 1.0)


LONGEST_S = 90 * 86_400


def lasting(sandbox: Sandbox) -> list[Any]:
    """The keys of all that no TTL takes out of the table within its longest, but for accounts."""
    pages = sandbox.aws.client("dynamodb").get_paginator("scan").paginate(TableName=TABLE)
    rows = [row for page in pages for row in page["Items"] if row["pk"]["S"] != "ACCOUNT"]
    latest = sandbox.clock() + LONGEST_S
    return [(row["pk"], row["sk"]) for row in rows if not 0 < int(row.get("expires_at", {"N": "0"})["N"]) <= latest]


@pytest.fixture
def bridge(running: Sandbox, request: pytest.FixtureRequest) -> Iterator[Bridge]:
    """Whatever a test has had the bridge do, nothing of it stays for good."""
    if "hasty" in request.fixturenames:
        request.getfixturevalue("hasty")  # first, as a reset makes the bridge's clients anew
    driver = Bridge(running)
    driver.post("/reset")
    running.playing(GenesysSimulator).deduplicates = False
    for channel in running.vendors.channels:
        channel.simulator.echo = "after"
    yield driver
    assert lasting(running) == []
