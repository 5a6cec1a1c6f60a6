"""How the road and the proof name what is on its way: by the ids that the bridge itself gives its events."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Literal, NamedTuple

from chalicelib.channels.instagram.webhook import WEBHOOK as INSTAGRAM
from chalicelib.channels.tiktok.webhook import WEBHOOK as TIKTOK
from chalicelib.desks.genesys.webhook import WEBHOOK as GENESYS
from chalicelib.edge.receive import events_of
from chalicelib.errors import Malformed
from chalicelib.protocols.channel import Webhook
from chalicelib.vocabulary.records import Event
from chalicelib.wire import digest

_CHANNELS: dict[str, Webhook] = {"instagram": INSTAGRAM, "tiktok": TIKTOK}
Source = Literal["instagram", "tiktok", "genesys"]


class Passage(NamedTuple):
    """One event on its way. `trace` is the event's id (`message:<mid>`, …) or the reply's, `key` what tells it from
    every other, `echo` whether it only tells of what the brand's account sent. `account` is the platform's account or
    the desk's integration, `written_ms` when it was written by the platform's clock: 0 where that is not told to the
    millisecond. `message` is the platform's id of the message that an echo tells of."""

    trace: str
    direction: Literal["in", "out"]
    channel: str
    customer: str
    key: str
    echo: bool = False
    account: str = ""
    written_ms: int = 0
    message: str = ""


def passage(event: Event, channels: Mapping[str, str]) -> Passage:
    """An event of a queue. `channels` are the channels' names by the desk's integration id."""
    out = event.source == "genesys"
    channel = channels.get(event.account, "") if out else event.source
    echo = event.section == "echo"
    said = _said(event)
    return Passage(
        trace=event.id,
        direction="out" if out else "in",
        channel=channel,
        customer=event.party,
        key=event.dedup,
        echo=echo,
        account=event.account,
        written_ms=_whole(said.get("timestamp")),
        message=message_id(said) if echo else "",
    )


def passages(source: Source, body: bytes, channels: Mapping[str, str]) -> list[Passage]:
    """The events of a delivery; one, named by its bytes, where it is not what its sender documents."""
    try:
        events = [GENESYS.cut(body, 0)] if source == "genesys" else events_of(_CHANNELS[source], body, 0)
    except Malformed:
        direction: Literal["in", "out"] = "out" if source == "genesys" else "in"
        name = digest(body)
        return [Passage(name, direction, "" if source == "genesys" else source, "", name)]
    return [passage(event, channels) for event in events]


def _said(event: Event) -> dict[str, Any]:
    """What was said: TikTok's content is JSON in a string; Instagram's changes have their time beside them, and in
    whole seconds only."""
    found = json_object(bytes(event.raw))
    return json_object(found.get("content")) if event.source == "tiktok" else found


def json_object(text: object) -> dict[str, Any]:
    """The object that the JSON text says; an empty one where it says something else, or nothing."""
    try:
        found = json.loads(text) if isinstance(text, str | bytes) else None
    except (ValueError, RecursionError):
        found = None
    return found if isinstance(found, dict) else {}


def _whole(value: object) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else 0


def message_id(said: dict[str, Any]) -> str:
    """The platform's id of a message: in what a webhook tells of it, and in the answer to the call that sent it."""
    inner = said.get("message") or said.get("data") or {}
    inner = inner.get("message", inner) if isinstance(inner, dict) else {}
    inner = inner if isinstance(inner, dict) else {}
    found = said.get("message_id") or inner.get("mid") or inner.get("message_id")
    return found if isinstance(found, str) else ""
