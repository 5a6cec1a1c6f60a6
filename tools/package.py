"""Builds what Lambda runs: build/dmdesk.zip, and build/package.json that tells Terraform how to run it.

    python -m tools.package [--arch arm64|x86_64] [--out build]

pip fetches the wheels of the target's platform, each by its hash in requirements.txt (Chalice's own packager checks
none of them); this script then takes away what the functions never import or ask for, compiles the rest, and writes
the zip so that the same input gives the same bytes. Each project's RECORD tells which files are its own, for the bill
of materials (tools/bill.py). Lambda's runtime is the version of the Python that runs this, which needs pip and nothing
else.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from tools.environment import HASHED, advice, lock, locked, name_of
from tools.thinning import thin

ROOT = Path(__file__).resolve().parent.parent
# Lambda's Pythons that every wheel knows
PYTHONS = ((3, 11), (3, 13))
# architecture → e_machine of an ELF file
MACHINES = {"arm64": 183, "x86_64": 62}
LARGEST = 20 * 1024 * 1024

# Projects of Chalice's command line, never imported by a function. What is not named here is in the package without a
# word, and the limit of size tells when something big came along.
UNUSED = {
    "ansicon", "blessed", "click", "editor", "inquirer", "jinxed", "packaging", "pyyaml", "readchar", "runs",
    "setuptools", "wcwidth", "wheel", "xmod",
    # requests loads it to guess an answer's encoding, 9 ms of a cold start; ours are read as bytes
    "charset-normalizer",
}  # fmt: skip
# the oldest C library that a runtime has: Amazon Linux 2 (3.11), Amazon Linux 2023
# docs.aws.amazon.com/lambda/latest/dg/lambda-runtimes.html
GLIBC = {(3, 11): 26}
NEWER_GLIBC = 34
# PEP 600: the first version that has tags of its own
OLDEST_GLIBC = 17
WHEEL_NAMES = {"arm64": "aarch64", "x86_64": "x86_64"}
# boto3/docs and botocore/docs stay: they are imported for the docstrings
UNUSED_PARTS = ("boto3/data", "boto3/examples", "certifi/tests", "regex/tests")
# all of Chalice that runs in a function; the rest is its command line
CHALICE = {"__init__.py", "app.py"}
# botocore loads the description of a service when its client is made; credentials may come from STS.
SERVICE = re.compile(r"""calls\.client\(\s*["']([a-z0-9-]+)["']""")
ALWAYS = {"sts"}
RECORD = "RECORD"
# the version tells a vulnerability scanner what is inside; the licences want to travel with the code
KEPT_FACTS = re.compile(r"METADATA|(licenses/.*)?(LICEN[CS]E|NOTICE|COPYING|AUTHORS)[^/]*", re.IGNORECASE)


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description="Builds the Lambda package.")
    parser.add_argument("--arch", choices=sorted(MACHINES), default="arm64", help="the functions' processor")
    parser.add_argument("--out", type=Path, default=ROOT / "build", help="the folder for the result")
    chosen = parser.parse_args()
    facts = build(chosen.out, chosen.arch)
    print(f"{chosen.out / facts['zip']}: {facts['bytes'] / 1e6:.1f} MB, {facts['runtime']}, {facts['architecture']}")


def build(out: Path, arch: str) -> dict[str, Any]:
    """Writes both files and answers what package.json says. Raises SystemExit with what is wrong."""
    version = sys.version_info[:2]
    if not PYTHONS[0] <= version <= PYTHONS[1]:
        sys.exit(f"Lambda runs Python 3.11 to 3.13, this is {version[0]}.{version[1]}: make package PYTHON=python3.13")
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="dmdesk-package-") as scratch:
        tree = Path(scratch) / "tree"
        wheels = gathered(tree, Path(scratch), arch)
        owners = records(tree)
        prune(tree, services(tree / "chalicelib"))
        thin(tree)
        check(tree, arch)
        compile_all(tree)
        write_records(tree, owners)
        archive = out / "dmdesk.zip"
        write(tree, archive)
    size = archive.stat().st_size
    if size > LARGEST:
        sys.exit(f"{archive} has {size} bytes, more than {LARGEST}: what came in that the functions do not import?")
    facts = {
        "zip": archive.name,
        "runtime": f"python{version[0]}.{version[1]}",
        "architecture": arch,
        "sha256": hashlib.sha256(archive.read_bytes()).hexdigest(),
        "bytes": size,
        "wheels": wheels,
    }
    (out / "package.json").write_text(json.dumps(facts, indent=2) + "\n", encoding="utf-8")
    return facts


