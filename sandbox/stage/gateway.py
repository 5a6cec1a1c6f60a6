"""API Gateway on one machine: HTTP in, the REST API's proxy event to the real Chalice app, its answer out."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

from chalice.app import Chalice
from chalice.local import LambdaContext, LocalChalice

from sandbox.stage.web import Answer, Call, WebServer

Watched = Callable[[Call, Callable[[], Answer]], Answer]
Run = Callable[[dict[str, Any], Any], dict[str, Any]]
"""The function behind the API: of its event and context, its answer."""
TIMEOUT_MS = 29_000  # API Gateway waits no longer for a function


class Gateway:
    """Serves the app's routes; bodies travel base64 encoded, as with binaryMediaTypes */*."""

    def __init__(self, app: Chalice, port: int = 0, watched: Watched | None = None, run: Run | None = None) -> None:
        """`watched` is asked to do each call's work, so that it may see what comes of it. `run` runs the function
        where that is not done here."""
        self._app = threadsafe(app)
        self._function: Run = run or self._app
        self._watched = watched or (lambda call, work: work())
        self._web = WebServer(self._handle, port)
        self.url = self._web.url

    def start(self) -> None:
        self._web.start()

    def held(self) -> AbstractContextManager[None]:
        """No call is at work meanwhile."""
        return self._web.held()

    def stop(self) -> None:
        """Closes the port and its connections."""
        self._web.stop()

    def _handle(self, call: Call) -> Answer:
        matched = resource(list(self._app.routes), call.path)
        if matched is None:
            return Answer(403, {"message": "Missing Authentication Token"})  # what API Gateway says
        return self._watched(call, lambda: self._run(call, *matched))

    def _run(self, call: Call, route: str, parameters: dict[str, str] | None) -> Answer:
        context = LambdaContext("dmdesk-edge", 512, TIMEOUT_MS)
        answer = self._function(proxy_event(call, route, parameters), context)
        body = answer["body"].encode() if isinstance(answer["body"], str) else answer["body"] or b""
        headers = dict(answer["headers"])
        kind = headers.pop("Content-Type", "application/json")
        return Answer(answer["statusCode"], body, headers, kind)


def resource(routes: list[str], path: str) -> tuple[str, dict[str, str] | None] | None:
    """The resource that serves the path, and its parameters (None where it has none); None where there is none."""
    for route in sorted(routes, key=lambda one: "{" in one):
        found = re.fullmatch(re.sub(r"\\{(\w+)\\}", r"(?P<\1>[^/]+)", re.escape(route)), path)
        if found:
            return route, found.groupdict() or None
    return None


def proxy_event(call: Call, route: str, parameters: dict[str, str] | None) -> dict[str, Any]:
    """The event of a REST API's Lambda proxy integration.

    docs.aws.amazon.com/apigateway/latest/developerguide/set-up-lambda-proxy-integrations.html
    """
    several: dict[str, list[str]] = {}
    for name, value in call.headers.items():
        several.setdefault(name, []).append(value)
    return {
        "resource": route,
        "path": call.path,
        "httpMethod": call.method,
        "headers": {name: values[-1] for name, values in several.items()},
        "multiValueHeaders": several,
        "queryStringParameters": call.query or None,
        "multiValueQueryStringParameters": {name: [value] for name, value in call.query.items()} or None,
        "pathParameters": parameters,
        "stageVariables": None,
        "requestContext": {
            "resourcePath": route,
            "httpMethod": call.method,
            "path": f"/prod{call.path}",
            "stage": "prod",
            "identity": {"sourceIp": "127.0.0.1", "userAgent": call.header("user-agent")},
        },
        "body": base64.b64encode(call.body).decode() if call.body else None,
        "isBase64Encoded": bool(call.body),
    }


def threadsafe(app: Chalice) -> Chalice:
    """The same app with a current request per thread: on Lambda a container has one request at a time."""
    if not isinstance(app, LocalChalice):
        app.__class__ = type("ThreadsafeChalice", (LocalChalice, type(app)), {})
    return app
