"""X: plain and encrypted messages both ways at both desks, and what goes wrong there."""

from __future__ import annotations

import base64
import json
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import requests
from chat_xdk import Chat

from sandbox.simulators.x.simulator import XSimulator
from sandbox.simulators.x.thrift import Head, Signature, event, message, signed
from tests.scenarios.conftest import Bridge, X
from tests.scenarios.test_connect import read, sees
from tests.scenarios.test_road import settled

CONNECT, PERSON = "1111111111111111112", "2222222222222222001"
roads = pytest.mark.parametrize("encrypted", [False, True], ids=["plain", "encrypted"])


@pytest.fixture(autouse=True)
def calm(bridge: Bridge) -> Iterator[None]:
    """Whatever a test does to an account's secret is over after it."""
    yield
    bridge.post("/reset")


def sim(bridge: Bridge) -> XSimulator:
    return bridge.sandbox.playing(XSimulator)


def say(bridge: Bridge, text: str, encrypted: bool = False, **who: str) -> str:
    identifier: str = bridge.post("/x/say", {"text": text, "encrypted": encrypted} | who)["id"]
    return identifier


def do(bridge: Bridge, action: str, **more: Any) -> str:
    identifier: str = bridge.post("/x/do", {"action": action} | more)["id"]
    return identifier


def seen(bridge: Bridge, count: int) -> list[str]:
    """What Genesys' agents read, once that much has come; a file is told by its kind."""
    bridge.until(lambda: len(bridge.taken()) >= count, f"{count} messages at Genesys")
    return [shown(call["body"]) for call in bridge.taken()]


def shown(body: dict[str, Any]) -> str:
    files = [one["attachment"]["mediaType"] for one in body.get("content", ()) if "attachment" in one]
    return " ".join([*([body["text"]] if body.get("text") else []), *files])


def answer(bridge: Bridge, text: str) -> str:
    """An agent answers in the conversation that had something last; the reply's id."""
    body = {"conversation_id": bridge.taken()[-1]["conversation_id"], "text": text}
    identifier: str = bridge.post("/genesys/reply", body)["id"]
    return identifier


def got(bridge: Bridge, count: int) -> list[tuple[str, bool]]:
    """What customers received, and whether their app had to open it, once that much has come."""
    bridge.until(lambda: len(bridge.sent("x")) >= count, f"{count} messages at X")
    return [(call["text"], call["encrypted"]) for call in bridge.sent("x")]


# --- the main road


@roads
def test_texts_and_files_go_both_ways_at_genesys(bridge: Bridge, encrypted: bool) -> None:
    say(bridge, "Is the oolong back? 🍵", encrypted)
    assert seen(bridge, 1) == ["Is the oolong back? 🍵"]
    attributes = bridge.taken()[0]["body"]["channel"]["metadata"]["customAttributes"]
    assert (attributes["source"], attributes["accountId"]) == ("X_DM", X)
    answer(bridge, "Since Monday ☕")
    assert got(bridge, 1) == [("Since Monday ☕", encrypted)]
    do(bridge, "picture", encrypted=encrypted)
    assert seen(bridge, 2)[1] == "Image"
    picture = bridge.get("/")["media"]["genesys"]["image"]
    file = {"contentType": "Attachment", "attachment": {"mediaType": "Image", "url": picture, "mime": "image/png"}}
    conversation = bridge.taken()[0]["conversation_id"]
    bridge.post("/genesys/reply", {"conversation_id": conversation, "content": [file]})
    got(bridge, 2)
    proof = settled(bridge, customers_sent=2, agents_saw=2, agents_sent=2, customers_got=2)
    assert (proof["lost"], proof["doubled"], proof["out_of_order"], proof["parked"]) == (0, 0, 0, 0)
    assert {call["conversation_id"] for call in bridge.taken()} == {conversation}


@roads
def test_texts_and_files_go_both_ways_at_connect(bridge: Bridge, encrypted: bool) -> None:
    say(bridge, "Hello", encrypted, account=CONNECT)
    [contact] = sees(bridge, ["Hello"])
    assert (contact["channel"], contact["account"], contact["customer"]) == ("x", CONNECT, PERSON)
    bridge.post("/connect/reply", {"contact_id": contact["contact_id"], "text": "Hi!"})
    assert got(bridge, 1) == [("Hi!", encrypted)]
    do(bridge, "picture", encrypted=encrypted, account=CONNECT)
    bridge.until(lambda: len(read(bridge)[0]) == 2, "the picture")
    bridge.post("/connect/reply", {"contact_id": contact["contact_id"], "file": "image"})
    got(bridge, 2)
    proof = settled(bridge, customers_sent=2, agents_saw=2, agents_sent=2, customers_got=2)
    assert (proof["lost"], proof["doubled"], proof["out_of_order"], proof["parked"]) == (0, 0, 0, 0)
    assert bridge.taken() == []


