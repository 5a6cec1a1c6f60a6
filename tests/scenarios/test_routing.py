"""Conversations that Meta gives to one of two apps, on the whole road: the bridge's, and another of the sandbox."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from sandbox.simulators.instagram.routing import OURS
from tests.scenarios.conftest import Bridge

ACCOUNT = "17841400000000002"
WHO = "1000000000000007"
LABEL = "[Another app had this conversation before you. What was said there:]"


class Shared:
    def __init__(self, bridge: Bridge) -> None:
        self.bridge = bridge

    def on(self, mode: str = "other", **front: Any) -> None:
        routing = {"app": OURS} | front
        self.bridge.post("/front", {"channel": "instagram", "account": ACCOUNT, "front": {"routing": routing}})
        self.bridge.post("/instagram/routing", {"account": ACCOUNT, "mode": mode})

    def say(self, text: str) -> None:
        self.bridge.post("/instagram/say", {"text": text, "customer": WHO, "account": ACCOUNT})

    def other(self, act: str, text: str = "") -> None:
        told = {"act": act, "customer": WHO, "account": ACCOUNT, "text": text}
        self.bridge.post("/instagram/other-app", told)

    def texts(self, count: int) -> list[str]:
        self.bridge.until(lambda: len(self.bridge.taken()) >= count, "messages for agents")
        return [call["body"]["text"] for call in self.bridge.taken()]

    def phone(self) -> list[str]:
        return [
            call["body"]["message"]["text"]
            for call in self.bridge.sent("instagram")
            if "message" in call["body"] and call["status"] == 200
        ]

    def answer(self, text: str) -> None:
        talk = self.bridge.taken()[0]["conversation_id"]
        self.bridge.post("/genesys/reply", {"conversation_id": talk, "text": text})

    @property
    def holder(self) -> str:
        [thread] = self.bridge.get("/instagram/routing")["threads"]
        return str(thread["holder"])


@pytest.fixture
def shared(bridge: Bridge) -> Iterator[Shared]:
    yield Shared(bridge)
    bridge.post("/reset")
    bridge.post("/front", {"channel": "instagram", "account": ACCOUNT, "front": {}})


def test_another_apps_talk_comes_with_the_conversation_and_the_agents_answer_goes_out(shared: Shared) -> None:
    shared.on()
    shared.say("Is it open?")
    shared.other("say", "From nine to five.")
    shared.say("A person, please")
    shared.bridge.quiet()
    assert shared.bridge.taken() == []
    shared.other("pass", "wants a person")
    [told] = shared.texts(1)
    assert told.startswith(LABEL)
    assert told.count("[The customer: ") == 2
    assert "[The other app, or a person there: From nine to five.]" in told
    assert told.endswith("[The other app adds: wants a person]")
    shared.answer("Here I am")
    shared.bridge.until(lambda: shared.phone() == ["Here I am"], "the agent's answer")
    shared.say("Thanks")
    assert shared.texts(2)[1] == "Thanks"


def test_an_agent_takes_back_what_another_app_took(shared: Shared) -> None:
    shared.on()
    shared.other("pass")
    shared.texts(1)
    shared.say("Hello")
    shared.texts(2)
    shared.other("take")
    shared.say("To them")
    shared.bridge.until(lambda: len(shared.bridge.taken()) == 3, "that it was taken")
    shared.bridge.quiet()
    assert shared.holder == "other"
    shared.answer("Back again")
    shared.bridge.until(lambda: shared.phone() == ["Back again"], "the agent's answer")
    assert shared.holder == "ours"
    assert "[The customer: To them]" in shared.texts(4)[3]


def test_off_standby_is_counted_and_a_reply_of_anothers_conversation_refused(shared: Shared) -> None:
    shared.bridge.post("/instagram/routing", {"account": ACCOUNT, "mode": "ours"})
    shared.say("Hello")
    shared.texts(1)
    shared.other("take")
    shared.say("To them")
    shared.bridge.until(lambda: shared.bridge.metric("ignored") >= 1, "the count")
    shared.answer("Too late")
    assert "Another app has this customer's conversation" in shared.texts(2)[1]
    assert shared.phone() == []
