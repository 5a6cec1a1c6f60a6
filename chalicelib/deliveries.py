"""Whole deliveries that were kept as they came, cut as the edge cuts them now."""

from __future__ import annotations

from chalicelib.edge.relayed import source_of
from chalicelib.edge.storing import events_of
from chalicelib.errors import Malformed
from chalicelib.observability import where
from chalicelib.protocols.webhook import MOST_PIECES, Feed
from chalicelib.registry import CHANNELS, DESKS, part
from chalicelib.vocabulary.records import Event


def known(source: str) -> str:
    """The channel or desk that is meant: by its name, or by that of a queue that it feeds."""
    return source if source in CHANNELS or source in DESKS else source_of(source)


def cut(source: str, body: bytes, at: float) -> list[Event]:
    """The events of a whole delivery that came then (epoch s), as the edge makes them. Raises Malformed."""
    package = (CHANNELS | DESKS).get(known(source))
    if package is None:
        raise Malformed(f"no channel and no desk of this release is called {source!r}")
    feed: Feed = part(package, "webhook", "WEBHOOK")
    try:
        events = events_of(feed, body, at)
    except Malformed as no:
        raise Malformed(f"this release cannot cut it either: {no}") from no
    except Exception as error:
        raise Malformed(f"this release cannot cut it either: {where(error)}") from error
    if len(events) > MOST_PIECES:
        raise Malformed(f"more than {MOST_PIECES} events in one delivery: nobody cuts further")
    return events
