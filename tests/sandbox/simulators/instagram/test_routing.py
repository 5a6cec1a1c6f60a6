"""The simulated Conversation Routing, and the bridge's calls against it: owners, ends without a word, and refusals."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from chalicelib.channels.instagram.client import open_client
from chalicelib.channels.instagram.routing import GraphThreads, open_routing
from chalicelib.errors import Refused
from chalicelib.http import Outgoing
from chalicelib.vocabulary.records import Account
from chalicelib.vocabulary.replies import Recipient, TextPart
from sandbox.simulators.instagram.routing import OTHER, OURS
from sandbox.stage.clock import Clock
from sandbox.stage.faults import Faults
from tests.sandbox.conftest import Receiver
from tests.sandbox.simulators.instagram.test_simulator import ANA, DAY, Meta

ACCOUNT = "17841400000000002"
OURS_PAGE = {"login": "facebook", "page": "100000000000002"}


class Shared(Meta):
    """The Page's account, whose conversations two apps share."""

    def __init__(self, clock: Clock, faults: Faults, receiver: Receiver) -> None:
        super().__init__(clock, faults, receiver)
        self.token, self.node = "EAA1", "100000000000002"
        self.clock, self.receiver = clock, receiver
        self.account = Account(channel="instagram", id=ACCOUNT, integration="i", secret="s", options=OURS_PAGE)
        http, secrets = Outgoing(), {"s": {"access_token": "EAA1"}}
        urls = {"instagram_graph": self.sim.url, "facebook_graph": self.sim.url, "graph_version": "v25.0"}
        self.threads: GraphThreads = open_routing(http, secrets.__getitem__, urls.__getitem__)
        self.client = open_client(http, secrets.__getitem__, urls.__getitem__)

    def owner(self) -> str:
        return self.sim.routing.owner(ACCOUNT, ANA)

    def events(self, count: int) -> list[tuple[str, dict[str, Any]]]:
        """Section and event of what the bridge was told."""
        told = []
        for call in self.receiver.wait(count):
            entry = json.loads(call.body)["entry"][0]
            section = next(name for name in ("messaging", "standby") if name in entry)
            told.append((section, entry[section][0]))
        return told

    def answer(self) -> str:
        return self.client.send(self.account, Recipient(customer=ANA), TextPart("Hi"))


@pytest.fixture
def shared(clock: Clock, faults: Faults, receiver: Receiver) -> Iterator[Shared]:
    made = Shared(clock, faults, receiver)
    yield made
    made.sim.stop()


def test_off_everybody_is_told_and_nobody_may_take(shared: Shared) -> None:
    shared.sim.write(ACCOUNT, ANA, "Hello")
    [(section, _)] = shared.events(1)
    assert section == "messaging"
    assert shared.answer()
    with pytest.raises(Refused, match="27/0"):
        shared.threads.take(shared.account, ANA)
    shared.threads.request(shared.account, ANA)
    assert shared.threads.owns(shared.account, ANA) is True


def test_off_the_first_who_asks_gets_it_and_others_at_the_owners_mercy(shared: Shared) -> None:
    shared.sim.write(ACCOUNT, ANA, "Hello")
    shared.sim.other_app(ACCOUNT, ANA, "take")
    shared.threads.request(shared.account, ANA)
    assert shared.threads.owns(shared.account, ANA) is False
    with pytest.raises(Refused, match="other_app"):
        shared.answer()
    shared.sim.routing.state(ACCOUNT).grants = True
    shared.threads.request(shared.account, ANA)
    assert shared.threads.owns(shared.account, ANA) is True
    assert shared.events(2)[1][1]["pass_thread_control"]["new_owner_app_id"] == OURS


