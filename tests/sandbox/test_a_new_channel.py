"""A channel that the sandbox has never heard of moves in: a folder outside it, and one line of its registry."""

from __future__ import annotations

import hashlib
import hmac
import json
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from sandbox import command, registry
from sandbox.cast import accounts_of, hidden, secrets_of, tokens_of
from sandbox.control import ControlServer
from sandbox.show.live import Live
from sandbox.show.masking import MASK, Masker
from sandbox.show.naming import Names
from sandbox.show.page_routes import page_routes
from sandbox.show.purposes import Calls
from sandbox.show.road import Road
from sandbox.show.trouble import Trouble
from sandbox.stage.clock import Clock
from sandbox.stage.faults import Faults
from sandbox.stage.journal import Journal
from tests.extension.pigeon.simulator.vendor import Pigeon
from tests.sandbox.conftest import WAIT_S, Receiver, until
from tests.sandbox.kit import told
from tests.sandbox.test_control import FakeBridge

ROOT = Path(__file__).resolve().parents[2]
LOFT = Pigeon.accounts[0]["id"]


class NothingHeld:
    """A product that has worked everything off."""

    def totals(self) -> dict[str, int]:
        return {}

    def held(self) -> tuple[list[dict[str, Any]], list[dict[str, Any]], list[str]]:
        return [], [], []


class Box:
    """All vendors of the registry with what tells of them, behind the control API."""

    def __init__(self, clock: Clock, faults: Faults, hook: str) -> None:
        self.vendors = registry.vendors(clock, faults)
        self.journal = Journal()
        self.masker = Masker(hidden(self.vendors))
        accounts = accounts_of(self.vendors.channels)
        channels = {account["integration"]: account["channel"] for account in accounts}
        names = Names([vendor.source for vendor in self.vendors.all], channels)
        self.calls = Calls([type(vendor) for vendor in self.vendors.all], {})
        self.road = Road(self.journal, self.masker, clock, names, self.calls)
        self.live = Live(NothingHeld(), self.journal, self.road, self.vendors, clock, names)
        trouble = Trouble(faults, self.vendors, self.road, hook)
        more = page_routes(self.journal, self.live, trouble)
        self.control = ControlServer(FakeBridge(), self.vendors, clock, faults, more=more)
        for channel in self.vendors.channels:
            for account in channel.accounts:
                channel.connect(account, hook, tokens_of(account))
        for vendor in self.vendors.all:
            vendor.simulator.start()
        self.control.start()

    def stop(self) -> None:
        self.live.stop()
        for vendor in self.vendors.all:
            vendor.simulator.stop()
        self.control.stop()

    @property
    def loft(self) -> str:
        return next(one.simulator.url for one in self.vendors.channels if one.name == "pigeon")

    def ask(self, method: str, path: str, body: Any = None) -> requests.Response:
        return requests.request(method, self.control.url + path, json=body, timeout=WAIT_S)

    def send(self, words: str) -> requests.Response:
        """What the bridge would send the customer."""
        body = {"loft": LOFT, "to": Pigeon.customer, "words": words}
        headers = {"X-Sandbox-Trace": "reply-1/1", "Loft-Key": f"token-{LOFT}"}
        return requests.post(f"{self.loft}/letters", json=body, headers=headers, timeout=WAIT_S)


@pytest.fixture
def box(clock: Clock, faults: Faults, receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> Iterator[Box]:
    monkeypatch.setitem(registry.CHANNELS, "pigeon", Pigeon)
    made = Box(clock, faults, receiver.url)
    yield made
    made.stop()


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/pigeon/say", {"text": "Coo"}),
        ("/pigeon/do", {"action": "text", "text": "Coo"}),
        ("/pigeon/say", {"text": "Coo", "customer": "another", "account": LOFT}),
    ],
)
def test_its_customers_write(box: Box, receiver: Receiver, path: str, body: dict[str, str]) -> None:
    answer = box.ask("POST", path, body).json()
    [event] = receiver.json()["events"]
    assert receiver.json()["account"] == LOFT
    assert event | {"at": 0} == {
        "who": body.get("customer", Pigeon.customer), "id": answer["id"], "text": "Coo", "at": 0,
    }  # fmt: skip
    signature = hmac.new(Pigeon.secrets["pigeon_ring"].encode(), receiver.calls[0].body, hashlib.sha256).hexdigest()
    assert receiver.calls[0].header("X-Pigeon-Signature") == signature
    shown = [(one["channel"], one["side"], one["text"]) for one in told(box.journal, "customer")]
    assert shown == [("pigeon", "customer", "Coo")]
    assert box.ask("GET", "/proof").json()["customers_sent"] == 1


@pytest.mark.parametrize(
    ("path", "body", "hint"),
    [
        ("/pigeon/say", {"text": ""}, "text must not be empty"),
        ("/pigeon/say", {"text": "Coo", "account": "nobody"}, LOFT),
        ("/pigeon/do", {"action": "fly"}, "action must be one of: text, picture, coo"),
        ("/pigeon/tap", {"message_id": "1", "choice": "x"}, "nothing to tap"),
        ("/pigeon/settings", {"echo": "later"}, "echo"),
    ],
)
def test_wrong_input_says_what_to_fix(box: Box, path: str, body: dict[str, str], hint: str) -> None:
    answer = box.ask("POST", path, body)
    assert (answer.status_code, hint in answer.json()["error"]) == (400, True)


