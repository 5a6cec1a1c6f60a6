"""Who writes is put into the register of the desk that keeps one, once a week; no message waits or fails for it."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from chalicelib.errors import Misconfigured, RateLimited, Refused, Retryable, Unreachable
from chalicelib.protocols.desk import Desk
from chalicelib.vocabulary.claims import LEASE_S
from chalicelib.vocabulary.messages import CustomerEvent, CustomerMessage
from chalicelib.vocabulary.records import Conversation, Event, Profile
from tests.fakes import INSTAGRAM, FakeClient, FakeDesk, turn
from tests.kits import Bench

WEEK_S = 7 * 86_400
ANA = Profile(name="Ana Núñez", username="ana.b", followers=12, verified=True)


class Killed(BaseException):
    """The worker stops dead."""


class Says:
    """The channel's translator: reads what it is told to."""

    def __init__(self) -> None:
        self.happened: list[CustomerEvent] = []

    def parse(self, event: Event) -> list[CustomerEvent]:
        return self.happened


class Kit:
    """Two desks: the account's keeps a register, unless it is told otherwise."""

    def __init__(self, *, registers: bool = True) -> None:
        self.says, self.client, self.desk, self.other = Says(), FakeClient(), FakeDesk(), FakeDesk()
        self.desk.registers = registers
        desks: dict[str, Desk] = {"genesys": self.other, "connect": self.desk}
        bench = Bench({"instagram": self.client}, desks)
        self.clock, self.metrics, self.ledger = bench.clock, bench.metrics, bench.ledger
        self.ledger.listed = [msgspec.structs.replace(INSTAGRAM, desk="connect")]
        self.bench = bench
        self.restarts()
        self.number = 0

    def restarts(self) -> None:
        """A worker that remembers nothing."""
        self.to_desk = self.bench.to_desk({"instagram": self.says})

    def write(self, customer: str = "55501", again: bool = False, **changes: Any) -> CustomerMessage:
        self.number += not again
        message = msgspec.structs.replace(
            CustomerMessage(
                id=f"message:{self.number}",
                conversation=Conversation("instagram", INSTAGRAM.id, customer),
                sent_ms=int(self.clock() * 1000),
                text="Is the oolong back?",
            ),
            **changes,
        )
        self.says.happened = [message]
        event = Event(
            source="instagram", account=INSTAGRAM.id, party=customer, id=message.id,
            received_ms=int(self.clock() * 1000),
        )  # fmt: skip
        self.to_desk.handle(event, turn(event.id))
        return message


def test_who_writes_is_introduced_once_a_week_by_whichever_worker() -> None:
    kit = Kit()
    kit.client.profiles = [ANA]
    kit.write()
    assert kit.desk.introduced == [("55501", ANA)]
    for _ in range(6):
        kit.clock.advance(WEEK_S / 7)
        kit.restarts()
        kit.write()
        kit.write()
    assert len(kit.desk.introduced) == 1
    kit.clock.advance(WEEK_S / 7 + 1)
    kit.write()
    kit.write()
    assert len(kit.desk.introduced) == 2
    assert len(kit.desk.delivered) == 15


def test_a_desk_without_a_register_costs_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    kit = Kit(registers=False)

    def looks(*given: Any) -> Any:
        raise AssertionError("nobody has to know that")

    monkeypatch.setattr(kit.ledger, "introduced", looks)
    monkeypatch.setattr(kit.ledger, "introduce", looks)
    kit.write()
    assert len(kit.desk.delivered) == 1
    assert kit.desk.introduced == []
    assert kit.metrics.total("introduction_failed") == 0


def test_only_the_desk_that_shows_the_message_is_told() -> None:
    kit = Kit()
    kit.other.registers = True
    kit.write(username="ana.b")
    assert (len(kit.desk.introduced), kit.other.introduced) == (1, [])


