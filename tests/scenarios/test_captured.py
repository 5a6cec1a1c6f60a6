"""What is too old to be let in comes back by the operator's hand."""

from __future__ import annotations

import json

from tests.scenarios import kinds
from tests.scenarios.conftest import Bridge
from tests.scenarios.test_operator import operator, run

__all__ = ["operator"]

DAY_S = 86_400


def parked(bridge: Bridge) -> list[str]:
    """The reasons."""
    return [key.split("/")[1] for key in bridge.get("/state")["parked"]]


def test_what_is_too_old_is_parked_with_advice_and_shown_by_a_replay(operator: Bridge) -> None:
    raw = kinds.message(operator.now_ms(), "mid-captured", text="Once")
    operator.shift(8 * DAY_S)
    assert operator.deliver("instagram", raw) == 200
    operator.until(lambda: parked(operator), "it is parked")
    assert operator.taken() == []
    [told] = json.loads(run("parked", "--json").stdout)
    assert told["reason"] == "too_old"
    assert "dmdesk trace" in told["advice"]
    assert json.loads(run("replay", "--reason", "too_old", "--json").stdout)["replayed"] == 1
    operator.until(operator.taken, "the message")
    operator.quiet()
    assert [call["body"]["text"] for call in operator.taken()] == ["Once"]
    assert parked(operator) == []
