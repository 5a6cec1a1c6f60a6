"""The Lambda package: the same bytes each time, small, and all that the app needs to start."""

from __future__ import annotations

import hashlib
import json
import os
import platform
import shutil
import subprocess
import sys
import zipfile
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from chalicelib.settings import variables
from tools import bill, package
from tools.environment import locked
from tools.licences import rules

pytestmark = pytest.mark.xdist_group("package")  # built once
# the tests import from the package, so it has to fit this machine
HERE = {"x86_64": "x86_64", "AMD64": "x86_64", "aarch64": "arm64", "arm64": "arm64"}[platform.machine()]
ROLES = ("edge", "desk_edge", "to_desk", "to_customer", "upkeep")


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("package")
    package.build(folder, HERE)
    return folder


@pytest.fixture(scope="module")
def unzipped(built: Path) -> Path:
    folder = built / "unzipped"
    with zipfile.ZipFile(built / "dmdesk.zip") as archive:
        archive.extractall(folder)
    return folder


def run(folder: Path, code: str, **environment: str) -> Any:
    """What a fresh interpreter prints (JSON) that sees the package and the standard library only."""
    command = [sys.executable, "-I", "-S", "-c", f"import sys; sys.path.insert(0, {str(folder)!r}); {code}"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, cwd="/")
    assert (done.returncode, done.stderr) == (0, "")  # each warning would be a line in the functions' logs
    return json.loads(done.stdout)


def settings(role: str) -> dict[str, str]:
    required = [name for name, default in variables().items() if default is None]
    return {
        "AWS_DEFAULT_REGION": "eu-west-1",
        "DMDESK_ROLE": role,
        **{f"DMDESK_{name.upper()}": f"https://{name}.example" for name in required},
    }


def test_two_builds_have_the_same_bytes(built: Path, tmp_path: Path) -> None:
    package.build(tmp_path, HERE)
    assert (tmp_path / "dmdesk.zip").read_bytes() == (built / "dmdesk.zip").read_bytes()
    assert (tmp_path / "package.json").read_bytes() == (built / "package.json").read_bytes()


def test_package_json_tells_terraform_how_to_run_it(built: Path) -> None:
    facts = json.loads((built / "package.json").read_text())
    content = (built / "dmdesk.zip").read_bytes()
    wheels = facts.pop("wheels")
    assert facts == {
        "zip": "dmdesk.zip",
        "runtime": f"python{sys.version_info[0]}.{sys.version_info[1]}",
        "architecture": HERE,
        "sha256": hashlib.sha256(content).hexdigest(),
        "bytes": len(content),
    }
    assert len(content) <= 20 * 1024 * 1024
    pinned = {one for hashes in locked(package.ROOT / "requirements.txt").values() for one in hashes}
    assert len(wheels) >= 15
    assert {f"sha256:{sha256}" for sha256 in wheels.values()} <= pinned


def test_every_file_of_the_package_has_its_component(built: Path) -> None:
    count = bill.write(built)
    made = json.loads((built / bill.SBOM).read_text())
    assert list(JsonStrictValidator(SchemaVersion.V1_6).validate_str(json.dumps(made), all_errors=True) or ()) == []
    told = {
        file["name"]: file["hashes"][0]["content"]
        for one in [made["metadata"]["component"], *made["components"]]
        for file in one["components"]
    }
    with zipfile.ZipFile(built / "dmdesk.zip") as archive:
        there = {name: hashlib.sha256(archive.read(name)).hexdigest() for name in archive.namelist()}
    assert told == there
    names = {one["name"] for one in made["components"]}
    assert count == len(names) >= 15
    assert names >= {"boto3", "botocore", "chalice", "msgspec", "regex", "requests", "urllib3"}
    assert all(one["licenses"][0]["expression"] and one["version"] and one["hashes"] for one in made["components"])
    needs = {one["ref"]: one.get("dependsOn", []) for one in made["dependencies"]}
    [botocore] = [ref for ref in needs if ref.startswith("pkg:pypi/botocore@")]
    assert sorted(ref.partition("@")[0].rpartition("/")[2] for ref in needs[botocore]) == [
        "jmespath", "python-dateutil", "urllib3",
    ]  # fmt: skip


def test_the_same_package_gives_the_same_bill(built: Path, tmp_path: Path) -> None:
    for name in ("dmdesk.zip", "package.json"):
        shutil.copy(built / name, tmp_path)
    for folder in (built, tmp_path):
        bill.write(folder)
    assert (built / bill.SBOM).read_bytes() == (tmp_path / bill.SBOM).read_bytes()


def test_a_package_that_somebody_changed_has_no_bill(built: Path, tmp_path: Path) -> None:
    shutil.copy(built / "package.json", tmp_path)
    shutil.copy(built / "dmdesk.zip", tmp_path)
    with zipfile.ZipFile(tmp_path / "dmdesk.zip", "a") as archive:
        archive.writestr("evil.py", "")
    with pytest.raises(bill.Incomplete, match=r"is not the one of package\.json"):
        bill.write(tmp_path)
    content = (tmp_path / "dmdesk.zip").read_bytes()
    wheels = json.loads((built / "package.json").read_text())["wheels"]
    with pytest.raises(bill.Incomplete, match=r"evil\.py: in the package, and in nobody's RECORD"):
        bill.bill(content, wheels, locked(package.ROOT / "requirements.txt"), rules())


