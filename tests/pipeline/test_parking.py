"""What a parked thing's key tells of it."""

from __future__ import annotations

import hashlib

import pytest

from chalicelib.pipeline.parking import Parking, lightened, named
from chalicelib.pipeline.ports import Turn
from chalicelib.vocabulary.records import Event
from tests.fakes import FakeClock, FakeMetrics, FakeShelf

BODY = b'{"object": "instagram"'


def digest(*parts: bytes) -> str:
    """As the bridge's own, said again: each part behind its length."""
    return hashlib.sha256(b"".join(len(part).to_bytes(8, "big") + part for part in parts)).hexdigest()


@pytest.mark.parametrize("order", ["", "0", "18849496460467696128", "18849496460467696128.0007"])
@pytest.mark.parametrize("party", ["c-1", ""])
def test_the_key_of_an_event_tells_which_it_is_and_whose(party: str, order: str) -> None:
    shelf = FakeShelf()
    parking = Parking("inbound", shelf, FakeClock(), FakeMetrics())
    event = Event(source="pigeon-post", account="loft-1", party=party, id="m-1", received_ms=1_700_000_000_000)
    parking.park(event, Turn(life="l", order=order, remaining_s=lambda: 60.0), "unknown_account", "add it")
    [key] = shelf.kept
    told = named(key)
    assert told.since_ms == 1_700_000_000_000
    assert told.dedup == digest(b"pigeon-post", b"loft-1", party.encode(), b"m-1")
    assert told.mark == (digest(b"pigeon-post", b"loft-1", b"c-1") if party else "")


class Narrow:
    """A queue that carries only where something lies."""

    def carries(self, event: Event) -> bool:
        return bool(event.aside)


@pytest.mark.parametrize("sent_ms", [0, 1_600_000_000_000, 1_800_000_000_000])
def test_the_key_of_what_is_set_aside_tells_whose_it_is_and_since_when(sent_ms: int) -> None:
    event = Event(
        source="pigeon", account="loft-1", party="c-1", id="m-1", received_ms=1_700_000_000_000, sent_ms=sent_ms
    )
    light = lightened(event, Narrow(), FakeShelf())
    assert light is not None
    told = named(light.aside)
    assert told.since_ms == (1_600_000_000_000 if sent_ms == 1_600_000_000_000 else 1_700_000_000_000)
    assert told.dedup == digest(b"pigeon", b"loft-1", b"c-1", b"m-1")
    assert told.mark == digest(b"pigeon", b"loft-1", b"c-1")


def test_what_is_set_aside_and_nobodys_has_no_mark() -> None:
    light = lightened(Event(source="pigeon", account="l", party="", id="m", received_ms=7), Narrow(), FakeShelf())
    assert light is not None
    assert light.aside == f"aside/pigeon/{digest(b'pigeon', b'l', b'', b'm')}"
    assert named(light.aside).mark == ""


def test_the_key_of_a_whole_delivery_tells_its_fingerprint() -> None:
    shelf = FakeShelf()
    Parking("inbound", shelf, FakeClock(), FakeMetrics()).keep_body("not_json", "look", "instagram", BODY)
    [key] = shelf.kept
    assert (named(key).dedup, named(key).mark) == (digest(BODY), "")


def test_what_an_earlier_release_parked_is_nobodys_by_its_key() -> None:
    key = f"parked/unknown_account/instagram/2026-01-01/1700000000000-{1:020d}-{'a' * 64}"
    assert (named(key).dedup, named(key).mark) == ("a" * 64, "")
