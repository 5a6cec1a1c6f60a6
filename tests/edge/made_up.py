"""A feed that exists nowhere, and what it and the pigeon (tests/extension) deliver: the edge knows neither's name."""

from __future__ import annotations

import msgspec

from chalicelib.errors import Malformed
from chalicelib.protocols.webhook import Piece


class _Heard(msgspec.Struct):
    """What both send: events, each of a person, with an id and a time."""

    account: str
    events: list[dict[str, str | int]]


class Feed:
    """Comes by a queue alone."""

    def __init__(self, name: str) -> None:
        self.name = name

    def split(self, body: bytes) -> list[Piece]:
        try:
            heard = msgspec.json.decode(body, type=_Heard)
        except (ValueError, RecursionError) as error:
            raise Malformed(type(error).__name__) from None
        return [
            Piece(
                account=heard.account,
                party=str(event["who"]),
                id=str(event["id"]),
                raw=msgspec.json.encode(event),
                sent_ms=int(event.get("at", 0)),
            )
            for event in heard.events
        ]


def delivery(*names: str, at: int = 0) -> bytes:
    """A delivery of a text for each id."""
    events = [{"who": "customer-1", "id": name, "at": at + place, "text": name} for place, name in enumerate(names)]
    return msgspec.json.encode({"account": "a-1", "events": events})
