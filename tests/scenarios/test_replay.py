"""What was given up or put aside comes back by the operator's hand: once, in order, and told to be late."""

from __future__ import annotations

import json
from typing import Any

import pytest

from chalicelib.errors import Refused
from chalicelib.pipeline.posting import Posting
from chalicelib.rules.budgets import BUDGETS
from sandbox.stage.aws import TABLE
from tests.scenarios.conftest import INSTAGRAM, Bridge
from tests.scenarios.test_operator import operator, run

__all__ = ["operator"]


def texts(bridge: Bridge) -> list[str]:
    return [call["body"]["text"] for call in bridge.taken()]


def _wait_for(bridge: Bridge, what: str, count: int) -> None:
    bridge.until(lambda: len(bridge.get("/state")[what]) >= count, f"{count} {what}")


def test_a_buried_message_comes_back_once_in_order_and_late(operator: Bridge, monkeypatch: pytest.MonkeyPatch) -> None:
    operator.conversation(text="before")
    with monkeypatch.context() as patched:

        def refuses(*_: Any) -> Any:
            raise Refused("rejected_content", "code 1")

        patched.setattr(Posting, "post", refuses)
        for number in range(4):
            operator.post("/instagram/say", {"text": f"lost {number}"})
            _wait_for(operator, "dead_letters", number + 1)
    assert len(json.loads(run("dead-letters", "--json").stdout)) == 4
    for number in range(8):  # traffic beside it
        operator.post("/instagram/say", {"text": f"live {number}", "customer": f"10000000000000{number:02}"})
    done = json.loads(run("replay", "--all", "--json").stdout)
    assert done["replayed"] == 4
    operator.until(lambda: sum("lost" in text for text in texts(operator)) == 4, "all four")
    json.loads(run("replay", "--all", "--json").stdout)
    operator.quiet()
    late = [text for text in texts(operator) if "lost" in text]
    assert [text.splitlines()[-1] for text in late] == [f"lost {number}" for number in range(4)]
    assert all(text.startswith("[") for text in late)
    assert sorted(text for text in texts(operator) if "live" in text) == [f"live {number}" for number in range(8)]
    assert operator.get("/state")["dead_letters"] == []


def test_an_account_that_is_added_later_gets_what_came_before(operator: Bridge) -> None:
    table = operator.sandbox.aws.client("dynamodb")
    key = {"pk": {"S": "ACCOUNT"}, "sk": {"S": f"instagram#{INSTAGRAM}"}}
    account = table.get_item(TableName=TABLE, Key=key)["Item"]
    operator.shift(120)  # the workers' list of accounts is old by then
    table.delete_item(TableName=TABLE, Key=key)
    try:
        for number in range(3):
            operator.post("/instagram/say", {"text": f"early {number}"})
        operator.until(lambda: operator.metric("retried") >= 2, "two tries to find its account")
        operator.pass_time(BUDGETS["account"].for_s, lambda: len(operator.get("/state")["parked"]) == 3, "3 parked")
    finally:
        table.put_item(TableName=TABLE, Item=account)
    # the upkeep looks every five minutes
    operator.pass_time(300, lambda: sum("early" in text for text in texts(operator)) == 3, "all three, by themselves")
    assert json.loads(run("replay", "--account", INSTAGRAM, "--json").stdout)["replayed"] == 0
    operator.quiet()
    assert [text for text in texts(operator) if "early" in text] == [f"early {number}" for number in range(3)]
    assert operator.get("/state")["parked"] == []
