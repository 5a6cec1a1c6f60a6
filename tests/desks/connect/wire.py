"""What botocore's models of Connect say of a request, since AWS says it nowhere else that a machine can read.

botocore's own validation lets pass what is too long, too great, of no enum or of no pattern: that is looked at here.
"""

from __future__ import annotations

import json
import re
from functools import cache
from typing import Any

from botocore.session import get_session
from botocore.validate import ParamValidator

KEYS = re.compile(r"[A-Za-z0-9_-]+")


@cache
def _operations() -> list[tuple[str, str, re.Pattern[str], Any]]:
    found = []
    for service in ("connect", "connectparticipant", "customer-profiles"):
        model = get_session().get_service_model(service)
        for name in model.operation_names:
            operation = model.operation_model(name)
            uri = re.sub(r"\\\{(\w+)\\\}", r"(?P<\1>[^/]+)", re.escape(operation.http["requestUri"]))
            found.append((service, operation.http["method"], re.compile(uri), operation))
    return found


def request(service: str, method: str, path: str, headers: dict[str, str], body: bytes) -> tuple[str, dict[str, Any]]:
    """The call's name and its parameters. AssertionError where the models do not know it or do not let it pass."""
    for known, verb, pattern, operation in _operations():
        match = pattern.fullmatch(path)
        if known == service and verb == method and match:
            given = json.loads(body) | match.groupdict() | _of_headers(operation.input_shape, headers)
            report = ParamValidator().validate(given, operation.input_shape)
            assert not report.has_errors(), report.generate_report()
            unknown = set(given) - set(operation.input_shape.members)
            assert not unknown, unknown
            _look(operation.input_shape, given, operation.name)
            return operation.name, given
    raise AssertionError(f"{service} has no {method} {path}")


def _of_headers(shape: Any, headers: dict[str, str]) -> dict[str, str]:
    told = {name.lower(): value for name, value in headers.items()}
    there = {name: one.serialization.get("name", "").lower() for name, one in shape.members.items()
             if one.serialization.get("location") == "header"}  # fmt: skip
    return {name: told[header] for name, header in there.items() if header in told}


def _look(shape: Any, value: Any, where: str) -> None:
    """Lengths, ranges, enums and patterns, all the way down."""
    limits = shape.metadata
    size = value if isinstance(value, (int, float)) else len(value.encode() if isinstance(value, str) else value)
    assert not limits.get("max") or size <= limits["max"], f"{where}: more than {limits['max']}"
    assert not limits.get("min") or size >= limits["min"], f"{where}: less than {limits['min']}"
    assert not limits.get("enum") or value in limits["enum"], f"{where}: {value}"
    assert not limits.get("pattern") or re.fullmatch(limits["pattern"], value), f"{where}: {value}"
    if shape.type_name == "structure":
        assert set(value) <= set(shape.members), f"{where}: {set(value) - set(shape.members)}"
        for name, one in value.items():
            _look(shape.members[name], one, f"{where}.{name}")
    elif shape.type_name == "list":
        for one in value:
            _look(shape.member, one, f"{where}[]")
    elif shape.type_name == "map":
        for name, one in value.items():
            _look(shape.key, name, where)
            _look(shape.value, one, f"{where}.{name}")
            assert KEYS.fullmatch(name) or shape.name != "Attributes", f"{where}: {name}"
