"""The simulated Genesys Cloud, over real HTTP."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Iterator
from typing import Any

import pytest
import requests

from sandbox.simulators.genesys.simulator import ConversationDead, GenesysSimulator, NotFound
from sandbox.stage.clock import Clock, iso
from sandbox.stage.faults import Faults
from tests.sandbox.conftest import WAIT_S, Receiver, until

ONE, TWO = "int-one", "int-two"
CUSTOMER = {"id": "ig:1", "idType": "Opaque", "nickname": "Ana", "firstName": "Ana"}
TIME = "2026-11-20T10:00:00.123Z"
SECRET = "a-secret-of-some-length"


class Org:
    """A simulator with one client logged in."""

    def __init__(self, clock: Clock, faults: Faults, receiver: Receiver) -> None:
        self.sim = GenesysSimulator(
            clock, faults, webhook_timeout_s=0.3, webhook_retry_delays_s=(0.01, 0.01), calls_per_minute=30
        )
        self.sim.add_client("client", "secret", 3600)
        for name in (ONE, TWO):
            self.sim.add_integration(name, webhook_url=receiver.url, secret=SECRET, name=f"Name {name}")
        self.sim.start()
        self.token = self.login().json()["access_token"]

    def login(self, auth: tuple[str, str] | None = ("client", "secret"), **form: str) -> requests.Response:
        data = {"grant_type": "client_credentials"} | form
        return requests.post(f"{self.sim.url}/oauth/token", data=data, auth=auth, timeout=WAIT_S)

    def call(self, method: str, path: str, **kwargs: Any) -> requests.Response:
        headers = {"Authorization": f"Bearer {self.token}"} | kwargs.pop("headers", {})
        url = f"{self.sim.url}/api/v2{path}"
        return requests.request(method, url, headers=headers, timeout=WAIT_S, **kwargs)

    def post(self, body: Any, kind: str = "message", integration: str = ONE, query: str = "") -> requests.Response:
        path = f"/conversations/messages/{integration}/inbound/open/{kind}{query}"
        return self.call("POST", path, json=body)

    def converse(self, **more: Any) -> str:
        answer = self.post(message(**more), query="?prefetchConversationId=true")
        assert answer.status_code == 200, answer.text
        return str(answer.json()["conversationId"])

    def analyse(self, **query: Any) -> requests.Response:
        return self.call("POST", "/analytics/conversations/details/query", json=query)


@pytest.fixture
def org(clock: Clock, faults: Faults, receiver: Receiver) -> Iterator[Org]:
    made = Org(clock, faults, receiver)
    yield made
    made.sim.stop()


def message(text: str | None = "Hola 🚚", message_id: str | None = None, **more: Any) -> dict[str, Any]:
    channel: dict[str, Any] = {"from": CUSTOMER, "time": TIME}
    if message_id:
        channel["messageId"] = message_id
    channel |= more.pop("channel", {})
    return {"channel": channel} | ({} if text is None else {"text": text}) | more


def attachment(**changed: Any) -> dict[str, Any]:
    return {"attachment": {"mediaType": "image", "url": "https://x/a.jpg", "mime": "image/jpeg"} | changed}


def receipt(message_id: str, status: str = "Delivered", **more: Any) -> dict[str, Any]:
    return {"id": message_id, "channel": {"to": {"id": "ig:1"}, "time": TIME}, "status": status} | more


def structured(message_id: str, **more: Any) -> dict[str, Any]:
    button = {"type": "QuickReply", "text": "Yes", "payload": "yes"}
    channel = {"from": CUSTOMER, "time": TIME}
    return {"channel": channel, "buttonResponse": button, "originatingMessageId": message_id} | more


QUICK = [{"contentType": "QuickReply", "quickReply": {"text": "Yes", "payload": "yes", "action": "Message"}}]


# --- OAuth and errors


def test_login_and_its_refusals(org: Org) -> None:
    granted = org.login().json()
    assert (granted["token_type"], granted["expires_in"]) == ("bearer", 3600)
    for answer, status, error in (
        (org.login(auth=None), 400, "invalid_request"),
        (org.login(auth=("client", "wrong")), 401, "invalid_client"),
        (org.login(auth=("nobody", "secret")), 401, "invalid_client"),
        (org.login(grant_type="password"), 400, "unsupported_grant_type"),
    ):
        assert (answer.status_code, answer.json()["error"]) == (status, error)


def test_calls_without_a_living_token_are_401(org: Org, clock: Clock) -> None:
    org.token, good = "", org.token
    answer = org.post(message())
    assert (answer.status_code, answer.json()["code"]) == (401, "authentication.required")
    assert set(answer.json()) >= {"message", "code", "status", "contextId", "details", "errors"}
    assert answer.headers["inin-correlation-id"]
    org.token = "made-up"
    assert org.post(message()).json()["code"] == "bad.credentials"
    org.token, clock.offset_s = good, 3601
    assert org.post(message()).json()["code"] == "bad.credentials"


def test_rate_limit_slides_with_the_clock(org: Org, clock: Clock) -> None:
    for _ in range(30):
        org.call("GET", "/conversations/messages/x")
    answer = org.post(message())
    assert (answer.status_code, answer.json()["code"]) == (429, "too.many.requests")
    assert 1 <= int(answer.headers["Retry-After"]) <= 60
    org.token = org.login().json()["access_token"]
    assert org.post(message()).status_code == 200  # the limit is per token
    clock.offset_s = 61
    assert org.post(message()).status_code == 200


# --- inbound messages


def test_a_message_opens_a_conversation_and_the_next_one_joins(org: Org) -> None:
    first = org.post(message(message_id="m1"), query="?prefetchConversationId=true").json()
    second = org.post(message(message_id="m2")).json()
    assert "conversationId" not in second
    assert first["type"] == "Text"
    assert first["text"] == "Hola 🚚"
    assert int(first["id"], 16)
    assert first["channel"]["messageId"] == "m1"
    assert first["channel"]["platform"] == "Open"
    other = org.converse(channel={"from": CUSTOMER | {"id": "ig:2"}})
    assert {c["id"] for c in org.sim.conversations()} == {first["conversationId"], other}
    assert org.post(message(), integration=TWO).status_code == 200
    assert len(org.sim.conversations()) == 3
    logged = org.sim.messages()
    assert [entry["conversation_id"] for entry in logged[:2]] == [first["conversationId"]] * 2
    assert logged[0]["body"] == message(message_id="m1")
    assert set(logged[0]) == {"at", "kind", "integration_id", "status", "conversation_id", "body"}


BAD: list[tuple[str, dict[str, Any], str, str]] = [
    ("no channel", {"text": "x"}, "bad.request", "channel"),
    ("no sender", message(channel={"from": None}), "bad.request", "from"),
    ("no sender id", message(channel={"from": {"idType": "Opaque"}}), "bad.request", "id"),
    ("empty sender id", message(channel={"from": {"id": "", "idType": "Opaque"}}), "bad.request", "id"),
    ("no idType", message(channel={"from": {"id": "1"}}), "bad.request", "idType"),
    ("bad idType", message(channel={"from": {"id": "1", "idType": "Igsid"}}), "invalid.value", "idType"),
    ("no time", {"channel": {"from": CUSTOMER}, "text": "x"}, "bad.request", "time"),
    ("offset time", message(channel={"time": "2026-11-20T10:00:00+00:00"}), "invalid.date", "2026"),
    ("micro time", message(channel={"time": "2026-11-20T10:00:00.123456Z"}), "invalid.date", "2026"),
    ("no such day", message(channel={"time": "2026-02-30T10:00:00Z"}), "invalid.date", "2026"),
    ("nothing said", message(None), "bad.request", "anyOf"),
    ("empty text", message(""), "bad.request", "anyOf"),
    ("empty content", message(None, content=[]), "bad.request", "anyOf"),
    ("two attachments", message(content=[attachment(), attachment()]), "bad.request", "one attachment"),
    ("no mime", message(content=[{"attachment": {"mediaType": "Image", "url": "https://x"}}]), "", "mime"),
    ("bad mediaType", message(content=[attachment(mediaType="Gif")]), "invalid.value", "mediaType"),
    ("bad url", message(content=[attachment(url="s3://x")]), "bad.request", "url"),
    ("story", message(content=[{"contentType": "Story", "story": {}}]), "bad.request", "attachment"),
    ("nested metadata", message(metadata={"customAttributes": {"a": "1"}}), "bad.request", "metadata"),
    (
        "nested attribute",
        message(channel={"metadata": {"customAttributes": {"a": {}}}}),
        "bad.request",
        "customAttributes",
    ),
    (
        "large attributes",
        message(channel={"metadata": {"customAttributes": {"a": "ü" * 1024}}}),
        "bad.request",
        "2048",
    ),
]


@pytest.mark.parametrize(("body", "code", "hint"), [case[1:] for case in BAD], ids=[case[0] for case in BAD])
def test_messages_the_schema_refuses(org: Org, body: dict[str, Any], code: str, hint: str) -> None:
    answer = org.post(body)
    assert answer.status_code == 400
    assert answer.json()["code"] == (code or "bad.request")
    assert hint in answer.json()["message"]
    assert org.sim.messages()[0]["status"] == 400
    assert not org.sim.conversations()


def test_what_the_schema_tolerates(org: Org) -> None:
    channel = {"from": CUSTOMER | {"idType": "opaque"}, "time": "2026-11-20T10:00:00Z", "platform": "Open"}
    assert org.post(message(channel=channel, direction="Inbound", type="Text")).status_code == 200
    assert org.post(message(None, content=[attachment()], metadata={"k": "v"})).status_code == 200


def test_transport_refusals(org: Org) -> None:
    path = f"/conversations/messages/{ONE}/inbound/open/message"
    plain = org.call("POST", path, data=b"{}", headers={"Content-Type": "text/plain"})
    assert (plain.status_code, plain.json()["code"]) == (415, "unsupported.media.type")
    assert org.post(message("x" * 512_000)).status_code == 413
    for raw in (b"{", b"[]", b'"x"', b"\xff"):
        bad = org.call("POST", path, data=raw, headers={"Content-Type": "application/json"})
        assert (bad.status_code, bad.json()["code"]) == (400, "bad.request")
    assert org.post(message(), integration="nobody").status_code == 404
    deprecated = org.call("POST", "/conversations/messages/inbound/open", json=message())
    assert (deprecated.status_code, deprecated.json()["code"]) == (404, "not.found")
    assert [entry["status"] for entry in org.sim.messages()] == [415, 413, 400, 400, 400, 400, 404]


def test_attributes_become_participant_data(org: Org) -> None:
    org.converse(channel={"metadata": {"customAttributes": {"a": "1", "b": "1"}}})
    found = org.converse(channel={"metadata": {"customAttributes": {"b": "2"}}})
    participant = org.call("GET", f"/conversations/messages/{found}").json()["participants"][0]
    assert (participant["purpose"], participant["state"]) == ("customer", "connected")
    assert participant["attributes"] == {"a": "1", "b": "2"}
    assert org.sim.conversations()[0]["attributes"] == {"a": "1", "b": "2"}


def test_a_repeated_message_id_is_a_second_message_or_a_conflict(org: Org) -> None:
    found = org.converse(message_id="same")
    org.converse(message_id="same")
    shown = org.call("GET", f"/conversations/messages/{found}").json()
    assert len(shown["participants"][0]["messages"]) == 2
    org.sim.deduplicates = True
    answer = org.post(message(message_id="same"))
    assert (answer.status_code, answer.json()["code"]) == (409, "conflict")
    assert org.post(message(message_id="same"), integration=TWO).status_code == 200
    assert org.post(message(message_id="new")).status_code == 200


# --- events, receipts, structured responses


def test_events_do_not_open_conversations(org: Org) -> None:
    event = {"channel": {"from": CUSTOMER, "time": TIME}, "events": [{"eventType": "Typing"}]}
    answer = org.post(event, "event")
    assert (answer.status_code, answer.json()["type"]) == (200, "Event")
    assert not org.sim.conversations()
    assert org.sim.messages()[0]["kind"] == "event"
    assert org.sim.messages()[0]["conversation_id"] is None
    assert org.post(event | {"events": []}, "event").status_code == 400
    assert org.post(event | {"events": [{"eventType": "Off"}]}, "event").json()["code"] == "invalid.value"


def test_receipts_belong_to_sent_messages(org: Org) -> None:
    found = org.converse()
    sent = org.sim.reply(found, text="Hi")
    assert org.post(receipt(sent), "receipt").json()["status"] == "Delivered"
    reasons = [{"code": "MessageExpired", "message": "24 h"}]
    answer = org.post(receipt(sent, "Failed", reasons=reasons, isFinalReceipt=True), "receipt").json()
    assert (answer["id"], answer["type"], answer["reasons"]) == (sent, "Receipt", reasons)
    shown = org.call("GET", f"/conversations/messages/{found}").json()["participants"][1]["messages"][0]
    assert (shown["messageStatus"], shown["errorInfo"]["code"]) == ("delivery-failed", "MessageExpired")
    kept = org.sim.conversations()[0]["receipts"][sent]
    assert [one["status"] for one in kept] == ["Delivered", "Failed"]
    assert org.sim.messages()[-1]["conversation_id"] == found


def test_receipts_that_are_refused(org: Org) -> None:
    found = org.converse()
    sent = org.sim.reply(found, text="Hi")
    inbound = org.sim.messages()[0]
    for body, status, code in (
        (receipt("0" * 32), 404, "not.found"),
        (receipt(str(inbound["conversation_id"])), 404, "not.found"),
        (receipt(sent, "Read"), 400, "invalid.value"),
        (receipt(sent, "Sent"), 400, "invalid.value"),
        (receipt(sent, "Failed", reasons=[{"code": "Nope", "message": ""}]), 400, "invalid.value"),
        (receipt(sent, "Failed", reasons=[{"code": "GeneralError"}]), 400, "bad.request"),
        (receipt(sent, channel={"time": TIME}), 400, "bad.request"),
        (receipt(sent, channel={"to": {"id": "ig:1"}}), 400, "bad.request"),
        (receipt(sent, channel={"to": {"id": "ig:1"}, "time": "now"}), 400, "invalid.date"),
        (receipt(sent, channel={"to": {"id": "ig:2"}, "time": TIME}), 400, "bad.request"),
    ):
        answer = org.post(body, "receipt")
        assert (answer.status_code, answer.json()["code"]) == (status, code), body
    assert org.post(receipt(sent), "receipt", TWO).status_code == 404
    assert org.sim.conversations()[0]["receipts"] == {sent: []}


def test_structured_responses(org: Org) -> None:
    found = org.converse()
    asked, plain = org.sim.reply(found, text="?", content=QUICK), org.sim.reply(found, text="Hi")
    answer = org.post(structured(asked), "structured/response")
    assert answer.status_code == 200
    assert answer.json()["content"][0]["buttonResponse"]["payload"] == "yes"
    assert org.sim.messages()[-1]["kind"] == "structured"
    stranger = {"from": CUSTOMER | {"id": "ig:9"}, "time": TIME}
    button = {"type": "ListPicker", "text": "", "payload": ""}
    for body, status in (
        (structured(plain), 400),
        (structured("unknown"), 404),
        (structured(asked, channel=stranger), 404),
        (structured(asked, buttonResponse={"type": "Button", "text": "x"}), 400),
        (structured(asked, buttonResponse=button), 400),
    ):
        assert org.post(body, "structured/response").status_code == status, body


# --- reads


def test_messages_are_read_back(org: Org) -> None:
    found = org.converse(message_id="m1")
    sent = org.sim.reply(found, text="Hi")
    first = org.call("GET", f"/conversations/messages/{found}").json()["participants"][0]["messages"][0]
    path = f"/conversations/messages/{found}/messages/bulk"
    entities = org.call("POST", path, json=[first["messageId"], sent, "x"]).json()["entities"]
    assert [one["direction"] for one in entities] == ["inbound", "outbound"]
    assert entities[0]["normalizedMessage"]["channel"]["messageId"] == "m1"
    details = org.call("GET", f"/conversations/messages/{sent}/details").json()
    assert (details["conversationId"], details["normalizedMessage"]["text"]) == (found, "Hi")
    assert org.call("POST", path, json=["x"] * 1001).status_code == 400
    assert org.call("POST", path, json={"ids": []}).status_code == 400
    for unknown in ("/conversations/messages/x", "/conversations/messages/x/details"):
        assert org.call("GET", unknown).json()["code"] == "not.found"
    assert org.call("POST", "/conversations/messages/x/messages/bulk", json=[]).status_code == 404


def test_conversations_are_found_by_address(org: Org, clock: Clock) -> None:
    found = org.converse()
    org.converse(channel={"from": CUSTOMER | {"id": "ig:2"}})
    around = f"{iso(clock() - 60)}/{iso(clock() + 60)}"
    predicates = [
        {"type": "dimension", "dimension": "addressFrom", "operator": "matches", "value": "ig:1"},
        {"dimension": "messageType", "value": "open"},
    ]
    filters = [{"type": "and", "predicates": predicates}]
    hits = org.analyse(interval=around, segmentFilters=filters, order="desc").json()
    assert hits["totalHits"] == 1
    assert hits["conversations"][0]["conversationId"] == found
    assert org.analyse(interval=around, paging={"pageSize": 1, "pageNumber": 2}).json()["totalHits"] == 2
    past = f"{iso(clock() - 120)}/{iso(clock() - 60)}"
    assert org.analyse(interval=past).json() == {"totalHits": 0, "conversations": []}


def test_queries_that_are_refused(org: Org, clock: Clock) -> None:
    around = f"{iso(clock() - 60)}/{iso(clock() + 60)}"
    wrong = [{"dimension": "queueId", "value": "x"}]
    right = [{"dimension": "messageType", "value": "open"}]
    for query in (
        {},
        {"interval": "yesterday"},
        {"interval": "/".join(reversed(around.split("/")))},
        {"interval": around, "segmentFilters": [{"type": "and", "predicates": wrong}]},
        {"interval": around, "segmentFilters": [{"type": "or", "predicates": right}]},
        {"interval": around, "conversationFilters": []},
    ):
        assert org.analyse(**query).status_code == 400, query


# --- agents and the webhook


def test_a_reply_is_a_signed_webhook(org: Org, receiver: Receiver) -> None:
    found = org.converse()
    sent = org.sim.reply(found, text="¡Sí! 🚚")
    call = receiver.wait(1)[0]
    digest = base64.b64encode(hmac.new(SECRET.encode(), call.body, hashlib.sha256).digest()).decode()
    assert call.header("X-Hub-Signature-256") == f"sha256={digest}"
    assert "¡Sí! 🚚".encode() in call.body
    body = json.loads(call.body)
    assert body["channel"].pop("time").endswith("Z")
    assert body == {
        "id": sent,
        "channel": {
            "id": ONE,
            "platform": "Open",
            "type": "Private",
            "messageId": sent,
            "to": {"id": "ig:1", "idType": "Opaque"},
            "from": {"nickname": "Name int-one", "id": ONE, "idType": "Opaque"},
        },
        "conversationId": found,
        "type": "Text",
        "direction": "Outbound",
        "originatingEntity": "Human",
        "text": "¡Sí! 🚚",
    }


def test_the_kinds_of_reply(org: Org, receiver: Receiver) -> None:
    found = org.converse()
    files = [{"contentType": "Attachment", "attachment": {"mediaType": "Image", "url": "https://x"}}]
    org.sim.reply(found, content=files)
    org.sim.reply(found, text="?", content=QUICK, originating_entity="Bot")
    org.sim.reply(found, type="Event")
    bodies = [json.loads(call.body) for call in receiver.wait(3)]
    assert [body["type"] for body in bodies] == ["Text", "Structured", "Event"]
    assert bodies[1]["originatingEntity"] == "Bot"
    assert bodies[2]["events"][0]["typing"]["type"] == "On"
    with pytest.raises(ValueError, match="text or content"):
        org.sim.reply(found)
    with pytest.raises(NotFound):
        org.sim.reply("unknown", text="x")


def test_a_webhook_is_retried_and_the_chat_survives(org: Org, receiver: Receiver) -> None:
    found = org.converse()
    receiver.answers = [500, 429]
    org.sim.reply(found, text="Hi")
    bodies = {call.body for call in receiver.wait(3)}
    assert len(bodies) == 1
    org.sim.reply(found, text="again")
    receiver.wait(4)


def test_a_refused_webhook_kills_the_chat(org: Org, receiver: Receiver) -> None:
    found = org.converse()
    receiver.answers = [401]
    org.sim.reply(found, text="Hi")
    receiver.wait(1)
    other = org.converse(channel={"from": CUSTOMER | {"id": "ig:2"}})
    until(lambda: org.sim.conversations()[0]["state"] == "failed")
    with pytest.raises(ConversationDead):
        org.sim.reply(found, text="again")
    assert org.sim.reply(other, text="still alive")
    assert org.converse() not in (found, other)


def test_redeliver_repeats_the_bytes(org: Org, receiver: Receiver) -> None:
    sent = org.sim.reply(org.converse(), text="Hi")
    org.sim.redeliver(sent)
    first, second = receiver.wait(2)
    assert first.body == second.body
    with pytest.raises(NotFound):
        org.sim.redeliver("unknown")


def test_reset_empties_but_keeps_the_accounts(org: Org) -> None:
    sent = org.sim.reply(org.converse(message_id="m1"), text="Hi")
    org.sim.reset()
    assert org.sim.messages() == org.sim.conversations() == []
    assert org.post(receipt(sent), "receipt").status_code == 404
    org.sim.deduplicates = True
    assert org.post(message(message_id="m1")).status_code == 200


# --- faults


def test_a_status_fault_does_no_work(org: Org, faults: Faults) -> None:
    faults.add("genesys", "status", status=429, retry_after=7, count=1, path="/inbound/open/message")
    answer = org.post(message())
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "7")
    assert answer.json()["code"] == "too.many.requests"
    assert not org.sim.conversations()
    assert [entry["status"] for entry in org.sim.messages()] == [429]
    assert org.post(message()).status_code == 200


def test_a_reset_does_no_work_and_is_not_recorded(org: Org, faults: Faults) -> None:
    faults.add("genesys", "reset", count=1)
    with pytest.raises(requests.ConnectionError):
        org.post(message())
    assert not org.sim.messages()


def test_timeout_after_accept_works_in_silence(org: Org, faults: Faults) -> None:
    faults.add("genesys", "timeout_after_accept", count=1)
    url = f"{org.sim.url}/api/v2/conversations/messages/{ONE}/inbound/open/message"
    with pytest.raises(requests.ReadTimeout):
        requests.post(url, json=message(), headers={"Authorization": f"Bearer {org.token}"}, timeout=0.1)
    assert [entry["status"] for entry in org.sim.messages()] == [200]
    assert len(org.sim.conversations()) == 1


def test_delay_then_works(org: Org, faults: Faults) -> None:
    faults.add("genesys", "delay", delay_ms=20)
    answer = org.post(message())
    assert answer.status_code == 200
    assert answer.elapsed.total_seconds() >= 0.02


# --- the official SDK


def test_the_official_sdk_agrees(org: Org) -> None:
    import PureCloudPlatformClientV2 as Sdk

    client = Sdk.ApiClient(host=org.sim.url).get_client_credentials_token("client", "secret")
    api = Sdk.ConversationsApi(client)
    got = api.post_conversations_message_inbound_open_message(
        ONE, message(message_id="m1"), prefetch_conversation_id=True
    )
    assert (got.type, got.text, got.channel.message_id) == ("Text", "Hola 🚚", "m1")
    sent = org.sim.reply(got.conversation_id, text="Hi")
    assert api.post_conversations_message_inbound_open_receipt(ONE, receipt(sent)).status == "Delivered"
    shown = api.get_conversations_message(got.conversation_id)
    assert [one.purpose for one in shown.participants] == ["customer", "agent"]
    assert shown.participants[1].messages[0].message_status == "delivery-success"
    listing = api.post_conversations_message_messages_bulk(got.conversation_id, body=[got.id])
    assert listing.entities[0].normalized_message.channel.message_id == "m1"
    details = api.get_conversations_message_details(sent)
    assert (details.conversation_id, details.direction, details.status) == (
        got.conversation_id,
        "outbound",
        "delivery-success",
    )
    interval = "2020-01-01T00:00:00Z/2100-01-01T00:00:00Z"
    found = api.post_analytics_conversations_details_query({"interval": interval})
    assert found.total_hits == 1
    assert found.conversations[0].conversation_id == got.conversation_id


# --- files, ends of conversations, and receipts about what customers wrote


SIGNATURES = {"image": ("image/png", b"\x89PNG\r\n\x1a\n"), "pdf": ("application/pdf", b"%PDF-1.4"),
              "video": ("video/mp4", b"\x00\x00\x00\x18ftypisom")}  # fmt: skip


@pytest.mark.parametrize("name", SIGNATURES)
def test_a_file_is_handed_out_to_whoever_has_its_link(org: Org, name: str) -> None:
    mime, start = SIGNATURES[name]
    answer = requests.get(org.sim.media()[name], timeout=WAIT_S)
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, mime)
    assert answer.content.startswith(start)


def test_a_link_to_a_file_expires_and_a_fresh_one_does_not(org: Org, clock: Clock) -> None:
    old = org.sim.media()["pdf"]
    clock.offset_s = 3601
    assert requests.get(old, timeout=WAIT_S).status_code == 403
    assert requests.get(org.sim.media()["pdf"], timeout=WAIT_S).status_code == 200


def test_a_link_that_was_never_given_out_leads_nowhere(org: Org) -> None:
    assert requests.get(f"{org.sim.url}/api/v2/downloads/made-up", timeout=WAIT_S).status_code == 404
    assert set(org.sim.media()) == set(SIGNATURES)


def test_an_inbound_attachment_is_kept_as_it_was_sent(org: Org) -> None:
    org.converse(text=None, content=[attachment()])
    assert org.sim.messages()[0]["body"]["content"] == [attachment()]


def test_a_conversation_that_the_agent_ended_is_over(org: Org, clock: Clock) -> None:
    found = org.converse()
    asked = org.sim.reply(found, text="?", content=QUICK)
    org.sim.disconnect(found)
    [customer, agent] = org.call("GET", f"/conversations/messages/{found}").json()["participants"]
    assert (customer["state"], agent["state"]) == ("disconnected", "disconnected")
    assert customer["endTime"][:16] == iso(clock())[:16]
    with pytest.raises(ConversationDead):
        org.sim.reply(found, text="again")
    assert org.post(structured(asked), "structured/response").status_code == 404
    with pytest.raises(NotFound):
        org.sim.disconnect("unknown")


def test_after_the_end_a_message_opens_another_conversation_and_a_receipt_still_comes(org: Org) -> None:
    found = org.converse()
    sent = org.sim.reply(found, text="Bye")
    org.sim.disconnect(found)
    assert org.post(receipt(sent), "receipt").status_code == 200
    assert org.converse() != found
    assert [one["state"] for one in org.sim.conversations()] == ["disconnected", "connected"]


def test_published_messages_are_told_where_that_is_switched_on(org: Org, receiver: Receiver) -> None:
    org.converse()
    org.sim.publishes = True
    answer = org.post(message(), query="?prefetchConversationId=true").json()
    [call] = receiver.wait(1)
    body = json.loads(call.body)
    assert (body["id"], body["conversationId"]) == (answer["id"], answer["conversationId"])
    assert (body["type"], body["status"], body["isFinalReceipt"]) == ("Receipt", "Published", True)
    assert body["channel"]["to"] == {"id": "ig:1", "idType": "Opaque"}
    assert call.header("X-Hub-Signature-256").startswith("sha256=")


def test_trouble_with_a_customers_message_is_told_by_its_id(org: Org, receiver: Receiver) -> None:
    org.post(message(message_id="m1"))
    org.sim.tell_trouble("m1", "MediaTypeNotAllowed")
    [call] = receiver.wait(1)
    body = json.loads(call.body)
    assert (body["type"], body["status"], body["channel"]["messageId"]) == ("Receipt", "Failed", "m1")
    assert body["reasons"][0]["code"] == "MediaTypeNotAllowed"
    with pytest.raises(NotFound):
        org.sim.tell_trouble("x", "GeneralError")


RICH: list[dict[str, Any]] = [
    {"contentType": "QuickReplyV2", "quickReplyV2": {"title": "?", "actions": [{"text": "Yes"}]}},
    {
        "contentType": "Card",
        "card": {"title": "Oolong", "actions": [{"type": "Link", "url": "https://x", "text": "x"}]},
    },
    {"contentType": "Carousel", "carousel": {"cards": [{"title": "Oolong"}]}},
    {"contentType": "DatePicker", "datePicker": {"availableTimes": [{"dateTime": TIME, "duration": 1800}]}},
    {"contentType": "ListPicker", "listPicker": {"sections": []}},
    {"contentType": "Notification", "template": {"body": {"text": "Hi"}}},
]


@pytest.mark.parametrize("item", RICH, ids=[str(item["contentType"]) for item in RICH])
def test_rich_content_reaches_the_webhook_as_it_is_and_can_be_answered(
    org: Org, receiver: Receiver, item: dict[str, Any]
) -> None:
    sent = org.sim.reply(org.converse(), content=[item], originating_entity="Bot")
    body = receiver.json()
    assert (body["type"], body["content"]) == ("Structured", [item])
    assert org.post(structured(sent), "structured/response").status_code == 200
