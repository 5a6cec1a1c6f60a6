"""Signed deliveries that somebody has captured, and sends again when the ledger has forgotten them, reach nobody."""

from __future__ import annotations

import json

import pytest

from chalicelib.vocabulary.records import Account
from tests.chaos import webhooks
from tests.chaos.lab import Lab
from tests.fakes import INSTAGRAM, TIKTOK

DAY_S, WEEK_S = 86_400, 604_800
ANA = "771"


def reasons(lab: Lab) -> list[str]:
    return [key.split("/")[1] for key in lab.parked]


def again(account: Account, after_s: float, *, forgotten: bool) -> Lab:
    """A message comes, and the same delivery once more after so long."""
    lab = Lab()
    lab.customer(ANA, "Once", account, again_s=[after_s])
    lab.run(60)
    assert lab.shown(ANA) == ["Once"]
    if forgotten:
        lab.ledger.claims.clear()
    lab.run(after_s)
    lab.settle()
    return lab


@pytest.mark.parametrize("days", [7.01, 15, 16, 31, 400])
@pytest.mark.parametrize("account", [INSTAGRAM, TIKTOK], ids=lambda account: account.channel)
def test_a_message_that_nobody_remembers_is_parked_and_not_shown_again(account: Account, days: float) -> None:
    lab = again(account, days * DAY_S, forgotten=True)
    assert (lab.shown(ANA), reasons(lab), lab.dead) == (["Once"], ["too_old"], [])
    assert lab.metrics.total("parked", reason="too_old") == 1


@pytest.mark.parametrize("account", [INSTAGRAM, TIKTOK], ids=lambda account: account.channel)
@pytest.mark.parametrize("hours", [1, 36, 72, 7 * 24 - 1])
def test_what_the_platform_may_repeat_is_a_duplicate(account: Account, hours: float) -> None:
    lab = again(account, hours * 3600, forgotten=False)
    assert (lab.shown(ANA), lab.parked, lab.metrics.total("duplicate")) == (["Once"], [], 1)


@pytest.mark.parametrize("late_s", [36 * 3600, 72 * 3600, WEEK_S - 60])
def test_a_message_that_comes_as_late_as_a_platform_may_bring_it_is_shown(late_s: float) -> None:
    lab = Lab()
    lab.customer(ANA, "Late", TIKTOK, after_s=late_s)
    lab.run(late_s + 60)
    assert (lab.shown(ANA), lab.parked) == (["Late"], [])


def test_what_waited_on_our_own_queue_is_not_too_old() -> None:
    """A desk that is away for ten days: what came meanwhile came in time."""
    lab = Lab()
    back_s = lab.clock() + 10 * DAY_S
    lab.world.faults = lambda whom, path, body: "503" if whom == "genesys" and lab.clock() < back_s else None
    lab.customer(ANA, "Hello?")
    lab.run(10 * DAY_S)
    lab.settle()
    assert (lab.shown(ANA), lab.parked, lab.dead) == (["Hello?"], [], [])


@pytest.mark.parametrize(("ahead_s", "shown", "why"), [(DAY_S, ["Hi"], []), (DAY_S + 1, [], ["in_the_future"])])
def test_what_is_from_the_future_is_parked(ahead_s: int, shown: list[str], why: list[str]) -> None:
    lab = Lab()
    at_ms = int(lab.clock() + ahead_s) * 1000
    lab.deliver("instagram", webhooks.instagram(INSTAGRAM, ANA, at_ms, webhooks.instagram_message("m-1", "Hi")))
    lab.settle()
    assert (lab.shown(ANA), reasons(lab)) == (shown, why)


def test_an_agents_reply_that_nobody_remembers_is_parked_and_reaches_nobody() -> None:
    lab = Lab()
    lab.customer(ANA, "Hello")
    lab.run(60)
    body = json.loads(webhooks.genesys(INSTAGRAM, ANA, "gen-9", "Once", 0))
    body["channel"]["time"] = "2027-01-15T08:01:00.000Z"
    for after_s in (0, 16 * DAY_S):
        lab.deliver("genesys", json.dumps(body).encode(), after_s)
    lab.run(60)
    lab.ledger.claims.clear()
    lab.run(16 * DAY_S - 600)
    lab.customer(ANA, "Are you there?")  # so that the window lets replies out
    lab.run(1200)
    lab.settle()
    assert lab.got(ANA) == ["Once"]
    assert reasons(lab) == ["too_old"]
    assert lab.told("gen-9") == ["Delivered"]
