"""Large files are held in memory a few at a time, whoever holds them, and nobody is worse off for having to wait."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Barrier, Event, Lock, Thread
from typing import Any

import pytest

from chalicelib.errors import NoRoom
from chalicelib.pipeline.room import Room
from chalicelib.vocabulary.messages import CustomerMessage, Media
from chalicelib.vocabulary.records import Conversation
from chalicelib.vocabulary.records import Event as Stored
from tests.fakes import INSTAGRAM, START, FakeClient, FakeDesk, turn
from tests.kits import Bench
from tests.threads import PATIENCE_S, together


def test_no_more_are_held_than_there_is_room_for() -> None:
    room, lock, there, most = Room(3, PATIENCE_S), Lock(), 0, 0
    several = Barrier(3)

    def work() -> None:
        nonlocal there, most
        with room.taken():
            with lock:
                there += 1
                most = max(most, there)
            several.wait(PATIENCE_S)
            with lock:
                there -= 1

    together(9, work)
    assert most == 3


def test_who_has_room_needs_no_more() -> None:
    room = Room(1, 0)
    with room.taken(), room.taken():
        pass
    with room.taken():
        pass


@contextmanager
def full(room: Room) -> Iterator[None]:
    """Another thread has it meanwhile."""
    inside, over = Event(), Event()

    def work() -> None:
        with room.taken():
            inside.set()
            assert over.wait(PATIENCE_S)

    thread = Thread(target=work)
    thread.start()
    assert inside.wait(PATIENCE_S)
    try:
        yield
    finally:
        over.set()
        thread.join(PATIENCE_S)


def test_who_finds_none_comes_again() -> None:
    room = Room(1, 0)
    with full(room), pytest.raises(NoRoom) as waits, room.taken():
        pass
    assert waits.value.after_s == 1
    with room.taken():
        pass


def test_a_failure_gives_the_room_back() -> None:
    room: Any = Room(1, 0)
    for _ in range(3):
        with pytest.raises(KeyError), room.taken():
            raise KeyError


class Says:
    def parse(self, event: Stored) -> list[CustomerMessage]:
        media = Media(kind="image", url="https://cdn.platform.example/1")
        whose = Conversation("instagram", INSTAGRAM.id, event.party)
        return [CustomerMessage(id=event.id, conversation=whose, sent_ms=event.received_ms, media=media, origin="mid")]


def test_a_picture_that_finds_none_waits_and_spends_nothing() -> None:
    desk, says = FakeDesk(), Says()
    translator: Any = says
    bench = Bench({"instagram": FakeClient()}, desk)
    media = bench.wired._common.given.media
    media.room = Room(1, 0)
    work = bench.to_desk({"instagram": translator})
    event = Stored(
        source="instagram", account=INSTAGRAM.id, party="55501", id="message:mid", received_ms=int(START * 1000)
    )
    for _ in range(10):
        with full(media.room), pytest.raises(NoRoom):
            work.handle(event, turn())
    assert bench.ledger.tries == {}
    work.handle(event, turn())
    assert desk.delivered[0].attachment is not None
