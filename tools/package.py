"""Builds what Lambda runs: build/dmdesk.zip, and build/package.json that tells Terraform how to run it.

    python tools/package.py [--arch arm64|x86_64] [--out build]

Chalice resolves requirements.txt into wheels of the target's platform; this script then takes away what the
functions never import, compiles the rest, and writes the zip so that the same input gives the same bytes.
Lambda's runtime is the version of the Python that runs this. Needs what requirements.txt lists.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import zipfile
from importlib import metadata
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
# Lambda's Pythons that Chalice and every wheel know
PYTHONS = ((3, 11), (3, 13))
# architecture → e_machine of an ELF file
MACHINES = {"arm64": 183, "x86_64": 62}
LARGEST = 20 * 1024 * 1024

# Chalice's command line and what it needs, never imported by a function. What is not named here stays, so a new
# requirement is in the package without a word, and the limit of size tells when something big came along.
UNUSED = {
    "_distutils_hack", "_yaml", "blessed", "click", "editor", "inquirer", "jinxed", "packaging", "pip",
    "pkg_resources", "readchar", "runs", "setuptools", "wcwidth", "wheel", "xmod", "yaml",
}  # fmt: skip
# boto3/docs and botocore/docs stay: they are imported for the docstrings
UNUSED_PARTS = ("boto3/data", "boto3/examples", "certifi/tests", "regex/tests")
# botocore loads the description of a service when its client is made; credentials may come from STS.
SERVICE = re.compile(r"""calls\.client\(\s*["']([a-z0-9-]+)["']""")
ALWAYS = {"sts"}
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
        tree = gathered(Path(scratch), arch)
        prune(tree, services(tree / "chalicelib"))
        check(tree, arch)
        compile_all(tree)
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
    }
    (out / "package.json").write_text(json.dumps(facts, indent=2) + "\n", encoding="utf-8")
    return facts


def gathered(scratch: Path, arch: str) -> Path:
    """Chalice's own deployment package of the app, unpacked."""
    project = scratch / "project"
    (project / ".chalice").mkdir(parents=True)
    shutil.copy(ROOT / "app.py", project)
    shutil.copy(ROOT / "requirements.txt", project)
    shutil.copytree(ROOT / "chalicelib", project / "chalicelib", ignore=shutil.ignore_patterns("__pycache__", "*.pyc"))
    config = json.loads((ROOT / ".chalice" / "config.json").read_text(encoding="utf-8"))
    # only the zip is used of what Chalice makes, but it insists on a role
    config |= {"lambda_architecture": arch, "iam_role_arn": "arn:aws:iam::123456789012:role/unused"}
    (project / ".chalice" / "config.json").write_text(json.dumps(config), encoding="utf-8")
    options = ["package", "--stage", "prod", "--pkg-format", "terraform", "out"]
    command = [sys.executable, "-c", "import sys; from chalice.cli import main; sys.exit(main())", *options]
    # it asks for a region though it calls nobody; the app must not look for its settings here
    environment = {name: value for name, value in os.environ.items() if not name.startswith("DMDESK_")}
    environment |= {"AWS_DEFAULT_REGION": "us-east-1", "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(command, cwd=project, env=environment, capture_output=True, text=True, check=False)
    said = done.stdout + done.stderr
    # Chalice only warns where it found no wheel
    if done.returncode or "Could not install dependencies" in said:
        sys.exit(f"chalice package failed:\n{said}")
    tree = scratch / "tree"
    with zipfile.ZipFile(project / "out" / "deployment.zip") as made:
        made.extractall(tree)
    return tree


def services(code: Path) -> set[str]:
    """The AWS services that the code makes clients of."""
    found = {name for file in code.rglob("*.py") for name in SERVICE.findall(file.read_text(encoding="utf-8"))}
    return found | ALWAYS


def prune(tree: Path, kept_services: set[str]) -> None:
    """Takes away what no function imports or reads."""
    unused = {tree / part for part in UNUSED_PARTS}
    unused |= {tree / name for name in UNUSED} | set(tree.glob("*.pth")) | set(tree.glob("*.data"))
    unused |= {part for part in tree.glob("botocore/data/*/") if part.name not in kept_services}
    unused |= {facts for facts in tree.glob("*.dist-info") if project(facts) in unused_projects()}
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


def unused_projects() -> set[str]:
    """The distributions whose modules are all taken away, by their normalised names."""
    modules: dict[str, set[str]] = {}
    for module, names in metadata.packages_distributions().items():
        for name in names:
            modules.setdefault(normal(name), set()).add(module)
    return {name for name, found in modules.items() if found <= UNUSED}


def project(facts: Path) -> str:
    """`python_dateutil-2.9.0.dist-info` → `python-dateutil`."""
    return normal(facts.name.partition("-")[0])


def normal(name: str) -> str:
    """A distribution's name as PyPI compares it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def check(tree: Path, arch: str) -> None:
    """Every requirement that is meant to be there is, and every native module is of the target's processor."""
    present = {project(facts) for facts in tree.glob("*.dist-info")}
    listed = re.findall(r"^([A-Za-z0-9._-]+)==", (ROOT / "requirements.txt").read_text(encoding="utf-8"), re.MULTILINE)
    missing = {normal(name) for name in listed} - present - unused_projects()
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
