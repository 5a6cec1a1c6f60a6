"""What a simulated Architect refuses when a flow is published from YAML, and what a workflow that is started does."""

from __future__ import annotations

import re
from collections.abc import Iterator, Set
from dataclasses import dataclass
from typing import Any

import yaml

# A flow's root in YAML, and the type that it is published as.
ROOTS = {"inboundShortMessage": "inboundshortmessage", "workflow": "workflow"}
_KINDS = {"stringVariable": str, "integerVariable": int, "booleanVariable": bool}


class BadFlow(ValueError):
    """The flow cannot be published; the words are the job's message."""


@dataclass(frozen=True)
class Called:
    """A data action, and what a workflow gives it."""

    category: str
    action: str
    inputs: dict[str, Any]


def flow_in(text: str, queues: Set[str], actions: Set[tuple[str, str]] = frozenset()) -> tuple[str, str]:
    """The name and type of the flow in the YAML `text`. Raises BadFlow.

    `queues`: the names of the organisation's queues, `actions`: category and name of its data actions. Architect looks
    both up by name as it publishes.
    """
    if left := re.search(r"\{\{.*?\}\}", text):
        raise BadFlow(f"the placeholder {left[0]} was not substituted")
    try:
        document = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise BadFlow(f"the file is not YAML: {error}") from error
    root = next((name for name in ROOTS if isinstance(document, dict) and name in document), "")
    flow = document[root] if root else None
    if not isinstance(flow, dict) or not flow.get("name"):
        raise BadFlow(f"the file holds no named {' or '.join(ROOTS)}")
    for transfer in _found(flow, "transferToAcd"):
        literal = transfer.get("targetQueue", {}).get("lit")
        if literal and literal.get("name") not in queues:
            raise BadFlow(f"there is no queue named {literal.get('name')!r}")
    for category, action, _ in _calls(flow):
        if (category, action) not in actions:
            raise BadFlow(f"there is no data action {action!r} in {category!r}")
    return str(flow["name"]), ROOTS[root]


def call_of(text: str, event: dict[str, Any]) -> Called:
    """What the workflow in the YAML `text`, which was published, calls when the event starts it. It is given the
    event's plain values that it has an input variable for, of the same type (the format TopLevelPrimitives)."""
    flow = yaml.safe_load(text)["workflow"]
    variables: dict[str, Any] = {}
    for one in flow["variables"]:
        ((kind, variable),) = one.items()
        value = event.get(str(variable["name"]).removeprefix("Flow."))
        if variable["isInput"] and isinstance(value, _KINDS[kind]):
            variables[variable["name"]] = value
    ((category, action, inputs),) = _calls(flow)
    given = {name: told["lit"] if "lit" in told else variables.get(told["exp"]) for name, told in inputs.items()}
    return Called(category, action, {name: value for name, value in given.items() if value is not None})


def _calls(flow: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Category, name and inputs of every data action that it calls."""
    for call in _found(flow, "callData"):
        for category, held in call["category"].items():
            for action, told in held["dataAction"].items():
                yield category, action, told["inputs"]


def _found(node: Any, key: str) -> Iterator[dict[str, Any]]:
    """Every mapping under that key, however deep."""
    children = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for name, child in children:
        if name == key and isinstance(child, dict):
            yield child
        yield from _found(child, key)