def gathered(tree: Path, scratch: Path, arch: str) -> dict[str, str]:
    """Puts our code and what it needs into the tree; answers the wheels' names with their SHA-256."""
    shutil.copytree(ROOT / "chalicelib", tree / "chalicelib", ignore=shutil.ignore_patterns("__pycache__", "*.pyc"))
    shutil.copy(ROOT / "app.py", tree)
    report, wants = scratch / "report.json", scratch / "requirements.txt"
    wants.write_text(lock(needed()), encoding="utf-8")
    options = ["--quiet", "--disable-pip-version-check", "--no-input", "--no-compile", "--target", str(tree)]
    options += [*HASHED, *target(arch), "--requirement", str(wants), "--report", str(report)]
    # no setting of this machine's may bring in a file that the lock does not know
    done = subprocess.run(
        [sys.executable, "-m", "pip", "install", *options],
        env=os.environ | {"PIP_USER": "0"},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        sys.exit(f"the wheels cannot be had: {advice(done.stdout + done.stderr)}")
    found = [item["download_info"] for item in json.loads(report.read_text(encoding="utf-8"))["install"]]
    named = {Path(urlsplit(info["url"]).path).name: sha256(info["archive_info"]) for info in found}
    return dict(sorted(named.items()))


def sha256(archive: Mapping[str, Any]) -> str:
    """pip before 23 told one hash, as `sha256=…`."""
    found: str = archive["hashes"]["sha256"] if "hashes" in archive else archive["hash"].removeprefix("sha256=")
    return found


def needed() -> dict[str, tuple[str, ...]]:
    """The requirements of a function, with the hashes of their files."""
    return {line: hashes for line, hashes in locked(ROOT / "requirements.txt").items() if name_of(line) not in UNUSED}


def target(arch: str) -> list[str]:
    """pip's options for wheels that run in Lambda."""
    version, machine = sys.version_info[:2], WHEEL_NAMES[arch]
    newest = GLIBC.get(version, NEWER_GLIBC)
    platforms = [f"manylinux_2_{minor}_{machine}" for minor in range(newest, OLDEST_GLIBC - 1, -1)]
    abi = f"cp{version[0]}{version[1]}"
    options = ["--implementation", "cp", "--python-version", f"{version[0]}.{version[1]}"]
    for name, values in (("--platform", [*platforms, f"manylinux2014_{machine}"]), ("--abi", [abi, "abi3", "none"])):
        options += [part for value in values for part in (name, value)]
    return options


def services(code: Path) -> set[str]:
    """The AWS services that the code makes clients of."""
    found = {name for file in code.rglob("*.py") for name in SERVICE.findall(file.read_text(encoding="utf-8"))}
    return found | ALWAYS


def prune(tree: Path, kept_services: set[str]) -> None:
    """Takes away what no function imports or reads."""
    unused = {tree / part for part in (*UNUSED_PARTS, "bin")}
    unused |= {part for part in tree.glob("chalice/*") if part.name not in CHALICE}
    unused |= {part for part in tree.glob("botocore/data/*/") if part.name not in kept_services}
    # types, and sources of what is compiled: for people, not for Lambda
    unused |= {file for kind in ("*.pyi", "*.pyx", "*.c", "*.h", "py.typed") for file in tree.rglob(kind)}
    unused |= {
        file
        for facts in tree.glob("*.dist-info")
        for file in facts.rglob("*")
        if file.is_file() and not KEPT_FACTS.fullmatch(file.relative_to(facts).as_posix())
    }
    for path in unused:
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)


