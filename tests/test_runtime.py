"""The composition root: a desk comes in by its name and its folder, and by nothing else."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from chalicelib import registry
from chalicelib.runtime import Runtime
from chalicelib.settings import PREFIX, load, variables
from chalicelib.vocabulary.records import Conversation, Event, Seat, Thread
from tests.extension.counter.client import Counter
from tests.fakes import (
    INSTAGRAM,
    START,
    FakeClient,
    FakeClock,
    FakeLedger,
    FakeMemory,
    FakeMetrics,
    FakeQueue,
    FakeSecrets,
    FakeShelf,
    turn,
)

CONVERSATION = Conversation("instagram", INSTAGRAM.id, "55501")
SESSION = Seat("counter", "session-1", "key", 1)


@pytest.fixture
def runtime(monkeypatch: pytest.MonkeyPatch) -> Runtime:
    monkeypatch.setitem(registry.DESKS, "counter", "tests.extension.counter")
    required = {f"{PREFIX}{name.upper()}": "https://127.0.0.1/x" for name, given in variables().items() if not given}
    clock = FakeClock()
    made = Runtime(load(required), clock, FakeMetrics())
    stand_ins: dict[str, Any] = {
        "table": FakeLedger(), "bucket": FakeShelf(), "secrets": FakeSecrets(), "outbound": FakeQueue(),
        "clients": {"instagram": FakeClient()}, "memory": FakeMemory(clock),
    }  # fmt: skip
    vars(made).update(stand_ins)
    return made


def test_a_desk_is_opened_by_its_folder(runtime: Runtime) -> None:
    assert isinstance(runtime.desks["counter"], Counter)
    assert not isinstance(runtime.desks["genesys"], Counter)


def test_a_desks_events_are_read_by_its_own_translator(runtime: Runtime) -> None:
    ledger: Any = runtime.table
    ledger.listed = [msgspec.structs.replace(INSTAGRAM, desk="counter")]
    ledger.delivered(CONVERSATION, "IN#1", START, Thread(seat=SESSION, customer_ms=int(START * 1000)), "", Seat(), True)
    for number, raw in enumerate((b'{"session": "session-1", "id": "r-1", "text": "Hello"}',
                                  b'{"session": "session-1", "kind": "ended"}')):  # fmt: skip
        event = Event(
            source="counter", account="", party="", id=str(number), received_ms=int(START * 1000), raw=msgspec.Raw(raw)
        )
        runtime.to_customer._work.handle(event, turn(str(number)))
    client: Any = runtime.clients["instagram"]
    assert client.texts == ["Hello"]
    assert ledger.thread(CONVERSATION).seat == Seat(generation=2)
