"""The app's own part: a request of API Gateway reaches its use case, and the whole answer comes back."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, cast

import pytest
from chalice.local import LambdaContext

from app import app
from chalicelib import runtime
from chalicelib.http import Request, Response


class Door:
    """Stands in for the runtime and its door."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str]] = []

    @property
    def door(self) -> Door:
        return self

    def answer(self, request: Request, token: str) -> Response:
        self.asked.append((request.method, token))
        return Response(status=302, headers={"Location": "https://bucket.example/x"})


@pytest.fixture
def door() -> Iterator[Door]:
    made = Door()
    runtime.use(cast("runtime.Runtime", made))
    yield made
    runtime.use(None)


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_link_to_media_reaches_the_door_and_is_answered_with_its_headers(door: Door, method: str) -> None:
    event: dict[str, Any] = {
        "resource": "/api/media/{token}",
        "path": "/api/media/token-1",
        "httpMethod": method,
        "headers": {},
        "multiValueHeaders": {},
        "multiValueQueryStringParameters": None,
        "pathParameters": {"token": "token-1"},
        "stageVariables": None,
        "requestContext": {"resourcePath": "/api/media/{token}", "httpMethod": method, "path": "/x", "identity": {}},
        "body": None,
        "isBase64Encoded": False,
    }
    answer = app(event, LambdaContext("edge", 128))
    assert door.asked == [(method, "token-1")]
    assert (answer["statusCode"], answer["body"]) == (302, "")
    assert answer["headers"]["Location"] == "https://bucket.example/x"
    assert answer["headers"]["Content-Type"] == "text/plain; charset=utf-8"
