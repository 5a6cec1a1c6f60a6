"""The operator's commands, tried on the sandbox with nothing but the environment that it gives."""

from __future__ import annotations

import json
from typing import Any

import pytest
from click.testing import CliRunner, Result

from chalicelib.aws import calls
from ops.__main__ import cli
from sandbox.simulators.genesys.simulator import GenesysSimulator
from tests.scenarios.conftest import Bridge


@pytest.fixture
def operator(bridge: Bridge, monkeypatch: pytest.MonkeyPatch) -> Bridge:
    """In a terminal that has other things in mind."""
    elsewhere = {
        "AWS_SESSION_TOKEN": "other",
        "GENESYSCLOUD_ACCESS_TOKEN": "other",
        "HTTPS_PROXY": "http://127.0.0.1:9",
    }
    for name, value in (elsewhere | bridge.get("/")["operator_environment"]).items():
        monkeypatch.setenv(name, value)
    calls.session.cache_clear()
    return bridge


def run(*arguments: str) -> Result:
    told = CliRunner().invoke(cli, arguments)
    if told.exception and not isinstance(told.exception, SystemExit):
        raise told.exception
    return told


def failed(found: list[dict[str, Any]]) -> set[str]:
    return {one["check"] for one in found if one["status"] == "fail"}


def test_doctor_finds_what_is_missing_and_subscribe_mends_it(operator: Bridge) -> None:
    operator.conversation()
    before = json.loads(run("doctor", "--json").stdout)
    assert failed(before) <= {"webhook fields"}
    assert run("subscribe").exit_code == 0
    after = run("doctor", "--json")
    assert (after.exit_code, failed(json.loads(after.stdout))) == (0, set())


def test_accounts_are_listed(operator: Bridge) -> None:
    told = run("accounts").stdout
    assert all(account["id"] in told for account in operator.about["accounts"])


def test_a_flow_is_attached_and_detached(operator: Bridge) -> None:
    integration = operator.about["accounts"][0]["integration_id"]
    flow = operator.sandbox.playing(GenesysSimulator).admin.integration(integration)["flow"]["id"]
    assert run("link-flow", "--integration", integration, "--undo").exit_code == 0
    assert run("link-flow", "--integration", integration, "--flow", flow).exit_code == 0
    assert operator.sandbox.playing(GenesysSimulator).admin.integration(integration)["flow"]["id"] == flow


def test_a_role_is_given_and_taken(operator: Bridge) -> None:
    admin, client = operator.sandbox.playing(GenesysSimulator).admin, "sandbox-client-1"
    role = admin.add_role({"name": "another", "permissionPolicies": []})
    assert run("grant-role", "--client", client, "--role", role).exit_code == 0
    assert role in admin.roles_of(client)
    assert run("grant-role", "--client", client, "--role", role, "--undo").exit_code == 0
    assert role not in admin.roles_of(client)
