"""All rows of a conversation are found and erased by its key."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest

from chalicelib.aws.rows import BATCH, LEFT_PAUSES_S
from chalicelib.aws.table import Table
from chalicelib.errors import Retryable
from chalicelib.vocabulary.records import Conversation, Profile, Seat, Thread
from sandbox.stage.aws import TABLE
from tests.aws.conftest import Cloud

MANY = 3 * BATCH + 1


def somebody(account: str = "1784") -> Conversation:
    return Conversation("instagram", account, uuid4().hex)


def fill(table: Table, conversation: Conversation) -> None:
    for number in range(MANY):
        table.claim(conversation, f"OUT#m#{number}", 100.5, 10)
    table.keep_profile(conversation, 100, Profile(name="Ana"))
    table.delivered(conversation, "IN#1", 101, Thread(seat=Seat(conversation="d"), customer_ms=5000))


class Paged:
    """DynamoDB with small pages: as where a conversation's rows are more than a megabyte."""

    def __init__(self, client: Any) -> None:
        self.client = client

    def __getattr__(self, name: str) -> Any:
        return getattr(self.client, name)

    def get_paginator(self, name: str) -> Any:
        paginator = self.client.get_paginator(name)

        class Small:
            def paginate(self, **asked: Any) -> Any:
                return paginator.paginate(**asked, PaginationConfig={"PageSize": 7})

        return Small()


def test_everything_of_a_conversation_is_found_and_nothing_of_another(cloud: Cloud) -> None:
    conversation, other = somebody(), somebody()
    fill(cloud.table, conversation)
    cloud.table.claim(other, "IN#9", 100, 10)
    paged: Any = Paged(cloud.aws.client("dynamodb"))
    found = list(Table(TABLE, paged).all_of(conversation))
    assert {row.name for row in found} == {"IN#1", "PROFILE", "STATE", *(f"OUT#m#{number}" for number in range(MANY))}
    held = {row.name: row.fields for row in found}
    assert held["STATE"]["customer_ms"] == 5000
    assert held["OUT#m#0"]["since"] == 100.5
    assert str(held["PROFILE"]["body"]).startswith('{"name":"Ana",')
    assert [row.name for row in cloud.table.all_of(other)] == ["IN#9"]


def test_a_conversation_is_erased_and_no_other(cloud: Cloud) -> None:
    conversation, other = somebody(), somebody()
    fill(cloud.table, conversation)
    cloud.table.claim(other, "IN#9", 100, 10)
    assert cloud.table.erase(conversation) == MANY + 3
    assert list(cloud.table.all_of(conversation)) == []
    assert cloud.table.erase(conversation) == 0
    assert [row.name for row in cloud.table.all_of(other)] == ["IN#9"]


class Busy:
    """DynamoDB, which leaves all but one of a batch, or dies over it."""

    def __init__(self, client: Any, dies: bool = False) -> None:
        self.client, self.dies = client, dies
        self.calls = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self.client, name)

    def batch_write_item(self, RequestItems: dict[str, Any]) -> dict[str, Any]:
        self.calls += 1
        ((table, (first, *rest)),) = RequestItems.items()
        self.client.batch_write_item(RequestItems={table: [first]})
        if self.dies:
            raise InterruptedError
        return {"UnprocessedItems": {table: rest} if rest else {}}


def test_what_a_busy_table_leaves_is_tried_again_and_the_rest_by_the_next_run(cloud: Cloud) -> None:
    conversation, waits = somebody(), list[float]()
    for number in range(len(LEFT_PAUSES_S) + 2):
        cloud.table.claim(conversation, f"IN#{number}", 100, 10)
    client: Any = Busy(cloud.aws.client("dynamodb"))
    with pytest.raises(Retryable):
        Table(TABLE, client, waits.append).erase(conversation)
    assert waits == list(LEFT_PAUSES_S)
    assert len(list(cloud.table.all_of(conversation))) == 1
    assert Table(TABLE, client, waits.append).erase(conversation) == 1


def test_an_erasure_that_was_cut_off_is_resumed(cloud: Cloud) -> None:
    conversation = somebody()
    fill(cloud.table, conversation)
    client: Any = Busy(cloud.aws.client("dynamodb"), dies=True)
    with pytest.raises(InterruptedError):
        Table(TABLE, client).erase(conversation)
    assert cloud.table.erase(conversation) == MANY + 2


def test_the_key_to_an_open_conversation_is_told_to_nobody_and_erased(cloud: Cloud) -> None:
    conversation = somebody()
    seat = Seat("counter", conversation.customer, "the key to it", 1)
    cloud.table.delivered(conversation, "IN#1", 101, Thread(seat=seat), before=Seat(), listed=True)
    assert cloud.table.thread(conversation).seat == seat
    rows = list(cloud.table.all_of(conversation))
    assert rows
    assert "the key to it" not in str(rows)
    cloud.table.erase(conversation)
    assert cloud.table.thread(conversation).seat == Seat()
