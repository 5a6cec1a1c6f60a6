"""link-connect, whose calls and answers botocore's stubber holds to the service's model."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from botocore.session import get_session
from botocore.stub import ANY, Stubber
from click.testing import CliRunner, Result

from chalicelib.vocabulary.records import Profile
from ops import bridge as bridges
from ops.__main__ import cli
from ops.desks.connect import asking
from sandbox.simulators.connect.wire import broken
from tests.desks.connect.kit import ACCOUNT, INSTANCE, SETTINGS, Instance
from tests.ops.desks.connect.test_checks import TAKEN, THERE, taking

WHERE = {"InstanceId": INSTANCE, "AttachmentScope": "CHAT"}
Run = Callable[..., Result]


@pytest.fixture
def connect(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """What is asked, in this order: each call that is not expected fails."""
    made = get_session().create_client(
        "connect", region_name="eu-central-1", aws_access_key_id="x", aws_secret_access_key="x"
    )
    monkeypatch.setattr(asking, "client", lambda bridge, service: made)
    with Stubber(made) as stubber:
        yield stubber
        stubber.assert_no_pending_responses()


@pytest.fixture
def profiles(monkeypatch: pytest.MonkeyPatch, connect: Any) -> Iterator[Any]:
    """The same of Customer Profiles."""
    made = get_session().create_client(
        "customer-profiles", region_name="eu-central-1", aws_access_key_id="x", aws_secret_access_key="x"
    )
    clients = {"connect": connect.client, "customer-profiles": made}
    monkeypatch.setattr(asking, "client", lambda bridge, service: clients[service])
    with Stubber(made) as stubber:
        yield stubber
        stubber.assert_no_pending_responses()


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Run:
    """The command, where the deployment has these settings."""

    def ran(*arguments: str, vendors: dict[str, str] = SETTINGS) -> Result:
        settings = type("Settings", (), {"vendors": vendors})
        monkeypatch.setattr(bridges.Bridge, "settings", settings, raising=False)
        monkeypatch.setattr(bridges.Bridge, "__init__", lambda self, *given: None)
        return CliRunner().invoke(cli, ["link-connect", *arguments])

    return ran


def found(connect: Any, *extensions: str, largest: int = 20_971_520) -> None:
    told = {"AttachedFilesConfiguration": taking(*extensions, largest=largest)}
    connect.add_response("describe_attached_files_configuration", told, WHERE)


def changed(connect: Any, *extensions: str, largest: int = 20_971_520) -> None:
    """Expects that the instance is told to take these."""
    allowed = [{"Extension": one} for one in extensions]
    given = {"MaximumSizeLimitInBytes": largest, "ExtensionConfiguration": {"AllowedExtensions": allowed}}
    told = taking(*extensions, largest=largest) | {"LastModifiedTime": 0}
    connect.add_response("update_attached_files_configuration", told, WHERE | given)


def test_what_it_lacks_is_added_and_what_it_takes_stays(connect: Any, run: Run) -> None:
    found(connect, "PDF", "exe", *(set(TAKEN) - {"pdf", "csv", "mov"}))
    changed(connect, *sorted({"PDF", "exe", *TAKEN} - {"pdf"}))
    said = run("--json")
    assert said.exit_code == 0, said.output
    assert json.loads(said.output) == {"instance": INSTANCE, "added": ["csv", "mov"], "changed": True}


def test_what_the_settings_want_beside_the_defaults_is_added(connect: Any, run: Run) -> None:
    found(connect, *TAKEN)
    changed(connect, *sorted({*TAKEN, "gif", "mp3"}), largest=25_000_000)
    wanted = SETTINGS | {"connect_more_files": "image/gif,audio/mpeg", "connect_file_mb": "25"}
    assert "takes gif, mp3 now" in run(vendors=wanted).output


def test_what_holds_is_left_alone(connect: Any, run: Run) -> None:
    found(connect, *TAKEN, "zip", largest=104_857_600)
    assert "as it was" in run().output


def test_only_a_smaller_size_is_raised(connect: Any, run: Run) -> None:
    found(connect, *TAKEN, largest=1_000_000)
    changed(connect, *sorted(TAKEN), largest=20_000_000)
    assert "takes larger files now" in run().output


def test_a_refusal_tells_what_mends_it(connect: Any, run: Run) -> None:
    connect.add_client_error("describe_attached_files_configuration", "AccessDeniedException", "no", 403)
    said = run()
    assert said.exit_code == 1
    assert "fix: " in said.output


def test_where_nobody_is_at_connect_there_is_nothing_to_link(run: Run) -> None:
    said = run(vendors={})
    assert said.exit_code == 1
    assert "set `connect` in Terraform" in said.output


# The domain of Customer Profiles

DOMAIN = "tea-house"
KIND = {"DomainName": DOMAIN, "ObjectTypeName": "dmdesk"}
REGISTERS = SETTINGS | {"connect_profiles_domain": DOMAIN}


def lies_there(profiles: Any, **changes: Any) -> None:
    profiles.add_response("get_domain", THERE["get_domain"], {"DomainName": DOMAIN})
    profiles.add_response("get_profile_object_type", THERE["get_profile_object_type"] | changes, KIND)


def test_the_kind_of_object_is_put_into_the_domain_once(connect: Any, profiles: Any, run: Run) -> None:
    found(connect, *TAKEN)
    profiles.add_response("get_domain", THERE["get_domain"], {"DomainName": DOMAIN})
    profiles.add_client_error("get_profile_object_type", "ResourceNotFoundException", "no", 404, expected_params=KIND)
    put: dict[str, Any] = {}

    def asked(params: dict[str, Any], model: Any, **more: Any) -> None:
        put.update(params)
        assert not list(broken(model.input_shape, params, "put"))

    profiles.client.meta.events.register("before-parameter-build.customer-profiles.PutProfileObjectType", asked)
    given = dict.fromkeys(("Description", "ExpirationDays", "AllowProfileCreation", "Fields", "Keys"), ANY)
    profiles.add_response("put_profile_object_type", {"ObjectTypeName": "dmdesk", "Description": "d"}, KIND | given)
    said = run("--json", vendors=REGISTERS)
    assert said.exit_code == 0, said.output
    assert json.loads(said.output) | {"domain": DOMAIN, "prepared": True} == json.loads(said.output)
    assert (put["AllowProfileCreation"], put["ExpirationDays"]) == (True, 90)
    assert put["Keys"] == {"_dmdesk": [{"StandardIdentifiers": ["PROFILE", "UNIQUE"], "FieldNames": ["key"]}]}
    instance = Instance(connect_profiles_domain=DOMAIN)
    instance.desk.introduce(
        ACCOUNT, "55501", Profile(name="Ada", username="a", followers=1, verified=True, follows=True)
    )
    [customer] = instance.http.given("PutProfileObject")
    assert {f"_source.{name}" for name in json.loads(customer["Object"])} == {
        one["Source"] for one in put["Fields"].values()
    }


def test_a_kind_of_object_that_is_there_is_left_alone(connect: Any, profiles: Any, run: Run) -> None:
    found(connect, *TAKEN)
    lies_there(profiles)
    assert f"domain {DOMAIN}: as it was" in run(vendors=REGISTERS).output


def test_a_domain_that_is_not_there_is_told_with_how_to_make_it(connect: Any, profiles: Any, run: Run) -> None:
    found(connect, *TAKEN)
    profiles.add_client_error("get_domain", "ResourceNotFoundException", "no", 404)
    said = run(vendors=REGISTERS)
    assert said.exit_code == 1
    assert "create-domain" in said.output
