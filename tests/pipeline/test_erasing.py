"""An erasure empties every place, whatever happens beside it and wherever it is cut off."""

from __future__ import annotations

import json
from itertools import count
from typing import Any

import msgspec
import pytest

from chalicelib.errors import Retryable
from chalicelib.pipeline.erasing import CERTIFICATES, HELD_S, ROUNDS, SETTLE_S, Certificate, Place
from chalicelib.pipeline.media import folder
from chalicelib.pipeline.parking import Parking
from chalicelib.pipeline.ports import Turn
from chalicelib.vocabulary.claims import LEASE_S
from chalicelib.vocabulary.records import Conversation, Erasure, Event, Seat
from tests.fakes import FakeMetrics
from tests.pipeline.places import Places

INTEGRATION = "int-1784"
WHOSE = Conversation("instagram", "1784", "1000000000000001")
OTHER = Conversation("instagram", "1784", "1000000000000002")
HELD: dict[Place, int] = {"table": 2, "media": 1, "parked": 2, "aside": 1, "dead_letters": 13}


class Killed(BaseException):
    """The process is gone: nothing of ours cleans up."""


def event(whose: Conversation, identifier: str, source: str = "") -> Event:
    account = INTEGRATION if source else whose.account
    raw = msgspec.Raw(json.dumps({"from": whose.customer}).encode())
    return Event(
        source=source or whose.channel, account=account, party=whose.customer, id=identifier, received_ms=1000, raw=raw
    )


def park(places: Places, what: Event, reason: str = "unknown_account") -> None:
    shelf: Any = places.erasing._shelf
    turn = Turn(life="l", order="7", remaining_s=lambda: 60.0)
    Parking("inbound", shelf, places.clock, FakeMetrics()).park(what, turn, reason, "add it")


def fill(places: Places, whose: Conversation) -> None:
    places.row(whose, "STATE", desk="desk-1")
    places.row(whose, "IN#1", state="done")
    places.bucket[f"{folder(whose)}0/0"] = b"picture"
    park(places, event(whose, "parked"))
    park(places, event(whose, "reply", "genesys"))
    big = event(whose, "big")
    places.bucket[f"aside/instagram/{big.mark}/{big.received_ms:013d}-{big.dedup}"] = bytes(big.raw)
    places.letters += [event(whose, f"letter-{number}") for number in range(12)]
    places.letters.append(event(whose, "answer", "genesys"))


@pytest.fixture
def places() -> Places:
    made = Places()
    fill(made, WHOSE)
    fill(made, OTHER)
    return made


def test_events_of_a_desk_that_tells_its_conversation_and_nothing_else_go_too() -> None:
    places = Places(desks=("genesys", "connect"))
    places.row(WHOSE, "SEAT#1", seat=Seat("connect", "contact-1"))
    whose = Event(source="connect", account="", party="contact-1", id="e", received_ms=1000, raw=msgspec.Raw(b"{}"))
    for integration in (INTEGRATION, ""):
        park(places, whose)
        assert len(places.erasing.held(WHOSE, integration).parked) == 1
    places.erasing.erase(WHOSE, INTEGRATION)
    assert [key for key in places.bucket if key.startswith("parked/")] == []


def held(places: Places, whose: Conversation) -> list[str]:
    """All that is theirs, read without the code that looks for it."""
    things = {key: body.decode() for key, body in places.bucket.items()}
    rows = [f"{key}/{name}" for key, rows in places.table.items() for name in rows if whose.customer in key]
    media = [key for key in things if key.startswith(folder(whose))]
    named = [key for key, body in things.items() if whose.customer in body]
    return rows + media + named + [letter.id for letter in places.letters if letter.party == whose.customer]


def certificates(places: Places) -> list[Certificate]:
    return [
        msgspec.json.decode(body, type=Certificate)
        for key, body in places.bucket.items()
        if key.startswith(CERTIFICATES)
    ]


def erase(places: Places, whose: Conversation = WHOSE) -> Certificate:
    return places.erasing.erase(whose, INTEGRATION)


