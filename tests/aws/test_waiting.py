"""The index of what waits for an answer: entered with the customer's message, left with the reply."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import msgspec
import pytest

from chalicelib.aws.table import Table
from chalicelib.vocabulary.records import Account, Conversation, Seat, Thread
from sandbox.stage.aws import TABLE
from tests.aws.conftest import ACCOUNT, Cloud

LATE_MS = 10_000


@pytest.fixture
def account() -> Account:
    return msgspec.convert(ACCOUNT | {"id": uuid4().hex}, Account)


def somebody(account: Account) -> Conversation:
    return Conversation(account.channel, account.id, uuid4().hex)


def test_the_longest_wait_is_the_first_and_other_accounts_are_not_told(cloud: Cloud, account: Account) -> None:
    conversations = {ms: somebody(account) for ms in (3000, 1000, 2000, LATE_MS)}
    for ms, conversation in conversations.items():
        cloud.table.delivered(conversation, "IN#1", 101, Thread(seat=Seat(conversation="d"), customer_ms=ms))
    other = msgspec.structs.replace(account, id=uuid4().hex)
    cloud.table.delivered(somebody(other), "IN#1", 101, Thread(customer_ms=500))
    expected = [(conversations[ms], ms) for ms in (1000, 2000, 3000)]
    assert list(cloud.table.waiting(account, LATE_MS)) == expected


def test_a_wait_begins_with_the_first_message_that_nobody_answered(cloud: Cloud, account: Account) -> None:
    conversation = somebody(account)
    for number, ms in enumerate((1000, 2000, 3000)):
        cloud.table.delivered(conversation, f"IN#{number}", 101, Thread(seat=Seat(conversation="d"), customer_ms=ms))
    assert list(cloud.table.waiting(account, LATE_MS)) == [(conversation, 1000)]
    cloud.table.sent(conversation, "OUT#m#1", 102, "mid-1")
    assert list(cloud.table.waiting(account, LATE_MS)) == []
    cloud.table.sent(conversation, "OUT#m#2", 103, "mid-2", "c-1")  # one that waits no more
    assert list(cloud.table.waiting(account, LATE_MS)) == []
    cloud.table.delivered(conversation, "IN#4", 104, Thread(seat=Seat(conversation="d"), customer_ms=4000))
    assert list(cloud.table.waiting(account, LATE_MS)) == [(conversation, 4000)]
    assert cloud.table.thread(conversation) == Thread(seat=Seat(conversation="d"), customer_ms=4000, answered="c-1")


def test_a_comment_waits_and_a_line_or_a_view_of_it_does_not(cloud: Cloud, account: Account) -> None:
    commented, told = somebody(account), somebody(account)
    cloud.table.delivered(commented, "IN#1", 101, Thread(comment="c-1", comment_ms=2000))
    cloud.table.delivered(told, "IN#1", 101, Thread(seat=Seat(conversation="d")))
    cloud.table.seen(told, 102, 1000)
    assert list(cloud.table.waiting(account, LATE_MS)) == [(commented, 2000)]


def test_a_message_that_comes_late_waits_too(cloud: Cloud, account: Account) -> None:
    conversation = somebody(account)
    cloud.table.delivered(conversation, "IN#2", 101, Thread(seat=Seat(conversation="d"), customer_ms=2000))
    cloud.table.sent(conversation, "OUT#m#1", 102, "mid-1")
    cloud.table.delivered(conversation, "IN#1", 103, Thread(seat=Seat(conversation="d"), customer_ms=1000))
    assert list(cloud.table.waiting(account, LATE_MS)) == [(conversation, 1000)]
    assert cloud.table.thread(conversation).customer_ms == 2000


def test_a_part_that_an_echo_told_of_ends_the_wait_once(cloud: Cloud, account: Account) -> None:
    """What the send's own answer tells after the echo is about a reply before the customer's next message."""
    conversation = somebody(account)
    cloud.table.delivered(conversation, "IN#1", 101, Thread(customer_ms=1000))
    cloud.table.sent(conversation, "OUT#m#1", 102, "mid-1")
    cloud.table.delivered(conversation, "IN#2", 103, Thread(customer_ms=2000))
    cloud.table.sent(conversation, "OUT#m#1", 104, "mid-1")
    assert list(cloud.table.waiting(account, LATE_MS)) == [(conversation, 2000)]


def test_what_is_erased_waits_no_more(cloud: Cloud, account: Account) -> None:
    conversation = somebody(account)
    cloud.table.delivered(conversation, "IN#1", 101, Thread(customer_ms=1000))
    cloud.table.erase(conversation)
    assert list(cloud.table.waiting(account, LATE_MS)) == []


def test_a_customer_whose_id_is_no_key_is_told_by_its_fingerprint(cloud: Cloud, account: Account) -> None:
    conversation = Conversation(account.channel, account.id, "é\n" * 300)
    cloud.table.delivered(conversation, "IN#1", 101, Thread(customer_ms=1000))
    ((told, _),) = cloud.table.waiting(account, LATE_MS)
    assert told.key == conversation.key


class Counted:
    """DynamoDB that is asked what each transaction costs."""

    def __init__(self, client: Any) -> None:
        self.client = client
        self.units: list[float] = []

    def transact_write_items(self, **asked: Any) -> Any:
        answer = self.client.transact_write_items(**asked, ReturnConsumedCapacity="TOTAL")
        self.units.append(sum(capacity["CapacityUnits"] for capacity in answer["ConsumedCapacity"]))
        return answer

    def update_item(self, **asked: Any) -> Any:
        return self.client.update_item(**asked)


def test_a_wait_costs_a_write_unit_as_it_begins_and_one_as_it_ends_and_a_seat_one_as_it_is_taken(
    cloud: Cloud, account: Account
) -> None:
    """Beside the four of a delivery and the six of a part, with and without indexes."""
    client: Any = Counted(cloud.aws.client("dynamodb"))
    table, conversation = Table(TABLE, client), somebody(account)
    for number in range(3):
        table.delivered(
            conversation, f"IN#{number}", 101, Thread(seat=Seat(conversation="d"), customer_ms=1000 + number)
        )
    for number in range(3):
        table.sent(conversation, f"OUT#m#{number}", 102, f"mid-{number}")
    assert client.units == [4 + 1 + 1, 4, 4, 6 + 1, 6, 6]
