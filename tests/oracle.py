"""What Genesys accepts, told by its own SDK: every body we post is walked against the SDK's models.

The SDK's setters replace an enum value that they do not know by "outdated_sdk_version", without an error.
"""

from __future__ import annotations

import re
from functools import cache
from typing import Any, Literal

Kind = Literal["message", "receipt", "event", "structured"]

MODELS: dict[Kind, str] = {
    "message": "OpenInboundNormalizedMessage",
    "receipt": "OpenInboundNormalizedReceipt",
    "event": "OpenInboundNormalizedEvent",
    "structured": "OpenInboundStructuredResponseMessage",
}
# The SDK's models do not say what is required; the API's reference does.
REQUIRED: dict[Kind, tuple[str, ...]] = {
    "message": ("channel.from.id", "channel.from.idType", "channel.time"),
    "receipt": ("id", "status", "channel.to.id", "channel.time"),
    "event": ("channel.from.id", "channel.from.idType", "channel.time", "events"),
    "structured": (
        "channel.from.id",
        "channel.from.idType",
        "channel.time",
        "buttonResponse.type",
        "buttonResponse.text",
        "buttonResponse.payload",
        "originatingMessageId",
    ),
}
UNKNOWN = "outdated_sdk_version"
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
ATTRIBUTES = ".channel.metadata.customAttributes"
ATTRIBUTES_LIMIT = 1800
PLAIN: dict[str, type] = {"str": str, "int": int, "bool": bool, "float": float}


def accepted(kind: Kind, body: dict[str, Any]) -> list[str]:
    """Every reason for which Genesys would refuse or change the body; [] where it takes it as it is."""
    problems = _object(MODELS[kind], body, "")
    problems += [f".{path} is missing" for path in REQUIRED[kind] if not _at(body, path)]
    if kind == "message" and not body.get("text") and not body.get("content"):
        problems.append("neither .text nor .content")
    if kind == "message" and len(body.get("content") or []) > 1:
        problems.append(".content holds more than one attachment")
    if kind == "receipt" and body.get("status") not in {"Delivered", "Failed"}:
        problems.append(f".status {body.get('status')!r} is not taken by the receipt endpoint")
    return problems


def unknown_content(item: dict[str, Any]) -> list[str]:
    """What the SDK does not know of a content item that the webhook tells of; [] where it knows all of it."""
    return _object("ConversationMessageContent", item, "")


def takes(model: str, body: dict[str, Any]) -> list[str]:
    """Every reason for which the SDK's model would refuse or change the body of another call; [] where it takes it."""
    return _object(model, body, "")


def known_reason(code: str) -> bool:
    """Whether the SDK knows this code of a receipt's reason."""
    return _object("ConversationReason", {"code": code}, "") == []


@cache
def _sdk() -> Any:
    import PureCloudPlatformClientV2

    return PureCloudPlatformClientV2


def _at(body: Any, path: str) -> Any:
    for name in path.split("."):
        body = body.get(name) if isinstance(body, dict) else None
    return body


def _object(model: str, body: Any, path: str) -> list[str]:
    if not isinstance(body, dict):
        return [f"{path} is no object"]
    instance = getattr(_sdk(), model)()
    attributes = {name: attribute for attribute, name in instance.attribute_map.items()}
    problems: list[str] = []
    for name, value in body.items():
        here = f"{path}.{name}"
        attribute = attributes.get(name)
        if here == ATTRIBUTES:
            problems += _custom_attributes(value)
        elif attribute is None:
            problems.append(f"{here} is unknown to {model}")
        else:
            problems += _value(instance.swagger_types[attribute], value, here)
            problems += _enum(instance, attribute, value, here)
    return problems


def _value(kind: str, value: Any, path: str) -> list[str]:
    listed = re.fullmatch(r"list\[(\w+)]", kind)
    if listed:
        if not isinstance(value, list):
            return [f"{path} is no list"]
        return [problem for index, one in enumerate(value) for problem in _value(listed[1], one, f"{path}[{index}]")]
    if kind == "dict(str, str)":
        return _strings(value, path)
    if kind == "datetime":
        return [] if isinstance(value, str) and TIME.fullmatch(value) else [f"{path} is no documented time: {value!r}"]
    if kind in PLAIN:
        return [] if type(value) is PLAIN[kind] else [f"{path} is no {kind}"]
    return _object(kind, value, path)


def _enum(instance: Any, attribute: str, value: Any, path: str) -> list[str]:
    if not isinstance(value, str):
        return []
    setattr(instance, attribute, value)
    return [f"{path} has no value {value!r}"] if getattr(instance, attribute) == UNKNOWN else []


def _strings(value: Any, path: str) -> list[str]:
    if not isinstance(value, dict):
        return [f"{path} is no object"]
    return [f"{path}.{name} is no text" for name, text in value.items() if not isinstance(text, str)]


def _custom_attributes(value: Any) -> list[str]:
    problems = _strings(value, ATTRIBUTES)
    if not problems and sum(len(name.encode()) + len(text.encode()) for name, text in value.items()) > ATTRIBUTES_LIMIT:
        problems.append(f"{ATTRIBUTES} is over {ATTRIBUTES_LIMIT} bytes")
    return problems
