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

from sandbox.simulators.tiktok.inbox import Conversation, conversation_id_of, message, webhook
from sandbox.simulators.tiktok.simulator import TikTokSimulator
from sandbox.stage.clock import Clock
from sandbox.stage.faults import Faults
from tests.sandbox.conftest import WAIT_S, Receiver

SHOP, ANA = "-000Business", "+Customer/1"
APP, SECRET = "7600000000000000001", "app-secret"
HOUR = 3600.0
THREAD = conversation_id_of(SHOP, ANA)
SEND = "business/message/send/"
UPLOAD = "business/message/media/upload/"
DOWNLOAD = "business/message/media/download/"
CAPABLE = "business/message/capabilities/get/"
CONTENT = "business/message/content/list/"
PNG = b"\x89PNG\r\n\x1a\n" + b"\r\n--\r\n" + bytes(range(256))
JPEG = b"\xff\xd8\xff\xe0" + bytes(9)


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
        self.refresh_token = "rft.1"

    def call(self, method: str, path: str, **kwargs: Any) -> requests.Response:
        url = f"{self.sim.url}/open_api/v1.3/{path}"
        return requests.request(method, url, headers={"Access-Token": self.token}, timeout=WAIT_S, **kwargs)

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

    def upload(
        self, body: bytes = PNG, name: str | None = "a.png", mime: str = "image/png", **changed: str | None
    ) -> dict[str, Any]:
        texts = {"business_id": SHOP, "media_type": "IMAGE"} | changed
        data = {key: value for key, value in texts.items() if value is not None}
        return self.ok(self.call("POST", UPLOAD, data=data, files={"file": (name, body, mime)}))

    def uploaded(self) -> str:
        return str(self.upload()["data"]["media_id"])

    def said(self, kind: str, media_id: str, message_id: str = "m/1=") -> None:
        """Ana sends a picture or a video."""
        block = {"type": kind, kind: {"media_id": media_id}}
        thread = Conversation(THREAD, SHOP, ANA, "ana")
        content = message(thread, "our_shop", message_id, block, 0, echo=False)
        self.sim.deliver(webhook(APP, SHOP, "im_receive_msg", content, 0))

    def download(self, held: str, kind: str = "IMAGE", **changed: str) -> dict[str, Any]:
        body = {"business_id": SHOP, "conversation_id": THREAD, "message_id": "m/1=", "media_id": held}
        return self.ok(self.call("POST", DOWNLOAD, json=body | {"media_type": kind} | changed))

    def capable(self, kind: str, **changed: str) -> dict[str, Any]:
        query = {"business_id": SHOP, "conversation_id": THREAD, "conversation_type": kind}
        return self.ok(self.call("GET", CAPABLE, params=query | {"capability_types": '["IMAGE_SEND"]'} | changed))

    def commented(self, comment_id: str = "724") -> None:
        """TikTok takes a comment of Ana's for a question."""
        person = {"id": ANA, "role": "personal_account"}
        content = {"from": "ana", "from_user": person, "comment_id": comment_id, "comment_text": "How much?"}
        self.sim.deliver(webhook(APP, SHOP, "im_receive_high_intent_comment", content, 0))

    def answer_comment(self, comment_id: str = "724", **changed: Any) -> dict[str, Any]:
        reply = {"reply_type": "COMMENT_REPLY", "comment_reply": {"comment_id": comment_id}}
        return self.send(**{"recipient_type": None, "recipient": None, "direct_reply": reply} | changed)

    def renew(self) -> None:
        data = self.refresh(self.refresh_token)["data"]
        self.token, self.refresh_token = data["access_token"], data["refresh_token"]

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


def template(kind: str = "QA_BUTTON_CARD", question: str = "?", **changed: Any) -> dict[str, Any]:
    button = {"type": "REPLY", "title": "Yes", "id": "yes"} | changed
    return {"type": kind, "title": question, "buttons": [{k: v for k, v in button.items() if v is not None}]}


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
    delivery.join(WAIT_S)
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
    sender.join(WAIT_S)
    assert got == [0]
    tiktok.sim.echo = "none"
    tiktok.send()
    tiktok.sim.write(SHOP, ANA, "more")
    assert [json.loads(call.body)["event"] for call in receiver.wait(3)][2] == "im_receive_msg"


