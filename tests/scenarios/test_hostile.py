"""What is forged, replayed or malformed is refused over real HTTP, and nothing of it is stored."""

from __future__ import annotations

import base64
import hashlib
import hmac
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests

from sandbox.simulators.genesys.vendor import Genesys
from sandbox.simulators.instagram.vendor import Instagram
from sandbox.simulators.tiktok.vendor import TikTok
from tests.scenarios.conftest import Bridge
from tests.scenarios.test_exactly_once import instagram, tiktok

Headers = dict[str, str]
JSON = {"Content-Type": "application/json"}
GENESYS = (
    b'{"id":"a1","type":"Text","text":"hi","originatingEntity":"Human","channel":{"id":"i","to":{"id":"c"}},'
    b'"conversationId":"x"}'
)

SECRETS = Instagram.secrets | TikTok.secrets | Genesys.secrets


def meta(body: bytes, secret: str = SECRETS["meta_app_secret"]) -> Headers:
    return {"X-Hub-Signature-256": "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()}


def tik(body: bytes, secret: str = SECRETS["tiktok_app_secret"], age_s: int = 0) -> Headers:
    stamp = str(int(time.time()) - age_s)
    signed = hmac.new(secret.encode(), f"{stamp}.".encode() + body, hashlib.sha256).hexdigest()
    return {"Tiktok-Signature": f"t={stamp},s={signed}"}


def desk(body: bytes, secret: str = SECRETS["genesys_webhook_secret"]) -> Headers:
    signed = hmac.new(secret.encode(), body, hashlib.sha256).digest()
    return {"X-Hub-Signature-256": "sha256=" + base64.b64encode(signed).decode()}


# endpoint, body, how its platform signs, the header that bears the signature
ENDPOINTS = {
    "instagram": ("webhook_url", instagram(("5", "m", "hi")), meta, "X-Hub-Signature-256"),
    "tiktok": ("webhook_url", tiktok("+5/=", "m", "hi"), tik, "Tiktok-Signature"),
    "genesys": ("genesys_webhook_url", GENESYS, desk, "X-Hub-Signature-256"),
}
Forge = Callable[[bytes, Callable[..., Headers], str], tuple[bytes, Headers]]
FORGERIES: dict[str, Forge] = {
    "unsigned": lambda body, sign, name: (body, {}),
    "empty signature": lambda body, sign, name: (body, {name: ""}),
    "no scheme": lambda body, sign, name: (body, {name: next(iter(sign(body).values())).rpartition("=")[2] or "x"}),
    "made up": lambda body, sign, name: (body, {name: "sha256=" + "0" * 64}),
    "wrong secret": lambda body, sign, name: (body, sign(body, "not-the-secret-of-the-app")),
    "empty secret": lambda body, sign, name: (body, sign(body, "")),
    "changed body": lambda body, sign, name: (body.replace(b"hi", b"ho"), sign(body)),
    "added space": lambda body, sign, name: (body + b" ", sign(body)),
    "another platform's signature": lambda body, sign, name: (body, {name: next(iter(OTHER[sign](body).values()))}),
}
OTHER: dict[object, Callable[[bytes], Headers]] = {meta: desk, desk: meta, tik: meta}


@pytest.mark.parametrize("forgery", FORGERIES)
@pytest.mark.parametrize("platform", ENDPOINTS)
def test_a_forgery_is_refused_and_leaves_nothing(bridge: Bridge, platform: str, forgery: str) -> None:
    url, body, sign, name = ENDPOINTS[platform]
    sent, headers = FORGERIES[forgery](body, sign, name)
    answer = requests.post(bridge.about[url], data=sent, headers=JSON | headers, timeout=60)
    # 503 where the secret was read moments ago: it may have been changed since
    assert answer.status_code in {401, 503}, answer.text
    _nothing_came_in(bridge)


def test_a_replay_of_an_old_tiktok_delivery_is_refused(bridge: Bridge) -> None:
    _, body, _, _ = ENDPOINTS["tiktok"]
    answer = requests.post(bridge.about["webhook_url"], data=body, headers=JSON | tik(body, age_s=301), timeout=60)
    assert answer.status_code == 401
    _nothing_came_in(bridge)


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"method": "PUT"}, 405),
        ({"method": "DELETE"}, 405),
        ({"kind": "text/plain"}, 415),
        ({"kind": "application/x-www-form-urlencoded"}, 415),
        ({"body": b""}, 400),
        ({"body": b'{"text": "' + b"x" * 4_500_000 + b'"}'}, 413),
    ],
)
@pytest.mark.parametrize("platform", ENDPOINTS)
def test_what_no_platform_sends_is_refused(
    bridge: Bridge, platform: str, change: dict[str, str | bytes], status: int
) -> None:
    url, body, sign, _ = ENDPOINTS[platform]
    sent = change.get("body", body)
    assert isinstance(sent, bytes)
    headers = {"Content-Type": str(change.get("kind", "application/json"))} | sign(sent)
    method = str(change.get("method", "POST"))
    answer = requests.request(method, bridge.about[url], data=sent, headers=headers, timeout=60)
    assert answer.status_code == status
    _nothing_came_in(bridge)


