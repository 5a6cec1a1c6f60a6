"""What checkov found in Terraform, and why what it was told to skip is skipped."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

# A reason is a sentence; "not needed" is none.
SHORTEST = 20


def wrong(results: Mapping[str, Any], variables: set[str]) -> Iterator[str]:
    """Every check that failed, every skip without a reason, every reason that names a setting which is none."""
    if not results["summary"]["passed"]:
        yield "checkov has looked at nothing"
    for failed in results["results"]["failed_checks"]:
        yield f"{failed['check_id']} fails: {_where(failed)}: {failed['check_name']}"
    for one in results["results"]["skipped_checks"]:
        reason = one["check_result"].get("suppress_comment") or ""
        if len(reason) < SHORTEST:
            yield f"{one['check_id']} is skipped without a reason: {_where(one)}"
        for name in set(re.findall(r"\bvar\.(\w+)", reason)) - variables:
            yield f"{one['check_id']} is skipped because of var.{name}, which there is not: {_where(one)}"


def page(results: Mapping[str, Any]) -> str:
    """A table of what is skipped, each check and reason once."""
    found: dict[tuple[str, str, str], set[str]] = {}
    for one in results["results"]["skipped_checks"]:
        key = one["check_id"], one["check_name"], one["check_result"]["suppress_comment"]
        found.setdefault(key, set()).add(
            f"{one['file_path'].lstrip('/')}: `{one['resource'].rpartition('module.')[2]}`"
        )
    lines = ["| check | asks for | skipped, because | where |", "|---|---|---|---|"]
    lines += [
        f"| {id_} | {name} | {why} | {', '.join(sorted(where))} |" for (id_, name, why), where in sorted(found.items())
    ]
    return "\n".join(lines)


def _where(one: Mapping[str, Any]) -> str:
    return f"{one['file_path']} {one['resource']}"
