"""Whose webhooks the bridge takes, and how the road and the proof read them: by the ids that the bridge gives."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal

from chalicelib.edge.relayed import body_of, notice_of
from chalicelib.edge.storing import events_of
from chalicelib.protocols.webhook import Feed, Noticed, Webhook
from chalicelib.vocabulary.records import Event

Direction = Literal["in", "out"]


@dataclass(frozen=True)
class Source:
    """Who sends webhooks of one kind.

    `name` as events have it; "in" comes from a channel's customers, "out" from a desk's agents. `path` is where the
    bridge takes them, `header` tells them from others' at the same path: both are "" where they come by a queue, which
    another service of AWS feeds. `events` cuts a delivery as the bridge does and raises Malformed, `delivered` is the
    delivery in a record of a queue; `told` is what an event says, with its `timestamp` in milliseconds where it has
    one.
    """

    name: str
    direction: Direction
    path: str
    header: str
    events: Callable[[bytes], Sequence[Event]]
    told: Callable[[Event], dict[str, Any]]
    delivered: Callable[[dict[str, Any]], bytes] = body_of


def json_object(text: object) -> dict[str, Any]:
    """The object that the JSON text says; an empty one where it says something else, or nothing."""
    try:
        value = json.loads(text) if isinstance(text, str | bytes) else None
    except (ValueError, RecursionError):
        value = None
    return value if isinstance(value, dict) else {}


def plainly(event: Event) -> dict[str, Any]:
    """What an event says that is its platform's JSON as it stands."""
    return json_object(bytes(event.raw))


def signed(
    webhook: Webhook, direction: Direction, path: str, told: Callable[[Event], dict[str, Any]] = plainly
) -> Source:
    """Who signs as the bridge's webhook demands, which also cuts the deliveries."""
    return Source(
        name=webhook.name,
        direction=direction,
        path=path,
        header=webhook.signature_header,
        events=lambda body: events_of(webhook, body, 0),
        told=told,
    )


def delivered(feed: Feed, record: dict[str, Any]) -> bytes:
    """What the bridge's feed is given of a record of its queue."""
    return notice_of(record, feed.attributes) if isinstance(feed, Noticed) else body_of(record)


def fed(feed: Feed, direction: Direction, told: Callable[[Event], dict[str, Any]] = plainly) -> Source:
    """Who tells by a service of AWS, which vouches for it; the bridge's feed cuts the deliveries."""
    return Source(
        name=feed.name,
        direction=direction,
        path="",
        header="",
        events=lambda body: events_of(feed, body, 0),
        told=told,
        delivered=partial(delivered, feed),
    )