def test_the_other_messages(tiktok: TikTok, receiver: Receiver) -> None:
    tiktok.sim.write(SHOP, ANA, "Hola")
    for body in (
        of_type("IMAGE", image={"media_id": tiktok.uploaded()}),
        of_type("SHARE_POST", share_post={"item_id": "1"}),
        of_type("TEMPLATE", template=template()),
        {"referenced_message_info": {"referenced_message_id": "m"}},
    ):
        assert tiktok.send(**body)["code"] == 0, body
    echoes = [json.loads(json.loads(call.body)["content"]) for call in receiver.wait(5)[1:]]
    by_type = {echo["type"]: echo for echo in echoes}  # whose order nobody promises
    assert set(by_type) == {"image", "share_post", "template", "text"}
    assert by_type["template"]["template"]["elements"][0]["buttons"][0] == {"text": "Yes", "type": "REPLY", "id": "yes"}
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
        of_type("SENDER_ACTION", sender_action="TYPING", recipient="unknown"),
        of_type("IMAGE", image={"media_id": "never-uploaded"}),
        {"direct_reply": {"reply_type": "COMMENT_REPLY", "comment_reply": {"comment_id": "1"}}},
    ],
)
def test_bad_parameters(tiktok: TikTok, changed: dict[str, Any]) -> None:
    tiktok.sim.write(SHOP, ANA, "Hola")
    assert tiktok.send(**changed)["code"] == 40002
    assert tiktok.sim.sent()[0]["code"] == 40002


@pytest.mark.parametrize(
    ("card", "code"),
    [
        (template(question="q" * 40, title="t" * 20, id="i" * 40), 0),
        (template(id=None), 0),
        (template("QA_LINK_CARD", title="t" * 40), 0),
        (template(question="q" * 41), 40002),
        (template(title="t" * 21), 40002),
        (template(id="i" * 41), 40002),
        (template(type="URL"), 40002),
        (template("QA_LINK_CARD", title="t" * 41), 40002),
        (template() | {"buttons": []}, 40002),
        (template() | {"buttons": template()["buttons"] * 4}, 40002),
    ],
)
def test_the_limits_of_templates(tiktok: TikTok, card: dict[str, Any], code: int) -> None:
    tiktok.sim.write(SHOP, ANA, "Hola")
    assert tiktok.send(**of_type("TEMPLATE", template=card))["code"] == code


def test_a_tap_is_the_buttons_text_and_says_which_button(tiktok: TikTok, receiver: Receiver) -> None:
    tiktok.sim.write(SHOP, ANA, "Hola")
    sent = tiktok.send(**of_type("TEMPLATE", template=template()))["data"]["message"]["message_id"]
    receiver.wait(2)
    tapped = tiktok.sim.tap(SHOP, ANA, sent, "yes")
    content = json.loads(receiver.json(3)["content"])
    assert (content["message_id"], content["conversation_id"]) == (tapped, THREAD)
    assert (content["type"], content["text"]) == ("text", {"body": "Yes"})
    assert content["reply_source_payload"] == {"reply_source_msg_id": sent, "reply_source_unique_id": "yes"}
    assert content["from_user"]["role"] == "personal_account"


@pytest.mark.parametrize(("customer", "choice"), [(ANA, "no"), ("+nobody", "yes")])
def test_what_was_not_offered_cannot_be_tapped(tiktok: TikTok, customer: str, choice: str) -> None:
    tiktok.sim.write(SHOP, ANA, "Hola")
    sent = tiktok.send(**of_type("TEMPLATE", template=template()))["data"]["message"]["message_id"]
    with pytest.raises(ValueError, match="no"):
        tiktok.sim.tap(SHOP, customer, sent, choice)


def test_an_action_sends_nothing_and_needs_no_window(tiktok: TikTok, receiver: Receiver, clock: Clock) -> None:
    tiktok.sim.write(SHOP, ANA, "Hola")
    clock.offset_s = 49 * HOUR
    tiktok.renew()
    assert tiktok.send(**of_type("SENDER_ACTION", sender_action="MARK_READ"))["code"] == 0
    tiktok.sim.write(SHOP, ANA, "more")
    assert [json.loads(call.body)["event"] for call in receiver.wait(2)] == ["im_receive_msg", "im_receive_msg"]