def test_what_the_functions_never_import_is_not_in_it(unzipped: Path) -> None:
    tops = {path.name for path in unzipped.iterdir()}
    assert not tops & {
        "PureCloudPlatformClientV2", "_yaml", "aws_lambda_powertools", "bin", "blessed", "charset_normalizer", "click",
        "inquirer", "ops", "packaging", "pip", "pkg_resources", "readchar", "sandbox", "setuptools", "terraform",
        "tests", "typing_extensions.py", "wcwidth", "wheel", "yaml",
    }  # fmt: skip
    assert {path.name for path in (unzipped / "chalice").iterdir()} == {"__init__.py", "__pycache__", "app.py"}
    assert {path.name for path in (unzipped / "botocore" / "data").iterdir() if path.is_dir()} == {
        "dynamodb", "s3", "secretsmanager", "sns", "sqs", "sts",
    }  # fmt: skip


def test_every_licence_and_version_of_what_is_in_it_travels_along(unzipped: Path) -> None:
    projects = sorted(unzipped.glob("*.dist-info"))
    assert len(projects) >= 15
    for facts in projects:
        assert (facts / "METADATA").exists(), facts
        licences = [path for path in facts.rglob("*") if path.name.upper().startswith(("LICEN", "COPYING"))]
        # the one project whose wheel carries none names it in its metadata
        assert licences or "License" in (facts / "METADATA").read_text(encoding="utf-8"), facts


def test_all_code_is_compiled_and_used_as_it_is(unzipped: Path) -> None:
    sources = list(unzipped.rglob("*.py"))
    compiled = {path.name.partition(".")[0] for path in unzipped.rglob("*.pyc")}
    assert {path.stem for path in sources} <= compiled
    for path in unzipped.rglob("*.pyc"):
        assert path.read_bytes()[4:8] == b"\x01\x00\x00\x00", f"{path} is not unchecked-hash"  # PEP 552


@pytest.mark.parametrize("role", ROLES)
def test_the_app_starts_from_the_package_alone(unzipped: Path, role: str) -> None:
    code = "import json, app; print(json.dumps([sorted(app.app.routes), app.__file__, *sys.path]))"
    routes, origin, *path = run(unzipped, code, **settings(role))
    assert routes == [
        "/api/deauthorised/{channel}", "/api/deletion/{name}", "/api/genesys/outbound", "/api/health",
        "/api/media/{token}", "/api/social/webhook",
    ]  # fmt: skip
    assert Path(origin) == unzipped / "app.py"
    assert not [entry for entry in path if "site-packages" in entry]


def test_a_client_can_be_made_of_each_service(unzipped: Path) -> None:
    names = sorted(package.services(Path(package.ROOT) / "chalicelib") | package.ALWAYS)
    made = f"[made(n).meta.service_model.service_name for n in {names}]"
    code = (
        f"import botocore.session, json; made = botocore.session.get_session().create_client; print(json.dumps({made}))"
    )
    assert run(unzipped, code, AWS_DEFAULT_REGION="eu-west-1", PATH=os.environ["PATH"]) == names


def test_nobody_packages_with_a_python_that_lambda_lacks(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(package, "PYTHONS", ((3, 98), (3, 99)))
    with pytest.raises(SystemExit, match="make package PYTHON="):
        package.build(tmp_path, HERE)


@pytest.mark.parametrize(("version", "arch"), [((3, 11), "arm64"), ((3, 13), "x86_64")])
def test_wheels_are_those_that_lambda_can_load(
    monkeypatch: pytest.MonkeyPatch, version: tuple[int, int], arch: str
) -> None:
    """docs.aws.amazon.com/lambda/latest/dg/lambda-runtimes.html: 3.11 runs on Amazon Linux 2, whose glibc is 2.26."""
    monkeypatch.setattr(sys, "version_info", (*version, 0))
    options = package.target(arch)
    machine = {"arm64": "aarch64", "x86_64": "x86_64"}[arch]
    told = [value for name, value in pairwise(options) if name == "--platform"]
    assert told[0] == f"manylinux_2_{26 if version == (3, 11) else 34}_{machine}"
    assert {f"manylinux_2_17_{machine}", f"manylinux2014_{machine}"} <= set(told)
    assert f"cp{version[0]}{version[1]}" in options


def test_a_native_module_for_another_processor_is_refused(tmp_path: Path) -> None:
    for line in package.needed():
        (tmp_path / f"{line.partition('==')[0].replace('-', '_')}-1.dist-info").mkdir()
    elf = bytearray(64)
    elf[18:20] = (62).to_bytes(2, "little")
    (tmp_path / "native.so").write_bytes(elf)
    with pytest.raises(SystemExit, match=r"native\.so is not for arm64"):
        package.check(tmp_path, "arm64")
