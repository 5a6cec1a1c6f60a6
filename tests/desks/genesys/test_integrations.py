"""An account whose integration was exchanged: what is open stays with the one by which it was opened, until it ends."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec
import pytest

from chalicelib.desks.genesys.translate import TRANSLATOR
from chalicelib.vocabulary.messages import CustomerEvent, CustomerMessage, Note
from chalicelib.vocabulary.records import Conversation, Event, Seat, Thread
from tests.chaos import webhooks
from tests.desks.genesys.test_against_simulator import Org
from tests.fakes import INSTAGRAM, START, FakeClient, turn
from tests.kits import Bench

CONVERSATION = Conversation("instagram", INSTAGRAM.id, "55501")
EXCHANGED = msgspec.structs.replace(INSTAGRAM, integration="int-new", former_integrations=("int-ig",))


class Says:
    def __init__(self) -> None:
        self.happened: list[CustomerEvent] = []

    def parse(self, event: Event) -> list[CustomerEvent]:
        return self.happened


class Kit:
    """Both workers between a customer and the simulated Genesys Cloud, which has two integrations."""

    def __init__(self, org: Org) -> None:
        self.org, self.client, self.says = org, FakeClient(), Says()
        org.sim.add_integration("int-new", webhook_url="http://127.0.0.1:9/", secret="x" * 16, name="tea.shop")
        bench = Bench({"instagram": self.client}, org.desk)
        self.clock, self.ledger, self.metrics, self.outbound = bench.clock, bench.ledger, bench.metrics, bench.outbound
        self.ledger.listed = [INSTAGRAM]
        self.to_desk = bench.to_desk({"instagram": self.says})
        self.to_customer = bench.to_customer({"genesys": TRANSLATOR})
        self.count = 0

    def exchange(self, account: Any = EXCHANGED) -> None:
        self.ledger.listed = [account]
        self.clock.advance(61)

    def write(self, happening: CustomerEvent | None = None) -> None:
        self.count += 1
        said = CustomerMessage(
            id=f"m-{self.count}", conversation=CONVERSATION, sent_ms=int(START) * 1000, text=f"text {self.count}"
        )
        self.says.happened = [happening or said]
        event = Event(source="instagram", account=INSTAGRAM.id, party="55501", id=f"e-{self.count}", received_ms=1)
        self.to_desk.handle(event, turn(event.id))

    def answer(self, integration: str, conversation: str) -> None:
        """An agent's answer, in the conversation of that integration."""
        self.count += 1
        told = msgspec.structs.replace(INSTAGRAM, integration=integration)
        body = webhooks.genesys(told, "55501", f"gen-{self.count}", f"answer {self.count}", 0)
        body = body.replace(b"desk-55501", conversation.encode())
        event = Event(
            source="genesys", account=integration, party="55501", id=f"e-{self.count}",
            received_ms=int(self.clock() * 1000), raw=msgspec.Raw(body),
        )  # fmt: skip
        self.to_customer.handle(event, turn(event.id))

    @property
    def entered(self) -> list[tuple[str, str]]:
        """By which integration each message entered which conversation."""
        calls = [call for call in self.org.sim.messages() if call["kind"] == "message" and call["status"] == 200]
        return [(call["integration_id"], call["conversation_id"]) for call in calls]


@pytest.fixture
def kit() -> Iterator[Kit]:
    org = Org()
    yield Kit(org)
    org.sim.stop()


def test_an_open_conversation_stays_with_its_integration_and_the_next_one_enters_by_the_new_one(kit: Kit) -> None:
    kit.write()
    [(_, first)] = kit.entered
    assert kit.ledger.thread(CONVERSATION).seat == Seat(conversation=first, state="int-ig")
    kit.exchange()
    kit.write()
    kit.write(Note(id="n", kind="reaction", conversation=CONVERSATION, sent_ms=1, lines=(), text="a note"))
    assert kit.entered == [("int-ig", first)] * 3
    kit.org.sim.disconnect(first)
    kit.write()
    (integration, second) = kit.entered[-1]
    assert (integration, second != first) == ("int-new", True)
    kit.write()
    assert kit.entered[3:] == [("int-new", second)] * 2
    assert kit.ledger.thread(CONVERSATION).seat.state == "int-new"


def test_agents_of_both_integrations_answer_and_are_told(kit: Kit) -> None:
    kit.write()
    [(_, first)] = kit.entered
    kit.exchange()
    kit.org.sim.disconnect(first)
    kit.write()
    (_, second) = kit.entered[-1]
    kit.answer("int-ig", first)
    kit.answer("int-new", second)
    assert kit.client.texts == ["answer 3", "answer 4"]
    told = [call["integration_id"] for call in kit.org.sim.messages() if call["kind"] == "receipt"]
    assert [*told, *(event.account for event in kit.outbound.events)] == ["int-ig", "int-new"]


def test_an_integration_that_is_gone_is_no_hindrance(kit: Kit) -> None:
    kit.write()
    kit.exchange(msgspec.structs.replace(EXCHANGED, former_integrations=("int-gone",)))
    [(_, first)] = kit.entered
    kit.ledger.threads[CONVERSATION.key] = Thread(seat=Seat(conversation=first, state="int-gone"))
    kit.write()
    assert [integration for integration, _ in kit.entered] == ["int-ig", "int-new"]


def test_whose_integration_was_never_exchanged_costs_no_look(kit: Kit, monkeypatch: pytest.MonkeyPatch) -> None:
    looks: list[Conversation] = []
    real = kit.ledger.thread

    def counted(whose: Conversation) -> Thread:
        looks.append(whose)
        return real(whose)

    monkeypatch.setattr(kit.ledger, "thread", counted)
    kit.write()
    kit.write()
    assert len(looks) == 2  # the fake's own, at each end of a delivery
    kit.exchange()
    kit.write()
    assert len(looks) == 2 + 2
