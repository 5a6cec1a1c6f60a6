"""Who waits while their window closes is raised over real HTTP, and the operator's list says the same."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from sandbox.stage.aws import TABLE
from tests.scenarios.conftest import INSTAGRAM, Bridge
from tests.scenarios.test_operator import operator, run

__all__ = ["operator"]
KEY: dict[str, Any] = {"pk": {"S": "ACCOUNT"}, "sk": {"S": f"instagram#{INSTAGRAM}"}}


@pytest.fixture
def raising(operator: Bridge, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bridge]:
    """The first account has its conversations raised; the operator's clock is the sandbox's."""
    monkeypatch.setattr("ops.__main__.clock", operator.sandbox.clock)
    client = operator.sandbox.aws.client("dynamodb")
    changed = {"UpdateExpression": "SET closing = :raise", "ExpressionAttributeValues": {":raise": {"S": "raise"}}}
    client.update_item(TableName=TABLE, Key=KEY, **changed)
    yield operator
    client.update_item(TableName=TABLE, Key=KEY, UpdateExpression="REMOVE closing")


def attributes(bridge: Bridge, conversation: str) -> dict[str, str]:
    (found,) = [one for one in bridge.get("/genesys/conversations") if one["id"] == conversation]
    told: dict[str, str] = found["attributes"]
    return told


def test_who_waits_longest_lets_pass_whose_window_closes_first(raising: Bridge) -> None:
    longer = raising.conversation("tiktok")["conversation_id"]
    sooner = raising.conversation("instagram")["conversation_id"]
    assert raising.get("/genesys/queue") == [longer, sooner]
    assert run("conversations", "--closing", "4", "--json").stdout.strip() == "[]"
    raising.shift(20.5 * 3600)
    raising.until(lambda: attributes(raising, sooner).get("windowWarning") == "4", "the first step")
    assert raising.get("/genesys/queue") == [sooner, longer]
    listed = json.loads(run("conversations", "--closing", "4", "--json").stdout)
    assert [(one["channel"], one["account"]) for one in listed] == [("instagram", INSTAGRAM)]
    assert attributes(raising, sooner)["windowExpiresAt"] == listed[0]["closes"]
    assert "windowWarning" not in attributes(raising, longer)
    raising.post("/genesys/reply", {"conversation_id": sooner, "text": "Yes, it is."})
    raising.until(lambda: raising.taken("receipt"), "the receipt")
    raising.until(lambda: json.loads(run("conversations", "--closing", "4", "--json").stdout) == [], "nobody waits")
