"""This version over what the ones before it have left: nothing that holds data is replaced.

`releases/` holds the state after an apply of each release (docs/release.md), so that neither its code nor git's history
is needed. The plan goes by that state alone: the clouds that it tells of are gone.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests import terraform_here
from tests.deploy.deployment import Deployment
from tests.deploy.upgrading import RELEASES

# What holds data, or an address that somebody wrote down elsewhere.
HOLDING = {
    "aws_api_gateway_rest_api", "aws_cloudwatch_log_group", "aws_dynamodb_table", "aws_kms_key", "aws_s3_bucket",
    "aws_secretsmanager_secret", "aws_sns_topic", "aws_sqs_queue",
    "genesyscloud_conversations_messaging_integrations_open", "genesyscloud_externalcontacts_external_source",
    "genesyscloud_routing_queue",
}  # fmt: skip
FIXTURES = Path(__file__).resolve().parents[2] / "terraform" / "tests" / "fixtures"
STATES = sorted(RELEASES.glob("*.json"))
pytestmark = pytest.mark.xdist_group("terraform")


@pytest.fixture(scope="module")
def clouds(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    terraform_here.needed()
    made = Deployment(tmp_path_factory.mktemp("upgrade"))
    made.package.mkdir()
    for name in ("dmdesk.zip", "package.json"):
        (made.package / name).write_bytes((FIXTURES / name).read_bytes())
    try:
        made.start()
        made.prepare()
        yield made
    finally:
        made.stop()


def lost(changes: list[dict[str, Any]]) -> set[str]:
    """The addresses of what holds data and would be deleted, replaced or forgotten."""
    return {
        change["address"]
        for change in changes
        if change["type"] in HOLDING and {"delete", "forget"} & set(change["change"]["actions"])
    }


def held(state: Path) -> set[str]:
    """The types of what a state holds."""
    return {resource["type"] for resource in json.loads(state.read_text())["resources"]} & HOLDING


def left(state: Path) -> bytes:
    """What a release has left, once the role of API Gateway's logs is handed over (docs/upgrade.md)."""
    told = json.loads(state.read_text(encoding="utf-8"))
    handed = ("api_logs", "aws_api_gateway_account")
    told["resources"] = [one for one in told["resources"] if one["name"] not in handed and one["type"] not in handed]
    return json.dumps(told).encode()


def test_there_is_a_release_to_come_from() -> None:
    assert STATES
    for state in STATES:
        assert held(state) >= {"aws_dynamodb_table", "aws_s3_bucket", "aws_secretsmanager_secret", "aws_sqs_queue"}


@pytest.mark.parametrize("state", STATES, ids=lambda state: state.stem)
def test_nothing_that_holds_data_is_replaced(clouds: Deployment, state: Path) -> None:
    (clouds.folder / "terraform.tfstate").write_bytes(left(state))
    changes = clouds.planned()
    assert {change["type"] for change in changes} >= held(state)
    assert lost(changes) == set()


def test_what_would_be_replaced_is_seen(clouds: Deployment) -> None:
    """The counter-proof: under another name what bears it is."""
    (clouds.folder / "terraform.tfstate").write_bytes(left(STATES[-1]))
    addresses = " ".join(lost(clouds.planned(name="other")))
    assert "aws_dynamodb_table" in addresses
    assert "aws_sqs_queue" in addresses
    # a secret keeps the name that it was made under
    assert "aws_secretsmanager_secret" not in addresses
