"""The evidence pack claims what was shown, and there is none where something was not."""

from __future__ import annotations

import ast
import copy
import hashlib
import json
import re
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import msgspec
import pytest

from tools import bill
from tools.environment import ROOT
from tools.evidence import __main__ as pack
from tools.evidence import permissions, questionnaire, retention, skips, threats
from tools.evidence.permissions import Role
from tools.licences import Refused

QUEUE = "arn:aws:sqs:eu-west-1:123456789012:inbound.fifo"
STATEMENT = {"Effect": "Allow", "Action": ["sqs:SendMessage", "sqs:ReceiveMessage"], "Resource": [QUEUE]}


def role(*more: dict[str, Any], used: tuple[str, ...] = ("sqs:SendMessage",)) -> Role:
    return Role(
        policies=[{"Statement": [STATEMENT, *more]}],
        used=list(used),
        by_aws=["sqs:ReceiveMessage"],
        idle={"s3:PutObject": "no message of the story is too big"},
    )


def allow(action: str | list[str], resource: str | list[str] = QUEUE) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": action, "Resource": resource}


# --- rights


def test_a_policy_that_is_its_use_is_shown() -> None:
    roles = {"edge": role(allow("s3:PutObject"))}
    assert list(permissions.wrong(roles)) == []
    assert "| edge | `s3:PutObject` | no message of the story is too big |" in permissions.page(roles)
    assert "| edge | `sqs:SendMessage` | used |" in permissions.page(roles)


@pytest.mark.parametrize(
    ("wider", "told"),
    [
        (allow("sqs:DeleteQueue"), "edge may sqs:DeleteQueue and never does"),
        (allow("sqs:*"), "edge may sqs:* on any resource"),
        (allow("*", "*"), "edge may * on any resource"),
        (allow("sqs:SendMessage", "*"), "edge may sqs:SendMessage on any resource"),
        (allow(["sqs:SendMessage"], [QUEUE, "*"]), "edge may sqs:SendMessage on any resource"),
        ({"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"}, "edge may * on any resource"),
    ],
)
def test_a_policy_that_is_wider_than_its_use_is_told(wider: dict[str, Any], told: str) -> None:
    assert told in list(permissions.wrong({"edge": role(wider)}))


def test_what_no_policy_grants_and_what_nobody_recorded_is_told() -> None:
    assert list(permissions.wrong({"edge": role(used=("sqs:SendMessage", "s3:GetObject"))})) == [
        "edge did s3:GetObject, which none of its policies grants"
    ]
    assert list(permissions.wrong({})) == ["no role was recorded"]


def test_a_denial_is_no_grant_and_a_network_card_lies_anywhere() -> None:
    deny = {"Effect": "Deny", "Action": "*", "Resource": "*"}
    card = allow("ec2:CreateNetworkInterface", "*")
    inside = msgspec.structs.replace(role(deny, card), by_aws=["sqs:ReceiveMessage", "ec2:CreateNetworkInterface"])
    assert list(permissions.wrong({"edge": inside})) == []


# --- what checkov was told to skip

SKIPPED = {
    "check_id": "CKV_AWS_1",
    "check_name": "Ensure it is so",
    "file_path": "/modules/aws/main.tf",
    "resource": "module.aws.aws_sns_topic.alarms",
    "check_result": {"suppress_comment": "var.kms_key encrypts it where there is one"},
}
FOUND: dict[str, Any] = {"summary": {"passed": 3}, "results": {"failed_checks": [], "skipped_checks": [SKIPPED]}}


def test_a_skip_with_a_reason_is_shown() -> None:
    assert list(skips.wrong(FOUND, {"kms_key"})) == []
    assert "| CKV_AWS_1 | Ensure it is so | var.kms_key encrypts it where there is one |" in skips.page(FOUND)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda found: found["summary"].update(passed=0), "checkov has looked at nothing"),
        (lambda found: found["results"]["failed_checks"].append(SKIPPED), "CKV_AWS_1 fails: /modules/aws/main.tf"),
        (lambda found: found["results"]["skipped_checks"][0]["check_result"].clear(), "is skipped without a reason"),
        (
            lambda found: found["results"]["skipped_checks"][0]["check_result"].update(suppress_comment="not needed"),
            "is skipped without a reason",
        ),
        (
            lambda found: found["results"]["skipped_checks"][0]["check_result"].update(
                suppress_comment="var.no_such_setting decides that"
            ),
            "because of var.no_such_setting, which there is not",
        ),
    ],
)
def test_a_check_that_fails_or_is_skipped_for_nothing_is_told(change: Any, told: str) -> None:
    found = copy.deepcopy(FOUND)
    change(found)
    assert any(told in line for line in skips.wrong(found, {"kms_key"}))