def test_on_the_default_app_is_told_and_others_stand_by(shared: Shared) -> None:
    shared.sim.routing.set(ACCOUNT, "other")
    shared.sim.write(ACCOUNT, ANA, "To them")
    shared.sim.other_app(ACCOUNT, ANA, "say", "Theirs")
    [(first, _), (second, echo)] = shared.events(2)
    assert (first, second) == ("standby", "standby")
    assert echo["message"]["is_echo"]
    with pytest.raises(Refused, match="other_app"):
        shared.answer()
    with pytest.raises(Refused):
        shared.threads.request(shared.account, ANA)
    shared.threads.take(shared.account, ANA)
    assert shared.answer()
    shared.sim.write(ACCOUNT, ANA, "To us")
    told = {event["message"].get("text"): section for section, event in shared.events(4)}
    assert (told["To them"], told["To us"]) == ("standby", "messaging")


def test_what_may_not_be_taken_is_not(shared: Shared) -> None:
    shared.sim.routing.set(ACCOUNT, "other", may_take=False)
    shared.sim.write(ACCOUNT, ANA, "To them")
    with pytest.raises(Refused, match="27/0"):
        shared.threads.take(shared.account, ANA)


def test_control_ends_without_a_word_unless_it_is_prolonged(shared: Shared, clock: Clock) -> None:
    shared.sim.routing.set(ACCOUNT, "other")
    shared.sim.write(ACCOUNT, ANA, "Hello")
    shared.sim.other_app(ACCOUNT, ANA, "pass")
    shared.events(2)
    clock.offset_s += DAY + 1
    assert shared.owner() == ""
    with pytest.raises(Refused, match="other_app"):
        shared.threads.extend(shared.account, ANA, 3600)
    shared.threads.take(shared.account, ANA)
    shared.threads.extend(shared.account, ANA, 10**9)
    clock.offset_s += 6 * DAY
    assert shared.owner() == OURS
    shared.threads.release(shared.account, ANA)
    assert shared.owner() == ""
    assert len(shared.receiver.calls) == 2


def test_it_is_passed_to_an_app_or_to_the_default_one_and_never_to_itself(shared: Shared) -> None:
    shared.sim.routing.set(ACCOUNT, "other")
    shared.sim.other_app(ACCOUNT, ANA, "pass")
    with pytest.raises(Refused):
        shared.threads.give(shared.account, ANA, OURS)
    shared.threads.give(shared.account, ANA, "")
    assert shared.owner() == OTHER
    with pytest.raises(Refused):
        shared.threads.give(shared.account, ANA, OURS)


BAD: list[tuple[str, Any]] = [
    ("take_thread_control", {}), ("take_thread_control", {"recipient": {"id": ANA}, "duration": 5}),
    ("extend_thread_control", {"recipient": {"id": ANA}, "duration": 604_801}),
    ("extend_thread_control", {"recipient": {"id": ANA}, "duration": "5"}),
    ("pass_thread_control", {"recipient": {"id": ANA}, "metadata": "x" * 1001}),
    ("release_thread_control", {"recipient": {"id": ANA}, "target_app_id": OTHER}), ("take_thread_control", []),
]  # fmt: skip


@pytest.mark.parametrize(("edge", "body"), BAD)
def test_a_body_that_meta_does_not_document_is_refused(shared: Shared, edge: str, body: Any) -> None:
    shared.sim.routing.set(ACCOUNT, "ours")
    shared.sim.other_app(ACCOUNT, ANA, "pass")
    answer = shared.call("POST", f"/v25.0/{shared.node}/{edge}", json=body)
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, 100)


def test_by_instagrams_own_login_there_are_no_such_calls(meta: Meta) -> None:
    body = {"recipient": {"id": ANA}}
    assert meta.call("POST", f"/v25.0/{meta.node}/take_thread_control", json=body).json()["error"]["code"] == 100


@pytest.fixture
def meta(clock: Clock, faults: Faults, receiver: Receiver) -> Iterator[Meta]:
    made = Meta(clock, faults, receiver)
    yield made
    made.sim.stop()
