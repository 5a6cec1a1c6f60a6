"""Accounts at Amazon Connect: both channels both ways, and what goes wrong there."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

import pytest
import requests

from sandbox.simulators.connect.simulator import ConnectSimulator
from sandbox.stage.aws import TABLE
from tests.scenarios.conftest import INSTAGRAM, Bridge
from tests.scenarios.test_road import do, events, settled

ACCOUNTS = {"instagram": "17841400000000003", "tiktok": "-000Ab1Cd2Ef3Gh4Ij5Kl6Mn7Op8Qr9Co2"}
CUSTOMERS = {"instagram": "1000000000000001", "tiktok": "+SandboxCustomer000000000000000000000000000001"}
CALLS = ("/contact/chat", "/contact/start-streaming", "/participant/connection", "/participant/message")
QUICK = {
    "templateType": "QuickReply",
    "version": "1.0",
    "data": {"content": {"title": "Which one?", "elements": [{"title": "Green"}, {"title": "Black"}]}},
}
each_channel = pytest.mark.parametrize("channel", ACCOUNTS)


def say(bridge: Bridge, text: str, channel: str = "instagram", **who: str) -> None:
    bridge.post(f"/{channel}/say", {"text": text, "account": ACCOUNTS[channel]} | who)


def contacts(bridge: Bridge, **wanted: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = bridge.get("/connect/contacts")
    return [one for one in found if wanted.items() <= one.items()]


def read(bridge: Bridge, **wanted: str) -> list[list[str]]:
    """What the agents read of customers, contact by contact; a file is told by its name."""
    return [
        [
            one["content"] or one["attachment"]["AttachmentName"]
            for one in contact["messages"]
            if one["role"] == "CUSTOMER"
        ]
        for contact in contacts(bridge, **wanted)
    ]


def sees(bridge: Bridge, *texts: list[str], **wanted: str) -> list[dict[str, Any]]:
    """The contacts, once the agents read exactly this in them."""
    bridge.until(lambda: read(bridge, **wanted) == list(texts), f"what agents read: {texts}")
    return contacts(bridge, **wanted)


def got(bridge: Bridge, channel: str = "instagram") -> list[str]:
    """The texts that customers received, in the order in which the platform took them."""
    return [
        text
        for call in bridge.sent(channel)
        for text in [call["body"].get("message", call["body"]).get("text", "")]
        if isinstance(text, str | dict) and text
        for text in [text if isinstance(text, str) else text["body"]]
    ]


def answered(bridge: Bridge, contact: str, text: str, **more: Any) -> str:
    identifier: str = bridge.post("/connect/reply", {"contact_id": contact, "text": text} | more)["id"]
    return identifier


@each_channel
def test_texts_files_and_taps_go_both_ways(bridge: Bridge, channel: str) -> None:
    account = ACCOUNTS[channel]
    say(bridge, "Is the oolong back?", channel)
    [contact] = sees(bridge, ["Is the oolong back?"])
    assert (contact["channel"], contact["account"], contact["customer"]) == (channel, account, CUSTOMERS[channel])
    assert contact["attributes"]["source"].endswith("_DM")
    answered(bridge, contact["contact_id"], "Since Monday.")
    bridge.until(lambda: got(bridge, channel) == ["Since Monday."], "the answer")
    do(bridge, channel, action="picture", account=account)
    bridge.until(lambda: len(read(bridge)[0]) == 2, "the picture at Connect")
    [file] = [one["attachment"] for one in contacts(bridge)[0]["messages"] if one["type"] == "ATTACHMENT"]
    assert (file["ContentType"].partition("/")[0], file["Status"]) == ("image", "APPROVED")
    before = len(bridge.sent(channel))
    bridge.post("/connect/reply", {"contact_id": contact["contact_id"], "file": "image"})
    bridge.until(lambda: len(bridge.sent(channel)) > before, "the agent's picture")
    bridge.post("/connect/reply", {"contact_id": contact["contact_id"], "interactive": QUICK})
    bridge.until(lambda: "Green" in json.dumps([one["body"] for one in bridge.sent(channel)]), "the offer")
    offer = next(one for one in bridge.sent(channel) if "Green" in json.dumps(one["body"]))
    tapped = {"message_id": offer["message_id"], "choice": "Green", "account": account}
    bridge.post(f"/{channel}/tap", tapped)
    bridge.until(lambda: read(bridge)[0][-1] == "Green", "the tap")
    proof = settled(bridge, customers_sent=3, agents_saw=3, agents_sent=3, customers_got=3)
    assert (proof["lost"], proof["doubled"], proof["out_of_order"], proof["parked"]) == (0, 0, 0, 0)
    assert len(contacts(bridge)) == 1
    assert bridge.taken() == []


@each_channel
def test_what_a_customer_has_read_is_marked_in_the_chat(bridge: Bridge, channel: str) -> None:
    say(bridge, "Is the oolong back?", channel)
    [contact] = sees(bridge, ["Is the oolong back?"])
    answer = answered(bridge, contact["contact_id"], "Since Monday.")
    bridge.until(lambda: got(bridge, channel) == ["Since Monday."], "the answer")
    do(bridge, channel, action="read", account=ACCOUNTS[channel], about=bridge.sent(channel)[-1]["message_id"])

    def receipts() -> list[str]:
        calls = bridge.get("/connect/calls")
        return [one["text"] for one in calls if one["operation"] == "SendEvent" and one["status"] == 200]

    bridge.until(lambda: len(receipts()) == 2, "that it was delivered, and read")
    assert [json.loads(one)["messageId"] for one in receipts()] == [answer, answer]
    assert read(bridge) == [["Is the oolong back?"]]


def test_each_account_says_at_which_desk_it_sits(bridge: Bridge) -> None:
    told = Counter((one["channel"], one["desk"]) for one in bridge.get("/")["accounts"])
    assert told == {
        ("instagram", "genesys"): 2, ("instagram", "connect"): 1, ("tiktok", "genesys"): 1, ("tiktok", "connect"): 1,
        ("x", "genesys"): 1, ("x", "connect"): 1,
    }  # fmt: skip


@pytest.mark.parametrize("path", CALLS)
@pytest.mark.parametrize(
    "fault",
    [
        {"kind": "status", "status": 429},
        {"kind": "status", "status": 500},
        {"kind": "reset"},
        {"kind": "timeout_after_accept"},
    ],
    ids=lambda fault: str(fault.get("status", fault["kind"])),
)
def test_a_first_message_arrives_once_whatever_one_call_suffers(
    hasty: None, bridge: Bridge, path: str, fault: dict[str, Any]
) -> None:
    bridge.post("/faults", {"target": "connect", "path": path, "count": 1} | fault)
    say(bridge, "Hello")
    bridge.pass_time(2.0, lambda: read(bridge) == [["Hello"]], "the message at Connect")
    say(bridge, "Still there?")
    bridge.pass_time(2.0, lambda: read(bridge) == [["Hello", "Still there?"]], "the next one")
    proof = settled(bridge, agents_saw=2)
    assert (proof["lost"], proof["doubled"], proof["out_of_order"]) == (0, 0, 0)
    assert [one["fired"] for one in bridge.get("/faults")] == [1]


@pytest.mark.parametrize(
    "path", ["/participant/start-attachment-upload", "/staging/", "/participant/complete-attachment-upload"]
)
@pytest.mark.parametrize("kind", ["status", "reset", "timeout_after_accept"])
def test_a_file_arrives_once_whatever_its_upload_suffers(hasty: None, bridge: Bridge, path: str, kind: str) -> None:
    say(bridge, "Look:")
    sees(bridge, ["Look:"])
    bridge.post("/faults", {"target": "connect", "path": path, "count": 1, "kind": kind, "status": 503})
    do(bridge, "instagram", action="picture", account=ACCOUNTS["instagram"])
    bridge.pass_time(2.0, lambda: len(read(bridge)[0]) >= 2, "the picture")
    settled(bridge, agents_saw=2)
    assert [one["type"] for one in contacts(bridge)[0]["messages"]] == ["MESSAGE", "ATTACHMENT"]


def test_many_begin_at_once_and_wait_their_turn(bridge: Bridge) -> None:
    customers = [f"10000000000009{number:02d}" for number in range(12)]
    for customer in customers:
        for text in ("One", "Two"):
            say(bridge, text, customer=customer)
    bridge.until(lambda: sorted(read(bridge)) == [["One", "Two"]] * 12, "twelve contacts")
    assert sorted(one["customer"] for one in contacts(bridge)) == customers
    proof = settled(bridge, agents_saw=24)
    assert (proof["lost"], proof["doubled"], proof["out_of_order"]) == (0, 0, 0)


def test_the_quota_of_active_chats_is_waited_for(bridge: Bridge) -> None:
    say(bridge, "First")
    [first] = sees(bridge, ["First"])
    bridge.post("/connect/settings", {"active_chats": 1})
    say(bridge, "Second", customer="1000000000000902")
    bridge.until(
        lambda: any(call["code"] == "LimitExceededException" for call in bridge.get("/connect/calls")), "the quota"
    )
    bridge.post("/connect/end", {"contact_id": first["contact_id"]})
    bridge.pass_time(30.0, lambda: read(bridge, state="queued") == [["Second"]], "the second contact")
    assert settled(bridge, agents_saw=2)["lost"] == 0


def test_the_stream_may_repeat_and_disorder_what_it_tells(bridge: Bridge) -> None:
    say(bridge, "Hello")
    [contact] = sees(bridge, ["Hello"])
    bridge.post("/connect/settings", {"duplicates": True, "reorders": True})
    texts = [f"Answer {number}" for number in range(5)]
    for text in texts:
        answered(bridge, contact["contact_id"], text)
    bridge.until(lambda: sorted(got(bridge)) == texts, "every answer")
    proof = settled(bridge, customers_got=5)
    assert (proof["lost"], proof["doubled"]) == (0, 0)
    assert sorted(got(bridge)) == texts


def test_a_record_that_comes_again_is_sent_once(bridge: Bridge) -> None:
    say(bridge, "Hello")
    [contact] = sees(bridge, ["Hello"])
    reply = answered(bridge, contact["contact_id"], "Hi!")
    bridge.until(lambda: got(bridge) == ["Hi!"], "the answer")
    for _ in range(3):
        bridge.post("/connect/redeliver", {"id": reply})
    answered(bridge, contact["contact_id"], "More")
    bridge.until(lambda: len(got(bridge)) > 1, "the next answer")
    bridge.quiet()
    assert got(bridge) == ["Hi!", "More"]


@each_channel
def test_a_connection_that_has_expired_is_renewed_in_the_same_contact(bridge: Bridge, channel: str) -> None:
    say(bridge, "Hello", channel)
    sees(bridge, ["Hello"])
    bridge.shift(25 * 3600)
    say(bridge, "It is tomorrow", channel)
    sees(bridge, ["Hello", "It is tomorrow"])


@pytest.mark.parametrize("told", [True, False], ids=["told", "never told"])
def test_after_the_end_the_next_message_opens_one_other_contact(bridge: Bridge, told: bool) -> None:
    say(bridge, "One")
    [first] = sees(bridge, ["One"])
    if not told:
        bridge.sandbox.playing(ConnectSimulator).hall.chats.every[first["initial_contact_id"]].streams.clear()
    bridge.post("/connect/end", {"contact_id": first["contact_id"]})
    if told:
        bridge.until(lambda: bridge.metric("desk_ended") == 1, "the end")
    for text in ("Two", "Three"):
        say(bridge, text)
    sees(bridge, ["One"], ["Two", "Three"])
    second = contacts(bridge, state="queued")[0]
    answered(bridge, second["contact_id"], "Here again.")
    bridge.until(lambda: got(bridge) == ["Here again."], "the answer")
    proof = settled(bridge, agents_saw=3)
    assert (proof["lost"], proof["doubled"]) == (0, 0)


def test_last_words_that_come_after_the_end_reach_the_customer(bridge: Bridge) -> None:
    say(bridge, "Hello")
    [contact] = sees(bridge, ["Hello"])
    bridge.post("/connect/end", {"contact_id": contact["contact_id"], "late": "Good bye!"})
    bridge.until(lambda: got(bridge) == ["Good bye!"], "the last words")
    say(bridge, "Hello again")
    sees(bridge, ["Hello"], ["Hello again"])


def test_a_transfer_and_an_agent_who_leaves_tear_nothing(bridge: Bridge) -> None:
    say(bridge, "Hello")
    [contact] = sees(bridge, ["Hello"])
    answered(bridge, contact["contact_id"], "One moment")
    bridge.until(lambda: got(bridge) == ["One moment"], "the first answer")  # the topic promises no order
    moved = bridge.post("/connect/transfer", {"contact_id": contact["contact_id"]})["contact_id"]
    answered(bridge, moved, "Now me")
    bridge.until(lambda: len(got(bridge)) == 2, "the second one's")
    bridge.post("/connect/leave", {"contact_id": moved})
    say(bridge, "Anybody?")
    sees(bridge, ["Hello", "Anybody?"])
    answered(bridge, moved, "The third of us")
    bridge.until(lambda: got(bridge) == ["One moment", "Now me", "The third of us"], "all answers")
    [same] = contacts(bridge)
    assert (same["initial_contact_id"], same["contact_id"]) == (contact["contact_id"], moved)
    assert bridge.metric("desk_ended") == 0


def test_what_agents_whisper_and_flows_say_stays_at_the_desk(bridge: Bridge) -> None:
    say(bridge, "Hello")
    [contact] = sees(bridge, ["Hello"])
    answered(bridge, contact["contact_id"], "Psst", visibility="AGENT")
    answered(bridge, contact["contact_id"], "The agent has disconnected.", by="flow")
    answered(bridge, contact["contact_id"], "I am a bot.", by="bot")
    bridge.until(lambda: got(bridge) == ["I am a bot."], "the bot's answer")
    bridge.quiet()
    assert got(bridge) == ["I am a bot."]


def test_what_customers_do_themselves_wakes_no_function(bridge: Bridge) -> None:
    say(bridge, "One")
    say(bridge, "Two")
    [contact] = sees(bridge, ["One", "Two"])
    answered(bridge, contact["contact_id"], "Hi!")
    bridge.until(lambda: got(bridge) == ["Hi!"], "the answer")
    # neither the customer's two texts nor the receipt
    bridge.until(lambda: bridge.metric("received:source=connect") == 2, "the agent who joined, and the answer")


def test_a_part_of_an_answer_is_waited_out(bridge: Bridge) -> None:
    say(bridge, "Hello")
    [contact] = sees(bridge, ["Hello"])
    item = {
        "AbsoluteTime": "2026-11-27T08:00:00.000Z", "ContentType": "text/plain", "Type": "MESSAGE",
        "Id": "11111111-0000-4000-8000-000000000001", "ParticipantId": "p", "DisplayName": "BOT",
        "ParticipantRole": "SYSTEM", "InitialContactId": contact["initial_contact_id"],
        "ContactId": contact["contact_id"],
    }  # fmt: skip
    beside = {
        "MessageVisibility": {"Type": "String", "Value": "ALL"},
        "ParticipantRole": {"Type": "String", "Value": "SYSTEM"},
    }
    for number, (text, whole) in enumerate([("Since", False), ("Since Mon", False), ("Since Monday.", True)], 1):
        told = item | {"Content": text, "MessageMetadata": {"ChunkNumber": number, "MessageCompleted": whole}}
        bridge.post("/connect/stream", {"Message": json.dumps(told), "MessageAttributes": beside})
    bridge.until(lambda: got(bridge) == ["Since Monday."], "the whole answer")
    bridge.quiet()
    assert got(bridge) == ["Since Monday."]


def test_a_reply_that_the_platform_refuses_is_told_by_a_line_in_the_contact(bridge: Bridge) -> None:
    say(bridge, "Hello")
    [contact] = sees(bridge, ["Hello"])
    bridge.post("/trouble", {"name": "platform_refuses", "on": True})
    answered(bridge, contact["contact_id"], "Too late")
    bridge.until(lambda: len(read(bridge)[0]) == 2, "the line")
    assert read(bridge)[0][1].startswith("[Your reply was not delivered")
    assert settled(bridge, agents_sent=1)["refused_and_told"] == 1


def moved(bridge: Bridge, desk: str) -> None:
    """The first Instagram account's new conversations sit at that desk from now on."""
    key = {"pk": {"S": "ACCOUNT"}, "sk": {"S": f"instagram#{INSTAGRAM}"}}
    bridge.sandbox.aws.client("dynamodb").update_item(
        TableName=TABLE,
        Key=key,
        UpdateExpression="SET desk = :desk",
        ExpressionAttributeValues={":desk": {"S": desk}},
    )
    bridge.shift(bridge.sandbox.clock.offset_s + 600)


