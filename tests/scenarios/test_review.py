"""What reviewers are told of each permission is what the bridge does with it: the calls are in the sandbox's record."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest

from sandbox.simulators.instagram.vendor import Instagram
from tests.papers import ROOT
from tests.scenarios.conftest import Bridge
from tests.scenarios.test_road import events

ALL_DAY_S = 25 * 3600
PAGE = next(one["id"] for one in Instagram.accounts if one.get("page"))


def promised(paper: str) -> dict[str, list[tuple[str, str, str]]]:
    """Permission → method, path and what its body holds, of each call in the paper's tables of permissions."""
    found: dict[str, list[tuple[str, str, str]]] = {}
    for line in (ROOT / "docs" / paper).read_text(encoding="utf-8").splitlines():
        cells = [cell.strip("` ") for cell in line.split("|")[1:-1]]
        if len(cells) == 3 and (calls := re.findall(r"(GET|POST) (/[^`]*)(?:` with `(\w+))?", cells[2])):
            found[cells[0]] = calls
    return found


def made(bridge: Bridge) -> Iterator[tuple[str, str, str]]:
    """Method, URL and body of each call that the workers made to a platform."""
    for name, data in events(bridge)[1]:
        if name == "road" and data["hop"] == "platform" and data["request"]:
            yield data["request"]["method"], data["request"]["url"], str(data["request"]["body"])


def is_there(call: tuple[str, str, str], done: list[tuple[str, str, str]]) -> bool:
    """Whether a call with that path was made. `{customer}` is any one id, a query has at least what is named."""
    method, path, held = call
    pattern = re.sub(r"\\\{\w+\\\}", "[^/?]+", re.escape(path)) + r"(?:$|[?,&])"
    return any(method == one and re.search(pattern, url) and held in body for one, url, body in done)


def conversation(bridge: Bridge, channel: str, act: dict[str, Any]) -> str:
    """What a customer does, and the conversation that it is at Genesys."""
    before = len(bridge.taken())
    bridge.post(f"/{channel}/do", act)
    bridge.until(lambda: len(bridge.taken()) > before, f"{act} at Genesys")
    return str(bridge.taken()[-1]["conversation_id"])


def answer(bridge: Bridge, conversation_id: str, **reply: Any) -> None:
    told = len(bridge.taken("receipt"))
    bridge.post("/genesys/reply", {"conversation_id": conversation_id, **reply})
    bridge.until(lambda: len(bridge.taken("receipt")) > told, "the receipt")


@pytest.mark.parametrize("paper", ["meta.md", "tiktok.md"])
def test_each_permission_has_its_call_in_the_record(bridge: Bridge, paper: str) -> None:
    channel = {"meta.md": "instagram", "tiktok.md": "tiktok"}[paper]
    picture = {"mediaType": "Image", "url": bridge.get("/")["media"]["genesys"]["image"], "mime": "image/png"}
    enclosed = [{"contentType": "Attachment", "attachment": picture}]
    for account in [PAGE, ""] if channel == "instagram" else [""]:
        named = {"account": account} if account else {}
        talk = conversation(bridge, channel, {"action": "picture", **named})
        answer(bridge, talk, text="It is!", content=enclosed)
        if account:
            bridge.shift(ALL_DAY_S)
            answer(bridge, talk, text="A person, a day later", originatingEntity="Human")
            bridge.shift(0)
        if channel == "instagram":
            commented = conversation(
                bridge, channel, {"action": "comment", "text": "How much?", "customer": "1000000000000555", **named}
            )
            answer(bridge, commented, text="12 euros")
    bridge.quiet()
    calls, done = promised(paper), list(made(bridge))
    assert len(calls) >= 3
    missing = {name: call for name, one in calls.items() for call in one if not is_there(call, done)}
    assert missing == {}, sorted({(method, url) for method, url, _ in done})
