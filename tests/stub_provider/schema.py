"""schema.json as the plugin protocol's schema, and values of it as the API's JSON bodies and back."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from tf import blocks, schema, types, utils
from tf.gen import tfplugin_pb2

Fields = dict[str, Any]
Node = Mapping[str, Any]
_FILE = Path(__file__).with_name("schema.json")
# Terraform may say something about a value that it does not know yet, as that it is not null. The library
# takes only the plain form for unknown.
utils._msgpack_ext_hook = lambda code, data: types.Unknown


@cache
def documented() -> Fields:
    """The documented schemas: `provider`, `resources` and `data_sources`."""
    loaded: Fields = json.loads(_FILE.read_text())
    return loaded


class Number(types.Number):  # type: ignore[misc]  # the library has no types
    """Terraform sends what a float cannot hold exactly, like 0.8, as text; and wants it back so."""

    def decode(self, value: Any) -> Any:
        return float(value) if isinstance(value, str) else value

    def encode(self, value: Any) -> Any:
        return repr(value) if isinstance(value, float) else value


class Block(blocks.SetNestedBlock):  # type: ignore[misc]  # the library has no types
    """A nested block in the documented nesting, with its bounds; compared whole."""

    def __init__(self, name: str, node: Node) -> None:
        super().__init__(name, schema.Block(*_parts(node["attributes"], {})))
        self.ordered = node["type"] == "Block List"
        self.min_items, self.max_items = node.get("min"), node.get("max")

    def to_pb(self) -> Any:
        made = super().to_pb()
        modes = tfplugin_pb2.Schema.NestedBlock.NestingMode
        made.nesting = modes.LIST if self.ordered else modes.SET
        return made

    def semantically_equal(self, a_decoded: Any, b_decoded: Any) -> bool:
        if self.ordered:
            return bool(a_decoded == b_decoded)
        return sorted(map(repr, a_decoded)) == sorted(map(repr, b_decoded))


_TYPES = {
    "String": types.String(),
    "Number": Number(),
    "Boolean": types.Bool(),
    "Set of String": types.Set(types.String()),
    "Map of String": types.Map(types.String()),
}


def build(node: Node, defaults: Fields) -> Any:
    """The protocol's schema of a documented one. `defaults`: what the real provider fills in when unset.

    The older protocol plans a default of an optional attribute; this one wants it computed, too.
    """
    attributes, nested = _parts(node["attributes"], defaults)
    return schema.Schema(attributes=attributes, block_types=nested, version=1)


def _parts(attributes: Node, defaults: Fields) -> tuple[list[Any], list[Any]]:
    plain, nested = [], []
    for name, node in attributes.items():
        if node["type"].startswith("Block"):
            nested.append(Block(name, node))
            continue
        mode = node["mode"]
        more = {"default": defaults[name]} if name in defaults else {}
        plain.append(
            schema.Attribute(
                name,
                _TYPES[node["type"]],
                required=mode == "required",
                optional=mode == "optional",
                computed=mode == "computed" or name in defaults,
                sensitive=node.get("sensitive", False),
                **more,
            )
        )
    return plain, nested


def camel(name: str) -> str:
    head, *rest = name.split("_")
    return head + "".join(word.capitalize() for word in rest)


def to_body(attributes: Node, state: Fields, renames: Mapping[str, str]) -> Fields:
    """The API's body of a state. A block that may occur once is an object, others are lists.

    `renames` maps attribute names to dotted paths where they are not simply in camel case.
    """
    body: Fields = {}
    for name, node in attributes.items():
        value = state.get(name)
        if value is None or name == "id" or (node["type"].startswith("Block") and not value):
            continue
        if node["type"].startswith("Block"):
            inner = [to_body(node["attributes"], one, renames) for one in value]
            value = inner[0] if node.get("max") == 1 else inner
        _put(body, renames.get(name, camel(name)), value)
    return body


def from_body(attributes: Node, body: Fields, renames: Mapping[str, str]) -> Fields:
    """The state that a body shows: None, or no block, for what it does not hold."""
    state: Fields = {}
    for name, node in attributes.items():
        value = _take(body, renames.get(name, camel(name)))
        if node["type"].startswith("Block"):
            held = [value] if isinstance(value, dict) else value or []
            state[name] = [from_body(node["attributes"], one, renames) for one in held]
        else:
            state[name] = value
    return state


def _put(body: Fields, path: str, value: Any) -> None:
    *parents, last = path.split(".")
    for parent in parents:
        body = body.setdefault(parent, {})
    body[last] = value


def _take(body: Fields, path: str) -> Any:
    value: Any = body
    for part in path.split("."):
        value = value.get(part) if isinstance(value, dict) else None
    return value