def test_every_skip_in_terraform_has_a_reason_that_holds() -> None:
    """As they stand in the files, without checkov."""
    skipped = [
        {**SKIPPED, "check_id": found[1], "file_path": str(path), "check_result": {"suppress_comment": found[2]}}
        for path in (ROOT / "terraform").rglob("*.tf")
        for found in re.finditer(r"#checkov:skip=(\w+):?(.*)", path.read_text(encoding="utf-8"))
    ]
    assert len(skipped) > 20
    found: dict[str, Any] = {"summary": {"passed": 1}, "results": {"failed_checks": [], "skipped_checks": skipped}}
    assert list(skips.wrong(found, pack.variables())) == []


# --- the threat model

THREATS = threats.threats((ROOT / "docs" / "threat-model.md").read_text(encoding="utf-8"))


def test_every_letter_has_its_lines() -> None:
    assert {line.letter for line in THREATS} == threats.STRIDE
    assert len(THREATS) > 30


@pytest.mark.parametrize("line", THREATS, ids=lambda line: line.test.partition("::")[2])
def test_the_test_of_a_threat_exists(line: threats.Threat) -> None:
    file, _, name = line.test.partition("::")
    tree = ast.parse((ROOT / file).read_text(encoding="utf-8"))
    assert name in {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}


def test_a_line_without_a_test_is_none() -> None:
    with pytest.raises(ValueError, match="no test"):
        threats.threats("| S | somebody lies | nobody believes it | trust us |\n")


REPORT = """<testsuites><testsuite>
  <testcase classname="tests.edge.test_receive" name="test_a[x]"/>
  <testcase classname="tests.edge.test_receive" name="test_a[y]"><failure/></testcase>
  <testcase classname="tests.edge.test_receive" name="test_b"/>
  <testcase classname="tests.edge.test_receive" name="test_c"><skipped/></testcase>
</testsuite></testsuites>"""


def test_a_threat_whose_test_did_not_pass_is_told() -> None:
    ended = threats.outcomes(ElementTree.fromstring(REPORT))  # noqa: S314 (ours)
    assert ended == {
        "tests/edge/test_receive.py::test_a": False,
        "tests/edge/test_receive.py::test_b": True,
        "tests/edge/test_receive.py::test_c": False,
    }
    told = [threats.Threat(letter, "x", "so it is", f"tests/edge/test_receive.py::test_{name}")
            for letter, name in zip("STRIDE", "abcdbb", strict=True)]  # fmt: skip
    assert list(threats.wrong(told, ended)) == [
        "tests/edge/test_receive.py::test_a did not pass, which is to hold: so it is",
        "tests/edge/test_receive.py::test_c did not pass, which is to hold: so it is",
        "tests/edge/test_receive.py::test_d did not run, which is to hold: so it is",
    ]
    assert next(threats.wrong(told[1:], ended)) == "the threat model has no line for S"


# --- how long everything is kept

VARIABLES = "\n".join(
    (ROOT / "terraform" / file).read_text("utf-8") for file in ("variables.tf", "modules/aws/variables.tf")
)
PAPER = (ROOT / "docs" / "data-protection.md").read_text(encoding="utf-8")


def test_the_paper_says_how_long_terraform_keeps_it() -> None:
    assert list(retention.wrong(PAPER, VARIABLES)) == []


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        (
            "parked_days      = optional(number, 90)",
            "parked_days      = optional(number, 365)",
            "retention.parked_days",
        ),
        ("profile_days     = optional(number, 7)", "profile_days     = optional(number, 30)", "retention.profile_days"),
        (
            "backup_days      = optional(number, 35)\n",
            "more_days = optional(number, 3)\n",
            "retention.more_days has no row",
        ),
    ],
)
def test_a_figure_that_is_not_terraforms_is_told(before: str, after: str, told: str) -> None:
    assert before in VARIABLES
    assert any(told in line for line in retention.wrong(PAPER, VARIABLES.replace(before, after)))


