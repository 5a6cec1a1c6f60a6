"""A paused account's events rest on their queues, and nothing of them is spent."""

from __future__ import annotations

import pytest

from chalicelib.channels.instagram.about import ABOUT as INSTAGRAM_ABOUT
from chalicelib.channels.tiktok.about import ABOUT as TIKTOK_ABOUT
from chalicelib.desks.genesys.about import ABOUT as GENESYS_ABOUT
from chalicelib.errors import Retryable, Waiting
from chalicelib.pipeline.accounts import LIFETIME_S, Accounts
from chalicelib.vocabulary.records import Direction, Pause
from tests.fakes import INSTAGRAM, START, FakeClock, FakeLedger, FakeMetrics


def paused(direction: Direction = "inbound", until_s: float = START + 1000) -> Pause:
    return Pause(channel="instagram", account=INSTAGRAM.id, direction=direction, since_s=START, until_s=until_s)


class Kit:
    def __init__(self) -> None:
        self.ledger, self.clock = FakeLedger(), FakeClock()
        channels = {"instagram": INSTAGRAM_ABOUT, "tiktok": TIKTOK_ABOUT}
        self.accounts = Accounts(self.ledger, self.clock, FakeMetrics(), channels, {"genesys": GENESYS_ABOUT})

    def held(self, direction: Direction = "inbound", identifier: str = INSTAGRAM.id) -> bool:
        return self.accounts.paused("instagram", identifier, direction)


def test_one_account_and_one_direction_wait() -> None:
    kit = Kit()
    kit.ledger.paused = [paused()]
    assert kit.held()
    assert not kit.held("outbound")
    assert not kit.held(identifier="another")
    with pytest.raises(Waiting):
        kit.accounts.ready("instagram", INSTAGRAM.id, "inbound")
    kit.accounts.ready("instagram", INSTAGRAM.id, "outbound")


def test_it_is_seen_within_a_minute_and_ends_by_itself() -> None:
    kit = Kit()
    assert not kit.held()
    kit.ledger.paused = [paused(until_s=START + 3 * LIFETIME_S)]
    kit.clock.advance(LIFETIME_S + 1)
    assert kit.held()
    kit.clock.advance(3 * LIFETIME_S)
    assert not kit.held()


def test_while_the_table_cannot_be_read_the_last_list_serves() -> None:
    kit = Kit()
    kit.ledger.paused = [paused()]
    kit.ledger.down = True
    with pytest.raises(Retryable):
        kit.held()
    kit.ledger.down = False
    kit.clock.advance(60)
    assert kit.held()
    kit.ledger.down = True
    kit.clock.advance(LIFETIME_S + 1)
    assert kit.held()
