"""Who waits while a window closes: each step once, whatever fails, dies, or runs beside."""

from __future__ import annotations

import itertools
from typing import Any

import msgspec
import pytest

from chalicelib.errors import Misconfigured, RateLimited, Refused, Retryable
from chalicelib.pipeline.chores import closing
from chalicelib.pipeline.chores.closing import BEGIN_S, Closing
from chalicelib.pipeline.chores.raising import MOST, Raising
from chalicelib.pipeline.chores.warning import LEASE_S, Warnings
from chalicelib.pipeline.desks import Desks
from chalicelib.registry import CHANNELS, DESKS, abouts
from chalicelib.rules.closing import steps_of
from chalicelib.vocabulary.capabilities import Capabilities, DeskCapabilities, WindowPolicy
from chalicelib.vocabulary.records import Account, Conversation, Seat, Thread
from tests.fakes import INSTAGRAM, FakeClient, FakeClock, FakeDesk, FakeLedger, FakeMetrics, FakeTopic, FakeWindows
from tests.pipeline.chores.cutting import cut

HOUR_S = 3600.0
RAISING = msgspec.structs.replace(INSTAGRAM, closing="raise")
DAY = Capabilities(text_limit=1000, text_unit="bytes", window=WindowPolicy(open_s=24 * HOUR_S))


class Kit:
    """The chore with one account; its customers write when a test says so."""

    def __init__(self, account: Account = RAISING) -> None:
        self.clock, self.metrics, self.topic = FakeClock(), FakeMetrics(), FakeTopic()
        self.ledger, self.desk = FakeLedger(), FakeDesk()
        self.rows = FakeWindows(self.ledger)
        self.ledger.listed = [account]
        self.account = account
        self.chore = self.another()

    def another(self, topic: FakeTopic | None = None) -> Closing:
        """The chore in a container of its own."""
        abouts_of = {"channels": abouts(CHANNELS), "desks": abouts(DESKS)}
        raising = Raising(Desks({"genesys": self.desk}, self.ledger), self.clock, self.metrics)
        warnings = Warnings(topic or self.topic, abouts(CHANNELS), self.metrics)
        return Closing(
            steps=steps_of("4:1440,2:2880,1:4320"), ledger=self.ledger, rows=self.rows, raising=raising,
            clients={"instagram": FakeClient(DAY)}, warnings=warnings, clock=self.clock, metrics=self.metrics,
            **abouts_of,
        )  # fmt: skip

    def writes(self, customer: str = "ana", hours_ago: float = 0.0) -> Conversation:
        conversation = Conversation("instagram", self.account.id, customer)
        wrote_ms = int((self.clock() - hours_ago * HOUR_S) * 1000)
        thread = Thread(seat=Seat(conversation=f"desk-{customer}"), customer_ms=wrote_ms)
        self.rows.wrote(conversation, thread, wrote_ms / 1000)
        return conversation

    def run(self, later_h: float = 0.0) -> None:
        self.clock.advance(later_h * HOUR_S)
        self.chore.run(self.clock())

    @property
    def kinds(self) -> list[str]:
        """What the supervisors were told."""
        return [f"{labels['kind']}: {subject.partition(': ')[2]}" for subject, _, labels in self.topic.told]

    @property
    def priorities(self) -> list[tuple[str, int]]:
        return [(conversation, priority) for conversation, priority, _ in self.desk.urged]


def test_each_step_is_told_and_raised_once_and_the_loss_is_counted_once() -> None:
    kit = Kit()
    kit.writes()
    for _ in range(30 * 12):
        kit.run(1 / 12)
    assert kit.priorities == [("desk-ana", 1440), ("desk-ana", 2880), ("desk-ana", 4320)]
    assert kit.kinds == [
        "closing: 1 conversation closing within 4 hours", "closing: 1 conversation closing within 2 hours",
        "closing: 1 conversation closing within 1 hour", "lost: 1 conversation closed unanswered",
    ]  # fmt: skip
    assert kit.metrics.total("window_warned", channel="instagram", step="4") == 1
    assert kit.metrics.total("window_lost", channel="instagram", reason="unanswered") == 1
    assert kit.metrics.total("window_raised", channel="instagram", outcome="raised") == 3


def test_supervisors_read_when_and_where_and_nothing_of_the_customer() -> None:
    kit = Kit()
    kit.writes("ana-55501", hours_ago=21)
    kit.run()
    ((subject, text, labels),) = kit.topic.told
    assert subject == "tea.shop (Instagram): 1 conversation closing within 4 hours"
    assert "2027-01-15T11:00:00.000Z  conversation desk-ana-55501" in text
    assert text.count("55501") == 1
    assert labels == {"channel": "instagram", "account": INSTAGRAM.id, "kind": "closing"}


def test_what_is_marked_tells_the_step_and_the_end() -> None:
    kit = Kit()
    kit.writes(hours_ago=22.5)
    kit.run()
    ((_, _, marks),) = kit.desk.urged
    assert marks == {"windowWarning": "2", "windowExpiresAt": "2027-01-15T09:30:00.000Z", "windowState": "open"}