def _nothing_came_in(bridge: Bridge) -> None:
    state = bridge.get("/state")
    assert state["queues"] == {"inbound": 0, "outbound": 0}
    assert state["parked"] == []
    assert state["metrics"].get("rejected", 0) + state["metrics"].get("not_checked", 0) == 1
    assert "received" not in state["metrics"]
    assert bridge.taken() == []


@pytest.mark.parametrize(
    ("query", "status"),
    [
        (
            {"hub.mode": "subscribe", "hub.verify_token": SECRETS["meta_verify_token"], "hub.challenge": "1158201444"},
            200,
        ),
        ({"hub.mode": "subscribe", "hub.verify_token": "wrong", "hub.challenge": "1158201444"}, 403),
        ({"hub.mode": "subscribe", "hub.challenge": "1158201444"}, 403),
        ({"hub.mode": "unsubscribe", "hub.verify_token": SECRETS["meta_verify_token"], "hub.challenge": "1"}, 403),
        ({"hub.mode": "subscribe", "hub.verify_token": SECRETS["meta_verify_token"], "hub.challenge": "<script>"}, 403),
        ({"hub.mode": "subscribe", "hub.verify_token": SECRETS["meta_verify_token"]}, 403),
        ({}, 400),
    ],
)
def test_the_handshake(bridge: Bridge, query: dict[str, str], status: int) -> None:
    answer = requests.get(bridge.about["webhook_url"], params=query, timeout=60)
    assert answer.status_code == status
    assert answer.headers["Content-Type"].startswith("text/plain")
    if status == 200:
        assert answer.text == query["hub.challenge"]


def test_a_verified_body_that_is_no_json_is_kept_aside(bridge: Bridge) -> None:
    body = b"not json, yet signed"
    answer = requests.post(bridge.about["webhook_url"], data=body, headers=JSON | meta(body), timeout=60)
    assert answer.status_code == 200
    assert [key.split("/")[1:3] for key in bridge.get("/state")["parked"]] == [["not_json", "instagram"]]


def test_the_exact_bytes_reach_the_signature_check(bridge: Bridge) -> None:
    odd = b'{"object" : "instagram",\r\n\t"entry":[ ] , "x":"\\u00e4\xc3\xa4\\/"}'
    answer = requests.post(bridge.about["webhook_url"], data=odd, headers=JSON | meta(odd), timeout=60)
    assert answer.status_code == 200
    assert bridge.get("/state")["parked"] == []


def test_an_event_too_big_for_a_queue_arrives_all_the_same(bridge: Bridge) -> None:
    text = "long " * 70_000
    assert bridge.deliver("instagram", instagram(("51", "mid-long", text), ("51", "mid-short", "short"))) == 200
    bridge.until(lambda: bridge.metric("stored_aside") == 1, "the event stored aside")
    bridge.until(lambda: len(bridge.taken()) == 2, "both messages")
    assert [call["body"]["text"] for call in bridge.taken()] == [text, "short"]


def test_a_thousand_events_in_one_delivery(bridge: Bridge) -> None:
    said = [(f"6{number % 50:03}", f"mid-{number}", f"{number}") for number in range(1000)]
    assert bridge.deliver("instagram", instagram(*said)) == 200
    assert bridge.metric("received") == 1000


def test_health_tells_nothing_but_health(bridge: Bridge) -> None:
    answer = requests.get(bridge.about["health_url"], timeout=60)
    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})
    assert requests.post(bridge.about["health_url"], timeout=60).status_code == 405


def test_the_platform_repeats_what_could_not_be_stored(bridge: Bridge) -> None:
    from chalicelib import runtime

    queue = runtime.current().inbound
    good = queue._url
    queue._url = good.replace("dmdesk-inbound", "missing")
    try:
        assert bridge.deliver("instagram", instagram(("52", "mid-repeated", "again"))) == 500
    finally:
        queue._url = good
    bridge.until(bridge.taken, "the platform's repetition")
    bridge.quiet()
    assert [call["body"]["text"] for call in bridge.taken()] == ["again"]


def test_a_flood_of_forgeries_does_not_hold_up_a_customer(bridge: Bridge) -> None:
    _, body, _, _ = ENDPOINTS["instagram"]

    def forge(_: int) -> int:
        headers = JSON | meta(body, "forged")
        return requests.post(bridge.about["webhook_url"], data=body, headers=headers, timeout=30).status_code

    with ThreadPoolExecutor(8) as pool:
        flood = pool.map(forge, range(100))
        assert bridge.deliver("instagram", instagram(("53", "mid-true", "true"))) == 200
        assert set(flood) <= {401, 503}
    bridge.until(bridge.taken, "the customer's message")
    assert bridge.metric("rejected") + bridge.metric("not_checked") == 100
