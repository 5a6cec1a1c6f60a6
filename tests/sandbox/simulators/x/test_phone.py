"""What a customer's X shows: both sides, and of what is encrypted what their app has opened."""

from __future__ import annotations

import json
from typing import Any

import pytest

from sandbox.simulators.x.phone import XPhone
from sandbox.stage.files import pdf, png
from sandbox.stage.screen import Screen
from tests.sandbox.simulators.x.conftest import PERSON, SHOP, Brand, Hook, Network

Seen = list[dict[str, Any]]


@pytest.fixture
def seen(network: Network) -> Seen:
    """All that the phone shows."""
    shown: Seen = []
    network.sim.watch = XPhone(Screen("x", shown.append, lambda: 5.0), network.sim.opened)
    return shown


def last(seen: Seen, *names: str) -> tuple[Any, ...]:
    assert (seen[-1]["channel"], seen[-1]["account"], seen[-1]["customer"]) == ("x", SHOP, PERSON)
    return tuple(seen[-1][name] for name in names)


def test_plain_words_are_shown_with_whole_links(network: Network, seen: Seen) -> None:
    message = network.do("text", text="See https://shop.example/a")
    assert last(seen, "side", "kind", "id", "text") == ("customer", "text", message, "See https://shop.example/a")
    network.ask("POST", f"/2/dm_conversations/with/{PERSON}/messages", {"text": "Or https://shop.example/b ?"})
    assert last(seen, "side", "kind", "text") == ("brand", "text", "Or https://shop.example/b ?")


def test_plain_files_have_a_bubble_and_a_place(network: Network, seen: Seen) -> None:
    message = network.do("picture", text="My mug")
    words, picture = seen
    assert (words["text"], picture["kind"], picture["id"]) == ("My mug", "image", f"{message}#1")
    assert network.sim.file(picture["url"].partition("?id=")[2].replace("%2F", "/")) == ("image/png", png())
    network.do("video")
    assert last(seen, "kind") == ("video",)


def test_what_was_encrypted_is_shown_opened(network: Network, seen: Seen, hook: Hook, brand: Brand) -> None:
    message = network.sim.whisper(SHOP, PERSON, "A secret")
    assert last(seen, "side", "id", "text", "encrypted") == ("customer", message, "A secret", True)
    brand.opened(hook.payload())
    body = brand.encrypted("Another")
    brand.send(body)
    assert last(seen, "side", "id", "text", "encrypted") == ("brand", body["message_id"], "Another", True)
    network.do("reaction", about=body["message_id"], text="❤️")
    assert last(seen, "side", "kind", "about", "text") == ("customer", "reaction", body["message_id"], "❤️")
    network.do("edit", about=message, text="No secret")
    assert last(seen, "kind", "about", "text") == ("edit", message, "No secret")
    network.do("text", about=message, text="That one")
    assert last(seen, "kind", "about", "text") == ("text", message, "That one")
    network.do("read", encrypted=True)
    assert last(seen, "kind", "about") == ("seen", body["message_id"])
    network.do("typing", encrypted=True)
    assert last(seen, "kind") == ("typing",)
    network.do("unsend", about=message)
    assert last(seen, "kind", "about") == ("unsend", message)


def test_an_encrypted_file_is_opened_for_its_customer(network: Network, seen: Seen) -> None:
    network.do("file", encrypted=True)
    kind, url = last(seen, "kind", "url")
    name = url.partition("?id=")[2].replace("%3A", ":").replace("%7C", "|")
    assert (kind, network.sim.file(name)) == ("file", ("application/pdf", pdf()))


def test_what_was_encrypted_elsewhere_stays_closed(network: Network, seen: Seen) -> None:
    network.sim.whisper(SHOP, PERSON, "A secret")
    told = {"filter": {"user_id": SHOP}, "event_type": "chat.received"}
    payload = {"conversation_id": f"{SHOP}:{PERSON}", "sender_id": PERSON, "id": "1", "encoded_event": "CwAB"}
    network.sim.deliver(json.dumps({"data": told | {"payload": payload}}).encode())
    assert last(seen, "side", "text") == ("customer", "🔒")


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"[]",
        b"no json",
        b'{"data": 1}',
        b'{"data": {"payload": {"direct_message_events": [1, {"message_create": 2}]}}}',
        b'{"direct_message_events": "x"}',
        b'{"data": {"payload": {"encoded_event": "!", "conversation_id": 5}}}',
    ],
    ids=["nothing", "a list", "no JSON", "a number", "odd events", "a word for events", "an odd event"],
)
def test_whatever_is_delivered_breaks_nothing(network: Network, seen: Seen, raw: bytes) -> None:
    assert network.sim.deliver(raw) == 200
