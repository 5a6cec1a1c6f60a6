"""Writes build/evidence, or says what is not so: `python -m tools.evidence` (`make evidence`).

Takes what the steps before it have left in the folder: `permissions.json` and `deployed.xml` of the deployment's story.
Runs checkov and the tests of the threat model itself. Nothing that cannot be shown is left out: then there is no pack.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import msgspec

from chalicelib.observability import FACTS
from tools import bill, docs
from tools.environment import ROOT
from tools.evidence import permissions, questionnaire, retention, skips, threats
from tools.licences import Refused

SUMS = "SHA256SUMS"
TESTED, DEPLOYED, RECORD = "tested.xml", "deployed.xml", "permissions.json"
# Tests of Terraform and of the whole deployment: the story has run them.
SLOW = "tests/deploy/"
LOGGED = "tests/test_observability.py"


class Unproven(Exception):
    """What the pack would claim and nothing shows, a line each."""


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(description="Writes the evidence pack.")
    parser.add_argument("--folder", type=Path, default=ROOT / "build" / "evidence")
    parser.add_argument("--package", type=Path, default=ROOT / "build", help="where dmdesk.zip and package.json are")
    parser.add_argument("--checkov", type=Path, default=ROOT / "build" / "checkov" / "bin" / "checkov")
    chosen = parser.parse_args()
    try:
        write(chosen.folder, chosen.package, chosen.checkov)
    except (Unproven, bill.Incomplete, Refused) as error:
        (chosen.folder / SUMS).unlink(missing_ok=True)
        print(f"no evidence:\n{error}", file=sys.stderr)
        return 1
    print(f"{chosen.folder}: {len(list(chosen.folder.iterdir()))} files; sign {SUMS} (docs/release.md)")
    return 0


def write(folder: Path, package: Path, checkov: Path) -> None:
    """Writes every file. Raises Unproven with all that is not so; Incomplete and Refused for the bill of materials."""
    bill.write(package)
    for name in (bill.SBOM, "package.json"):
        (folder / name).write_bytes((package / name).read_bytes())
    lines = threats.threats(_paper("docs/threat-model.md"))
    found = _checked(checkov)
    roles = _roles(folder)
    wrong = [
        *permissions.wrong(roles),
        *skips.wrong(found, variables()),
        *threats.wrong(lines, _ended(folder, lines)),
        *retention.wrong(_paper("docs/data-protection.md"), retention.variables()),
    ]
    if wrong:
        raise Unproven("\n".join(wrong))
    pages = {
        "permissions.md": ("What each function may do, and did", permissions.page(roles)),
        "checkov.md": ("What checkov was told to skip, and why", skips.page(found)),
        "threats.md": ("Threats, and the tests that hold", threats.page(lines)),
        "logs.md": ("What a log line may hold", _logged()),
        "retention.md": ("How long everything is kept", "\n".join(retention.table(_paper("docs/data-protection.md")))),
        "data-flow.md": ("Data flow", docs.data_flow().partition("-->")[2].strip()),
        "README.md": ("Evidence", _contents(package)),
    }
    for name, (title, text) in pages.items():
        (folder / name).write_text(f"# {title}\n\n{text}\n", encoding="utf-8")
    (folder / SUMS).write_text("".join(_sums(folder, package)), encoding="utf-8")


def _paper(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def variables() -> set[str]:
    """The names of the variables of all modules."""
    texts = (path.read_text(encoding="utf-8") for path in (ROOT / "terraform").rglob("variables*.tf"))
    return {name for text in texts for name in re.findall(r'^variable "(\w+)"', text, re.MULTILINE)}


def _roles(folder: Path) -> dict[str, permissions.Role]:
    record = folder / RECORD
    return msgspec.json.decode(record.read_bytes(), type=dict[str, permissions.Role]) if record.exists() else {}


def _checked(checkov: Path) -> dict[str, Any]:
    """checkov's results, of all that it looks at as one."""
    command = [str(checkov), "--config-file", "terraform/.checkov.yaml", "-d", "terraform", "-o", "json"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    try:
        told = json.loads(done.stdout)
    except json.JSONDecodeError:
        raise Unproven(f"checkov: {done.stderr.strip() or done.stdout.strip()}") from None
    all_of = [one for one in (told if isinstance(told, list) else [told]) if "results" in one]
    results = {kind: [one for each in all_of for one in each["results"].get(kind, [])] for kind in
               ("failed_checks", "skipped_checks")}  # fmt: skip
    return {"results": results, "summary": {"passed": sum(each["summary"]["passed"] for each in all_of)}}


def _ended(folder: Path, lines: list[threats.Threat]) -> dict[str, bool]:
    """How every test ended: those of the story as it was told, the others now."""
    tests = sorted({line.test for line in lines if not line.test.startswith(SLOW)} | {LOGGED})
    report = folder / TESTED
    command = [sys.executable, "-m", "pytest", "-n", "0", "--junitxml", str(report), *tests]
    subprocess.run(command, cwd=ROOT, capture_output=True, check=False)
    ended: dict[str, bool] = {}
    for path in (report, folder / DEPLOYED):
        if path.exists():
            ended |= threats.outcomes(ElementTree.parse(path).getroot())  # noqa: S314 (pytest wrote it, just now)
    return ended


def _logged() -> str:
    facts = ", ".join(f"`{fact}`" for fact in sorted(FACTS))
    return (
        f"The outcome of what was done, in fixed words, and of these facts those that are known: {facts}. `detail` "
        f"and `error` are a vendor's codes and our own words. All traffic of `{LOGGED}` bears marks in texts, names, "
        "tokens and bodies; none stood in any line or metric."
    )


def _contents(package: Path) -> str:
    told = json.loads((package / "package.json").read_text(encoding="utf-8"))
    made = f"package `{told['sha256']}` ({told['runtime']}, {told['architecture']}), commit `{_commit()}`"
    page = questionnaire.page(lambda paper: f"`{paper}`", lambda name: f"[{name}]({name})")
    return (
        f"Of dmdesk, {made}. `{SUMS}` has the hash of every file here and of the package; how it is signed and "
        "checked: `docs/release.md`. All of it was shown by an emulated AWS and simulated vendors: what those cannot "
        f"show is in `docs/threat-model.md`.\n\n{page}"
    )


def _commit() -> str:
    """ "" where this is no clone, or there is no git."""
    git = shutil.which("git")
    if git is None:
        return ""
    command = [git, "describe", "--always", "--dirty"]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False).stdout.strip()


def _sums(folder: Path, package: Path) -> Iterator[str]:
    archive = package / "dmdesk.zip"
    for path in [archive, *sorted(folder.iterdir())]:
        if path.name != SUMS:
            yield f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}\n"


if __name__ == "__main__":
    sys.exit(main())
