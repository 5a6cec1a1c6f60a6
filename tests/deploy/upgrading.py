"""The state that a release leaves, kept in releases/ so that the next one is planned over it (docs/release.md).

    python -m tests.deploy.upgrading 0.1.0

applies the module as it stands here to the embedded clouds and writes `releases/<version>.json`. Made up secrets
stand in it, and nothing of the machine that made it.
"""

from __future__ import annotations

import platform
import sys
import tempfile
from pathlib import Path

from tests.deploy.deployment import Deployment
from tests.stub_provider.__main__ import REPOSITORY
from tools import package

RELEASES = Path(__file__).parent / "releases"
HERE = {"x86_64": "x86_64", "AMD64": "x86_64", "aarch64": "arm64", "arm64": "arm64"}[platform.machine()]


def main() -> None:
    """The command line."""
    [_, version] = sys.argv
    with tempfile.TemporaryDirectory() as folder:
        deployed = Deployment(Path(folder))
        package.build(deployed.package, HERE)
        try:
            deployed.start()
            deployed.apply()
        finally:
            deployed.stop()
        state = (deployed.folder / "terraform.tfstate").read_text(encoding="utf-8")
    RELEASES.mkdir(exist_ok=True)
    for there, told in ((folder, "/deployment"), (str(REPOSITORY), "/repository")):
        state = state.replace(there, told)
    (RELEASES / f"{version}.json").write_text(state, encoding="utf-8")


if __name__ == "__main__":
    main()
