"""What a channel remembers lies with its conversation, until its time is over; of two who are first one is."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import pytest

from chalicelib.aws.memory import Memory
from chalicelib.errors import Retryable
from chalicelib.protocols.memory import of_account
from chalicelib.vocabulary.records import Conversation
from sandbox.stage.aws import TABLE
from tests.aws.conftest import Cloud
from tests.fakes import INSTAGRAM, FakeClock, FakeMemory

BYTES = bytes(range(256))


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture(params=["table", "fake"])
def memory(request: pytest.FixtureRequest, cloud: Cloud, clock: FakeClock) -> Memory | FakeMemory:
    return Memory(TABLE, clock, cloud.aws.client("dynamodb")) if request.param == "table" else FakeMemory(clock)


@pytest.fixture
def ana() -> Conversation:
    return Conversation("x", uuid4().hex, "42")


def test_a_value_is_held_as_it_is_until_its_time_is_over(
    memory: Memory | FakeMemory, clock: FakeClock, ana: Conversation
) -> None:
    assert memory.get(ana, "key/1") is None
    memory.keep(ana, "key/1", BYTES, 60)
    assert memory.get(ana, "key/1") == BYTES
    memory.keep(ana, "key/1", b"", 60)
    assert memory.get(ana, "key/1") == b""
    clock.advance(61)
    assert memory.get(ana, "key/1") is None
    assert memory.under(ana, "key/") == {}


def test_who_is_first_is_held_and_whoever_is_later_is_told(
    memory: Memory | FakeMemory, clock: FakeClock, ana: Conversation
) -> None:
    assert memory.keep_first(ana, "sent", b"one", 60) == b"one"
    assert memory.keep_first(ana, "sent", b"two", 60) == b"one"
    assert memory.get(ana, "sent") == b"one"
    clock.advance(61)
    assert memory.keep_first(ana, "sent", b"two", 60) == b"two"


def test_names_are_found_by_how_they_begin_in_their_conversation_only(
    memory: Memory | FakeMemory, ana: Conversation
) -> None:
    bea = Conversation(ana.channel, ana.account, "43")
    for name in ("key/2", "key/10", "keys", "row/1"):
        memory.keep(ana, name, name.encode(), 60)
    memory.keep(bea, "key/3", b"hers", 60)
    assert memory.under(ana, "key/") == {"key/2": b"key/2", "key/10": b"key/10"}


def test_all_that_keep_at_once_are_answered_the_same(cloud: Cloud, clock: FakeClock, ana: Conversation) -> None:
    memory = Memory(TABLE, clock, cloud.aws.client("dynamodb"))
    with ThreadPoolExecutor(8) as pool:
        told = set(pool.map(lambda number: memory.keep_first(ana, "one", bytes([number]), 60), range(8)))
    assert len(told) == 1
    assert memory.get(ana, "one") in told


def test_it_is_erased_with_its_conversation_and_told_to_nobody(
    cloud: Cloud, clock: FakeClock, ana: Conversation
) -> None:
    memory = Memory(TABLE, clock, cloud.aws.client("dynamodb"))
    memory.keep(ana, "key/1", BYTES, 60)
    (row,) = cloud.table.all_of(ana)
    assert row.name == "MEMO#key/1"
    assert set(row.fields) == {"expires_at"}
    assert cloud.table.erase(ana) == 1
    assert memory.get(ana, "key/1") is None


def test_what_concerns_the_account_lies_beside_its_conversations(
    memory: Memory | FakeMemory, ana: Conversation
) -> None:
    memory.keep(of_account(INSTAGRAM), "limit", b"1", 60)
    assert memory.get(of_account(INSTAGRAM), "limit") == b"1"
    assert memory.get(ana, "limit") is None


def test_a_table_that_is_away_is_asked_again(ana: Conversation, clock: FakeClock) -> None:
    memory = FakeMemory(clock)
    memory.down = True
    with pytest.raises(Retryable):
        memory.keep_first(ana, "one", b"", 60)
