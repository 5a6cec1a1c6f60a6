"""What the package leaves out of botocore's data: nothing that is called, and nothing of what a call is made of."""

from __future__ import annotations

import ast
import copy
import gzip
import json
import re
from functools import cache
from pathlib import Path
from typing import Any

import botocore
import pytest
from botocore import xform_name
from botocore.model import ServiceModel
from botocore.regions import EndpointResolver

from tools import package, thinning

ROOT = package.ROOT
DATA = Path(botocore.__file__).parent / "data"
OURS = [ROOT / "app.py", *ROOT.glob("chalicelib/**/*.py")]
SERVICES = sorted(package.services(ROOT / "chalicelib") | package.ALWAYS)
# of a client, and no operation
METHODS = {"get_paginator", "generate_presigned_url"}


@cache
def whole(service: str) -> dict[str, Any]:
    [file] = DATA.glob(f"{service}/*/service-2.json.gz")
    model: dict[str, Any] = json.loads(gzip.decompress(file.read_bytes()))
    return model


@cache
def names() -> set[str]:
    return thinning.named([*OURS, *Path(botocore.__file__).parent.glob("**/*.py")])


@cache
def thinned(service: str) -> dict[str, Any]:
    return thinning.service(copy.deepcopy(whole(service)), names())


def called() -> set[str]:
    """Every attribute that our code takes of what is called a client."""
    found = set()
    for file in OURS:
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Attribute) and "aws" in file.parts:
                holder = node.value
                named = {ast.Attribute: "attr", ast.Name: "id"}.get(type(holder))
                if named and str(getattr(holder, named)).endswith("client"):
                    found.add(node.attr)
    return found


def wordless(model: dict[str, Any], shape: dict[str, Any], above: tuple[str, ...] = ()) -> Any:
    """All that a reference to a shape leads to, without what is for people; the way it went ends where it turns."""
    name = shape["shape"]
    if name in above:
        return name
    told = {key: value for key, value in (model["shapes"][name] | shape).items() if key not in {"documentation"}}
    for place in ("member", "key", "value"):
        if place in told:
            told[place] = wordless(model, told[place], (*above, name))
    if "members" in told:
        told["members"] = {
            member: wordless(model, reference, (*above, name)) for member, reference in told["members"].items()
        }
    return told


def test_every_operation_that_the_functions_call_is_there() -> None:
    methods = called()
    assert {"update_item", "send_message_batch", "get_secret_value", "list_queues"} - methods == {"list_queues"}
    there = {xform_name(operation) for service in SERVICES for operation in thinned(service)["operations"]}
    assert methods - METHODS - there == set()


def test_a_paginator_or_a_presigned_link_names_an_operation_that_is_there() -> None:
    told = "".join(file.read_text(encoding="utf-8") for file in OURS)
    asked = set(re.findall(r"(?:get_paginator\(|generate_presigned_url,\s*)\"(\w+)\"", told))
    assert {"list_objects_v2", "query", "get_object"} <= asked
    there = {xform_name(operation) for service in SERVICES for operation in thinned(service)["operations"]}
    assert asked - there == set()


def test_no_operations_name_is_put_together_where_nobody_can_read_it() -> None:
    """`named` reads identifiers and whole strings: what is made at run time, it would not find."""
    for file in OURS:
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "getattr":
                assert not ast.unparse(node.args[0]).endswith("client"), f"{file}:{node.lineno}"
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Attribute)
                and node.func.attr == "get_paginator"
            ):
                assert isinstance(node.args[0], ast.Constant), f"{file}:{node.lineno}"


@pytest.mark.parametrize("service", SERVICES)
def test_what_is_kept_of_a_service_says_the_same_as_before(service: str) -> None:
    before, after = whole(service), thinned(service)
    assert after["metadata"] == before["metadata"]
    assert 0 < len(after["operations"]) < len(before["operations"])
    for name, operation in after["operations"].items():
        was = {key: value for key, value in before["operations"][name].items() if key != "documentation"}
        assert operation == was
        for reference in [was[place] for place in ("input", "output") if place in was] + was.get("errors", []):
            assert wordless(after, reference) == wordless(before, reference)


@pytest.mark.parametrize("service", SERVICES)
def test_botocore_reads_it_to_the_last_shape(service: str) -> None:
    model = ServiceModel(thinned(service), service)
    for name in model.operation_names:
        operation = model.operation_model(name)
        shapes = [shape for shape in (operation.input_shape, operation.output_shape, *operation.error_shapes) if shape]
        seen = set()
        while shapes:
            shape = shapes.pop()
            if shape.name not in seen:
                seen.add(shape.name)
                shapes += getattr(shape, "members", {}).values()
                shapes += [getattr(shape, part) for part in ("member", "key", "value") if hasattr(shape, part)]
    assert [
        shape for shape in model.shape_names if '"documentation"' in json.dumps(thinned(service)["shapes"][shape])
    ] == ([])


def test_a_file_that_was_changed_says_so() -> None:
    """Apache License 2.0, section 4 (b)."""
    assert thinned("dynamodb")["documentation"] == thinning.NOTICE
    assert thinning.partitions({"partitions": []}, set())["notice"] == thinning.NOTICE


def test_every_region_of_every_partition_has_the_endpoint_that_it_had() -> None:
    told = json.loads((DATA / "endpoints.json").read_bytes())
    prefixes = {whole(service)["metadata"]["endpointPrefix"] for service in SERVICES}
    before, after = EndpointResolver(told), EndpointResolver(thinning.partitions(copy.deepcopy(told), prefixes))
    compared = 0
    for part in told["partitions"]:
        for region in [*part["regions"], f"{next(iter(part['regions']))[:3]}new-1"]:
            for prefix in prefixes:
                for wanted in ({}, {"use_fips_endpoint": True}):
                    ways = [
                        resolver.construct_endpoint(prefix, region, part["partition"], **wanted)
                        for resolver in (before, after)
                    ]
                    assert ways[0] == ways[1]
                    compared += 1
    assert compared > 300


def test_a_name_is_found_however_it_is_written(tmp_path: Path) -> None:
    file = tmp_path / "code.py"
    file.write_text('client.get_item\nwork = PutItem\npaginator("list_objects_v2")\n# DeleteItem\n')
    model = {
        "metadata": {},
        "operations": {
            name: {"name": name, "output": {"shape": "Out"}, "documentation": "x"}
            for name in ("GetItem", "PutItem", "ListObjectsV2", "DeleteItem")
        }
        | {"DescribeEndpoints": {"endpointoperation": True}},
        "shapes": {"Out": {"type": "structure", "members": {"documentation": {"shape": "Text", "documentation": "y"}}},
                   "Text": {"type": "string", "documentation": "z"}, "Other": {"type": "string"}},
    }  # fmt: skip
    found = thinning.service(model, thinning.named([file]))
    assert set(found["operations"]) == {"GetItem", "PutItem", "ListObjectsV2", "DescribeEndpoints"}
    assert found["shapes"] == {
        "Out": {"type": "structure", "members": {"documentation": {"shape": "Text"}}},
        "Text": {"type": "string"},
    }
