"""What each function may do at AWS, beside what it did when the whole deployment carried messages.

The record is written by the story of tests/deploy/test_deployed.py: for each function its policies as AWS has them, the
actions that it used, those that AWS itself uses in its name, and why what is left is granted.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec

# Without a resource of their own: docs.aws.amazon.com/service-authorization
ANYWHERE = {
    "ec2:AssignPrivateIpAddresses", "ec2:CreateNetworkInterface", "ec2:DeleteNetworkInterface",
    "ec2:DescribeNetworkInterfaces", "ec2:DescribeSubnets", "ec2:UnassignPrivateIpAddresses",
}  # fmt: skip


class Role(msgspec.Struct, frozen=True, kw_only=True):
    """A function's role. `idle` tells why an action is granted that the story did not use."""

    policies: list[dict[str, Any]]
    used: list[str]
    by_aws: list[str]
    idle: dict[str, str]


def wrong(roles: Mapping[str, Role]) -> Iterator[str]:
    """What is granted and not used, and what is granted on anything at all."""
    if not roles:
        yield "no role was recorded"
    for name, role in roles.items():
        granted = set(_granted(role))
        for action in sorted(granted - {*role.used, *role.by_aws, *role.idle}):
            yield f"{name} may {action} and never does"
        for action in sorted(set(role.used) - granted):
            yield f"{name} did {action}, which none of its policies grants"
        for statement in _allowing(role):
            yield from (f"{name} may {action} on any resource" for action in _on_anything(statement))


def page(roles: Mapping[str, Role]) -> str:
    """A table: each function's actions, and what is known of each."""
    lines = ["| function | action | |", "|---|---|---|"]
    for name, role in roles.items():
        for action in sorted(set(_granted(role))):
            told = (
                "used" if action in role.used else "by AWS in its name" if action in role.by_aws else role.idle[action]
            )
            lines.append(f"| {name} | `{action}` | {told} |")
    return "\n".join(lines)


def _granted(role: Role) -> Iterator[str]:
    for statement in _allowing(role):
        yield from _list(statement.get("Action", ["everything but what NotAction names"]))


def _allowing(role: Role) -> Iterator[dict[str, Any]]:
    return (one for policy in role.policies for one in policy["Statement"] if one["Effect"] == "Allow")


def _on_anything(statement: Mapping[str, Any]) -> Iterator[str]:
    actions = _list(statement.get("Action", "*"))
    wild = "*" in _list(statement.get("Resource", "*"))
    yield from (action for action in actions if "*" in action or (wild and action not in ANYWHERE))


def _list(value: str | Sequence[str]) -> list[str]:
    return [value] if isinstance(value, str) else list(value)
