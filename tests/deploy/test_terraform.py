"""Terraform's own tests, with both providers mocked: they need Terraform and the AWS provider, no cloud.

Where TERRAFORM_MIRROR names a filesystem mirror, the AWS provider is taken from there, else downloaded. The Genesys
Cloud provider is the stand-in of tests/stub_provider.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from chalicelib.registry import DESKS, abouts
from chalicelib.settings import PREFIX, variables
from tests import terraform_here
from tests.stub_provider.__main__ import VERSION, configuration, install

ROOT = Path(__file__).resolve().parents[2] / "terraform"
MODULES = {
    "root": ".",
    "aws": "modules/aws",
    "connect": "modules/connect",
    "example": "examples/complete",
    "account": "examples/account",
}
ROLES = ("edge", "desk_edge", "to_desk", "to_customer", "upkeep")
LOCK = ".terraform.lock.hcl"
# a channel that nobody has: its entry in the map, and below what a person would set
PIGEON = """
    pigeon = {
      title     = "Pigeon"
      id        = { pattern = "^[0-9]+$", error = "A pigeon's id is the number on its ring." }
      logins    = []
      secret    = { secrets = "app_secrets" }
      addresses = { pigeon_api = "https://api.pigeon.example" }
      versions  = {}
      paste     = { "Pigeon: loft > Webhook" = "<webhook>" }
    }
"""
# a desk that nobody has, which fetches by itself what it answers
LOFT = """
    loft = {
      title           = "Loft"
      webhook         = ""
      webhook_secrets = []
      client_secrets  = ["loft-key"]
      settings        = { loft_api = "https://api.loft.example" }
      paste           = { "Loft: door" = "open" }
    }
"""
# a person's settings, with nothing set in their place
AS_GIVEN = """
mock_provider "aws" {
  source = "./modules/aws/tests"
}
mock_provider "genesyscloud" {}
variables {
  package     = "tests/fixtures/dmdesk.zip"
  ops_command = "true"
}
run "as_given" {
  command = plan
}
"""
PIGEONS = """
mock_provider "aws" {
  source = "./modules/aws/tests"
  override_resource {
    target = module.aws.aws_secretsmanager_secret.this["pigeon"]
    values = { arn = "arn:aws:secretsmanager:::pigeon" }
  }
  override_resource {
    target = module.aws.aws_secretsmanager_secret.this["loft-key"]
    values = { arn = "arn:aws:secretsmanager:::loft" }
  }
}
mock_provider "genesyscloud" {}
variables {
  package                = "tests/fixtures/dmdesk.zip"
  genesys_region         = "eu-west-1"
  genesys_webhook_secret = "webhook-webhook-webhook"
  instagram              = { app_secrets = ["meta-app-secret"], verify_tokens = ["verify-token-0001"] }
  tiktok                 = { app_secrets = ["tiktok-app-secret"] }
  genesys_oauth_clients  = [{ id = "client", secret = "client-secret" }]
  channel_secrets        = { pigeon = { app_secrets = ["roo-coo-to-you-42"] } }
  account_tokens         = { acme_pg = { access_token = "token" } }
  accounts = {
    acme_pg = { channel = "pigeon", id = "42", name = "acme" }
    acme_lo = { channel = "pigeon", id = "43", desk = "loft" }
  }
  secret_versions        = { pigeon = 2 }
  vendors                = { pigeon_api = "https://loft.example" }
  ops_command            = "true"
}
run "made" {}
"""
pytestmark = pytest.mark.xdist_group("terraform")  # both would compete for the provider's folder


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Terraform's CLI configuration."""
    terraform_here.needed()
    folder = tmp_path_factory.mktemp("terraform")
    install(folder / "mirror")
    (folder / "terraformrc").write_text(configuration(folder / "mirror"), encoding="utf-8")
    return folder / "terraformrc"


@pytest.fixture(scope="module")
def copied(settings: Path) -> Path:
    """A copy, so that `init` leaves nothing in the repository."""
    folder = settings.parent / "terraform"
    shutil.copytree(ROOT, folder, ignore=shutil.ignore_patterns(".terraform", ".terraform.lock.hcl", "*.tfvars"))
    return folder


