"""Where few messages may still follow a customer's: told once as each number is reached, unless they have written."""

from __future__ import annotations

import msgspec
import pytest

from chalicelib.errors import Retryable
from chalicelib.pipeline.chores.raising import Raising
from chalicelib.pipeline.chores.spending import Spending
from chalicelib.pipeline.chores.warning import LEASE_S, Warnings
from chalicelib.pipeline.desks import Desks
from chalicelib.registry import CHANNELS, DESKS, abouts
from chalicelib.vocabulary.records import Account, Conversation, Seat, Spent, Thread
from tests.fakes import TIKTOK, FakeClock, FakeDesk, FakeLedger, FakeMetrics, FakeTopic, FakeWindows

ANA = Conversation("tiktok", TIKTOK.id, "ana")
SPENT = Spent(conversation=ANA, left=3, customer_ms=5000)


class Kit:
    def __init__(self, account: Account) -> None:
        self.clock, self.metrics, self.topic = FakeClock(), FakeMetrics(), FakeTopic()
        self.ledger, self.desk = FakeLedger(), FakeDesk()
        self.ledger.listed = [account]
        self.rows = FakeWindows(self.ledger)
        self.rows.spends[ANA.key] = SPENT
        self.ledger.threads[ANA.key] = Thread(seat=Seat(conversation="desk-ana"), customer_ms=5000, replies=7)
        self.chore = Spending(
            ledger=self.ledger, rows=self.rows, clock=self.clock, metrics=self.metrics, channels=abouts(CHANNELS),
            desks=abouts(DESKS), warnings=Warnings(self.topic, abouts(CHANNELS), self.metrics),
            raising=Raising(Desks({"genesys": self.desk}, self.ledger), self.clock, self.metrics),
        )  # fmt: skip

    def run(self) -> None:
        self.chore.run(self.clock())


@pytest.fixture
def kit() -> Kit:
    return Kit(msgspec.structs.replace(TIKTOK, closing="raise"))


def test_it_is_told_and_marked_once(kit: Kit) -> None:
    kit.run()
    kit.run()
    ((subject, text, labels),) = kit.topic.told
    assert subject == "tea_shop (TikTok): 1 conversation with 3 more messages"
    assert "conversation desk-ana" in text
    assert labels["kind"] == "messages"
    assert kit.desk.urged == [("desk-ana", 0, {"messagesLeft": "3"})]
    assert kit.metrics.total("messages_left", channel="tiktok", left="3") == 1


def test_none_left_is_said_so(kit: Kit) -> None:
    kit.rows.spends[ANA.key] = msgspec.structs.replace(SPENT, left=0)
    kit.run()
    assert kit.topic.told[0][0].endswith("with no more messages")


@pytest.mark.parametrize("thread", [Thread(customer_ms=6000, replies=1), Thread(customer_ms=5000), Thread()])
def test_a_customer_who_has_written_meanwhile_opens_it_again(kit: Kit, thread: Thread) -> None:
    kit.ledger.threads[ANA.key] = thread
    kit.run()
    assert (kit.topic.told, kit.desk.urged, kit.rows.spends) == ([], [], {})


@pytest.mark.parametrize(("account", "told"), [("off", 0), ("warn", 1)])
def test_an_account_says_how_far_it_goes(account: str, told: int) -> None:
    kit = Kit(msgspec.convert(msgspec.to_builtins(TIKTOK) | {"closing": account}, Account))
    kit.run()
    assert (len(kit.topic.told), kit.desk.urged, kit.rows.spends) == (told, [], {})


def test_an_account_that_is_gone_is_no_trouble(kit: Kit) -> None:
    kit.ledger.listed = []
    kit.run()
    assert kit.rows.spends == {}


def test_what_could_not_be_told_is_told_by_a_later_start(kit: Kit) -> None:
    kit.topic.errors = [Retryable("aws: Throttling")]
    kit.run()
    kit.run()
    assert kit.topic.told == []
    kit.clock.advance(LEASE_S + 1)
    kit.run()
    assert len(kit.topic.told) == 1


def test_where_the_desk_is_away_supervisors_are_told_all_the_same(kit: Kit) -> None:
    kit.desk.urge_answers = [Retryable("no answer")]
    kit.run()
    assert (len(kit.topic.told), kit.rows.spends) == (1, {})
