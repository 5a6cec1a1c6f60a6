"""The simulated Instagram, over real HTTP."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
import requests

from sandbox.simulators.instagram.simulator import InstagramSimulator
from sandbox.stage.clock import Clock
from sandbox.stage.faults import Faults
from sandbox.stage.web import Answer, WebServer
from tests.sandbox.conftest import WAIT_S, Receiver, until

IG, PAGE, ANA = "17841400000000001", "100000000000002", "1000000000000001"
DAY = 86400.0
SECRET = "app-secret"


class Meta:
    """A simulator with an account of each login flavour; `token` and `node` choose who calls."""

    def __init__(self, clock: Clock, faults: Faults, receiver: Receiver) -> None:
        self.sim = InstagramSimulator(clock, faults, retry_delays_s=(0, 0.01), webhook_timeout_s=0.3)
        self.sim.add_account(IG, access_token="IGAA1", app_secret=SECRET, webhook_url=receiver.url)
        self.sim.add_account(
            "17841400000000002",
            access_token="EAA1",
            app_secret=SECRET,
            webhook_url=receiver.url,
            login="facebook",
            page_id=PAGE,
            human_agent=True,
        )
        self.sim.start()
        self.token, self.node = "IGAA1", IG

    def call(self, method: str, path: str, **kwargs: Any) -> requests.Response:
        headers = {"Authorization": f"Bearer {self.token}"}
        return requests.request(method, self.sim.url + path, headers=headers, timeout=WAIT_S, **kwargs)

    def post(self, body: Any, version: str = "v25.0") -> requests.Response:
        return self.call("POST", f"/{version}/{self.node}/messages", json=body)

    def send(self, text: str = "Hi", to: str = ANA, **more: Any) -> requests.Response:
        return self.post({"recipient": {"id": to}, "message": {"text": text}} | more)


@pytest.fixture
def meta(clock: Clock, faults: Faults, receiver: Receiver) -> Iterator[Meta]:
    made = Meta(clock, faults, receiver)
    yield made
    made.sim.stop()


def error(answer: requests.Response) -> tuple[int, int, int | None]:
    """HTTP status, code, subcode."""
    body = answer.json()["error"]
    assert body["fbtrace_id"]
    return answer.status_code, body["code"], body.get("error_subcode")


def to_ana(**message: Any) -> dict[str, Any]:
    return {"recipient": {"id": ANA}, "message": message}


def media(kind: str = "image", **payload: Any) -> dict[str, Any]:
    return {"type": kind, "payload": payload or {"url": "https://x/a.jpg"}}


def fetch(url: str) -> requests.Response:
    return requests.get(url, timeout=WAIT_S)


# --- webhooks


def test_a_written_message_is_a_signed_webhook(meta: Meta, receiver: Receiver) -> None:
    mid = meta.sim.write(IG, ANA, "¿qué? 🚚 a/b")
    call = receiver.wait(1)[0]
    key = SECRET.encode()
    assert call.header("X-Hub-Signature-256") == "sha256=" + hmac.new(key, call.body, hashlib.sha256).hexdigest()
    assert call.header("X-Hub-Signature") == "sha1=" + hmac.new(key, call.body, hashlib.sha1).hexdigest()
    assert call.header("User-Agent") == "facebookexternalua"
    assert call.header("Content-Type") == "application/json"
    assert call.body.isascii()
    assert b"a\\/b" in call.body
    payload = json.loads(call.body)
    entry = payload["entry"][0]
    event = entry["messaging"][0]
    assert (payload["object"], entry["id"]) == ("instagram", IG)
    assert (event["sender"]["id"], event["recipient"]["id"]) == (ANA, IG)
    assert event["message"] == {"mid": mid, "text": "¿qué? 🚚 a/b"}


def test_mids_have_the_real_form(meta: Meta) -> None:
    mid = meta.sim.write(IG, ANA, "x")
    assert 150 < len(mid) < 180
    inner = base64.b64decode(mid.replace("ZD", "=").replace("ZA", "Z")).decode()
    assert inner.startswith(f"ig_dm_item:1:IGMessageID:{IG}:")
    assert meta.sim.write(IG, ANA, "x") != mid


def test_deliver_keeps_the_bytes_and_reports_the_first_status(meta: Meta, receiver: Receiver) -> None:
    receiver.answers = [503, 201]
    raw = b'{ "entry" : "not what one expects" }'
    assert meta.sim.deliver(raw, app_secret="another") == 503
    calls = receiver.wait(3)  # 201 is not 200 either
    assert {call.body for call in calls} == {raw}
    digest = hmac.new(b"another", raw, hashlib.sha256).hexdigest()
    assert calls[2].header("X-Hub-Signature-256") == f"sha256={digest}"
    assert meta.sim.deliver(b"\xff no json") == 200


def test_deliver_needs_an_account(clock: Clock, faults: Faults) -> None:
    sim = InstagramSimulator(clock, faults)
    with pytest.raises(ValueError, match="no Instagram account"):
        sim.deliver(b"{}")
    with pytest.raises(ValueError, match="page_id"):
        sim.add_account(IG, access_token="t", app_secret="s", webhook_url="http://x", login="facebook")
    sim.stop()


def test_the_handshake(meta: Meta, receiver: Receiver) -> None:
    assert meta.sim.verify("token") == (200, "1158201444")


# --- sending


def test_a_send_is_answered_recorded_and_echoed(meta: Meta, receiver: Receiver) -> None:
    meta.sim.write(IG, ANA, "Hola")
    answer = meta.send("Grüße 🚚")
    assert answer.json()["recipient_id"] == ANA
    mid = answer.json()["message_id"]
    event = receiver.json(2)["entry"][0]["messaging"][0]
    assert (event["sender"]["id"], event["recipient"]["id"]) == (IG, ANA)
    assert event["message"] == {"mid": mid, "text": "Grüße 🚚", "is_echo": True}
    record = meta.sim.sent()[0]
    assert (record["status"], record["message_id"], record["code"]) == (200, mid, None)
    assert record["path"] == f"/v25.0/{IG}/messages"
    assert record["body"]["message"] == {"text": "Grüße 🚚"}


def test_echo_before_the_answer(meta: Meta, receiver: Receiver) -> None:
    meta.sim.write(IG, ANA, "Hola")
    meta.sim.echo = "before"
    receiver.gate = threading.Event()
    got: list[int] = []
    sender = threading.Thread(target=lambda: got.append(meta.send().status_code))
    sender.start()
    receiver.wait(2)
    assert not got  # the echo is being answered, the send is not yet
    receiver.gate.set()
    sender.join(WAIT_S)
    assert got == [200]


def test_no_echo(meta: Meta, receiver: Receiver) -> None:
    meta.sim.echo = "none"
    meta.sim.write(IG, ANA, "Hola")
    meta.send()
    meta.sim.write(IG, ANA, "more")
    assert not any(b"is_echo" in call.body for call in receiver.wait(2))


def test_the_echo_of_a_file_shows_it_on_the_cdn(meta: Meta, receiver: Receiver) -> None:
    meta.sim.write(IG, ANA, "Hola")
    url = meta.sim.media()["video"]
    assert meta.post(to_ana(attachment=media("video", url=url))).status_code == 200
    [shown] = receiver.json(2)["entry"][0]["messaging"][0]["message"]["attachments"]
    assert shown["type"] == "video"
    assert shown["payload"]["url"] != url
    assert fetch(shown["payload"]["url"]).content == fetch(url).content


def test_the_echo_of_cards_has_no_template_type(meta: Meta, receiver: Receiver) -> None:
    meta.sim.write(IG, ANA, "Hola")
    elements = [{"title": "T", "subtitle": "S"}]
    template = {"template_type": "generic", "elements": elements}
    assert meta.post(to_ana(attachment={"type": "template", "payload": template})).status_code == 200
    message = receiver.json(2)["entry"][0]["messaging"][0]["message"]
    assert message["attachments"] == [{"type": "template", "payload": {"generic": {"elements": elements}}}]


@pytest.mark.parametrize("kind", ["image", "audio", "video", "file"])
def test_each_kind_of_file_is_fetched(meta: Meta, kind: str) -> None:
    meta.sim.write(IG, ANA, "Hola")
    files = [media(kind, url=meta.sim.media()[kind])]
    message: dict[str, Any] = {"attachments": files * 10} if kind == "image" else {"attachment": files[0]}
    assert meta.post(to_ana(**message)).status_code == 200


@pytest.mark.parametrize(
    ("kind", "name", "subcode"),
    [
        ("image", "video", 2018047),
        ("file", "image", 2018047),
        ("image", "html_named_jpg", 2018047),
        ("video", "audio", 2018047),
        ("video", "huge", 2018109),
        ("video", "huge_undeclared", 2018109),
    ],
)
def test_a_file_that_is_not_what_it_should_be_is_refused(meta: Meta, kind: str, name: str, subcode: int) -> None:
    meta.sim.write(IG, ANA, "Hola")
    assert error(meta.post(to_ana(attachment=media(kind, url=meta.sim.media()[name])))) == (400, 100, subcode)


def test_a_file_that_cannot_be_fetched_is_refused(meta: Meta, clock: Clock) -> None:
    url = meta.sim.media()["image"]
    meta.sim.write(IG, ANA, "Hola")
    for gone in ("http://127.0.0.1:1/a.png", url + "x", f"{meta.sim.url}/nothing"):
        assert error(meta.post(to_ana(attachment=media(url=gone)))) == (400, 100, 2018008)
    clock.offset_s = 2 * DAY
    meta.sim.write(IG, ANA, "again")
    assert error(meta.post(to_ana(attachment=media(url=url)))) == (400, 100, 2018008)


def test_a_redirect_to_a_file_is_followed(meta: Meta, receiver: Receiver) -> None:
    target = meta.sim.media()["image"]
    hop = WebServer(lambda call: Answer(302, b"", {"Location": target}))
    hop.start()
    meta.sim.write(IG, ANA, "Hola")
    assert meta.post(to_ana(attachment=media(url=hop.url + "/a"))).status_code == 200
    hop.stop()


def test_a_private_reply_whose_file_fails_may_be_tried_again(meta: Meta) -> None:
    comment(meta, "c1")
    to = {"recipient": {"comment_id": "c1"}}
    assert error(meta.post(to | {"message": {"attachment": media(url="http://127.0.0.1:1/")}})) == (400, 100, 2018008)
    assert meta.post(to | {"message": {"text": "DM"}}).status_code == 200


@pytest.mark.parametrize(
    "message",
    [
        {"text": "ü" * 500},
        {"text": "x", "quick_replies": [{"content_type": "text", "title": "Yes", "payload": "Y"}]},
        {"attachment": media("image", attachment_id="1")},
        {"attachment": {"type": "like_heart"}},
        {"attachment": {"type": "MEDIA_SHARE", "payload": {"id": "1"}}},
        {
            "attachment": {
                "type": "template",
                "payload": {
                    "template_type": "button",
                    "text": "?",
                    "buttons": [{"type": "web_url", "url": "https://x", "title": "X"}],
                },
            }
        },
        {
            "attachment": {
                "type": "template",
                "payload": {"template_type": "generic", "elements": [{"title": "T", "subtitle": "S"}]},
            }
        },
    ],
)
def test_the_documented_messages_are_accepted(meta: Meta, message: dict[str, Any]) -> None:
    meta.sim.write(IG, ANA, "Hola")
    assert meta.post(to_ana(**message)).status_code == 200


@pytest.mark.parametrize(
    "message",
    [
        {},
        {"text": ""},
        {"text": "x" * 1001},
        {"text": "ü" * 501},
        {"text": 5},
        {"text": "x", "attachment": media()},
        {"sticker": "x"},
        {"attachment": media("sticker")},
        {"attachment": media("image", url="ftp://x")},
        {"attachment": {"type": "image", "payload": {}}},
        {"attachments": [media()] * 11},
        {"attachments": [media("video")]},
        {"attachment": media(), "quick_replies": [{"content_type": "text", "title": "x"}]},
        {"text": "x", "quick_replies": [{"content_type": "text", "title": "x" * 21}]},
        {"text": "x", "quick_replies": [{"content_type": "user_phone_number"}]},
        {"text": "x", "quick_replies": [{"content_type": "user_email"}]},
        {"text": "x", "quick_replies": [{"content_type": "text", "title": "x"}] * 14},
        {"text": "x", "reply_to": {"mid": "m"}},
        {"text": "x", "metadata": "m" * 1001},
        {"metadata": "m"},
    ],
)
def test_other_messages_are_refused(meta: Meta, message: dict[str, Any]) -> None:
    meta.sim.write(IG, ANA, "Hola")
    assert error(meta.post(to_ana(**message))) == (400, 100, 2534015)
    assert meta.sim.sent()[0]["code"] == 100


@pytest.mark.parametrize(
    "body",
    [
        [],
        {"recipient": {"id": ANA}},
        {"message": {"text": "x"}},
        {"recipient": {}, "message": {"text": "x"}},
        {"recipient": {"id": ANA, "comment_id": "1"}, "message": {"text": "x"}},
        {"recipient": {"id": ANA}, "message": {"text": "x"}, "sender_action": "typing_on"},
        {"recipient": {"id": ANA}, "sender_action": "dance"},
        {"recipient": {"id": ANA}, "sender_action": "react"},
        {"recipient": {"id": ANA}, "sender_action": "typing_on", "payload": {"message_id": "m"}},
        {"recipient": {"id": ANA}, "message": {"text": "x"}, "tag": "ACCOUNT_UPDATE"},
        {"recipient": {"id": ANA}, "message": {"text": "x"}, "messaging_type": "MESSAGE_TAG"},
        {"recipient": {"id": ANA}, "message": {"text": "x"}, "unknown": 1},
        {"recipient": {"id": ANA}, "message": {"text": "x"}, "reply_to": {}},
        {"recipient": {"id": ANA}, "message": {"text": "x"}, "reply_to": {"mid": "nobody's"}},
        {"recipient": {"id": ANA}, "sender_action": "typing_on", "reply_to": {"mid": "m"}},
        {"recipient": {"comment_id": "c1"}, "message": {"text": "x"}, "reply_to": {"mid": "m"}},
    ],
)
def test_other_envelopes_are_refused(meta: Meta, body: Any) -> None:
    meta.sim.write(IG, ANA, "Hola")
    assert error(meta.post(body)) == (400, 100, None)


def test_sender_actions(meta: Meta, receiver: Receiver) -> None:
    meta.sim.write(IG, ANA, "Hola")
    for more in (
        {"sender_action": "typing_on"},
        {"sender_action": "react", "payload": {"message_id": "m", "reaction": "love"}},
    ):
        assert meta.post({"recipient": {"id": ANA}} | more).json() == {"recipient_id": ANA}
    assert len(receiver.calls) == 1


def test_someone_who_never_wrote_is_unknown(meta: Meta) -> None:
    assert error(meta.send()) == (400, 100, 2534014)
    meta.sim.write("17841400000000002", ANA, "to the other account")
    assert error(meta.send()) == (400, 100, 2534014)


def test_the_window_of_instagram_login(meta: Meta, clock: Clock) -> None:
    meta.sim.write(IG, ANA, "Hola")
    clock.offset_s = DAY - 60
    assert meta.send().status_code == 200
    clock.offset_s = DAY + 60
    answer = meta.send()
    assert error(answer) == (403, 10, 2534022)
    assert answer.json()["error"]["type"] == "IGApiException"
    # the account is not approved for the tag
    assert error(meta.send(tag="HUMAN_AGENT", messaging_type="MESSAGE_TAG")) == (403, 10, 2534022)
    meta.sim.write(IG, ANA, "I am back")
    assert meta.send().status_code == 200


def test_the_window_of_facebook_login_and_its_tag(meta: Meta, clock: Clock) -> None:
    meta.token, meta.node = "EAA1", PAGE
    meta.sim.write("17841400000000002", ANA, "Hola")
    clock.offset_s = DAY + 60
    answer = meta.send()
    assert error(answer) == (400, 10, 2018278)
    assert answer.json()["error"]["type"] == "OAuthException"
    assert meta.send(tag="HUMAN_AGENT").status_code == 200
    clock.offset_s = 7 * DAY + 60
    assert error(meta.send(tag="HUMAN_AGENT")) == (400, 10, 2018278)


def test_only_what_customers_say_opens_the_window(meta: Meta, clock: Clock) -> None:
    def deliver(**event: Any) -> None:
        sides = {"sender": {"id": ANA}, "recipient": {"id": IG}}
        entry = {"id": IG, "messaging": [sides | event]}
        meta.sim.deliver(json.dumps({"object": "instagram", "entry": [entry]}).encode())

    deliver(read={"mid": "m"})
    deliver(reaction={"mid": "m", "action": "react"})
    deliver(message={"mid": "m", "is_deleted": True})
    deliver(message={"mid": "m", "is_echo": True})
    assert error(meta.send()) == (400, 100, 2534014)
    deliver(postback={"mid": "m", "title": "Hours", "payload": "H"})
    assert meta.send().status_code == 200


def test_the_page_is_called_by_its_own_id_or_me(meta: Meta) -> None:
    meta.sim.write("17841400000000002", ANA, "Hola")
    meta.token, meta.node = "EAA1", "17841400000000002"
    assert error(meta.send()) == (400, 100, 33)
    for node in (PAGE, "me"):
        meta.node = node
        assert meta.send().status_code == 200


def comment(
    meta: Meta, comment_id: str, author: str = ANA, field: str = "comments", key: str = "id", flat: bool = False
) -> None:
    """`author` comments on a post of ours."""
    change = {"field": field, "value": {key: comment_id, "from": {"id": author}, "text": "price?"}}
    entry = {"id": IG} | (change if flat else {"changes": [change]})
    meta.sim.deliver(json.dumps({"object": "instagram", "entry": [entry]}).encode())


def reply(meta: Meta, comment_id: str) -> requests.Response:
    return meta.post({"recipient": {"comment_id": comment_id}, "message": {"text": "DM"}})


@pytest.mark.parametrize("field", ["comments", "live_comments"])
@pytest.mark.parametrize("key", ["id", "comment_id"])
@pytest.mark.parametrize("flat", [True, False])
def test_private_replies_once_per_comment(meta: Meta, field: str, key: str, flat: bool) -> None:
    comment(meta, "c1", field=field, key=key, flat=flat)
    assert reply(meta, "c1").json()["recipient_id"] == ANA
    assert error(reply(meta, "c1")) == (400, 100, 2534025)


def test_comments_that_may_not_be_replied_to(meta: Meta, clock: Clock) -> None:
    comment(meta, "c1")
    comment(meta, "c2", author=IG)
    for comment_id in ("c2", "c3"):
        assert error(reply(meta, comment_id)) == (400, 100, 2534025)
    clock.offset_s = 7 * DAY + 60
    assert error(reply(meta, "c1")) == (400, 100, 2534025)
    clock.offset_s = 0
    meta.token, meta.node = "EAA1", PAGE  # another account's comment
    assert error(reply(meta, "c1")) == (400, 100, 2534025)


def test_after_a_private_reply_the_person_has_to_write(meta: Meta) -> None:
    comment(meta, "c1")
    assert error(meta.send()) == (400, 100, 2534014)
    assert reply(meta, "c1").status_code == 200
    assert error(meta.send()) == (403, 10, 2534022)
    meta.sim.write(IG, ANA, "Thanks")
    assert meta.send().status_code == 200


def test_an_ad_opens_seven_days(meta: Meta, clock: Clock) -> None:
    message = {"mid": "m", "text": "Hi", "referral": {"source": "ADS", "ad_id": "1"}}
    event = {"sender": {"id": ANA}, "recipient": {"id": IG}, "message": message}
    meta.sim.deliver(json.dumps({"entry": [{"id": IG, "messaging": [event]}]}).encode())
    clock.offset_s = 7 * DAY - 60
    assert meta.send().status_code == 200
    clock.offset_s = 7 * DAY + 60
    assert error(meta.send()) == (403, 10, 2534022)


def test_versions_and_paths(meta: Meta) -> None:
    meta.sim.write(IG, ANA, "Hola")
    body = to_ana(text="x")
    for version in ("v21.0", "v25.0", "v27.0"):
        assert meta.post(body, version).status_code == 200
    assert error(meta.post(body, "v20.0"))[0] == 400
    assert error(meta.call("POST", f"/{IG}/messages", json=body))[1] == 2500
    assert error(meta.call("GET", f"/v25.0/{IG}/messages")) == (400, 100, 33)


# --- tokens


def test_tokens(meta: Meta, clock: Clock) -> None:
    assert meta.call("GET", "/v25.0/me").status_code == 200
    assert requests.get(f"{meta.sim.url}/v25.0/me?access_token=IGAA1", timeout=WAIT_S).status_code == 200
    meta.token = "wrong"
    assert error(meta.send()) == (400, 190, None)
    meta.token, clock.offset_s = "IGAA1", 61 * DAY
    assert error(meta.send()) == (400, 190, 463)
    meta.token = "EAA1"
    assert meta.call("GET", "/v25.0/me").status_code == 200


def test_refreshing_a_token(meta: Meta, clock: Clock) -> None:
    def refresh(token: str, grant: str = "ig_refresh_token", method: str = "GET") -> requests.Response:
        query = {"grant_type": grant, "access_token": token}
        return requests.request(method, f"{meta.sim.url}/refresh_access_token", params=query, timeout=WAIT_S)

    fresh = refresh("IGAA1").json()
    assert (fresh["token_type"], fresh["expires_in"]) == ("bearer", 60 * 86400)
    assert error(refresh(fresh["access_token"]))[1] == 100  # not a day old yet
    assert error(refresh("wrong"))[1] == 190
    assert error(refresh("IGAA1", "other"))[1] == 100
    assert error(refresh("IGAA1", method="POST"))[1] == 100
    for token in ("IGAA1", fresh["access_token"]):
        meta.token = token
        assert meta.call("GET", "/v25.0/me").status_code == 200
    clock.offset_s = 61 * DAY
    assert error(refresh("IGAA1")) == (400, 190, 463)


def test_exchanging_a_token(meta: Meta) -> None:
    query = {"grant_type": "ig_exchange_token", "access_token": "IGAA1", "client_secret": SECRET}
    assert requests.get(f"{meta.sim.url}/access_token", params=query, timeout=WAIT_S).json()["access_token"]
    wrong = requests.get(f"{meta.sim.url}/access_token", params=query | {"client_secret": "x"}, timeout=WAIT_S)
    assert error(wrong)[1] == 1


# --- taps


def test_a_tapped_quick_reply_is_a_message_with_its_payload(meta: Meta, receiver: Receiver) -> None:
    meta.sim.write(IG, ANA, "Hola")
    replies = [{"content_type": "text", "title": title, "payload": title[0]} for title in ("Yes", "No")]
    mid = meta.post(to_ana(text="?", quick_replies=replies)).json()["message_id"]
    assert "quick_replies" not in receiver.json(2)["entry"][0]["messaging"][0]["message"]
    for choice in ("N", "No"):
        tap = meta.sim.tap(IG, ANA, mid, choice)
        event = json.loads(receiver.calls[-1].body)["entry"][0]["messaging"][0]
        assert event["sender"] == {"id": ANA}
        assert event["message"] == {"mid": tap, "text": "No", "quick_reply": {"payload": "N"}}
    assert tap != mid


def test_a_tapped_button_is_a_postback_that_opens_the_window(meta: Meta, receiver: Receiver, clock: Clock) -> None:
    meta.sim.write(IG, ANA, "Hola")
    meta.sim.echo = "none"
    buttons = [
        {"type": "web_url", "url": "https://x", "title": "See"},
        {"type": "postback", "title": "Buy", "payload": "B"},
    ]
    payload = {"template_type": "generic", "elements": [{"title": "T"}, {"title": "U", "buttons": buttons}]}
    mid = meta.post(to_ana(attachment={"type": "template", "payload": payload})).json()["message_id"]
    clock.offset_s = 2 * DAY
    tap = meta.sim.tap(IG, ANA, mid, "Buy")
    event = receiver.json(2)["entry"][0]["messaging"][0]
    assert event["postback"] == {"mid": tap, "title": "Buy", "payload": "B"}
    assert meta.send().status_code == 200
    with pytest.raises(ValueError, match="offers no 'See'"):
        meta.sim.tap(IG, ANA, mid, "See")


def test_only_what_was_sent_to_the_person_can_be_tapped(meta: Meta) -> None:
    meta.sim.write(IG, ANA, "Hola")
    mid = meta.send().json()["message_id"]
    with pytest.raises(ValueError, match="was sent to 2"):
        meta.sim.tap(IG, "2", mid, "x")


# --- media


@pytest.mark.parametrize(
    ("name", "mime", "start"),
    [
        ("image", "image/png", b"\x89PNG\r\n\x1a\n"),
        ("video", "video/mp4", b"\x00\x00\x00\x18ftypisom"),
        ("audio", "audio/mp4", b"\x00\x00\x00\x18ftypM4A "),
        ("file", "application/pdf", b"%PDF-1.4\n"),
        ("html_named_jpg", "image/jpeg", b"<!doctype html>"),
    ],
)
def test_media_are_served_to_whoever_has_the_url(meta: Meta, name: str, mime: str, start: bytes) -> None:
    answer = fetch(meta.sim.media()[name])
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, mime)
    assert answer.content.startswith(start)


@pytest.mark.parametrize(("name", "declared"), [("huge", True), ("huge_undeclared", False)])
def test_huge_media_have_more_than_25_mb(meta: Meta, name: str, declared: bool) -> None:
    with requests.get(meta.sim.media()[name], timeout=WAIT_S, stream=True) as answer:
        assert ("Content-Length" in answer.headers) is declared
        assert sum(map(len, answer.iter_content(1 << 20))) > 25 * 1024 * 1024


def test_media_urls_are_signed_and_expire(meta: Meta, clock: Clock) -> None:
    url, other = meta.sim.media()["image"], meta.sim.media()["image"]
    assert url != other
    assert fetch(url[:-1]).status_code == 403
    assert fetch(url.replace("asset_id=", "asset_id=1")).status_code == 403
    assert fetch(f"{meta.sim.url}/ig_messaging_cdn/?asset_id=1&signature=%C3%BC").status_code == 403
    meta.sim.reset()
    clock.offset_s = DAY - 60
    assert fetch(url).status_code == 200
    clock.offset_s = DAY + 60
    assert fetch(url).status_code == 404


# --- reading


def test_profiles_need_consent(meta: Meta) -> None:
    path = f"/v25.0/{ANA}?fields=name,username,profile_pic,follower_count,is_verified_user"
    assert error(meta.call("GET", path)) == (400, 230, None)
    mid = meta.sim.write(IG, ANA, "Hola")
    profile = meta.call("GET", path).json()
    assert set(profile) == {"id", "name", "username", "profile_pic", "follower_count", "is_verified_user"}
    assert error(meta.call("GET", f"/v25.0/{ANA}?fields=email"))[1] == 100
    assert error(meta.call("GET", f"/v25.0/{mid}?fields=email"))[1] == 100


def look_up(meta: Meta, mid: str) -> requests.Response:
    return meta.call("GET", f"/v25.0/{mid}?fields=id,created_time,from,to,message")


def test_a_message_is_read_by_its_mid(meta: Meta) -> None:
    mid = meta.sim.write(IG, ANA, "Hola")
    seen = look_up(meta, mid).json()
    assert time.strptime(seen.pop("created_time"), "%Y-%m-%dT%H:%M:%S+0000")
    assert seen == {
        "id": mid,
        "from": {"id": ANA, "username": "customer_0001"},
        "to": {"data": [{"id": IG}]},
        "message": "Hola",
    }
    ours = look_up(meta, meta.send("Grüße").json()["message_id"]).json()
    assert (ours["message"], ours["from"]) == ("Grüße", {"id": IG, "username": "our.shop"})
    assert error(look_up(meta, "aWdfZA")) == (400, 100, 33)
    meta.token = "EAA1"  # another account's
    assert error(look_up(meta, mid)) == (400, 100, 33)


def test_a_message_that_was_taken_back_cannot_be_read(meta: Meta) -> None:
    mid = meta.sim.write(IG, ANA, "Hola")
    event = {"sender": {"id": ANA}, "recipient": {"id": IG}, "message": {"mid": mid, "is_deleted": True}}
    meta.sim.deliver(json.dumps({"entry": [{"id": IG, "messaging": [event]}]}).encode())
    assert error(look_up(meta, mid)) == (400, 100, 33)


def test_a_message_that_is_never_told_of_can_be_read(meta: Meta, receiver: Receiver) -> None:
    mid = meta.sim.write_unseen(IG, ANA, "Are you there?")
    assert look_up(meta, mid).json()["message"] == "Are you there?"
    assert receiver.calls == []
    assert meta.send().status_code == 200


def mentioned(meta: Meta, where: str, identifier: str, fields: str, node: str = IG) -> requests.Response:
    asked = {"fields": f"mentioned_{where}.{where}_id({identifier}){{{fields}}}"}
    return meta.call("GET", f"/v25.0/{node}", params=asked)


def test_a_mention_is_told_to_the_account_that_asks(meta: Meta, receiver: Receiver) -> None:
    meta.sim.mention(IG, ANA, "With @our.shop", post="71", comment="81")
    meta.sim.mention(IG, ANA, "Our tea, @our.shop", post="72")
    told = [json.loads(call.body)["entry"][0]["changes"] for call in receiver.wait(2)]
    assert told == [
        [{"field": "mentions", "value": {"media_id": "71", "comment_id": "81"}}],
        [{"field": "mentions", "value": {"media_id": "72"}}],
    ]
    link = "https://www.instagram.com/p/71/"
    assert mentioned(meta, "comment", "81", "text,username,media{permalink}").json() == {
        "mentioned_comment": {
            "id": "81", "text": "With @our.shop", "username": "customer_0001", "media": {"id": "71", "permalink": link},
        },
        "id": IG,
    }  # fmt: skip
    assert mentioned(meta, "media", "72", "caption").json() == {
        "mentioned_media": {"id": "72", "caption": "Our tea, @our.shop"},
        "id": IG,
    }


def test_a_mention_is_told_to_nobody_else(meta: Meta) -> None:
    meta.sim.mention(IG, ANA, "With @our.shop", post="71", comment="81")
    assert error(mentioned(meta, "comment", "82", "text")) == (400, 100, 33)
    assert error(mentioned(meta, "media", "71", "caption")) == (400, 100, 33)
    assert error(mentioned(meta, "comment", "81", "text,shoe_size")) == (400, 100, None)
    meta.token = "EAA1"
    assert error(mentioned(meta, "comment", "81", "text", node="17841400000000002")) == (400, 100, 33)


def test_mentions_need_the_permission_for_comments(meta: Meta, receiver: Receiver) -> None:
    meta.sim.add_account(
        "17841400000000003", access_token="IGAA3", app_secret=SECRET, webhook_url=receiver.url, comments=False
    )
    meta.token = "IGAA3"
    assert error(mentioned(meta, "comment", "81", "text", node="17841400000000003")) == (403, 10, None)


FIELDS = "messages.limit(20){id,created_time,from,message}"


def conversations(meta: Meta, **query: str) -> Any:
    return meta.call("GET", f"/v25.0/{meta.node}/conversations", params={"platform": "instagram"} | query)


def test_a_conversation_is_listed_and_read(meta: Meta) -> None:
    asked = meta.sim.write(IG, ANA, "Hola")
    meta.sim.write(IG, "2", "Anybody?")
    answered = meta.send("Grüße").json()["message_id"]
    [newest, older] = conversations(meta).json()["data"]
    assert set(newest) == {"id", "updated_time"}
    assert newest["id"] != older["id"]
    [found] = conversations(meta, user_id=ANA, fields=FIELDS).json()["data"]
    assert (found["id"], [one["id"] for one in found["messages"]["data"]]) == (newest["id"], [answered, asked])
    [brand, customer] = found["messages"]["data"]
    assert (brand["message"], brand["from"]) == ("Grüße", {"id": IG, "username": "our.shop"})
    assert (customer["message"], customer["from"]["id"]) == ("Hola", ANA)
    assert time.strptime(brand["created_time"], "%Y-%m-%dT%H:%M:%S+0000")
    alone = meta.call("GET", f"/v25.0/{newest['id']}?fields=messages").json()
    assert [set(one) for one in alone["messages"]["data"]] == [{"id", "created_time"}] * 2
    assert conversations(meta, user_id="nobody").json() == {"data": []}


def test_a_pages_conversations_are_its_own(meta: Meta) -> None:
    meta.sim.write(IG, ANA, "Hola")
    meta.token, meta.node = "EAA1", PAGE
    assert conversations(meta).json() == {"data": []}
    meta.sim.write("17841400000000002", ANA, "To the Page")
    [found] = conversations(meta, fields=FIELDS).json()["data"]
    assert [one["message"] for one in found["messages"]["data"]] == ["To the Page"]
    assert error(conversations(meta, platform="messenger"))[1] == 100
    meta.token, meta.node = "IGAA1", IG
    assert error(meta.call("GET", f"/v25.0/{found['id']}"))[1] == 100


@pytest.mark.parametrize(
    ("fields", "code"),
    [("nonsense", 100), ("messages{nonsense}", 100), ("messages.limit(x)", 2500), ("messages{", 2500)],
)
def test_other_fields_of_a_conversation_are_refused(meta: Meta, fields: str, code: int) -> None:
    meta.sim.write(IG, ANA, "Hola")
    assert error(conversations(meta, fields=fields))[1] == code


def test_only_the_twenty_newest_messages_have_details(meta: Meta) -> None:
    for number in range(22):
        meta.sim.write(IG, ANA, str(number))
    [found] = conversations(meta, fields="messages{id,message}").json()["data"]
    held = found["messages"]["data"]
    assert [one.get("message") for one in held] == [*(str(number) for number in range(21, 1, -1)), None, None]


def test_what_was_written_in_the_app_is_in_the_conversation(meta: Meta) -> None:
    meta.sim.write(IG, ANA, "Hola")
    event = {"sender": {"id": IG}, "recipient": {"id": ANA}, "message": {"mid": "app1", "text": "Hi", "is_echo": True}}
    meta.sim.deliver(json.dumps({"entry": [{"id": IG, "messaging": [event]}]}).encode())
    [found] = conversations(meta, user_id=ANA, fields=FIELDS).json()["data"]
    assert [(one["message"], one["from"]["id"]) for one in found["messages"]["data"]] == [("Hi", IG), ("Hola", ANA)]


def test_metadata_is_told_in_echo_and_conversation_or_nowhere(meta: Meta, receiver: Receiver) -> None:
    marked = "messages{id,metadata}"
    meta.sim.write(IG, ANA, "Hola")
    assert meta.post(to_ana(text="x", metadata="ours")).status_code == 200
    assert receiver.json(2)["entry"][0]["messaging"][0]["message"]["metadata"] == "ours"
    [found] = conversations(meta, fields=marked).json()["data"]
    assert [one.get("metadata") for one in found["messages"]["data"]] == ["ours", None]
    meta.sim.metadata = "kept"
    assert meta.post(to_ana(text="y", metadata="ours")).status_code == 200
    assert "metadata" not in receiver.json(3)["entry"][0]["messaging"][0]["message"]
    assert error(conversations(meta, fields=marked))[1] == 100
    meta.sim.metadata = "refused"
    refused = meta.post(to_ana(text="z", metadata="ours"))
    assert error(refused) == (400, 100, None)
    assert "metadata" in refused.json()["error"]["message"]
    assert meta.post(to_ana(text="z")).status_code == 200


def test_a_quote_is_told_in_echo_and_conversation(meta: Meta, receiver: Receiver) -> None:
    asked = meta.sim.write(IG, ANA, "Hola")
    assert meta.send("Hi", reply_to={"mid": asked}).status_code == 200
    assert receiver.json(2)["entry"][0]["messaging"][0]["message"]["reply_to"] == {"mid": asked}
    [found] = conversations(meta, fields="messages{reply_to}").json()["data"]
    assert found["messages"]["data"][0]["reply_to"] == {"mid": asked}


def test_a_profile_can_fail_while_sends_work(meta: Meta, faults: Faults) -> None:
    meta.sim.write(IG, ANA, "Hola")
    faults.add("instagram", "status", path=f"/{ANA}", status=400, code=100, subcode=33)
    assert error(meta.call("GET", f"/v25.0/{ANA}?fields=name")) == (400, 100, 33)
    assert meta.send().status_code == 200


def test_me_tells_the_routing_id(meta: Meta) -> None:
    me = meta.call("GET", "/v25.0/me?fields=user_id,username").json()
    assert (me["user_id"], me["username"]) == (IG, "our.shop")
    assert me["id"] != IG
    meta.token = "EAA1"
    page = meta.call("GET", "/v25.0/me?fields=instagram_business_account{id}").json()
    assert page == {"id": PAGE, "instagram_business_account": {"id": "17841400000000002"}}


def test_subscriptions(meta: Meta) -> None:
    path = f"/v25.0/{IG}/subscribed_apps"
    assert meta.call("POST", f"{path}?subscribed_fields=messages,messaging_seen").json() == {"success": True}
    fields = meta.call("GET", path).json()["data"][0]["subscribed_fields"]
    assert fields == ["messages", "messaging_seen"]
    assert error(meta.call("POST", f"{path}?subscribed_fields=nonsense"))[1] == 100
    assert error(meta.call("POST", path))[1] == 100
    assert meta.call("DELETE", path).json() == {"success": True}
    assert meta.call("GET", path).json()["data"][0]["subscribed_fields"] == []
    meta.token = "EAA1"
    seen = meta.call("POST", "/v25.0/me/subscribed_apps", data={"subscribed_fields": "messaging_seen"})
    assert error(seen)[1] == 100


def test_comments_are_subscribed_with_their_permission_only(meta: Meta) -> None:
    meta.sim.add_account(IG, access_token=meta.token, app_secret="x", webhook_url="http://127.0.0.1:9", comments=False)
    path = f"/v25.0/{IG}/subscribed_apps"
    assert meta.call("POST", f"{path}?subscribed_fields=messages").json() == {"success": True}
    refused = meta.call("POST", f"{path}?subscribed_fields=messages,standby,live_comments")
    assert error(refused)[:2] == (403, 200)
    assert "instagram_business_manage_comments" in refused.json()["error"]["message"]
    assert meta.call("GET", path).json()["data"][0]["subscribed_fields"] == ["messages"]


# --- faults and reset


def test_faults(meta: Meta, faults: Faults, receiver: Receiver) -> None:
    meta.sim.write(IG, ANA, "Hola")
    faults.add("instagram", "status", status=400, code=613, subcode=2534040, retry_after=3, count=1)
    answer = meta.send()
    assert error(answer) == (400, 613, 2534040)
    assert answer.headers["Retry-After"] == "3"
    faults.add("instagram", "status", status=500, count=1)
    assert meta.send().json()["error"]["is_transient"]
    faults.add("instagram", "reset", count=1)
    with pytest.raises(requests.ConnectionError):
        meta.send()
    assert [entry["status"] for entry in meta.sim.sent()] == [400, 500]
    assert len(receiver.calls) == 1


def test_timeout_after_accept_still_echoes(meta: Meta, faults: Faults, receiver: Receiver) -> None:
    meta.sim.write(IG, ANA, "Hola")
    faults.add("instagram", "timeout_after_accept")
    headers = {"Authorization": "Bearer IGAA1"}
    url = f"{meta.sim.url}/v25.0/me/messages"
    with pytest.raises(requests.ReadTimeout):
        requests.post(url, json=to_ana(text="x"), headers=headers, timeout=0.1)
    echo = receiver.json(2)["entry"][0]["messaging"][0]["message"]
    assert echo["mid"] == meta.sim.sent()[0]["message_id"]


def test_reset_forgets_customers_and_keeps_accounts(meta: Meta) -> None:
    meta.sim.write(IG, ANA, "Hola")
    meta.send()
    meta.sim.reset()
    assert meta.sim.sent() == []
    assert error(meta.send()) == (400, 100, 2534014)
    assert meta.sim.accounts() == [IG, "17841400000000002"]


def test_echoes_are_retried(meta: Meta, receiver: Receiver) -> None:
    meta.sim.write(IG, ANA, "Hola")
    receiver.answers = [500]
    meta.send()
    until(lambda: len(receiver.calls) == 3)
    assert receiver.calls[1].body == receiver.calls[2].body