def test_a_switch_of_desks_leaves_open_conversations_where_they_sit(bridge: Bridge) -> None:
    def write(text: str, customer: str) -> None:
        bridge.post("/instagram/say", {"text": text, "account": INSTAGRAM, "customer": customer})

    def at_genesys() -> list[str]:
        return [call["body"]["text"] for call in bridge.taken()]

    first, second, third = (f"10000000000008{number:02d}" for number in (1, 2, 3))
    write("One", first)
    bridge.until(lambda: at_genesys() == ["One"], "the first at Genesys")
    try:
        moved(bridge, "connect")
        write("Two", second)
        [contact] = sees(bridge, ["Two"])
        write("One more", first)
        bridge.until(lambda: at_genesys() == ["One", "One more"], "the open one stays")
        moved(bridge, "genesys")
        write("Two more", second)
        sees(bridge, ["Two", "Two more"])
        write("Three", third)
        bridge.until(lambda: at_genesys() == ["One", "One more", "Three"], "a new one sits at Genesys again")
        answered(bridge, contact["contact_id"], "From Connect")
        bridge.until(lambda: got(bridge) == ["From Connect"], "the answer from Connect")
        bridge.post("/connect/end", {"contact_id": contact["contact_id"]})
        bridge.until(lambda: bridge.metric("desk_ended") == 1, "the end")
        write("Two again", second)
        bridge.until(lambda: at_genesys()[-1] == "Two again", "after its end it moves")
        sees(bridge, ["Two", "Two more"])
    finally:
        moved(bridge, "genesys")