def test_a_conversation_that_turns_encrypted_half_way_stays_one(bridge: Bridge) -> None:
    say(bridge, "Plain")
    seen(bridge, 1)
    answer(bridge, "Plain, too")
    got(bridge, 1)
    say(bridge, "Secret", encrypted=True)
    seen(bridge, 2)
    answer(bridge, "Secret, too")
    got(bridge, 2)
    say(bridge, "Plain again")
    assert seen(bridge, 3) == ["Plain", "Secret", "Plain again"]
    answer(bridge, "As you like")
    assert got(bridge, 3) == [("Plain, too", False), ("Secret, too", True), ("As you like", False)]
    assert len({call["conversation_id"] for call in bridge.taken()}) == 1
    proof = settled(bridge, customers_sent=3, agents_saw=3, agents_sent=3, customers_got=3)
    assert (proof["lost"], proof["doubled"], proof["out_of_order"]) == (0, 0, 0)


# --- what customers do


@pytest.mark.parametrize(
    ("act", "expected"),
    [
        ({"action": "picture", "text": "My mug"}, ["My mug", "Image"]),
        ({"action": "gif"}, ["Video"]),
        ({"action": "video"}, ["Video"]),
        ({"action": "text", "text": "See https://shop.example/a?b=1 !"}, ["See https://shop.example/a?b=1 !"]),
        ({"action": "echo", "text": "By hand"}, ["[Sent from the X app, not from here:]\nBy hand"]),
        ({"action": "picture", "encrypted": True, "text": "My mug"}, ["My mug", "Image"]),
        ({"action": "gif", "encrypted": True}, ["Image"]),
        ({"action": "video", "encrypted": True}, ["Video"]),
        ({"action": "voice", "encrypted": True}, ["Audio"]),
        ({"action": "file", "encrypted": True}, ["File"]),
        ({"action": "echo", "encrypted": True, "text": "By hand"}, ["[Sent from the X app, not from here:]\nBy hand"]),
    ],
    ids=lambda value: (
        "-".join([value["action"], *(["encrypted"] if value.get("encrypted") else [])])
        if isinstance(value, dict)
        else ""
    ),
)
def test_what_a_customer_does_is_seen(bridge: Bridge, act: dict[str, Any], expected: list[str]) -> None:
    say(bridge, "Hello", bool(act.get("encrypted")))
    seen(bridge, 1)
    bridge.post("/x/do", act)
    assert seen(bridge, 1 + len(expected))[1:] == expected


def test_what_is_done_to_an_encrypted_message_is_seen(bridge: Bridge) -> None:
    first = say(bridge, "First", encrypted=True)
    seen(bridge, 1)
    acts = (("reaction", "❤️"), ("edit", "Better"), ("text", "That"), ("unsend", ""))
    for number, (action, text) in enumerate(acts, 2):
        do(bridge, action, about=first, text=text)
        seen(bridge, number)
    told = seen(bridge, 5)[1:]
    for line, words in zip(told, (("❤️",), ("Better",), ("That",), ()), strict=True):
        assert line.startswith("[")
        assert all(word in line for word in words)


@roads
def test_in_a_group_who_writes_is_named(bridge: Bridge, encrypted: bool) -> None:
    for member in ("2222222222222222005", "2222222222222222006"):
        do(bridge, "text", text="Hi all", encrypted=encrypted, customer=f"g900/{member}")
    one, other = seen(bridge, 2)
    assert ("2005" in one, "2006" in other) == (True, True)
    assert len({call["conversation_id"] for call in bridge.taken()}) == 1
    answer(bridge, "Hello all")
    assert got(bridge, 1) == [("Hello all", encrypted)]


# --- keys


def test_a_key_that_no_delivery_brings_is_found(bridge: Bridge) -> None:
    bridge.post("/x/settings", {"key_changes": False})
    say(bridge, "Which key?", encrypted=True)
    assert seen(bridge, 1) == ["Which key?"]
    answer(bridge, "This one")
    assert got(bridge, 1) == [("This one", True)]


