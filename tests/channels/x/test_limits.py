"""A worker asks how often it may call once in a moment, and believes a limit as long as that lasts."""

from __future__ import annotations

import pytest

from chalicelib.channels.x.limits import BELIEVED_S, Limits
from chalicelib.errors import RateLimited, Throttled
from chalicelib.vocabulary.records import Account, Conversation
from tests.fakes import FakeClock, FakeMemory

BRAND = Account(channel="x", id="42", integration="i-42", secret="s/42")
OTHER = Account(channel="x", id="43", integration="i-43", secret="s/43")


class Counted(FakeMemory):
    """Counts what it is asked."""

    asked = 0

    def get(self, of: Conversation, name: str) -> bytes | None:
        self.asked += 1
        return super().get(of, name)


class Two:
    """Two workers over one table."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.memory = Counted(self.clock)
        self.one, self.two = Limits(self.memory, self.clock), Limits(self.memory, self.clock)

    def met(self, after_s: float) -> None:
        """The first worker is told that there are no more calls for so long."""
        with pytest.raises(Throttled):
            self.one.met(BRAND, "send", RateLimited("HTTP 429", after_s))


def test_it_is_asked_once_in_a_moment_for_each_account_and_route() -> None:
    two = Two()
    for _ in range(3):
        two.one.ready(BRAND, "send")
    assert two.memory.asked == 1
    two.one.ready(BRAND, "read")
    two.one.ready(OTHER, "send")
    assert two.memory.asked == 3
    two.clock.advance(BELIEVED_S)
    two.one.ready(BRAND, "send")
    assert two.memory.asked == 4


def test_what_another_worker_has_met_is_known_a_moment_later() -> None:
    two = Two()
    two.two.ready(BRAND, "send")
    two.met(60)
    two.two.ready(BRAND, "send")  # X itself refuses this one
    two.clock.advance(BELIEVED_S)
    with pytest.raises(Throttled):
        two.two.ready(BRAND, "send")


def test_a_limit_is_believed_until_it_ends() -> None:
    two = Two()
    two.met(60)
    asked = two.memory.asked
    for _ in range(5):
        with pytest.raises(Throttled):
            two.one.ready(BRAND, "send")
        two.clock.advance(10)
    assert two.memory.asked == asked
    two.clock.advance(20)
    two.one.ready(BRAND, "send")


def test_a_table_that_cannot_be_asked_holds_nobody_up_and_is_asked_again() -> None:
    two = Two()
    two.memory.down = True
    two.one.ready(BRAND, "send")
    two.one.ready(BRAND, "send")
    assert two.memory.asked == 2
