"""The switches of who is asked before an agent is, and what an operator learns of conversations there, over HTTP."""

from __future__ import annotations

from typing import Any

import pytest
import requests

from chalicelib.aws.guarding import Guarding
from chalicelib.vocabulary.guarding import Rule
from sandbox.stage.aws import TABLE
from tests.sandbox.kit import told as heard
from tests.scenarios.conftest import INSTAGRAM, Bridge

CUSTOMER = "1000000000000001"
SAID = "How can I help?"
HELD, PARKED = "[What this customer writes is held back", "[What this customer writes is put aside"
HOURS = "We are open from 9 to 17."


def fronted(bridge: Bridge, **front: dict[str, Any]) -> None:
    bridge.post("/front", {"channel": "instagram", "front": front})


def switch(bridge: Bridge, name: str, on: bool = True) -> None:
    assert bridge.post("/trouble", {"name": name, "on": on})[name] is on


def say(bridge: Bridge, text: str) -> None:
    bridge.post("/instagram/say", {"text": text})


def phone(bridge: Bridge) -> list[str]:
    """What the customer's app was sent, oldest first."""
    return [call["body"]["message"]["text"] for call in bridge.sent("instagram") if "message" in call["body"]]


def told(bridge: Bridge) -> list[str]:
    """The names of the participant data that the newest message brought."""
    return sorted(bridge.taken()[-1]["body"]["channel"]["metadata"]["customAttributes"])


def talk(bridge: Bridge) -> dict[str, Any]:
    """What an operator learns of the customer's conversation, {} where that is nothing."""
    found = [one for one in bridge.get("/front")["talks"] if one["customer"] == CUSTOMER]
    return found[0] if found else {}


def held(bridge: Bridge, step: str) -> dict[str, Any]:
    """The conversation, once a guard has taken that step and a message waits."""

    def waits() -> bool:
        one = talk(bridge)
        return bool(one and one["guard"] and one["guard"]["step"] == step and one["waiting"])

    bridge.until(waits, f"a guard's {step}")
    return talk(bridge)


def guarded(bridge: Bridge) -> dict[str, int]:
    """How often guards did what, and why."""
    named = "guarded:action="
    counts = bridge.get("/state")["metrics"]
    return {name.removeprefix(named): count for name, count in counts.items() if name.startswith(named)}


# --- a front, as the operator's Terraform would give it


def test_an_account_has_a_front_until_a_reset(bridge: Bridge) -> None:
    def fronts() -> list[list[str]]:
        accounts = bridge.get("/front")["accounts"]
        return [list(one["front"]) for one in accounts if one["channel"] == "instagram"]

    assert set(map(tuple, fronts())) == {()}
    second = [one["id"] for one in bridge.about["accounts"] if one["channel"] == "instagram"][1]
    bridge.post("/front", {"channel": "instagram", "account": second, "front": {"guards": {}, "thanks": {}}})
    assert fronts() == [[], ["guards", "thanks"], []]
    bridge.post("/front", {"channel": "instagram", "account": second, "front": {"thanks": {}}})
    assert fronts() == [[], ["thanks"], []]
    for feature, on in (("crm", True), ("guards", True), ("thanks", False)):
        told = {"channel": "instagram", "account": second, "feature": feature, "on": on}
        bridge.post("/front/switch", told)
    assert fronts() == [[], ["crm", "guards"], []]
    bridge.post("/reset")
    assert set(map(tuple, fronts())) == {()}


@pytest.mark.parametrize(
    ("body", "why"),
    [
        ({"channel": "fax", "front": {}}, "channel must be one of: instagram, tiktok, x"),
        ({"channel": "tiktok", "account": INSTAGRAM, "front": {}}, "account must be one of: -000Ab1"),
        ({"channel": "instagram", "front": {"oracle": {}}}, "oracle"),
        ({"channel": "instagram", "front": {"guards": {"loops": "sometimes"}}}, "loops"),
        ({"channel": "instagram"}, "front"),
    ],
    ids=["channel", "account", "feature", "setting", "nothing"],
)
def test_a_front_that_cannot_be_is_refused(bridge: Bridge, body: dict[str, Any], why: str) -> None:
    answer = requests.post(f"{bridge.sandbox.control.url}/front", json=body, timeout=30)
    assert answer.status_code == 400
    assert why in answer.json()["error"]


# --- who is asked is slow, down, or talks nonsense


