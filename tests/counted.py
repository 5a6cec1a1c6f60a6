"""Which metrics the code counts and by which labels, read from the code itself."""

from __future__ import annotations

import ast
from collections import defaultdict
from pathlib import Path

CHALICELIB = Path(__file__).parent.parent / "chalicelib"


def metrics() -> dict[str, list[set[str]]]:
    """Metric → the labels of each call of `metrics` or `self._metrics` that names it, alone or as one of two."""
    found: dict[str, list[set[str]]] = defaultdict(list)
    for path in sorted(CHALICELIB.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and _is_metrics(node.func.value):
                labels = {keyword.arg for keyword in node.keywords if keyword.arg and keyword.arg != "value"}
                for part in ast.walk(node.args[0]):
                    if isinstance(part, ast.Constant) and isinstance(part.value, str):
                        found[part.value].append(labels)
    return dict(found)


def _is_metrics(owner: ast.expr) -> bool:
    name = owner.attr if isinstance(owner, ast.Attribute) else owner.id if isinstance(owner, ast.Name) else ""
    return name.lstrip("_") == "metrics"
