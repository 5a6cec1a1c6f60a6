"""What is buried comes back, once, however often it is tried before its cause is gone."""

from __future__ import annotations

import pytest

from tests.chaos import webhooks
from tests.chaos.lab import Lab
from tests.chaos.scenes import ANA, BIG_POISON, HELLO, MISSING, POISON, REFUSED, SCENES, Scene
from tests.chaos.world import PICTURE
from tests.fakes import INSTAGRAM, FakeFetch

LATE = "[This message comes late:]\n"
BURIALS = {name: SCENES[name] for name in ("a message that the desk refuses", "a message that nobody foresaw")}
BURIALS["a big one that nobody foresaw"] = BIG_POISON


def buried(scene: Scene) -> Lab:
    """The scene, after which one letter is dead."""
    lab = scene.begun()
    scene.act(lab)
    lab.settle()
    assert len(lab.dead) == 1
    return lab


def mended(lab: Lab) -> None:
    """The cause is gone, and the operator has sent everything back."""
    lab.world.faults = lambda target, path, body: None
    lab.fetch.__class__ = FakeFetch
    lab.replay()
    lab.settle()


@pytest.mark.parametrize("name", BURIALS)
def test_a_replay_while_the_cause_holds_is_buried_again_and_comes_once_when_it_is_gone(name: str) -> None:
    lab = buried(BURIALS[name])
    for _ in range(3):  # all within the five minutes in which the queue refuses duplicates
        lab.replay()
        lab.run(60)
        assert len(lab.dead) == 1
    lab.customer(ANA, "what comes behind it")
    lab.settle()
    assert len([text for text in lab.shown(ANA) if text.startswith(MISSING)]) == 1
    mended(lab)
    assert lab.dead == []
    hello, missing, behind, late = lab.shown(ANA)
    assert (hello, behind) == (HELLO, "what comes behind it")
    assert missing.startswith(MISSING)
    assert late.startswith(LATE + POISON)


@pytest.mark.parametrize("name", BURIALS)
def test_a_letter_that_was_buried_twice_comes_once(name: str) -> None:
    """As it is where the worker dies between burying it and its end: it comes back after more than five minutes."""
    lab = BURIALS[name].begun()
    lab.steps.kill_at = lambda number, step: "after" if step == "sqs put in-dead" and not lab.kills else None
    BURIALS[name].act(lab)
    lab.settle()
    assert len(lab.dead) == 2
    mended(lab)
    assert lab.dead == []
    assert [text for text in lab.shown(ANA) if POISON in text] == [lab.shown(ANA)[-1]]


@pytest.mark.parametrize("name", BURIALS)
def test_a_message_that_was_taken_back_while_it_was_dead_stays_away(name: str) -> None:
    lab = buried(BURIALS[name])
    unsent = {"message": {"mid": f"m-{ANA}-2", "is_deleted": True}}
    lab.deliver("instagram", webhooks.instagram(INSTAGRAM, ANA, int(lab.clock() * 1000), unsent))
    lab.settle()
    mended(lab)
    assert lab.dead == []
    assert not any(POISON in text for text in lab.shown(ANA))


def test_a_reply_that_was_buried_is_told_and_comes_once_when_the_cause_is_gone() -> None:
    lab = buried(SCENES["a reply that nobody foresaw"])
    [identifier] = lab.answers
    for _ in range(3):
        lab.replay()
        lab.run(60)
        assert len(lab.dead) == 1
    assert set(lab.told(identifier)) == {"Failed"}
    assert len([text for text in lab.shown(ANA) if text.startswith(REFUSED)]) == 1
    assert lab.got(ANA) == []
    mended(lab)
    assert lab.dead == []
    assert lab.got(ANA) == ["see", PICTURE]
    assert lab.told(identifier)[-1] == "Delivered"
    assert lab.told(identifier).count("Delivered") == 1