def test_a_webhook_goes_out_byte_for_byte(box: Box, receiver: Receiver) -> None:
    answer = requests.post(f"{box.control.url}/pigeon/webhook", data=b"no letter", timeout=WAIT_S)
    assert answer.json() == {"status": 200}
    assert receiver.calls[0].body == b"no letter"


def test_what_it_took_is_held_until_a_reset(box: Box) -> None:
    identifier = box.send("Coo.").json()["message_id"]
    (sent,) = box.ask("GET", "/pigeon/sent").json()
    assert (sent["message_id"], sent["body"]["words"]) == (identifier, "Coo.")
    assert [one["text"] for one in told(box.journal, "customer")] == ["Coo."]
    assert box.ask("POST", "/reset", {}).json() == {"reset": True}
    assert box.ask("GET", "/pigeon/sent").json() == []


def test_a_fault_strikes_it(box: Box) -> None:
    box.ask("POST", "/faults", {"target": "pigeon", "kind": "status", "status": 503, "code": 9})
    assert box.send("Coo.").status_code == 503
    assert box.ask("DELETE", "/faults").json() == []
    assert box.send("Coo.").ok


def test_a_switch_of_the_page_troubles_it_with_the_others(box: Box) -> None:
    assert box.ask("POST", "/trouble", {"name": "platform_refuses", "on": True}).json()["platform_refuses"]
    assert {"pigeon", "instagram", "tiktok", "x"} == {fault["target"] for fault in box.ask("GET", "/faults").json()}
    assert box.send("Coo.").status_code == 403


def test_the_road_knows_its_calls_and_hides_its_secret(box: Box) -> None:
    url = f"{box.loft}/letters"
    assert (box.calls.purpose(url, b"{}"), box.calls.creates("POST", url), box.calls.hop(url)) == (
        "message", True, "platform",
    )  # fmt: skip
    assert box.masker.headers({"X-Pigeon-Signature": "x"}) == {"X-Pigeon-Signature": MASK}
    assert box.masker.text(f"with {Pigeon.secrets['pigeon_ring']}") == f"with {MASK}"


def test_its_part_is_told_with_the_others(box: Box) -> None:
    assert secrets_of(box.vendors).items() >= Pigeon.secrets.items()
    assert [account["channel"] for account in accounts_of(box.vendors.channels)] == [
        "instagram", "tiktok", "x", "pigeon", "instagram", "tiktok", "x", "instagram",
    ]  # fmt: skip


def test_nothing_of_it_outlives_stop(
    clock: Clock, faults: Faults, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(registry.CHANNELS, "pigeon", Pigeon)
    before = threading.active_count()
    made = Box(clock, faults, receiver.url)
    made.ask("POST", "/pigeon/say", {"text": "Coo"})
    made.stop()
    until(lambda: threading.active_count() <= before)


def test_the_command_line_has_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(registry.CHANNELS, "pigeon", Pigeon)
    monkeypatch.setattr(sys, "argv", ["sandbox", "say", "pigeon", "Coo"])
    assert command.arguments().channel == "pigeon"


WITH_PIGEONS = """
import json, sys
from pathlib import Path
import requests
from chalicelib import registry as product
from sandbox import registry
from sandbox.bridge import Sandbox
from tests.extension.pigeon.simulator.vendor import Pigeon

registry.CHANNELS["pigeon"] = Pigeon
product.CHANNELS["pigeon"] = "tests.extension.pigeon"
with Sandbox(folder=Path(sys.argv[1])) as one:
    said = requests.post(one.control.url + "/pigeon/say", json={"text": "Coo"}, timeout=60)
    print(json.dumps([requests.get(one.control.url + "/", timeout=60).json(), said.json(), one.live.proof()]))
"""


def test_the_whole_sandbox_starts_with_it(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", WITH_PIGEONS, str(tmp_path)],
        cwd=ROOT, capture_output=True, text=True, timeout=WAIT_S, check=True,
    )  # fmt: skip
    about, answer, proof = json.loads(done.stdout)
    assert [one["channel"] for one in about["accounts"]] == [
        "instagram", "tiktok", "x", "pigeon", "instagram", "tiktok", "x", "instagram",
    ]  # fmt: skip
    assert (set(about["media"]), about["secrets"]["pigeon_ring"]) == (
        {"instagram", "tiktok", "pigeon", "genesys"}, "sandbox-pigeon-ring",
    )  # fmt: skip
    assert answer["id"]
    assert proof["customers_sent"] == 1


def _names(text: str, name: str) -> bool:
    """Whether it stands in the text; one that is a word of everybody's, only where it names somebody."""
    if name in _WORDS:
        return bool(re.search(rf"""["'/]{name}["'/]|simulators\.{name}\b|{_WORDS[name]}""", text))
    return name in text.lower()


_WORDS = {"connect": "Amazon Connect", "x": "x_api|x_secret"}


def test_only_the_registry_names_who_is_played() -> None:
    """A simulator is its folder and a line: a name that stands anywhere else is work for the next one."""
    sandbox = ROOT / "sandbox"
    folders = [sandbox / "simulators" / name for name in (*registry.CHANNELS, *registry.DESKS)]
    assert all(folder.is_dir() for folder in folders)
    naming = [
        path.relative_to(sandbox).as_posix()
        for path in sandbox.rglob("*.py")
        if not set(folders) & set(path.parents)
        and any(_names(path.read_text(encoding="utf-8"), folder.name) for folder in folders)
    ]
    assert naming == ["registry.py"]
