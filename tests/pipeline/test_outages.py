"""Whether a desk is away: known to all containers, by no call of its own while all is well."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest

from chalicelib.errors import (
    AlreadyThere,
    Misconfigured,
    RateLimited,
    Refused,
    Retryable,
    Uncertain,
    Unreachable,
    Waiting,
)
from chalicelib.pipeline.accounts import Accounts
from chalicelib.pipeline.outages import EVERY_S, Outages, Watched
from chalicelib.registry import CHANNELS, DESKS, abouts
from chalicelib.vocabulary.messages import DeskMessage
from chalicelib.vocabulary.records import NOBODYS
from chalicelib.vocabulary.replies import Receipt
from tests.fakes import INSTAGRAM, START, FakeClock, FakeDesk, FakeLedger, FakeMetrics

MESSAGE = DeskMessage(id="m", customer="c", sent_ms=1, text="t", nickname="", attributes={})


class Counted(FakeLedger):
    """Which of its methods were called."""

    def __getattribute__(self, name: str) -> Any:
        if name in {"away", "back", "held", "pauses", "accounts"}:
            object.__getattribute__(self, "calls").append(name)
        return object.__getattribute__(self, name)

    def __init__(self) -> None:
        self.calls: list[str] = []
        super().__init__()


class Container:
    def __init__(self, ledger: FakeLedger, clock: FakeClock) -> None:
        self.metrics, self.clock, self.desk = FakeMetrics(), clock, FakeDesk()
        self.accounts = Accounts(ledger, clock, self.metrics, abouts(CHANNELS), abouts(DESKS))
        self.outages = Outages(ledger, self.accounts, clock, self.metrics)
        self.watched = Watched("genesys", self.desk, self.outages)

    def deliver(self, answer: str | Exception = "desk-1") -> None:
        self.accounts.of_channel("instagram", INSTAGRAM.id)
        self.desk.answers = [answer]
        with suppress(Retryable, Uncertain, Refused, AlreadyThere, LookupError):
            self.watched.deliver(INSTAGRAM, MESSAGE, NOBODYS, self.clock())

    @property
    def away_s(self) -> float | None:
        since_s = self.outages.since_s("genesys")
        return None if since_s is None else self.clock() - since_s


class Kit:
    def __init__(self) -> None:
        self.clock, self.ledger = FakeClock(), Counted()
        self.one, self.other = Container(self.ledger, self.clock), Container(self.ledger, self.clock)


AWAY: list[Callable[[], Exception]] = [lambda: Unreachable("no connection"), lambda: Uncertain("HTTP 503")]
THERE: list[Callable[[], Exception]] = [
    lambda: RateLimited("429"),
    lambda: Waiting("429, waiting"),
    lambda: Misconfigured("403", "a permission"),
    lambda: Retryable("table busy"),
    lambda: Refused("other", "400"),
    lambda: AlreadyThere("409"),
    lambda: LookupError("odd"),
]


def test_while_all_is_well_nothing_is_called_but_what_always_is() -> None:
    kit = Kit()
    for _ in range(3):
        for _ in range(100):
            kit.one.deliver()
        kit.clock.advance(61)
    assert [name for name in kit.ledger.calls if name != "pauses"] == ["accounts", "held"] * 3


@pytest.mark.parametrize("error", AWAY)
def test_a_desk_that_does_not_answer_is_away_from_the_first_time_on(error: Callable[[], Exception]) -> None:
    kit = Kit()
    for _ in range(100):
        kit.one.deliver(error())
        kit.clock.advance(10)
    assert kit.one.away_s == 1000
    assert kit.ledger.calls.count("away") == 1000 / EVERY_S // 1 + 1
    assert max(value for name, value, _ in kit.one.metrics.lines if name == "desk_away_minutes") == 16


@pytest.mark.parametrize("error", THERE)
def test_throttling_configuration_and_refusals_are_no_outage(error: Callable[[], Exception]) -> None:
    kit = Kit()
    for _ in range(10):
        kit.one.deliver(error())
        kit.clock.advance(100)
    assert kit.one.away_s is None
    assert "away" not in kit.ledger.calls


@pytest.mark.parametrize("answer", ["desk-1", Refused("other", "400"), AlreadyThere("409")])
def test_the_first_answer_ends_it_for_all_whoever_gets_it(answer: str | Exception) -> None:
    kit = Kit()
    kit.other.deliver()
    kit.one.deliver(Unreachable("x"))
    kit.clock.advance(61)
    kit.one.deliver(Unreachable("x"))
    kit.other.deliver(answer)  # it has read of it with the accounts
    assert kit.ledger.aways == {}
    kit.other.deliver()
    assert kit.ledger.calls.count("back") == 1
    kit.clock.advance(600)
    kit.one.deliver(RateLimited("429"))
    assert kit.one.away_s is None
    kit.one.deliver(Unreachable("x"))
    assert kit.one.away_s == 0


def test_who_can_be_read_is_not_back_and_who_cannot_is_away() -> None:
    kit = Kit()
    kit.one.deliver(Unreachable("x"))
    kit.one.watched.is_open(INSTAGRAM, "c", NOBODYS)
    kit.one.watched.find(INSTAGRAM, "m", "c", NOBODYS, START, START)
    kit.one.watched.report(INSTAGRAM, Receipt(message="m", customer="c", delivered=True), NOBODYS, START)
    assert kit.one.away_s == 0
    kit = Kit()
    kit.one.desk.open_error = Unreachable("x")
    with pytest.raises(Unreachable):
        kit.one.watched.is_open(INSTAGRAM, "c", NOBODYS)
    assert kit.one.away_s == 0


def test_a_table_that_cannot_be_written_is_no_hindrance() -> None:
    kit = Kit()
    kit.one.deliver()
    kit.ledger.down = True
    kit.one.deliver(Unreachable("x"))
    assert kit.one.away_s is None
    kit.ledger.down = False
    kit.one.deliver(Unreachable("x"))
    kit.ledger.down = True
    kit.one.deliver()
    kit.ledger.down = False
    kit.one.deliver()
    assert kit.ledger.aways == {}
