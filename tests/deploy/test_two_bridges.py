"""Two bridges in one AWS account and one Genesys organisation: one is destroyed, and the other stays whole."""

from __future__ import annotations

import copy
import os
import platform
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from sandbox.stage.aws import REGION
from tests import terraform_here
from tests.deploy.deployment import CREDENTIALS, INSTAGRAM, TIKTOK, Deployment
from tests.deploy.test_changes import moved
from tests.stub_provider.__main__ import REPOSITORY
from tools import package

HERE = {"x86_64": "x86_64", "AMD64": "x86_64", "aarch64": "arm64", "arm64": "arm64"}[platform.machine()]


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    terraform_here.needed()
    made = Deployment(tmp_path_factory.mktemp("first"))
    package.build(made.package, HERE)
    try:
        made.start()
        # Tokens that nobody renews: of a secret that is written twice the emulator forgets Terraform's label
        # (docs/doubts.md), and the next plan would write it again.
        page = {"channel": "instagram", "id": INSTAGRAM, "name": "acme", "login": "facebook", "page": "100000000000001"}
        made._changed = {
            "accounts": {"acme_ig": page, "acme_tt": {"channel": "tiktok", "id": TIKTOK, "name": "acme"}},
            "account_tokens": {key: {"access_token": f"token-{key[-2:]}"} for key in ("acme_ig", "acme_tt")},
        }
        made.apply()
        made.connect_platforms()
        yield made
    finally:
        made.stop()


def beside(first: Deployment, folder: Path) -> Deployment:
    """Another bridge with the same accounts, in the same clouds and with a state of its own."""
    second = copy.copy(first)
    second.folder, second.outputs = folder, {}
    second._changed = first._changed | {"name": "dmdesk-b"}
    second.apply()
    return second


def once_for_the_account(first: Deployment, folder: Path) -> None:
    """What examples/account makes, by its own state."""
    shutil.copytree(REPOSITORY / "terraform" / "examples" / "account", folder)
    environment = {
        **{name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR") if name in os.environ}, **CREDENTIALS,
        "TF_CLI_CONFIG_FILE": str(first.folder / "terraformrc"), "CHECKPOINT_DISABLE": "1",
        "AWS_ENDPOINT_URL": first.aws, "AWS_REGION": REGION,
    }  # fmt: skip
    for arguments in (["init", "-input=false"], ["apply", "-auto-approve", "-input=false"]):
        ran = subprocess.run(
            ["terraform", *arguments, "-no-color"], cwd=folder, env=environment, capture_output=True, text=True,
            timeout=600, check=False,
        )  # fmt: skip
        assert ran.returncode == 0, ran.stdout + ran.stderr


def test_one_is_destroyed_and_the_other_stays_whole(first: Deployment, tmp_path: Path) -> None:
    once_for_the_account(first, tmp_path / "account")
    alone = first.genesys.admin.held()
    second = beside(first, tmp_path)
    both = first.genesys.admin.held()
    for kind, names in alone.items():
        more = [name for name in both[kind] if name not in names]
        assert len(more) == len(names), f"of {kind} each has its own"
        assert all(name.startswith("dmdesk-b") for name in more), kind
    assert set(second.outputs["integration_ids"].values()).isdisjoint(first.outputs["integration_ids"].values())
    second.terraform("destroy", "-auto-approve", "-input=false")

    assert first.genesys.admin.held() == alone
    first.terraform("plan", "-detailed-exitcode", "-input=false", code=0)
    for left in first.left().values():
        assert "dmdesk-b" not in str(left)
    role = first.client("apigateway").get_account()["cloudwatchRoleArn"]
    assert role == first.client("iam").get_role(RoleName="api-gateway-logs")["Role"]["Arn"]
    before = len(first.taken())
    first.instagram.write(INSTAGRAM, "1000000000000001", "Anybody there?")
    first.until(lambda: len(first.taken()) > before, "the message at Genesys")
    assert first.taken()[-1]["body"]["text"] == "Anybody there?"
    assert requests.get(f"{first.front.url}/api/health", timeout=60).status_code == 200


def test_another_key_keeps_an_accounts_secret_and_its_integration(first: Deployment) -> None:
    """By the blocks of docs/deploy.md. Its tokens are not given again: a secret that is made anew would hold none."""
    name = first.outputs["aws"]["account_secret_names"]["acme_ig"]
    assert name == f"dmdesk/account/instagram/{INSTAGRAM}"
    secrets = first.client("secretsmanager")
    held = secrets.get_secret_value(SecretId=name)
    assert "token-ig" in held["SecretString"]
    integration = first.outputs["integration_ids"]["acme_ig"]
    accounts = first._changed["accounts"]
    (first.folder / "moved.tf").write_text(moved("acme_ig", "shop"), encoding="utf-8")
    first.change(
        accounts={"shop": accounts["acme_ig"], "acme_tt": accounts["acme_tt"]},
        account_tokens={"acme_tt": {"access_token": "token-tt"}},
    )
    first.read_outputs()
    assert first.outputs["aws"]["account_secret_names"]["shop"] == name
    assert first.outputs["integration_ids"]["shop"] == integration
    now = secrets.get_secret_value(SecretId=name)
    assert (now["ARN"], now["VersionId"], now["SecretString"]) == (held["ARN"], held["VersionId"], held["SecretString"])


def test_an_account_that_is_taken_out_leaves_the_others_whole(first: Deployment) -> None:
    (first.folder / "moved.tf").unlink(missing_ok=True)
    first.change(accounts={"acme_tt": first._changed["accounts"]["acme_tt"]}, account_tokens={})
    table = first.outputs["aws"]["table_name"]
    rows = first.client("dynamodb").query(
        TableName=table, KeyConditionExpression="pk = :pk", ExpressionAttributeValues={":pk": {"S": "ACCOUNT"}}
    )["Items"]
    assert [row["sk"]["S"] for row in rows] == [f"tiktok#{TIKTOK}"]
    assert first.genesys.admin.held()["integrations"] == ["dmdesk TikTok acme"]
    first.terraform("plan", "-detailed-exitcode", "-input=false", code=0)
    before = len(first.taken())
    first.tiktok.write(TIKTOK, "+Customer/0002=", "Still there?")
    first.until(lambda: len(first.taken()) > before, "the message at Genesys")
    assert first.taken()[-1]["body"]["text"] == "Still there?"
