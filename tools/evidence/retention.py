"""How long everything is kept: the paper's table, whose figures have to be Terraform's defaults."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

TERRAFORM = Path(__file__).resolve().parents[2] / "terraform"
SETTING = re.compile(r"`((?:retention\.)?\w+_days)`")


def table(paper: str) -> list[str]:
    """The lines of the first table of docs/data-protection.md."""
    lines = paper.splitlines()
    first = next(number for number, line in enumerate(lines) if line.startswith("|"))
    last = next(number for number in range(first, len(lines)) if not lines[number].startswith("|"))
    return lines[first:last]


def variables() -> str:
    """Where Terraform's defaults stand: the root module's, and those of the module that takes its objects."""
    files = (TERRAFORM / "variables.tf", TERRAFORM / "modules" / "aws" / "variables.tf")
    return "\n".join(file.read_text(encoding="utf-8") for file in files)


def defaults(variables: str) -> dict[str, str]:
    """Terraform's defaults of what is counted in days, by the name that the paper has."""
    found = dict(re.findall(r'^variable "(\w+_days)" \{\n(?:  .*\n)*?  default\s*= (\d+)$', variables, re.MULTILINE))
    retention = re.findall(r'^variable "retention" \{\n(.*?)^\}', variables, re.DOTALL | re.MULTILINE)
    inner = re.findall(r"(\w+_days)\s*= optional\(number, (\d+)\)", "".join(retention))
    return found | {f"retention.{name}": days for name, days in inner}


def wrong(paper: str, variables: str) -> Iterator[str]:
    """Each row whose figure is not the default of its setting, and each setting that has no row."""
    rows = [[cell.strip() for cell in line.strip("|").split(" | ")] for line in table(paper)[2:]]
    known, told = defaults(variables), set()
    for place, _, how_long, setting, _ in rows:
        if named := SETTING.match(setting):
            told.add(named[1])
            days = known.get(named[1])
            if days is None or not re.search(rf"\b{days}\b", how_long):
                yield f"{place}: the paper says “{how_long}”, Terraform's default of {named[1]} is {days}"
    for name in sorted(name for name in known.keys() - told if name.startswith("retention.")):
        yield f"{name} has no row of its own in docs/data-protection.md"
