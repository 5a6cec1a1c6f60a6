"""The upkeep of access tokens."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from chalicelib.credentials import Secret
from chalicelib.errors import Misconfigured, Refused, Retryable, Uncertain
from chalicelib.pipeline.chores import tokens
from chalicelib.pipeline.chores.tokens import BEGIN_S, DAY_S, HOUR_S, LEASE_S, Tokens, lock_of
from chalicelib.registry import CHANNELS, DESKS, abouts
from chalicelib.vocabulary.records import Account, Unreadable
from tests.fakes import INSTAGRAM, TIKTOK, FakeClock, FakeLedger, FakeMetrics, FakeSecrets
from tests.pipeline.chores.cutting import Killed, cut

NEW = {"access_token": "new-tt", "refresh_token": "r2"}


class Renews:
    """Says what it is told; keeps what it was asked."""

    every_s = HOUR_S

    def __init__(self, *ends: dict[str, Any] | BaseException, due: bool = True) -> None:
        self.ends = list(ends)
        self.is_due = due
        self.asked: list[tuple[str, dict[str, Any], Secret]] = []
        self.on_renew: Callable[[], None] = lambda: None

    def due(self, account: Account, held: dict[str, Any], now: float) -> bool:
        return self.is_due

    def renew(self, account: Account, held: dict[str, Any], app: Callable[[], Secret], now: float) -> dict[str, Any]:
        self.asked.append((account.id, held, app()))
        self.on_renew()
        end = self.ends.pop(0)
        if isinstance(end, BaseException):
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
        self.tokens = Tokens(
            every_s=HOUR_S,
            renewals={"instagram": instagram, "tiktok": tiktok},
            app_secrets={"instagram": "ig-app", "tiktok": "tt-app"},
            channels=abouts(CHANNELS),
            desks=abouts(DESKS),
            ledger=self.ledger,
            secrets=self.secrets,
            clock=self.clock,
            metrics=self.metrics,
        )

    def run(self) -> None:
        self.tokens.run(self.clock())


def test_a_token_that_is_due_is_renewed_and_stored() -> None:
    tiktok = Renews(NEW)
    kit = Kit(Renews(due=False), tiktok)
    kit.run()
    assert kit.secrets.stored[TIKTOK.secret] == NEW
    assert kit.secrets.stored[INSTAGRAM.secret] == {"access_token": "old-ig"}
    app = Secret("tt-app", {"app_id": "7", "secrets": ["s"]})
    assert tiktok.asked == [(TIKTOK.id, {"access_token": "old-tt", "refresh_token": "r1"}, app)]
    assert kit.metrics.total("token_renewed", channel="tiktok") == 1


TROUBLES = [
    Refused("account_disconnected", "190"), Retryable("no connection"), Uncertain("no answer"),
    Misconfigured("the secret s/ig holds no access_token", "store it"), KeyError("access_token"),
    TypeError("float() argument"), AttributeError("x"), RecursionError(), AssertionError(), OSError("disk"),
]  # fmt: skip


@pytest.mark.parametrize("trouble", TROUBLES, ids=lambda trouble: type(trouble).__name__)
def test_an_accounts_trouble_is_no_other_accounts(trouble: Exception) -> None:
    kit = Kit(Renews(trouble), Renews(NEW))
    kit.run()
    assert kit.secrets.stored[TIKTOK.secret] == NEW
    assert kit.metrics.total("token_not_renewed", channel="instagram") == 1
    assert kit.metrics.total("token_not_renewed") == 1


class _Deaf(FakeSecrets):
    """Cannot read or write what `fails` names."""

    fails: tuple[str, str] = ("", "")
    error: Exception = Retryable("aws: AccessDenied")

    def read(self, name: str) -> dict[str, Any]:
        if self.fails == ("read", name):
            raise self.error
        return super().read(name)

    def put(self, name: str, value: dict[str, Any]) -> None:
        if self.fails == ("put", name):
            raise self.error
        super().put(name, value)


@pytest.mark.parametrize("error", [Retryable("aws: Throttling"), Misconfigured("aws", "role"), ValueError("odd")])
@pytest.mark.parametrize("fails", [("read", INSTAGRAM.secret), ("put", INSTAGRAM.secret), ("read", "ig-app")])
def test_a_secret_that_cannot_be_read_or_written_is_no_other_accounts_trouble(
    fails: tuple[str, str], error: Exception
) -> None:
    kit = Kit(Renews({"access_token": "new-ig"}), Renews(NEW))
    secrets = _Deaf(**kit.secrets.stored)
    secrets.fails, secrets.error = fails, error
    kit.tokens._secrets = secrets
    kit.run()
    assert secrets.stored[TIKTOK.secret] == NEW
    assert kit.metrics.total("token_not_renewed", channel="instagram") == 1


def test_a_channel_without_a_renewal_and_a_row_that_cannot_be_read_are_told() -> None:
    class Ledger(FakeLedger):
        def accounts(self) -> list[Any]:
            return [msgspec.structs.replace(INSTAGRAM, channel="whatsapp"), Unreadable("x#1", "no id"), TIKTOK]

    kit = Kit(Renews(due=False), Renews(NEW))
    kit.tokens._ledger = Ledger()
    kit.run()
    assert kit.secrets.stored[TIKTOK.secret] == NEW
    assert kit.metrics.total("account_unreadable") == 2


@pytest.mark.parametrize("ends", [float("nan"), float("inf"), "soon", True, [], 10**300])
def test_an_end_that_is_none_harms_nobody(ends: object) -> None:
    kit = Kit(Renews(due=False), Renews(NEW))
    kit.secrets.stored[INSTAGRAM.secret] |= {"expires_at": ends}
    kit.run()
    assert kit.metrics.total("token_not_renewed") == 0
    assert kit.secrets.stored[TIKTOK.secret] == NEW


def test_a_refresh_token_is_not_spent_where_its_successor_cannot_be_stored() -> None:
    tiktok = Renews(NEW)
    kit = Kit(Renews(due=False), tiktok)
    secrets = _Deaf(**kit.secrets.stored)
    secrets.fails = ("put", TIKTOK.secret)
    kit.tokens._secrets = secrets
    kit.run()
    assert tiktok.asked == []
    assert kit.metrics.total("token_not_renewed", channel="tiktok") == 1


def test_nothing_is_lost_where_the_run_is_cut_after_what_was_given_is_stored() -> None:
    """At any call behind the storing; the lease then ends by itself, and the token is not due any more."""
    for called in ("unlock", "count"):
        tiktok = Renews(NEW)
        kit = Kit(Renews(due=False), tiktok)

        def die(*_: object, **__: object) -> None:
            raise Killed

        owner: Any = kit.ledger if called == "unlock" else kit.metrics
        setattr(owner, called, die)
        with pytest.raises(Killed):
            kit.run()
        assert kit.secrets.stored[TIKTOK.secret] == NEW


def test_the_lease_is_given_back_where_the_platform_did_not_answer() -> None:
    tiktok = Renews(Uncertain("no answer"), NEW)
    kit = Kit(Renews(due=False), tiktok)
    kit.run()
    kit.run()
    assert kit.secrets.stored[TIKTOK.secret] == NEW


def test_a_lease_that_cannot_be_given_back_hides_no_success(monkeypatch: pytest.MonkeyPatch) -> None:
    kit = Kit(Renews(due=False), Renews(NEW))
    unlock = kit.ledger.unlock

    def busy(name: str, token: str) -> None:
        unlock(name, token)
        raise Retryable("table busy")

    monkeypatch.setattr(kit.ledger, "unlock", busy)
    kit.run()
    assert kit.metrics.total("token_renewed") == 1
    assert kit.metrics.total("token_not_renewed") == 0


def test_what_another_function_has_renewed_meanwhile_is_read_before_it_is_asked_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Between our look and our turn, the other one had its own."""

    class Late(Renews):
        def due(self, account: Account, held: dict[str, Any], now: float) -> bool:
            return held.get("refresh_token") == "r1"

    tiktok = Late(NEW)
    kit = Kit(Renews(due=False), tiktok)
    lock = kit.ledger.lock

    def after_the_other(*given: Any) -> Any:
        kit.secrets.stored[TIKTOK.secret] = {"access_token": "theirs", "refresh_token": "r2"}
        return lock(*given)

    monkeypatch.setattr(kit.ledger, "lock", after_the_other)
    kit.run()
    assert tiktok.asked == []
    assert kit.secrets.stored[TIKTOK.secret] == {"access_token": "theirs", "refresh_token": "r2"}