def test_whoever_changes_their_keys_is_read_and_answered(bridge: Bridge) -> None:
    say(bridge, "Before", encrypted=True)
    seen(bridge, 1)
    for action in ("rotate", "rekey"):
        do(bridge, action)
        say(bridge, f"After {action}", encrypted=True)
    assert seen(bridge, 3) == ["Before", "After rotate", "After rekey"]
    answer(bridge, "Still here")
    assert got(bridge, 1) == [("Still here", True)]


def test_a_key_that_has_changed_before_the_answer_does_not_stop_it(bridge: Bridge) -> None:
    say(bridge, "Before", encrypted=True)
    seen(bridge, 1)
    do(bridge, "rotate")
    answer(bridge, "Under which key?")
    bridge.pass_time(5.0, lambda: bridge.sent("x"), "the answer, under the new key")
    assert got(bridge, 1) == [("Under which key?", True)]
    assert len(bridge.get("/proof")) > 0


def secret_of(bridge: Bridge, account: str = X) -> tuple[str, dict[str, Any]]:
    name = next(one["secret"] for one in bridge.sandbox.accounts if one["id"] == account)
    held = bridge.sandbox.aws.client("secretsmanager").get_secret_value(SecretId=name)["SecretString"]
    return name, json.loads(held)


def test_an_account_without_keys_tells_each_customer_of_once(bridge: Bridge) -> None:
    name, secret = secret_of(bridge)
    bridge.sandbox.aws.put_secrets({name: {key: value for key, value in secret.items() if key != "x_keys"}})
    bridge.shift(301)  # by when every container has read the secret anew
    for text in ("One", "Two"):
        say(bridge, text, encrypted=True)
    say(bridge, "Three", encrypted=True, customer="2222222222222222002")
    bridge.quiet()
    lines = seen(bridge, 2)
    assert len(lines) == 2
    assert all(line.startswith("[") and "X" in line for line in lines)
    assert bridge.metric("sealed_no_keys") == 2
    say(bridge, "In plain words")
    assert seen(bridge, 3)[2] == "In plain words"


class Elsewhere:
    """Two people whose keys the sandbox does not know: the brand's are imported, the customer's never seen."""

    def __init__(self) -> None:
        self.brand, self.customer = Chat(), Chat()
        self.rows = {X: self._row(self.brand, X), PERSON: self._row(self.customer, PERSON)}
        members = [
            {"user_id": user, "public_key": row["public_key"], "key_version": row["public_key_version"]}
            for user, row in self.rows.items()
        ]
        self.conversation = f"{X}:{PERSON}"
        self._change = self.customer.prepare_conversation_key_change(members, conversation_id=self.conversation)
        self._at = int(datetime.now(UTC).timestamp() * 1000)

    @staticmethod
    def _row(chat: Chat, user: str) -> dict[str, str]:
        made = chat.generate_keypairs()
        chat.set_identity(user, made.version or "")
        public = made.public_key
        return {
            "public_key_version": made.version or "",
            "public_key": public.public_key,
            "signing_public_key": public.signing_public_key,
            "identity_public_key_signature": public.identity_public_key_signature,
        }

    @property
    def imported(self) -> dict[str, str]:
        """As `dmdesk x-keys import` leaves it in the account's secret."""
        identity = base64.b64encode(bytes(self.brand.export_keys() or b"")).decode()
        return {"user_id": X, "version": self.rows[X]["public_key_version"], "identity": identity}

    def _event(self, number: int, identifier: str, detail: bytes, signature: Signature) -> str:
        sequence_id = str(((self._at + number - 1_288_834_974_657) << 22) + number)
        head = Head(sequence_id, identifier, PERSON, self.conversation, str(self._at + number))
        return event(head, "", detail, signed(signature), "")

    @property
    def change(self) -> str:
        action = self._change["action_signatures"][0]
        detail = base64.b64decode(action["encoded_message_event_detail"])
        signature = Signature(action["signature"], action["public_key_version"], action["signature_version"])
        return self._event(0, action["message_id"], detail, signature)

    def delivery(self, text: str) -> bytes:
        """A message as X delivers it, without the event of its key."""
        made = self.customer.encrypt_message(
            self.conversation, text, conversation_key=self._change["conversation_key"],
            conversation_key_version=self._change["conversation_key_version"],
        )  # fmt: skip
        signature = Signature(made.signature, self.rows[PERSON]["public_key_version"])
        encoded = self._event(1, made.message_id, message(base64.b64decode(made.encrypted_content)), signature)
        payload = {
            "id": made.message_id, "created_at_msec": str(self._at + 1), "sender_id": PERSON,
            "conversation_id": self.conversation, "encoded_event": encoded,
            "conversation_key_version": self._change["conversation_key_version"],
        }  # fmt: skip
        told = {"event_uuid": str(uuid.uuid4()), "event_type": "chat.received", "filter": {"user_id": X}}
        return json.dumps({"data": told | {"payload": payload}}).encode()

    def opened(self, body: dict[str, Any]) -> str:
        """What the bridge sent, as the customer's app reads it."""
        content = base64.b64decode(body["encoded_message_create_event"])
        signature = base64.b64decode(body["encoded_message_event_signature"])
        head = Head("9", body["message_id"], X, self.conversation, str(self._at))
        keys = {self._change["conversation_key_version"]: self._change["conversation_key"]}
        row = self.rows[X]
        signing = {
            "user_id": X, "public_key_version": row["public_key_version"], "public_key": row["signing_public_key"],
            "identity_public_key": row["public_key"],
            "identity_public_key_signature": row["identity_public_key_signature"],
        }  # fmt: skip
        read = self.customer.decrypt_event(event(head, "", message(content), signature, ""), keys, [signing])
        assert read["verified"]
        return str(read["content"]["text"])


