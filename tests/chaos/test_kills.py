"""A process that is killed before or after any of its steps loses nothing and does nothing twice."""

from __future__ import annotations

import pytest

from tests.chaos.lab import Lab
from tests.chaos.scenes import SCENES, Scene
from tests.chaos.timeline import When


def played(scene: Scene, number: int = -1, when: When = "before") -> Lab:
    """The scene, with a process killed at that step of it."""
    lab = scene.begun()
    lab.steps.names.clear()
    lab.steps.kill_at = lambda step, name: when if step == number else None
    scene.act(lab)
    lab.settle(4 * 3600)
    return lab


@pytest.mark.parametrize("name", SCENES)
def test_a_process_killed_at_any_step_leaves_nothing_undone_and_nothing_done_twice(name: str) -> None:
    scene = SCENES[name]
    whole = played(scene)
    assert scene.wrong(whole) == []
    found: list[str] = []
    ways: tuple[When, ...] = ("before", "after")
    for number, step in enumerate(whole.steps.names):
        for when in ways:
            lab = played(scene, number, when)
            assert lab.kills == 1
            found += [f"killed {when} {number} {step}: {words}" for words in scene.wrong(lab)]
    assert found == []
