"""link-flow, against the simulated Genesys Cloud over real HTTP."""

from __future__ import annotations

import pytest

from ops.desks.genesys import admin, link, sdk
from ops.errors import OpsError
from tests.ops.conftest import HOOK, OPERATOR, WEBHOOK_SECRET, Vendors

pytestmark = pytest.mark.xdist_group("ops")


@pytest.fixture(autouse=True)
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """How long the command would have waited, in turn."""
    waited: list[float] = []
    monkeypatch.setattr(link, "pause", waited.append)
    return waited


def fresh(vendors: Vendors, delays: int) -> str:
    """An integration that was created a moment ago, as the API does it."""
    vendors.genesys.admin.delays = delays
    return vendors.genesys.admin.create_integration("Fresh", HOOK, WEBHOOK_SECRET)


def test_the_flow_is_attached_and_read_back(vendors: Vendors) -> None:
    ran = vendors.link("--integration", vendors.add(), "--flow", vendors.flow, "--json")
    assert ran.code == 0
    assert ran.json["flow"] == vendors.flow
    assert ran.json["changed"] is True
    assert vendors.flow_of("int-1") == vendors.flow


def test_a_second_run_changes_nothing(vendors: Vendors) -> None:
    vendors.add()
    vendors.link("--integration", "int-1", "--flow", vendors.flow)
    ran = vendors.link("--integration", "int-1", "--flow", vendors.flow, "--json")
    assert ran.json["changed"] is False


def test_creation_is_waited_for(vendors: Vendors, waits: list[float]) -> None:
    ran = vendors.link("--integration", fresh(vendors, delays=3), "--flow", vendors.flow)
    assert ran.code == 0, ran.err
    assert waits == [0.5, 1.0, 2.0]


def test_patience_ends(vendors: Vendors, waits: list[float]) -> None:
    ran = vendors.link("--integration", fresh(vendors, delays=99), "--flow", vendors.flow, "--patience", "3")
    assert ran.code == 1
    assert "still Initiated after 3 s" in ran.err
    assert "fix: run the command again" in ran.err
    assert sum(waits) == pytest.approx(3.5)


def test_a_creation_that_failed_is_told(vendors: Vendors) -> None:
    identifier = fresh(vendors, delays=0)
    vendors.genesys.admin.fail_creation(identifier, "The webhook cannot be reached")
    ran = vendors.link("--integration", identifier, "--flow", vendors.flow)
    assert ran.code == 1
    assert "The webhook cannot be reached" in ran.err


def test_undo_detaches_and_may_be_repeated(vendors: Vendors) -> None:
    vendors.add()
    vendors.link("--integration", "int-1", "--flow", vendors.flow)
    assert vendors.link("--undo", "--integration", "int-1", "--json").json["changed"] is True
    assert vendors.flow_of("int-1") is None
    assert vendors.link("--undo", "--integration", "int-1", "--json").json["changed"] is False


def test_undo_leaves_a_flow_that_took_over(vendors: Vendors) -> None:
    vendors.add()
    other = vendors.genesys.admin.add_flow("Successor")
    vendors.link("--integration", "int-1", "--flow", other)
    ran = vendors.link("--undo", "--integration", "int-1", "--flow", vendors.flow, "--json")
    assert ran.json == {
        "integration": "int-1", "recipient": ran.json["recipient"], "flow": other, "external_source": "",
        "changed": False,
    }  # fmt: skip
    assert vendors.flow_of("int-1") == other


def test_undo_of_what_is_gone_is_fine(vendors: Vendors) -> None:
    assert vendors.link("--undo", "--integration", "gone").code == 0


def test_customers_are_looked_up_by_the_external_source(vendors: Vendors) -> None:
    vendors.add()
    source = vendors.genesys.admin.add_source("Instagram")
    arguments = ("--integration", "int-1", "--flow", vendors.flow, "--external-source", source)
    assert vendors.link(*arguments).code == 0
    held = vendors.genesys.admin.integration("int-1")["identity"]
    assert (held["resolveIdentities"], held["externalSource"]) == (True, {"id": source})
    assert vendors.link(*arguments, "--json").json["changed"] is False
    vendors.link("--undo", *arguments)
    assert vendors.genesys.admin.integration("int-1")["identity"]["resolveIdentities"] is False


