"""docs/threat-model.md: each line's test, and how it ended."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import NamedTuple
from xml.etree.ElementTree import Element

STRIDE = {"S", "T", "R", "I", "D", "E"}


class Threat(NamedTuple):
    """A line: which letter of STRIDE, what is threatened, what answers it, and the test that would fail without."""

    letter: str
    threat: str
    answer: str
    test: str


def threats(paper: str) -> list[Threat]:
    """The lines of the paper's table. Raises ValueError for one without a test."""
    found = []
    for line in paper.splitlines():
        cells = [cell.strip() for cell in line.strip().strip("|").split(" | ")]
        if line.startswith("|") and cells[0] in STRIDE:
            if len(cells) != 4 or not re.fullmatch(r"`tests/[\w/]+\.py::\w+`", cells[3]):
                raise ValueError(f"no test: {line}")
            letter, threat, answer, test = cells
            found.append(Threat(letter, threat, answer, test.strip("`")))
    return found


def outcomes(report: Element) -> dict[str, bool]:
    """Whether each test of a pytest report (`--junitxml`) passed, all its cases; one that was skipped did not."""
    ended: dict[str, bool] = {}
    for case in report.iter("testcase"):
        file = case.get("classname", "").replace(".", "/")
        test = f"{file}.py::{case.get('name', '').partition('[')[0]}"
        ended[test] = ended.get(test, True) and not list(case.iterfind("failure")) + list(
            case.iterfind("error")
        ) + list(case.iterfind("skipped"))
    return ended


def wrong(lines: list[Threat], ended: Mapping[str, bool]) -> Iterator[str]:
    """Each line whose test did not run, or did not pass; and each letter that has no line."""
    for letter in sorted(STRIDE - {line.letter for line in lines}):
        yield f"the threat model has no line for {letter}"
    for line in lines:
        if not ended.get(line.test):
            how = "did not run" if line.test not in ended else "did not pass"
            yield f"{line.test} {how}, which is to hold: {line.answer}"


def page(lines: list[Threat]) -> str:
    """The lines, each with its test, which passed."""
    head = ["| | threat | answer | passed |", "|---|---|---|---|"]
    return "\n".join([*head, *(f"| {one.letter} | {one.threat} | {one.answer} | `{one.test}` |" for one in lines)])