def test_what_was_encrypted_elsewhere_is_read_with_imported_keys(bridge: Bridge) -> None:
    elsewhere = Elsewhere()
    name, secret = secret_of(bridge)
    bridge.sandbox.aws.put_secrets({name: secret | {"x_keys": elsewhere.imported}})
    keys = {user: {"data": [row]} for user, row in elsewhere.rows.items()}
    page = {"data": [], "meta": {"result_count": 0, "conversation_key_events": [elsewhere.change]}}
    bridge.post("/x/chat", {"public_keys": keys, "events": page})
    assert bridge.deliver("x", elsewhere.delivery("From elsewhere")) == 200
    assert seen(bridge, 1) == ["From elsewhere"]
    answer(bridge, "Answered here")
    got(bridge, 1)
    assert elsewhere.opened(bridge.sent("x")[0]["body"]) == "Answered here"


# --- what goes wrong


@roads
def test_an_answer_that_nobody_confirms_arrives_once(hasty: None, bridge: Bridge, encrypted: bool) -> None:
    say(bridge, "Hello", encrypted)
    seen(bridge, 1)
    bridge.post("/faults", {"target": "x", "kind": "timeout_after_accept", "path": "/messages", "count": 1})
    answer(bridge, "Once")
    bridge.pass_time(2.0, lambda: bridge.taken("receipt"), "the receipt")
    assert bridge.taken("receipt")[0]["body"]["status"] == "Delivered"
    assert [call["text"] for call in bridge.sent("x")] == ["Once"]
    assert settled(bridge, customers_got=1)["doubled"] == 0


@roads
def test_an_answer_that_nobody_confirms_nor_echoes_is_found_in_xs_history(
    hasty: None, bridge: Bridge, encrypted: bool
) -> None:
    say(bridge, "Hello", encrypted)
    seen(bridge, 1)
    bridge.post("/x/settings", {"echo": "none"})
    bridge.post("/faults", {"target": "x", "kind": "timeout_after_accept", "path": "/messages", "count": 1})
    answer(bridge, "Found")
    bridge.pass_time(2.0, lambda: bridge.taken("receipt"), "the receipt")
    assert bridge.taken("receipt")[0]["body"]["status"] == "Delivered"
    bridge.quiet()
    assert [call["text"] for call in bridge.sent("x")] == ["Found"]


@roads
def test_the_same_delivery_again_and_again_is_shown_once(bridge: Bridge, encrypted: bool) -> None:
    network = sim(bridge).network
    say(bridge, "Once", encrypted)
    raw = network.hooks.log[-1].raw
    for offset_s in (0, 0, 600):
        bridge.shift(offset_s)
        assert bridge.deliver("x", raw) == 200
    # what nobody signs may differ between two copies of an encrypted message
    other = json.loads(raw)
    other["data"]["event_uuid"] = str(uuid.uuid4())
    assert bridge.deliver("x", json.dumps(other).encode()) == 200
    assert seen(bridge, 1) == ["Once"]
    bridge.quiet()
    assert len(bridge.taken()) == 1


