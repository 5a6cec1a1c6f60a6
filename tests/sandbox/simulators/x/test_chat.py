"""X Chat: what customers say is really encrypted, and what the brand says is really opened."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from sandbox.stage.files import pdf, png
from tests.sandbox.simulators.x.conftest import PERSON, SHOP, Brand, Hook, Network


def test_a_message_is_opened_by_nothing_but_the_accounts_keys(network: Network, hook: Hook, brand: Brand) -> None:
    message = network.sim.whisper(SHOP, PERSON, "A secret")
    payload = hook.payload()
    assert "A secret" not in hook.calls[0].body.decode()
    event = brand.opened(payload)
    assert (event["content"]["text"], event["verified"]) == ("A secret", True)
    assert (event["id"], payload["conversation_id"], payload["sender_id"]) == (message, f"{SHOP}:{PERSON}", PERSON)


@pytest.mark.parametrize(
    ("action", "text", "kind"),
    [("edit", "Better", "Edit"), ("reaction", "❤️", "Reaction"), ("reaction", "", "ReactionRemoved")],
)
def test_what_is_done_to_a_message_names_it_by_its_sequence_id(
    network: Network, hook: Hook, brand: Brand, action: str, text: str, kind: str
) -> None:
    first = network.sim.whisper(SHOP, PERSON, "First")
    told = brand.opened(hook.payload())
    network.do(action, about=first, text=text)
    content = brand.opened(hook.payload(2))["content"]
    assert (content["content_type"], content["target_message_id"]) == (kind, told["sequence_id"])


def test_a_reply_a_taking_back_and_a_read_are_signed(network: Network, hook: Hook, brand: Brand) -> None:
    first = network.sim.whisper(SHOP, PERSON, "First")
    told = brand.opened(hook.payload())
    network.do("text", about=first, text="That one")
    assert brand.opened(hook.payload(2))["reply_preview_validation"] == "Valid"
    network.do("unsend", about=first)
    deleted = brand.opened(hook.payload(3))
    assert (deleted["message_ids"], deleted["verified"]) == ([told["sequence_id"]], True)
    sequence_id = sent(network, brand, brand.encrypted("Hello"))["sequence_id"]
    hook.told(4)
    network.do("read", encrypted=True)
    read = brand.opened(hook.payload(5))
    assert (read["type"], read["verified"], read["seen_until_id"]) == ("ReadReceipt", True, sequence_id)
    network.do("typing", encrypted=True)
    assert brand.opened(hook.payload(6))["type"] == "Typing"


@pytest.mark.parametrize(("action", "content"), [("picture", png()), ("file", pdf())], ids=["picture", "file"])
def test_a_file_is_encrypted_with_the_conversations_key(
    network: Network, hook: Hook, brand: Brand, action: str, content: bytes
) -> None:
    network.do(action, encrypted=True)
    event = brand.opened(hook.payload())
    [attachment] = event["attachments"]
    answer = network.ask("GET", f"/2/chat/media/{SHOP}-{PERSON}/{attachment['media_hash_key']}")
    assert content not in answer.content
    assert brand.chat.decrypt_stream(answer.content, brand.keys[event["key_version"]]) == content
    assert network.ask("GET", f"/2/chat/media/{SHOP}-{PERSON}/nothing").status_code == 404


def sent(network: Network, brand: Brand, body: dict[str, str]) -> dict[str, Any]:
    """What X answered, opened."""
    answer = brand.send(body)
    assert answer.status_code == 201, answer.text
    return brand.read(answer.json()["data"]["encoded_message_event"], SHOP)


def test_the_customers_app_opens_what_the_brand_sends(network: Network, hook: Hook, brand: Brand) -> None:
    network.sim.whisper(SHOP, PERSON, "Hi")
    brand.opened(hook.payload())
    body = brand.encrypted("A secret answer")
    event = sent(network, brand, body)
    assert event["id"] == body["message_id"]
    [record] = network.sim.sent()
    assert (record["text"], record["encrypted"], record["message_id"]) == ("A secret answer", True, body["message_id"])
    echo = hook.told(2)[1]["data"]
    assert (echo["event_type"], echo["payload"]["id"]) == ("chat.sent", body["message_id"])


def test_the_same_bytes_again_are_the_same_message(network: Network, hook: Hook, brand: Brand) -> None:
    network.sim.whisper(SHOP, PERSON, "Hi")
    brand.opened(hook.payload())
    body = brand.encrypted("Once")
    assert sent(network, brand, body) == sent(network, brand, body)
    assert [record["message_id"] for record in network.sim.sent()] == [body["message_id"], None]
    network.sim.network.repeats = "conflict"
    assert brand.send(body).status_code == 409
    events = network.ask("GET", f"/2/chat/conversations/{PERSON}/events?max_results=100").json()["data"]
    assert len(events) == 2


def test_what_x_does_not_take_comes_back_as_a_failure(network: Network, hook: Hook, brand: Brand) -> None:
    network.sim.whisper(SHOP, PERSON, "Hi")
    brand.opened(hook.payload())
    forged = brand.encrypted("Mine") | {"message_id": "00000000-0000-4000-8000-000000000000"}
    assert sent(network, brand, forged)["failure"] == "InvalidSenderSignature"
    old = brand.encrypted("Late")
    network.do("rotate")
    assert sent(network, brand, old)["failure"] == "NonLatestKeyVersion"
    assert sent(network, brand, brand.encrypted("x") | {"message_id": old["message_id"]})["type"] == "Failure"
    network.sim.whisper(SHOP, PERSON, "With the new key")
    brand.opened(hook.payload(2))
    network.sim.network.chats.fails = "FlaggedAsSpam"
    body = brand.encrypted("Spam?")
    assert sent(network, brand, body)["failure"] == "FlaggedAsSpam"
    assert sent(network, brand, body)["type"] == "Message"
    assert [record["code"] for record in network.sim.sent()][-2:] == ["FlaggedAsSpam", None]


def test_a_key_that_no_delivery_brings_is_among_the_conversations_events(
    network: Network, hook: Hook, brand: Brand
) -> None:
    network.sim.network.attach_keys = False
    network.sim.whisper(SHOP, PERSON, "Which key?")
    payload = hook.payload()
    assert "conversation_key_change_event" not in payload
    page = network.ask("GET", f"/2/chat/conversations/{SHOP}-{PERSON}/events").json()
    for change in page["meta"]["conversation_key_events"]:
        brand.learn(change)
    assert brand.opened(payload)["content"]["text"] == "Which key?"
    assert [one["encoded_event"] for one in page["data"]] == [payload["encoded_event"]]
    assert network.ask("GET", f"/2/chat/conversations/{PERSON}/events?chat_message_event.fields=x").status_code == 400
    assert network.ask("GET", f"/2/chat/conversations/{SHOP}:{PERSON}/events").status_code == 404


def test_who_sets_x_chat_up_anew_signs_with_other_keys(network: Network, hook: Hook, brand: Brand) -> None:
    network.sim.whisper(SHOP, PERSON, "Before")
    brand.opened(hook.payload())
    before = brand.rows(PERSON)
    network.do("rekey")
    network.sim.whisper(SHOP, PERSON, "After")
    payload = hook.payload(2)
    with pytest.raises(ValueError, match="no matching signing key"):
        brand.chat.decrypt_event(payload["encoded_event"], brand.keys, before)
    assert brand.opened(payload)["content"]["text"] == "After"


def test_a_strangers_request_is_told_to_nobody(network: Network, hook: Hook, brand: Brand) -> None:
    network.do("request", text="Do you know me?")
    listed = network.ask("GET", "/2/chat/conversations").json()
    assert (listed["data"], listed["meta"]["has_message_requests"], hook.calls) == ([], True, [])
    page = network.ask("GET", f"/2/chat/conversations/{PERSON}/events").json()
    brand.learn(page["meta"]["conversation_key_events"][0])
    assert brand.read(page["data"][0]["encoded_event"])["content"]["text"] == "Do you know me?"
    sent(network, brand, brand.encrypted("Now I do"))
    listed = network.ask("GET", "/2/chat/conversations").json()
    assert ([one["id"] for one in listed["data"]], listed["meta"]["has_message_requests"]) == (
        [f"{SHOP}-{PERSON}"], False,
    )  # fmt: skip


def test_the_brand_uploads_for_members_alone(network: Network, hook: Hook, brand: Brand) -> None:
    network.sim.whisper(SHOP, PERSON, "Hi")
    brand.opened(hook.payload())
    [(version, key)] = brand.keys.items()
    ciphertext = brand.chat.encrypt_stream(png(), key)
    conversation = f"{SHOP}-{PERSON}"
    start = {"conversation_id": conversation, "total_bytes": len(ciphertext)}
    begun = network.ask("POST", "/2/chat/media/upload/initialize", start).json()["data"]
    path, name = f"/2/chat/media/upload/{begun['session_id']}", begun["media_hash_key"]
    part = {"conversation_id": conversation, "media_hash_key": name, "segment_index": 0}
    assert network.ask("POST", f"{path}/append", part | {"media": base64.b64encode(ciphertext).decode()}).ok
    end = {"conversation_id": conversation, "media_hash_key": name}
    assert network.ask("POST", f"{path}/finalize", end | {"num_parts": "2"}).status_code == 400
    assert network.ask("POST", f"{path}/finalize", end | {"num_parts": "1"}).json() == {"data": {"success": True}}
    assert network.sim.file(f"{SHOP}:{PERSON}|{name}|{version}") == ("image/png", png())


def test_a_group_gets_another_key_when_somebody_joins(network: Network, hook: Hook, brand: Brand) -> None:
    one, other = "2222222222222222005", "2222222222222222006"
    network.do("text", f"g900/{one}", text="Hi all", encrypted=True)
    network.do("text", f"g900/{other}", text="Hi, too", encrypted=True)
    first, second = hook.payload(1), hook.payload(2)
    assert (first["conversation_id"], first["sender_id"], second["sender_id"]) == ("g900", one, other)
    assert first["conversation_key_version"] != second["conversation_key_version"]
    brand.learn(second["conversation_key_change_event"], other)
    assert brand.read(second["encoded_event"], other)["content"]["text"] == "Hi, too"


def test_keys_are_registered_if_they_belong_together(network: Network, brand: Brand) -> None:
    made = brand.chat.generate_keypairs()
    names = (
        "public_key", "signing_public_key", "identity_public_key_signature", "signing_public_key_signature",
        "public_key_fingerprint", "registration_method",
    )  # fmt: skip
    body: dict[str, Any] = {
        "version": str(int(made.version or 0) + 1000), "generate_version": True,
        "public_key": {name: getattr(made.public_key, name) for name in names},
    }  # fmt: skip
    path = f"/2/users/{SHOP}/public_keys"
    odd = body | {"public_key": body["public_key"] | {"signing_public_key": brand.rows(SHOP)[0]["public_key"]}}
    assert network.ask("POST", path, odd).status_code == 400
    assert network.ask("POST", path, body).json()["data"]["public_key_version"] == body["version"]
    assert network.ask("POST", path, body).status_code == 409
    assert network.ask("POST", f"/2/users/{PERSON}/public_keys", body).status_code == 403
    assert [row["public_key_version"] for row in brand.rows(SHOP)][-1] == body["version"]