def test_steps_that_have_passed_already_are_not_taken() -> None:
    kit = Kit()
    kit.writes(hours_ago=23.5)
    kit.run()
    assert kit.priorities == [("desk-ana", 4320)]
    assert len(kit.topic.told) == 1


def test_it_stops_when_somebody_answers_and_begins_anew_with_another_wait() -> None:
    kit = Kit()
    ana = kit.writes()
    kit.run(20.5)
    kit.rows.answered(ana)
    kit.run(3)
    assert len(kit.topic.told) == 1
    kit.writes()
    kit.run(20.5)
    assert len(kit.topic.told) == 2
    assert kit.metrics.total("window_lost") == 0


def test_a_message_more_moves_the_window() -> None:
    kit = Kit()
    kit.writes()
    kit.run(20.5)
    kit.writes()
    kit.run(4)  # the first one's window has closed
    assert kit.metrics.total("window_lost") == 0
    assert len(kit.topic.told) == 1
    kit.run(16.5)
    assert [kind for kind, _ in itertools.groupby(kit.kinds)] == ["closing: 1 conversation closing within 4 hours"]
    assert len(kit.topic.told) == 2


@pytest.mark.parametrize(("closing_of", "told"), [("off", 0), ("warn", 1)])
def test_an_account_says_how_far_it_goes(closing_of: Any, told: int) -> None:
    kit = Kit(msgspec.structs.replace(INSTAGRAM, closing=closing_of))
    kit.writes(hours_ago=21)
    kit.run()
    assert (len(kit.topic.told), kit.desk.urged) == (told, [])
    assert kit.metrics.total("windows_closing") == told


def test_an_accounts_own_default_cannot_do_harm() -> None:
    assert Account(channel="c", id="1", integration="i", secret="s").closing == "warn"


def test_at_a_desk_that_raises_nobody_supervisors_are_told_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    kit = Kit()
    monkeypatch.setattr(FakeDesk, "capabilities", DeskCapabilities())
    kit.writes(hours_ago=21)
    kit.run()
    kit.run()
    assert (kit.desk.urged, len(kit.topic.told)) == ([], 1)


@pytest.mark.parametrize(
    ("trouble", "misconfigured"),
    [(RateLimited("429", 30), 0), (Retryable("no answer"), 0), (Misconfigured("403", "give the role …"), 1)],
)
def test_a_desk_that_takes_no_calls_is_left_alone_until_the_next_start_and_nobody_is_told_twice(
    trouble: Exception, misconfigured: int
) -> None:
    kit = Kit()
    for name, hours in (("ana", 23.2), ("ben", 22), ("cat", 21)):
        kit.writes(name, hours)
    kit.desk.urge_answers = [trouble]
    kit.run()
    assert kit.priorities == [("desk-ana", 4320)]
    assert len(kit.topic.told) == 3  # a message for each step
    assert kit.metrics.total("misconfigured") == misconfigured
    assert kit.metrics.total("windows_left") == 3
    kit.run(1 / 12)
    assert kit.priorities[1:] == [("desk-ana", 4320), ("desk-ben", 2880), ("desk-cat", 1440)]
    assert len(kit.topic.told) == 3
    kit.run(1 / 12)
    assert len(kit.desk.urged) == 4


def test_what_the_desk_refuses_for_good_is_not_asked_again_at_that_step() -> None:
    kit = Kit()
    kit.writes(hours_ago=21)
    kit.desk.urge_answers = [Refused("other", "HTTP 400")]
    kit.run()
    kit.run(0.5)
    assert len(kit.desk.urged) == 1
    kit.run(1)
    assert kit.priorities[-1] == ("desk-ana", 2880)


def test_a_conversation_that_is_over_is_not_raised_again_and_its_loss_says_so() -> None:
    kit = Kit()
    kit.writes(hours_ago=21)
    kit.desk.urge_answers = ["over"]
    for _ in range(5):
        kit.run(1)
    assert len(kit.desk.urged) == 1
    assert kit.metrics.total("window_lost", reason="ended") == 1


@pytest.mark.parametrize(("hours_ago", "why"), [(24.1, "unanswered"), (23.8, "not_sent")])
def test_a_reply_that_was_refused_since_is_why_a_window_was_lost(hours_ago: float, why: str) -> None:
    kit = Kit()
    ana = kit.writes(hours_ago=23.9)
    kit.rows.refusals[ana.key] = int((kit.clock() - hours_ago * 3600) * 1000)
    kit.run(0.2)
    assert kit.metrics.total("window_lost", reason=why) == 1


def test_what_was_lost_before_anybody_counted_is_let_be() -> None:
    kit = Kit()
    kit.writes("long ago", hours_ago=50)
    kit.writes("yesterday", hours_ago=40)
    kit.run()
    assert kit.metrics.total("window_lost") == 1
    assert len(kit.topic.told) == 1


def test_an_odd_conversation_stops_no_other() -> None:
    kit = Kit()
    kit.writes("ana", hours_ago=23.5)
    kit.writes("ben", hours_ago=21)
    kit.desk.urge_answers = [KeyError("participants")]
    kit.run()
    assert len(kit.topic.told) == 2
    assert kit.metrics.total("failed") == 1
    assert kit.priorities == [("desk-ana", 4320), ("desk-ben", 1440)]


