"""One function's process: it does what it is handed through a pipe, as Lambda hands events to a container."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from chalice.local import LambdaContext

import app as chalice_app
from chalicelib import runtime
from chalicelib.aws import calls
from chalicelib.observability import log
from chalicelib.settings import load
from sandbox.stage.clock import Clock
from sandbox.stage.counting import CountingMetrics
from tests.chaos.processes.breaking import Breaking, Orders

KEY = "AWS_ACCESS_KEY_ID"
HANDLERS: dict[str, Callable[[dict[str, Any], Any], Any]] = {
    "edge": chalice_app.app,
    "to_desk": chalice_app.to_desk,
    "to_customer": chalice_app.to_customer,
    "fed": chalice_app.fed,
}


@dataclass(frozen=True)
class Errand:
    """An event, how long the function has for it (ms), how far the process' clock is off (s), whether all rages."""

    event: dict[str, Any]
    timeout_ms: int
    skew_s: float
    raging: bool


@dataclass(frozen=True)
class Failed:
    """What Lambda makes of an exception: the whole invocation has failed."""

    error: str


def work(role: str, environment: dict[str, str], orders: Orders, lines: Path, pipe: Connection) -> None:
    """Until the pipe ends. `lines` is the file for its log."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # whoever began it ends it
    if os.environ.get(KEY) != environment[KEY]:  # forked from one that was warmed up for another site
        calls.session.cache_clear()
    os.environ.update(environment)
    log.write_to(lines.open("a", buffering=1, encoding="utf-8"))
    breaking = Breaking(role, orders)
    breaking.install()
    clock = Clock()
    made = runtime.Runtime(load(os.environ), clock, CountingMetrics())
    runtime.use(made)
    prepare(made, role)
    while True:
        try:
            errand: Errand = pipe.recv()
        except (EOFError, OSError):
            return
        clock.offset_s, breaking.raging = errand.skew_s, errand.raging
        pipe.send(_done(HANDLERS[role], errand))


def prepare(made: runtime.Runtime, role: str) -> None:
    """As a warm container of that function has it: what a queue feeds is the edge, too."""
    getattr(made, role.replace("fed", "edge"))


def _done(handler: Callable[[dict[str, Any], Any], Any], errand: Errand) -> Any:
    try:
        return handler(errand.event, LambdaContext("dmdesk", 512, errand.timeout_ms))
    except Exception as error:
        return Failed(f"{type(error).__name__}: {error}")
