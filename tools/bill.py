"""The package's bill of materials: `python -m tools.bill [--package build]` writes sbom.cdx.json beside the package.

CycloneDX 1.6 (cyclonedx.org/docs/1.6/json), made of the zip itself: each project by its METADATA, with its licence and
the hash of the wheel it came from, which has to be in the lock; below it each of its files, by its RECORD. The same
package gives the same bytes.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import io
import json
import sys
import tomllib
import uuid
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email import message_from_bytes
from email.message import Message
from pathlib import Path

from cyclonedx.model import HashAlgorithm, HashType, Property
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.model.license import LicenseExpression
from cyclonedx.output.json import JsonV1Dot6
from packageurl import PackageURL
from packaging.requirements import Requirement

from tools.environment import ROOT, locked, name_of, pin
from tools.licences import Refused, Rules, licence, rules
from tools.package import RECORD, UNUSED, ours

SBOM = "sbom.cdx.json"
# a bill says when it was made; the same package has to give the same bill, so it is the time of the zip's entries
MADE = datetime(1980, 1, 1, tzinfo=UTC)


class Incomplete(Exception):
    """What the bill would not tell, or tell wrongly."""


@dataclass(frozen=True)
class Project:
    """Somebody's code in the package: its METADATA, and its files with their bytes."""

    facts: Message
    files: Mapping[str, bytes]

    @property
    def name(self) -> str:
        """As PyPI compares it."""
        return name_of(self.facts["Name"])


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(description="Writes the package's bill of materials.")
    parser.add_argument("--package", type=Path, default=ROOT / "build", help="where dmdesk.zip and package.json are")
    folder = parser.parse_args().package
    try:
        count = write(folder)
    except (Incomplete, Refused) as error:
        print(f"no bill of materials: {error}", file=sys.stderr)
        return 1
    print(f"{folder / SBOM}: {count} projects, each with licence, wheel and files")
    return 0


def write(folder: Path) -> int:
    """Writes it; answers how many projects it tells of. Raises Incomplete and Refused."""
    told = json.loads((folder / "package.json").read_text(encoding="utf-8"))
    archive = (folder / told["zip"]).read_bytes()
    if hashlib.sha256(archive).hexdigest() != told["sha256"]:
        raise Incomplete(f"{folder / told['zip']} is not the one of package.json: make package")
    made = bill(archive, told["wheels"], locked(ROOT / "requirements.txt"), rules())
    (folder / SBOM).write_text(JsonV1Dot6(made).output_as_string(indent=2) + "\n", encoding="utf-8")
    return len(made.components)


def bill(archive: bytes, wheels: Mapping[str, str], lock: Mapping[str, tuple[str, ...]], known: Rules) -> Bom:
    """The bill of a package, by its zip, the wheels it was made of (name → SHA-256), and the lock. Raises Incomplete
    where a file is nobody's, or a project is not what the lock says; Refused for a licence."""
    with zipfile.ZipFile(io.BytesIO(archive)) as opened:
        files = {name: opened.read(name) for name in opened.namelist()}
    projects = {one.name: one for one in _projects(files)}
    _whole(files, projects)
    made = Bom(serial_number=uuid.uuid5(uuid.NAMESPACE_OID, hashlib.sha256(archive).hexdigest()))
    made.metadata.timestamp = MADE
    made.metadata.component = root = _root({name: body for name, body in files.items() if ours(name)})
    components = {name: _component(one, _wheel(one, wheels, lock), known) for name, one in projects.items()}
    if missing := {name_of(line) for line in lock} - UNUSED - components.keys():
        raise Incomplete(f"{', '.join(sorted(missing))}: in the lock, and not in the package")
    made.components.update(components.values())
    made.register_dependency(root, components.values())
    for name, one in projects.items():
        made.register_dependency(components[name], [components[need] for need in _needs(one) if need in components])
    return made


def _projects(files: Mapping[str, bytes]) -> Iterator[Project]:
    for name, body in files.items():
        folder, _, file = name.rpartition("/")
        if file == "METADATA" and folder.endswith(".dist-info"):
            rows = csv.reader(io.StringIO(files.get(f"{folder}/{RECORD}", b"").decode()))
            theirs = {row[0]: files[row[0]] for row in rows if row and row[0] in files}
            yield Project(message_from_bytes(body), theirs)


def _whole(files: Mapping[str, bytes], projects: Mapping[str, Project]) -> None:
    """Raises Incomplete for a file that is nobody's."""
    owned = {name for one in projects.values() for name in one.files}
    if nobodys := sorted(name for name in files if name not in owned and not ours(name)):
        raise Incomplete(f"{', '.join(nobodys[:5])}: in the package, and in nobody's {RECORD}")


def _wheel(project: Project, wheels: Mapping[str, str], lock: Mapping[str, tuple[str, ...]]) -> tuple[str, str]:
    """The wheel that the project came from, and its SHA-256, which is in the lock. Raises Incomplete."""
    pinned = {hash_ for line, hashes in lock.items() if _pins(line, project) for hash_ in hashes}
    for wheel, sha256 in wheels.items():
        if name_of(wheel.partition("-")[0]) == project.name and f"sha256:{sha256}" in pinned:
            return wheel, sha256
    raise Incomplete(f"{project.name} {project.facts['Version']} came from no file that requirements.txt knows")


def _pins(line: str, project: Project) -> bool:
    return name_of(line) == project.name and pin(line).partition("==")[2] == project.facts["Version"]


def _root(files: Mapping[str, bytes]) -> Component:
    about = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return Component(
        type=ComponentType.APPLICATION,
        bom_ref=about["name"],
        name=about["name"],
        version=about["version"],
        description=about["description"],
        components=_files(about["name"], files),
    )


def _component(project: Project, wheel: tuple[str, str], known: Rules) -> Component:
    version = project.facts["Version"]
    purl = PackageURL("pypi", None, project.name, version)
    return Component(
        type=ComponentType.LIBRARY,
        bom_ref=str(purl),
        name=project.name,
        version=version,
        purl=purl,
        licenses=[LicenseExpression(licence(project.facts, known))],
        hashes=[HashType(alg=HashAlgorithm.SHA_256, content=wheel[1])],
        properties=[Property(name="dmdesk:wheel", value=wheel[0])],
        components=_files(str(purl), project.files),
    )


def _files(owner: str, files: Mapping[str, bytes]) -> list[Component]:
    return [
        Component(
            type=ComponentType.FILE,
            bom_ref=f"{owner}#{name}",
            name=name,
            hashes=[HashType(alg=HashAlgorithm.SHA_256, content=hashlib.sha256(body).hexdigest())],
        )
        for name, body in files.items()
    ]


def _needs(project: Project) -> Iterator[str]:
    for line in project.facts.get_all("Requires-Dist", []):
        need = Requirement(line)
        if need.marker is None or need.marker.evaluate({"extra": ""}):
            yield name_of(need.name)


if __name__ == "__main__":
    sys.exit(main())