def test_six_thousand_characters_not_bytes(tiktok: TikTok) -> None:
    tiktok.sim.write(SHOP, ANA, "Hola")
    assert tiktok.send(text={"body": "ü" * 6000})["code"] == 0


def test_the_window(tiktok: TikTok, clock: Clock) -> None:
    tiktok.sim.write(SHOP, ANA, "Hola")
    clock.offset_s = 23 * HOUR
    assert tiktok.send()["code"] == 0
    tiktok.renew()
    clock.offset_s = 46 * HOUR
    assert tiktok.send()["code"] == 0
    tiktok.renew()
    clock.offset_s = 48 * HOUR + 60
    assert tiktok.send()["code"] == 40064
    tiktok.sim.write(SHOP, ANA, "I am back")
    assert tiktok.send()["code"] == 0


# --- comments


def test_a_comment_of_high_intent_is_answered_by_a_message(tiktok: TikTok, receiver: Receiver) -> None:
    tiktok.commented()
    answered = tiktok.answer_comment()
    echo = json.loads(receiver.json(2)["content"])
    assert answered["code"] == 0
    assert echo["message_id"] == answered["data"]["message"]["message_id"]
    assert (echo["conversation_id"], echo["to_user"]["id"]) == (THREAD, ANA)


def test_a_comment_is_answered_once(tiktok: TikTok, clock: Clock) -> None:
    tiktok.commented()
    tiktok.answer_comment()
    clock.offset_s = 25 * HOUR
    tiktok.renew()
    assert tiktok.answer_comment()["code"] == 40064


def test_a_comment_is_answered_within_two_days(tiktok: TikTok, clock: Clock) -> None:
    tiktok.commented()
    clock.offset_s = 48 * HOUR + 60
    tiktok.renew()
    assert tiktok.answer_comment()["code"] == 40064


def test_a_comments_author_must_not_have_written_that_day(tiktok: TikTok, clock: Clock) -> None:
    tiktok.sim.write(SHOP, ANA, "Hola")
    clock.offset_s = 23 * HOUR
    tiktok.commented()
    assert tiktok.answer_comment()["code"] == 40064
    clock.offset_s = 25 * HOUR
    tiktok.renew()
    assert tiktok.answer_comment()["code"] == 0


def test_after_its_answer_a_comments_author_has_to_write(tiktok: TikTok) -> None:
    tiktok.commented()
    tiktok.answer_comment()
    assert tiktok.send()["code"] == 40064
    tiktok.sim.write(SHOP, ANA, "Thanks")
    assert tiktok.send()["code"] == 0


@pytest.mark.parametrize(
    "changed",
    [
        {"direct_reply": {"reply_type": "COMMENT_REPLY", "comment_reply": {"comment_id": "unknown"}}},
        {"direct_reply": {"reply_type": "COMMENT_REPLY"}},
        {"recipient": THREAD},
        {"recipient_type": "CONVERSATION"},
        of_type("SENDER_ACTION", sender_action="TYPING"),
    ],
)
def test_bad_answers_to_comments(tiktok: TikTok, changed: dict[str, Any]) -> None:
    tiktok.commented()
    assert tiktok.answer_comment(**changed)["code"] == 40002


# --- media


@pytest.mark.parametrize(
    ("kind", "media", "has", "mime"),
    [
        ("image", "image", b"\xff\xd8\xff", "image/jpeg"),
        ("image", "png", b"\x89PNG\r\n\x1a\n", "image/png"),
        ("video", "video", b"ftypisom", "video/mp4"),
    ],
)
def test_a_customers_media_is_downloaded_with_the_token(
    tiktok: TikTok, kind: str, media: str, has: bytes, mime: str
) -> None:
    media_id = tiktok.sim.media()[media]
    tiktok.said(kind, media_id)
    url = tiktok.download(media_id, kind.upper())["data"]["download_url"]
    got = requests.get(url, headers={"x-user": "act.1"}, timeout=WAIT_S)
    assert (got.status_code, got.headers["Content-Type"]) == (200, mime)
    assert has in got.content[:12]


