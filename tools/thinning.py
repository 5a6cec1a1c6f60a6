"""botocore's data without what no function asks for: each client that is made reads all of it.

Of a service's model what stays are the operations that the code names, with the shapes that they reach; of the list
of endpoints the services that are in the package. Rules of endpoints, paginators and retries stay as they are. An
operation counts as named where its name stands anywhere in our code or in botocore's, as an identifier or as a string,
whatever its case and underscores: `get_item`, `"get_object"`, `GetItem`. So nothing has to be listed, and what is
called cannot be missing but where its name is put together of pieces, which a test forbids.
"""

from __future__ import annotations

import ast
import gzip
import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

# Apache License 2.0, section 4 (b): changed files say so
NOTICE = "Shortened by dmdesk's tools/thinning.py to what its functions use."


def thin(tree: Path) -> None:
    """Rewrites what lies in the package's tree: `botocore/data` as our code (`chalicelib`, `app.py`) and botocore's
    need it."""
    data = tree / "botocore" / "data"
    names = named([tree / "app.py", *tree.glob("chalicelib/**/*.py"), *tree.glob("botocore/**/*.py")])
    services = set()
    for file in data.glob("*/*/service-2.json.gz"):
        model = json.loads(gzip.decompress(file.read_bytes()))
        services.add(model["metadata"]["endpointPrefix"])
        file.write_bytes(gzip.compress(_packed(service(model, names)), mtime=0))
    endpoints = data / "endpoints.json"
    endpoints.write_bytes(_packed(partitions(json.loads(endpoints.read_bytes()), services)))


def named(files: Iterable[Path]) -> set[str]:
    """What stands in the Python files as an identifier or as a whole string, in `plain` form."""
    return {plain(word) for file in files for word in _words(ast.parse(file.read_bytes(), str(file)))}


def _words(module: ast.Module) -> Iterator[str]:
    for node in ast.walk(module):
        if isinstance(node, ast.Attribute):
            yield node.attr
        elif isinstance(node, ast.Name):
            yield node.id
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


def plain(word: str) -> str:
    """`get_item` and `GetItem` as one."""
    return word.replace("_", "").lower()


def service(model: dict[str, Any], names: set[str]) -> dict[str, Any]:
    """The model of a service (botocore's service-2.json) with the operations of these names alone, and those by which
    botocore finds endpoints."""
    operations = {
        name: {key: value for key, value in operation.items() if key != "documentation"}
        for name, operation in model["operations"].items()
        if plain(name) in names or operation.get("endpointoperation")
    }
    shapes: dict[str, Any] = {}
    reached = [_bare(reference) for operation in operations.values() for reference in _references(operation)]
    while reached:
        name = reached.pop()["shape"]
        if name not in shapes:
            shapes[name] = _shape(model["shapes"][name])
            reached += _references(shapes[name])
    return model | {"documentation": NOTICE, "operations": operations, "shapes": dict(sorted(shapes.items()))}


def _references(held: dict[str, Any]) -> list[dict[str, Any]]:
    """To shapes, from an operation or a shape."""
    single = [held[place] for place in ("input", "output", "member", "key", "value") if place in held]
    return [*single, *held.get("errors", []), *held.get("members", {}).values()]


def _shape(shape: dict[str, Any]) -> dict[str, Any]:
    bare = _bare(shape)
    if "members" in bare:
        bare["members"] = {name: _bare(member) for name, member in bare["members"].items()}
    return bare | {place: _bare(bare[place]) for place in ("member", "key", "value") if place in bare}


def _bare(held: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in held.items() if key != "documentation"}


def partitions(endpoints: dict[str, Any], services: set[str]) -> dict[str, Any]:
    """botocore's endpoints.json with these services alone, in every partition."""
    kept = [
        part | {"services": {name: told for name, told in part["services"].items() if name in services}}
        for part in endpoints["partitions"]
    ]
    return {"notice": NOTICE, **endpoints, "partitions": kept}


def _packed(data: dict[str, Any]) -> bytes:
    return json.dumps(data, separators=(",", ":"), ensure_ascii=False).encode()