def test_no_renewal_is_begun_that_the_functions_end_might_cut() -> None:
    instagram, tiktok = Renews({"access_token": "new-ig"}), Renews(NEW)
    kit = Kit(instagram, tiktok)
    instagram.on_renew = lambda: kit.clock.advance(BEGIN_S + 1)
    kit.run()
    assert kit.secrets.stored[INSTAGRAM.secret] == {"access_token": "new-ig"}
    assert tiktok.asked == []
    instagram.is_due = False
    kit.run()
    assert kit.secrets.stored[TIKTOK.secret] == NEW


def test_the_next_run_may_try_what_this_one_could_not() -> None:
    instagram = Renews(Retryable("no connection"), {"access_token": "new-ig"})
    kit = Kit(instagram, Renews(due=False))
    kit.run()
    kit.run()
    assert kit.secrets.stored[INSTAGRAM.secret]["access_token"] == "new-ig"


def test_two_functions_do_not_renew_the_same_token() -> None:
    tiktok = Renews({"access_token": "new"})
    kit = Kit(Renews(due=False), tiktok)
    kit.ledger.lock(lock_of(TIKTOK), kit.clock(), LEASE_S)
    kit.run()
    assert tiktok.asked == []
    kit.clock.advance(LEASE_S + 1)  # the other one died
    kit.run()
    assert len(tiktok.asked) == 1