def terraform(settings: Path, folder: Path, *arguments: str, code: int = 0) -> str:
    ran = subprocess.run(
        ["terraform", *arguments],
        cwd=folder,
        env={
            **{name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR") if name in os.environ},
            "TF_CLI_CONFIG_FILE": str(settings),
            "CHECKPOINT_DISABLE": "1",
        },
        capture_output=True,
        text=True,
        timeout=1800,
        check=False,
    )
    assert ran.returncode == code, ran.stdout + ran.stderr
    return ran.stdout + ran.stderr


@pytest.mark.parametrize("module", ["root", "example"])
def test_its_lock_holds(settings: Path, copied: Path, tmp_path: Path, module: str) -> None:
    """What is downloaded on whichever platform is what was tried: the AWS provider's checksum is among those of its
    release, and nothing would be added but the stand-in's."""
    shutil.copytree(copied, tmp_path / "terraform", symlinks=True, ignore=shutil.ignore_patterns(".terraform*"))
    folder = tmp_path / "terraform" / MODULES[module]
    shutil.copy(ROOT / MODULES[module] / LOCK, folder / LOCK)
    terraform(settings, folder, "init", "-backend=false", "-input=false", "-no-color", "-lockfile=readonly")


def test_no_checksum_of_the_stand_in_is_locked() -> None:
    """With one, nobody could install the real provider. Its own come from the registry, and so have those of its
    release (zh) among them."""
    text = (ROOT / LOCK).read_text(encoding="utf-8")
    assert (ROOT / MODULES["example"] / LOCK).read_text(encoding="utf-8") == text
    found = re.findall(r'^provider "registry.terraform.io/(\S+)" \{(.*?)^\}', text, re.DOTALL | re.MULTILINE)
    locked = {
        name: (re.findall(r'version\s+= "(.*?)"', entry), re.findall(r'"(h1|zh):', entry)) for name, entry in found
    }
    assert set(locked) == {"hashicorp/aws", "mypurecloud/genesyscloud"}
    assert locked["mypurecloud/genesyscloud"][0] == [VERSION], "the one that the stand-in stands in for"
    assert all(not kinds or "zh" in kinds for _, kinds in locked.values())


def test_it_is_formatted(settings: Path) -> None:
    terraform(settings, ROOT, "fmt", "-check", "-recursive", "-diff")


@pytest.mark.parametrize("module", sorted(MODULES))
def test_it_is_valid(settings: Path, copied: Path, module: str) -> None:
    folder = copied / MODULES[module]
    terraform(settings, folder, "init", "-backend=false", "-input=false", "-no-color")
    terraform(settings, folder, "validate", "-no-color")


@pytest.mark.parametrize("module", ["aws", "connect", "root"])
def test_its_own_tests_pass(settings: Path, copied: Path, module: str) -> None:
    folder = copied / MODULES[module]
    terraform(settings, folder, "init", "-backend=false", "-input=false", "-no-color")
    assert "0 failed" in terraform(settings, folder, "test", "-no-color")


def test_the_example_is_refused_until_it_is_filled_in(settings: Path, copied: Path) -> None:
    """Its secrets are published, and its tokens are none: each is told by its name."""
    (copied / "tests" / "as_given.tftest.hcl").write_text(AS_GIVEN, encoding="utf-8")
    try:
        terraform(settings, copied, "init", "-backend=false", "-input=false", "-no-color")
        said = terraform(
            settings, copied, "test", "-no-color", "-filter=tests/as_given.tftest.hcl",
            "-var-file=terraform.tfvars.example", code=1,
        )  # fmt: skip
    finally:
        (copied / "tests" / "as_given.tftest.hcl").unlink()
    said = re.sub(r"[│\s]+", " ", said)
    assert set(re.findall(r"(\S+) still holds a placeholder", said)) == {
        "instagram.app_secrets", "instagram.verify_tokens", "tiktok.app_secrets", "tiktok.app_id",
        "genesys_oauth_clients.id", "genesys_oauth_clients.secret", "genesys_webhook_secret",
        "account_tokens.acme_ig.access_token", "account_tokens.acme_tt.access_token",
        "account_tokens.acme_tt.refresh_token",
    }  # fmt: skip
    assert "genesys_oauth_client_ids are ids of OAuth clients" in said


WRONG_SECRETS = """
instagram              = { app_secret = ["never-to-be-printed-1"], verify_tokens = ["verify-token-0001"] }
tiktok                 = { app_secrets = ["never-to-be-printed-2"], appid = "1" }
genesys_oauth_clients  = [{ id = "client", secret = "never-to-be-printed-3", role = "x" }]
genesys_webhook_secret = "never-printed-4"
channel_secrets        = { threads = { app_secrets = ["never-to-be-printed-5"] } }
account_tokens         = { acme_igg = { access_token = "never-to-be-printed-6" }, acme_ig = { token = "x" } }
genesys_region         = "eu-west-1"
accounts               = { acme_ig = { channel = "instagram", id = "17841400000000001" } }
"""


def test_secrets_are_refused_by_their_names_and_never_printed(settings: Path, copied: Path, tmp_path: Path) -> None:
    """Not even the line of the file that gave them, which Terraform prints of a variable's own validation."""
    (tmp_path / "wrong.tfvars").write_text(WRONG_SECRETS, encoding="utf-8")
    (copied / "tests" / "as_given.tftest.hcl").write_text(AS_GIVEN, encoding="utf-8")
    try:
        terraform(settings, copied, "init", "-backend=false", "-input=false", "-no-color")
        said = terraform(
            settings, copied, "test", "-no-color", "-filter=tests/as_given.tftest.hcl",
            f"-var-file={tmp_path / 'wrong.tfvars'}", code=1,
        )  # fmt: skip
    finally:
        (copied / "tests" / "as_given.tftest.hcl").unlink()
    said = re.sub(r"[│\s]+", " ", said)
    assert "never-" not in said
    for name in (
        "instagram is an object of", "tiktok is an object of", "genesys_oauth_clients is a list of at least one object",
        "genesys_webhook_secret is a text of one line", "channel_secrets is an object of",
        "account_tokens is an object of acme_ig", "account_tokens.acme_ig is an object of access_token",
    ):  # fmt: skip
        assert name in said, name


@pytest.mark.parametrize(
    "first",
    [
        "module.aws.aws_secretsmanager_secret_version.this",  # else Genesys signs with what the edge does not know yet
        "module.aws.aws_api_gateway_stage.this",
        "module.aws.aws_lambda_permission.api",
    ],
)
def test_the_edge_is_ready_before_genesys_is_told_of_it(settings: Path, copied: Path, first: str) -> None:
    """By Terraform's own graph: it changes what depends on another after that other, and all else beside it."""
    folder = copied / MODULES["root"]
    terraform(settings, folder, "init", "-backend=false", "-input=false", "-no-color")
    needs = re.findall(r'^  "(\S+)" -> "(\S+)";', terraform(settings, folder, "graph"), re.MULTILINE)
    before = {"module.genesys.genesyscloud_conversations_messaging_integrations_open.account"}
    while found := {needed for one, needed in needs if one in before} - before:
        before |= found
    assert first in before


def made(printed: str, run: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """What a run of `terraform test -json -verbose` made, by address, and its outputs."""
    [state] = [
        line["test_state"] for line in map(json.loads, printed.splitlines())
        if line["type"] == "test_state" and line["@testrun"] == run
    ]  # fmt: skip
    modules = [state["root_module"], *state["root_module"]["child_modules"]]
    resources = {one["address"]: one["values"] for module in modules for one in module["resources"]}
    return resources, {name: output["value"] for name, output in state["outputs"].items()}


def told_of_a_channel_and_a_desk(resources: dict[str, Any]) -> None:
    """Each function's environment has what the entries ask for, and nothing of a desk that nobody uses."""
    known = {PREFIX + name.upper() for name in variables()}
    _, *unused = abouts(DESKS).values()
    others = {PREFIX + name.upper() for about in unused for name in (*about.secrets, *about.settings)}
    for role in ROLES:
        [environment] = resources[f'module.aws.aws_lambda_function.role["{role}"]']["environment"]
        told: dict[str, str] = environment["variables"]
        assert set(told) - known == {
            "DMDESK_PIGEON_SECRET", "DMDESK_PIGEON_API", "DMDESK_LOFT_KEY_SECRET", "DMDESK_LOFT_API",
            "DMDESK_ROLE", "POWERTOOLS_SERVICE_NAME",
        }  # fmt: skip
        assert known - others - terraform_here.OWN <= set(told)
        assert not others & set(told), "a desk that nobody uses is in no function's environment"
        assert (told["DMDESK_PIGEON_SECRET"], told["DMDESK_PIGEON_API"]) == ("dmdesk/pigeon", "https://loft.example")


def test_a_channel_is_one_entry_of_the_map_and_so_is_a_desk(settings: Path, copied: Path, tmp_path: Path) -> None:
    folder = tmp_path / "terraform"
    shutil.copytree(copied, folder, symlinks=True)
    text = (folder / "channels.tf").read_text(encoding="utf-8")
    for kind, entry in (("channels", PIGEON), ("desks", LOFT)):
        assert text.count(f"\n  {kind} = {{\n") == 1
        text = text.replace(f"\n  {kind} = {{\n", f"\n  {kind} = {{\n{entry}")
    (folder / "channels.tf").write_text(text, encoding="utf-8")
    (folder / "tests" / "pigeon.tftest.hcl").write_text(PIGEONS, encoding="utf-8")
    terraform(settings, folder, "init", "-backend=false", "-input=false", "-no-color")
    printed = terraform(settings, folder, "test", "-json", "-verbose", "-filter=tests/pigeon.tftest.hcl")
    resources, outputs = made(printed, "made")

    assert resources['module.aws.aws_secretsmanager_secret.this["pigeon"]']["name"] == "dmdesk/pigeon"
    version = resources['module.aws.aws_secretsmanager_secret_version.this["pigeon"]']
    assert version["secret_string_wo_version"] == 2, "a value was given, or a raised version is refused"

    told_of_a_channel_and_a_desk(resources)

    roles = {role: resources[f'module.aws.aws_iam_role_policy.function["{role}"]']["policy"] for role in ROLES}
    assert {role for role, policy in roles.items() if "secretsmanager:::pigeon" in policy} == {"edge", "upkeep"}
    assert {role for role, policy in roles.items() if "secretsmanager:::loft" in policy} == {*ROLES} - {
        "edge",
        "desk_edge",
    }

    item = json.loads(resources['aws_dynamodb_table_item.account["acme_pg"]']["item"])
    assert (item["sk"], item["secret"]) == ({"S": "pigeon#42"}, {"S": "dmdesk/account/pigeon/42"})
    assert "login" not in item
    integration = resources['module.genesys.genesyscloud_conversations_messaging_integrations_open.account["acme_pg"]']
    assert integration["name"] == "dmdesk Pigeon acme"
    assert 'module.aws.aws_cloudwatch_metric_alarm.quiet["pigeon"]' in resources
    assert outputs["paste"]["Pigeon: loft > Webhook"] == outputs["webhook_url"]

    (folder / "tests" / "other.tftest.hcl").write_text(PIGEONS.replace('id = "42"', 'id = "@acme"'), encoding="utf-8")
    said = terraform(settings, folder, "test", "-no-color", "-filter=tests/other.tftest.hcl", code=1)
    assert 'accounts.acme_pg.id is not "@acme": A pigeon\'s id is the number on its' in said

    item = json.loads(resources['aws_dynamodb_table_item.account["acme_lo"]']["item"])
    assert item["desk"] == {"S": "loft"}
    assert set(outputs["integration_ids"]) == {"acme_pg"}, "Genesys Cloud is told of its own accounts"
    assert outputs["paste"]["Loft: door"] == "open"


def test_every_variable_and_output_is_described() -> None:
    for file in ROOT.rglob("*.tf"):
        if ".terraform" in file.parts:
            continue
        for block in file.read_text(encoding="utf-8").split("\n}\n"):
            if block.lstrip().startswith(("variable ", "output ")) or "\nvariable " in block or "\noutput " in block:
                assert "description = " in block or "description =" in block, f"{file}: {block}"