def test_everything_goes_and_nothing_of_another(places: Places) -> None:
    others = held(places, OTHER)
    certificate = erase(places)
    assert held(places, WHOSE) == []
    assert held(places, OTHER) == others
    assert {place: one.count for place, one in certificate.erased.items()} == HELD
    assert certificates(places) == [certificate]
    assert all(one.open_s == 0 for one in places.told.values())


def calls_of(places: Places) -> int:
    numbers = count(1)
    last = 0

    def counted(call: str) -> None:
        nonlocal last
        last = next(numbers)

    places.stop = counted
    erase(places)
    return last


def made() -> Places:
    filled = Places()
    fill(filled, WHOSE)
    return filled


@pytest.mark.parametrize("error", [Killed, lambda: Retryable("aws: ThrottlingException")])
def test_cut_off_before_or_after_any_call_it_goes_on_and_ends_with_all_that_there_was(error: Any) -> None:
    for number in range(1, calls_of(made()) + 1):
        places = made()
        numbers = count(1)

        def stop(call: str, numbers: Any = numbers, number: int = number) -> None:
            if next(numbers) == number:
                raise error()

        places.stop = stop
        with pytest.raises((Killed, Retryable)):
            erase(places)
        places.stop = lambda call: None
        erase(places)
        assert held(places, WHOSE) == [], f"call {number}"
        told = certificates(places)
        assert all(one.ended for one in told), f"call {number}"
        most = {place: max(one.erased[place].count for one in told if one.erased) for place in HELD}
        # a queue shows ten of a conversation: how many lay behind them, only who deletes them sees
        assert most.pop("dead_letters") in range(10, 14), f"call {number}"
        assert most == {place: HELD[place] for place in most}, f"call {number}"
        assert all(one.open_s == 0 for one in places.told.values()), f"call {number}"


def test_run_twice_it_finds_nothing(places: Places) -> None:
    erase(places)
    again = erase(places)
    assert {one.count for one in again.erased.values()} == {0}
    assert len(certificates(places)) == 2


def test_who_is_known_to_nobody_has_a_certificate_of_nothing(places: Places) -> None:
    whole = dict(places.bucket)
    certificate = erase(places, Conversation("instagram", "1784", "1"))
    assert {one.count for one in certificate.erased.values()} == {0}
    assert {key: body for key, body in places.bucket.items() if not key.startswith(CERTIFICATES)} == whole


@pytest.mark.parametrize("customer", ["../parked/", "a#b", "*", "\x00\n", "\udc80", "é" * 400, "1000000000000001/"])
def test_whatever_the_id_is_nothing_of_another_goes(places: Places, customer: str) -> None:
    whole = (held(places, WHOSE), held(places, OTHER))
    hostile = Conversation("instagram", "1784", customer)
    places.row(hostile, "STATE")
    certificate = erase(places, hostile)
    assert certificate.erased["table"].count == 1
    assert (held(places, WHOSE), held(places, OTHER)) == whole


def test_what_is_leased_ends_before_anything_goes(places: Places) -> None:
    until = places.clock() + SETTLE_S + LEASE_S / 2
    places.row(WHOSE, "IN#2", state="leased", until=until)
    gone: list[float] = []
    places.meanwhile = lambda call: gone.append(places.clock()) if call in {"letters", "objects", "rows"} else None
    erase(places)
    assert min(gone) >= until


def test_a_lease_of_a_worker_that_died_is_not_waited_for_longer_than_any_runs(places: Places) -> None:
    places.row(WHOSE, "IN#2", state="leased", until=places.clock() + 10 * LEASE_S)
    began = places.clock()
    erase(places)
    assert places.clock() - began < SETTLE_S + LEASE_S + 2 * ROUNDS
    assert held(places, WHOSE) == []


def test_what_a_worker_writes_behind_our_back_goes_too(places: Places) -> None:
    late = iter(["rows", "rows"])

    def writes(call: str) -> None:
        if call == "rows" and next(late, None):
            places.row(WHOSE, "LED", body="x")
            places.bucket[f"{folder(WHOSE)}1/0"] = b"late"

    places.meanwhile = writes
    certificate = erase(places)
    assert held(places, WHOSE) == []
    assert certificate.ended


