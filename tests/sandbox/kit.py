"""Events as the road sees them, and what it told of them."""

from __future__ import annotations

import json
from itertools import islice
from typing import Any

from chalicelib.vocabulary.records import Event
from sandbox.stage.journal import Journal


def an_event(identifier: str = "message:m1", source: str = "instagram", account: str = "1", party: str = "9") -> Event:
    return Event(source=source, account=account, party=party, id=identifier, received_ms=0)


def told(journal: Journal, name: str = "road") -> list[dict[str, Any]]:
    """The data of every kept event of the name."""
    text = b"".join(islice(journal.follow(heartbeat_s=0.0), 1, 30)).decode()
    events = [block.split("\n") for block in text.split("\n\n")]
    return [json.loads(lines[2][6:]) for lines in events if len(lines) == 3 and lines[1] == f"event: {name}"]
