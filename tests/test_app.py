"""The app's own part: a request of API Gateway reaches its use case, and the whole answer comes back."""

from __future__ import annotations

import io
import json
import logging
import re
from collections.abc import Callable, Iterator
from typing import Any, cast

import pytest
from chalice.local import LambdaContext

from app import app
from chalicelib import runtime
from chalicelib.http import Request, Response
from chalicelib.observability import log


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


# What Chalice itself says when it, or what it calls, fails

SAID = "my card is 4111 1111 1111 1111"


class Failing:
    """A runtime whose every use case fails and quotes what it was given, as libraries do."""

    def __init__(self, error: type[Exception]) -> None:
        self.error = error

    @property
    def edge(self) -> Failing:
        return self

    @property
    def door(self) -> Failing:
        return self

    @property
    def callbacks(self) -> Failing:
        return self

    def _fail(self, request: Request, *_: str) -> Response:
        raise self.error(f"cannot read {request.body!r}")

    social = desk = health = answer = deauthorised = deletion = _fail


def delivery(path: str, **changes: Any) -> dict[str, Any]:
    """API Gateway's event of a POST with a body that nobody may read in a log."""
    body = f'{{"text": "{SAID}"'
    return {
        "resource": path,
        "path": path,
        "httpMethod": "POST",
        "headers": {"content-type": "application/json"},
        "multiValueHeaders": {"content-type": ["application/json"]},
        "multiValueQueryStringParameters": {"token": [SAID]},
        "pathParameters": {"token": SAID, "channel": SAID, "name": SAID},
        "stageVariables": None,
        "requestContext": {"resourcePath": path, "httpMethod": "POST", "path": path, "identity": {}},
        "body": body,
        "isBase64Encoded": False,
    } | changes


class Heard(logging.Handler):
    """Everything that anybody logs, with its arguments and its traceback."""

    def __init__(self) -> None:
        super().__init__(logging.NOTSET)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(logging.Formatter().format(record) + str(vars(record)))


@pytest.fixture
def everything_said(capfd: pytest.CaptureFixture[str]) -> Iterator[Callable[[], str]]:
    """What was logged by whoever passes it on to the root, as Lambda's own handler writes it, and what was printed."""
    heard, root, stream = Heard(), logging.getLogger(), io.StringIO()
    root.addHandler(heard)
    before = log.write_to(stream)
    yield lambda: "\n".join([*heard.lines, stream.getvalue(), *capfd.readouterr()])
    log.write_to(before)
    root.removeHandler(heard)
    runtime.use(None)


ROUTES = sorted(app.routes)
ODD: dict[str, dict[str, Any]] = {
    "bad JSON": {},
    "an unknown content type": {"headers": {"content-type": SAID}, "multiValueHeaders": {"content-type": [SAID]}},
    "no content type": {"headers": {}, "multiValueHeaders": {}},
    "no headers": {"headers": None, "multiValueHeaders": None},
    "what is no base64": {"isBase64Encoded": True},
    "a body of no text": {"body": None},
    "a big body": {"body": SAID * 2_000},
    "halves of signs": {"body": "\ud800" + SAID},
    "a type that is answered in no form": {"headers": {"accept": SAID, "content-type": "application/json"}},
}


@pytest.mark.parametrize("route", ROUTES)
@pytest.mark.parametrize("odd", ODD)
@pytest.mark.parametrize("error", [ValueError, KeyError])
def test_chalices_own_log_holds_nothing_of_a_request_that_fails(
    everything_said: Callable[[], str], route: str, odd: str, error: type[Exception]
) -> None:
    runtime.use(cast("runtime.Runtime", Failing(error)))
    answer = app(delivery(route, **ODD[odd]), LambdaContext("edge", 128))
    assert answer["statusCode"] == 500
    assert SAID not in json.dumps(answer)
    told = everything_said()
    assert "Caught exception" in told  # which Chalice did log
    assert re.search(r'"error":"\w+ at [\w.]+:\d+"', told)  # by its type and place
    leaks = "4111 1111" in told
    assert not leaks


@pytest.mark.parametrize("method", ["TRACE", SAID])
def test_nor_of_a_method_that_it_does_not_know(everything_said: Callable[[], str], method: str) -> None:
    event = delivery(ROUTES[0], httpMethod=method)
    event["requestContext"]["httpMethod"] = method
    assert app(event, LambdaContext("edge", 128))["statusCode"] == 405
    assert "4111 1111" not in everything_said()


def test_chalice_tells_nobody_a_traceback() -> None:
    assert app.debug is False
