"""What breaks a worker from inside its process: it dies at a call, or AWS fails it. The product knows nothing of that:
the senders of botocore and requests are wrapped, in this process and no other."""

from __future__ import annotations

import json
import os
import re
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from random import Random
from types import FrameType
from typing import Any, Literal
from unittest.mock import patch
from urllib.parse import urlsplit

from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.exceptions import ConnectionClosedError, ReadTimeoutError
from botocore.httpsession import URLLib3Session
from requests.adapters import HTTPAdapter

# "throttle" and "reset" come before a call has any effect, "lost" loses its answer, "slow" only takes long
AwsFault = Literal["throttle", "reset", "lost", "slow"]
FAULTS: tuple[AwsFault, ...] = ("throttle", "reset", "lost", "slow")
# botocore tries three times: a third of the faults last for all of them, so that the product sees them
LASTS = 3
SLOW_S = (0.2, 1.0)
READS = {"GetItem", "BatchGetItem", "Query", "GetSecretValue"}
# through which every call goes, so that they tell none from another
_GENERAL = {
    "chalicelib.http", "chalicelib.session", "chalicelib.connections", "chalicelib.aws.calls", "chalicelib.aws.short",
}  # fmt: skip
_NAMED = re.compile(r"[a-z_]*[a-z][a-z_]*")


@dataclass(frozen=True)
class Orders:
    """What a process has to suffer. `aws` is the share of AWS' calls that fail, `died` the places where others have
    died before, `patience` the calls before it may die at one where none has, `deaths` the file that tells of it."""

    seed: int
    aws: float
    died: frozenset[str]
    patience: int
    deaths: Path


class Breaking:
    """Wraps what leaves the process. Nothing breaks while `raging` is False."""

    def __init__(self, role: str, orders: Orders) -> None:
        self.raging = False
        self._role = role
        self._orders = orders
        self._random = Random(orders.seed)
        self._calls = 0
        self._again: list[AwsFault] = []

    def install(self) -> None:
        """For the rest of the process' life."""
        to_aws, to_vendors = URLLib3Session.send, HTTPAdapter.send

        def aws(session: URLLib3Session, request: AWSPreparedRequest) -> Any:
            fault = self._fault()
            return self._through(
                operation(request), lambda: _failing(fault, request, partial(to_aws, session, request))
            )

        def vendor(adapter: HTTPAdapter, request: Any, *given: Any, **named: Any) -> Any:
            name = f"{request.method} {_path(str(request.url))}"
            return self._through(name, lambda: to_vendors(adapter, request, *given, **named))

        patch.object(URLLib3Session, "send", aws).start()
        patch.object(HTTPAdapter, "send", vendor).start()

    def _fault(self) -> AwsFault | None:
        if not self.raging:
            return None
        if self._again:
            return self._again.pop()
        if self._random.random() >= self._orders.aws:
            return None
        fault = self._random.choice(FAULTS)
        self._again = [fault] * (LASTS - 1) if self._random.random() < 1 / LASTS else []
        return fault

    def _through(self, name: str, work: Callable[[], Any]) -> Any:
        """Does the work. A place that writes may be where the process ends, before or after it."""
        self._calls += 1
        if not self.raging or not writes(name) or self._calls <= self._orders.patience:
            return work()
        place = f"{self._role} {_line()} {name}"
        self._die(f"{place}, before")
        try:
            return work()
        finally:
            self._die(f"{place}, after")

    def _die(self, where: str) -> None:
        if where in self._orders.died:
            return
        with self._orders.deaths.open("a", encoding="utf-8") as deaths:
            deaths.write(f"{where}\n")
        os.kill(os.getpid(), signal.SIGKILL)


def writes(name: str) -> bool:
    """Whether a call changes something."""
    return not name.startswith(("GET ", "HEAD ")) and name not in READS


def operation(request: AWSPreparedRequest) -> str:
    """What a call to AWS does: the operation where the protocol names it, else its method and what it is of."""
    target: Any = request.headers.get("X-Amz-Target", "")  # botocore encodes what it signs
    target = target.decode() if isinstance(target, bytes) else target
    return target.rpartition(".")[2] or f"{request.method} object"


def _path(url: str) -> str:
    """The path without what differs from message to message."""
    return "/".join(part for part in urlsplit(url).path.split("/") if _NAMED.fullmatch(part))


def _line() -> str:
    """The line of the product that makes the call."""
    frame: FrameType | None = sys._getframe()
    while frame is not None:
        module = str(frame.f_globals.get("__name__", ""))
        if module.startswith("chalicelib.") and module not in _GENERAL:
            return f"{module.removeprefix('chalicelib.').replace('.', '/')}.py:{frame.f_lineno}"
        frame = frame.f_back
    return "?"


def _failing(fault: AwsFault | None, request: AWSPreparedRequest, work: Callable[[], Any]) -> Any:
    """The call's answer, or how botocore tells the fault."""
    if fault == "throttle":
        return throttled(request)
    if fault == "reset":
        raise ConnectionClosedError(endpoint_url=request.url)
    if fault == "slow":
        time.sleep(sum(SLOW_S) / 2)
    answer = work()
    if fault == "lost":
        raise ReadTimeoutError(endpoint_url=request.url)
    return answer


class _Body:
    """A body as botocore reads it of urllib3."""

    def __init__(self, body: bytes) -> None:
        self._body = body

    def stream(self, *_: object, **__: object) -> list[bytes]:
        return [self._body]


def throttled(request: AWSPreparedRequest) -> AWSResponse:
    """The answer of a service that is asked too much, in its own protocol.

    docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html and .../APIReference/CommonErrors.html of the others
    """
    if "X-Amz-Target" in request.headers:
        told = {"__type": "com.amazonaws#ThrottlingException", "message": "Rate exceeded"}
        body, status, kind = json.dumps(told).encode(), 400, "application/x-amz-json-1.0"
    else:
        body, status, kind = b"<Error><Code>SlowDown</Code><Message>slow</Message></Error>", 503, "application/xml"
    headers: Any = {"content-type": kind, "content-length": str(len(body))}
    return AWSResponse(request.url, status, headers, _Body(body))
