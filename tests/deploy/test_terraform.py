"""Terraform's own tests, with both providers mocked: they need Terraform and the AWS provider, no cloud.

Where TERRAFORM_MIRROR names a filesystem mirror, the AWS provider is taken from there, else downloaded. The Genesys
Cloud provider is the stand-in of tests/stub_provider.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests import terraform_here
from tests.stub_provider.__main__ import configuration, install

ROOT = Path(__file__).resolve().parents[2] / "terraform"
MODULES = {"root": ".", "aws": "modules/aws", "example": "examples/complete"}
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


def terraform(settings: Path, folder: Path, *arguments: str) -> str:
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
        timeout=600,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return ran.stdout


def test_it_is_formatted(settings: Path) -> None:
    terraform(settings, ROOT, "fmt", "-check", "-recursive", "-diff")


@pytest.mark.parametrize("module", sorted(MODULES))
def test_it_is_valid(settings: Path, copied: Path, module: str) -> None:
    folder = copied / MODULES[module]
    terraform(settings, folder, "init", "-backend=false", "-input=false", "-no-color")
    terraform(settings, folder, "validate", "-no-color")


@pytest.mark.parametrize("module", ["aws", "root"])
def test_its_own_tests_pass(settings: Path, copied: Path, module: str) -> None:
    folder = copied / MODULES[module]
    terraform(settings, folder, "init", "-backend=false", "-input=false", "-no-color")
    assert "0 failed" in terraform(settings, folder, "test", "-no-color")


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


def test_every_variable_and_output_is_described() -> None:
    for file in ROOT.rglob("*.tf"):
        if ".terraform" in file.parts:
            continue
        for block in file.read_text(encoding="utf-8").split("\n}\n"):
            if block.lstrip().startswith(("variable ", "output ")) or "\nvariable " in block or "\noutput " in block:
                assert "description = " in block or "description =" in block, f"{file}: {block}"
