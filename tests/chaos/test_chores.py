"""The upkeep dies before or after each call of a chore's: what it was to do is done by a later start, once, or again
where nobody can know better.

Ends: scenes.py. Windows that close, and tokens: tests/pipeline/chores, line by line. Waits are only measured.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import msgspec
import pytest

from chalicelib.errors import Retryable
from chalicelib.pipeline.chores.deletions import Deletions
from chalicelib.pipeline.chores.raising import Raising
from chalicelib.pipeline.chores.reconciling import DAILY, Reconciling
from chalicelib.pipeline.chores.returns import Returns
from chalicelib.pipeline.chores.spending import Spending
from chalicelib.pipeline.chores.warning import Warnings
from chalicelib.pipeline.desks import Desks
from chalicelib.pipeline.parking import Parking
from chalicelib.pipeline.returning import Returning
from chalicelib.registry import CHANNELS, DESKS, abouts
from chalicelib.vocabulary.deletion import Deletion, key_of
from chalicelib.vocabulary.records import Conversation, Event, Seat, Spent, Thread
from tests.chaos.aws import Stepped
from tests.chaos.timeline import AwsFault, Killed, Steps, Timeline, When
from tests.fakes import (
    INSTAGRAM,
    TIKTOK,
    FakeClock,
    FakeDesk,
    FakeLedger,
    FakeMetrics,
    FakeShelf,
    FakeTopic,
    FakeWindows,
    turn,
)
from tests.pipeline.chores.test_returns import Home, uncut
from tests.pipeline.test_comparing import ANA, BEN, HOUR_MS, deliver, wrote
from tests.pipeline.test_comparing import Kit as ComparingKit

# longer than any lease of an upkeep that died
LATER_S = 400.0
STARTS = 3
NAMED = {"channels": abouts(CHANNELS), "desks": abouts(DESKS)}


@dataclass
class Upkeep:
    """What a chore is played with; `chore` makes it anew, as each process has it."""

    clock: FakeClock = field(default_factory=FakeClock)
    metrics: FakeMetrics = field(default_factory=FakeMetrics)
    ledger: FakeLedger = field(default_factory=FakeLedger)
    shelf: FakeShelf = field(default_factory=FakeShelf)

    def __post_init__(self) -> None:
        self.steps = Steps(Timeline(self.clock))
        self.chore: Callable[[], Any] = lambda: None
        self.between: Callable[[], None] = lambda: None
        """What others do between two starts."""
        self.wrong: Callable[[str], list[str]] = lambda step: []
        """What should not be in the end, where that step was the process' last."""

    def stepped(self, inner: Any, name: str) -> Any:
        return Stepped(inner, self.steps, name, 0.0)

    def starts(self) -> None:
        """All but the last of them may end otherwise than well."""
        for _ in range(STARTS):
            try:
                self.chore().run(self.clock())
            except (Killed, Retryable):
                self.steps.kill_at = lambda number, name: None
            self.clock.advance(LATER_S)
            self.between()


class Urged(FakeDesk):
    """Being asked to raise a conversation is a step."""

    def __init__(self, steps: Steps) -> None:
        super().__init__()
        self._steps = steps

    def urge(self, *told: Any, **named: Any) -> Any:
        return self._steps.step("desk urge", lambda: super(Urged, self).urge(*told, **named), 0.0)


def spending() -> Upkeep:
    upkeep = Upkeep()
    desk, topic, rows = Urged(upkeep.steps), FakeTopic(), FakeWindows(upkeep.ledger)
    whose = Conversation("tiktok", TIKTOK.id, "ana")
    upkeep.ledger.listed = [msgspec.structs.replace(TIKTOK, closing="raise")]
    upkeep.ledger.threads[whose.key] = Thread(seat=Seat(conversation="desk-ana"), customer_ms=5000, replies=7)
    rows.spends[whose.key] = Spent(conversation=whose, left=3, customer_ms=5000)
    ledger = upkeep.stepped(upkeep.ledger, "table")
    upkeep.chore = lambda: Spending(
        ledger=ledger,
        rows=upkeep.stepped(rows, "windows"),
        raising=Raising(Desks({"genesys": desk}, ledger), upkeep.clock, upkeep.metrics),
        warnings=Warnings(upkeep.stepped(topic, "topic"), abouts(CHANNELS), upkeep.metrics),
        clock=upkeep.clock,
        metrics=upkeep.metrics,
        **NAMED,
    )

    def wrong(step: str) -> list[str]:
        again = step in {"topic publish", "windows settle"}
        return [
            *([f"told {len(topic.told)} times"] if not 1 <= len(topic.told) <= 1 + again else []),
            *(["nobody marked it"] if ("desk-ana", 0, {"messagesLeft": "3"}) not in desk.urged else []),
            *(["it is told for ever"] if rows.spends else []),
        ]

    upkeep.wrong = wrong
    return upkeep


def deletions() -> Upkeep:
    upkeep = Upkeep()
    erased: list[str] = []
    upkeep.ledger.listed = [INSTAGRAM, msgspec.structs.replace(INSTAGRAM, id="1784-2"), TIKTOK]
    upkeep.shelf.keep(key_of("c"), msgspec.json.encode(Deletion(channel="instagram", user="ana", asked_ms=1)))

    class Erasing:
        def erase(self, conversation: Conversation, integration: str) -> None:
            erased.append(conversation.account)

    upkeep.chore = lambda: Deletions(
        accounts=upkeep.stepped(upkeep.ledger, "table"),
        shelf=upkeep.stepped(upkeep.shelf, "bucket"),
        erasing=upkeep.stepped(Erasing(), "erasing"),
        clock=upkeep.clock,
        metrics=upkeep.metrics,
    )

    def wrong(step: str) -> list[str]:
        held = msgspec.json.decode(upkeep.shelf.kept[key_of("c")], type=Deletion)
        again = step in {"erasing erase", "bucket keep"}
        return [
            *([f"erased of {erased}"] if set(erased) != {INSTAGRAM.id, "1784-2"} else []),
            *([f"erased {len(erased)} times"] if len(erased) > 2 + again else []),
            *([f"it is not over: {held}"] if held.user or not held.ended_ms else []),
        ]

    upkeep.wrong = wrong
    return upkeep


