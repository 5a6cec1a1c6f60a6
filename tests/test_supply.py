"""What others made: its licences, the vulnerabilities that are known of it, and the bill that tells of it."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import re
import sys
import zipfile
from email.message import Message
from pathlib import Path

import pytest
import yaml

from tools import audit, licences, locks
from tools.bill import Incomplete, bill
from tools.environment import ROOT, locked
from tools.licences import Refused, licence, rules
from tools.package import source_of, write_records

KNOWN = rules(
    """
allowed = ["MIT", "Apache-2.0"]
[names]
"License :: OSI Approved :: MIT License" = "MIT"
"License :: OSI Approved :: GNU General Public License v3 (GPLv3)" = "GPL-3.0-only"
[projects]
mute = "MIT"
"""
)


def facts(name: str = "some.Project", **fields: str) -> Message:
    """METADATA with these fields; an underscore stands for a hyphen."""
    made = Message()
    made["Name"], made["Version"] = name, "1.0"
    for field, value in fields.items():
        made[field.replace("_", "-")] = value
    return made


# --- licences


@pytest.mark.parametrize(
    ("project", "told"),
    [
        (facts(License_Expression="MIT"), "MIT"),
        (facts(License_Expression="GPL-3.0-only OR MIT"), "GPL-3.0-only OR MIT"),
        (facts(License="Apache-2.0"), "Apache-2.0"),
        (facts(License="A text\nof many lines", Classifier="License :: OSI Approved :: MIT License"), "MIT"),
        (facts(name="mute"), "MIT"),
    ],
)
def test_a_licence_that_is_allowed_is_told(project: Message, told: str) -> None:
    assert licence(project, KNOWN) == told


@pytest.mark.parametrize(
    ("project", "said"),
    [
        (facts(), "some-project does not say its licence"),
        (facts(License="Proprietary, ask us"), "does not say its licence"),
        (facts(Classifier="License :: OSI Approved"), "does not say its licence"),
        (facts(License_Expression="GPL-3.0-only"), "does not allow"),
        (facts(License_Expression="MIT AND GPL-3.0-only"), "does not allow"),
        (facts(Classifier="License :: OSI Approved :: GNU General Public License v3 (GPLv3)"), "does not allow"),
    ],
)
def test_a_licence_that_nobody_allowed_is_refused(project: Message, said: str) -> None:
    with pytest.raises(Refused, match=said):
        licence(project, KNOWN)


def test_all_that_is_installed_is_under_an_allowed_licence(capsys: pytest.CaptureFixture[str]) -> None:
    assert licences.main() == 0
    told = capsys.readouterr().out.splitlines()
    assert len(told) > 100
    assert f"botocore=={next(line for line in told if line.startswith('boto3==')).split('==')[1]}" in told


# --- the bill of materials

FILES = {"six.py": b"six = 6\n", "__pycache__/six.cpython-311.pyc": b"compiled", "app.py": b"", "chalicelib/x.py": b""}
HASH = hashlib.sha256(b"the wheel").hexdigest()
LOCK = {"six==1.0": (f"sha256:{HASH}",), "click==8.0": ("sha256:0",)}
METADATA = "Metadata-Version: 2.1\nName: six\nVersion: 1.0\nLicense: MIT\n"


def package(record: str = "six.py\n__pycache__/six.cpython-311.pyc\n", metadata: str = METADATA) -> bytes:
    """A package of one project."""
    into = io.BytesIO()
    with zipfile.ZipFile(into, "w") as made:
        for name, body in FILES.items():
            made.writestr(name, body)
        made.writestr("six-1.0.dist-info/METADATA", metadata)
        made.writestr("six-1.0.dist-info/RECORD", f"{record}six-1.0.dist-info/METADATA\nsix-1.0.dist-info/RECORD\n")
    return into.getvalue()


WHEELS = {"six-1.0-py3-none-any.whl": HASH}


def test_a_project_is_told_with_its_licence_wheel_and_files() -> None:
    [six] = bill(package(), WHEELS, LOCK, KNOWN).components
    assert (six.name, six.version, str(six.purl)) == ("six", "1.0", "pkg:pypi/six@1.0")
    assert [one.content for one in six.hashes] == [HASH]
    assert {one.name for one in six.components} >= {"six.py", "__pycache__/six.cpython-311.pyc"}


@pytest.mark.parametrize(
    ("odd", "wheels", "lock", "said"),
    [
        ({"record": "six.py\n"}, WHEELS, LOCK, r"__pycache__/six.*: in the package, and in nobody's RECORD"),
        ({}, {"six-1.0-py3-none-any.whl": "f" * 64}, LOCK, "six 1.0 came from no file that"),
        ({}, {}, LOCK, "six 1.0 came from no file that"),
        ({}, WHEELS, {"six==1.1": LOCK["six==1.0"]}, "six 1.0 came from no file that"),
        ({}, WHEELS, LOCK | {"idna==3.0": ()}, "idna: in the lock, and not in the package"),
    ],
)
def test_a_bill_that_would_not_be_whole_is_none(
    odd: dict[str, str], wheels: dict[str, str], lock: dict[str, tuple[str, ...]], said: str
) -> None:
    with pytest.raises(Incomplete, match=said):
        bill(package(**odd), wheels, lock, KNOWN)


def test_a_component_without_a_licence_has_no_bill() -> None:
    with pytest.raises(Refused, match="six does not say its licence"):
        bill(package(metadata=METADATA.replace("License: MIT\n", "")), WHEELS, LOCK, KNOWN)


def test_what_is_left_of_a_project_stays_its_own(tmp_path: Path) -> None:
    for name in ("a/b.py", "a/__pycache__/b.cpython-313.pyc", "a-1.dist-info/METADATA", "app.py", "chalicelib/c.py"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(b"")
    owners = {"a-1.dist-info": {"a/b.py", "a/gone.py", "a-1.dist-info/METADATA"}}
    write_records(tmp_path, owners)
    rows = csv.reader(io.StringIO((tmp_path / "a-1.dist-info/RECORD").read_text()))
    assert [row[0] for row in rows] == [
        "a-1.dist-info/METADATA", "a/__pycache__/b.cpython-313.pyc", "a/b.py", "a-1.dist-info/RECORD",
    ]  # fmt: skip
    (tmp_path / "a-1.dist-info/RECORD").unlink()
    (tmp_path / "stray.pth").write_bytes(b"")
    with pytest.raises(SystemExit, match=r"nobody's: stray\.pth"):
        write_records(tmp_path, owners)


def test_compiled_code_is_whose_its_source_is() -> None:
    assert source_of("__pycache__/six.cpython-311.pyc") == "six.py"
    assert source_of("a/__pycache__/b_c.cpython-313.pyc") == "a/b_c.py"
    assert source_of("a/b.pyc") == "a/b.pyc"


# --- known vulnerabilities

NAMES = {"six", "idna"}
SAFE = {
    "dependencies": [{"name": "six", "version": "1.0", "vulns": []}, {"name": "idna", "version": "3.0", "vulns": []}]
}


def test_an_audit_of_everything_that_finds_nothing_is_clean() -> None:
    assert audit.judged(NAMES, SAFE, "") == (audit.CLEAN, "2 looked up, no vulnerability is known")


def test_a_known_vulnerability_is_told_with_what_mends_it() -> None:
    known = {"id": "PYSEC-2026-1", "fix_versions": ["1.1"]}
    report = {"dependencies": [{"name": "Six", "version": "1.0", "vulns": [known]}]}
    end, words = audit.judged(NAMES, report, "")
    assert (end, "six 1.0: PYSEC-2026-1, mended in 1.1" in words) == (audit.FOUND, True)


@pytest.mark.parametrize(
    "report",
    [
        {},
        {"dependencies": []},
        {"dependencies": SAFE["dependencies"][:1]},
        {"dependencies": [SAFE["dependencies"][0], {"name": "idna", "skip_reason": "not found on PyPI"}]},
    ],
)
def test_an_audit_that_did_not_look_at_everything_is_not_clean(report: dict[str, object]) -> None:
    end, words = audit.judged(NAMES, report, "WARNING: x\nERROR: no such host\n")
    assert end == audit.UNKNOWN
    assert words.startswith("NOT audited: of ")
    assert words.endswith("pip-audit: ERROR: no such host")


def test_an_audit_without_its_database_fails(capsys: pytest.CaptureFixture[str]) -> None:
    """The real pip-audit, whose database answers nobody."""
    options = ["--vulnerability-service", "osv", "--osv-url", "http://127.0.0.1:9", "--timeout", "1"]
    assert audit.audit(ROOT / "requirements-operator.txt", options) == audit.UNKNOWN
    assert "NOT audited" in capsys.readouterr().err


def test_what_another_system_needs_is_not_looked_up_here() -> None:
    lock = ROOT / "requirements.txt"
    assert any(line.startswith("ansicon==") for line in locked(lock))
    assert "ansicon" not in audit.applying(lock) or sys.platform == "win32"


# --- locks


def test_each_lock_is_made_by_one_command_in_the_order_in_which_they_bind(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    asked = tmp_path / "asked"
    uv = tmp_path / "uv"
    uv.write_text(f'#!/bin/sh\nprintf "%s|$UV_DEFAULT_INDEX|$SSL_CERT_FILE|%s\\n" "$5" "$*" >> {asked}\n')
    uv.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(uv))
    monkeypatch.setattr(sys, "argv", ["locks", "--upgrade"])
    monkeypatch.setenv("PIP_INDEX_URL", "https://index.example/simple")
    monkeypatch.delenv("SSL_CERT_FILE", raising=False)
    monkeypatch.setenv("PIP_CERT", "/ca.pem")
    assert locks.main() == 0
    lines = asked.read_text().splitlines()
    assert [re.findall(r"--output-file=(\S+)", line)[0] for line in lines] == list(locks.LOCKS)
    assert all(
        line.endswith("--quiet --upgrade") and "|https://index.example/simple|/ca.pem|" in line for line in lines
    )
    bound = {name: (ROOT / name).with_suffix(".in").read_text() for name in locks.LOCKS}
    for position, name in enumerate(locks.LOCKS):
        assert not [other for other in locks.LOCKS[position:] if f"-c {other}\n" in bound[name]]


def test_a_lock_that_cannot_be_made_is_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "executable", "/bin/false")
    assert locks.main() == 1
    assert capsys.readouterr().err == "requirements.txt could not be made\n"


# --- what runs elsewhere

WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))


@pytest.mark.parametrize("file", WORKFLOWS, ids=lambda file: file.name)
def test_a_workflow_may_read_and_no_more(file: Path) -> None:
    text = file.read_text(encoding="utf-8")
    workflow = yaml.safe_load(text)
    assert workflow["permissions"] == {}
    for job in workflow["jobs"].values():
        assert job["permissions"] == {"contents": "read"}
    assert "pull_request_target" not in text
    assert "secrets." not in text
    used = re.findall(r"uses: (\S+)(.*)", text)
    assert used
    for action, comment in used:
        assert re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40}", action), f"{action}: a tag may be moved"
        assert re.fullmatch(r" # v\d+\.\d+\.\d+", comment), f"{action}: say which version it is"
    assert text.count("persist-credentials: false") == text.count("actions/checkout@")


def test_what_runs_elsewhere_is_what_runs_here() -> None:
    commands = {file.name: re.findall(r"run: (.+)", file.read_text(encoding="utf-8")) for file in WORKFLOWS}
    assert commands == {"audit.yml": ["make audit"], "ci.yml": [".ci/run"]}
    assert [step for step in commands["ci.yml"] if not (ROOT / step).exists()] == []


def test_renovate_looks_after_the_locks() -> None:
    told = json.loads((ROOT / "renovate.json").read_text(encoding="utf-8"))
    [pattern] = told["pip-compile"]["managerFilePatterns"]
    assert all(re.search(pattern.strip("/"), name) for name in locks.LOCKS)
