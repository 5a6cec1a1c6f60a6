"""The whole sandbox with a made-up channel and a made-up desk in its registry, driven over HTTP as any other."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

import pytest
import requests
from click.testing import CliRunner

from chalicelib import http
from chalicelib.aws import calls
from chalicelib.pipeline import delivering, reading_back
from chalicelib.pipeline.outbound import finding_out, parts
from ops.__main__ import cli
from sandbox import demo
from sandbox.bridge import Sandbox
from sandbox.demo import play
from sandbox.simulators.instagram.vendor import Instagram
from sandbox.stage.files import png
from sandbox.stage.running import NEVER
from tests.extension.pigeon.simulator.vendor import Pigeon
from tests.extension.town import entered
from tests.sandbox.kit import told
from tests.scenarios.conftest import until

PATIENCE_S = 60.0
[LOFT] = Pigeon.accounts
# The same customers' second loft, whose conversations are ours.
OTHER = LOFT | {"id": "loft-2", "integration": "6a1f2c3e-0000-4000-8000-00000000000b", "secret": "dmdesk/account/p-2"}
SHOP = Instagram.accounts[1]


class Driver:
    """The running sandbox as its users see it: through the control API."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        self._http = requests.Session()
        self._http.trust_env = False  # or each look would search the environment for proxies, a third of its time

    def ask(self, path: str, body: Any = None, method: str = "") -> Any:
        verb = method or ("GET" if body is None else "POST")
        answer = self._http.request(verb, self.sandbox.control.url + path, json=body, timeout=PATIENCE_S)
        assert answer.ok, answer.text
        return answer.json()

    def say(self, text: str, channel: str = "pigeon", account: str = LOFT["id"]) -> None:
        self.ask(f"/{channel}/say", {"text": text, "account": account})

    def sessions(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.ask("/counter/sessions")
        return found

    def read(self) -> list[str]:
        """What the counter's agents read, session by session; what is long comes in parts."""
        return ["|".join(one["text"] for one in session["messages"]) for session in self.sessions()]

    def letters(self) -> list[dict[str, Any]]:
        return [one["body"] for one in self.ask("/pigeon/sent") if one["message_id"]]

    def until(self, holds: Callable[[], object]) -> None:
        until(holds, lambda: str(self.ask("/state")))

    def proven(self, **counts: int) -> None:
        """Nothing is lost or doubled, all is in order, and so much has passed."""
        self.until(lambda: not any(self.ask("/state")["queues"].values()))
        self.until(lambda: self.ask("/proof")["in_flight"] == 0)
        proof = self.ask("/proof")
        assert (proof["lost"], proof["doubled"], proof["out_of_order"], proof["parked"]) == (0, 0, 0, 0)
        assert proof | counts == proof


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    with pytest.MonkeyPatch.context() as patched:
        entered(patched)
        patched.setattr(Pigeon, "accounts", [LOFT | {"desk": "counter"}, OTHER])
        patched.setattr(Instagram, "accounts", [Instagram.accounts[0], SHOP | {"desk": "counter"}])
        patched.setattr(calls, "client", cache(calls.client))  # or each reset would make them anew
        patched.setattr(http, "READ_S", 2.0)
        for module, name in ((delivering, "DOUBT_S"), (reading_back, "LOOK_S"), (finding_out, "LOOK_S")):
            patched.setattr(module, name, 1.0)
        for module, name in ((parts, "LOOK_S"), (finding_out, "HISTORY_S")):
            patched.setattr(module, name, 1.0)
        with Sandbox(folder=tmp_path_factory.mktemp("sandbox")) as sandbox:
            yield sandbox


@pytest.fixture
def driver(running: Sandbox) -> Driver:
    made = Driver(running)
    made.ask("/reset", {})
    return made


@pytest.mark.parametrize(("channel", "account"), [("pigeon", LOFT["id"]), ("instagram", SHOP["id"])])
def test_a_talk_at_the_counter(driver: Driver, channel: str, account: str) -> None:
    driver.say("Is the oolong back?", channel, account)
    driver.until(lambda: driver.read() == ["Is the oolong back?"])
    driver.ask("/counter/reply", {"session": "session-1", "text": "Since Monday."})
    driver.until(lambda: "Since Monday." in str(driver.ask(f"/{channel}/sent")))
    driver.say("Thanks!", channel, account)
    driver.until(lambda: driver.read() == ["Is the oolong back?|Thanks!"])
    driver.proven(customers_sent=2, agents_saw=2, agents_sent=1, customers_got=1)


def test_a_pigeons_talk_at_ours(driver: Driver) -> None:
    driver.say("Is the oolong back?", account=OTHER["id"])
    driver.until(lambda: driver.ask("/genesys/conversations"))
    [talk] = driver.ask("/genesys/conversations")
    driver.ask("/genesys/reply", {"conversation_id": talk["id"], "text": "Since Monday."})
    driver.until(lambda: [one["words"] for one in driver.letters()] == ["Since Monday."])
    assert driver.sessions() == []
    driver.proven(customers_sent=1, agents_saw=1, agents_sent=1, customers_got=1)


def test_files_go_both_ways(driver: Driver) -> None:
    driver.ask("/pigeon/do", {"action": "picture"})
    driver.until(driver.sessions)
    assert driver.sessions()[0]["messages"][0]["file"]
    driver.ask("/counter/reply", {"session": "session-1", "text": "There", "file": "mug"})
    driver.until(lambda: len(driver.letters()) == 2)
    assert requests.get(driver.letters()[1]["picture"], timeout=PATIENCE_S).content == png()
    driver.proven(customers_sent=1, agents_saw=1, agents_sent=1, customers_got=1)


def test_a_tap(driver: Driver) -> None:
    driver.say("Which?")
    driver.until(driver.sessions)
    reply = driver.ask("/counter/reply", {"session": "session-1", "text": "Green or black?", "choices": ["Green"]})
    driver.until(driver.letters)
    [sent] = driver.ask("/pigeon/sent")
    driver.ask("/pigeon/tap", {"message_id": sent["message_id"], "choice": "Green"})
    driver.until(lambda: driver.read() == ["Which?|Green"])
    assert driver.sessions()[0]["messages"][1]["answers"] == {"message": reply["id"], "choice": "Green"}
    driver.proven(customers_sent=2, agents_saw=2)


def test_a_refusal_is_told_by_a_line(driver: Driver) -> None:
    driver.say("Hello")
    driver.until(driver.sessions)
    driver.ask("/faults", {"target": "pigeon", "kind": "status", "status": 403, "code": 3, "path": "/letters"})
    driver.ask("/counter/reply", {"session": "session-1", "text": "Late"})
    driver.until(lambda: "[Your reply was not delivered." in driver.read()[0].replace("|", ""))
    driver.proven(customers_sent=1, agents_sent=1, customers_got=0, refused_and_told=1)


def test_the_end_of_a_talk(driver: Driver) -> None:
    driver.say("One")
    driver.until(driver.sessions)
    driver.ask("/counter/end", {"session": "session-1"})
    driver.until(lambda: any(name.startswith("desk_ended") for name in driver.ask("/state")["metrics"]))
    driver.say("Two")
    driver.until(lambda: driver.read() == ["One", "Two"])
    driver.proven(customers_sent=2, agents_saw=2)


@pytest.mark.parametrize("target", ["pigeon", "counter"])
def test_nothing_is_lost_or_doubled_where_an_answer_never_comes(driver: Driver, target: str) -> None:
    driver.say("Hello")
    driver.until(driver.sessions)
    driver.ask("/faults", {"target": target, "kind": "timeout_after_accept", "count": 1})
    driver.say("Are you there?")
    driver.ask("/counter/reply", {"session": "session-1", "text": "Yes."})
    driver.until(lambda: driver.read() == ["Hello|Are you there?"] and driver.letters())
    driver.proven(customers_sent=2, agents_saw=2, agents_sent=1, customers_got=1)


@pytest.mark.parametrize("first", [True, False], ids=["a new session", "an open one"])
def test_a_worker_that_dies_after_the_counters_answer(driver: Driver, first: bool) -> None:
    if not first:
        driver.say("Before")
        driver.until(driver.sessions)
    driver.ask("/trouble", {"name": "kill_worker", "on": True})
    driver.say("Hello")
    driver.until(lambda: not driver.ask("/trouble")["kill_worker"])
    driver.ask("/clock", {"offset_s": 3600.0})
    driver.until(lambda: driver.ask("/proof")["in_flight"] == 0)
    assert driver.read() == ["Hello" if first else "Before|Hello"]
    driver.proven(agents_saw=1 if first else 2)


def test_what_passes_is_on_the_road_and_no_secret_is(driver: Driver) -> None:
    driver.say("Hello")
    driver.until(driver.sessions)
    driver.ask("/counter/reply", {"session": "session-1", "text": "Yes?"})
    driver.until(driver.letters)
    driver.proven()
    passed = told(driver.sandbox.live._journal, "road")
    assert {one["hop"] for one in passed} >= {"webhook", "edge", "worker", "table", "platform", "counter"}
    assert {one["channel"] for one in passed} == {"pigeon"}
    text = json.dumps(passed)
    secrets = [*driver.sandbox.secrets.values(), "sandbox-counter-key", driver.sessions()[0]["key"]]
    assert [secret for secret in secrets if secret in text] == []


def test_the_demo_waits_for_no_receipt_of_a_desk_that_takes_none(
    driver: Driver, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(demo, "PATIENCE_S", 300.0)  # a busy machine is not to look like a broken bridge
    play(driver.sandbox, NEVER)
    talks = capsys.readouterr().out.split("\n\n")
    [pigeons] = [talk for talk in talks if talk.strip().startswith("pigeon")]
    assert "agent saw" in pigeons
    assert "customer received" in pigeons
    assert ["agent's receipt" in talk for talk in talks] == [talk != pigeons for talk in talks]


# --- the operator


def run(driver: Driver, *arguments: str, **changes: str) -> Any:
    environment = driver.ask("/")["operator_environment"] | changes
    return json.loads(CliRunner().invoke(cli, [*arguments, "--json"], env=environment).stdout)


def test_doctor_looks_at_both(driver: Driver) -> None:
    found = run(driver, "doctor")
    of_loft = {(one["check"], one["status"]) for one in found if one["subject"] == f"pigeon {LOFT['id']}"}
    assert of_loft >= {("loft", "ok"), ("hall", "ok")}
    assert [one["detail"] for one in found if one["subject"] == "dmdesk/counter"] == ["holds 1 secrets"]
    halls = [one["subject"] for one in found if one["check"] == "hall"]
    assert halls == [f"instagram {SHOP['id']}", f"pigeon {LOFT['id']}"]
    integrations = {one["subject"] for one in found if one["check"] == "integration"}
    assert f"pigeon {OTHER['id']}" in integrations
    assert not {one for one in halls if one in integrations}


def test_a_loft_and_a_hall_that_fail_stop_nothing_else(driver: Driver) -> None:
    driver.ask("/faults", {"target": "pigeon", "kind": "status", "status": 500, "path": "/loft"})
    driver.ask("/faults", {"target": "counter", "kind": "status", "status": 500, "path": "/halls"})
    found = run(driver, "doctor")
    failed = {(one["check"], one["detail"]) for one in found if one["subject"] == f"pigeon {LOFT['id']}"}
    assert failed >= {("loft", "the loft answers 500"), ("hall", "the counter answers 500")}
    assert {"integration", "last inbound"} <= {one["check"] for one in found}


def test_accounts_and_subscriptions_tell_of_the_lofts(driver: Driver) -> None:
    listed = {one["id"]: one["login"] for one in run(driver, "accounts") if one["channel"] == "pigeon"}
    assert listed == {LOFT["id"]: "by ring", OTHER["id"]: "by ring"}
    subscribed = run(driver, "subscribe", "--check")
    assert {one["status"] for one in subscribed if one["account"].startswith("pigeon")} == {"ok"}


def test_doctor_tells_of_an_account_whose_desk_is_not_set_up(driver: Driver) -> None:
    found = run(driver, "doctor", DMDESK_COUNTER_SECRET="", DMDESK_COUNTER_API="")
    desks = {one["subject"]: (one["status"], one["detail"]) for one in found if one["check"] == "desk"}
    assert desks[f"pigeon {LOFT['id']}"] == ("fail", "there is no desk counter")
    assert not any(one["check"] == "hall" for one in found)
