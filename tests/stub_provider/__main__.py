"""python -m tests.stub_provider install FOLDER: lays the provider into a filesystem mirror for Terraform."""

from __future__ import annotations

import os
import platform
import shlex
import sys
from pathlib import Path

SOURCE = "registry.terraform.io/mypurecloud/genesyscloud"
VERSION = "1.84.1"
REPOSITORY = Path(__file__).resolve().parents[2]
_MACHINES = {"x86_64": "amd64", "aarch64": "arm64", "arm64": "arm64", "AMD64": "amd64"}


def install(mirror: Path) -> Path:
    """Writes the launcher, which uses this very Python; returns its path. Terraform wants that name."""
    target = f"{platform.system().lower()}_{_MACHINES.get(platform.machine(), platform.machine())}"
    launcher = mirror.resolve() / SOURCE / VERSION / target / f"terraform-provider-genesyscloud_v{VERSION}"
    launcher.parent.mkdir(parents=True, exist_ok=True)
    # -P: Terraform starts it in the root module, which may hold a folder of the same name as ours
    run = f"exec {shlex.quote(sys.executable)} -P -m tests.stub_provider serve"
    launcher.write_text(f"#!/bin/sh\nPYTHONPATH={shlex.quote(str(REPOSITORY))} {run}\n")
    launcher.chmod(0o755)
    return launcher


def configuration(mirror: Path) -> str:
    """The text of a Terraform CLI configuration (TF_CLI_CONFIG_FILE) that takes the provider from there.

    All others come from the filesystem mirror that TERRAFORM_MIRROR names, else from Terraform's registry.
    """
    local = os.environ.get("TERRAFORM_MIRROR")
    others = 'direct {\n    exclude = ["registry.terraform.io/mypurecloud/*"]\n  }\n'
    if local:
        others = _mirrored(local, "hashicorp")
    return f"provider_installation {{\n  {_mirrored(str(mirror.resolve()), 'mypurecloud')}  {others}}}\n"


def _mirrored(folder: str, namespace: str) -> str:
    return (
        f'filesystem_mirror {{\n    path    = "{folder}"\n    include = ["registry.terraform.io/{namespace}/*"]\n  }}\n'
    )


def main(arguments: list[str]) -> None:
    """Does what the arguments say; SystemExit with the usage otherwise."""
    match arguments:
        case ["install", folder]:
            print(install(Path(folder)))
        case ["serve"]:
            from tf.runner import run_provider

            from tests.stub_provider.provider import GenesysCloud

            run_provider(GenesysCloud(), [sys.argv[0]])
        case _:
            raise SystemExit(f"usage: python -m tests.stub_provider install FOLDER\n{__doc__}")


if __name__ == "__main__":
    main(sys.argv[1:])
