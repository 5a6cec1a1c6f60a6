"""Ten calls that nobody answers, of ten conversations in one batch: the batch waits for them once, on both roads."""

from __future__ import annotations

from collections.abc import Callable
from threading import Barrier
from typing import Any

import msgspec
import pytest

from chalicelib.errors import Uncertain
from chalicelib.http import USUAL_CALL_S
from chalicelib.pipeline.batch import NEEDED_S
from chalicelib.vocabulary.messages import CustomerMessage, DeskMessage
from chalicelib.vocabulary.records import Account, Conversation, Event, Seat, Thread
from chalicelib.vocabulary.replies import AgentMessage, Part, Recipient
from tests.fakes import INSTAGRAM, START, FakeClient, FakeClock, FakeDesk
from tests.kits import Bench, record

TIMEOUT_S = 80.0
CUSTOMERS = [f"5550{number}" for number in range(10)]
SILENCE_S = 30.0  # only what is broken takes so long


class Silence:
    """Who is called by so many at a time, answers none, and lets all of them wait for the same time."""

    def __init__(self, clock: FakeClock, callers: int) -> None:
        self._all_there = Barrier(callers, lambda: clock.advance(USUAL_CALL_S))

    def __call__(self) -> Uncertain:
        self._all_there.wait(SILENCE_S)
        return Uncertain("no answer")


class SilentDesk(FakeDesk):
    silence: Callable[[], Uncertain]

    def deliver(self, account: Account, message: DeskMessage, seat: Seat, now: float) -> Seat:
        raise self.silence()


class SilentClient(FakeClient):
    silence: Callable[[], Uncertain]

    def send(self, account: Account, to: Recipient, part: Part) -> str:
        raise self.silence()


class Writes:
    """Every event is a text of its party's."""

    def parse(self, event: Event) -> list[CustomerMessage]:
        whose = Conversation("instagram", INSTAGRAM.id, event.party)
        return [CustomerMessage(id=event.id, conversation=whose, sent_ms=event.received_ms, text="Anybody?")]


class Answers:
    """Every event is an answer to its party."""

    def parse(self, event: Event) -> AgentMessage:
        return AgentMessage(
            id=event.id, integration=INSTAGRAM.integration, customer=event.party, desk_conversation=f"d-{event.party}",
            text="Here we are.", author="human",
        )  # fmt: skip


class Kit:
    def __init__(self, road: str, at_once: int) -> None:
        self.desk, self.client = SilentDesk(), SilentClient()
        self.bench = bench = Bench({"instagram": self.client, "tiktok": self.client}, self.desk)
        self.desk.silence = self.client.silence = Silence(bench.clock, at_once)
        self.queue = bench.inbound if road == "to_desk" else bench.outbound
        for customer in CUSTOMERS:
            told = Thread(seat=Seat(conversation=f"d-{customer}"), customer_ms=int(START * 1000))
            bench.ledger.threads[Conversation("instagram", INSTAGRAM.id, customer).key] = told
        writes: Any = Writes()
        work: Any = bench.to_desk({"instagram": writes}) if road == "to_desk" else bench.to_customer(Answers())
        self.batch = bench.batch(work, self.queue, at_once)
        self.source = "instagram" if road == "to_desk" else "genesys"
        self.account = INSTAGRAM.id if road == "to_desk" else INSTAGRAM.integration

    def run(self) -> int:
        """One batch; answers how many records failed."""
        began = self.bench.clock()
        events = [
            Event(source=self.source, account=self.account, party=customer, id=f"message:{customer}",
                  received_ms=int(START * 1000), raw=msgspec.Raw(b"{}"))
            for customer in CUSTOMERS
        ]  # fmt: skip
        records = [record(event, group=event.group, name=event.party) for event in events]
        answer = self.batch.run(records, lambda: TIMEOUT_S - (self.bench.clock() - began))
        return len(answer["batchItemFailures"])

    @property
    def took_s(self) -> float:
        return self.bench.clock() - START


@pytest.mark.parametrize("road", ["to_desk", "to_customer"])
@pytest.mark.parametrize("at_once", [10, 5])
def test_ten_silent_calls_cost_their_batch_as_long_as_those_that_wait_one_after_the_other(
    road: str, at_once: int
) -> None:
    kit = Kit(road, at_once)
    assert kit.run() == 10
    assert kit.took_s == pytest.approx(USUAL_CALL_S * 10 / at_once)
    assert kit.bench.metrics.total("uncertain") == 10
    assert kit.bench.metrics.total("out_of_time") == 0


@pytest.mark.parametrize("road", ["to_desk", "to_customer"])
def test_one_after_the_other_most_of_them_are_not_even_begun(road: str) -> None:
    kit = Kit(road, 1)
    assert kit.run() == 10
    begun = kit.bench.metrics.total("uncertain")
    assert begun < 5
    assert kit.took_s == pytest.approx(USUAL_CALL_S * begun)
    assert TIMEOUT_S - kit.took_s < NEEDED_S
    assert kit.bench.metrics.total("out_of_time") == 10 - begun