def records(tree: Path) -> dict[str, set[str]]:
    """The files of each project, by its dist-info.

    packaging.python.org/en/latest/specifications/recording-installed-packages
    """
    found: dict[str, set[str]] = {}
    for record in tree.glob(f"*.dist-info/{RECORD}"):
        with record.open(encoding="utf-8", newline="") as lines:
            found[record.parent.name] = {row[0] for row in csv.reader(lines) if row}
    return found


def write_records(tree: Path, owners: Mapping[str, Collection[str]]) -> None:
    """Says of each file that is left, compiled ones too, whose it is. Raises SystemExit for one that is nobody's."""
    there = {path.relative_to(tree).as_posix() for path in tree.rglob("*") if path.is_file()}
    nobodys = {file for file in there if not ours(file)}
    for facts, files in sorted(owners.items()):
        kept = sorted(file for file in there if source_of(file) in files)
        nobodys -= set(kept)
        with (tree / facts / RECORD).open("w", encoding="utf-8", newline="") as out:
            csv.writer(out, lineterminator="\n").writerows([file, "", ""] for file in [*kept, f"{facts}/{RECORD}"])
    if nobodys:
        sys.exit(f"in the package, and nobody's: {', '.join(sorted(nobodys)[:5])}")


def ours(file: str) -> bool:
    """Whether a file of the package is this repository's."""
    return source_of(file) == "app.py" or file.startswith("chalicelib/")


def source_of(file: str) -> str:
    """`a/__pycache__/b.cpython-311.pyc` → `a/b.py`; any other file is its own."""
    return re.sub(r"(?:^|(?<=/))__pycache__/([^/.]+)\.[^/]*pyc$", r"\1.py", file)


def project(facts: Path) -> str:
    """`python_dateutil-2.9.0.dist-info` → `python-dateutil`."""
    return name_of(facts.name.partition("-")[0])


def check(tree: Path, arch: str) -> None:
    """Every requirement that is meant to be there is, and every native module is of the target's processor."""
    present = {project(facts) for facts in tree.glob("*.dist-info")}
    missing = {name_of(line) for line in needed()} - present
    if missing:
        sys.exit(f"not in the package: {', '.join(sorted(missing))}")
    for library in tree.rglob("*.so"):
        machine = int.from_bytes(library.read_bytes()[18:20], "little")
        if machine != MACHINES[arch]:
            sys.exit(f"{library.relative_to(tree)} is not for {arch}: is there a wheel of it?")


def compile_all(tree: Path) -> None:
    """Bytecode that is used without a look at the source's time or content: Lambda's disk is read-only.

    In one fresh process with a fixed hash seed: what a process has seen before shows in the bytes.
    """
    options = ["-q", "-j", "1", "--invalidation-mode", "unchecked-hash"]
    # /var/task is where Lambda unpacks, so that tracebacks name real files
    options += ["-s", str(tree), "-p", "/var/task"]
    command = [sys.executable, "-m", "compileall", *options, str(tree)]
    done = subprocess.run(command, env={"PYTHONHASHSEED": "0"}, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"does not compile:\n{done.stdout}{done.stderr}")


def write(tree: Path, archive: Path) -> None:
    """A zip with its entries sorted, of one time and of fixed permissions."""
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as made:
        for file in sorted(path for path in tree.rglob("*") if path.is_file()):
            entry = zipfile.ZipInfo(file.relative_to(tree).as_posix(), date_time=(1980, 1, 1, 0, 0, 0))
            entry.create_system = 3  # Unix, wherever it is made
            entry.external_attr = (0o755 if file.suffix == ".so" else 0o644) << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            made.writestr(entry, file.read_bytes(), compresslevel=9)


if __name__ == "__main__":
    main()
