"""The wire of Amazon Connect's two APIs and of its Customer Profiles, read from botocore's own service models: which
operation a call is, what it asks for, and whether every value keeps to its shape. The SDK checks only part of that
before it sends."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

import botocore.session

from sandbox.stage.web import Answer, Call

SERVICES = ("connect", "connectparticipant", "customer-profiles")
# "The maximum size is 16,384 bytes", not characters
_IN_BYTES = {"ChatContent"}
_WHOLE = {"integer", "long"}
# Not modelled, and answered all the same
_UNMODELLED = {
    "TooManyRequestsException": 429,
    "AccessDeniedException": 403,
    "MissingAuthenticationTokenException": 403,
    "UnknownOperationException": 404,
    "ResourceConflictException": 409,
}


class ApiError(Exception):
    """What the API answers instead; `code` is its exception's name. The status is the model's."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code, self.message = code, message


@dataclass(frozen=True)
class Operation:
    """One call of the three APIs: `model` is botocore's."""

    service: str
    name: str
    model: Any
    pattern: re.Pattern[str]

    @property
    def invalid(self) -> str:
        """The name of the error for what keeps to no shape."""
        known = {shape.name for shape in self.model.error_shapes}
        return next((name for name in _INVALID if name in known), "InvalidParameterException")

    @property
    def throttled(self) -> str:
        """The name of the error for calls that come too fast: the older API models none."""
        known = {shape.name for shape in self.model.error_shapes}
        return "ThrottlingException" if "ThrottlingException" in known else "TooManyRequestsException"

    def status(self, code: str) -> int:
        """The HTTP status of an error."""
        modelled = {
            shape.name: shape.metadata.get("error", {}).get("httpStatusCode") for shape in self.model.error_shapes
        }
        return int(modelled.get(code) or _UNMODELLED.get(code, 400))

    def refuse(self, error: ApiError) -> Answer:
        """As rest-json tells an error."""
        return Answer(self.status(error.code), {"Message": error.message}, {"x-amzn-ErrorType": error.code})


_INVALID = ("ValidationException", "InvalidParameterException", "InvalidRequestException", "BadRequestException")


@cache
def operations(names: frozenset[str]) -> tuple[Operation, ...]:
    """Those of the APIs that have these names."""
    session = botocore.session.get_session()
    models = {service: session.get_service_model(service) for service in SERVICES}
    return tuple(
        Operation(service, name, model.operation_model(name), _pattern(model.operation_model(name)))
        for service, model in models.items()
        for name in model.operation_names
        if name in names
    )


def _pattern(model: Any) -> re.Pattern[str]:
    path = re.escape(model.http["requestUri"].partition("?")[0])
    return re.compile(re.sub(r"\\\{(\w+)(?:\\\+)?\\\}", r"(?P<\1>[^/]+)", path))


def found(known: Collection[Operation], call: Call) -> tuple[Operation, dict[str, str]] | None:
    """The operation that a call is, and what its path names; None where it is none that is known."""
    for one in known:
        matched = one.pattern.fullmatch(call.path)
        if matched and one.model.http["method"] == call.method:
            return one, matched.groupdict()
    return None


def asked(operation: Operation, call: Call, named: dict[str, str]) -> dict[str, Any]:
    """The call's parameters, by the model's names. Raises ApiError where one breaks its shape, or is no parameter."""
    shape = operation.model.input_shape
    try:
        given = call.json() if call.body else {}
    except ValueError:
        raise ApiError("SerializationException", "the body is no JSON") from None
    if not isinstance(given, dict):
        raise ApiError("SerializationException", "the body is no JSON object")
    for name, member in shape.members.items():
        found = _elsewhere(member, call, named)
        if found is not None:
            given[name] = found
    wrong = next(broken(shape, given, operation.name), "")
    if wrong:
        raise ApiError(operation.invalid, wrong)
    return given


def _elsewhere(member: Any, call: Call, named: dict[str, str]) -> Any:
    """What the path, the query or a header says of a parameter; None where it stands in none of them."""
    place, name = member.serialization.get("location"), member.serialization.get("name", "")
    if place == "uri":
        return named.get(name)
    if place == "header":
        return call.header(name) or None
    if place != "querystring" or name not in call.query:
        return None
    value = call.query[name]
    if member.type_name == "list":
        return [value]
    return int(value) if member.type_name in _WHOLE and value.lstrip("-").isdigit() else value


def broken(shape: Any, value: Any, place: str) -> Iterator[str]:
    """Each way in which a value breaks its shape, with where it stands."""
    check = _CHECKS.get(shape.type_name)
    if check:
        yield from check(shape, value, place)


def _structure(shape: Any, value: Any, place: str) -> Iterator[str]:
    if not isinstance(value, dict):
        yield f"{place} must be an object"
        return
    given = {name: one for name, one in value.items() if one is not None}
    yield from (f"{place} has no member {name}" for name in given if name not in shape.members)
    yield from (f"{place}.{name} is missing" for name in shape.required_members if name not in given)
    if getattr(shape, "is_tagged_union", False) and len(given) != 1:
        yield f"{place} must have exactly one member"
    for name, one in given.items():
        if name in shape.members:
            yield from broken(shape.members[name], one, f"{place}.{name}")


def _list(shape: Any, value: Any, place: str) -> Iterator[str]:
    if not isinstance(value, list):
        yield f"{place} must be a list"
        return
    yield from _within(shape, len(value), f"the length of {place}")
    for number, one in enumerate(value):
        yield from broken(shape.member, one, f"{place}[{number}]")


def _map(shape: Any, value: Any, place: str) -> Iterator[str]:
    if not isinstance(value, dict):
        yield f"{place} must be an object"
        return
    yield from _within(shape, len(value), f"the size of {place}")
    for key, one in value.items():
        yield from broken(shape.key, key, f"a key of {place}")
        yield from broken(shape.value, one, f"{place}.{key}")


def _string(shape: Any, value: Any, place: str) -> Iterator[str]:
    if not isinstance(value, str):
        yield f"{place} must be a string"
        return
    length = len(value.encode(errors="replace")) if shape.name in _IN_BYTES else len(value)
    yield from _within(shape, length, f"the length of {place}")
    allowed = shape.metadata.get("enum")
    if allowed and value not in allowed:
        yield f"{place} must be one of {', '.join(allowed)}"
    pattern = shape.metadata.get("pattern")
    if pattern and not re.fullmatch(pattern, value):
        yield f"{place} must match {pattern}"


def _within(shape: Any, value: float, place: str) -> Iterator[str]:
    least, most = shape.metadata.get("min"), shape.metadata.get("max")
    if least is not None and value < least:
        yield f"{place} must be at least {least}"
    if most is not None and value > most:
        yield f"{place} must be at most {most}"


def _boolean(shape: Any, value: Any, place: str) -> Iterator[str]:
    if not isinstance(value, bool):
        yield f"{place} must be a boolean"


def _number(shape: Any, value: Any, place: str) -> Iterator[str]:
    kinds = int if shape.type_name in _WHOLE else (int, float)
    if isinstance(value, bool) or not isinstance(value, kinds):
        yield f"{place} must be a number"
    else:
        yield from _within(shape, value, place)


_CHECKS = {
    "structure": _structure, "list": _list, "map": _map, "string": _string, "boolean": _boolean,
    **dict.fromkeys((*_WHOLE, "float", "double"), _number),
}  # fmt: skip
