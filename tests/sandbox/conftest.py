"""A webhook receiver and the shared clock and faults, for the simulators' tests."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from sandbox.stage.clock import Clock
from sandbox.stage.faults import Faults
from sandbox.stage.web import HANG, Answer, Call, Outcome, WebServer

# How long something may take that must happen: no test waits so long, however busy the machine is
WAIT_S = 60.0


class Receiver:
    """Keeps the webhooks it gets, and answers them with `answers` in turn (a status, or HANG), then 200."""

    def __init__(self) -> None:
        self.calls: list[Call] = []
        self.answers: list[int | Outcome] = []
        self.gate: threading.Event | None = None  # closed: answers wait for it
        self._arrived = threading.Condition()
        self._web = WebServer(self._handle)
        self.url = self._web.url + "/hook"

    def start(self) -> None:
        self._web.start()

    def stop(self) -> None:
        if self.gate:
            self.gate.set()
        self._web.stop()

    def wait(self, count: int) -> list[Call]:
        """The first `count` webhooks, once they have arrived."""
        with self._arrived:
            assert self._arrived.wait_for(lambda: len(self.calls) >= count, WAIT_S), len(self.calls)
            return list(self.calls)

    def json(self, count: int = 1) -> Any:
        """The body of webhook number `count`."""
        return json.loads(self.wait(count)[count - 1].body)

    def _handle(self, call: Call) -> Answer | Outcome:
        if call.method == "GET":
            return Answer(200, call.query["hub.challenge"].encode(), content_type="text/plain")
        with self._arrived:
            self.calls.append(call)
            answer = self.answers.pop(0) if self.answers else 200
            self._arrived.notify_all()
        if self.gate:
            self.gate.wait(WAIT_S)
        return HANG if isinstance(answer, Outcome) else Answer(answer, {})


def until(holds: Callable[[], bool]) -> None:
    """Wait for something that follows a webhook's answer within milliseconds."""
    pause = threading.Event()
    for _ in range(int(WAIT_S * 200)):
        if holds():
            return
        pause.wait(0.005)
    raise AssertionError("it never held")


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    server = Receiver()
    server.start()
    yield server
    server.stop()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def faults() -> Faults:
    """With the targets that the simulators are."""
    made = Faults()
    made.enter("genesys", numbered=False)
    for channel in ("instagram", "tiktok"):
        made.enter(channel, numbered=True)
    return made
