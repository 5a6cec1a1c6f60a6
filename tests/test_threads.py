"""What both workers' threads share: asked for once, and never half of it."""

from __future__ import annotations

import json
from threading import Barrier
from typing import Any

import pytest

from chalicelib.aws.secrets import LIFETIME_S, SecretStore
from chalicelib.desks.connect.api import Calls, Places
from chalicelib.desks.genesys.oauth import Tokens
from chalicelib.errors import RateLimited, Retryable, Unreachable
from chalicelib.http import Answer
from chalicelib.pipeline.accounts import Accounts
from chalicelib.pipeline.erased import Heeding
from chalicelib.pipeline.front.breaker import FAILURES, OPEN_S, Breaker
from chalicelib.pipeline.inbound.remembering import Remembered
from chalicelib.pipeline.outages import Outages
from chalicelib.registry import CHANNELS, DESKS, abouts
from chalicelib.sharing import Shared
from chalicelib.vocabulary.records import Account, Away, Erasure, Event
from tests.fakes import INSTAGRAM, FakeClock, FakeLedger, FakeMetrics, FakeOutgoing, answer
from tests.threads import PATIENCE_S, Door, put, together

THREADS = 6


class Ledger(FakeLedger):
    """Answers once all threads have asked."""

    door: Door
    calls = 0

    def accounts(self) -> list[Account]:
        self.calls += 1
        self.door.met(THREADS)
        return super().accounts()

    def away(self, desk: str, now: float) -> Away:
        self.calls += 1
        self.door.met(THREADS)
        return super().away(desk, now)

    def back(self, desk: str) -> None:
        self.calls += 1
        super().back(desk)

    def erasures(self) -> dict[str, Erasure]:
        self.calls += 1
        self.door.met(THREADS)
        return super().erasures()


def accounts_of(ledger: FakeLedger, clock: FakeClock) -> Accounts:
    return Accounts(ledger, clock, FakeMetrics(), abouts(CHANNELS), abouts(DESKS))


@pytest.mark.parametrize("down", [False, True])
def test_accounts_are_read_by_one_of_those_who_need_them(down: bool) -> None:
    ledger = Ledger(down=down)
    accounts = accounts_of(ledger, FakeClock())
    ledger.door = put(accounts._loading, "_lock")

    def found() -> Account | str | None:
        try:
            return accounts.of_channel("instagram", INSTAGRAM.id)
        except Retryable as busy:
            return busy.reason

    assert together(THREADS, found) == ["table busy" if down else INSTAGRAM] * THREADS
    assert ledger.calls == 1


def test_a_desk_that_answers_nobody_is_noted_once_and_its_minutes_are_counted_once() -> None:
    ledger, clock, metrics = Ledger(), FakeClock(), FakeMetrics()
    outages = Outages(ledger, accounts_of(FakeLedger(), clock), clock, metrics)
    ledger.aways["genesys"] = Away(desk="genesys", since_s=clock() - 600, last_s=clock() - 60)
    ledger.door = put(outages, "_noting")
    together(THREADS, lambda: outages.failed("genesys"))
    assert ledger.calls == 1
    assert metrics.totals() == {"desk_away_minutes": 10}
    ledger.calls = 0
    together(THREADS, lambda: outages.answered("genesys"))
    assert ledger.calls == 1


def test_who_was_erased_is_read_once() -> None:
    ledger, clock = Ledger(), FakeClock()
    work: Any = None
    heeding = Heeding(work, ledger, clock, FakeMetrics())
    ledger.door = put(heeding._reading, "_lock")
    event = Event(source="instagram", account="1", party="c", id="1", received_ms=1)
    assert together(THREADS, lambda: heeding._gone(event)) == [False] * THREADS
    assert ledger.calls == 1


class Manager:
    """A store that answers once all threads have asked."""

    door: Door | None = None
    reads = 0

    def get_secret_value(self, SecretId: str) -> dict[str, Any]:
        self.reads += 1
        if self.door:
            self.door.met(THREADS)
        return {"SecretString": json.dumps({"secrets": [self.reads]})}


def secrets() -> tuple[Any, SecretStore, FakeClock]:
    manager, clock = Manager(), FakeClock()
    client: Any = manager
    return manager, SecretStore(clock, client), clock


def test_a_secret_that_has_to_be_read_anew_is_read_once() -> None:
    manager, store, clock = secrets()
    assert store.get("s") == {"secrets": [1]}
    clock.advance(LIFETIME_S)
    manager.door = put(store._held["s"], "lock")
    assert together(THREADS, lambda: store.get("s")) == [{"secrets": [2]}] * THREADS
    assert manager.reads == 2


def test_who_has_a_secret_loaded_again_beside_another_goes_on_with_the_newer_one() -> None:
    manager, store, clock = secrets()
    store.get("s")
    clock.advance(60)
    manager.door = put(store._held["s"], "lock")

    def renewed() -> tuple[bool, dict[str, Any]]:
        return store.refresh("s"), store.get("s")

    told = together(THREADS, renewed)
    assert [held for _, held in told] == [{"secrets": [2]}] * THREADS
    assert [loaded for loaded, _ in told].count(True) == 1


class Login(FakeOutgoing):
    """Answers once all threads have asked."""

    door: Door

    def post(self, url: str, **given: Any) -> Any:
        self.door.met(THREADS)
        return super().post(url, **given)


@pytest.mark.parametrize("status", [200, 503])
def test_one_login_is_everybodys_a_failed_one_too(status: int) -> None:
    login = Login(answer(status, {"access_token": "token", "expires_in": 86_400}))
    held = {"clients": [{"id": "client", "secret": "secret"}]}
    tokens = Tokens(login, lambda name: held, "s", "https://login.example", FakeClock())
    asking: Shared[str] = Shared()
    tokens._asking["client"] = asking
    login.door = put(asking, "_lock")

    def token() -> str:
        try:
            return tokens.token("client")
        except Unreachable:
            return "away"

    assert together(THREADS, token) == ["token" if status == 200 else "away"] * THREADS
    assert len(login.calls) == 1


def test_of_those_who_ask_once_a_breakers_time_is_over_one_may_try() -> None:
    clock = FakeClock()
    breaker = Breaker(clock)
    for _ in range(FAILURES):
        breaker.failed("k")
    clock.advance(OPEN_S)
    assert together(THREADS, lambda: breaker.admits("k")).count(True) == 1


def test_what_is_remembered_stays_whole_as_threads_put_more_into_it_than_it_holds() -> None:
    known: Remembered[int] = Remembered(3)

    def work() -> None:
        for number in range(2000):
            known.keep(number % 7, number, 1.0)

    together(THREADS, work)
    assert len(known._known) == 3


class Throttled(FakeOutgoing):
    """Refuses all of a wave of calls once all of it have come."""

    def post(self, url: str, **given: Any) -> Any:
        self.wave.wait(PATIENCE_S)
        return Answer(status=429, headers={"x-amzn-errortype": "ThrottlingException"}, body=b"{}")

    wave = Barrier(THREADS)


def test_of_calls_to_connect_beside_each_other_one_refusal_for_their_rate_is_as_good_as_all() -> None:
    clock = FakeClock()
    calls = Calls(Throttled(), Places(topic="arn:aws:sns:eu-central-1:000000000000:dmdesk-connect"), clock)

    def rests_s() -> float | None:
        with pytest.raises(RateLimited) as caught:
            calls.participant("/participant/message", "token", {})
        return caught.value.after_s

    for expected in (1.0, 2.0, 4.0):
        assert together(THREADS, rests_s) == [expected] * THREADS
        clock.advance(expected)
