"""When a customer last wrote to an account: told from a row of its own, which few messages write."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest
from botocore.exceptions import ClientError

from chalicelib.aws.heard import EVERY_MS
from chalicelib.aws.table import Table
from chalicelib.vocabulary.records import Conversation, Seat, Thread
from sandbox.stage.aws import TABLE
from tests.aws.conftest import Cloud

NOW = 100_000.0
BEGIN_MS = 1_000_000


class Counting:
    """DynamoDB without scans, and how often a row was updated outside of a transaction."""

    def __init__(self, client: Any, refuses: str = "") -> None:
        self._client, self._refuses = client, refuses
        self.updates = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)

    def get_paginator(self, operation: str) -> Any:
        assert operation == "query"
        return self._client.get_paginator(operation)

    def update_item(self, **asked: Any) -> Any:
        self.updates += 1
        if self._refuses:
            raise ClientError({"Error": {"Code": self._refuses, "Message": ""}}, "UpdateItem")
        return self._client.update_item(**asked)


@pytest.fixture
def account() -> str:
    return uuid4().hex


def wrote(table: Table, account: str, ms: int) -> None:
    whose = Conversation("instagram", account, uuid4().hex)
    assert table.delivered(whose, "IN#1", NOW, Thread(seat=Seat(conversation="d"), customer_ms=ms))


def told(cloud: Cloud, account: str) -> int:
    client: Any = Counting(cloud.aws.client("dynamodb"))
    return Table(TABLE, client).last_inbound_ms().get(("instagram", account), 0)


def test_the_newest_message_of_each_account_is_told(cloud: Cloud, account: str) -> None:
    other = uuid4().hex
    for whose, ms in ((account, 1), (account, 1 + 2 * EVERY_MS), (account, 1 + EVERY_MS), (other, 1000)):
        wrote(cloud.table, whose, ms)
    assert (told(cloud, account), told(cloud, other)) == (1 + 2 * EVERY_MS, 1000)


def test_what_is_told_is_five_minutes_early_at_most_and_costs_the_messages_between_nothing(
    cloud: Cloud, account: str
) -> None:
    client: Any = Counting(cloud.aws.client("dynamodb"))
    table = Table(TABLE, client)
    for ms in range(BEGIN_MS, BEGIN_MS + EVERY_MS, EVERY_MS // 50):
        wrote(table, account, ms)
    assert (client.updates, told(cloud, account)) == (1, BEGIN_MS)
    wrote(table, account, BEGIN_MS + EVERY_MS)
    assert (client.updates, told(cloud, account)) == (2, BEGIN_MS + EVERY_MS)


def test_a_container_that_starts_with_an_older_message_takes_nothing_back(cloud: Cloud, account: str) -> None:
    wrote(cloud.table, account, BEGIN_MS)
    wrote(Table(TABLE, cloud.aws.client("dynamodb")), account, BEGIN_MS - 1)
    assert told(cloud, account) == BEGIN_MS


def test_a_clock_that_is_ahead_tells_of_no_future(cloud: Cloud, account: str) -> None:
    wrote(cloud.table, account, int(NOW * 1000) + 86_400_000)
    assert told(cloud, account) == int(NOW * 1000)


def test_what_is_no_message_is_not_told(cloud: Cloud, account: str) -> None:
    whose = Conversation("instagram", account, uuid4().hex)
    assert cloud.table.delivered(whose, "IN#1", NOW, Thread(seat=Seat(conversation="d")))
    assert told(cloud, account) == 0


@pytest.mark.parametrize("code", ["ProvisionedThroughputExceededException", "AccessDeniedException"])
def test_a_message_is_delivered_where_that_cannot_be_written(cloud: Cloud, account: str, code: str) -> None:
    client: Any = Counting(cloud.aws.client("dynamodb"), code)
    wrote(Table(TABLE, client), account, BEGIN_MS)
    assert (client.updates, told(cloud, account)) == (1, 0)
