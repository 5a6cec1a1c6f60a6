"""Looks each file of the locks up among the known vulnerabilities: `python -m tools.audit [options of pip-audit]`.

Ends in one of three ways, each in words: 0, all were looked up and nothing is known; 1, something is known; 2, not all
could be looked up, so that nobody knows. pip-audit alone ends well where its database knows no project at all.
Options go on to pip-audit: `--vulnerability-service osv`, `--ignore-vuln ID` (say why, where you write it down).
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement

from tools.environment import ROOT, locked, name_of
from tools.locks import LOCKS

CLEAN, FOUND, UNKNOWN = range(3)
# each hash is the lock's, so that nothing is resolved or installed to be looked up
OPTIONS = ("--strict", "--require-hashes", "--disable-pip", "--progress-spinner", "off", "--format", "json")
ADVICE = "is the database that it asks (--vulnerability-service names another) reachable from here?"


def main() -> int:
    """The command line; the worst end of all locks."""
    return max(audit(ROOT / lock, sys.argv[1:]) for lock in LOCKS)


def audit(lock: Path, options: Sequence[str] = ()) -> int:
    """Looks up all that a lock names, and tells what is known."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.json"
        command = [sys.executable, "-m", "pip_audit", *OPTIONS, *options, "-o", str(report), "-r", str(lock)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        told = json.loads(report.read_text(encoding="utf-8")) if report.exists() else {}
    end, words = judged(applying(lock), told, done.stderr)
    print(f"{lock.name}: {words}", file=sys.stderr if end else sys.stdout)
    return end


def applying(lock: Path) -> set[str]:
    """What the lock names for this system and Python: the others are looked up where they are used."""
    found = map(Requirement, locked(lock))
    return {name_of(one.name) for one in found if one.marker is None or one.marker.evaluate()}


def judged(names: set[str], report: dict[str, Any], said: str) -> tuple[int, str]:
    """The end, in words: by the names that had to be looked up, pip-audit's report ({} for none), and what it said."""
    looked_up = {name_of(one["name"]): one for one in report.get("dependencies", []) if "vulns" in one}
    found = [f"{name} {one['version']}: {_known(each)}" for name, one in looked_up.items() for each in one["vulns"]]
    if found:
        return FOUND, f"{len(found)} known vulnerabilities\n  " + "\n  ".join(found)
    if not names <= looked_up.keys():
        last = next((line for line in reversed(said.splitlines()) if line.strip()), "it said nothing")
        count = len(names - looked_up.keys())
        return UNKNOWN, f"NOT audited: of {count} of {len(names)} nothing is known; {ADVICE} pip-audit: {last.strip()}"
    return CLEAN, f"{len(looked_up)} looked up, no vulnerability is known"


def _known(vulnerability: dict[str, Any]) -> str:
    fixed = ", ".join(vulnerability.get("fix_versions", [])) or "no version"
    return f"{vulnerability['id']}, mended in {fixed}"


if __name__ == "__main__":
    sys.exit(main())
