"""What a customer does in passing is taken once, the newest only, and by the call that reads the conversation."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import uuid4

import pytest

from chalicelib.aws.table import Table
from chalicelib.errors import Retryable
from chalicelib.vocabulary.records import Account, Conversation, Seat, Thread
from sandbox.stage.aws import TABLE
from tests.aws.conftest import Cloud, Counted, row

# epoch s; when the customer wrote, and read (epoch ms)
NOW = 1_000.0
WROTE_MS, READ_MS = 999_000, 1_001_000
SHOP = Account(channel="instagram", id="1784", integration="i", secret="s")
SEAT = Seat(conversation="d")


def sits(cloud: Cloud) -> Conversation:
    """A customer who has written, and has been answered."""
    conversation = Conversation("instagram", "1784", uuid4().hex)
    assert cloud.table.delivered(conversation, "IN#1", NOW, Thread(seat=SEAT, customer_ms=WROTE_MS))
    cloud.table.sent(conversation, "OUT#1#1", NOW + 0.5, "mid")
    return conversation


def took(cloud: Cloud, conversation: Conversation, event: str, at_ms: int = READ_MS, kind: str = "read") -> str:
    return cloud.table.take_passing(conversation, kind, event, at_ms)[0]


def state(cloud: Cloud, conversation: Conversation) -> dict[str, Any]:
    return row(cloud, conversation, "STATE")


def test_one_call_takes_it_and_reads_the_conversation(cloud: Cloud) -> None:
    conversation = sits(cloud)
    counted: Any = Counted(cloud.aws.client("dynamodb"))
    owner, thread = Table(TABLE, counted).take_passing(conversation, "read", "read:m", READ_MS)
    assert counted.calls == ["update_item"]
    assert owner
    assert (thread.seat, thread.customer_ms, thread.replies) == (SEAT, WROTE_MS, 1)


def test_the_same_event_is_taken_once_whatever_time_it_tells(cloud: Cloud) -> None:
    conversation = sits(cloud)
    assert took(cloud, conversation, "read:m")
    for at_ms in (READ_MS, READ_MS + 1, READ_MS - 1):
        owner, thread = cloud.table.take_passing(conversation, "read", "read:m", at_ms)
        assert (owner, thread.seat) == ("", SEAT)


def test_only_what_is_newer_is_taken(cloud: Cloud) -> None:
    conversation = sits(cloud)
    taken = [
        bool(took(cloud, conversation, f"read:{number}", READ_MS + ms)) for number, ms in enumerate((5, 4, 5, 6, 1, 7))
    ]
    assert taken == [True, False, False, True, False, True]


def test_kinds_have_nothing_to_do_with_each_other(cloud: Cloud) -> None:
    conversation = sits(cloud)
    assert took(cloud, conversation, "a", READ_MS + 5)
    assert took(cloud, conversation, "a", READ_MS, "typing")


def test_one_of_many_workers_takes_it(cloud: Cloud) -> None:
    conversation = sits(cloud)
    with ThreadPoolExecutor(8) as workers:
        found = list(workers.map(lambda _: took(cloud, conversation, "read:m"), range(24)))
    assert len([owner for owner in found if owner]) == 1


def test_of_many_the_order_never_turns_back(cloud: Cloud) -> None:
    conversation = sits(cloud)
    with ThreadPoolExecutor(8) as workers:
        list(workers.map(lambda ms: took(cloud, conversation, f"read:{ms}", READ_MS + ms), [3, 9, 1, 7, 5, 8, 2]))
    assert state(cloud, conversation)["read_ms"] == {"N": str(READ_MS + 9)}
    assert state(cloud, conversation)["read_id"] == {"S": "read:9"}


def test_what_was_given_back_may_be_taken_again_and_nothing_older(cloud: Cloud) -> None:
    conversation = sits(cloud)
    cloud.table.leave_passing(conversation, "read", took(cloud, conversation, "read:m"))
    assert not took(cloud, conversation, "read:older", READ_MS - 1)
    assert took(cloud, conversation, "read:m")
    assert not took(cloud, conversation, "read:m")


def test_who_has_been_overtaken_gives_nothing_back(cloud: Cloud) -> None:
    conversation = sits(cloud)
    slow = took(cloud, conversation, "read:m")
    assert took(cloud, conversation, "read:newer", READ_MS + 1)
    cloud.table.leave_passing(conversation, "read", slow)
    assert not took(cloud, conversation, "read:m")
    assert not took(cloud, conversation, "read:newer", READ_MS + 1)


@pytest.mark.parametrize("ended", [False, True])
def test_a_conversation_that_sits_nowhere_is_left_as_it_is(cloud: Cloud, ended: bool) -> None:
    conversation = Conversation("instagram", "1784", uuid4().hex)
    if ended:
        conversation = sits(cloud)
        assert cloud.table.end(conversation, cloud.table.standing(conversation), NOW + 1)
    before = state(cloud, conversation)
    owner, thread = cloud.table.take_passing(conversation, "read", "read:m", READ_MS)
    assert (owner, thread.seat.conversation) == ("", "")
    assert state(cloud, conversation) == before
    assert bool(before) == ended


def test_one_whose_answer_was_lost_is_ours(cloud: Cloud) -> None:
    """botocore makes the call again, and the condition does not hold any more."""
    conversation, client = sits(cloud), cloud.aws.client("dynamodb")

    class Lossy:
        def update_item(self, **asked: Any) -> Any:
            client.update_item(**asked)
            return client.update_item(**asked)

    lossy: Any = Lossy()
    owner, thread = Table(TABLE, lossy).take_passing(conversation, "read", "read:m", READ_MS)
    assert owner
    assert thread.seat == SEAT


def test_a_table_that_is_busy_is_asked_again(cloud: Cloud) -> None:
    class Busy:
        def update_item(self, **_: Any) -> Any:
            from botocore.exceptions import ReadTimeoutError

            raise ReadTimeoutError(endpoint_url="dynamodb")

    busy: Any = Busy()
    with pytest.raises(Retryable):
        Table(TABLE, busy).take_passing(sits(cloud), "read", "read:m", READ_MS)


def test_it_changes_nothing_that_anybody_else_goes_by(cloud: Cloud) -> None:
    """Nobody waits for it, nothing is on its way, no end is held up by it, it lives no longer, and it is no work."""
    conversation = sits(cloud)
    before, known = state(cloud, conversation), cloud.table.known(conversation)
    read = cloud.table.standing(conversation)
    assert took(cloud, conversation, "read:m")
    after = state(cloud, conversation)
    assert {name: after[name] for name in before} == before
    assert set(after) - set(before) == {"read_ms", "read_id", "read_by"}
    # what earlier versions can read of a state: texts and whole numbers
    assert all("S" in value or value["N"].isdigit() for value in after.values())
    assert cloud.table.known(conversation) == known
    assert cloud.table.in_flight(conversation, NOW + 1) == {}
    assert conversation not in [one for one, _ in cloud.table.waiting(SHOP, READ_MS + 10**9)]
    assert cloud.table.end(conversation, read, NOW + 1)


def test_it_is_told_and_erased_with_the_conversation(cloud: Cloud) -> None:
    conversation = sits(cloud)
    owner = took(cloud, conversation, "read:m")
    [told] = [row for row in cloud.table.all_of(conversation) if row.name == "STATE"]
    assert {name: told.fields[name] for name in ("read_ms", "read_id", "read_by")} == {
        "read_ms": READ_MS, "read_id": "read:m", "read_by": owner,
    }  # fmt: skip
    cloud.table.erase(conversation)
    cloud.table.leave_passing(conversation, "read", owner)
    assert not took(cloud, conversation, "read:later", READ_MS + 1)
    assert list(cloud.table.all_of(conversation)) == []
