"""The simulated TikTok, over real HTTP."""

from __future__ import annotations

import hashlib
import hmac
import json
import threading
from collections.abc import Iterator
from typing import Any

import pytest
import requests

from sandbox.clock import Clock
from sandbox.faults import Faults
from sandbox.tiktok import TikTokSimulator
from sandbox.tiktok_inbox import conversation_id_of
from tests.sandbox.conftest import Receiver

SHOP, ANA = "-000Business", "+Customer/1"
APP, SECRET = "7600000000000000001", "app-secret"
HOUR = 3600.0
THREAD = conversation_id_of(SHOP, ANA)
SEND = "business/message/send/"


class TikTok:
    """A simulator with one account; `token` is what calls are made with."""

    def __init__(self, clock: Clock, faults: Faults, receiver: Receiver) -> None:
        self.sim = TikTokSimulator(clock, faults, retry_delays_s=(0.01,), webhook_timeout_s=0.3)
        self.sim.add_account(
            SHOP,
            app_id=APP,
            app_secret=SECRET,
            access_token="act.1",
            refresh_token="rft.1",
            webhook_url=receiver.url,
            username="our_shop",
        )
        self.sim.start()
        self.token: str | None = "act.1"

    def call(self, method: str, path: str, **kwargs: Any) -> requests.Response:
        url = f"{self.sim.url}/open_api/v1.3/{path}"
        return requests.request(method, url, headers={"Access-Token": self.token}, timeout=5, **kwargs)

    def send(self, **changed: Any) -> dict[str, Any]:
        body = {
            "business_id": SHOP,
            "recipient_type": "CONVERSATION",
            "recipient": THREAD,
            "message_type": "TEXT",
            "text": {"body": "Hi"},
        }
        sent = {key: value for key, value in (body | changed).items() if value is not None}
        return self.ok(self.call("POST", SEND, json=sent))

    def ok(self, answer: requests.Response) -> dict[str, Any]:
        """The answer's envelope: errors are HTTP 200 too."""
        assert answer.status_code == 200
        envelope: dict[str, Any] = answer.json()
        assert set(envelope) == {"code", "message", "request_id", "data"}
        return envelope

    def refresh(self, token: str, secret: str = SECRET) -> dict[str, Any]:
        body = {"client_id": APP, "client_secret": secret, "grant_type": "refresh_token"}
        return self.ok(self.call("POST", "tt_user/oauth2/refresh_token/", json=body | {"refresh_token": token}))


@pytest.fixture
def tiktok(clock: Clock, faults: Faults, receiver: Receiver) -> Iterator[TikTok]:
    made = TikTok(clock, faults, receiver)
    yield made
    made.sim.stop()


def of_type(kind: str | None, **block: Any) -> dict[str, Any]:
    return {"message_type": kind, "text": None} | block


# --- webhooks


def test_a_written_message_is_a_signed_webhook(tiktok: TikTok, receiver: Receiver, clock: Clock) -> None:
    clock.offset_s = 1000
    message_id = tiktok.sim.write(SHOP, ANA, "¿qué? 🚚")
    call = receiver.wait(1)[0]
    parts = dict(part.split("=", 1) for part in call.header("tiktok-signature").split(","))
    assert abs(int(parts["t"]) - clock()) < 5
    signed = parts["t"].encode() + b"." + call.body
    assert parts["s"] == hmac.new(SECRET.encode(), signed, hashlib.sha256).hexdigest()
    assert "¿qué? 🚚".encode() in call.body
    envelope = json.loads(call.body)
    assert (envelope["client_key"], envelope["event"]) == (APP, "im_receive_msg")
    assert envelope["user_openid"] == SHOP
    assert envelope["create_time"] < 10**11
    content = json.loads(envelope["content"])
    assert content["timestamp"] > 10**11
    assert content["message_id"] == message_id
    assert content["conversation_id"] == THREAD
    assert content["from_user"] == {"id": ANA, "role": "personal_account"}
    assert content["text"] == {"body": "¿qué? 🚚"}
    assert {"+", "/", "="} <= set(message_id)
    assert {"+", "/", "="} <= set(THREAD)


def test_each_attempt_is_signed_anew(tiktok: TikTok, receiver: Receiver, clock: Clock) -> None:
    receiver.gate = threading.Event()
    receiver.answers = [500]
    raw = b'{ "event": "im_new_kind" }'
    got: list[int | None] = []
    delivery = threading.Thread(target=lambda: got.append(tiktok.sim.deliver(raw)))
    delivery.start()
    receiver.wait(1)
    clock.offset_s = 100
    receiver.gate.set()
    first, second = receiver.wait(2)
    delivery.join(5)
    assert got == [500]
    assert first.body == second.body == raw
    assert first.header("Tiktok-Signature") != second.header("Tiktok-Signature")


