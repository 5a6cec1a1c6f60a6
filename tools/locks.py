"""Writes the locks: each requirements*.txt from its .in file, with every version and the hash of each of its files.

    python -m tools.locks [--upgrade | --upgrade-package NAME]

Without options only what the .in files have changed is resolved anew. One lock serves Python 3.11 and newer on every
system (`uv pip compile --universal`: docs.astral.sh/uv/pip/compile). Whose index is asked is the environment's affair:
`PIP_INDEX_URL` and `PIP_CERT` count here, too, and no host is written down.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
# those first by which others are bound
ORDER = ("", "-sandbox", "-operator", "-supply", "-checkov", "-dev")
LOCKS = tuple(f"requirements{name}.txt" for name in ORDER)
# Renovate reads them in a lock's first lines, and wants them so (docs.renovatebot.com/modules/manager/pip-compile)
OPTIONS = ("--universal", "--python-version=3.11", "--generate-hashes")
SAME = {"PIP_INDEX_URL": "UV_DEFAULT_INDEX", "PIP_EXTRA_INDEX_URL": "UV_INDEX", "PIP_CERT": "SSL_CERT_FILE"}


def main() -> int:
    """The command line; its options, and the exit code where a lock cannot be made, are uv's."""
    environment = {new: os.environ[old] for old, new in SAME.items() if old in os.environ} | os.environ
    for lock in LOCKS:
        done = subprocess.run([*command(lock), "--quiet", *sys.argv[1:]], cwd=ROOT, env=environment, check=False)
        if done.returncode:
            print(f"{lock} could not be made", file=sys.stderr)
            return done.returncode
    return 0


def command(lock: str) -> list[str]:
    """What makes the lock; its first lines say the same."""
    source = str(Path(lock).with_suffix(".in"))
    return [sys.executable, "-m", "uv", "pip", "compile", *OPTIONS, f"--output-file={lock}", source]


if __name__ == "__main__":
    sys.exit(main())
