"""What every channel's and desk's deliveries become, by its fixtures, at the edge that all of them come through."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.edge.storing import events_of
from chalicelib.errors import Malformed
from chalicelib.http import Request
from chalicelib.protocols.webhook import MOST_PIECES, Noticed
from chalicelib.vocabulary.records import Event, Parked
from chalicelib.wire import bounded
from tests.contract.registered import FEEDS, WEBHOOKS
from tests.contract.signing import request, signature, signed
from tests.edge.kit import SECRET, EdgeKit
from tests.fakes import START
from tests.fuzz.strict_queue import StrictQueue

FIXTURES = Path(__file__).parents[1] / "fixtures"
# Notifications whose message is not what the feed's name says.
BROKEN = {"message__unreadable", "message__list"}
NO_JSON = [b"", b"hello", b"{", b"\xff\xfe", b'{"a": "\xff"}', b"null", b"1", b'"text"', b"[" * 200_000]
each_feed = pytest.mark.parametrize("name", FEEDS)
each_webhook = pytest.mark.parametrize("name", WEBHOOKS)


def sent(name: str) -> list[bytes]:
    """The fixtures as they are sent: compactly. What is no JSON inside is another test's."""
    found = sorted(path for path in (FIXTURES / name).glob("*.json") if path.stem not in BROKEN)
    assert found, f"put deliveries of {name} into tests/fixtures/{name}/"
    return [json.dumps(json.loads(path.read_text()), separators=(",", ":")).encode() for path in found]


def bodies(name: str) -> list[bytes]:
    """The same as the edge hands them to be cut."""
    return [noticed(name, body) for body in sent(name)]


def noticed(name: str, body: bytes) -> bytes:
    """Of a feed that reads a notification's attributes, too: both, without the rest of the envelope."""
    feed = FEEDS[name]
    if not isinstance(feed, Noticed):
        return body
    envelope = json.loads(body)
    told = {key: one["Value"] for key, one in envelope["MessageAttributes"].items() if key in feed.attributes}
    return msgspec.json.encode({"message": envelope["Message"], "attributes": told})


@each_feed
def test_its_name_is_the_registrys(name: str) -> None:
    assert FEEDS[name].name == name


@each_feed
def test_every_delivery_is_pieces_that_a_redelivery_has_again(name: str) -> None:
    cut = {body: FEEDS[name].split(body) for body in bodies(name)}
    for body, pieces in cut.items():
        assert len(pieces) <= MOST_PIECES
        assert pieces == FEEDS[name].split(body)
        assert all(piece.id and piece.id == bounded(piece.id) for piece in pieces)
        assert all(msgspec.json.format(piece.raw) for piece in pieces)  # JSON, each by itself
        assert all(piece.sent_ms >= 0 for piece in pieces)
    assert any(cut.values())


@each_feed
@pytest.mark.parametrize("body", NO_JSON, ids=lambda body: repr(body[:12]))
def test_what_is_no_json_is_malformed(name: str, body: bytes) -> None:
    with pytest.raises(Malformed):
        FEEDS[name].split(body)


@each_feed
@given(body=st.one_of(st.binary(max_size=80), st.from_type(str).map(str.encode), st.sampled_from([b"[]", b"[{}]"])))
def test_any_bytes_are_pieces_or_malformed(name: str, body: bytes) -> None:
    try:
        pieces = FEEDS[name].split(body)
    except Malformed:
        return
    assert all(piece.id for piece in pieces)


def record(name: str, body: bytes) -> dict[str, str]:
    return {"messageId": "m-1", "body": body.decode(), "eventSourceARN": f"arn:aws:sqs:eu-central-1:1:x-from-{name}"}


@each_feed
def test_fed_by_a_queue_every_delivery_is_stored(name: str) -> None:
    for body, cut in zip(sent(name), bodies(name), strict=True):
        kit = EdgeKit(queue=StrictQueue)
        assert kit.edge.fed([record(name, body)]) == {"batchItemFailures": []}
        assert kit.shelf.kept == {}
        assert kit.queue(name).events == kit.stored == events_of(FEEDS[name], cut, kit.clock())


def taken(name: str, delivery: Request) -> tuple[int, list[Event]]:
    """The answer, and what was stored."""
    kit = EdgeKit(queue=StrictQueue)
    return kit.post(name, delivery).status, kit.stored


@each_webhook
def test_over_http_every_signed_delivery_is_stored_and_no_other_is(name: str) -> None:
    for body in bodies(name):
        assert taken(name, signed(name, body, SECRET)) == (200, events_of(FEEDS[name], body, START))
        assert taken(name, signed(name, body, "a guess")) == (401, [])
        assert taken(name, request(name, body + b" ", signature(name, body, SECRET))) == (401, [])
        assert taken(name, request(name, body, None)) == (401, [])


@each_webhook
def test_what_is_signed_and_no_json_is_parked(name: str) -> None:
    kit = EdgeKit()
    assert kit.deliver(name, b"not json").status == 200
    [kept] = [msgspec.json.decode(one, type=Parked) for one in kit.shelf.kept.values()]
    assert (kept.reason, kept.body, kit.stored) == ("not_json", b"not json", [])


@each_webhook
def test_a_get_that_asks_nothing_is_no_handshake(name: str) -> None:
    assert not WEBHOOKS[name].handshakes(Request(method="GET", headers={}, query={}, body=b""))
    assert not WEBHOOKS[name].handshakes(Request(method="GET", headers={}, query={"x": "1"}, body=b""))
