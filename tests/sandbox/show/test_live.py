"""The totals that are told while somebody listens."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import pytest

from sandbox.show import live
from sandbox.show.live import Live
from sandbox.show.masking import Masker
from sandbox.show.road import Road
from sandbox.stage.clock import Clock
from sandbox.stage.faults import Faults
from sandbox.stage.journal import Journal
from tests.sandbox.conftest import WAIT_S
from tests.sandbox.kit import calls, names, played, simulators


class Stores:
    """Totals that take until a test lets them go, and count how often they were asked for."""

    def __init__(self) -> None:
        self.asked, self.go_on = threading.Event(), threading.Event()
        self.messages = 1

    def totals(self) -> dict[str, int]:
        found = {"messages": self.messages}
        self.asked.set()
        self.go_on.wait(WAIT_S)
        return found

    def held(self) -> tuple[list[dict[str, Any]], list[dict[str, Any]], list[str]]:
        return [], [], []


@pytest.fixture
def told(clock: Clock, faults: Faults, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Live, Stores, Journal]]:
    monkeypatch.setattr(live, "TICK_S", 0.001)
    vendors = simulators(clock, faults)
    stores, journal = Stores(), Journal()
    made = Live(
        stores, journal, Road(journal, Masker(), clock, names(), calls()), played(*vendors, clock), clock, names()
    )
    yield made, stores, journal
    stores.go_on.set()
    made.stop()
    for vendor in vendors:
        vendor.stop()


def test_totals_of_before_a_reset_are_not_told_after_it(told: tuple[Live, Stores, Journal]) -> None:
    made, stores, journal = told
    stream = journal.follow()
    assert next(stream) == b"retry: 1000\n\n"
    made.start()
    assert stores.asked.wait(WAIT_S)
    resetting = threading.Thread(target=made.reset)
    resetting.start()
    resetting.join(0.05)
    assert resetting.is_alive()
    stores.messages = 0
    stores.go_on.set()
    resetting.join(WAIT_S)
    said = ""
    while '"messages":0' not in said:
        said += next(stream).decode()
    after = said.partition("event: reset")[2]
    assert '"messages":1' not in after
    assert '"messages":0' in after