@pytest.mark.usefixtures("hasty")
@pytest.mark.parametrize("name", ["model_slow", "model_down", "model_nonsense", "crm_slow", "crm_down"])
def test_nothing_waits_for_who_does_not_tell(bridge: Bridge, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    feature, prefix = ("crm", "crm_") if name.startswith("crm") else ("triage", "triage")
    fronted(bridge, **{feature: {}})
    switch(bridge, name)
    say(bridge, "Where is my order?")
    bridge.until(bridge.taken, "the message for agents")
    # who takes half a minute has not answered by now: nobody has waited for that
    assert [call["status"] for call in bridge.get("/front/calls")] == ([200] if name == "model_nonsense" else [])
    assert [one for one in told(bridge) if one.startswith(prefix)] == []
    switch(bridge, name, on=False)
    monkeypatch.undo()  # who answers has time enough
    bridge.shift(130)  # so long a failure is remembered
    say(bridge, "And is it late?")
    bridge.until(lambda: len(bridge.taken()) == 2, "the next message")
    assert [one for one in told(bridge) if one.startswith(prefix)] != []


def test_the_road_names_who_was_asked_and_shows_no_signature(bridge: Bridge) -> None:
    fronted(bridge, crm={}, triage={})
    say(bridge, "Hello")
    bridge.until(bridge.taken, "the message for agents")
    hops = {one["hop"]: one for one in heard(bridge.sandbox.live._journal) if one["hop"] in {"crm", "model"}}
    assert [(hop["what"], hop["outcome"], hop["answer"]["status"]) for hop in hops.values()] == [("", "ok", 200)] * 2
    assert hops["crm"]["request"]["headers"]["webhook-signature"] == "•••"
    assert hops["model"]["request"]["headers"]["Authorization"] == "•••"


# --- guards


def test_the_road_tells_what_a_guard_made_of_a_message(bridge: Bridge) -> None:
    guarding = Guarding(TABLE, bridge.sandbox.aws.client("dynamodb"))
    guarding.keep_rule(Rule(id="troll", kind="sender", value=CUSTOMER, action="drop"))
    fronted(bridge, guards={})
    say(bridge, "Hello")
    bridge.until(lambda: bridge.metric("ignored"), "that it was dropped")
    bridge.quiet()
    guarding.remove_rule("troll")
    [hop] = [one for one in heard(bridge.sandbox.live._journal) if one["hop"] == "worker"]
    assert (hop["outcome"], hop["detail"]) == ("ignored", "blocked_sender")
    assert hop["guard"] == {"action": "drop", "reason": "sender"}
    assert bridge.taken() == []


# --- the customer is a bot


def test_a_customer_who_is_a_bot_says_back_what_they_are_told(bridge: Bridge) -> None:
    seen = bridge.conversation(text="Hello", customer=CUSTOMER)
    switch(bridge, "customer_bot")
    bridge.post("/genesys/reply", {"conversation_id": seen["conversation_id"], "text": "How can I help?"})
    bridge.until(lambda: len(bridge.taken()) == 2, "their answer")
    assert bridge.taken()[-1]["body"]["text"] == "How can I help?"
    bridge.quiet()
    assert len(bridge.taken()) == 2  # a person's words are no loop, and end it


def test_two_bots_are_marked_held_and_parked_with_notice(bridge: Bridge) -> None:
    """Our bot answers a customer who says everything back. Each step is told, and released by time."""
    fronted(bridge, guards={}, bot={"turns": 50})
    switch(bridge, "customer_bot")
    say(bridge, "When are you open?")
    waits = held(bridge, "hold")
    assert (waits["holder"], [one["text"] for one in waits["waiting"]]) == ("bot", [HOURS])
    assert waits["guard"]["why"].startswith("loop:")
    assert waits["guard"]["until_ms"] > bridge.now_ms()
    said = len(phone(bridge))
    counts = guarded(bridge)
    assert counts.pop("mark:reason=loop") > 0
    assert counts == {"hold:reason=loop": 1}
    assert [one["answer"] for one in waits["bot"]] == [HOURS] * said
    assert bridge.taken() == []
    bridge.shift(3660)
    bridge.until(lambda: len(phone(bridge)) > said, "the bot's next answer")
    put_aside = held(bridge, "park")
    assert {one["text"] for one in put_aside["waiting"]} == {HOURS}
    assert bridge.get("/state")["parked"][0].startswith("parked/guarded/instagram/")
    switch(bridge, "customer_bot", on=False)
    bridge.quiet()
    proof = bridge.get("/proof")
    assert proof["ignored"] == {"bot_answered": len(phone(bridge))}
    assert (proof["lost"], proof["parked"], proof["in_flight"]) == (0, len(put_aside["waiting"]), 0)


def test_agents_read_that_a_guard_holds_and_parks(bridge: Bridge) -> None:
    """A bot of the desk's own answers: the conversation is open there, and one line of each tells agents why it is
    still."""
    fronted(bridge, guards={"hold_minutes": 5})
    conversation = bridge.conversation(text="Hello", customer=CUSTOMER)["conversation_id"]
    switch(bridge, "customer_bot")

    def says_again() -> str:
        """The desk's bot says the same once more; the line that comes of it."""
        known = len(bridge.taken())
        body = {"conversation_id": conversation, "text": SAID, "originatingEntity": "Bot"}
        bridge.post("/genesys/reply", body)
        bridge.until(lambda: len(bridge.taken()) > known, "what came of it")
        text: str = bridge.taken()[-1]["body"]["text"]
        return text

    def until(line: str) -> list[str]:
        """What comes before that line. A guard that looks before the bridge has noted what it sent sees the loop one
        turn later."""
        before: list[str] = []
        while not (said := says_again()).startswith(line):
            before.append(said)
            assert len(before) < 9, before
        return before

    marked = until(HELD)
    assert f"[This may be a machine that answers ours.]\n{SAID}" in marked
    assert {one.rpartition("\n")[2] for one in marked} == {SAID}
    assert held(bridge, "hold")["holder"] == "genesys"
    seen = len(bridge.taken())
    bridge.shift(330)
    bridge.until(lambda: len(bridge.taken()) > seen, "what was held")
    until(PARKED)
    assert [one["text"] for one in held(bridge, "park")["waiting"]] == [SAID]


def test_what_is_brought_back_while_somebody_looks_is_nothing(bridge: Bridge) -> None:
    assert bridge.sandbox.aws.object("parked/guarded/instagram/2026-01-01/gone") is None