def test_an_unknown_integration_is_named(vendors: Vendors) -> None:
    ran = vendors.link("--integration", "nobody", "--flow", vendors.flow)
    assert ran.code == 1
    assert "integration nobody does not exist" in ran.err
    assert "terraform apply" in ran.err


def test_a_flow_that_is_no_message_flow_is_refused(vendors: Vendors) -> None:
    call = vendors.genesys.admin.add_flow("Calls", "inboundcall")
    ran = vendors.link("--integration", vendors.add(), "--flow", call)
    assert ran.code == 1
    assert "not a published inbound message flow" in ran.err


def test_wrong_credentials_are_told(vendors: Vendors, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GENESYSCLOUD_OAUTHCLIENT_SECRET", "another-secret")
    ran = vendors.link("--integration", vendors.add(), "--flow", vendors.flow, "--json")
    assert ran.code == 1
    assert ran.json["error"] == f"Genesys Cloud refuses the OAuth client {OPERATOR[0]} (HTTP 401)"
    assert "GENESYSCLOUD_OAUTHCLIENT_SECRET" in ran.json["fix"]
    assert "another-secret" not in ran.out


def test_no_credentials_are_told(vendors: Vendors, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GENESYSCLOUD_OAUTHCLIENT_SECRET")
    ran = vendors.link("--integration", "int-1", "--flow", vendors.flow)
    assert "no credentials" in ran.err


def test_missing_rights_are_named(vendors: Vendors) -> None:
    vendors.faults.add("genesys", "status", status=403, path="/routing/message/recipients")
    ran = vendors.link("--integration", vendors.add(), "--flow", vendors.flow)
    assert "give the OAuth client a role with routing:message:manage" in ran.err


def test_nothing_is_repeated_by_itself(vendors: Vendors) -> None:
    vendors.faults.add("genesys", "status", status=503, retry_after=1, path="/integrations/open")
    assert vendors.link("--integration", vendors.add(), "--flow", vendors.flow).code == 1
    assert vendors.faults.describe()[0]["fired"] == 1


def test_a_silent_host_is_told(vendors: Vendors) -> None:
    ran = vendors.run("link-flow", "--genesys-url", "http://127.0.0.1:9", "--integration", "x", "--flow", "y")
    assert ran.code == 1
    assert "no answer from http://127.0.0.1:9" in ran.err


def test_a_flow_is_needed(vendors: Vendors) -> None:
    assert "pass --flow" in vendors.link("--integration", "x").err


def test_the_login_may_be_elsewhere(vendors: Vendors) -> None:
    ran = vendors.link("--login-url", "http://127.0.0.1:9", "--integration", vendors.add(), "--flow", vendors.flow)
    assert "no answer from http://127.0.0.1:9" in ran.err


@pytest.mark.parametrize(
    ("region", "api", "login"),
    [
        ("us-east-1", "https://api.mypurecloud.com", "https://login.mypurecloud.com"),
        ("eu-central-1", "https://api.mypurecloud.de", "https://login.mypurecloud.de"),
        ("ap-southeast-2", "https://api.mypurecloud.com.au", "https://login.mypurecloud.com.au"),
    ],
)
def test_the_region_gives_the_hosts(region: str, api: str, login: str) -> None:
    assert admin.hosts({"GENESYSCLOUD_REGION": region}, None, None) == admin.Hosts(api, login)


@pytest.mark.parametrize("environment", [{}, {"GENESYSCLOUD_REGION": "moon-1"}])
def test_no_region_is_told(environment: dict[str, str]) -> None:
    with pytest.raises(OpsError, match="region") as caught:
        admin.hosts(environment, None, None)
    assert "--genesys-url" in caught.value.fix


def test_the_sdk_watches_no_folder() -> None:
    assert sdk.load().Configuration().live_reload_config is False
