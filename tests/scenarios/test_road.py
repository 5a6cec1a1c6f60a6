"""What the sandbox tells of a message's way, and how it proves that nothing was lost."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import urljoin, urlsplit

import pytest
import requests

from chalicelib.rules.budgets import BUDGETS
from tests.scenarios import kinds
from tests.scenarios.conftest import Bridge

SECRETS = ("token-17841400000000001", "sandbox-meta-app-secret", "sandbox-client-secret")


@pytest.fixture(autouse=True)
def calm(bridge: Bridge) -> Iterator[None]:
    yield
    bridge.post("/reset")


def events(bridge: Bridge, heard: str = "") -> tuple[str, list[tuple[str, dict[str, Any]]]]:
    """All that was told since the last reset, or to who `heard` that much of it; as it came and as names and data."""
    numbers = {"Last-Event-ID": heard.rsplit("id: ", 1)[1].split("\n", 1)[0]} if heard else {}
    with requests.get(bridge.sandbox.control.url + "/events", headers=numbers, stream=True, timeout=30) as answer:
        text = ""
        for piece in answer.iter_content(None, decode_unicode=False):
            text += piece.decode()
            if text.endswith("\n\n") and text.count("\n\n") > 1:
                break
    blocks = [block.split("\n") for block in text.split("\n\n") if block.startswith("id: ")]
    return text, [(lines[1][7:], json.loads(lines[2][6:])) for lines in blocks]


def do(bridge: Bridge, channel: str, **act: str) -> str:
    identifier: str = bridge.post(f"/{channel}/do", act)["id"]
    return identifier


def reply(bridge: Bridge, conversation: str, text: str = "Hello!") -> str:
    identifier: str = bridge.post("/genesys/reply", {"conversation_id": conversation, "text": text})["id"]
    return identifier


def settled(bridge: Bridge, **expected: int) -> dict[str, Any]:
    """The proof, once it has these numbers and nothing is under way."""
    wanted = {"in_flight": 0} | expected
    bridge.until(lambda: wanted.items() <= bridge.get("/proof").items(), f"the proof of {wanted}")
    proof: dict[str, Any] = bridge.get("/proof")
    return proof


@pytest.mark.parametrize("channel", ["instagram", "tiktok", "x"])
def test_a_message_both_ways_is_told_hop_by_hop_to_both_sides(bridge: Bridge, channel: str) -> None:
    identifier = do(bridge, channel, action="text", text="Hola")
    settled(bridge, agents_saw=1)
    answer = reply(bridge, bridge.get("/genesys/conversations")[0]["id"])
    settled(bridge, customers_got=1)
    bridge.quiet()
    raw, told = events(bridge)
    hops = [data for name, data in told if name == "road"]
    inward = [one["hop"] for one in hops if one["trace"].endswith(f":{identifier}") and not one["echo"]]
    outward = [one["hop"] for one in hops if one["trace"] == answer]
    assert inward[:3] == ["webhook", "edge", "queue"]
    assert (inward[-1], "genesys" in inward) == ("worker", True)
    assert (outward[:3], outward[-1]) == (["webhook", "edge", "queue"], "worker")
    assert {"platform", "genesys"} <= set(outward)
    bubbles = [(data["side"], data["text"]) for name, data in told if name == "customer" and data["kind"] == "text"]
    assert bubbles == [("customer", "Hola"), ("brand", "Hello!")]
    desk = [(data["kind"], data["text"] if "text" in data else data["status"]) for name, data in told if name == "desk"]
    assert desk == [("message", "Hola"), ("reply", "Hello!"), ("receipt", "delivered")]
    assert not [secret for secret in SECRETS if secret in raw]


def test_a_storm_loses_and_doubles_nothing(bridge: Bridge) -> None:
    do(bridge, "instagram", action="text", text="Hola")
    settled(bridge, agents_saw=1)
    conversation = bridge.get("/genesys/conversations")[0]["id"]
    for name in ("genesys_429", "platform_429", "duplicates", "reorder"):
        bridge.post("/trouble", {"name": name, "on": True})
    for number in range(5):
        do(bridge, "instagram", action="text", text=f"{number}")
    reply(bridge, conversation)
    assert bridge.get("/proof")["in_flight"] > 0
    for name in ("genesys_429", "platform_429", "duplicates", "reorder"):
        bridge.post("/trouble", {"name": name, "on": False})
    proof = settled(bridge, agents_saw=6, customers_got=1)
    assert (proof["lost"], proof["doubled"]) == (0, 0)


@pytest.mark.parametrize(("ages_ms", "late"), [((3000, 2000, 1000), 0), ((1000, 3000, 2000), 2)])
def test_what_comes_in_another_order_than_it_was_written_is_counted(
    bridge: Bridge, ages_ms: tuple[int, ...], late: int
) -> None:
    now_ms = bridge.now_ms()
    for number, age_ms in enumerate(ages_ms, 1):
        bridge.deliver("instagram", kinds.message(now_ms - age_ms, text=f"Written {age_ms} ms ago"))
        settled(bridge, agents_saw=number)
    proof = settled(bridge, customers_sent=3)
    assert (proof["out_of_order"], proof["lost"], proof["doubled"]) == (late, 0, 0)


def test_a_refusal_is_told_and_not_lost(bridge: Bridge) -> None:
    do(bridge, "tiktok", action="text", text="Hola")
    settled(bridge, agents_saw=1)
    bridge.post("/trouble", {"name": "platform_refuses", "on": True})
    reply(bridge, bridge.get("/genesys/conversations")[0]["id"])
    proof = settled(bridge, refused_and_told=1)
    assert (proof["customers_got"], proof["lost"]) == (0, 0)
    receipts = [data for name, data in events(bridge)[1] if name == "desk" and data["kind"] == "receipt"]
    assert [(one["status"], one["reason"]) for one in receipts] == [("failed", "MessageNotAllowed")]


def test_what_agents_need_not_see_is_accounted_for(bridge: Bridge) -> None:
    do(bridge, "instagram", action="reaction", text="👍", about="m-unknown")
    proof = settled(bridge, customers_sent=1)
    assert (proof["ignored"], proof["lost"]) == ({"reaction_no_open_conversation": 1}, 0)


def test_what_nobody_can_read_is_parked_and_not_lost(bridge: Bridge) -> None:
    bridge.deliver("instagram", b'{"object": "instagram"')
    bridge.deliver("instagram", b'{"object": "instagram", "entry": [{"id": "1", "messaging": [{"sender": {"id": "5"}, '
                   b'"recipient": {"id": "1"}, "message": {"mid": "m-stranger", "text": "Hi"}}]}]}')  # fmt: skip
    bridge.until(lambda: bridge.metric("retried") >= 2, "two tries to find its account")
    bridge.shift(BUDGETS["account"].for_s)
    proof = settled(bridge, parked=2)
    assert proof["lost"] == 0


def test_a_forged_webhook_reaches_nobody(bridge: Bridge) -> None:
    assert bridge.post("/trouble", {"name": "forged", "on": True})["status"] == 401
    assert bridge.get("/proof")["customers_sent"] == 0
    edge = [data for name, data in events(bridge)[1] if name == "road" and data["hop"] == "edge"]
    assert [(one["outcome"], one["detail"]) for one in edge] == [("refused", "signature_mismatch")]


def test_a_picture_is_seen_by_both_sides(bridge: Bridge) -> None:
    for channel in ("instagram", "tiktok"):
        do(bridge, channel, action="picture")
    settled(bridge, agents_saw=2)
    told = events(bridge)[1]
    urls = [data["url"] for name, data in told if name == "customer"]
    urls += [data["attachments"][0]["url"] for name, data in told if name == "desk"]
    assert len(urls) == 4
    for url in urls:
        answer = requests.get(urljoin(bridge.sandbox.control.url, url), timeout=60)
        assert (answer.status_code, answer.headers["Content-Type"].partition("/")[0]) == (200, "image")


def test_pictures_come_from_where_the_page_may_load_them(bridge: Bridge) -> None:
    do(bridge, "instagram", action="picture")
    settled(bridge, agents_saw=1)
    policy = requests.get(bridge.about["page_url"], timeout=60).headers["Content-Security-Policy"]
    url = next(data["attachments"][0]["url"] for name, data in events(bridge)[1] if name == "desk")
    loaded = [url, requests.get(url, timeout=60).url]
    assert all(f"http://{urlsplit(one).netloc}" in policy for one in loaded)


def test_a_reset_is_told_and_forgets_the_rest(bridge: Bridge) -> None:
    do(bridge, "instagram", action="text", text="Hola")
    heard, _ = events(bridge)
    bridge.post("/reset")
    names = [name for name, _ in events(bridge, heard)[1]]
    assert [name for name in names if name != "metrics"] == ["reset"]
    assert bridge.get("/proof")["customers_sent"] == 0


def test_the_totals_are_told(bridge: Bridge) -> None:
    do(bridge, "instagram", action="text", text="Hola")
    settled(bridge, agents_saw=1)

    def totals() -> dict[str, int]:
        found = [data["totals"] for name, data in events(bridge)[1] if name == "metrics"]
        return found[-1] if found else {}

    bridge.until(lambda: totals().get("delivered") == 1, "the totals")
    assert {"queue:inbound", "queue:outbound"} <= set(totals())


def test_deliveries_of_many_events_are_all_accounted_for(bridge: Bridge) -> None:
    raw = [
        json.dumps({"object": "instagram", "entry": [{"id": "17841400000000001", "time": 1, "messaging": [
            {"sender": {"id": f"{100 + number % 20}"}, "recipient": {"id": "17841400000000001"},
             "timestamp": bridge.now_ms(), "message": {"mid": f"many-{batch}-{number}", "text": "Hola"}}
            for number in range(10)]}]}).encode()
        for batch in range(3)
    ]  # fmt: skip
    for body in raw:
        bridge.deliver("instagram", body)
    proof = settled(bridge, customers_sent=30, agents_saw=30)
    assert (proof["lost"], proof["doubled"]) == (0, 0)