def test_deliver_needs_an_account(clock: Clock, faults: Faults) -> None:
    sim = TikTokSimulator(clock, faults)
    with pytest.raises(ValueError, match="no TikTok account"):
        sim.deliver(b"[]")
    sim.stop()


# --- sending


def test_a_send_is_answered_recorded_and_echoed(tiktok: TikTok, receiver: Receiver) -> None:
    tiktok.sim.write(SHOP, ANA, "Hola")
    answer = tiktok.send(text={"body": "¡Sí! 🚚"})
    assert (answer["code"], answer["message"]) == (0, "OK")
    message_id = answer["data"]["message"]["message_id"]
    envelope = receiver.json(2)
    content = json.loads(envelope["content"])
    assert (envelope["event"], content["message_tag"]) == ("im_send_msg", {"source": "API"})
    assert (content["message_id"], content["text"]) == (message_id, {"body": "¡Sí! 🚚"})
    assert content["from_user"] == {"id": SHOP, "role": "business_account"}
    assert content["to_user"]["id"] == ANA
    record = tiktok.sim.sent()[0]
    assert (record["status"], record["code"], record["message_id"]) == (200, 0, message_id)


def test_echo_before_the_answer_or_never(tiktok: TikTok, receiver: Receiver) -> None:
    tiktok.sim.write(SHOP, ANA, "Hola")
    tiktok.sim.echo = "before"
    receiver.gate = threading.Event()
    got: list[int] = []
    sender = threading.Thread(target=lambda: got.append(tiktok.send()["code"]))
    sender.start()
    receiver.wait(2)
    assert not got
    receiver.gate.set()
    sender.join(5)
    assert got == [0]
    tiktok.sim.echo = "none"
    tiktok.send()
    tiktok.sim.write(SHOP, ANA, "more")
    assert [json.loads(call.body)["event"] for call in receiver.wait(3)][2] == "im_receive_msg"


def test_the_other_messages(tiktok: TikTok, receiver: Receiver) -> None:
    tiktok.sim.write(SHOP, ANA, "Hola")
    button = {"type": "REPLY", "title": "Yes", "id": "yes"}
    template = {"type": "QA_BUTTON_CARD", "title": "?", "buttons": [button]}
    for body in (
        of_type("IMAGE", image={"media_id": "m"}),
        of_type("SHARE_POST", share_post={"item_id": "1"}),
        of_type("TEMPLATE", template=template),
        {"referenced_message_info": {"referenced_message_id": "m"}},
    ):
        assert tiktok.send(**body)["code"] == 0, body
    echoes = [json.loads(json.loads(call.body)["content"]) for call in receiver.wait(5)[1:]]
    assert [echo["type"] for echo in echoes] == ["image", "share_post", "template", "text"]
    assert echoes[2]["template"]["elements"][0]["buttons"][0] == {"text": "Yes", "type": "REPLY", "id": "yes"}
    typing = tiktok.send(**of_type("SENDER_ACTION", sender_action="TYPING"))
    assert (typing["code"], typing["data"]) == (0, {"message": {"message_id": ""}})


@pytest.mark.parametrize(
    "changed",
    [
        {"business_id": None},
        {"recipient_type": "USER"},
        {"recipient": "unknown"},
        {"message_type": "VIDEO"},
        {"text": None},
        {"text": {"body": ""}},
        {"text": {"body": "x" * 6001}},
        {"text": "Hi"},
        {"image": {"media_id": "m"}},
        {"extra": 1},
        of_type("IMAGE", image={}),
        of_type("IMAGE", image={"media_id": "m"}, referenced_message_info={"referenced_message_id": "m"}),
        of_type("SENDER_ACTION", sender_action="DANCE"),
        of_type("TEMPLATE", template={"type": "QA_BUTTON_CARD", "title": "?", "buttons": []}),
    ],
)
def test_bad_parameters(tiktok: TikTok, changed: dict[str, Any]) -> None:
    tiktok.sim.write(SHOP, ANA, "Hola")
    assert tiktok.send(**changed)["code"] == 40002
    assert tiktok.sim.sent()[0]["code"] == 40002


def test_six_thousand_characters_not_bytes(tiktok: TikTok) -> None:
    tiktok.sim.write(SHOP, ANA, "Hola")
    assert tiktok.send(text={"body": "ü" * 6000})["code"] == 0


def test_the_window(tiktok: TikTok, clock: Clock) -> None:
    tiktok.sim.write(SHOP, ANA, "Hola")
    clock.offset_s = 23 * HOUR
    assert tiktok.send()["code"] == 0
    renewed = tiktok.refresh("rft.1")["data"]
    tiktok.token = renewed["access_token"]
    clock.offset_s = 46 * HOUR
    assert tiktok.send()["code"] == 0
    tiktok.token = tiktok.refresh(renewed["refresh_token"])["data"]["access_token"]
    clock.offset_s = 48 * HOUR + 60
    assert tiktok.send()["code"] == 40064
    tiktok.sim.write(SHOP, ANA, "I am back")
    assert tiktok.send()["code"] == 0


