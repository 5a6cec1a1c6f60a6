"""Webhooks that never come are brought by a comparison: exactly those, in order, once, and told to be late."""

from __future__ import annotations

import json
from typing import Any

from tests.scenarios.conftest import INSTAGRAM, TIKTOK, Bridge, X
from tests.scenarios.test_operator import operator, run

__all__ = ["operator"]

LATE = "[This message comes late:]"
EARLIER_S = -3600.0
OTHER = "1000000000000042"


def said(bridge: Bridge) -> dict[str, list[str]]:
    """What agents read, by customer, in their order."""
    read: dict[str, list[str]] = {}
    for call in bridge.taken():
        read.setdefault(call["body"]["channel"]["from"]["id"], []).append(call["body"].get("text", ""))
    return read


def reconciled(account: str, *more: str) -> Any:
    return json.loads(run("reconcile", "--account", account, "--since", "3h", "--json", *more).stdout)


def test_what_no_webhook_brought_is_brought_once_in_order_and_late(operator: Bridge) -> None:
    operator.shift(EARLIER_S)  # the command line knows the real time only
    first = operator.conversation(text="before")["body"]["channel"]["from"]["id"]
    operator.post("/instagram/settings", {"webhooks": "lost"})
    for text in ("lost 1", "lost 2", "lost 3"):
        operator.post("/instagram/say", {"text": text})
    operator.post("/instagram/say", {"text": "lost, too", "customer": OTHER})
    operator.post("/instagram/settings", {"webhooks": "delivered"})
    operator.post("/instagram/say", {"text": "after"})
    operator.until(lambda: len(operator.taken()) == 2, "what was told")
    operator.shift(0)

    dry = reconciled(INSTAGRAM, "--dry-run")
    assert (dry["inbound"]["missing"], dry["inbound"]["received"], dry["outbound"]["received"]) == (4, 6, 0)
    operator.quiet()
    assert len(operator.taken()) == 2

    done = reconciled(INSTAGRAM)
    assert [one["brought"] for one in done["missing"]] == [True] * 4
    operator.until(lambda: len(operator.taken()) == 6, "all that was lost")
    operator.quiet()
    late = [f"{LATE}\nlost {number}" for number in (1, 2, 3)]
    assert said(operator) == {first: ["before", "after", *late], OTHER: [f"{LATE}\nlost, too"]}
    assert operator.metric("brought_late") == 4

    again = reconciled(INSTAGRAM)
    assert again["missing"] == []
    assert again["inbound"] | {"under_way": 0} == {
        "received": 6, "delivered": 6, "told": 0, "under_way": 0, "missing": 0, "doubled": 0, "out_of_order": 0,
    }  # fmt: skip

    assert operator.post("/instagram/lost") == {"delivered": 4}  # the webhooks come after all
    operator.quiet()
    assert len(operator.taken()) == 6
    # a claim knows the three that came together, the queue refuses the single one, which has the id of its webhook
    assert operator.metric("duplicate") == 3


def test_whichever_comes_first_a_message_is_shown_once(operator: Bridge) -> None:
    operator.shift(EARLIER_S)
    operator.post("/tiktok/settings", {"webhooks": "lost"})
    operator.post("/tiktok/say", {"text": "on TikTok"})
    assert operator.post("/tiktok/lost") == {"delivered": 1}
    operator.post("/tiktok/say", {"text": "and once more"})
    operator.until(lambda: len(operator.taken()) == 1, "what came late by itself")
    operator.shift(0)
    assert reconciled(TIKTOK)["inbound"]["missing"] == 1
    operator.until(lambda: len(operator.taken()) == 2, "what did not come")
    operator.quiet()
    assert [call["body"]["text"] for call in operator.taken()] == ["on TikTok", f"{LATE}\nand once more"]


def test_what_no_webhook_of_xs_brought_is_brought_plain_and_encrypted(operator: Bridge) -> None:
    operator.shift(EARLIER_S)
    operator.post("/x/say", {"text": "before"})
    operator.post("/x/say", {"text": "before, sealed", "encrypted": True})
    operator.until(lambda: len(operator.taken()) == 2, "what was told")
    operator.post("/x/settings", {"webhooks": "lost"})
    operator.post("/x/say", {"text": "lost"})
    operator.post("/x/say", {"text": "lost, sealed", "encrypted": True})
    operator.post("/x/settings", {"webhooks": "delivered"})
    operator.quiet()
    operator.shift(0)
    done = reconciled(X)
    assert [one["brought"] for one in done["missing"]] == [True] * 2
    assert (done["inbound"]["received"], done["inbound"]["missing"]) == (4, 2)
    operator.until(lambda: len(operator.taken()) == 4, "all that was lost")
    operator.quiet()
    [texts] = said(operator).values()
    assert (texts[:2], sorted(texts[2:])) == (
        ["before", "before, sealed"], [f"{LATE}\nlost", f"{LATE}\nlost, sealed"],
    )  # fmt: skip
    assert reconciled(X)["missing"] == []
    assert operator.post("/x/lost") == {"delivered": 2}
    operator.quiet()
    assert len(operator.taken()) == 4


def test_an_agents_reply_that_never_came_is_sent_once(operator: Bridge) -> None:
    operator.shift(EARLIER_S)
    conversation = operator.conversation(text="Hello")["conversation_id"]
    desk = next(iter(operator.sandbox.vendors.desks)).simulator
    desk.deliveries.loses = True
    operator.post("/genesys/reply", {"conversation_id": conversation, "text": "lost reply"})
    desk.deliveries.loses = False
    operator.post("/genesys/reply", {"conversation_id": conversation, "text": "other reply"})
    operator.until(lambda: len(operator.sent("instagram")) == 1, "what was told")
    operator.quiet()
    operator.shift(0)
    done = reconciled(INSTAGRAM)
    assert (done["outbound"]["received"], done["outbound"]["delivered"], done["outbound"]["missing"]) == (2, 1, 1)
    operator.until(lambda: len(operator.sent("instagram")) == 2, "the lost reply")
    operator.quiet()
    assert reconciled(INSTAGRAM)["outbound"]["missing"] == 0
    desk.deliveries.deliver_lost()
    operator.quiet()
    texts = [call["body"]["message"]["text"] for call in operator.sent("instagram") if "message" in call["body"]]
    assert texts == ["other reply", "lost reply"]
