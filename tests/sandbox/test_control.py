"""The control API, with all three simulators behind it."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import requests

from sandbox.control import ControlServer
from sandbox.simulators.genesys.simulator import GenesysSimulator
from sandbox.simulators.instagram.simulator import InstagramSimulator
from sandbox.simulators.tiktok.inbox import conversation_id_of
from sandbox.simulators.tiktok.simulator import TikTokSimulator
from sandbox.stage.clock import Clock
from sandbox.stage.faults import Faults
from sandbox.stage.web import Answer
from tests.sandbox.conftest import WAIT_S, Receiver, until
from tests.sandbox.kit import played

IG, SHOP = "17841400000000001", "-000Business"


class FakeBridge:
    """A bridge that only counts its resets."""

    def __init__(self) -> None:
        self.resets = 0
        self.passed_s: list[float] = []

    def describe(self) -> dict[str, Any]:
        return {"name": "dmdesk"}

    def state(self) -> dict[str, Any]:
        return {"queues": {}, "dead_letters": [], "parked": [], "metrics": {}}

    def hasten(self, passed_s: float) -> None:
        self.passed_s.append(passed_s)

    def reset(self, meanwhile: Callable[[], None]) -> None:
        meanwhile()
        self.resets += 1


class Sandbox:
    """Everything the control API drives; `get` and `post` talk to it."""

    def __init__(self, clock: Clock, faults: Faults, hook: str) -> None:
        self.bridge = FakeBridge()
        self.genesys = GenesysSimulator(clock, faults, webhook_retry_delays_s=())
        self.genesys.add_client("client", "secret")
        self.genesys.add_integration("int", webhook_url=hook, secret="s" * 16, name="Shop")
        self.instagram = InstagramSimulator(clock, faults, retry_delays_s=())
        self.instagram.add_account(IG, access_token="IGAA1", app_secret="s", webhook_url=hook)
        self.tiktok = TikTokSimulator(clock, faults, retry_delays_s=())
        self.tiktok.add_account(SHOP, app_id="1", app_secret="s", access_token="a", refresh_token="r", webhook_url=hook)
        vendors = played(self.genesys, self.instagram, self.tiktok, clock)
        self.control = ControlServer(self.bridge, vendors, clock, faults, port=0)
        self.parts = (self.genesys, self.instagram, self.tiktok, self.control)
        for part in self.parts:
            part.start()

    def stop(self) -> None:
        for part in self.parts:
            part.stop()

    def get(self, path: str) -> Any:
        answer = requests.get(self.control.url + path, timeout=WAIT_S)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def post(self, path: str, body: Any = None) -> Any:
        answer = self.ask("POST", path, body)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def ask(self, method: str, path: str, body: Any = None) -> requests.Response:
        data = None if body is None else json.dumps(body)
        return requests.request(method, self.control.url + path, data=data, timeout=WAIT_S)

    def converse(self) -> str:
        url = self.genesys.url
        login = requests.post(
            f"{url}/oauth/token",
            data={"grant_type": "client_credentials"},
            auth=("client", "secret"),
            timeout=WAIT_S,
        )
        sender = {"id": "ig:1", "idType": "Opaque"}
        requests.post(
            f"{url}/api/v2/conversations/messages/int/inbound/open/message",
            json={"channel": {"from": sender, "time": "2026-11-20T10:00:00Z"}, "text": "Hola"},
            headers={"Authorization": f"Bearer {login.json()['access_token']}"},
            timeout=WAIT_S,
        )
        return str(self.get("/genesys/conversations")[-1]["id"])

    def offer(self, platform: str, customer: str) -> str:
        """The business offers the customer, who has just written, a choice named Yes; the id of that message."""
        self.post(f"/{platform}/say", {"text": "Hola", "customer": customer})
        if platform == "instagram":
            url, headers = f"{self.instagram.url}/v25.0/{IG}/messages", {"Authorization": "Bearer IGAA1"}
            choice = {"content_type": "text", "title": "Yes", "payload": "yes"}
            body: dict[str, Any] = {
                "recipient": {"id": customer},
                "message": {"text": "Well?", "quick_replies": [choice]},
            }
        else:
            url, headers = f"{self.tiktok.url}/open_api/v1.3/business/message/send/", {"Access-Token": "a"}
            button = {"type": "REPLY", "title": "Yes", "id": "yes"}
            body = {
                "business_id": SHOP,
                "recipient_type": "CONVERSATION",
                "recipient": conversation_id_of(SHOP, customer),
                "message_type": "TEMPLATE",
                "template": {"type": "QA_BUTTON_CARD", "title": "Well?", "buttons": [button]},
            }
        answer = requests.post(url, json=body, headers=headers, timeout=WAIT_S).json()
        found = answer if platform == "instagram" else answer["data"]["message"]
        return str(found["message_id"])


@pytest.fixture
def box(clock: Clock, faults: Faults, receiver: Receiver) -> Iterator[Sandbox]:
    made = Sandbox(clock, faults, receiver.url)
    yield made
    made.stop()


def test_the_bridge_is_shown(box: Sandbox) -> None:
    assert box.get("/") == {"name": "dmdesk"}
    assert set(box.get("/state")) == {"queues", "dead_letters", "parked", "metrics"}


def test_unknown_paths_and_methods(box: Sandbox) -> None:
    unknown = box.ask("GET", "/nothing")
    assert unknown.status_code == 404
    assert "/genesys/messages" in unknown.json()["paths"]
    wrong = box.ask("GET", "/genesys/reply")
    assert (wrong.status_code, wrong.headers["Allow"]) == (405, "POST")


@pytest.mark.parametrize(
    ("path", "body", "hint"),
    [
        ("/genesys/reply", {}, "conversation_id"),
        ("/genesys/reply", [], "JSON object"),
        ("/genesys/reply", {"conversation_id": "x", "agent": "y"}, "agent"),
        ("/genesys/settings", {"deduplicates": "yes"}, "bool"),
        ("/genesys/redeliver", {"id": 5}, "id"),
        ("/genesys/receipt", {"id": 5}, "id"),
        ("/instagram/settings", {"echo": "later"}, "echo"),
        ("/instagram/say", {}, "text"),
        ("/instagram/say", {"text": ""}, "text"),
        ("/tiktok/say", {"text": "x", "account": "nobody"}, SHOP),
        ("/genesys/disconnect", {}, "conversation_id"),
        ("/instagram/tap", {"choice": "yes"}, "message_id"),
        ("/instagram/tap", {"message_id": "m", "choice": "yes"}, "no message m"),
        ("/tiktok/tap", {"message_id": "m"}, "choice"),
        ("/tiktok/tap", {"message_id": "m", "choice": "yes"}, "no conversation"),
        ("/clock", {"offset_s": "1h"}, "offset_s"),
        ("/clock", {}, "offset_s"),
        ("/faults", {"target": "genesys", "kind": "explode"}, "kind must be one of"),
        ("/faults", {"target": "genesys", "kind": "reset", "probability": 1}, "probability"),
        ("/faults", {"target": "moon", "kind": "reset"}, "target must be one of"),
    ],
)
def test_wrong_input_says_what_to_fix(box: Sandbox, path: str, body: Any, hint: str) -> None:
    answer = box.ask("POST", path, body)
    assert answer.status_code == 400
    assert hint in answer.json()["error"]


def test_an_agent_replies_and_the_webhook_repeats(box: Sandbox, receiver: Receiver) -> None:
    found = box.converse()
    assert [one["kind"] for one in box.get("/genesys/messages")] == ["message"]
    sent = box.post("/genesys/reply", {"conversation_id": found, "text": "Hi", "originatingEntity": "Bot"})
    assert box.post("/genesys/redeliver", {"id": sent["id"]}) == sent
    first, second = receiver.wait(2)
    assert first.body == second.body
    assert json.loads(first.body)["originatingEntity"] == "Bot"
    assert box.ask("POST", "/genesys/reply", {"conversation_id": found}).status_code == 400
    assert box.ask("POST", "/genesys/reply", {"conversation_id": "x", "text": "x"}).status_code == 404
    assert box.ask("POST", "/genesys/redeliver", {"id": "x"}).status_code == 404
    assert box.ask("POST", "/genesys/receipt", {"id": "x"}).status_code == 404


def test_replying_in_a_dead_conversation_is_a_conflict(box: Sandbox, receiver: Receiver) -> None:
    body = {"conversation_id": box.converse(), "text": "Hi"}
    receiver.answers = [403]
    box.post("/genesys/reply", body)
    until(lambda: bool(box.get("/genesys/conversations")[0]["state"] == "failed"))
    assert box.ask("POST", "/genesys/reply", body).status_code == 409


def test_a_conversation_that_the_agent_ended_is_not_continued(box: Sandbox) -> None:
    first = box.converse()
    assert box.post("/genesys/disconnect", {"conversation_id": first}) == {"disconnected": first}
    assert box.get("/genesys/conversations")[0]["state"] == "disconnected"
    assert box.ask("POST", "/genesys/reply", {"conversation_id": first, "text": "Hi"}).status_code == 409
    assert box.converse() != first
    assert box.ask("POST", "/genesys/disconnect", {"conversation_id": "x"}).status_code == 404


def test_settings(box: Sandbox) -> None:
    assert box.post("/genesys/settings", {"deduplicates": True}) == {"deduplicates": True}
    assert box.genesys.deduplicates
    assert box.post("/instagram/settings", {"echo": "before"}) == {"echo": "before", "webhooks": "delivered"}
    assert box.post("/tiktok/settings", {"echo": "none"}) == {"echo": "none", "webhooks": "delivered"}
    assert (box.instagram.echo, box.tiktok.echo) == ("before", "none")


@pytest.mark.parametrize("platform", ["instagram", "tiktok"])
def test_webhooks_go_out_byte_for_byte(box: Sandbox, receiver: Receiver, platform: str) -> None:
    receiver.answers = [202]
    raw = '{ "anything" :\t"ü\\u00fc" }'.encode()
    answer = requests.post(f"{box.control.url}/{platform}/webhook", data=raw, timeout=WAIT_S)
    assert answer.json() == {"status": 202}
    assert receiver.calls[0].body == raw
    receiver.stop()
    answer = requests.post(f"{box.control.url}/{platform}/webhook", data=raw, timeout=WAIT_S)
    assert answer.json() == {"status": None}


@pytest.mark.parametrize("platform", ["instagram", "tiktok"])
def test_saying_something_as_a_customer(box: Sandbox, receiver: Receiver, platform: str) -> None:
    said = box.post(f"/{platform}/say", {"text": "Hola", "customer": "55"})
    assert said["id"].encode() in receiver.wait(1)[0].body
    assert box.post(f"/{platform}/say", {"text": "Hola"})["id"] != said["id"]
    assert box.get(f"/{platform}/sent") == []


@pytest.mark.parametrize("platform", ["instagram", "tiktok"])
@pytest.mark.parametrize("choice", ["yes", "Yes"])
def test_a_customer_taps_what_was_offered(box: Sandbox, receiver: Receiver, platform: str, choice: str) -> None:
    offered = box.offer(platform, "55")
    receiver.wait(2)  # what the customer wrote, and the echo of the offer
    tapped = box.post(f"/{platform}/tap", {"message_id": offered, "choice": choice, "customer": "55"})
    assert tapped["id"].encode() in receiver.wait(3)[2].body


def test_the_clock(box: Sandbox, clock: Clock) -> None:
    assert box.get("/clock")["offset_s"] == 0
    assert box.post("/clock", {"offset_s": 90000})["offset_s"] == 90000
    assert clock.offset_s == 90000
    box.post("/clock", {"offset_s": 80000})
    assert box.bridge.passed_s == [90000]  # time that goes back hastens nothing


def test_faults_are_added_listed_and_removed(box: Sandbox) -> None:
    order = {"target": "genesys", "kind": "status", "status": 429, "retry_after": 2, "count": 1}
    assert box.post("/faults", order)[0]["status"] == 429
    assert requests.post(f"{box.genesys.url}/oauth/token", timeout=WAIT_S).status_code == 429
    assert [fault["fired"] for fault in box.get("/faults")] == [1]
    assert box.ask("DELETE", "/faults").json() == []
    assert box.get("/faults") == []


@pytest.mark.parametrize(
    ("order", "said"),
    [
        ({"code": 10, "message": "(#10) To use 'Human Agent'"}, (10, None, "(#10) To use 'Human Agent'")),
        ({"code": 100, "subcode": 2534037}, (100, 2534037, "Injected fault.")),
        ({"code": 100}, (100, None, "Unsupported request - method type: post")),
    ],
)
def test_a_fault_answers_with_the_platforms_own_code_and_words(
    box: Sandbox, order: dict[str, Any], said: tuple[int, int | None, str]
) -> None:
    box.post("/faults", {"target": "instagram", "kind": "status", "status": 400} | order)
    error = requests.post(f"{box.instagram.url}/v25.0/me/messages", json={}, timeout=60).json()["error"]
    assert (error["code"], error.get("error_subcode"), error["message"]) == said


def test_reset_empties_everything_but_the_accounts(box: Sandbox, clock: Clock) -> None:
    box.converse()
    box.post("/clock", {"offset_s": 5})
    box.post("/faults", {"target": "tiktok", "kind": "reset"})
    assert box.post("/reset") == {"reset": True}
    assert box.get("/genesys/messages") == box.get("/genesys/conversations") == box.get("/faults") == []
    assert clock.offset_s == 0
    assert box.bridge.resets == 1
    assert box.post("/instagram/say", {"text": "Hola"})["id"]


def test_a_reset_waits_for_what_somebody_does(box: Sandbox, receiver: Receiver) -> None:
    receiver.gate = threading.Event()
    doing = threading.Thread(target=box.post, args=("/instagram/say", {"text": "Hola"}))
    doing.start()
    receiver.wait(1)
    resetting = threading.Thread(target=box.post, args=("/reset",))
    resetting.start()
    resetting.join(0.05)
    assert (box.bridge.resets, box.get("/faults")) == (0, [])  # and who only looks does not wait
    receiver.gate.set()
    for one in (doing, resetting):
        one.join(WAIT_S)
    assert box.bridge.resets == 1


def test_resets_come_one_after_the_other(box: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    at_once: list[int] = []
    reset = box.bridge.reset

    def alone(meanwhile: Callable[[], None]) -> None:
        at_once.append(1)
        assert sum(at_once) == 1
        reset(meanwhile)
        at_once.pop()

    monkeypatch.setattr(box.bridge, "reset", alone)
    several = [threading.Thread(target=box.post, args=("/reset",)) for _ in range(5)]
    for one in several:
        one.start()
    for one in several:
        one.join(WAIT_S)
    assert box.bridge.resets == 5


@pytest.mark.parametrize("platform", ["genesys", "instagram", "tiktok"])
def test_a_held_simulator_ends_what_follows_from_its_answers_first(
    box: Sandbox, receiver: Receiver, platform: str
) -> None:
    """An echo is delivered after the send was answered."""
    simulator = getattr(box, platform)
    ends: list[str] = []
    after = threading.Event()

    def echo() -> None:
        after.wait(WAIT_S)
        ends.append("after")

    simulator._web._server.handle = lambda call: Answer(200, {}, after=echo)
    asking = threading.Thread(target=lambda: requests.get(simulator.url, timeout=WAIT_S))
    asking.start()
    asking.join(WAIT_S)
    threading.Timer(0.05, after.set).start()
    with simulator.held():
        ends.append("held")
    assert ends == ["after", "held"]


def test_nothing_outlives_stop(clock: Clock, faults: Faults, receiver: Receiver) -> None:
    before = threading.active_count()
    box = Sandbox(clock, faults, receiver.url)
    box.post("/instagram/say", {"text": "Hola"})
    box.post("/genesys/reply", {"conversation_id": box.converse(), "text": "Hi"})
    receiver.wait(2)
    box.stop()
    until(lambda: threading.active_count() <= before)
