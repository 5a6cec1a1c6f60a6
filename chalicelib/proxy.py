"""API Gateway's events of a REST API's proxy integration: which route they are for, what they ask, what is answered.

docs.aws.amazon.com/apigateway/latest/developerguide/set-up-lambda-proxy-integrations.html
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any

from chalicelib.http import Request, Response

_FAILED = '{"Code":"InternalServerError","Message":"An internal server error occurred."}'


class Current:
    """The request under way: as much of Chalice's as the views read."""

    __slots__ = ("_event",)

    def __init__(self, event: dict[str, Any]) -> None:
        self._event = event

    def to_original_event(self) -> dict[str, Any]:
        """The event as Lambda hands it over."""
        return self._event


def route_of(routes: Mapping[str, Mapping[str, Any]], event: dict[str, Any]) -> Any:
    """The entry of Chalice's table (path → method → entry) that the event is for, None where there is none."""
    told = event.get("requestContext") or {}
    return routes.get(told.get("resourcePath", ""), {}).get(told.get("httpMethod", ""))


def viewed(route: Any, event: dict[str, Any], logger: Any) -> dict[str, Any]:
    """What the route's view answers; where it fails, what Chalice logs (to `logger`) and answers then."""
    try:
        found = route.view_function(**{name: event["pathParameters"][name] for name in route.view_args})
        answer: dict[str, Any] = found.to_dict()
    except Exception:
        logger.error("Caught exception for path %s", event["requestContext"]["resourcePath"], exc_info=True)
        return {"headers": {}, "multiValueHeaders": {}, "statusCode": 500, "body": _FAILED}
    return answer


def received(event: dict[str, Any]) -> Request:
    """What the event asks. Raises ValueError where its body cannot be had, KeyError where it is none of API
    Gateway's."""
    told, several = event["requestContext"], event.get("multiValueHeaders") or {}
    return Request(
        method=told["httpMethod"],
        headers={name.lower(): value for name, value in (event["headers"] or {}).items()},
        query={name: values[-1] for name, values in (event["multiValueQueryStringParameters"] or {}).items()},
        body=_body(event),
        repeated=frozenset(name.lower() for name, values in several.items() if len(values) > 1),
        id=str(told.get("requestId", "")),
    )


def _body(event: dict[str, Any]) -> bytes:
    body: str = event["body"] or ""
    return base64.b64decode(body.encode("ascii")) if event.get("isBase64Encoded") else body.encode()


def headers_of(reply: Response) -> dict[str, str | list[str]]:
    """The answer's headers. Raises ValueError for one that would begin another."""
    headers: dict[str, str | list[str]] = {**reply.headers, "Content-Type": reply.content_type}
    if any("\n" in value for value in headers.values()):
        raise ValueError("a header of two lines")
    return headers
