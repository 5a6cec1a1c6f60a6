"""What the ledger's writes cost, as DynamoDB counts: docs/deploy.md has these numbers.

A unit is a write of up to 1 KB; in a transaction it counts twice; a write whose condition does not hold counts, too;
and each write to an index that it leads to is one more, which a transaction does not double.
docs.aws.amazon.com/amazondynamodb/latest/developerguide/read-write-operations.html
docs.aws.amazon.com/amazondynamodb/latest/developerguide/GSI.html, "Provisioned throughput considerations"
"""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest
from botocore.exceptions import ClientError

from bench.units import Metered, round_trip
from sandbox.stage.aws import TABLE
from tests.aws.conftest import Cloud


def asked(cloud: Cloud, name: str, write: dict[str, Any]) -> float:
    metered = Metered(cloud.aws.client("dynamodb"))
    getattr(metered, name)(**write)
    return metered.units


def item(size: int, **more: Any) -> dict[str, Any]:
    """An item of so many bytes: its names count as its values do."""
    row: dict[str, Any] = {"pk": {"S": f"UNITS#{uuid4().hex}"}, "sk": {"S": "s"}}
    held = sum(len(name) + len(value["S"]) for name, value in row.items()) + len("body")
    return row | {"body": {"S": "b" * (size - held)}} | more


@pytest.mark.parametrize(
    ("size", "units"), [(500, 1.0), (1024, 1.0), (1025, 2.0), (1536, 2.0), (3584, 4.0)]
)  # "an item of 1.5 KB: 2"; "of 3.5 KB: 4"
def test_a_unit_is_a_kilobyte_that_has_begun(cloud: Cloud, size: int, units: float) -> None:
    assert asked(cloud, "put_item", {"TableName": TABLE, "Item": item(size)}) == units


def test_a_transaction_counts_twice(cloud: Cloud) -> None:
    puts = [{"Put": {"TableName": TABLE, "Item": item(size)}} for size in (500, 500, 500)]
    assert asked(cloud, "transact_write_items", {"TransactItems": puts}) == 6.0


def test_entering_an_index_is_a_unit_more_and_staying_there_none(cloud: Cloud) -> None:
    listed = item(300, waits_at={"S": "a"}, waits_since={"N": "1"})
    key = {name: listed[name] for name in ("pk", "sk")}
    assert asked(cloud, "put_item", {"TableName": TABLE, "Item": listed}) == 2.0
    write = {"TableName": TABLE, "Key": key, "ExpressionAttributeValues": {":x": {"S": "x"}}}
    assert asked(cloud, "update_item", write | {"UpdateExpression": "SET body = :x"}) == 1.0
    gone = {"TableName": TABLE, "Key": key, "UpdateExpression": "REMOVE waits_at, waits_since"}
    assert asked(cloud, "update_item", gone) == 2.0


def test_a_round_trip_costs_what_the_documents_say(cloud: Cloud) -> None:
    assert round_trip(cloud.aws.client("dynamodb")) == {
        "a message is claimed": 1.0,
        "a message has been shown": 5.0,  # its row and the state, twice each; the index `waiting`
        "a reply is claimed": 1.0,
        "a reply has been sent": 7.0,  # its row, its echo's and the state, twice each; the index `waiting`
    }


def test_a_write_whose_condition_does_not_hold_is_answered_by_no_capacity(cloud: Cloud) -> None:
    """So whoever adds up has to count it: DynamoDB bills it as it would the write."""
    metered = Metered(cloud.aws.client("dynamodb"))
    with pytest.raises(ClientError):
        metered.put_item(TableName=TABLE, Item=item(200), ConditionExpression="attribute_exists(pk)")
    assert metered.units == 0.0