# --- answers


def test_every_answer_names_a_paper_and_what_shows_it() -> None:
    made = {
        "README.md",
        "checkov.md",
        "data-flow.md",
        "logs.md",
        "permissions.md",
        "retention.md",
        bill.SBOM,
        "threats.md",
    }
    for answers in questionnaire.topics().values():
        for one in answers:
            assert (ROOT / one.policy).exists(), one
            assert not one.shown or one.shown in made, one
            assert one.shown or one.policy


# --- the pack


@pytest.fixture
def inputs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder as the steps before it leave it, with a package that needs no building."""
    folder = tmp_path / "evidence"
    folder.mkdir()
    (folder / "permissions.json").write_bytes(msgspec.json.encode({"edge": role(allow("s3:PutObject"))}))
    (tmp_path / "dmdesk.zip").write_bytes(b"zip")
    facts = {"sha256": "0" * 64, "runtime": "python3.13", "architecture": "arm64", "zip": "dmdesk.zip"}
    (tmp_path / "package.json").write_text(json.dumps(facts))
    monkeypatch.setattr(bill, "write", lambda folder: (folder / bill.SBOM).write_text("{}"))
    monkeypatch.setattr(pack, "_ended", lambda *_: {line.test: True for line in THREATS})
    checkov = tmp_path / "checkov"
    (tmp_path / "found.json").write_text(json.dumps([{**FOUND}, {"passed": 0}]).replace("kms_key", "retention"))
    checkov.write_text(f'#!/bin/sh\ncat "{tmp_path}/found.json"\n')
    checkov.chmod(0o755)
    return tmp_path


def made(inputs: Path, monkeypatch: pytest.MonkeyPatch) -> int:
    options = ["--folder", inputs / "evidence", "--package", inputs, "--checkov", inputs / "checkov"]
    monkeypatch.setattr("sys.argv", ["evidence", *map(str, options)])
    return pack.main()


def test_the_pack_has_every_file_with_its_hash(inputs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert made(inputs, monkeypatch) == 0
    folder = inputs / "evidence"
    lines = [line.split("  ") for line in (folder / pack.SUMS).read_text().splitlines()]
    sums = {name: sha256 for sha256, name in lines}
    there = {path.name: path for path in [*folder.iterdir(), inputs / "dmdesk.zip"] if path.name != pack.SUMS}
    assert sums == {name: hashlib.sha256(path.read_bytes()).hexdigest() for name, path in there.items()}
    shown = {one.shown for answers in questionnaire.topics().values() for one in answers if one.shown}
    assert shown <= there.keys()
    assert "## Deletion" in (folder / "README.md").read_text()


def test_a_widened_policy_is_no_pack(
    inputs: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert made(inputs, monkeypatch) == 0
    wider = msgspec.json.encode({"edge": role(allow("dynamodb:DeleteTable", "*"))})
    (inputs / "evidence" / "permissions.json").write_bytes(wider)
    assert made(inputs, monkeypatch) == 1
    assert "edge may dynamodb:DeleteTable and never does" in capsys.readouterr().err
    assert not (inputs / "evidence" / pack.SUMS).exists()


def test_a_component_without_a_licence_is_no_pack(
    inputs: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refused(folder: Path) -> None:
        raise Refused("six does not say its licence")

    monkeypatch.setattr(bill, "write", refused)
    assert made(inputs, monkeypatch) == 1
    assert "six does not say its licence" in capsys.readouterr().err
    assert not (inputs / "evidence" / pack.SUMS).exists()


@pytest.mark.parametrize(
    ("file", "text", "told"),
    [
        ("evidence/permissions.json", "{}", "no role was recorded"),
        ("found.json", "Traceback: no such file", "checkov: "),
        ("found.json", json.dumps({"passed": 0}), "checkov has looked at nothing"),
    ],
)
def test_what_was_not_looked_at_is_no_evidence(
    inputs: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    file: str,
    text: str,
    told: str,
) -> None:
    (inputs / file).write_text(text)
    assert made(inputs, monkeypatch) == 1
    assert told in capsys.readouterr().err
