"""What a platform's code does to a reply, from the send to what the agent reads, with codes met in the field."""

from __future__ import annotations

from typing import Any

import pytest

from tests.scenarios.conftest import Bridge

SENDS = {"instagram": "/messages", "tiktok": "/send/"}


def refused(bridge: Bridge, channel: str, fault: dict[str, Any]) -> tuple[str, str, str]:
    """The receipt's status and reason of a reply that the platform answers so, and what the agent reads."""
    seen = bridge.conversation(channel)
    bridge.post("/faults", {"target": channel, "kind": "status", "path": SENDS[channel]} | fault)
    bridge.post("/genesys/reply", {"conversation_id": seen["conversation_id"], "text": "On its way"})
    bridge.until(lambda: bridge.taken("receipt"), "the receipt")
    body = bridge.taken("receipt")[0]["body"]
    if body["status"] == "Failed":
        bridge.until(lambda: len(bridge.taken()) == 2, "the notice")
    code = body.get("reasons", [{"code": ""}])[0]["code"]
    return body["status"], code, "".join(call["body"]["text"] for call in bridge.taken()[1:])


@pytest.mark.parametrize(
    ("channel", "fault"),
    [
        ("instagram", {"status": 403, "code": 230}),
        ("instagram", {"status": 403, "code": 283}),
        ("instagram", {"status": 200, "code": 200}),
        ("instagram", {"status": 400, "code": 100}),  # Meta has switched the app off
        ("instagram", {"status": 400, "code": 25, "subcode": 2207050}),
        ("tiktok", {"status": 200, "code": 40118}),
    ],
)
def test_a_lost_permission_stops_the_account_and_blames_nobody(
    bridge: Bridge, channel: str, fault: dict[str, Any]
) -> None:
    status, code, line = refused(bridge, channel, fault)
    assert (status, code) == ("Failed", "MessageNotAllowed")
    assert "disconnected" in line
    assert bridge.metric("account_stopped") == 1
    assert bridge.metric("problem_unlisted") == 0


@pytest.mark.parametrize(
    ("channel", "fault"),
    [
        ("instagram", {"status": 500, "code": 1200, "subcode": 2018024}),
        ("instagram", {"status": 400, "code": -1}),
        ("instagram", {"status": 425}),
        ("tiktok", {"status": 200, "code": 40202}),
    ],
)
def test_what_passes_is_tried_again_and_goes_out_once(bridge: Bridge, channel: str, fault: dict[str, Any]) -> None:
    assert refused(bridge, channel, fault | {"count": 1}) == ("Delivered", "", "")
    assert len(bridge.sent(channel)) == 1


@pytest.mark.parametrize(
    ("channel", "fault", "code"),
    [
        ("instagram", {"status": 400, "code": 4711}, "4711"),
        ("instagram", {"status": 400, "code": 100, "subcode": 4711}, "100/4711"),
        ("tiktok", {"status": 200, "code": 40999}, "40999"),
    ],
)
def test_a_new_code_is_counted_by_its_name(bridge: Bridge, channel: str, fault: dict[str, Any], code: str) -> None:
    status, _, line = refused(bridge, channel, fault)
    assert (status, "refused it" in line) == ("Failed", True)
    assert bridge.metric(f"problem_unlisted:channel={channel}:code={code}") == 1


def test_a_conversation_that_another_app_has_is_told_as_that(bridge: Bridge) -> None:
    _, _, line = refused(bridge, "instagram", {"status": 400, "code": 100, "subcode": 2534037})
    assert "Another app has this customer's conversation" in line
