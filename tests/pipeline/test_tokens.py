"""The upkeep of access tokens."""

from __future__ import annotations

from typing import Any

from chalicelib.errors import Refused, Retryable
from chalicelib.messages import Account, Conversation
from chalicelib.pipeline.tokens import DAY_S, ITEM, LEASE_S, Upkeep
from tests.fakes import INSTAGRAM, TIKTOK, FakeClock, FakeLedger, FakeMetrics, FakeSecrets


class Renews:
    """Says what it is told; keeps what it was asked."""

    def __init__(self, *ends: dict[str, Any] | Exception, due: bool = True) -> None:
        self.ends = list(ends)
        self.is_due = due
        self.asked: list[tuple[str, dict[str, Any], dict[str, Any]]] = []

    def due(self, account: Account, held: dict[str, Any], now: float) -> bool:
        return self.is_due

    def renew(self, account: Account, held: dict[str, Any], app: dict[str, Any], now: float) -> dict[str, Any]:
        self.asked.append((account.id, held, app))
        end = self.ends.pop(0)
        if isinstance(end, Exception):
            raise end
        return end


class Kit:
    def __init__(self, instagram: Renews, tiktok: Renews) -> None:
        self.clock = FakeClock()
        self.metrics = FakeMetrics()
        self.ledger = FakeLedger()
        self.ledger.listed = [INSTAGRAM, TIKTOK]
        self.secrets = FakeSecrets()
        self.secrets.stored = {
            INSTAGRAM.secret: {"access_token": "old-ig"},
            TIKTOK.secret: {"access_token": "old-tt", "refresh_token": "r1"},
            "ig-app": {"secrets": ["s"]},
            "tt-app": {"app_id": "7", "secrets": ["s"]},
        }
        self.upkeep = Upkeep(
            renewals={"instagram": instagram, "tiktok": tiktok},
            app_secrets={"instagram": "ig-app", "tiktok": "tt-app"},
            ledger=self.ledger,
            secrets=self.secrets,
            clock=self.clock,
            metrics=self.metrics,
        )


def test_a_token_that_is_due_is_renewed_and_stored() -> None:
    tiktok = Renews({"access_token": "new-tt", "refresh_token": "r2"})
    kit = Kit(Renews(due=False), tiktok)
    kit.upkeep.run()
    assert kit.secrets.stored[TIKTOK.secret] == {"access_token": "new-tt", "refresh_token": "r2"}
    assert kit.secrets.stored[INSTAGRAM.secret] == {"access_token": "old-ig"}
    assert tiktok.asked == [
        (TIKTOK.id, {"access_token": "old-tt", "refresh_token": "r1"}, {"app_id": "7", "secrets": ["s"]})
    ]
    assert kit.metrics.total("token_renewed", channel="tiktok") == 1


def test_an_accounts_trouble_is_no_other_accounts() -> None:
    kit = Kit(Renews(Refused("account_disconnected", "190")), Renews({"access_token": "new-tt"}))
    kit.upkeep.run()
    assert kit.secrets.stored[TIKTOK.secret]["access_token"] == "new-tt"
    assert kit.metrics.total("token_not_renewed", channel="instagram") == 1


def test_the_next_run_may_try_what_this_one_could_not() -> None:
    instagram = Renews(Retryable("no connection"), {"access_token": "new-ig"})
    kit = Kit(instagram, Renews(due=False))
    kit.upkeep.run()
    kit.upkeep.run()
    assert kit.secrets.stored[INSTAGRAM.secret]["access_token"] == "new-ig"


def test_two_functions_do_not_renew_the_same_token() -> None:
    tiktok = Renews({"access_token": "new"})
    kit = Kit(Renews(due=False), tiktok)
    turn = Conversation("tokens", "tiktok", TIKTOK.id)
    kit.ledger.claim(turn, ITEM, kit.clock(), LEASE_S)
    kit.upkeep.run()
    assert tiktok.asked == []
    kit.clock.advance(LEASE_S + 1)  # the other one died
    kit.upkeep.run()
    assert len(tiktok.asked) == 1


def test_the_days_left_are_told_by_what_ends_for_good() -> None:
    kit = Kit(Renews(due=False), Renews(due=False))
    now = kit.clock()
    kit.secrets.stored[INSTAGRAM.secret] |= {"expires_at": now + 3.5 * DAY_S}
    kit.secrets.stored[TIKTOK.secret] |= {"expires_at": now + 3600, "refresh_expires_at": now + 90 * DAY_S}
    kit.upkeep.run()
    assert kit.metrics.total("token_days_left", account=INSTAGRAM.id) == 3
    assert kit.metrics.total("token_days_left", account=TIKTOK.id) == 90
