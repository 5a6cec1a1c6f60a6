"""Messages on their way to agents with those in front who fail, lie, or die: none is lost, doubled or reordered."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.errors import Malformed, Misconfigured, RateLimited, Uncertain, Unreachable
from chalicelib.pipeline.inbound.composing import Enricher, switched
from chalicelib.vocabulary.front import NOTHING, Front
from tests.corpus.injection import ANSWERS, MESSAGES
from tests.fakes import FakeClient, FakeDesk, FakeSecrets, turn
from tests.kits import Bench
from tests.pipeline.front.kit import CRM, SAID, TRIAGE, Kit, account
from tests.pipeline.inbound.test_to_desk import EVENT, Says

FAILS = [Unreachable("a"), Uncertain("b"), RateLimited("c"), Misconfigured("d", "e"), Malformed("f"), KeyError("g")]
TELLS = [{"tier": "gold"}, {"priority": 10**9}, {"channel": "forged", "": "x"}, [], None, *ANSWERS]


class Road:
    """The inbound worker with everything in front, over a desk that keeps what it is told."""

    def __init__(self, front: Front) -> None:
        self.kit, self.desk, self.says = Kit(), FakeDesk(), Says()
        client = FakeClient()
        bench = Bench({"instagram": client, "tiktok": client}, self.desk, FakeSecrets())
        bench.ledger.listed = [account(front)]
        made = 0

        def make() -> Enricher:
            nonlocal made
            made += 1
            return self.kit.asking.enrich

        self.made: Callable[[], int] = lambda: made
        enrich = switched(lambda one: one.front.crm is not None or one.front.triage is not None, make)
        self.work = bench.to_desk({"instagram": self.says, "tiktok": self.says}, enrich)

    def send(self, number: int, text: str = "") -> None:
        identifier = f"message:mid-{number}"
        words = text or f"text {number}"
        said = msgspec.structs.replace(SAID, id=identifier, text=words, sent_ms=SAID.sent_ms + number)
        self.says.happened = [said]
        self.work.handle(msgspec.structs.replace(EVENT, id=identifier), turn(f"life-{number}"))

    def texts(self) -> list[str]:
        return [message.text for message in self.desk.delivered]


@given(
    failing=st.lists(
        st.tuples(st.sampled_from([*FAILS, *TELLS]), st.sampled_from([*FAILS, *TELLS])), min_size=1, max_size=8
    )
)
def test_whatever_they_say_every_message_comes_once_and_in_order(failing: list[tuple[object, object]]) -> None:
    road = Road(Front(crm=CRM, triage=TRIAGE))
    for number, (crm, model) in enumerate(failing):
        road.kit.says.crm, road.kit.says.model = crm, model
        road.send(number)
    assert road.texts() == [f"text {number}" for number in range(len(failing))]
    assert all(message.attributes["channel"] == "instagram" for message in road.desk.delivered)


@pytest.mark.parametrize("down", [True, False])
def test_all_is_as_without_where_the_table_fails_or_nothing_is_on(down: bool) -> None:
    plain = Road(NOTHING)
    other = Road(Front(crm=CRM, triage=TRIAGE))
    other.kit.memory.down = down
    other.kit.says.crm = other.kit.says.model = Uncertain("late")
    for road in (plain, other):
        road.send(1)
    assert plain.desk.delivered == other.desk.delivered
    assert (plain.made(), other.made()) == (0, 1)


def test_whoever_is_talked_into_something_changes_no_word_and_no_fact_but_labels() -> None:
    """Each message of the corpus, before a model that obeys."""
    plain, other = Road(NOTHING), Road(Front(triage=TRIAGE))
    for number, message in enumerate(MESSAGES):
        other.kit.says.model = ANSWERS[number % len(ANSWERS)]
        for road in (plain, other):
            road.send(number, message)
        other.kit.clock.advance(60)
    assert other.texts() == plain.texts()
    assert len(other.texts()) == len(MESSAGES) >= 80
    facts = [
        (one.attributes, another.attributes)
        for one, another in zip(plain.desk.delivered, other.desk.delivered, strict=True)
    ]
    assert [(one, another) for one, another in facts if one != another] == []


CALLS = [
    (NOTHING, {}),
    (Front(crm=CRM), {"read": 1, "write": 1, "post": 1}),
    (Front(triage=TRIAGE), {"write": 2, "model": 1}),
    (Front(crm=CRM, triage=TRIAGE), {"read": 1, "write": 3, "post": 1, "model": 1}),
]


@pytest.mark.parametrize(("front", "more"), CALLS, ids=["off", "crm", "triage", "both"])
def test_each_feature_costs_its_calls_and_what_is_off_none(front: Front, more: dict[str, int]) -> None:
    road = Road(front)
    road.send(1)
    asked = {"post": len(road.kit.says.posts), "model": len(road.kit.says.questions)}
    assert road.kit.counted.calls | {name: count for name, count in asked.items() if count} == more


def test_a_customer_is_looked_up_once_and_each_of_their_messages_judged() -> None:
    road = Road(Front(crm=CRM, triage=TRIAGE))
    for number in range(3):
        road.send(number)
    assert len(road.kit.says.posts) == 1
    assert len(road.kit.says.questions) == 3
