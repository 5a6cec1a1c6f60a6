"""What the sandbox would tell a page that comes later: many events at once, and then its own stream goes on."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

import requests
from playwright.sync_api import Request, Route, expect

from tests.page.conftest import Desk

Event = tuple[str, dict[str, Any]]
BEGUN_MS = 1_790_000_000_000
SHOP = "17841400000000001"


def customer(number: int) -> str:
    return f"1000000000000{number:03d}"


def heard(number: int, text: str = "", *, side: str = "customer", who: int = 1, at_ms: int = 0) -> Event:
    """A bubble of a customer's phone."""
    said = {"channel": "instagram", "account": SHOP, "customer": customer(who), "side": side, "kind": "text"}
    return "customer", said | {
        "id": f"m{number}",
        "at_ms": at_ms or BEGUN_MS + number,
        "text": text or f"Message {number}",
    }


def seen(number: int, text: str = "", *, kind: str = "message", who: int = 1, at_ms: int = 0, **more: Any) -> Event:
    """A message of a conversation at the desk."""
    talk = {"conversation_id": f"c{who}", "channel": "instagram", "account": SHOP, "customer": customer(who)}
    stands = {"attributes": {}, "state": "connected", "waiting_since_ms": BEGUN_MS + number, "priority": 0}
    said = {"kind": kind, "id": f"d{number}", "at_ms": at_ms or BEGUN_MS + number, "text": text or f"Message {number}"}
    whose = {"nickname": f"Customer {customer(who)[-4:]}", "author": "customer", "line": "", "attachments": []}
    return "desk", talk | stands | whose | said | more


def hop(trace: str, name: str, at_ms: int, *, took_ms: float = 3.0, outcome: str = "ok", **more: Any) -> Event:
    """One hop of the road."""
    told = {"trace": trace, "direction": "in", "channel": "instagram", "customer": customer(1), "hop": name, "what": ""}
    when = {"at_ms": BEGUN_MS + at_ms, "took_ms": took_ms, "outcome": outcome, "detail": ""}
    exact = {"echo": False, "message": "", "request": None, "answer": None}
    return "road", told | when | exact | more


def replay(desk: Desk, events: Iterable[Event], hash: str = "") -> Desk:
    """Open the page with these events as its past; what follows is what the sandbox tells from now on."""
    with requests.get(f"{desk.control}/events", stream=True, timeout=30) as stream:
        last = next(line[4:] for line in stream.iter_lines(decode_unicode=True) if line.startswith("id: "))
    lines = ["retry: 50"]
    for name, data in events:
        lines += ["", f"event: {name}", f"data: {json.dumps(data)}"]
    body = "\n".join([*lines, f"id: {last}", "", ""])
    replayed: list[Request] = []

    def answer(route: Route, request: Request) -> None:
        if replayed:
            route.continue_()
            return
        replayed.append(request)
        route.fulfill(content_type="text/event-stream", body=body)

    desk.page.route("**/events", answer)
    desk.page.goto(f"{desk.control}/page/{hash}")
    desk.page.wait_for_function("() => document.querySelector('#queue-size').textContent !== ''")
    expect(desk.page.locator("#live")).to_have_attribute("data-word", "live")
    return desk