# --- tokens


def test_tokens(tiktok: TikTok, clock: Clock) -> None:
    tiktok.sim.write(SHOP, ANA, "Hola")
    tiktok.token = None
    assert tiktok.send()["code"] == 40104
    tiktok.token = "act.wrong"
    assert tiktok.send()["code"] == 40105
    tiktok.token = "act.1"
    assert tiktok.send(business_id="-other")["code"] == 40001
    clock.offset_s = 24 * HOUR + 1
    assert tiktok.send()["code"] == 40102


def test_refresh_rotates_both_tokens(tiktok: TikTok, clock: Clock) -> None:
    tiktok.sim.write(SHOP, ANA, "Hola")
    clock.offset_s = 25 * HOUR
    data = tiktok.refresh("rft.1")["data"]
    assert (data["open_id"], data["expires_in"]) == (SHOP, 86400)
    assert data["refresh_token_expires_in"] < 31536000 - 24 * HOUR
    assert tiktok.refresh("rft.1")["code"] == 40107
    assert tiktok.refresh(data["refresh_token"], "wrong")["code"] == 40107
    tiktok.token = data["access_token"]
    assert tiktok.send()["code"] == 0
    clock.offset_s = 366 * 24 * HOUR
    assert tiktok.refresh(data["refresh_token"])["code"] == 40103
    assert tiktok.ok(tiktok.call("POST", "tt_user/oauth2/refresh_token/", json={}))["code"] == 40002


# --- webhook registration and paths


def test_webhook_registration(tiktok: TikTok, receiver: Receiver) -> None:
    def listed(event_type: str, secret: str = SECRET) -> dict[str, Any]:
        query = {"app_id": APP, "secret": secret, "event_type": event_type}
        return tiktok.ok(tiktok.call("GET", "business/webhook/list/", params=query))

    assert listed("DIRECT_MESSAGE")["data"]["callback_url"] == receiver.url
    assert listed("COMMENT")["data"] == {"app_id": APP, "event_type": "COMMENT"}
    body = {"app_id": APP, "secret": SECRET, "event_type": "COMMENT", "callback_url": f"{receiver.url}2"}
    updated = tiktok.ok(tiktok.call("POST", "business/webhook/update/", json=body))
    assert updated["data"]["callback_url"] == f"{receiver.url}2"
    assert listed("COMMENT")["data"]["callback_url"] == f"{receiver.url}2"
    assert listed("COMMENT", "wrong")["code"] == 40002
    assert listed("comment.update")["code"] == 40002
    tiktok.sim.deliver(b'{"event": "comment.update"}')
    assert receiver.wait(1)[0].path == "/hook2"


def test_paths_end_with_a_slash(tiktok: TikTok) -> None:
    for path in ("business/message/send", "business/webhook/list", "nothing/"):
        assert tiktok.call("POST", path, json={}).status_code == 404


# --- faults and reset


def test_faults(tiktok: TikTok, faults: Faults, receiver: Receiver) -> None:
    tiktok.sim.write(SHOP, ANA, "Hola")
    faults.add("tiktok", "status", status=200, code=40100, count=1)
    assert tiktok.send()["code"] == 40100
    faults.add("tiktok", "status", status=503, retry_after=1.5, count=1)
    answer = tiktok.call("POST", SEND, json={})
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "1.5")
    faults.add("tiktok", "reset", count=1)
    with pytest.raises(requests.ConnectionError):
        tiktok.send()
    assert [entry["code"] for entry in tiktok.sim.sent()] == [40100, 60001]
    assert len(receiver.calls) == 1


def test_timeout_after_accept_still_echoes(tiktok: TikTok, faults: Faults, receiver: Receiver) -> None:
    tiktok.sim.write(SHOP, ANA, "Hola")
    faults.add("tiktok", "timeout_after_accept")
    body: dict[str, Any] = {"business_id": SHOP, "recipient_type": "CONVERSATION", "recipient": THREAD}
    body |= {"message_type": "TEXT", "text": {"body": "x"}}
    url = f"{tiktok.sim.url}/open_api/v1.3/{SEND}"
    with pytest.raises(requests.ReadTimeout):
        requests.post(url, json=body, headers={"Access-Token": "act.1"}, timeout=0.1)
    echo = json.loads(receiver.json(2)["content"])
    assert echo["message_id"] == tiktok.sim.sent()[0]["message_id"]


def test_reset_forgets_conversations_and_keeps_accounts(tiktok: TikTok) -> None:
    tiktok.sim.write(SHOP, ANA, "Hola")
    tiktok.send()
    tiktok.sim.reset()
    assert tiktok.sim.sent() == []
    assert tiktok.send()["code"] == 40002
    assert tiktok.sim.accounts() == [SHOP]
