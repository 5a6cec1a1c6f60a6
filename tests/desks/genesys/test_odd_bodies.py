"""Genesys' webhooks with fields that are null, or of another type than documented: none is lost, none is an alarm."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.desks.genesys.translate import TRANSLATOR
from chalicelib.errors import Malformed
from chalicelib.vocabulary.messages import Ignored
from chalicelib.vocabulary.records import Event
from tests.edge.kit import EdgeKit

GOOD: dict[str, Any] = {
    "id": "0f0f",
    "type": "Text",
    "text": "It is.",
    "channel": {"id": "int-ig", "platform": "Open", "to": {"id": "55501", "idType": "Opaque"}},
    "status": "Published",
    "conversationId": "desk-1",
    "originatingEntity": "Human",
    "events": [{"eventType": "Typing", "typing": {"type": "On"}}],
}
TO, CHANNEL = GOOD["channel"]["to"], GOOD["channel"]
DEFECTS: dict[str, dict[str, Any]] = {
    "channel null": {"channel": None},
    "channel a list": {"channel": [CHANNEL]},
    "channel a text": {"channel": "int-ig"},
    "channel empty": {"channel": {}},
    "to null": {"channel": CHANNEL | {"to": None}},
    "to a list": {"channel": CHANNEL | {"to": [TO]}},
    "to a number": {"channel": CHANNEL | {"to": 5}},
    "to.id null": {"channel": CHANNEL | {"to": {"id": None}}},
    "to.id a number": {"channel": CHANNEL | {"to": {"id": 55501}}},
    "to.id an object": {"channel": CHANNEL | {"to": {"id": {"id": "55501"}}}},
    "channel.id null": {"channel": CHANNEL | {"id": None}},
    "channel.id a number": {"channel": CHANNEL | {"id": 7}},
    "channel.id a list": {"channel": CHANNEL | {"id": ["int-ig"]}},
    "id null": {"id": None},
    "id a number": {"id": 7},
    "id an object": {"id": {}},
}
KINDS: list[Any] = [
    "Receipt",
    "Event",
    "HealthCheck",
    "Disconnect",
    "Presence",
    "Nobody knows",
    None,
    5,
    ["Text"],
    {},
    True,
]


def stored(body: dict[str, Any]) -> tuple[EdgeKit, Event]:
    kit = EdgeKit()
    assert kit.deliver("genesys", json.dumps(body).encode()).status == 200
    [event] = kit.outbound.events
    assert kit.shelf.kept == {}
    counted = [line for line in kit.metrics.lines if line[0] != "undated"]
    assert counted == [("received", 1, {"source": "genesys"})]
    return kit, event


@pytest.mark.parametrize("defect", DEFECTS)
@pytest.mark.parametrize("kind", KINDS, ids=str)
def test_what_is_no_message_is_ignored_by_its_kind(kind: Any, defect: str) -> None:
    _, event = stored(GOOD | DEFECTS[defect] | {"type": kind})
    found = TRANSLATOR.parse(event)
    if kind == "Event" and defect in {"id null", "id a number", "id an object"}:
        return  # typing needs no id
    named = {"Receipt": "genesys_receipt", "Event": "genesys_event"}
    other = "genesys_unknown" if isinstance(kind, str) else "genesys_untyped"
    assert found == Ignored(named.get(kind, other) if isinstance(kind, str) else other)


@pytest.mark.parametrize("defect", DEFECTS)
@pytest.mark.parametrize("kind", ["Text", "Structured"])
def test_a_message_with_a_defect_is_stored_and_the_worker_says_that_it_cannot_be_read(kind: str, defect: str) -> None:
    _, event = stored(GOOD | DEFECTS[defect] | {"type": kind})
    with pytest.raises(Malformed):
        TRANSLATOR.parse(event)


@pytest.mark.parametrize("field", ["text", "content", "direction", "originatingEntity", "conversationId", "status"])
@pytest.mark.parametrize("odd", [None, 5, [], {}, [None]])
def test_an_odd_field_elsewhere_harms_no_message(field: str, odd: Any) -> None:
    _, event = stored(GOOD | {field: odd})
    assert (event.account, event.party, event.id) == ("int-ig", "55501", "0f0f")
    assert not isinstance(TRANSLATOR.parse(event), Ignored)


def test_a_receipts_redelivery_is_told_from_another_receipt() -> None:
    receipt = GOOD | {"type": "Receipt", "channel": None}
    (_, first), (_, again), (_, other) = stored(receipt), stored(receipt), stored(receipt | {"status": "Failed"})
    assert first.dedup == again.dedup != other.dedup


def test_a_number_that_no_machine_holds_is_no_reason_to_park() -> None:
    kit = EdgeKit()
    assert kit.deliver("genesys", b'{"type": "Receipt", "id": 1e999, "channel": {"id": 1e999}}').status == 200
    assert len(kit.outbound.events) == 1


junk = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["id", "to", "type", "x"]), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(body=st.fixed_dictionaries({}, optional={"id": junk, "type": junk, "channel": junk, "text": junk}))
def test_any_object_is_stored(body: dict[str, Any]) -> None:
    stored(body)
