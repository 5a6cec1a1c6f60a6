"""The end of a conversation: told by the organisation's trigger, or found by asking; and the next one begins anew."""

from __future__ import annotations

import hashlib
import json

import pytest
import requests

from tests.scenarios.conftest import Bridge
from tests.scenarios.test_road import do


def texts(bridge: Bridge) -> list[tuple[str, str]]:
    return [(call["conversation_id"], call["body"].get("text", "")) for call in bridge.taken()]


@pytest.mark.parametrize("told", [True, False], ids=["told", "found by asking"])
def test_an_end_closes_the_conversation_and_the_next_message_opens_another(bridge: Bridge, told: bool) -> None:
    first = bridge.conversation(text="Is the oolong back?")["conversation_id"]
    bridge.quiet()
    bridge.post("/genesys/disconnect", {"conversation_id": first, "told": told})
    if not told:
        bridge.shift(7 * 3600)  # the upkeep runs, and the customer has been silent for long enough
    bridge.until(lambda: bridge.metric("desk_ended") == 1, "the end")
    assert bridge.metric("end_found") == (0 if told else 1)
    do(bridge, "instagram", action="reaction", text="👍", about="m-unknown")
    bridge.quiet()
    bridge.post("/instagram/say", {"text": "And the sencha?"})
    bridge.until(lambda: len(texts(bridge)) == 2, "the next message")
    (_, _), (second, said) = texts(bridge)
    assert (second != first, said) == (True, "And the sencha?")
    bridge.post("/genesys/reply", {"conversation_id": second, "text": "It is."})
    bridge.until(lambda: bridge.sent("instagram"), "the answer")


def test_a_forged_end_is_refused_and_one_of_an_open_conversation_is_not_believed(bridge: Bridge) -> None:
    first = bridge.conversation(text="Is the oolong back?")
    bridge.quiet()
    url, secret = bridge.about["genesys_webhook_url"], bridge.secrets["genesys_webhook_secret"]
    customer = first["body"]["channel"]["from"]["id"]
    body = json.dumps({"type": "Ended", "conversationId": first["conversation_id"],
                       "addressTo": first["integration_id"], "addressFrom": customer})  # fmt: skip
    key = hashlib.sha256(f"dmdesk conversation end: {secret}".encode()).hexdigest()

    def tell(given: str) -> int:
        headers = {"Content-Type": "application/json", "X-Hub-Signature-256": f"key={given}"}
        return requests.post(url, data=body, headers=headers, timeout=30).status_code

    # a second wrong one comes before the secret may be read anew, which might prove it right
    assert [tell("0" * 64), tell(secret), tell(key)] == [401, 503, 200]
    bridge.until(lambda: bridge.metric("ignored") >= 1, "the end is looked at")
    assert bridge.metric("desk_ended") == 0
    bridge.post("/instagram/say", {"text": "Hello?"})
    bridge.until(lambda: len(texts(bridge)) == 2, "the next message")
    assert {conversation for conversation, _ in texts(bridge)} == {first["conversation_id"]}