@pytest.mark.parametrize(
    "error",
    [
        Unreachable("no answer"), RateLimited("429", 5.0), Misconfigured("403", "the role", 60.0),
        Retryable("table busy"), Refused("other", "400"), ValueError("nobody foresaw it"),
    ],
    ids=lambda error: type(error).__name__,
)  # fmt: skip
def test_what_fails_there_is_counted_holds_up_nothing_and_is_tried_again(error: Exception) -> None:
    kit = Kit()
    kit.client.profiles = [ANA]
    kit.desk.introduce_answers = [error]
    kit.write()
    assert len(kit.desk.delivered) == 1
    assert kit.metrics.total("introduction_failed", channel="instagram") == 1
    kit.write()
    assert kit.desk.introduced == []  # not at once
    kit.clock.advance(61)
    kit.write()
    assert kit.desk.introduced == [("55501", ANA)]
    assert len(kit.desk.delivered) == 3


def test_a_register_that_is_away_is_left_alone_for_all_customers_of_the_account() -> None:
    kit = Kit()
    kit.desk.introduce_answers = [Unreachable("no answer")] * 50
    for number in range(50):
        kit.write(str(number), username=f"customer.{number}")
    assert len(kit.desk.delivered) == 50
    assert 50 - len(kit.desk.introduce_answers) <= 2


@pytest.mark.parametrize("broken", ["introduced", "introduce"])
def test_a_table_that_fails_holds_up_nothing(broken: str, monkeypatch: pytest.MonkeyPatch) -> None:
    kit = Kit()

    def busy(*given: Any) -> Any:
        raise Retryable("table busy")

    with monkeypatch.context() as patched:
        patched.setattr(kit.ledger, broken, busy)
        kit.write(username="ana.b")
    assert len(kit.desk.delivered) == 1
    kit.clock.advance(61)
    kit.write(username="ana.b")
    assert kit.desk.introduced[-1] == ("55501", Profile(name="ana.b", username="ana.b"))


def test_a_worker_that_dies_over_it_has_shown_the_message_once_and_another_introduces() -> None:
    kit = Kit()
    kit.client.profiles = [ANA]
    kit.desk.introduce_answers = [Killed()]
    with pytest.raises(Killed):
        kit.write()
    kit.clock.advance(LEASE_S + 1)
    kit.restarts()
    kit.write(again=True)
    assert (len(kit.desk.delivered), kit.desk.introduced) == (1, [])
    kit.write()
    assert kit.desk.introduced == [("55501", ANA)]


@pytest.mark.parametrize(
    "changes", [{"comment": "c-1", "starts_window": False, "public": True}, {"starts_window": False}], ids=repr
)
def test_who_has_not_written_has_not_consented(changes: dict[str, Any]) -> None:
    kit = Kit()
    kit.client.profiles = [ANA]
    kit.write(username="ana.b", **changes)
    assert len(kit.desk.delivered) == 1
    assert kit.desk.introduced == []


def test_who_has_no_name_is_not_introduced_and_neither_is_the_number_that_they_are() -> None:
    kit = Kit()
    kit.client.profiles = [None]
    kit.write()
    assert kit.desk.introduced == []
    assert kit.metrics.total("introduction_failed") == 0


def test_a_name_is_as_harmless_as_the_one_that_agents_read() -> None:
    kit = Kit()
    kit.client.profiles = [Profile(name="Ana\n\u202eevil", username="ana.b\u200f")]
    kit.write()
    [(_, told)] = kit.desk.introduced
    shown = kit.desk.delivered[0].nickname
    assert (told.name, "\n" in told.name, "\u202e" in told.name) == (shown, False, False)
    assert told.username == "ana.b"


def test_what_could_not_be_told_twice_is_told_where_the_message_was_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """The answer was lost; the desk has the message all the same, and its customer is put into the register."""
    kit = Kit()
    kit.client.profiles = [ANA]
    kit.desk.answers = [Unreachable("no answer")]
    with pytest.raises(Retryable):
        kit.write()
    assert kit.desk.introduced == []
    kit.write(again=True)
    assert kit.desk.introduced == [("55501", ANA)]
