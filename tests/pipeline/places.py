"""The places in which something of a customer may lie, in memory, for erasures: each call may be the last."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence

from chalicelib.pipeline.erasing import Erasing, Keeping
from chalicelib.vocabulary.records import Conversation, Erasure, Event, Row, Seat
from tests.fakes import FakeClock


class Places:
    """Table, bucket and one queue's dead letters. `stop` is asked before and after each call."""

    def __init__(self, desks: Sequence[str] = ("genesys",), set_up: Collection[str] | None = None) -> None:
        self.clock = FakeClock()
        self.table: dict[str, dict[str, Row]] = {}
        self.told: dict[str, Erasure] = {}
        self.bucket: dict[str, bytes] = {}
        self.letters: list[Event] = []
        self.stop: Callable[[str], None] = lambda call: None
        self.meanwhile: Callable[[str], None] = lambda call: None
        self.erasing = Erasing(
            rows=_Table(self),
            objects=_Objects(self),
            shelf=_Shelf(self),
            letters=[_Letters(self)],
            desks=desks,
            set_up=desks if set_up is None else set_up,
            keeping=Keeping(queue=28, logs=90, backups=35),
            clock=self.clock,
            pause=self.pause,
        )

    def pause(self, seconds: float) -> None:
        self.at("pause")
        self.clock.advance(seconds)
        self.over("pause")

    def row(self, whose: Conversation, name: str, seat: Seat | None = None, **fields: str | float) -> None:
        self.table.setdefault(whose.key, {})[name] = Row(name=name, fields=dict(fields), seat=seat)

    def at(self, call: str) -> None:
        self.stop(f"before {call}")

    def over(self, call: str) -> None:
        self.meanwhile(call)
        self.stop(f"after {call}")


class _Part:
    def __init__(self, places: Places) -> None:
        self.places = places


class _Table(_Part):
    def forget(self, mark: str, erasure: Erasure, now: float) -> bool:
        self.places.at("forget")
        known = self.places.told.get(mark)
        later = known is not None and known.until_ms > erasure.until_ms
        if not later:
            self.places.told[mark] = erasure
        self.places.over("forget")
        return not later

    def all_of(self, conversation: Conversation) -> Iterator[Row]:
        self.places.at("all_of")
        yield from list(self.places.table.get(conversation.key, {}).values())
        self.places.over("all_of")

    def erase(self, conversation: Conversation) -> int:
        self.places.at("rows")
        gone = self.places.table.pop(conversation.key, {})
        self.places.over("rows")
        return len(gone)


class _Objects(_Part):
    def erase(self, keys: Sequence[str]) -> None:
        self.places.at("objects")
        for key in keys:
            self.places.bucket.pop(key, None)
        self.places.over("objects")


class _Shelf(_Part):
    def keys(self, prefix: str) -> Iterator[str]:
        self.places.at("keys")
        yield from sorted(key for key in self.places.bucket if key.startswith(prefix))

    def keep(self, key: str, body: bytes) -> None:
        self.places.at("keep")
        self.places.bucket[key] = body
        self.places.over("keep")

    def fetch(self, key: str) -> bytes:
        self.places.at("fetch")
        return self.places.bucket[key]


class _Letters(_Part):
    def of(self, marks: Collection[str]) -> list[Event]:
        self.places.at("of")
        found = [event for event in self.places.letters if event.mark in marks]
        self.places.over("of")
        return found[:10]

    def erase(self, marks: Collection[str]) -> list[str]:
        self.places.at("letters")
        gone = [event.id for event in self.places.letters if event.mark in marks]
        self.places.letters = [event for event in self.places.letters if event.mark not in marks]
        self.places.over("letters")
        return gone
