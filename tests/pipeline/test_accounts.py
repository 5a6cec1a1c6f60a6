"""How often accounts are read."""

from __future__ import annotations

import pytest

from chalicelib.errors import Retryable
from chalicelib.pipeline.accounts import Accounts
from tests.fakes import INSTAGRAM, TIKTOK, FakeClock, FakeLedger


def test_accounts_are_read_once_a_minute() -> None:
    clock, ledger = FakeClock(), FakeLedger()
    accounts = Accounts(ledger, clock)
    for _ in range(60):
        assert accounts.of_channel("instagram", INSTAGRAM.id) == INSTAGRAM
        assert accounts.of_integration("int-tt") == TIKTOK
        clock.advance(1)
    assert ledger.reads == 1
    clock.advance(1)
    accounts.of_integration("int-tt")
    assert ledger.reads == 2


def test_an_unknown_account_is_looked_for_anew_but_not_more_often_than_every_five_seconds() -> None:
    clock, ledger = FakeClock(), FakeLedger(listed=[INSTAGRAM])
    accounts = Accounts(ledger, clock)
    for _ in range(10):
        assert accounts.of_integration("int-tt") is None
    assert ledger.reads == 1
    ledger.listed.append(TIKTOK)
    clock.advance(5)
    assert accounts.of_integration("int-tt") is None
    clock.advance(1)
    assert accounts.of_integration("int-tt") == TIKTOK
    assert ledger.reads == 2


def test_accounts_that_cannot_be_read_mean_later() -> None:
    ledger = FakeLedger(down=True)
    accounts = Accounts(ledger, FakeClock())
    with pytest.raises(Retryable):
        accounts.of_channel("instagram", INSTAGRAM.id)
    ledger.down = False
    assert accounts.of_channel("instagram", INSTAGRAM.id) == INSTAGRAM
