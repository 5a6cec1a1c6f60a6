"""A request goes around what Chalice does for its views; what comes of it is what Chalice itself would make of it."""

from __future__ import annotations

import base64
import itertools
import logging
from collections.abc import Iterator
from typing import Any, cast

import pytest
from chalice.app import Chalice
from chalice.local import LambdaContext

from app import app
from chalicelib import runtime
from chalicelib.http import Request, Response

SOCIAL = "/api/social/webhook"


class Recording:
    """A runtime whose every use case notes what it is asked, and answers or fails as it is told."""

    def __init__(self, given: Response | Exception) -> None:
        self.given = given
        self.asked: list[tuple[Request, tuple[str, ...]]] = []

    @property
    def edge(self) -> Recording:
        return self

    door = callbacks = edge

    def _take(self, request: Request, *names: str) -> Response:
        self.asked.append((request, names))
        if isinstance(self.given, Exception):
            raise self.given
        return self.given

    social = desk = health = answer = deauthorised = deletion = _take


ROUTES = frozenset(app.routes)


@pytest.fixture(autouse=True)
def nothing_stays() -> Iterator[None]:
    """Chalice's table keeps each path that it was asked for."""
    yield
    runtime.use(None)
    for path in set(app.routes) - ROUTES:
        del app.routes[path]


def event_of(**changes: Any) -> dict[str, Any]:
    """API Gateway's event of a POST to the customers' platforms' webhook, with what is told of it."""
    event: dict[str, Any] = {
        "resource": SOCIAL,
        "path": SOCIAL,
        "httpMethod": "POST",
        "headers": {"Content-Type": "application/json", "X-Hub-Signature-256": "sha256=00"},
        "multiValueHeaders": {"Content-Type": ["application/json"], "X-Hub-Signature-256": ["sha256=00"]},
        "queryStringParameters": None,
        "multiValueQueryStringParameters": None,
        "pathParameters": None,
        "stageVariables": None,
        "requestContext": {"resourcePath": SOCIAL, "httpMethod": "POST", "path": f"/prod{SOCIAL}", "requestId": "r-1"},
        "body": '{"object": "instagram"}',
        "isBase64Encoded": False,
    }
    return event | changes


def routed(path: str, method: str, **changes: Any) -> dict[str, Any]:
    """The same for another resource and method."""
    names = {"token": "t-1", "channel": "instagram", "name": "deletion-1"}
    context = {"resourcePath": path, "httpMethod": method, "requestId": "r-2"}
    return event_of(
        resource=path, path=path, httpMethod=method, pathParameters=names, requestContext=context, **changes
    )


def ways(event: dict[str, Any], given: Response | Exception, caplog: pytest.LogCaptureFixture) -> list[Any]:
    """Of our way and of Chalice's: what it answers or raises, what the use case is asked, and what is logged."""
    found = []
    logger = logging.getLogger(app.app_name)
    logger.addHandler(caplog.handler)
    for call in (app, lambda *given: Chalice.__call__(app, *given)):
        caplog.clear()
        recording = Recording(given)
        runtime.use(cast("runtime.Runtime", recording))
        answer: object
        try:
            answer = call(event, LambdaContext("edge", 128))
        except Exception as error:
            answer = repr(error)
        told = [(line.levelname, line.msg, getattr(line, "error", "").partition(" ")[0]) for line in caplog.records]
        found.append((answer, recording.asked, told))
    logger.removeHandler(caplog.handler)
    return found


METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "TRACE", "post", ""]
PATHS = [*sorted(ROUTES), "/api/nothing", "", None]
HEADERS: list[Any] = [
    None,
    {},
    {"Content-Type": ["text/xml"], "Accept": ["image/png"]},
    {"content-type": ["application/json; charset=utf-8"], "ACCEPT": ["*/*"], "X-Hub-Signature-256": ["a", "b"]},
    {"Content-Type": [""], "Origin": ["https://elsewhere.example"], "X-\u00e9": ["\u00e9"]},
]
BODIES: list[tuple[str | None, bool]] = [
    (None, False),
    (None, True),
    ("", True),
    ("{", False),
    ("Käse 🍵\n", False),
    ("\ud800", False),
    ("Käse", True),
    ("a", True),
    ("//8=", True),
    (base64.b64encode(bytes(range(256))).decode(), True),
]
QUERIES: list[Any] = [None, {}, {"hub.mode": ["subscribe"], "hub.challenge": ["1", "2"]}]
GIVEN: list[Response | Exception] = [
    Response(status=200),
    Response(status=302, headers={"Location": "https://bucket.example/x"}),
    Response(status=200, body='{"status": "ok"}', content_type="application/json"),
    Response(status=403, body="refused: Käse", headers={"Content-Type": "text/html"}),
    Response(status=200, headers={"Location": "https://a.example/\nSet-Cookie: a=b"}),
    ValueError("an odd one"),
    KeyError("another"),
]


@pytest.mark.parametrize("path", PATHS)
def test_each_route_and_each_method_is_answered_as_chalice_answers(
    path: str | None, caplog: pytest.LogCaptureFixture
) -> None:
    for method, given in itertools.product(METHODS, GIVEN):
        ours, theirs = ways(routed(path, method), given, caplog)  # type: ignore[arg-type]  # a path may be missing
        assert ours == theirs, (method, given)
        assert (ours[1] != []) == (path in ROUTES and method in METHODS[:7])


def test_so_is_whatever_a_request_brings_with_it(caplog: pytest.LogCaptureFixture) -> None:
    for several, (body, packed), query in itertools.product(HEADERS, BODIES, QUERIES):
        single = several and {name: values[-1] for name, values in several.items()}
        brought = {"headers": single, "multiValueHeaders": several, "multiValueQueryStringParameters": query}
        event = event_of(body=body, isBase64Encoded=packed, **brought)
        ours, theirs = ways(event, GIVEN[0], caplog)
        assert ours == theirs, event


@pytest.mark.parametrize(
    "event",
    [
        {},
        {"requestContext": None} | {"httpMethod": "POST"},
        event_of(requestContext={}),
        event_of(requestContext={"httpMethod": "POST"}),
        event_of(pathParameters=None, requestContext={"resourcePath": "/api/media/{token}", "httpMethod": "GET"}),
    ],
    ids=["nothing", "no context", "an empty context", "no resource", "no parameter"],
)
def test_so_is_what_no_api_gateway_sends(event: dict[str, Any], caplog: pytest.LogCaptureFixture) -> None:
    ours, theirs = ways(event, GIVEN[0], caplog)
    assert ours == theirs


def test_a_body_arrives_as_its_bytes() -> None:
    recording = Recording(Response(status=200))
    runtime.use(cast("runtime.Runtime", recording))
    sent = bytes(range(256))
    answer = app(event_of(body=base64.b64encode(sent).decode(), isBase64Encoded=True), LambdaContext("edge", 128))
    assert [request.body for request, _ in recording.asked] == [sent]
    headers = {"Content-Type": "text/plain; charset=utf-8"}
    assert answer == {"statusCode": 200, "body": "", "headers": headers, "multiValueHeaders": {}}


def test_no_view_asks_for_what_is_left_out() -> None:
    """Whoever wants one of these has to go Chalice's way with it."""
    entries = [entry for methods in app.routes.values() for entry in methods.values()]
    assert entries
    assert {str(entry.cors) for entry in entries} == {"None"}
    assert {str(entry.authorizer) for entry in entries} == {"None"}
    assert {tuple(entry.content_types) for entry in entries} == {("*/*",)}
    assert app.middleware_handlers == []
    # what our answers are, none of which Chalice would encode
    assert not {"text/plain", "application/json", "text/html"} & set(app.api.binary_types)