@pytest.mark.parametrize(
    ("header", "changed"),
    [({}, ""), ({"x-user": "act.no"}, ""), ({"Access-Token": "act.1"}, ""), ({"x-user": "act.1"}, "0")],
)
def test_a_file_needs_its_token_and_its_signature(tiktok: TikTok, header: dict[str, str], changed: str) -> None:
    media_id = tiktok.sim.media()["image"]
    tiktok.said("image", media_id)
    url = tiktok.download(media_id)["data"]["download_url"] + changed
    assert requests.get(url, headers=header, timeout=WAIT_S).status_code == 403


def test_a_download_url_lasts_a_day(tiktok: TikTok, clock: Clock) -> None:
    media_id = tiktok.sim.media()["image"]
    tiktok.said("image", media_id)
    url = tiktok.download(media_id)["data"]["download_url"]
    clock.offset_s = 24 * HOUR + 1
    tiktok.renew()
    assert requests.get(url, headers={"x-user": tiktok.token}, timeout=WAIT_S).status_code == 403


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"media_type": "VIDEO"}, 40007),
        ({"media_type": "AUDIO"}, 40002),
        ({"message_id": "another"}, 40007),
        ({"media_id": "another"}, 40007),
        ({"conversation_id": "another"}, 40002),
        ({"business_id": "another"}, 40001),
    ],
)
def test_media_is_asked_for_by_all_of_its_ids(tiktok: TikTok, changed: dict[str, str], code: int) -> None:
    media_id = tiktok.sim.media()["image"]
    tiktok.said("image", media_id)
    assert tiktok.download(media_id, **changed)["code"] == code


def test_media_that_tiktok_does_not_hold_is_not_found(tiktok: TikTok) -> None:
    tiktok.said("image", "v10040g50000gone")
    assert tiktok.download("v10040g50000gone")["code"] == 40007


def test_an_upload_is_kept_byte_for_byte(tiktok: TikTok) -> None:
    media_id = tiktok.uploaded()
    [kept] = tiktok.sim.uploads()
    assert (kept["media_id"], kept["name"], kept["mime"], kept["size"]) == (media_id, "a.png", "image/png", len(PNG))
    assert kept["sha256"] == hashlib.sha256(PNG).hexdigest()


@pytest.mark.parametrize(
    ("body", "mime", "code"),
    [
        (JPEG, "image/jpeg", 0),
        (PNG.ljust(3 * 1024 * 1024, b"x"), "image/png", 0),
        (PNG.ljust(3 * 1024 * 1024 + 1, b"x"), "image/png", 40907),
        (JPEG, "image/png", 40908),
        (b"GIF89a", "image/gif", 40908),
        (b"RIFF....WEBP", "image/jpeg", 40908),
    ],
)
def test_uploads_are_jpg_or_png_of_three_megabytes(tiktok: TikTok, body: bytes, mime: str, code: int) -> None:
    assert tiktok.upload(body, "a", mime)["code"] == code


@pytest.mark.parametrize(
    ("changed", "code"),
    [({"media_type": "VIDEO"}, 40002), ({"media_type": None}, 40002), ({"business_id": None}, 40002),
     ({"business_id": "-other"}, 40001), ({"name": ""}, 40002)],
)  # fmt: skip
def test_an_upload_needs_all_of_its_fields(tiktok: TikTok, changed: dict[str, Any], code: int) -> None:
    assert tiktok.upload(**changed)["code"] == code


def test_an_upload_is_multipart(tiktok: TikTok) -> None:
    assert tiktok.ok(tiktok.call("POST", UPLOAD, json={"business_id": SHOP}))["code"] == 40002


def test_an_uploaded_picture_may_be_sent_for_thirty_days(tiktok: TikTok, clock: Clock) -> None:
    media_id = tiktok.uploaded()
    clock.offset_s = 30 * 24 * HOUR + 60
    tiktok.renew()
    tiktok.sim.write(SHOP, ANA, "Hola")
    assert tiktok.send(**of_type("IMAGE", image={"media_id": media_id}))["code"] == 40002


def test_a_strangers_conversation_turns_single_with_the_first_answer(tiktok: TikTok) -> None:
    def can(kind: str) -> object:
        [info] = tiktok.capable(kind)["data"]["capability_infos"]
        assert info["capability_type"] == "IMAGE_SEND"
        return info["capability_result"]

    tiktok.sim.write(SHOP, ANA, "Hola")
    assert (can("STRANGER"), can("SINGLE")) == (True, False)
    tiktok.send()
    assert (can("STRANGER"), can("SINGLE")) == (False, True)


