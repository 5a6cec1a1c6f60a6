"""Which licence each project is under, and whether that is one of those in licences.toml: `python -m tools.licences`.

Lists every project that is installed here of what the locks name; exit code 1 where one's licence is unknown or not
allowed. The package's own projects are told from the package itself (tools/bill.py), by the same rules.
"""

from __future__ import annotations

import sys
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from email.message import Message
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any, cast

from license_expression import ExpressionError, get_spdx_licensing

from tools.environment import PURPOSES, ROOT, locked, name_of

RULES = Path(__file__).with_suffix(".toml")


class Refused(Exception):
    """A licence that nobody knows, or that is not allowed: which project's, and what to do."""


@dataclass(frozen=True)
class Rules:
    """What licences.toml says: identifiers that are allowed, other names of them, and what was read elsewhere."""

    allowed: frozenset[str]
    names: Mapping[str, str]
    projects: Mapping[str, str]


def rules(text: str | None = None) -> Rules:
    """Those of licences.toml."""
    read = tomllib.loads(RULES.read_text(encoding="utf-8") if text is None else text)
    return Rules(allowed=frozenset(read["allowed"]), names=read["names"], projects=read["projects"])


@cache
def _spdx() -> Any:
    """All that SPDX lists; reading it takes a third of a second."""
    return get_spdx_licensing()


def licence(project: Message, known: Rules) -> str:
    """The SPDX expression of a project by its METADATA. Raises Refused where it is unknown or not allowed.

    packaging.python.org/en/latest/specifications/core-metadata: License-Expression, else what came before it.
    """
    name = name_of(project["Name"])
    spdx = _spdx()
    for said in (
        known.projects.get(name),
        project.get("License-Expression"),
        project.get("License"),
        _classified(project, known),
    ):
        try:
            parsed = spdx.parse(known.names.get(said or "", said), validate=True, strict=True)
        except ExpressionError:
            continue
        if parsed is None:
            continue
        truths = {
            symbol: spdx.TRUE if symbol.key in known.allowed else spdx.FALSE for symbol in spdx.license_symbols(parsed)
        }
        if parsed.subs(truths).simplify() != spdx.TRUE:
            raise Refused(
                f"{name} is under {parsed}, which {RULES.name} does not allow: use another project, or allow it"
            )
        return str(parsed)
    raise Refused(f"{name} does not say its licence: read it in the project, and write it into {RULES.name}")


def _classified(project: Message, known: Rules) -> str:
    """By its classifiers, all of which count."""
    told = [line for line in project.get_all("Classifier", []) if line.startswith("License :: ")]
    return " AND ".join(known.names.get(line, line) for line in told)


def installed() -> dict[str, Message]:
    """The METADATA of what is installed here and named by a lock, by normalised names."""
    locks = {purpose.file for purpose in PURPOSES.values()}
    named = {name_of(line) for lock in locks for line in locked(ROOT / lock)}
    # typeshed knows it as a protocol, which it is not in any version
    found = {name_of(one.metadata["Name"]): cast("Message", one.metadata) for one in metadata.distributions()}
    return {name: found[name] for name in sorted(named & found.keys())}


def main() -> int:
    """The command line."""
    known, wrong = rules(), []
    for name, project in installed().items():
        try:
            print(f"{name}=={project['Version']}: {licence(project, known)}")
        except Refused as error:
            wrong.append(str(error))
    print("\n".join(wrong), file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
