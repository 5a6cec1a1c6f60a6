"""What was erased is let go wherever it turns up, what comes meanwhile waits, and what comes later is as ever."""

from __future__ import annotations

import msgspec
import pytest

from chalicelib.errors import Retryable, Waiting
from chalicelib.pipeline.erased import Heeding
from chalicelib.pipeline.erasing import SETTLE_S
from chalicelib.pipeline.ports import Turn
from chalicelib.vocabulary.records import Erasure, Event
from tests.fakes import FakeClock, FakeMetrics

UNTIL = 1_000_000
EVENT = Event(source="instagram", account="1784", party="c", id="1", received_ms=UNTIL)
TURN = Turn(life="l", order="1", remaining_s=lambda: 60.0)


class Work:
    def __init__(self) -> None:
        self.handled: list[Event] = []
        self.buried: list[Event] = []

    def handle(self, event: Event, turn: Turn) -> None:
        self.handled.append(event)

    def give_up(self, event: Event, turn: Turn, reason: str) -> None:
        self.buried.append(event)


class Kit:
    def __init__(self, open_s: float = 0.0) -> None:
        self.work, self.metrics, self.clock = Work(), FakeMetrics(), FakeClock()
        self.erased = {EVENT.mark: Erasure(until_ms=UNTIL, open_s=open_s)}
        self.reads = 0
        self.heeding = Heeding(self.work, self, self.clock, self.metrics)

    def erasures(self) -> dict[str, Erasure]:
        self.reads += 1
        return dict(self.erased)


def event(**changed: object) -> Event:
    return msgspec.structs.replace(EVENT, **changed)


@pytest.mark.parametrize(
    "gone",
    [
        event(),
        event(received_ms=UNTIL - 5),
        event(section="echo"),
        event(party="", about="c"),
        event(received_ms=UNTIL + 86_400_000, sent_ms=UNTIL - 1),
    ],
    ids=["the last", "one before", "an echo", "what is told on", "one that a platform delivers again"],
)
def test_what_came_before_is_let_go(gone: Event) -> None:
    kit = Kit()
    kit.heeding.handle(gone, TURN)
    kit.heeding.give_up(gone, TURN, "why")
    assert (kit.work.handled, kit.work.buried) == ([], [])
    assert kit.metrics.total("erased", source="instagram") == 2


@pytest.mark.parametrize(
    "stays",
    [
        event(received_ms=UNTIL + 1),
        event(party="another"),
        event(account="another"),
        event(source="tiktok"),
        event(party=""),
    ],
    ids=["later", "another customer's", "another account's", "another source's", "nobody's"],
)
def test_everything_else_goes_its_way(stays: Event) -> None:
    kit = Kit()
    kit.heeding.handle(stays, TURN)
    kit.heeding.give_up(stays, TURN, "why")
    assert (kit.work.handled, kit.work.buried) == ([stays], [stays])


def test_what_comes_during_an_erasure_waits_for_its_end_and_no_longer() -> None:
    kit = Kit()
    later = event(received_ms=UNTIL + 1)
    kit.erased[EVENT.mark] = Erasure(until_ms=UNTIL, open_s=kit.clock() + 10)
    with pytest.raises(Waiting):
        kit.heeding.handle(later, TURN)
    with pytest.raises(Waiting):
        kit.heeding.give_up(later, TURN, "why")
    kit.clock.advance(10)
    kit.heeding.handle(later, TURN)
    assert (kit.work.handled, kit.work.buried) == ([later], [])


def test_who_was_erased_is_read_once_for_many_events_and_anew_before_an_erasure_has_settled() -> None:
    kit = Kit()
    kit.erased.clear()
    for number in range(50):
        kit.heeding.handle(event(id=str(number), party=str(number)), TURN)
    assert kit.reads == 1
    kit.erased[EVENT.mark] = Erasure(until_ms=UNTIL, open_s=0)
    kit.clock.advance(SETTLE_S - 1)
    kit.heeding.handle(EVENT, TURN)
    assert kit.reads == 2
    assert EVENT not in kit.work.handled


def test_an_event_waits_where_nobody_can_tell_whether_it_was_erased(monkeypatch: pytest.MonkeyPatch) -> None:
    kit = Kit()
    kit.heeding.handle(event(party="another"), TURN)

    def down() -> dict[str, Erasure]:
        raise Retryable("table busy")

    monkeypatch.setattr(kit, "erasures", down)
    kit.clock.advance(SETTLE_S)
    with pytest.raises(Retryable, match="table busy"):
        kit.heeding.handle(event(party="a third"), TURN)


def test_who_has_to_know_of_what_is_let_go_is_told_and_asked_again_where_that_fails() -> None:
    kit = Kit()
    told: list[Event] = []
    answers = iter([Retryable("queue busy")])

    def let_go(gone: Event) -> None:
        if error := next(answers, None):
            raise error
        told.append(gone)

    heeding = Heeding(kit.work, kit, kit.clock, kit.metrics, let_go)
    with pytest.raises(Retryable, match="queue busy"):
        heeding.handle(EVENT, TURN)
    assert kit.metrics.total("erased") == 0
    heeding.handle(EVENT, TURN)
    heeding.handle(event(received_ms=UNTIL + 1), TURN)
    heeding.give_up(EVENT, TURN, "why")  # whatever telling raises, it must not keep what was erased
    assert told == [EVENT]
