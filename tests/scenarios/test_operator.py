"""The operator's commands, tried on the sandbox with nothing but the environment that it gives."""

from __future__ import annotations

import json
from typing import Any

import pytest
from click.testing import CliRunner, Result

from chalicelib.aws import calls
from chalicelib.rules.budgets import BUDGETS
from ops.__main__ import cli
from sandbox.simulators.genesys.simulator import GenesysSimulator
from sandbox.simulators.instagram.simulator import InstagramSimulator
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


def not_due(operator: Bridge, secret: str) -> None:
    """The upkeep leaves the account's token alone. It has two minutes for a renewal, which pass in a second here:
    whoever stores a token meanwhile would find it overwritten, or be told to come again."""
    keeper = operator.sandbox.aws.client("secretsmanager")
    held = json.loads(keeper.get_secret_value(SecretId=secret)["SecretString"])
    keeper.put_secret_value(SecretId=secret, SecretString=json.dumps(held | {"renewed_at": operator.sandbox.clock()}))


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


def test_who_waits_is_listed_until_they_are_answered(operator: Bridge) -> None:
    seen = operator.conversation("tiktok")
    [told] = json.loads(run("conversations", "--waiting", "--json").stdout)
    assert (told["channel"], told["window"]) == ("tiktok", "open")
    assert [one["customer"] for one in json.loads(run("conversations", "--closing", "48", "--json").stdout)] == [
        told["customer"]
    ]
    operator.post("/genesys/reply", {"conversation_id": seen["conversation_id"], "text": "Hello!"})
    operator.until(lambda: operator.taken("receipt"), "the receipt")
    assert json.loads(run("conversations", "--json").stdout) == []


def test_a_dead_token_stops_the_sends_of_its_account_only_until_a_new_one_is_set(operator: Bridge) -> None:
    dead, alive = operator.conversation("instagram"), operator.conversation("tiktok")
    account = next(one for one in operator.about["accounts"] if one["channel"] == "instagram")
    vendor = next(one for one in operator.sandbox.vendors.channels if one.name == "instagram")
    connected = next(one for one in operator.sandbox.accounts if one["id"] == account["id"])
    del operator.sandbox.playing(InstagramSimulator)._tokens._held[f"token-{account['id']}"]
    not_due(operator, connected["secret"])
    operator.post("/genesys/reply", {"conversation_id": dead["conversation_id"], "text": "Lost"})
    operator.post("/genesys/reply", {"conversation_id": alive["conversation_id"], "text": "Sent"})
    operator.until(lambda: operator.sent("tiktok"), "the other account's reply")
    operator.conversation("instagram", "Are you there?")  # the customers' side goes on
    stopped = "account_stopped:account=" + account["id"]
    operator.pass_time(BUDGETS["token"].for_s, lambda: operator.metric(stopped), "the account is stopped")
    operator.until(lambda: len(operator.taken("receipt")) == 2, "both receipts")
    assert {call["body"]["status"] for call in operator.taken("receipt")} == {"Delivered", "Failed"}
    vendor.connect(connected, operator.about["webhook_url"], {"access_token": "IGAA-logged-in-again"})

    told = CliRunner().invoke(cli, ["token", "set", "instagram", account["id"]], input="IGAA-logged-in-again\n")
    assert (told.exit_code, "logged-in-again" in told.output) == (0, False), told.output
    operator.post("/genesys/reply", {"conversation_id": dead["conversation_id"], "text": "Here we are"})
    # a worker that has just read the old token reads it anew when it may
    operator.pass_time(10.0, lambda: operator.sent("instagram"), "the reply with the new token")
    assert [call["body"]["message"]["text"] for call in operator.sent("instagram")] == ["Here we are"]


def test_a_message_is_traced_from_end_to_end_by_any_of_its_ids(operator: Bridge) -> None:
    text, answer = "What I write is mine", "And so is this"
    seen = operator.conversation("instagram", text)
    reply = operator.post("/genesys/reply", {"conversation_id": seen["conversation_id"], "text": answer})["id"]
    operator.until(lambda: operator.taken("receipt"), "the receipt")
    operator.quiet()
    [sent] = operator.sent("instagram")
    outward = {"received", "claimed", "part sent", "sent", "done", "at the platform"}
    customer = seen["body"]["channel"]["from"]["id"]
    inward = {"received", "claimed", "delivered", "done"}
    for identifier, expected in (
        (reply, outward), (sent["message_id"], outward), (seen["body"]["channel"]["messageId"], inward),
        (customer, inward | outward),
    ):  # fmt: skip
        told = run("trace", identifier, "--json")
        assert {hop["decision"] for hop in json.loads(told.stdout)} >= expected, identifier
        assert text not in told.output
        assert answer not in told.output
