"""A paused account loses nothing, in either direction."""

from __future__ import annotations

from tests.scenarios.conftest import INSTAGRAM, Bridge
from tests.scenarios.test_operator import operator, run
from tests.scenarios.test_replay import texts

__all__ = ["operator"]


def test_what_comes_while_an_account_is_paused_waits_and_then_arrives_in_order(operator: Bridge) -> None:
    seen = operator.conversation(text="before")
    assert run("pause", "--account", INSTAGRAM).exit_code == 0
    operator.shift(120)  # the workers' list is old by then
    for number in range(4):
        operator.post("/instagram/say", {"text": f"held {number}"})
    operator.until(lambda: operator.metric("waiting"), "the customer's side waits")  # so the list has been read anew
    operator.post("/genesys/reply", {"conversation_id": seen["conversation_id"], "text": "held, too"})
    operator.until(lambda: operator.metric("waiting") >= 2, "both directions wait")
    assert (texts(operator), operator.sent("instagram")) == (["before"], [])
    state = operator.get("/state")
    assert (state["dead_letters"], state["parked"]) == ([], [])
    assert run("resume", "--account", INSTAGRAM).exit_code == 0
    operator.shift(300)
    operator.until(lambda: len(texts(operator)) == 5 and operator.sent("instagram"), "everything that waited")
    operator.quiet()
    assert texts(operator) == ["before", *(f"held {number}" for number in range(4))]
    assert [call["body"]["message"]["text"] for call in operator.sent("instagram")] == ["held, too"]
