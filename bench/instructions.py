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

# The least of them has none of what is done once in a while, whatever comes.
RUNS = 3


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
            name: Count(
                ours=_least(profile, place, 2) / messages / 1e3, floor=_least(profile, place, 3) / messages / 1e3
            )
            for place, (name, messages) in enumerate(subjects)
        }


def _least(profile: Path, place: int, part: int) -> int:
    """Of a subject's runs. Dump 1 is what led to the first marker; from there on each run has ours (2), its floor (3),
    and the way on."""
    return min(_total(profile, 3 * (place * RUNS + run) + part) for run in range(RUNS))


def _total(profile: Path, number: int) -> int:
    found = re.search(r"^totals: (\d+)", profile.with_name(f"{profile.name}.{number}").read_text(), re.MULTILINE)
    assert found, f"callgrind's dump {number} has no total"
    return int(found[1])
