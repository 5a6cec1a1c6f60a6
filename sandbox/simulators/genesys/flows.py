"""What a simulated Architect refuses when an inbound message flow is published from YAML."""

from __future__ import annotations

import re
from collections.abc import Iterator, Set
from typing import Any

import yaml

ROOT = "inboundShortMessage"


class BadFlow(ValueError):
    """The flow cannot be published; the words are the job's message."""


def flow_in(text: str, queues: Set[str]) -> tuple[str, str]:
    """The name and type of the flow in the YAML `text`. Raises BadFlow.

    `queues`: the names of the organisation's queues. Architect looks a queue up by name as it publishes.
    """
    if left := re.search(r"\{\{.*?\}\}", text):
        raise BadFlow(f"the placeholder {left[0]} was not substituted")
    try:
        document = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise BadFlow(f"the file is not YAML: {error}") from error
    flow = document.get(ROOT) if isinstance(document, dict) else None
    if not isinstance(flow, dict) or not flow.get("name"):
        raise BadFlow(f"the file holds no named {ROOT}")
    for transfer in _found(flow, "transferToAcd"):
        literal = transfer.get("targetQueue", {}).get("lit")
        if literal and literal.get("name") not in queues:
            raise BadFlow(f"there is no queue named {literal.get('name')!r}")
    return str(flow["name"]), ROOT.lower()


def _found(node: Any, key: str) -> Iterator[dict[str, Any]]:
    """Every mapping under that key, however deep."""
    children = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for name, child in children:
        if name == key and isinstance(child, dict):
            yield child
        yield from _found(child, key)
