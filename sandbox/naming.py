"""How the road and the proof name what is on its way: by the ids that the bridge itself gives its events."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, NamedTuple

from chalicelib.channels.base import Webhook
from chalicelib.channels.instagram.webhook import WEBHOOK as INSTAGRAM
from chalicelib.channels.tiktok.webhook import WEBHOOK as TIKTOK
from chalicelib.desks.genesys.webhook import WEBHOOK as GENESYS
from chalicelib.errors import Malformed
from chalicelib.messages import Event, digest
from chalicelib.pipeline.receive import events_of

_CHANNELS: dict[str, Webhook] = {"instagram": INSTAGRAM, "tiktok": TIKTOK}
Source = Literal["instagram", "tiktok", "genesys"]


class Passage(NamedTuple):
    """One event on its way. `trace` is the event's id (`message:<mid>`, …) or the reply's, `key` what tells it from
    every other, `echo` whether it only tells of what the brand's account sent."""

    trace: str
    direction: Literal["in", "out"]
    channel: str
    customer: str
    key: str
    echo: bool = False


def passage(event: Event, channels: Mapping[str, str]) -> Passage:
    """An event of a queue. `channels` are the channels' names by the desk's integration id."""
    out = event.source == "genesys"
    channel = channels.get(event.account, "") if out else event.source
    echo = event.section == "echo"
    return Passage(event.id, "out" if out else "in", channel, event.party, event.dedup, echo)


def passages(source: Source, body: bytes, channels: Mapping[str, str]) -> list[Passage]:
    """The events of a delivery; one, named by its bytes, where it is not what its sender documents."""
    try:
        events = [GENESYS.cut(body, 0)] if source == "genesys" else events_of(_CHANNELS[source], body, 0)
    except Malformed:
        direction: Literal["in", "out"] = "out" if source == "genesys" else "in"
        name = digest(body)
        return [Passage(name, direction, "" if source == "genesys" else source, "", name)]
    return [passage(event, channels) for event in events]
