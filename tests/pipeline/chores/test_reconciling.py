"""Every day, for accounts that ask for it, and never for what came before they did."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from dataclasses import dataclass, field

import msgspec
import pytest

from chalicelib.errors import AccountStopped, Misconfigured, RateLimited, Retryable, TokenRefused
from chalicelib.observability import log
from chalicelib.pipeline.chores.reconciling import DAILY, Reconciling, lock_of
from chalicelib.pipeline.comparing import Comparing, Way
from chalicelib.registry import CHANNELS, DESKS, abouts
from chalicelib.vocabulary.proof import Comparison, Tally
from chalicelib.vocabulary.records import Account, Pause
from tests.fakes import INSTAGRAM, START, TIKTOK, FakeClock, FakeLedger, FakeMetrics

DAY_S = 86_400.0
ASKED = msgspec.structs.replace(INSTAGRAM, reconcile=True)
ALSO = msgspec.structs.replace(TIKTOK, reconcile=True)


@dataclass
class FakeComparing(Comparing):
    """Ends at once with what `found` says, or raises."""

    clock: FakeClock
    found: dict[str, Comparison | Exception] = field(default_factory=dict)
    tallies: tuple[Tally, Tally] = (Tally(), Tally())
    asked: list[tuple[str, Comparison]] = field(default_factory=list)
    silent: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self._clock = self.clock

    def compares(self, account: Account) -> bool:
        return account.channel not in self.silent

    def go_on(self, account: Account, held: Comparison, way: Way) -> Comparison:
        self.asked.append((account.id, held))
        answer = self.found.get(account.id)
        if isinstance(answer, Exception):
            way.keep(msgspec.structs.replace(held, looked=held.looked + 1))
            raise answer
        inbound, outbound = self.tallies
        return answer or msgspec.structs.replace(held, inbound=inbound, outbound=outbound, ended_s=self.clock())


class Kit:
    def __init__(self, *accounts: Account) -> None:
        self.ledger, self.clock, self.metrics = FakeLedger(listed=list(accounts)), FakeClock(), FakeMetrics()
        self.comparing = FakeComparing(self.clock)
        self.chore = Reconciling(
            comparing=self.comparing,
            notes=self.ledger,
            ledger=self.ledger,
            channels=abouts(CHANNELS),
            desks=abouts(DESKS),
            clock=self.clock,
            metrics=self.metrics,
        )

    def run(self, after_s: float = 0.0) -> None:
        self.clock.advance(after_s)
        self.chore.run(self.clock())

    def held(self, account: Account = ASKED) -> Comparison:
        return self.ledger.comparisons[account.id, DAILY]


@pytest.fixture
def lines() -> Iterator[io.StringIO]:
    written = io.StringIO()
    before = log.write_to(written)
    yield written
    log.write_to(before)


def said(lines: io.StringIO, outcome: str) -> list[dict[str, object]]:
    read = [json.loads(line) for line in lines.getvalue().splitlines()]
    return [line for line in read if line["message"] == outcome]


def test_nothing_is_compared_unless_an_account_asks_for_it() -> None:
    kit = Kit(INSTAGRAM)
    kit.run()
    kit.run(DAY_S)
    assert (kit.comparing.asked, kit.ledger.comparisons) == ([], {})


def test_the_first_day_is_only_begun_and_the_next_one_compares_it() -> None:
    kit = Kit(ASKED)
    kit.run()
    kit.run(3600)
    assert kit.comparing.asked == []
    began_ms = int((START - 900) * 1000)
    kit.run(DAY_S)
    [(_, held)] = kit.comparing.asked
    assert (held.since_ms, held.floor_ms) == (began_ms, began_ms)
    assert held.until_ms == int((kit.clock() - 900) * 1000)
    kit.run(DAY_S)
    (_, held) = kit.comparing.asked[-1]
    assert held.since_ms == int((kit.clock() - DAY_S - 900) * 1000)
    assert held.floor_ms == began_ms


def test_an_account_that_did_not_ask_for_days_begins_anew() -> None:
    kit = Kit(ASKED)
    kit.run()
    kit.ledger.listed = [INSTAGRAM]
    kit.run(DAY_S)
    kit.ledger.listed = [ASKED]
    kit.run(3 * DAY_S)
    assert kit.comparing.asked == []
    assert kit.held().since_ms == int((kit.clock() - 900) * 1000)


def test_the_day_is_told_in_metrics_and_a_line(lines: io.StringIO) -> None:
    kit = Kit(ASKED)
    kit.comparing.tallies = (
        Tally(received=9, delivered=5, told=2, missing=2, doubled=1),
        Tally(received=4, delivered=3, under_way=1, out_of_order=1),
    )
    kit.run()
    kit.run(DAY_S)
    inbound = {"account": ASKED.id, "direction": "inbound"}
    counts = {name: kit.metrics.total(f"proof_{name}", **inbound) for name in ("received", "delivered", "told")}
    assert counts == {"received": 9, "delivered": 5, "told": 2}
    assert kit.metrics.total("proof_gaps", **inbound) == 3
    assert kit.metrics.total("proof_gaps", account=ASKED.id, direction="outbound") == 1
    line, other = said(lines, "proof")
    assert (line["kind"], line["missing"], line["doubled"], other["out_of_order"]) == ("inbound", 2, 1, 1)


def test_a_throttle_ends_it_and_it_goes_on_later_from_there() -> None:
    kit = Kit(ASKED)
    kit.run()
    kit.comparing.found[ASKED.id] = RateLimited("slow down", 900.0)
    kit.run(DAY_S)
    assert kit.held().looked == 1
    kit.run(800)
    assert len(kit.comparing.asked) == 1
    del kit.comparing.found[ASKED.id]
    kit.run(200)
    assert kit.comparing.asked[-1][1].looked == 1
    assert kit.held().ended_s
    assert kit.metrics.total("reconcile_failed") == 0


@pytest.mark.parametrize(
    "error",
    [TokenRefused("190"), AccountStopped("368", "see Account Status"), Misconfigured("no token", "store it")],
)
def test_what_somebody_has_to_mend_is_told_and_stops_no_other_account(error: Exception, lines: io.StringIO) -> None:
    kit = Kit(ASKED, ALSO)
    kit.run()
    kit.comparing.found[ASKED.id] = error
    kit.run(DAY_S)
    assert [who for who, _ in kit.comparing.asked] == [ASKED.id, ALSO.id]
    assert kit.metrics.total("reconcile_failed", account=ASKED.id) == 1
    assert said(lines, "not compared")[0]["advice"]
    kit.run(300)
    assert len(kit.comparing.asked) == 2
    kit.run(3600)
    assert len(kit.comparing.asked) == 3


def test_what_nobody_foresaw_stops_no_other_account() -> None:
    kit = Kit(ASKED, ALSO)
    kit.run()
    kit.comparing.found[ASKED.id] = KeyError("x")
    kit.run(DAY_S)
    assert [who for who, _ in kit.comparing.asked] == [ASKED.id, ALSO.id]


def test_a_paused_account_waits_until_it_goes_on() -> None:
    kit = Kit(ASKED)
    kit.run()
    kit.clock.advance(DAY_S)
    now = kit.clock()
    kit.ledger.paused = [
        Pause(channel=ASKED.channel, account=ASKED.id, direction="inbound", since_s=now, until_s=now + 600)
    ]
    kit.run()
    assert kit.comparing.asked == []
    kit.run(601)
    assert len(kit.comparing.asked) == 1


def test_two_starts_never_compare_one_account_side_by_side() -> None:
    kit = Kit(ASKED)
    kit.run()
    kit.clock.advance(DAY_S)
    kit.ledger.lock(lock_of(ASKED), kit.clock(), 90)
    kit.run()
    assert kit.comparing.asked == []
    kit.run(91)
    assert len(kit.comparing.asked) == 1


def test_what_is_not_through_goes_on_and_is_told_in_part_after_three_days(lines: io.StringIO) -> None:
    kit = Kit(ASKED)
    kit.run()
    kit.clock.advance(DAY_S)
    kit.comparing.found[ASKED.id] = Comparison(since_ms=1, until_ms=2, floor_ms=1, began_s=kit.clock(), cursor="7")
    kit.run()
    assert (kit.held().cursor, kit.held().ended_s) == ("7", 0.0)
    assert said(lines, "proof") == []
    kit.run(3 * DAY_S + 1)
    assert kit.held().ended_s
    assert len(said(lines, "proof")) == 2


def test_a_channel_without_a_history_says_so_once(lines: io.StringIO) -> None:
    kit = Kit(ASKED)
    kit.comparing.silent = {ASKED.channel}
    kit.run()
    kit.run(DAY_S)
    kit.run(DAY_S)
    assert kit.comparing.asked == []
    assert [line["reason"] for line in said(lines, "not compared")] == ["no_history"]


def test_a_table_that_is_away_fails_the_chore() -> None:
    kit = Kit(ASKED)
    kit.ledger.down = True
    with pytest.raises(Retryable):
        kit.run()