def test_what_the_control_api_cannot_do_it_says(bridge: Bridge) -> None:
    def refused(path: str, body: dict[str, Any]) -> int:
        return requests.post(f"{bridge.sandbox.control.url}/connect/{path}", json=body, timeout=30).status_code

    say(bridge, "Hello")
    [contact] = sees(bridge, ["Hello"])
    named = {"contact_id": contact["contact_id"]}
    assert refused("reply", named) == 400
    assert refused("reply", named | {"text": "a", "file": "image"}) == 400
    assert refused("reply", named | {"file": "unknown"}) == 400
    assert refused("reply", {"contact_id": "unknown", "text": "a"}) == 404
    assert refused("redeliver", {"id": "unknown"}) == 404
    assert refused("stream", {"Message": "{}", "MessageAttributes": {"Type": {}}}) == 400
    bridge.post("/connect/settings", {"text_limit": 16_384})
    bridge.post("/connect/end", named)
    for path in ("reply", "transfer", "leave", "end"):
        assert refused(path, named | ({"text": "a"} if path == "reply" else {})) == 409
    bridge.post("/reset")
    assert bridge.get("/connect/settings")["text_limit"] == 1024
    assert contacts(bridge) == []


def test_no_token_of_a_contact_is_on_the_road(bridge: Bridge) -> None:
    say(bridge, "Hello")
    [contact] = sees(bridge, ["Hello"])
    answered(bridge, contact["contact_id"], "Hi!")
    bridge.until(lambda: got(bridge) == ["Hi!"], "the answer")
    bridge.quiet()
    text, passed = events(bridge)
    assert {one["hop"] for name, one in passed if name == "road"} >= {
        "webhook",
        "edge",
        "worker",
        "connect",
        "platform",
    }
    assert {one["desk"] for name, one in passed if name == "desk"} == {"connect"}
    chat = bridge.sandbox.playing(ConnectSimulator).hall.chats.every[contact["initial_contact_id"]]
    assert [token for token in (chat.token, *chat.connections) if token in text] == []
