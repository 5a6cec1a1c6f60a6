"""Webhooks overtake each other: nothing that comes is held back, and what waits goes by the platform's clock."""

from __future__ import annotations

from typing import Any

import pytest

from tests.chaos import webhooks
from tests.chaos.lab import Lab
from tests.chaos.order import conversations, disordered, disordered_by_time
from tests.fakes import INSTAGRAM

ANA = "771"


@pytest.mark.parametrize(("gap_s", "others"), [(1.0, 20), (2.0, 0)])
def test_where_nothing_waits_agents_read_in_the_order_of_the_webhooks(gap_s: float, others: int) -> None:
    lab = conversations(gap_s)
    assert disordered(lab) == others
    assert disordered_by_time(lab) == 0
    for person in lab.wrote:
        taken = [(when_s, text) for when_s, text in _taken(lab, person)]
        assert lab.shown(person) == [text for _, text in sorted(taken)]


def _taken(lab: Lab, person: str) -> list[tuple[float, str]]:
    """When the queue took each of the person's messages."""
    return [
        (when_s, text)
        for when_s, body in lab.sqs.taken
        for number, text in enumerate(lab.wrote[person], 1)
        if f'm-{person}-{number}"' in body
    ]


@pytest.mark.parametrize("gap_s", [0.5, 1.0, 1.4])
@pytest.mark.parametrize("backlog_s", [5.0, 60.0])
def test_what_waits_goes_by_the_platforms_clock(gap_s: float, backlog_s: float) -> None:
    lab = conversations(gap_s, backlog_s)
    assert disordered(lab) == 0
    assert lab.dead == []


def edited(text: str, count: int) -> dict[str, Any]:
    return {"message_edit": {"mid": "m-1", "text": text, "num_edit": count}}


MESSAGE = webhooks.instagram_message("m-1", "tea")
UNSENT = {"message": {"mid": "m-1", "is_deleted": True}}
ONE, TWO = edited("green tea", 1), edited("white tea", 2)
TOLD = "[Edited a message that began: tea]\n[It now says:]\n"
BEFORE = "[Edited a message. It now says:]\n"
TAKEN_BACK = "[Took back: tea]"

# what happened at the platform, the order in which it came, and what agents read if nothing waited, or all of it
OVERTAKEN: dict[str, tuple[list[dict[str, Any]], list[int], list[str], list[str]]] = {
    "an edit": ([MESSAGE, ONE], [1, 0], [f"{BEFORE}green tea", "green tea"], ["tea", f"{TOLD}green tea"]),
    "the second of two edits": (
        [MESSAGE, ONE, TWO], [0, 2, 1], ["tea", f"{TOLD}white tea"], ["tea", f"{TOLD}green tea", f"{TOLD}white tea"],
    ),
    "both edits": (
        [MESSAGE, ONE, TWO], [2, 1, 0],
        [f"{BEFORE}white tea", "white tea"], ["tea", f"{TOLD}green tea", f"{TOLD}white tea"],
    ),
    "an unsend": ([MESSAGE, UNSENT], [1, 0], [], ["tea", TAKEN_BACK]),
    "an unsend of what was read": (
        [MESSAGE, ONE, UNSENT], [0, 2, 1], ["tea", TAKEN_BACK], ["tea", f"{TOLD}green tea", TAKEN_BACK],
    ),
    "an unsend after an edit": ([MESSAGE, ONE, UNSENT], [2, 1, 0], [], ["tea", f"{TOLD}green tea", TAKEN_BACK]),
}  # fmt: skip


@pytest.mark.parametrize("case", OVERTAKEN)
@pytest.mark.parametrize("waits", [False, True])
def test_an_edit_or_an_unsend_that_overtakes_its_message_decides_what_agents_read(case: str, waits: bool) -> None:
    happened, order, alone, together = OVERTAKEN[case]
    lab = Lab()
    lab.customer(ANA, "Hello")
    lab.run(30)
    began_s = lab.clock()
    if waits:
        lab.world.faults = lambda target, path, body: "429" if lab.clock() < began_s + 20 else None
    # the bridge has begun with something else of the customer's, so that the rest waits for it
    lab.customer(ANA, "Well")
    bodies = [
        webhooks.instagram(INSTAGRAM, ANA, int((began_s + 1 + number) * 1000), one)
        for number, one in enumerate(happened)
    ]
    for place, number in enumerate(order):
        lab.deliver("instagram", bodies[number], 4 + place * 1.5)
    lab.settle()
    assert lab.shown(ANA) == ["Hello", "Well", *(together if waits else alone)]


@pytest.mark.parametrize("lag_s", [0.0, 20.0, 60.0])
@pytest.mark.parametrize("closes", [False, True])
def test_what_overtakes_a_message_whose_outcome_is_unknown_does_not_double_it(lag_s: float, closes: bool) -> None:
    """The message is in the conversation that was known then; what overtakes it may have opened another."""
    lab = Lab()
    lab.customer(ANA, "Hello")
    lab.run(5)
    lab.world.analytics_lag_s = lag_s
    deaf = ["second"]
    lab.world.faults = lambda target, path, body: "deaf" if deaf and deaf[0].encode() in body and deaf.pop() else None
    lab.customer(ANA, "first", after_s=5)
    lab.run(2)
    lab.customer(ANA, "second")
    lab.run(4)
    lab.world.over[ANA] += closes
    lab.settle()
    assert sorted(lab.shown(ANA)) == ["Hello", "first", "second"]