def test_who_never_stops_writing_is_told_and_not_certified(places: Places) -> None:
    places.meanwhile = lambda call: places.row(WHOSE, "LED", body="x") if call == "rows" else None
    with pytest.raises(Retryable, match="still writes"):
        erase(places)
    assert not certificates(places)[0].ended


@pytest.mark.parametrize("at", ["of", "letters"])
def test_a_letter_that_a_replay_takes_meanwhile_is_found_where_it_puts_it(places: Places, at: str) -> None:
    taken = event(WHOSE, "taken")
    moves = iter([True])

    def replay(call: str) -> None:
        if call == at and next(moves, False):
            places.letters = [one for one in places.letters if one.id != taken.id]
            park(places, taken, "dead_letter")

    places.letters.append(taken)
    places.meanwhile = replay
    erase(places)
    assert held(places, WHOSE) == []


def test_what_comes_meanwhile_and_lies_in_the_bucket_is_not_touched(places: Places) -> None:
    came: dict[str, bytes] = {}

    def comes(call: str) -> None:
        if call == "pause" and not came:
            new = msgspec.structs.replace(event(WHOSE, "new"), received_ms=int(places.clock() * 1000) + 1000)
            came[f"aside/instagram/{new.mark}/{new.received_ms:013d}-{new.dedup}"] = b"new"
            came[f"parked/not_carried/instagram/2027-01-15/{new.received_ms:013d}-{7:020d}-{new.dedup}-{new.mark}"] = (
                b"new"
            )
            places.bucket |= came

    places.meanwhile = comes
    certificate = erase(places)
    assert certificate.ended
    assert came.items() <= places.bucket.items()
    assert {place: one.count for place, one in certificate.erased.items()} == HELD


def test_where_another_run_begins_later_the_earlier_one_leaves_the_rest_to_it(places: Places) -> None:
    later = Erasure(until_ms=int((places.clock() + 2 * SETTLE_S) * 1000), open_s=places.clock() + HELD_S)

    def begins(call: str) -> None:
        if call == "pause":
            places.told |= dict.fromkeys(places.told, later)

    before = held(places, WHOSE)
    places.meanwhile = begins
    with pytest.raises(Retryable, match="another run"):
        erase(places)
    assert held(places, WHOSE) == before
    assert set(places.told.values()) == {later}


def test_what_the_account_would_find_is_told_where_nobody_knows_it(places: Places) -> None:
    certificate = places.erasing.erase(WHOSE, "")
    assert [one for one in certificate.elsewhere if "integration" in one.what]
    assert {letter.source for letter in places.letters if letter.party == WHOSE.customer} == {"genesys"}


@pytest.mark.parametrize(
    ("set_up", "seat", "named"),
    [
        (("genesys",), None, ["genesys"]),
        (("genesys", "connect"), None, ["genesys", "connect"]),
        (("genesys",), Seat("connect", "contact-1"), ["genesys", "connect"]),  # the desk was given up since
        (("genesys",), Seat("", "desk-1"), ["genesys"]),
    ],
)
def test_only_desks_that_may_hold_something_are_named(
    set_up: tuple[str, ...], seat: Seat | None, named: list[str]
) -> None:
    desks = ("genesys", "connect")
    places = Places(desks=desks, set_up=set_up)
    places.row(WHOSE, "SEAT#1", seat=seat)
    certificate = places.erasing.erase(WHOSE, INTEGRATION)
    assert [one.where for one in certificate.elsewhere if one.where in desks] == named


def test_a_desk_is_named_though_the_row_that_told_of_it_went_before_it_was_cut_off() -> None:
    places = Places(desks=("genesys", "connect"), set_up=("genesys",))
    places.row(WHOSE, "SEAT#1", seat=Seat("connect", "contact-1"))

    def stop(call: str) -> None:
        if WHOSE.key not in places.table:
            raise Killed

    places.stop = stop
    with pytest.raises(Killed):
        places.erasing.erase(WHOSE, INTEGRATION)
    places.stop = lambda call: None
    certificate = places.erasing.erase(WHOSE, INTEGRATION)
    assert "connect" in [one.where for one in certificate.elsewhere]
