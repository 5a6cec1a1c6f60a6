"""Where the Terraform module of the Genesys Cloud side is, and Terraform to apply it with."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sandbox.simulators.genesys.simulator import GenesysSimulator
from sandbox.stage.clock import Clock
from sandbox.stage.faults import Faults
from tests import terraform_here
from tests.stub_provider.__main__ import REPOSITORY, configuration, install

MODULE = REPOSITORY / "terraform" / "modules" / "genesys"
CLIENT = ("terraform", "terraform-secret-0001")
ACCOUNTS = {
    "acme_ig": {"channel": "instagram", "id": "17841400000000001", "name": "acme"},
    "acme_tt": {"channel": "tiktok", "id": "-000Ab1Cd2Ef3Gh4Ij5"},
}
ROOT = """
terraform {
  required_providers {
    genesyscloud = {
      source = "mypurecloud/genesyscloud"
    }
  }
}

variable "port" {
  type = string
}

provider "genesyscloud" {
  token_pool_size = 2
  gateway {
    protocol = "http"
    host     = "127.0.0.1"
    port     = var.port
  }
}
"""


class Terraform:
    """A root module around ours, applied to a simulated organisation."""

    def __init__(self, folder: Path, mirror: Path) -> None:
        self.folder, self._mirror = folder, mirror
        self.genesys = GenesysSimulator(Clock(), Faults())
        self.genesys.add_client(*CLIENT)
        self.genesys.start()
        self.inputs: dict[str, Any] = {
            "name": "acme",
            "webhook_url": "https://bridge.example/api/genesys/outbound",
            "ending_secret": "ending-secret-0001",
            "channels": {"instagram": "Instagram", "tiktok": "TikTok"},
            "accounts": ACCOUNTS,
            "base_url": self.genesys.url,
            "login_url": self.genesys.url,
            "ops_command": f"{shutil.which('true')}",
        }

    def write(self, extra: str = "") -> None:
        """The root module: the inputs as a module block, and `extra`."""
        secrets = {key: f"webhook-secret-of-{key}" for key in self.inputs["accounts"]}
        given = {"webhook_secrets": secrets, **self.inputs}
        inputs = "\n".join(f"  {name} = {json.dumps(value, ensure_ascii=False)}" for name, value in given.items())
        module = f'module "genesys" {{\n  source = "{MODULE}"\n{inputs}\n}}\n\n'
        output = 'output "all" {\n  value = module.genesys\n}\n'
        (self.folder / "main.tf").write_text(ROOT + module + output + extra, encoding="utf-8")

    def run(self, *arguments: str, code: int = 0) -> str:
        """Runs Terraform, expecting that exit code; returns all that it printed."""
        (self.folder / "terraformrc").write_text(configuration(self._mirror))
        environment = {
            **{name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR") if name in os.environ},
            "TF_CLI_CONFIG_FILE": str(self.folder / "terraformrc"),
            "TF_IN_AUTOMATION": "1",
            "CHECKPOINT_DISABLE": "1",
            "TF_VAR_port": self.genesys.url.rpartition(":")[2],
            "GENESYSCLOUD_OAUTHCLIENT_ID": CLIENT[0],
            "GENESYSCLOUD_OAUTHCLIENT_SECRET": CLIENT[1],
        }
        ran = subprocess.run(
            ["terraform", *arguments, "-no-color"],
            cwd=self.folder, env=environment, capture_output=True, text=True, timeout=300, check=False,
        )  # fmt: skip
        printed = ran.stdout + ran.stderr
        assert ran.returncode == code, printed
        # Terraform breaks its messages into a frame
        return " ".join(printed.replace("│", " ").split())

    def apply(self) -> str:
        """Writes the root module and applies it."""
        self.write()
        return self.run("apply", "-auto-approve")

    def outputs(self) -> dict[str, Any]:
        """What the module gives."""
        state = json.loads((self.folder / "terraform.tfstate").read_text())
        found: dict[str, Any] = state["outputs"]["all"]["value"]
        return found


@pytest.fixture(scope="session")
def mirror(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("mirror")
    install(folder)
    return folder


@pytest.fixture(scope="session")
def initialised(tmp_path_factory: pytest.TempPathFactory, mirror: Path) -> Path:
    """A folder after `terraform init`, to be copied: that takes longer than most plans."""
    terraform_here.needed()
    made = Terraform(tmp_path_factory.mktemp("terraform"), mirror)
    try:
        made.write()
        made.run("init")
    finally:
        made.genesys.stop()
    return made.folder


@pytest.fixture
def terraform(tmp_path: Path, mirror: Path, initialised: Path) -> Iterator[Terraform]:
    shutil.copytree(initialised, tmp_path, symlinks=True, dirs_exist_ok=True)
    made = Terraform(tmp_path, mirror)
    made.write()
    yield made
    made.genesys.stop()
