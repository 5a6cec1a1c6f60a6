"""Every call that leaves the bridge's processes, with everything that can befall it: the process dies before or after
its effect, or the call fails before or after it. Nothing is lost, doubled, out of order or untold.

The calls are recorded from a run of each scene, so that a new one is struck without being named here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import get_args

import pytest

from chalicelib.pipeline import ports
from chalicelib.pipeline.erased import Erasures
from chalicelib.pipeline.front.guards import Book
from chalicelib.protocols.memory import Memory
from tests.chaos.asked import FRONT, ILLS, Ill
from tests.chaos.front_scenes import IN_FRONT
from tests.chaos.lab import Lab
from tests.chaos.passing_scenes import IN_PASSING
from tests.chaos.scenes import ANA, Scene
from tests.chaos.scenes import SCENES as PLAIN
from tests.chaos.timeline import AwsFault, When
from tests.chaos.world import Fault

SCENES: dict[str, Scene] = PLAIN | IN_FRONT | IN_PASSING
KILLS: tuple[When, ...] = ("before", "after")
# the ledger, the bucket and a download tell what came to nothing as one failure; clients of botocore tell two
PORTS: tuple[AwsFault, ...] = ("throttle", "lost")
CLIENTS: tuple[AwsFault, ...] = get_args(AwsFault)
TABLES = dict.fromkeys(("table", "memory", "floor", "book"), PORTS)
AWS = TABLES | {"bucket": PORTS, "file": PORTS, "sqs": CLIENTS, "secrets": CLIENTS}
BEFORE: tuple[Fault, ...] = ("429", "500", "503", "reset", "silent")
AFTER: tuple[Fault, ...] = ("blind", "deaf")
# what bears the name of its call, so that the table itself knows it again
KNOWN_AGAIN = {"table begin", "table claim", "table delivered", "table sent", "table take_passing", "table tried"}
Strike = Callable[[Lab, int], None]


def dies(when: When) -> Strike:
    def strike(lab: Lab, number: int) -> None:
        lab.steps.kill_at = lambda step, name: when if step == number else None

    return strike


def aws_fails(fault: AwsFault) -> Strike:
    def strike(lab: Lab, number: int) -> None:
        lab.steps.fails = lambda step, name: fault if step == number else None

    return strike


def repeated(lab: Lab, number: int) -> None:
    lab.steps.repeats = lambda step, name: step == number


def asked_fails(ill: Ill) -> Strike:
    """Who is asked beside the way at that step."""

    def strike(lab: Lab, number: int) -> None:
        lab.front.ill = lambda who: ill if len(lab.steps.names) == number else None

    return strike


def vendor_fails(fault: Fault) -> Strike:
    """The first call of a vendor's that would be that step; one that the scene breaks has no effect to come after."""

    def strike(lab: Lab, number: int) -> None:
        usual, struck = lab.world.faults, [fault]

        def now(target: str, path: str, body: bytes) -> Fault | None:
            own = usual(target, path, body)
            hit = struck and len(lab.steps.names) == number and (own is None or fault in BEFORE)
            return struck.pop() if hit else own

        lab.world.faults = now

    return strike


def strikes(step: str) -> Iterator[tuple[str, Strike]]:
    """Everything that can befall a step, by its name."""
    for when in KILLS:
        yield f"killed {when}", dies(when)
    place = step.partition(" ")[0]
    if place in TABLES and step not in KNOWN_AGAIN:
        yield "repeated", repeated
    if place == FRONT:
        yield from ((ill, asked_fails(ill)) for ill in ILLS)
    elif place in AWS:
        yield from ((fault, aws_fails(fault)) for fault in AWS[place])
    else:
        yield from ((fault, vendor_fails(fault)) for fault in (*BEFORE, *AFTER))


def struck(names: list[str]) -> list[tuple[int, str]]:
    """The steps by their numbers; of those that a scene makes again and again the first and the last."""
    places: dict[str, list[int]] = {}
    for number, name in enumerate(names):
        places.setdefault(name, []).append(number)
    return sorted((number, name) for name, all_of in places.items() for number in {all_of[0], all_of[-1]})


def played(scene: Scene, strike: Strike | None = None, number: int = -1) -> Lab:
    """The scene, struck at that step of it."""
    lab = scene.begun()
    lab.steps.names.clear()
    scene.act(lab)
    if strike:
        strike(lab, number)
    scene.rests(lab)
    return lab


@pytest.mark.parametrize("name", SCENES)
def test_a_call_that_is_struck_leaves_nothing_undone_and_nothing_done_twice(name: str) -> None:
    scene = SCENES[name]
    whole = played(scene)
    assert scene.wrong(whole) == []
    assert whole.got(ANA).count(scene.automatic) == (scene.automatic != "")
    found: list[str] = []
    for number, step in struck(whole.steps.names):
        for what, strike in strikes(step):
            found += [f"{what} {number} {step}: {words}" for words in scene.wrong(played(scene, strike, number))]
    assert found == []


PARTS = {
    "table": (ports.Ledger, Erasures), "memory": (Memory,), "floor": (ports.Floor,), "book": (Book,),
    "bucket": (ports.MediaShelf,), "sqs": (ports.Redelivery,), "file": (ports.Fetch,), "secrets": (ports.SecretCache,),
}  # fmt: skip
# how they are called where they leave the process
CALLED = {
    "sqs bury": "sqs put in-dead", "sqs postpone": "sqs postpone in", "file __call__": "file get",
    "secrets refresh": "secrets get",
}  # fmt: skip
# made only where a desk keeps a register of customers: test_connect.py has them struck
AT_A_REGISTER = {"table introduce", "table introduced"}


def test_the_scenes_make_every_call_that_the_workers_can() -> None:
    made = {step for scene in SCENES.values() for step in played(scene).steps.names}
    made |= {step.rpartition(" ")[0] for step in made if step.startswith("secrets")}
    wanted = {
        f"{part} {name}"
        for part, given in PARTS.items()
        for port in given
        for name, method in vars(port).items()
        if callable(method) and name not in {"__init__", "__subclasshook__"}
    }
    assert {CALLED.get(name, name) for name in wanted} - made == AT_A_REGISTER