def test_pictures_are_not_taken_everywhere(tiktok: TikTok) -> None:
    tiktok.sim.images_allowed = False
    tiktok.sim.write(SHOP, ANA, "Hola")
    assert tiktok.capable("STRANGER")["data"]["capability_infos"][0]["capability_result"] is False
    assert tiktok.send(**of_type("IMAGE", image={"media_id": tiktok.uploaded()}))["code"] == 40002


@pytest.mark.parametrize(
    "changed",
    [{"conversation_type": "GROUP"}, {"conversation_id": "x"}, {"conversation_id": ""}, {"capability_types": "[]"},
     {"capability_types": "IMAGE_SEND"}],
)  # fmt: skip
def test_bad_questions_for_a_capability(tiktok: TikTok, changed: dict[str, str]) -> None:
    tiktok.sim.write(SHOP, ANA, "Hola")
    assert tiktok.capable("SINGLE", **changed)["code"] == 40002


def test_a_plus_that_is_not_escaped_is_no_conversation(tiktok: TikTok) -> None:
    tiktok.sim.write(SHOP, ANA, "Hola")
    path = f"{CONTENT}?business_id={SHOP}&conversation_id={THREAD}"
    assert tiktok.ok(tiktok.call("GET", path))["message"] == "Param conversation_id is invalid."


def test_a_conversation_tells_who_takes_part_and_its_newest_messages(tiktok: TikTok) -> None:
    for number in range(20):
        tiktok.sim.write(SHOP, ANA, f"{number}")
    tiktok.send(**of_type("TEMPLATE", template=template()))
    query = {"business_id": SHOP, "conversation_id": THREAD}
    data = tiktok.ok(tiktok.call("GET", CONTENT, params=query))["data"]
    shop, ana = data["participants"]
    assert (shop["id"], shop["role"], shop["display_name"]) == (SHOP, "BUSINESS_ACCOUNT", "our_shop")
    assert (ana["id"], ana["role"], ana["is_follower"]) == (ANA, "PERSONAL_ACCOUNT", True)
    assert len(data["messages"]) == 20
    first, last = data["messages"][0], data["messages"][-1]
    assert (first["message_type"], first["text"]) == ("TEXT", {"body": "1"})
    assert first["from_user"] == {"id": ANA, "role": "PERSONAL_ACCOUNT"}
    assert (last["message_type"], last["sender"], last["template"]) == ("TEMPLATE", "our_shop", template())


def test_what_the_brand_wrote_in_the_app_is_listed_as_written_there(tiktok: TikTok, receiver: Receiver) -> None:
    tiktok.sim.echo = "none"
    tiktok.sim.write(SHOP, ANA, "Hola")
    tiktok.send()
    tiktok.sim.say(SHOP, ANA, {"type": "text", "text": {"body": "From the app"}}, by_brand=True)
    reaction = [{"operation": "ADD", "emoji": "👍", "original_msg_id": "m"}]
    tiktok.sim.say(SHOP, ANA, {"type": "reaction", "reaction": reaction}, by_brand=True)
    echo = json.loads(receiver.json(2)["content"])
    assert (echo["from_user"]["id"], echo["message_tag"]) == (SHOP, {"source": "APP"})
    query = {"business_id": SHOP, "conversation_id": THREAD}
    listed = tiktok.ok(tiktok.call("GET", CONTENT, params=query))["data"]["messages"]
    told = [(one["from_user"]["id"], one["text"]["body"], one["message_tag"]["source"]) for one in listed]
    assert told == [(ANA, "Hola", "APP"), (SHOP, "Hi", "API"), (SHOP, "From the app", "APP")]


