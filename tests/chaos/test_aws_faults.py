"""A call of AWS' that is throttled, cut off or loses its answer costs nothing, whichever it is."""

from __future__ import annotations

import pytest

from tests.chaos.lab import Lab
from tests.chaos.scenes import SCENES, Scene
from tests.chaos.timeline import AwsFault

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