def returns() -> Upkeep:
    upkeep = Upkeep()
    homes = {"inbound": Home(), "outbound": Home()}
    parking = Parking("inbound", upkeep.shelf, upkeep.clock, upkeep.metrics)
    for number in (2, 0, 1):
        event = Event(
            source="instagram", account=INSTAGRAM.id, party="ana", id=str(number),
            received_ms=int(upkeep.clock() * 1000), raw=msgspec.Raw(b"1"),
        )  # fmt: skip
        parking.park(event, turn(order=str(1000 + number)), "unknown_account", "add it")
    shelf = upkeep.stepped(upkeep.shelf, "bucket")
    queues = {name: upkeep.stepped(home, "sqs") for name, home in homes.items()}
    upkeep.chore = lambda: Returns(
        shelf=shelf,
        returning=Returning(queues, shelf, uncut),
        ledger=upkeep.stepped(upkeep.ledger, "table"),
        hours=48,
        clock=upkeep.clock,
        metrics=upkeep.metrics,
        **NAMED,
    )

    def wrong(step: str) -> list[str]:
        back = homes["inbound"].ids
        return [
            *([f"came back: {back}"] if back != ["0", "1", "2"] else []),
            *([f"left: {list(upkeep.shelf.kept)}"] if upkeep.shelf.kept else []),
        ]

    upkeep.wrong = wrong
    return upkeep


def reconciling() -> Upkeep:
    """What is brought is shown between two starts."""
    kit = ComparingKit()
    upkeep = Upkeep(clock=kit.clock, metrics=kit.metrics, ledger=kit.ledger)
    asked = msgspec.structs.replace(INSTAGRAM, reconcile=True)
    kit.ledger.listed = [asked]
    kit.ledger.comparisons[asked.id, DAILY] = kit.held
    kit.archive.pages = [["c-ana"], ["c-ben"]]
    kit.archive.held = {
        "c-ana": [wrote("m1", ANA, 5 * HOUR_MS), wrote("m2", ANA, 4 * HOUR_MS)],
        "c-ben": [wrote("m3", BEN, 2 * HOUR_MS)],
    }
    shown: list[str] = []

    def between() -> None:
        shown.extend(event.id for event in kit.inbound.events)
        deliver(kit)

    upkeep.between = between
    comparing: Any = kit.comparing
    comparing._books = upkeep.stepped(kit.ledger, "table")
    comparing._queues = {"inbound": upkeep.stepped(kit.inbound, "sqs"), "outbound": upkeep.stepped(kit.outbound, "sqs")}
    chats, history = kit.archive.chats, kit.archive.history
    archive: Any = kit.archive
    archive.chats = lambda *told: upkeep.steps.step("archive chats", lambda: chats(*told), 0.0)
    archive.history = lambda *told: upkeep.steps.step("archive history", lambda: history(*told), 0.0)
    ledger = upkeep.stepped(kit.ledger, "table")
    upkeep.chore = lambda: Reconciling(
        comparing=comparing, notes=ledger, ledger=ledger, clock=kit.clock, metrics=kit.metrics, **NAMED
    )

    def wrong(step: str) -> list[str]:
        held = kit.ledger.comparisons[asked.id, DAILY]
        return [
            *([f"shown: {shown}"] if shown != ["m1", "m2", "m3"] else []),
            *(["it does not end"] if not held.ended_s else []),
            *([f"told: {held.inbound}"] if held.inbound.received != 3 else []),
        ]

    upkeep.wrong = wrong
    return upkeep


CHORES = {"spending": spending, "deletions": deletions, "returns": returns, "reconciling": reconciling}


def died(begun: Callable[[], Upkeep], number: int, when: When) -> Upkeep:
    upkeep = begun()
    # who is dead calls nobody any more, whatever cleans up behind it
    upkeep.steps.kill_at = lambda step, name: when if step == number else "before" if step > number else None
    upkeep.starts()
    return upkeep


def failed(begun: Callable[[], Upkeep], number: int, fault: AwsFault) -> Upkeep:
    upkeep = begun()
    upkeep.steps.fails = lambda step, name: fault if step == number else None
    upkeep.starts()
    return upkeep


@pytest.mark.parametrize("name", CHORES)
def test_a_chore_that_is_cut_off_at_any_call_is_done_by_a_later_start(name: str) -> None:
    whole = CHORES[name]()
    whole.chore().run(whole.clock())
    whole.between()
    assert whole.wrong("") == []
    assert len(whole.steps.names) > 5
    found: list[str] = []
    for number, step in enumerate(whole.steps.names):
        for when in ("before", "after"):
            found += [
                f"killed {when} {number} {step}: {words}" for words in died(CHORES[name], number, when).wrong(step)
            ]
        for fault in ("throttle", "lost"):
            found += [f"{fault} {number} {step}: {words}" for words in failed(CHORES[name], number, fault).wrong(step)]
    assert found == []