def test_the_key_of_another_conversation_opens_nothing_and_the_right_one_is_found(bridge: Bridge) -> None:
    log = sim(bridge).network.hooks.log
    say(bridge, "From another", encrypted=True, customer="2222222222222222002")
    seen(bridge, 1)
    foreign = json.loads(log[-1].raw)["data"]["payload"]["conversation_key_change_event"]
    bridge.post("/x/settings", {"webhooks": "lost"})
    say(bridge, "Mine", encrypted=True)
    bridge.post("/x/settings", {"webhooks": "delivered"})
    mixed = json.loads(log[-1].raw)
    mixed["data"]["payload"]["conversation_key_change_event"] = foreign
    assert bridge.deliver("x", json.dumps(mixed).encode()) == 200
    assert seen(bridge, 2)[1] == "Mine"
    answer(bridge, "Yours")
    assert got(bridge, 1) == [("Yours", True)]


@roads
def test_a_limit_is_waited_for_and_the_order_kept(bridge: Bridge, encrypted: bool) -> None:
    say(bridge, "Hello", encrypted)
    seen(bridge, 1)
    bridge.post("/x/settings", {"limits": {"dm_send": 1, "chat_send": 2}})
    texts = [f"Answer {number}" for number in range(3)]
    for text in texts:
        answer(bridge, text)
    bridge.pass_time(300.0, lambda: len(bridge.sent("x")) == 3, "three answers in three windows")
    assert [text for text, _ in got(bridge, 3)] == texts
    proof = settled(bridge, customers_got=3)
    assert (proof["doubled"], proof["out_of_order"]) == (0, 0)


def test_a_token_is_renewed_before_its_two_hours_are_over(bridge: Bridge) -> None:
    say(bridge, "Hello")
    seen(bridge, 1)
    before = secret_of(bridge)[1]
    bridge.shift(7000)
    bridge.until(lambda: secret_of(bridge)[1]["access_token"] != before["access_token"], "another token")
    after = secret_of(bridge)[1]
    assert after["refresh_token"] != before["refresh_token"]
    assert after["x_keys"] == before["x_keys"]
    bridge.shift(7300)
    answer(bridge, "With the new one")
    assert got(bridge, 1) == [("With the new one", False)]


def test_a_withdrawn_permission_stops_the_account(bridge: Bridge) -> None:
    do(bridge, "revoke")
    bridge.until(lambda: bridge.metric("account_stopped"), "the alarm's metric")
    assert bridge.taken() == []


def test_who_closed_their_door_is_told_to_the_agent(bridge: Bridge) -> None:
    say(bridge, "Hello")
    seen(bridge, 1)
    do(bridge, "block")
    answer(bridge, "Are you there?")
    bridge.until(lambda: bridge.taken("receipt"), "the receipt")
    assert bridge.taken("receipt")[0]["body"]["status"] == "Failed"
    assert seen(bridge, 2)[1].startswith("[Your reply was not delivered. ")
    assert bridge.sent("x") == []


def test_what_was_lost_comes_back_by_a_replay(bridge: Bridge) -> None:
    bridge.post("/x/settings", {"webhooks": "lost"})
    say(bridge, "Lost")
    say(bridge, "And found", encrypted=True)
    bridge.post("/x/settings", {"webhooks": "delivered"})
    say(bridge, "Not lost")
    seen(bridge, 1)
    now, app = datetime.now(UTC), {"Authorization": "Bearer sandbox-x-bearer-token"}
    hook = requests.get(f"{sim(bridge).url}/2/webhooks", headers=app, timeout=30).json()["data"][0]["id"]
    dates = [(now + timedelta(minutes=minutes)).strftime("%Y%m%d%H%M") for minutes in (-5, 5)]
    body = {"webhook_id": hook, "from_date": dates[0], "to_date": dates[1]}
    assert requests.post(f"{sim(bridge).url}/2/webhooks/replay", json=body, headers=app, timeout=30).ok
    assert sorted(seen(bridge, 3)) == ["And found", "Lost", "Not lost"]
    bridge.until(lambda: bridge.metric("ignored:reason=x_replay_complete"), "the end of the replay")
    assert settled(bridge, agents_saw=3)["doubled"] == 0


def test_the_bridge_proves_itself_whenever_x_asks(bridge: Bridge) -> None:
    bridge.shift(26 * 3600)
    say(bridge, "A day later")
    assert seen(bridge, 1) == ["A day later"]
    app = {"Authorization": "Bearer sandbox-x-bearer-token"}
    [hook] = requests.get(f"{sim(bridge).url}/2/webhooks", headers=app, timeout=30).json()["data"]
    assert hook["valid"] is True
