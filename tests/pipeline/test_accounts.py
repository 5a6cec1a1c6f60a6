"""How often accounts are read, and what happens where they cannot be."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from chalicelib.errors import Retryable
from chalicelib.pipeline.accounts import LIFETIME_S, PAUSE_S, SOONEST_RELOAD_S, STALE_S, Accounts, readable
from chalicelib.registry import CHANNELS, DESKS, abouts
from chalicelib.vocabulary.records import Account, Unreadable
from tests.fakes import INSTAGRAM, PAGE, TIKTOK, FakeClock, FakeLedger, FakeMetrics


class Kit:
    def __init__(self, *listed: Account) -> None:
        self.clock = FakeClock()
        self.ledger = FakeLedger(listed=list(listed)) if listed else FakeLedger()
        self.metrics = FakeMetrics()
        self.accounts = Accounts(self.ledger, self.clock, self.metrics, abouts(CHANNELS), abouts(DESKS))

    def find(self) -> Account | None:
        return self.accounts.of_integration("int-tt")


def test_accounts_are_read_once_a_minute() -> None:
    kit = Kit()
    for _ in range(60):
        assert kit.accounts.of_channel("instagram", INSTAGRAM.id) == INSTAGRAM
        assert kit.find() == TIKTOK
        kit.clock.advance(1)
    assert kit.ledger.reads == 1
    kit.clock.advance(1)
    kit.find()
    assert kit.ledger.reads == 2


def test_an_unknown_account_is_looked_for_anew_a_second_later_and_not_sooner() -> None:
    kit = Kit(INSTAGRAM)
    for _ in range(10):
        assert kit.find() is None
    assert kit.ledger.reads == 1
    kit.ledger.listed.append(TIKTOK)
    kit.clock.advance(SOONEST_RELOAD_S / 2)
    assert kit.find() is None
    kit.clock.advance(SOONEST_RELOAD_S / 2)
    assert kit.find() == TIKTOK
    assert kit.ledger.reads == 2


@pytest.mark.parametrize("age_s", [0.5, 3.0, 59.0, 61.0, 4000.0])
@pytest.mark.parametrize("added_s", [0.0, 0.5, 30.0])
def test_an_account_that_was_just_added_is_found_soon_whenever_others_were_read(age_s: float, added_s: float) -> None:
    kit = Kit(INSTAGRAM)
    kit.accounts.of_channel("instagram", INSTAGRAM.id)
    kit.clock.advance(age_s)
    kit.find()
    kit.clock.advance(added_s)
    kit.ledger.listed.append(TIKTOK)
    kit.find()
    kit.clock.advance(SOONEST_RELOAD_S)
    assert kit.find() == TIKTOK


def test_a_flood_of_unknown_accounts_is_no_flood_of_reads() -> None:
    kit = Kit(INSTAGRAM)
    for number in range(3000):
        assert kit.accounts.of_channel("instagram", f"{number}") is None
        kit.clock.advance(0.01)
    assert kit.ledger.reads <= 31


def test_accounts_that_cannot_be_read_mean_later() -> None:
    kit = Kit()
    kit.ledger.down = True
    with pytest.raises(Retryable):
        kit.find()
    kit.ledger.down = False
    assert kit.find() == TIKTOK


def test_an_old_list_serves_while_the_table_cannot_be_read_but_not_for_ever() -> None:
    kit = Kit()
    kit.find()
    kit.ledger.down = True
    kit.clock.advance(LIFETIME_S + 1)
    for _ in range(200):
        assert kit.find() == TIKTOK
        kit.clock.advance(1)
    assert 200 / PAUSE_S <= kit.metrics.total("accounts_stale") <= 200 / PAUSE_S + 1
    kit.clock.advance(STALE_S)
    with pytest.raises(Retryable):
        kit.find()
    kit.ledger.down = False
    kit.clock.advance(PAUSE_S)
    assert kit.find() == TIKTOK


def test_what_an_old_list_lacks_may_be_there_all_the_same() -> None:
    kit = Kit(INSTAGRAM)
    kit.accounts.of_channel("instagram", INSTAGRAM.id)
    kit.ledger.down = True
    for age_s in (SOONEST_RELOAD_S, LIFETIME_S + 1):
        kit.clock.advance(age_s)
        with pytest.raises(Retryable):
            kit.find()
        assert kit.accounts.of_channel("instagram", INSTAGRAM.id) == INSTAGRAM


def test_a_row_that_cannot_be_read_is_told_and_the_others_work() -> None:
    metrics = FakeMetrics()
    elsewhere = msgspec.structs.replace(TIKTOK, channel="whatsapp")
    found: list[Account | Unreadable] = [
        INSTAGRAM,
        Unreadable("tiktok#1", "Expected `str`, got `null` - at `$.secret`"),
        elsewhere,
        TIKTOK,
    ]
    assert readable(found, abouts(CHANNELS), abouts(DESKS), metrics) == [INSTAGRAM, TIKTOK]
    assert metrics.lines == [
        ("account_unreadable", 1, {"account": "tiktok#1"}),
        ("account_unreadable", 1, {"account": f"whatsapp#{TIKTOK.id}"}),
    ]


@pytest.mark.parametrize("options", [{"login": "google"}, {"page": None}, {"human_agent": "true"}])
def test_an_account_whose_options_cannot_be_read_is_no_other_accounts_trouble(options: dict[str, Any]) -> None:
    faulty = msgspec.structs.replace(PAGE, options=options)
    kit = Kit(faulty, INSTAGRAM)
    assert kit.accounts.of_channel("instagram", INSTAGRAM.id) == INSTAGRAM
    assert kit.accounts.of_channel("instagram", PAGE.id) is None
    assert kit.metrics.total("account_unreadable", account=f"instagram#{PAGE.id}") == 1


def test_what_only_another_channel_knows_stands_on_no_account() -> None:
    row = {"login": "instagram", "page": "", "human_agent": False}
    kit = Kit(msgspec.structs.replace(TIKTOK, options=row), msgspec.structs.replace(PAGE, options=row | PAGE.options))
    assert kit.find() == TIKTOK
    assert kit.accounts.of_channel("instagram", PAGE.id) == PAGE
