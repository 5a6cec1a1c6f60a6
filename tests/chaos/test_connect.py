"""Amazon Connect as the desk, while whatever can fail does: nothing is lost or doubled, and a conversation has one
contact at a time."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import pytest

from sandbox.simulators.connect.profiles import DOMAIN
from tests.chaos.connected import AT_CONNECT, ConnectLab, Gale
from tests.chaos.test_every_call import AT_A_REGISTER, Strike, strikes, struck
from tests.chaos.world import PICTURE

ANA = "771"
HOUR_S = 3600.0


@dataclass(frozen=True)
class Scene:
    """`act` in a chat that goes on where `open` says so; then agents have read `shown`, in any order where `loose`, and
    the customer got `got`, or the agents a line that says that nobody knows."""

    act: Callable[[ConnectLab], object]
    shown: list[str] = field(default_factory=list)
    got: list[str] = field(default_factory=list)
    open: bool = True
    chats: int = 1
    loose: bool = False

    def begun(self, settings: Mapping[str, str]) -> ConnectLab:
        lab = ConnectLab(settings=settings)
        if self.open:
            lab.customer(ANA, "Hello", AT_CONNECT[0])
            lab.run(30)
            assert lab.shown(ANA) == ["Hello"]
        return lab

    def wrong(self, lab: ConnectLab) -> list[str]:
        lines = [text for text in lab.shown(ANA) if text.startswith("[")]
        read = [text for text in lab.shown(ANA) if text not in lines]
        shown = (["Hello"] if self.open else []) + self.shown
        untold = self.got if not lines else []
        found = {
            "shown": (sorted(read), sorted(shown)) if self.loose else (read, shown),
            "got": (lab.got(ANA), self.got if lab.got(ANA) else untold),
            "lines": (lines[1:], []),
            "chats": (len(lab.chats(ANA)), self.chats),
            "parked": (lab.parked, []),
            "dead": (lab.dead, []),
        }
        return [f"{name} {are}" for name, (are, wanted) in found.items() if are != wanted]


def says(*texts: str) -> Callable[[ConnectLab], object]:
    return lambda lab: [lab.customer(ANA, text, AT_CONNECT[0]) for text in texts]


def ends_then_says(lab: ConnectLab) -> None:
    lab.connect.agents.end(lab.chats(ANA)[0].id)
    lab.customer(ANA, "Again", AT_CONNECT[0])


def expires_then_says(lab: ConnectLab) -> None:
    chat = lab.chats(ANA)[0]
    chat.connections = dict.fromkeys(chat.connections, 0.0)
    lab.customer(ANA, "Tomorrow", AT_CONNECT[0])


def transfers_then_answers(lab: ConnectLab) -> None:
    lab.connect.agents.transfer(lab.chats(ANA)[0].id)
    lab.agent(ANA, "Now me")


SCENES = {
    "a first message": Scene(says("First"), shown=["First"], open=False),
    "two quick first messages": Scene(says("One", "Two"), shown=["One", "Two"], open=False, loose=True),
    "a later message": Scene(says("Later"), shown=["Later"]),
    "a picture": Scene(says(PICTURE), shown=[PICTURE]),
    "an answer": Scene(lambda lab: lab.agent(ANA, "Yes"), got=["Yes"]),
    "an agent's picture": Scene(lambda lab: lab.agent(ANA, "", files=1), got=[PICTURE]),
    "a transfer": Scene(transfers_then_answers, got=["Now me"]),
    "an end": Scene(ends_then_says, shown=["Again"], chats=2),
    "an expired connection": Scene(expires_then_says, shown=["Tomorrow"]),
}


def played(scene: Scene, settings: Mapping[str, str], strike: Strike | None = None, number: int = -1) -> ConnectLab:
    lab = scene.begun(settings)
    lab.steps.names.clear()
    scene.act(lab)
    if strike:
        strike(lab, number)
    lab.settle(4 * HOUR_S)
    return lab


ONE_CALL, PERSISTENT = {"connect_one_call": "true"}, {"connect_persistent": "true"}
REGISTERS = {"connect_profiles_domain": DOMAIN}
BEGINS = ("a first message", "an end", "an expired connection")
MODES: list[tuple[str, dict[str, str]]] = [
    *((name, {}) for name in SCENES),
    *((name, mode) for name in BEGINS for mode in (ONE_CALL, PERSISTENT)),
    ("a first message", REGISTERS),
]


@pytest.mark.parametrize(("name", "settings"), MODES, ids=lambda one: one if isinstance(one, str) else "".join(one))
def test_a_call_that_is_struck_leaves_nothing_undone_and_nothing_done_twice(
    name: str, settings: dict[str, str]
) -> None:
    scene = SCENES[name]
    whole = played(scene, settings)
    assert scene.wrong(whole) == []
    found: list[str] = []
    for number, step in struck(whole.steps.names):
        for what, strike in strikes(step):
            found += [
                f"{what} {number} {step}: {words}" for words in scene.wrong(played(scene, settings, strike, number))
            ]
    assert found == []


def test_a_chat_goes_on_from_the_one_before_once_that_has_settled() -> None:
    lab = SCENES["an end"].begun(PERSISTENT)
    lab.connect.agents.end(lab.chats(ANA)[0].id)
    lab.run(5)
    lab.customer(ANA, "Again", AT_CONNECT[0])
    lab.settle()
    first, second = lab.chats(ANA)
    assert second.continued_from == first.id
    assert second.segments[0].began - first.ended_at >= 60


def test_one_call_is_one_call() -> None:
    lab = played(SCENES["a first message"], ONE_CALL)
    assert [call["operation"] for call in lab.connect.calls()] == ["StartChatContact", "SendMessage"]


def test_a_customer_is_in_the_register_once_whatever_is_struck() -> None:
    scene = SCENES["a first message"]
    whole = played(scene, REGISTERS)
    puts = [call for call in whole.connect.calls() if call["operation"] == "PutProfileObject"]
    assert len(puts) == len(whole.connect.profiles()) == 1
    assert set(whole.steps.names) >= AT_A_REGISTER
    for number, step in struck(whole.steps.names):
        for what, strike in strikes(step):
            lab = played(scene, REGISTERS, strike, number)
            lab.run(60)
            lab.customer(ANA, "And", AT_CONNECT[0])  # whoever was not put there then is with the next message
            lab.settle(4 * HOUR_S)
            assert len(lab.connect.profiles()) == 1, f"{what} {number} {step}"


@pytest.mark.parametrize("seed", [21, 22, 23, 26])
def test_a_gale_loses_and_doubles_nothing_and_begins_no_contact_too_many(seed: int) -> None:
    gale = Gale(seed)
    gale.run()
    assert {what: number for what, number in gale.faults().items() if number} == {}
    assert gale.ends.total() > 0
    assert len(gale.answers) > 10


def test_a_gale_tells_what_is_lost_doubled_and_begun_too_often() -> None:
    gale = Gale(21)
    gale.run()
    lab = gale.lab
    person = next(one for one in gale.people if len(lab.wrote[one]) > 1 and gale.answers)
    chat = lab.chats(person)[0]
    item = next(one for one in chat.items if one.by is chat.customer and one.content == lab.wrote[person][0])
    lab.wrote[person].append("never read")
    chat.items.append(item)
    gale.ends[person] = -1
    gale.answers["never-sent"], lab.answers["never-sent"] = "never got", person
    lab.told = lambda identifier: []  # type: ignore[method-assign]  # and nobody told of it
    lab.world.received.append(lab.world.received[0])
    found = gale.faults()
    assert {what for what, number in found.items() if number} == {
        "customers_messages_lost", "customers_messages_doubled", "contacts_too_many", "answers_lost_and_not_told",
        "answers_doubled",
    }  # fmt: skip


def test_a_rush_waits_in_order_and_leaves_no_dead_letter() -> None:
    """Connect begins five contacts a second, and takes ten messages: sixty customers write thrice within a second."""
    lab = ConnectLab(containers=3)
    assert lab.connect.hall.switches.throttles
    people = [f"7{number:03d}" for number in range(60)]
    for text in ("One", "Two", "Three"):
        for person in people:
            lab.customer(person, text, AT_CONNECT[0])
    lab.settle(HOUR_S)
    assert [lab.shown(person) for person in people] == [["One", "Two", "Three"]] * len(people)
    assert {len(lab.chats(person)) for person in people} == {1}
    assert (lab.dead, lab.parked) == ([], [])
    refused = [call for call in lab.connect.calls() if call["status"] == 429]
    assert refused  # it was more than Connect takes
    assert len(refused) < len(people)  # and nobody hammered it