def test_the_days_left_are_told_by_what_ends_for_good() -> None:
    kit = Kit(Renews(due=False), Renews(due=False))
    now = kit.clock()
    kit.secrets.stored[INSTAGRAM.secret] |= {"expires_at": now + 3.5 * DAY_S}
    kit.secrets.stored[TIKTOK.secret] |= {"expires_at": now + 3600, "refresh_expires_at": now + 90 * DAY_S}
    kit.run()
    assert kit.metrics.total("token_days_left", account=INSTAGRAM.id) == 3
    assert kit.metrics.total("token_days_left", account=TIKTOK.id) == 90


class Platform:
    """Gives a new pair for the newest refresh token, and for the one before it until the new one was used: so that an
    answer that is lost is not lost for good. A `strict` one knows the newest only."""

    every_s = HOUR_S

    def __init__(self, strict: bool) -> None:
        self.strict, self.given = strict, 1

    def due(self, account: Account, held: dict[str, Any], now: float) -> bool:
        return account == TIKTOK and held.get("expires_at", 0) <= now

    def renew(self, account: Account, held: dict[str, Any], app: Callable[[], Secret], now: float) -> dict[str, Any]:
        app()
        if not self.takes(held):
            raise Refused("account_disconnected", "the refresh token is wrong")
        self.given += 1
        new = {"access_token": f"a{self.given}", "refresh_token": f"r{self.given}", "expires_at": now + DAY_S}
        return held | new

    def takes(self, held: dict[str, Any]) -> bool:
        number = int(held["refresh_token"].removeprefix("r"))
        return number == self.given or (number == self.given - 1 and not self.strict)


@pytest.mark.parametrize("strict", [False, True])
def test_a_renewal_that_is_cut_at_any_line_is_done_by_a_later_run(strict: bool) -> None:
    """Where the platform takes no older refresh token, one line is left: there it has answered, and nothing is stored.
    That the secret can be written was tried just before, and the function's end lies behind it."""
    lost: set[str] = set()
    for line in itertools.count(1):
        platform = Platform(strict)
        kit = Kit(Renews(due=False), Renews())
        kit.tokens._renewals = {"instagram": Renews(due=False), "tiktok": platform}
        kit.secrets.stored[TIKTOK.secret] |= {"note": "kept"}
        text = cut(tokens, kit.run, line)
        kit.clock.advance(LEASE_S + 1)
        kit.run()
        held = kit.secrets.stored[TIKTOK.secret]
        assert held["note"] == "kept"
        if held["refresh_token"] != f"r{platform.given}" or not platform.takes(held) or platform.given == 1:
            lost.add(text)
        if not text:
            break
    assert line > 20
    assert lost == ({"self._secrets.put(account.secret, new)"} if strict else set())


def test_each_pace_is_a_chore_of_its_own_and_goes_through_its_own_accounts() -> None:
    instagram, tiktok = Renews(NEW), Renews(NEW)
    kit = Kit(instagram, tiktok)
    often = Tokens(
        every_s=900.0,
        renewals={"tiktok": tiktok},
        app_secrets={"tiktok": "tt-app"},
        channels=abouts(CHANNELS),
        desks=abouts(DESKS),
        ledger=kit.ledger,
        secrets=kit.secrets,
        clock=kit.clock,
        metrics=kit.metrics,
    )
    often.run(kit.clock())
    assert ([name for name, _, _ in tiktok.asked], instagram.asked) == ([TIKTOK.id], [])
    assert kit.metrics.total("token_not_renewed") == 0
    assert (often.every_s, kit.tokens.every_s) == (900.0, HOUR_S)
    assert often.name != kit.tokens.name == "tokens"


def test_a_token_that_renews_itself_has_no_days_left_to_tell() -> None:
    kit = Kit(Renews(due=False), Renews(due=False))
    kit.secrets.stored[TIKTOK.secret] |= {"refresh_token": "r1", "expires_at": kit.clock() + 7200}
    kit.run()
    assert [line for line in kit.metrics.lines if line[0] == "token_days_left"] == []
