"""What the control API has of X and no other channel."""

from __future__ import annotations

import json
from email.message import Message
from typing import Any

import pytest

from sandbox.simulators.x.control import XControl
from sandbox.stage.web import Call
from tests.sandbox.simulators.x.conftest import PERSON, SHOP, Brand, Hook, Network


def posted(network: Network, path: str, body: dict[str, Any]) -> Any:
    handler = XControl(network.sim, PERSON).routes()[path]["POST"]
    return handler(Call("POST", path, {}, Message(), json.dumps(body).encode()))


def test_a_customer_writes_by_either_road(network: Network, hook: Hook) -> None:
    plain = posted(network, "/x/say", {"text": "Plain"})["id"]
    sealed = posted(network, "/x/say", {"text": "Sealed", "encrypted": True})["id"]
    assert hook.payload()["direct_message_events"][0]["id"] == plain
    assert hook.payload(2)["id"] == sealed


def test_what_concerns_a_message_goes_as_that_did(network: Network, hook: Hook) -> None:
    posted(network, "/x/do", {"action": "text", "text": "Plain"})
    sealed = posted(network, "/x/do", {"action": "text", "text": "Sealed", "encrypted": True})["id"]
    posted(network, "/x/do", {"action": "text", "text": "Quoting", "about": sealed})
    assert [one["data"]["event_type"] for one in hook.told(3)] == ["dm.received", "chat.received", "chat.received"]


@pytest.mark.parametrize(
    ("body", "hint"),
    [
        ({"action": "fly"}, "action must be one of: text, picture"),
        ({"action": "voice", "encrypted": False}, "a plain conversation of X's has none of it"),
        ({"action": "reaction", "text": "x"}, "needs about"),
        ({"action": "reaction", "text": "x", "about": "nothing"}, "nothing is no message"),
        ({"action": "text"}, "text needs text"),
        ({"action": "read"}, "nothing that could be read"),
        ({"action": "text", "text": "x", "account": "9"}, SHOP),
        ({"action": "text", "sealed": True}, "sealed"),
    ],
    ids=lambda value: str(value.get("action")) if isinstance(value, dict) else "",
)
def test_what_cannot_be_done_is_said(network: Network, hook: Hook, body: dict[str, Any], hint: str) -> None:
    with pytest.raises(ValueError, match=hint):
        posted(network, "/x/do", body)
    assert hook.calls == []


def test_settings_hold_until_a_reset(network: Network) -> None:
    usual = posted(network, "/x/settings", {})
    other = {
        "limits": {"dm_send": 15},
        "credits": False,
        "key_changes": False,
        "repeats": "conflict",
        "film_fails": True,
    }
    told = posted(network, "/x/settings", other | {"fails": "FlaggedAsSpam", "processing_s": 9.0})
    assert (told["limits"]["dm_send"], told["credits"], told["fails"]) == (15, False, "FlaggedAsSpam")
    network.sim.reset()
    assert posted(network, "/x/settings", {}) == usual


@pytest.mark.parametrize(
    ("body", "hint"),
    [
        ({"limits": {"words": 1}}, "limits are of"),
        ({"fails": "Tired"}, "fails must be"),
        ({"repeats": "never"}, "repeats"),
    ],
    ids=["limits", "fails", "repeats"],
)
def test_a_setting_that_there_is_not_is_said(network: Network, body: dict[str, Any], hint: str) -> None:
    with pytest.raises(ValueError, match=hint):
        posted(network, "/x/settings", body)


def listed(network: Network) -> dict[str, Any]:
    told: dict[str, Any] = network.ask("GET", f"/2/chat/conversations/{PERSON}/events").json()
    return told


def test_keys_and_events_from_elsewhere_are_answered(network: Network, hook: Hook, brand: Brand) -> None:
    network.sim.whisper(SHOP, PERSON, "One")
    network.sim.whisper(SHOP, PERSON, "Two")
    first, second = hook.payload(), hook.payload(2)
    rows = network.sim.network.keys.rows(PERSON)
    network.sim.reset()
    assert network.ask("GET", f"/2/chat/conversations/{PERSON}/events").status_code == 404
    page = {"data": [{"encoded_event": first["encoded_event"]}], "meta": {"result_count": 1}}
    bare = [first["encoded_event"], second["encoded_event"], first["conversation_key_change_event"]]
    for events in (page, {f"{SHOP}-{PERSON}": page}):
        posted(network, "/x/chat", {"public_keys": {PERSON: rows}, "events": events})
        assert listed(network)["data"] == page["data"]
    assert [row["public_key_version"] for row in brand.rows(PERSON)] == [rows[0]["public_key_version"]]
    posted(network, "/x/chat", {"public_keys": {PERSON: {"data": rows}}, "events": bare})
    told = listed(network)
    assert [one["encoded_event"] for one in told["data"]] == [second["encoded_event"], first["encoded_event"]]
    brand.learn(told["meta"]["conversation_key_events"][0])
    assert brand.read(told["data"][0]["encoded_event"])["content"]["text"] == "Two"


@pytest.mark.parametrize(
    ("body", "hint"),
    [
        ({"public_keys": {PERSON: [{"public_key": "x"}]}}, "must be rows with"),
        ({"events": {"data": [], "meta": {}}}, "name no conversation"),
        ({"events": {PERSON: 5}}, "events must be"),
        ({"events": ["!"]}, "base64"),
        ({"media": {PERSON: {"key": "!"}}}, "base64"),
    ],
    ids=["rows", "no events", "no answer", "no event", "no file"],
)
def test_what_is_no_key_or_event_is_said(network: Network, body: dict[str, Any], hint: str) -> None:
    with pytest.raises(ValueError, match=hint):
        posted(network, "/x/chat", body)