def test_an_odd_row_stops_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    kit = Kit()
    kit.writes("ana", hours_ago=23.5)
    kit.writes("ben", hours_ago=21)
    take = kit.rows.take

    def odd(wait: Any, *given: Any) -> bool:
        if wait.conversation.customer == "ana":
            raise KeyError("customer_ms")
        return take(wait, *given)

    monkeypatch.setattr(kit.rows, "take", odd)
    kit.run()
    assert [text.count("desk-ben") for _, text, _ in kit.topic.told] == [1]
    assert kit.metrics.total("failed") == 1


def test_where_the_table_fails_what_was_taken_is_told_and_the_chore_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    kit = Kit()
    kit.writes("ana", hours_ago=23.5)
    kit.writes("ben", hours_ago=21)
    take = kit.rows.take

    def busy(wait: Any, *given: Any) -> bool:
        if wait.conversation.customer == "ben":
            raise Retryable("table busy")
        return take(wait, *given)

    monkeypatch.setattr(kit.rows, "take", busy)
    with pytest.raises(Retryable):
        kit.run()
    assert len(kit.topic.told) == 1


# A thousand


def test_of_a_thousand_the_soonest_go_first_and_the_next_starts_go_on() -> None:
    kit = Kit()
    for number in range(1000):
        kit.writes(f"{number:04}", hours_ago=20 + 3.9 * number / 1000)
    kit.run()
    assert [name for name, _ in kit.priorities] == [f"desk-{number:04}" for number in range(999, 999 - MOST, -1)]
    assert kit.metrics.total("windows_closing") == 1000
    assert kit.metrics.total("windows_left") == 1000 - MOST
    assert sum(kit.metrics.total("window_warned", step=step) for step in ("4", "2", "1")) == 1000
    assert len(kit.topic.told) == 3
    kit.run()
    assert len({name for name, _ in kit.priorities}) == 2 * MOST
    assert len(kit.topic.told) == 3


def test_nothing_is_begun_that_the_functions_end_might_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    kit = Kit()
    for number in range(100):
        kit.writes(str(number), hours_ago=21)
    slow = kit.desk.urge

    def urge(*given: Any) -> Any:
        kit.clock.advance(7)
        return slow(*given)

    monkeypatch.setattr(kit.desk, "urge", urge)
    began = kit.clock()
    kit.run()
    assert kit.clock() - began < BEGIN_S + 7.1
    assert len(kit.desk.urged) == 3
    assert kit.metrics.total("windows_left") == 97  # and nobody was told of those
    assert [text.count("desk-") for _, text, _ in kit.topic.told] == [3]


def test_what_was_read_is_not_read_again_before_something_may_be_due() -> None:
    kit = Kit()
    for number in range(200):
        kit.writes(str(number), hours_ago=20.5)
    kit.run()
    for _ in range(3):
        kit.run()
    reads = kit.rows.reads
    for _ in range(11):
        kit.run(1 / 12)
    assert kit.rows.reads == reads == 500  # all 200, and then those that were not raised yet: MOST fewer each time


# Twice, and cut


def test_two_at_once_tell_once(monkeypatch: pytest.MonkeyPatch) -> None:
    kit = Kit()
    kit.writes(hours_ago=21)
    urge, other = kit.desk.urge, kit.another()

    def beside(*given: Any) -> Any:
        monkeypatch.setattr(kit.desk, "urge", urge)
        other.run(kit.clock())
        return urge(*given)

    monkeypatch.setattr(kit.desk, "urge", beside)
    kit.run()
    assert len(kit.topic.told) == 1
    assert {priority for _, priority in kit.priorities} == {1440}
    assert kit.metrics.total("window_warned") == 1


def test_what_could_not_be_told_is_told_by_a_later_start() -> None:
    kit = Kit()
    kit.writes(hours_ago=21)
    kit.topic.errors = [Retryable("aws: Throttling")]
    kit.run()
    assert (kit.topic.told, kit.metrics.total("warning_failed")) == ([], 1)
    kit.run(1 / 12)
    kit.run(1 / 12)
    assert len(kit.topic.told) == 1
    assert kit.metrics.total("window_warned") == 1


def test_wherever_a_run_is_cut_a_later_one_raises_and_tells() -> None:
    """Where the cut comes after the telling and before that is written down, it is told twice."""
    twice: set[str] = set()
    for line in itertools.count(1):
        kit = Kit()
        kit.writes(hours_ago=21)
        told = kit.topic.told
        text = cut(closing, kit.run, line)
        kit.chore = kit.another()
        kit.run((LEASE_S + 1) / HOUR_S)
        assert kit.priorities[-1] == ("desk-ana", 1440), text
        assert told, text
        if len(told) > 1:
            twice.add(text)
        if not text:
            break
    assert line > 40
    assert twice == {
        "self._settle(", "for due in several:", "if not told:  # to be looked at by the next start",
        "elif self._warnings.lease_s:", "self._rows.told(due.wait)",
    }  # fmt: skip
