"""Who wrote by pigeon and sits at the counter, which never names a customer, is erased there too."""

from __future__ import annotations

import json
from typing import Any

import pytest

from chalicelib.edge.storing import events_of
from chalicelib.vocabulary.records import Conversation, Seat
from tests.extension.counter.webhook import WEBHOOK as COUNTER
from tests.extension.pigeon.webhook import WEBHOOK as PIGEON
from tests.pipeline.places import Places

WHOSE = Conversation("pigeon", "loft-1", "carrier")


def letters(feed: Any, told: Any) -> Any:
    return events_of(feed, json.dumps(told).encode(), 1_800_000_000.0)


@pytest.mark.parametrize("desk", ["counter", ""])
def test_letters_and_sessions_of_theirs_go_and_no_others(desk: str) -> None:
    places = Places(desks=("counter", "genesys"))
    places.row(WHOSE, "STATE")
    places.row(WHOSE, f"SEAT#{desk}#session#1", Seat(desk, "session#1"))
    theirs = [
        *letters(PIGEON, {"account": "loft-1", "events": [{"who": "carrier", "id": "1", "text": "Coo"}]}),
        *letters(COUNTER, {"hall": "hall-1", "session": "session#1", "text": "Hello"}),
    ]
    others = [
        *letters(PIGEON, {"account": "loft-1", "events": [{"who": "another", "id": "2", "text": "Coo"}]}),
        *letters(COUNTER, {"hall": "hall-1", "session": "session#2", "text": "Hello"}),
        *letters(COUNTER, {"hall": "hall-2", "session": "session#1", "text": "Hello"}),
    ]
    places.letters = [*theirs, *others]
    certificate = places.erasing.erase(WHOSE, "hall-1")
    assert places.letters == others
    assert certificate.erased["dead_letters"].count == 2
    assert {one.mark for one in theirs} <= places.told.keys()
    assert not {one.mark for one in others} & places.told.keys()
