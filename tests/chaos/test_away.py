"""A desk or a platform that is away for hours loses nothing and dead-letters nothing; who must know is told once."""

from __future__ import annotations

import pytest

from tests.chaos.lab import Lab
from tests.chaos.world import Fault

AWAY_S = 6 * 3600.0
PEOPLE = [f"77{number}" for number in range(12)]


def away(lab: Lab, target: str, fault: Fault, until_s: float, writes: tuple[str, ...] = ("",)) -> None:
    """The target answers so until then, on paths that end so."""

    def now(whom: str, path: str) -> Fault | None:
        broken = whom == target and lab.clock() < until_s and any(path.endswith(end) for end in writes)
        return fault if broken else None

    lab.world.faults = now


def settle(lab: Lab, most_s: float = 3600.0) -> None:
    """Lets the bridge come to rest."""
    end = lab.clock() + most_s
    while not lab.idle and lab.clock() < end:
        lab.run(60)
    assert lab.idle, lab.metrics.totals()


@pytest.mark.parametrize("fault", ["429", "503", "silent", "reset"])
@pytest.mark.parametrize("writes", [("",), ("/message",)])
def test_a_desk_that_is_away_for_six_hours_costs_no_message(fault: Fault, writes: tuple[str, ...]) -> None:
    lab = Lab()
    away(lab, "genesys", fault, lab.clock() + AWAY_S, writes)
    for number in range(4):
        for person in PEOPLE:
            lab.customer(person, f"{person} says {number}", "tiktok" if int(person) % 2 else "instagram")
        lab.run(AWAY_S / 4)
    settle(lab)
    assert lab.dead == []
    for person in PEOPLE:
        assert lab.shown(person) == lab.wrote[person]
    assert lab.sqs.longest_receives < lab.sqs.MOST_RECEIVES / 2


@pytest.mark.parametrize("lag_s", [0.0, 20.0, 60.0])
def test_a_desk_that_takes_everything_and_answers_nothing_shows_each_message_once(lag_s: float) -> None:
    lab = Lab()
    lab.world.analytics_lag_s = lag_s
    away(lab, "genesys", "deaf", lab.clock() + AWAY_S, ("/message",))
    for person in PEOPLE:
        for number in range(3):
            lab.customer(person, f"{person} says {number}")
    lab.run(AWAY_S)
    settle(lab)
    assert lab.dead == []
    for person in PEOPLE:
        assert lab.shown(person) == lab.wrote[person]


@pytest.mark.parametrize("channel", ["instagram", "tiktok"])
@pytest.mark.parametrize("fault", ["429", "503", "reset", "silent"])
def test_a_platform_that_is_away_for_six_hours_leaves_no_reply_untold(channel: str, fault: Fault) -> None:
    lab = Lab()
    for person in PEOPLE:
        lab.customer(person, "Hello", channel)
    lab.run(60)
    away(lab, channel, fault, lab.clock() + AWAY_S)
    replies = {lab.agent(person, f"to {person}: {number}", channel): person for number in range(6) for person in PEOPLE}
    lab.run(AWAY_S)
    settle(lab)
    assert lab.dead == []
    for identifier in replies:
        assert lab.told(identifier) == ["Failed"]
    for person in PEOPLE:
        assert lab.got(person) == []
        notices = [text for text in lab.shown(person) if text.startswith("[Your reply was not delivered.")]
        assert len(notices) == 6


@pytest.mark.parametrize("channel", ["instagram", "tiktok"])
def test_a_platform_that_comes_back_in_time_gets_every_reply_in_order(channel: str) -> None:
    lab = Lab()
    for person in PEOPLE:
        lab.customer(person, "Hello", channel)
    lab.run(60)
    away(lab, channel, "429", lab.clock() + 600)
    replies = [lab.agent(person, f"{number}", channel) for number in range(5) for person in PEOPLE]
    settle(lab)
    for person in PEOPLE:
        assert lab.got(person) == ["0", "1", "2", "3", "4"]
    assert all(lab.told(identifier) == ["Delivered"] for identifier in replies)


@pytest.mark.parametrize("fault", ["429", "503", "silent", "reset"])
@pytest.mark.parametrize("away_s", [10.0, AWAY_S])
def test_a_desk_that_cannot_be_told_is_told_later_and_no_reply_waits_for_it(fault: Fault, away_s: float) -> None:
    lab = Lab()
    for person in PEOPLE:
        lab.customer(person, "Hello")
    lab.run(60)
    back_s = lab.clock() + away_s
    away(lab, "genesys", fault, back_s)
    replies = [lab.agent(person, f"{number}") for number in range(3) for person in PEOPLE]
    lab.run(120)
    for person in PEOPLE:
        assert lab.got(person) == ["0", "1", "2"]
    lab.run(max(0.0, back_s - lab.clock()))
    settle(lab)
    assert lab.dead == []
    assert all(lab.told(identifier) == ["Delivered"] for identifier in replies)


@pytest.mark.parametrize("fault", ["silent", "reset", "503"])
def test_refusals_while_the_desk_is_away_reach_the_agent_both_ways_once(fault: Fault) -> None:
    lab = Lab()
    lab.customer("771", "Hello")
    lab.run(60)
    lab.clock.advance(2 * 86_400)  # the window has closed
    away(lab, "genesys", fault, lab.clock() + 10)
    replies = [lab.agent("771", f"{number}") for number in range(10)]
    settle(lab)
    assert all(lab.told(identifier) == ["Failed"] for identifier in replies)
    assert len([text for text in lab.shown("771") if text.startswith("[Your reply was not delivered.")]) == 10


def test_without_echoes_nobody_is_told_twice_and_nothing_goes_out_twice() -> None:
    lab = Lab()
    lab.world.echoes = False
    for person in PEOPLE:
        lab.customer(person, "Hello")
    lab.run(60)
    away(lab, "instagram", "deaf", lab.clock() + 30, ("/messages",))
    replies = [lab.agent(person, f"{number}") for number in range(3) for person in PEOPLE]
    settle(lab)
    for person in PEOPLE:
        got = lab.got(person)
        assert got == sorted(set(got))
    assert all(len(lab.told(identifier)) == 1 for identifier in replies)
