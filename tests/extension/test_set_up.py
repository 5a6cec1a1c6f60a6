"""A desk that is registered costs nothing and asks for nothing where it is not set up."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib import registry, settings
from chalicelib.errors import Misconfigured, Retryable
from chalicelib.http import Request
from chalicelib.runtime import Runtime
from chalicelib.settings import load
from chalicelib.vocabulary.about import About
from chalicelib.vocabulary.records import Conversation, Seat
from tests.extension.counter import about
from tests.fakes import INSTAGRAM, FakeClock, FakeLedger, FakeMemory, FakeMetrics, FakeQueue, FakeSecrets, FakeShelf
from tests.test_settings import ENVIRONMENT

COUNTER = {"DMDESK_COUNTER_SECRET": "counter", "DMDESK_COUNTER_API": "https://counter.example"}
CONVERSATION = Conversation("instagram", "1", "2")


@pytest.fixture(autouse=True)
def _entered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(registry.DESKS, "counter", "tests.extension.counter")


def runtime(**more: str) -> Runtime:
    clock, queue = FakeClock(), FakeQueue()
    made = Runtime(load(ENVIRONMENT | more), clock, FakeMetrics())
    vars(made).update(
        table=FakeLedger(down=True),
        secrets=FakeSecrets(),
        memory=FakeMemory(clock),
        bucket=FakeShelf(),
        inbound=queue,
        outbound=queue,
    )
    return made


def test_without_its_settings_it_is_not_there() -> None:
    settings = load(ENVIRONMENT)
    assert list(settings.desks()) == ["genesys"]
    assert not any(name.startswith("counter") for name in settings.vendors)


@pytest.mark.parametrize("given", COUNTER)
def test_one_of_its_settings_asks_for_the_others(given: str) -> None:
    [other] = COUNTER.keys() - {given}
    with pytest.raises(SystemExit, match=rf"^dmdesk: set {other} \("):
        load(ENVIRONMENT | {given: COUNTER[given]})


def test_with_them_it_is() -> None:
    assert list(load(ENVIRONMENT | COUNTER).desks()) == ["genesys", "counter"]


def test_the_first_desk_is_always_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    counter, genesys = (registry.DESKS[name] for name in ("counter", "genesys"))
    monkeypatch.setattr(settings, "DESKS", {"counter": counter})
    with pytest.raises(SystemExit, match="DMDESK_COUNTER_SECRET, DMDESK_COUNTER_API"):
        load({name: value for name, value in ENVIRONMENT.items() if "GENESYS" not in name})
    monkeypatch.setattr(settings, "DESKS", {"counter": counter, "genesys": genesys})
    without = {name: value for name, value in ENVIRONMENT.items() if "GENESYS" not in name}
    assert list(load(without | COUNTER).desks()) == ["counter"]


def test_no_seat_is_read_for_a_desk_that_nobody_uses() -> None:
    assert runtime()._common.desks.remembered(INSTAGRAM, CONVERSATION) is None
    with pytest.raises(Retryable):
        runtime(**COUNTER)._common.desks.remembered(INSTAGRAM, CONVERSATION)


def test_an_account_that_names_it_is_told_which_there_are() -> None:
    with pytest.raises(Misconfigured) as caught:
        runtime()._common.desks.at(Seat("counter"))
    assert caught.value.advice.startswith("name one of the desks that are set up (genesys)")
    assert runtime(**COUNTER)._common.desks.at(Seat("counter")).capabilities.stateful


def test_nobody_comes_in_for_it() -> None:
    headers = {"content-type": "application/json", "x-counter-signature": "0"}
    request = Request(method="POST", headers=headers, query={}, body=b"{}")
    assert runtime().edge.desk(request).body == "refused: signature_missing"
    assert "counter" in runtime(**COUNTER).edge._feeds


def test_a_desk_that_comes_by_a_queue_alone_has_no_secret_that_it_is_signed_with(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(about, "ABOUT", About(name="counter", title="Counter", settings={"counter_api": None}))
    made: Any = runtime(DMDESK_COUNTER_API="https://counter.example")
    record = {
        "messageId": "m-1",
        "body": '{"session": "session-1", "hall": "h", "kind": "ended"}',
        "eventSourceARN": "arn:aws:sqs:eu-central-1:1:dmdesk-from-counter",
    }
    assert made.edge.fed([record]) == {"batchItemFailures": []}
    assert [(event.source, event.account, event.party) for event in made.outbound.events] == [
        ("counter", "h", "session-1")
    ]
