"""A desk or a platform that is away for hours loses nothing and dead-letters nothing; who must know is told once."""

from __future__ import annotations

import pytest

from chalicelib.vocabulary.records import Account
from tests.chaos.lab import Lab
from tests.chaos.world import Fault
from tests.fakes import INSTAGRAM, TIKTOK

AWAY_S = 6 * 3600.0
PEOPLE = ["771", "772", "773", "774"]
NOT_DELIVERED = "[Your reply was not delivered."
ACCOUNTS = {"instagram": INSTAGRAM, "tiktok": TIKTOK}


def away(lab: Lab, target: str, fault: Fault, until_s: float, writes: tuple[str, ...] = ("",)) -> None:
    """The target answers so until then, on paths that end so."""

    def now(whom: str, path: str, body: bytes) -> Fault | None:
        broken = whom == target and lab.clock() < until_s and any(path.endswith(end) for end in writes)
        return fault if broken else None

    lab.world.faults = now


def opened(account: Account = INSTAGRAM) -> Lab:
    """Everybody has written, and agents have read it."""
    lab = Lab()
    for person in PEOPLE:
        lab.customer(person, "Hello", account)
    lab.run(60)
    return lab


@pytest.mark.parametrize("fault", ["429", "503", "silent", "reset"])
@pytest.mark.parametrize("writes", [("",), ("/message",)])
def test_a_desk_that_is_away_for_six_hours_costs_no_message(fault: Fault, writes: tuple[str, ...]) -> None:
    lab = Lab()
    away(lab, "genesys", fault, lab.clock() + AWAY_S, writes)
    for number in range(4):
        for person in PEOPLE:
            lab.customer(person, f"{person} says {number}", TIKTOK if int(person) % 2 else INSTAGRAM)
        lab.run(AWAY_S / 4)
    lab.settle()
    assert lab.idle
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
    assert lab.idle
    assert lab.dead == []
    for person in PEOPLE:
        assert lab.shown(person) == lab.wrote[person]


@pytest.mark.parametrize("channel", ["instagram", "tiktok"])
@pytest.mark.parametrize("fault", ["429", "503", "reset", "silent"])
def test_a_platform_that_is_away_for_six_hours_leaves_no_reply_untold(channel: str, fault: Fault) -> None:
    account = ACCOUNTS[channel]
    lab = opened(account)
    away(lab, channel, fault, lab.clock() + AWAY_S)
    replies = [lab.agent(person, f"to {person}: {number}", account) for number in range(6) for person in PEOPLE]
    lab.run(AWAY_S)
    assert lab.idle
    assert lab.dead == []
    for identifier in replies:
        assert lab.told(identifier) == ["Failed"]
    for person in PEOPLE:
        assert lab.got(person) == []
        assert len([text for text in lab.shown(person) if text.startswith(NOT_DELIVERED)]) == 6


@pytest.mark.parametrize("channel", ["instagram", "tiktok"])
@pytest.mark.parametrize("fault", ["429", "reset"])
def test_a_platform_that_comes_back_in_time_gets_every_reply_in_order(channel: str, fault: Fault) -> None:
    account = ACCOUNTS[channel]
    lab = opened(account)
    away(lab, channel, fault, lab.clock() + 600)
    replies = [lab.agent(person, f"{number}", account) for number in range(5) for person in PEOPLE]
    lab.settle()
    for person in PEOPLE:
        assert lab.got(person) == ["0", "1", "2", "3", "4"]
    assert all(lab.told(identifier) == ["Delivered"] for identifier in replies)


@pytest.mark.parametrize("fault", ["429", "503", "silent", "reset"])
@pytest.mark.parametrize("away_s", [10.0, AWAY_S])
def test_a_desk_that_cannot_be_told_is_told_later_and_no_reply_waits_for_it(fault: Fault, away_s: float) -> None:
    lab = opened()
    back_s = lab.clock() + away_s
    away(lab, "genesys", fault, back_s)
    replies = [lab.agent(person, f"{number}") for number in range(3) for person in PEOPLE]
    lab.run(120)
    for person in PEOPLE:
        assert lab.got(person) == ["0", "1", "2"]
    lab.run(max(0.0, back_s - lab.clock()))
    lab.settle()
    assert lab.dead == []
    assert all(lab.told(identifier) == ["Delivered"] for identifier in replies)


@pytest.mark.parametrize("fault", ["silent", "reset", "503"])
def test_refusals_while_the_desk_is_away_reach_the_agent_both_ways_once(fault: Fault) -> None:
    lab = opened()
    lab.clock.advance(2 * 86_400)  # the window has closed
    away(lab, "genesys", fault, lab.clock() + 10)
    replies = [lab.agent("771", f"{number}") for number in range(10)]
    lab.settle()
    assert all(lab.told(identifier) == ["Failed"] for identifier in replies)
    assert len([text for text in lab.shown("771") if text.startswith(NOT_DELIVERED)]) == 10


@pytest.mark.parametrize("channel", ["instagram", "tiktok"])
@pytest.mark.parametrize("history", [True, False])
def test_without_echoes_nobody_is_told_twice_and_nothing_goes_out_twice(channel: str, history: bool) -> None:
    account = ACCOUNTS[channel]
    lab = opened(account)
    lab.echo_s = lambda: None
    lab.world.history = history
    away(lab, channel, "deaf", lab.clock() + 30, ("/messages", "/send/"))
    replies = [lab.agent(person, f"{number}", account) for number in range(3) for person in PEOPLE]
    lab.settle()
    for person in PEOPLE:
        got = lab.got(person)
        assert got == sorted(set(got))
    assert all(len(lab.told(identifier)) == 1 for identifier in replies)
    if history:  # who can be asked tells the truth
        assert all(lab.told(identifier) == ["Delivered"] for identifier in replies)
        assert all(lab.got(person) == ["0", "1", "2"] for person in PEOPLE)


@pytest.mark.parametrize("channel", ["instagram", "tiktok"])
@pytest.mark.parametrize("fault", ["503", "429", "silent"])
def test_a_history_that_cannot_be_read_at_the_first_look_is_looked_at_again(channel: str, fault: Fault) -> None:
    account = ACCOUNTS[channel]
    lab = opened(account)
    lab.echo_s = lambda: None
    began_s = lab.clock()

    def now(whom: str, path: str, body: bytes) -> Fault | None:
        if path.endswith(("/messages", "/send/")) and whom == channel:
            return "deaf" if lab.clock() - began_s < 30 else None
        return fault if path.endswith(("/conversations", "/content/list/")) and lab.clock() - began_s < 500 else None

    lab.world.faults = now
    # the reply comes back with its visibility timeout, when the wait for an echo is over
    lab.steps.fails = lambda number, name: "throttle" if name == "sqs postpone out" else None
    identifier = lab.agent(PEOPLE[0], "yes", account)
    lab.settle()
    assert lab.told(identifier) == ["Delivered"]
    assert lab.got(PEOPLE[0]) == ["yes"]
