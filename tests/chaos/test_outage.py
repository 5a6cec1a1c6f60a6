"""A desk that is away for most of a window: all waits in order, who would miss it is told once, and agents see that."""

from __future__ import annotations

import msgspec
import pytest

from tests.chaos.lab import Lab
from tests.chaos.test_away import PEOPLE, away
from tests.chaos.world import Fault
from tests.fakes import INSTAGRAM, TIKTOK

HOUR_S = 3600.0
TOLD = "Thank you for your message."


def lab_of(containers: int) -> Lab:
    lab = Lab(containers)
    lab.ledger.listed = [msgspec.structs.replace(one, outage_reply=True) for one in (INSTAGRAM, TIKTOK)]
    return lab


@pytest.mark.parametrize("fault", ["503", "silent", "reset"])
def test_who_would_miss_their_window_is_told_once_and_nothing_is_lost_doubled_or_out_of_order(fault: Fault) -> None:
    lab = lab_of(3)
    away(lab, "genesys", fault, lab.clock() + 20 * HOUR_S)
    for number in range(4):
        for person in PEOPLE:
            lab.customer(person, f"{person} says {number}", TIKTOK if int(person) % 2 else INSTAGRAM)
        lab.run(5 * HOUR_S)
    lab.settle()
    assert lab.idle
    assert lab.dead == []
    for person in PEOPLE:
        shown = lab.shown(person)
        assert [text.splitlines()[-1] for text in shown] == lab.wrote[person]
        # of 48 hours more than 20 were left when the desk came back, of 24 not
        told = [] if int(person) % 2 else [TOLD]
        assert [text[: len(TOLD)] for text in lab.got(person)] == told
        assert [index for index, text in enumerate(shown) if "was told so automatically" in text] == [0] * len(told)
    assert lab.metrics.total("echo_elsewhere") == 0
    assert lab.ledger.aways == {}


@pytest.mark.parametrize("fault", ["429"])
def test_a_desk_that_throttles_for_a_day_is_not_away(fault: Fault) -> None:
    lab = lab_of(1)
    away(lab, "genesys", fault, lab.clock() + 20 * HOUR_S)
    for person in PEOPLE:
        lab.customer(person, "Hello")
    lab.run(20 * HOUR_S)
    lab.settle()
    assert [lab.got(person) for person in PEOPLE] == [[]] * len(PEOPLE)
    assert [lab.shown(person) for person in PEOPLE] == [["Hello"]] * len(PEOPLE)


def test_workers_that_die_at_any_step_tell_nobody_twice() -> None:
    lab = lab_of(2)
    away(lab, "genesys", "reset", lab.clock() + 20 * HOUR_S)
    for person in PEOPLE:
        lab.customer(person, "Hello")
    lab.run(11.9 * HOUR_S)
    steps = iter(range(10_000))
    lab.steps.kill_at = lambda number, step: ("before", "after")[number % 2] if next(steps) % 17 == 0 else None
    lab.run(2 * HOUR_S)
    lab.steps.kill_at = lambda number, step: None
    assert lab.kills
    lab.run(6 * HOUR_S)
    lab.settle()
    assert lab.dead == []
    for person in PEOPLE:
        assert [text.splitlines()[-1] for text in lab.shown(person)] == ["Hello"]
        assert len(lab.got(person)) <= 1
    assert any(lab.got(person) for person in PEOPLE)