@pytest.mark.parametrize(
    ("card", "title", "buttons"),
    [
        ({"type": "qa_link_card", "elements": [{"title": "Papers", "buttons": [{"text": "Ask"}]}]}, "Papers", ["Ask"]),
        ({"type": "carousel", "elements": [{"title": "One", "url": "https://x"}, {"title": "Two"}]}, "One", []),
        ({"title": "Alone"}, "Alone", []),
        ({"elements": "none"}, "", []),
        ("a card", "", []),
    ],
)
def test_a_businesss_template_of_any_shape_is_told_and_listed(
    tiktok: TikTok, receiver: Receiver, card: Any, title: str, buttons: list[str]
) -> None:
    tiktok.sim.say(SHOP, ANA, {"type": "template", "template": card})
    assert json.loads(receiver.json(1)["content"])["template"] == card
    data = tiktok.ok(tiktok.call("GET", CONTENT, params={"business_id": SHOP, "conversation_id": THREAD}))["data"]
    [listed] = data["messages"]
    assert (listed["message_type"], listed["template"]["title"]) == ("TEMPLATE", title)
    assert [button["title"] for button in listed["template"]["buttons"]] == buttons


@pytest.mark.parametrize("event", ["im_something_new", "message.recalled", "Sticker-Pack.Added"])
def test_an_event_of_a_kind_that_is_new_is_told_like_any_other(tiktok: TikTok, receiver: Receiver, event: str) -> None:
    tiktok.sim.tell(SHOP, ANA, event, {"about": "m1"})
    told = receiver.json(1)
    assert (told["event"], json.loads(told["content"])["about"]) == (event, "m1")


def test_a_message_of_an_unknown_kind_is_listed_without_its_content(tiktok: TikTok) -> None:
    content = message(Conversation(THREAD, SHOP, ANA, "ana"), "our_shop", "m", {"type": "voice"}, 0, echo=False)
    tiktok.sim.deliver(webhook(APP, SHOP, "im_receive_msg", content, 0))
    query = {"business_id": SHOP, "conversation_id": THREAD}
    data = tiktok.ok(tiktok.call("GET", CONTENT, params=query))["data"]
    assert [one["message_type"] for one in data["messages"]] == ["OTHER"]


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
    tiktok.sim.deliver(b'{"event": "comment.update", "content": "before"}')
    body = {"app_id": APP, "secret": SECRET, "event_type": "COMMENT", "callback_url": f"{receiver.url}2"}
    updated = tiktok.ok(tiktok.call("POST", "business/webhook/update/", json=body))
    assert updated["data"]["callback_url"] == f"{receiver.url}2"
    assert listed("COMMENT")["data"]["callback_url"] == f"{receiver.url}2"
    assert listed("COMMENT", "wrong")["code"] == 40002
    assert listed("comment.update")["code"] == 40002
    tiktok.sim.deliver(b'{"event": "comment.update"}')
    assert [(call.path, b"before" in call.body) for call in receiver.wait(1)] == [("/hook2", False)]


def test_without_a_webhook_nothing_is_delivered(tiktok: TikTok, receiver: Receiver) -> None:
    body = {"app_id": APP, "secret": SECRET, "event_type": "DIRECT_MESSAGE"}
    deleted = tiktok.ok(tiktok.call("POST", "business/webhook/delete/", json=body))
    assert deleted["data"] == {"app_id": APP, "event_type": "DIRECT_MESSAGE"}
    query = tiktok.ok(tiktok.call("GET", "business/webhook/list/", params=body))
    assert "callback_url" not in query["data"]
    tiktok.sim.write(SHOP, ANA, "Hola")
    assert tiktok.send()["code"] == 0
    back = body | {"callback_url": receiver.url}
    tiktok.ok(tiktok.call("POST", "business/webhook/update/", json=back))
    tiktok.sim.write(SHOP, ANA, "again")
    assert "again" in receiver.json(1)["content"]


@pytest.mark.parametrize("changed", [{"secret": "wrong"}, {"event_type": "COMMENT"}])
def test_bad_webhook_deletions(tiktok: TikTok, changed: dict[str, str]) -> None:
    body = {"app_id": APP, "secret": SECRET, "event_type": "DIRECT_MESSAGE"} | changed
    assert tiktok.ok(tiktok.call("POST", "business/webhook/delete/", json=body))["code"] == 40002


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
    tiktok.upload()
    tiktok.sim.reset()
    assert (tiktok.sim.sent(), tiktok.sim.uploads()) == ([], [])
    assert tiktok.send()["code"] == 40002
    assert tiktok.sim.accounts() == [SHOP]
