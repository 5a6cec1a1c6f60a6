"""Instructions instead of time: the same on a busy machine, and nearly the same on each run.

`perf stat` would be quicker, but few virtual machines let it count; callgrind counts everywhere, in user space only.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import msgspec

RUNS = 1


class Count(msgspec.Struct, frozen=True, kw_only=True):
    """Thousands of instructions per message, ours and the floor's."""

    ours: float
    floor: float


def counted(*desk: str) -> dict[str, Count]:
    """By the subject's name; {} without valgrind. `desk` is what bench.warm is told of one."""
    if shutil.which("valgrind") is None:
        return {}
    with tempfile.TemporaryDirectory(prefix="dmdesk-callgrind-") as folder:
        out, profile = Path(folder) / "counts.json", Path(folder) / "profile"
        # the marker of bench.warm is a function that nothing else calls
        options = ["--tool=callgrind", f"--callgrind-out-file={profile}", "--dump-before=getloadavg"]
        command = ["valgrind", *options, sys.executable, "-m", "bench.warm", str(out), "count", str(RUNS), *desk]
        fixed = {**os.environ, "PYTHONHASHSEED": "0"}
        subprocess.run(command, env=fixed, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        subjects = msgspec.json.decode(out.read_bytes(), type=list[tuple[str, int]])
        return {
            # dump 1 is what led to the first marker; from there on each subject has ours, its floor, and the way on
            name: Count(
                ours=_total(profile, 3 * place + 2) / messages / 1e3,
                floor=_total(profile, 3 * place + 3) / messages / 1e3,
            )
            for place, (name, messages) in enumerate(subjects)
        }


def _total(profile: Path, number: int) -> int:
    found = re.search(r"^totals: (\d+)", profile.with_name(f"{profile.name}.{number}").read_text(), re.MULTILINE)
    assert found, f"callgrind's dump {number} has no total"
    return int(found[1])
