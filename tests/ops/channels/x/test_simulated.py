"""The same commands at the simulated X, which asks webhooks, and knows keys by X's own library."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from sandbox.simulators.x.simulator import XSimulator
from tests.ops.channels.x.conftest import SECRET
from tests.ops.conftest import Deployment
from tests.sandbox.simulators.x.conftest import APP, SHOP, TOKEN, Hook

pytestmark = pytest.mark.xdist_group("ops")


@pytest.fixture
def hook() -> Iterator[Hook]:
    made = Hook()
    yield made
    made.stop()


@pytest.fixture
def simulated(deployment: Deployment, hook: Hook, monkeypatch: pytest.MonkeyPatch) -> Iterator[XSimulator]:
    made = XSimulator(deployment.vendors.clock, deployment.vendors.faults, app=APP)
    made.start()
    made.add_account(SHOP, access_token=TOKEN, refresh_token="refresh-token-0001", webhook_url="")
    monkeypatch.setenv("DMDESK_X_API", made.url)
    monkeypatch.setenv("DMDESK_WEBHOOK_URL", hook.url)
    deployment.account("x", SHOP)
    deployment.secret("dmdesk/x", {"secrets": [APP.consumer_secret], "bearer_token": APP.bearer_token})
    deployment.secret(SECRET, {"access_token": TOKEN, "refresh_token": "refresh-token-0001"})
    yield made
    made.stop()


def test_an_account_is_connected_from_nothing(deployment: Deployment, simulated: XSimulator) -> None:
    run = deployment.vendors.run
    for command in (("x-webhook", "create"), ("x-webhook", "subscribe"), ("x-webhook", "validate")):
        ran = run(*command)
        assert ran.code == 0, ran.out + ran.err
    created = run("x-keys", "create")
    assert created.code == 0, created.out + created.err
    known = run("x-keys", "status", "--json").json[0]
    assert (known["missing"], known["matches"]) == ("", known["held"])
    told = {one["check"]: one["status"] for one in run("doctor", "--json").json if one["subject"] == f"x {SHOP}"}
    wanted = {"subscriptions", "token", "ids", "scopes", "keys", "requests"}
    assert {name: told[name] for name in wanted} == dict.fromkeys(wanted, "ok")


def test_a_webhook_that_stopped_answering_is_taken_up_and_caught_up(
    deployment: Deployment, simulated: XSimulator, hook: Hook
) -> None:
    run = deployment.vendors.run
    assert run("x-webhook", "subscribe").code == 0
    hook.status = 500
    simulated.write(SHOP, "2222222222222222222", "is anybody there?")
    hook.status = 200
    before = len(hook.calls)
    ran = run("x-webhook", "replay", "--since", "1h")
    assert ran.code == 0, ran.out + ran.err
    assert "is anybody there?" in json.dumps(hook.told(before + 1)[before:])


def test_a_url_that_does_not_prove_itself_is_not_registered(
    deployment: Deployment, simulated: XSimulator, hook: Hook
) -> None:
    hook.secret = "another-secret-0001"
    ran = deployment.vendors.run("x-webhook", "create", "--json")
    assert (ran.code, "CrcValidationFailed" in ran.json["error"]) == (1, True)
