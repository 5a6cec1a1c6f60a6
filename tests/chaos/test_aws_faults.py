"""A call of AWS' that is throttled, cut off or loses its answer costs nothing, whichever it is."""

from __future__ import annotations

import pytest

from chalicelib.vocabulary.records import Account
from tests.chaos.lab import Lab
from tests.chaos.scenes import ANA, SCENES, Scene
from tests.chaos.timeline import AwsFault
from tests.chaos.world import Fault
from tests.fakes import INSTAGRAM, TIKTOK

# the ledger, the bucket and a download tell what came to nothing as one failure; clients of botocore tell two
PORTS: tuple[AwsFault, ...] = ("throttle", "lost")
CLIENTS: tuple[AwsFault, ...] = ("throttle", "reset", "lost")
FAULTS = {"table": PORTS, "bucket": PORTS, "file": PORTS, "sqs": CLIENTS, "secrets": CLIENTS}


def played(scene: Scene, number: int = -1, fault: AwsFault | None = None) -> Lab:
    """The scene, with that step of it failing."""
    lab = scene.begun()
    lab.steps.names.clear()
    lab.steps.fails = lambda step, name: fault if step == number else None
    scene.act(lab)
    lab.settle(4 * 3600)
    return lab


@pytest.mark.parametrize("name", SCENES)
def test_a_call_of_aws_that_fails_leaves_nothing_undone_and_nothing_done_twice(name: str) -> None:
    scene = SCENES[name]
    found: list[str] = []
    for number, step in enumerate(played(scene).steps.names):
        for fault in FAULTS.get(step.partition(" ")[0], ()):
            found += [f"{fault} {number} {step}: {words}" for words in scene.wrong(played(scene, number, fault))]
    assert found == []


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
