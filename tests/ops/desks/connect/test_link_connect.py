"""link-connect, whose calls and answers botocore's stubber holds to the service's model."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from botocore.session import get_session
from botocore.stub import Stubber
from click.testing import CliRunner, Result

from ops import bridge as bridges
from ops.__main__ import cli
from ops.desks.connect import asking
from tests.desks.connect.kit import INSTANCE, SETTINGS
from tests.ops.desks.connect.test_checks import TAKEN, taking

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
