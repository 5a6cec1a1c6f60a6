"""What an IAM policy says of a call, by AWS' own rules and by none of the emulator's code: an explicit denial wins,
what nothing allows is denied.

docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html,
…/reference_policies_condition-single-vs-multi-valued-context-keys.html
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

Context = Mapping[str, list[str]]


def allows(policies: Iterable[Mapping[str, Any]], action: str, resource: str, context: Context) -> bool:
    """Whether the policies together let the call pass. `context` has the condition keys that the call carries.

    Raises ValueError where a statement has something that is not known here.
    """
    speaking = [
        statement["Effect"]
        for policy in policies
        for statement in _listed(policy["Statement"])
        if _speaks(statement, action, resource, context)
    ]
    return "Allow" in speaking and "Deny" not in speaking


def _speaks(statement: Mapping[str, Any], action: str, resource: str, context: Context) -> bool:
    """Whether the statement is about the call."""
    if unknown := set(statement) - {"Sid", "Effect", "Action", "Resource", "Condition"}:
        raise ValueError(f"not known here: {unknown}")
    actions = [named.lower() for named in _listed(statement["Action"])]
    return (
        any(_like(action.lower(), named) for named in actions)
        and any(_like(resource, named) for named in _listed(statement["Resource"]))
        and all(
            _holds(operator, context.get(key), _listed(wanted))
            for operator, keys in statement.get("Condition", {}).items()
            for key, wanted in keys.items()
        )
    )


def _holds(operator: str, found: list[str] | None, wanted: list[str]) -> bool:
    """Whether the condition holds of the key's values, None where the call carries none."""
    some, _, compares = operator.rpartition(":")
    if compares == "Null":
        return wanted == [str(found is None).lower()]
    matches = {
        "StringEquals": lambda value: value in wanted,
        "StringLike": lambda value: any(_like(value, one) for one in wanted),
    }.get(compares)
    if matches is None or some not in {"", "ForAnyValue", "ForAllValues"}:
        raise ValueError(f"not known here: {operator}")
    # no value at all is all of none, and none of any
    return (all if some == "ForAllValues" else any)(matches(value) for value in found or [])


def _like(text: str, pattern: str) -> bool:
    """As IAM reads a pattern: * is any text, ? any character."""
    return re.fullmatch(re.escape(pattern).replace(r"\*", ".*").replace(r"\?", "."), text, re.DOTALL) is not None


def _listed(one_or_more: Any) -> list[Any]:
    return one_or_more if isinstance(one_or_more, list) else [one_or_more]
