"""Parked events of an account that is added later come back by themselves: in order, once, a bounded number a run."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec
import pytest

from chalicelib.errors import Malformed, Retryable
from chalicelib.pipeline.alone import REPLAY
from chalicelib.pipeline.chores import returns
from chalicelib.pipeline.chores.returns import Returns
from chalicelib.pipeline.parking import Parking
from chalicelib.pipeline.returning import Returning
from chalicelib.registry import CHANNELS, DESKS, abouts
from chalicelib.vocabulary.records import Account, Event
from tests.fakes import INSTAGRAM, START, TIKTOK, FakeClock, FakeLedger, FakeMetrics, FakeShelf, turn


class Shelf(FakeShelf):
    def __init__(self) -> None:
        super().__init__()
        self.fetched: list[str] = []
        self.removes = True

    def keys(self, prefix: str) -> Iterator[str]:
        return iter(sorted(key for key in self.kept if key.startswith(prefix)))

    def fetch(self, key: str) -> bytes:
        self.fetched.append(key)
        return super().fetch(key)

    def remove(self, keys: Sequence[str]) -> None:
        if not self.removes:
            raise Retryable("reset")
        super().remove(keys)


class Home:
    """A queue that refuses an id that it has."""

    def __init__(self) -> None:
        self.events: dict[str, Event] = {}

    def carries(self, event: Event) -> bool:
        return True

    def put_again(self, events: Sequence[tuple[Event, str]]) -> None:
        for event, name in events:
            self.events.setdefault(name, event)

    @property
    def ids(self) -> list[str]:
        return [event.id for event in self.events.values()]


def uncut(source: str, body: bytes, at: float) -> list[Event]:
    raise Malformed("not asked for")


class Kit:
    def __init__(self, *accounts: Account, hours: int = 48) -> None:
        self.clock, self.metrics = FakeClock(), FakeMetrics()
        self.ledger, self.shelf = FakeLedger(listed=list(accounts)), Shelf()
        self.homes = {"inbound": Home(), "outbound": Home()}
        self.chore = Returns(
            shelf=self.shelf,
            returning=Returning(self.homes, self.shelf, uncut),
            ledger=self.ledger,
            channels=abouts(CHANNELS),
            desks=abouts(DESKS),
            hours=hours,
            clock=self.clock,
            metrics=self.metrics,
        )

    def park(
        self, number: int, account: str = INSTAGRAM.id, source: str = "instagram", ago_s: float = 0.0, queue: str = ""
    ) -> None:
        event = Event(
            source=source, account=account, party="p", id=str(number),
            received_ms=int((START - ago_s) * 1000), raw=msgspec.Raw(b"1"),
        )  # fmt: skip
        parking = Parking(queue or "inbound", self.shelf, self.clock, self.metrics)
        parking.park(event, turn(order=str(1000 + number)), "unknown_account", "add it")

    def run(self) -> None:
        self.chore.run(self.clock())


def test_only_the_events_of_accounts_that_there_are_come_back() -> None:
    kit = Kit(INSTAGRAM, TIKTOK)
    kit.park(3)
    kit.park(1)
    kit.park(2, account="another")
    kit.park(4, account=TIKTOK.id, source="tiktok")
    kit.park(5, account=TIKTOK.id)  # nobody's on that channel
    kit.park(6, account=INSTAGRAM.integration, source="genesys", queue="outbound")
    kit.run()
    assert sorted(kit.homes["inbound"].ids) == ["1", "3", "4"]
    assert [one for one in kit.homes["inbound"].ids if one != "4"] == ["1", "3"]
    assert kit.homes["outbound"].ids == ["6"]
    assert (len(kit.shelf.kept), len(kit.shelf.fetched)) == (2, 4)
    assert kit.metrics.total("returned") == 4
    assert kit.ledger.locks == {}


def test_what_is_older_than_the_setting_waits_for_an_operator_and_0_returns_nothing() -> None:
    for hours, back in ((48, ["2"]), (0, []), (49, ["1", "2"])):
        kit = Kit(INSTAGRAM, hours=hours)
        kit.park(1, ago_s=48 * 3600 + 1)
        kit.park(2, ago_s=47 * 3600)
        kit.run()
        assert kit.homes["inbound"].ids == back


def test_a_run_brings_back_the_oldest_and_the_next_ones_the_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(returns, "MOST", 4)
    kit = Kit(INSTAGRAM)
    for number in (7, 2, 9, 0, 4, 1, 3, 8, 6, 5):
        kit.park(number, ago_s=number)  # as the queue counted them, whatever the edge's clocks said
    sizes = []
    for _ in range(4):
        kit.run()
        sizes.append(len(kit.homes["inbound"].ids))
    assert sizes == [4, 8, 10, 10]
    assert kit.homes["inbound"].ids == [str(number) for number in range(10)]


def test_who_is_cut_off_before_the_shelf_is_cleared_puts_nothing_twice() -> None:
    kit = Kit(INSTAGRAM)
    for number in range(3):
        kit.park(number)
    kit.shelf.removes = False
    with pytest.raises(Retryable):
        kit.run()
    kit.shelf.removes = True
    kit.run()
    assert kit.homes["inbound"].ids == ["0", "1", "2"]
    assert kit.shelf.kept == {}


def test_beside_an_operators_replay_it_leaves_all_for_the_next_run() -> None:
    kit = Kit(INSTAGRAM)
    kit.park(1)
    kit.ledger.lock(REPLAY, START, 300, "ana@desk-7")
    kit.run()
    assert (kit.homes["inbound"].ids, len(kit.shelf.kept), kit.shelf.fetched) == ([], 1, [])
    kit.clock.advance(301)
    kit.run()
    assert kit.homes["inbound"].ids == ["1"]


def test_what_cannot_be_read_stays_and_holds_up_nothing() -> None:
    kit = Kit(INSTAGRAM)
    kit.park(1)
    [key] = kit.shelf.kept
    kit.park(2)
    kit.shelf.keep(key, b"torn")
    kit.run()
    assert kit.homes["inbound"].ids == ["2"]
    assert list(kit.shelf.kept) == [key]
