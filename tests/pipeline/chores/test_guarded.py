"""The daily report of what guards kept back."""

from __future__ import annotations

import msgspec
import pytest

from chalicelib.errors import Retryable
from chalicelib.pipeline.chores.guarded import Guarded
from chalicelib.pipeline.chores.warning import Warnings
from chalicelib.registry import CHANNELS, DESKS, abouts
from chalicelib.vocabulary.front import Front, Guards
from chalicelib.vocabulary.guarding import Held, Tally
from chalicelib.vocabulary.records import Conversation
from tests.fakes import INSTAGRAM, TIKTOK, FakeLedger, FakeMetrics, FakeTopic

NOW = 1_764_201_600.0  # 2025-11-27T00:00:00Z
GUARDED = msgspec.structs.replace(INSTAGRAM, front=Front(guards=Guards()))


def tally(account: str, why: str, count: int, channel: str = "instagram") -> Tally:
    return Tally(day="2025-11-26", channel=channel, account=account, action="hold", why=why, count=count)


class Kit:
    def __init__(self) -> None:
        self.metrics, self.topic, self.ledger = FakeMetrics(), FakeTopic(), FakeLedger()
        self.days: list[str] = []
        self.done: list[Tally] = []
        self.there: list[Held] = []
        self.opened = 0
        self.chore = Guarded(
            ledger=self.ledger, book=self.book, warnings=Warnings(self.topic, abouts(CHANNELS), self.metrics),
            channels=abouts(CHANNELS), desks=abouts(DESKS), metrics=self.metrics,
        )  # fmt: skip

    def book(self) -> Kit:
        self.opened += 1
        return self

    def tallies(self, day: str) -> list[Tally]:
        self.days.append(day)
        return self.done

    def held(self, now: float) -> list[Held]:
        return self.there


@pytest.fixture
def kit() -> Kit:
    made = Kit()
    made.ledger.listed = [GUARDED, TIKTOK]
    return made


def test_supervisors_read_what_was_kept_back_yesterday(kit: Kit) -> None:
    kit.done = [tally(INSTAGRAM.id, "one", 2), tally(INSTAGRAM.id, "loop:same+fast", 5), tally("another", "one", 9)]
    whose = Conversation("instagram", INSTAGRAM.id, "55501")
    kit.there = [Held(conversation=whose, step="hold", why="one", since_s=NOW - 60, until_s=NOW + 60)]
    kit.chore.run(NOW)
    ((subject, text, labels),) = kit.topic.told
    assert subject.endswith("(Instagram): 7 kept back by guards on 2025-11-26, 1 held now")
    assert text.index("5  hold  loop:same+fast") < text.index("2  hold  one")
    assert "55501" not in text
    assert labels == {"channel": "instagram", "account": INSTAGRAM.id, "kind": "guarded"}
    assert kit.metrics.total("guarded_day", account=INSTAGRAM.id) == 7
    assert set(kit.days) == {"2025-11-26"}


def test_a_quiet_day_is_counted_and_nobody_gets_a_mail(kit: Kit) -> None:
    kit.chore.run(NOW)
    assert kit.topic.told == []
    assert [line for line in kit.metrics.lines if line[0] == "guarded_day"] == [
        ("guarded_day", 0, {"account": INSTAGRAM.id})
    ]


def test_without_guards_nothing_is_opened(kit: Kit) -> None:
    kit.ledger.listed = [INSTAGRAM, TIKTOK]
    kit.chore.run(NOW)
    assert (kit.opened, kit.metrics.lines) == (0, [])


def test_a_table_that_is_away_is_tried_again(kit: Kit) -> None:
    kit.ledger.down = True
    with pytest.raises(Retryable):
        kit.chore.run(NOW)
