"""A call of AWS' that fails again and again costs nothing. One by one: test_every_call.py."""

from __future__ import annotations

import pytest

from chalicelib.vocabulary.records import Account
from tests.chaos.lab import Lab
from tests.chaos.scenes import ANA, Scene
from tests.chaos.timeline import AwsFault
from tests.chaos.world import Fault
from tests.fakes import INSTAGRAM, TIKTOK

CLIENTS: tuple[AwsFault, ...] = ("throttle", "reset", "lost")


@pytest.mark.parametrize("account", [INSTAGRAM, TIKTOK])
@pytest.mark.parametrize("fault", CLIENTS)
def test_a_table_that_cannot_be_asked_is_no_history_that_does_not_tell(account: Account, fault: AwsFault) -> None:
    lab = Scene(lambda lab: None, account=account).begun()
    began_s = lab.clock()
    lab.echo_s = lambda: None
    lab.world.faults = lambda target, path, body: "deaf" if path.endswith(("7/messages", "/send/")) else None
    lab.steps.fails = lambda step, name: fault if name == "table is_ours" and lab.clock() < began_s + 120 else None
    identifier = lab.agent(ANA, "yes", account)
    lab.settle()
    assert lab.got(ANA) == ["yes"]
    assert lab.told(identifier) == ["Delivered"]


@pytest.mark.parametrize("fault", CLIENTS)
@pytest.mark.parametrize("lag_s", [20.0, 60.0])
def test_a_message_that_is_sent_again_and_whose_doubt_cannot_be_written_comes_once(
    fault: AwsFault, lag_s: float
) -> None:
    lab = Lab()
    lab.world.analytics_lag_s = lag_s
    posts: list[str] = []

    def now(target: str, path: str, body: bytes) -> Fault | None:
        if not path.endswith("/message"):
            return None
        posts.append(path)  # the first post comes to nothing, the second is taken, and neither is answered
        return "silent" if len(posts) == 1 else "deaf" if len(posts) == 2 else None

    lab.world.faults = now
    lab.steps.fails = lambda step, name: fault if name == "table doubt" and len(posts) == 2 else None
    lab.customer(ANA, "hi")
    lab.settle()
    assert lab.shown(ANA) == ["hi"]
