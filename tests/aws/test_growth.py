"""What an operation reads does not grow with the table, nor with what was ever said in a conversation.

Counted are calls, the rows that DynamoDB looks at for them, before filters, and what writes cost.
`python -m bench.growth` does the same with 100,000 parts beside a million rows (bench/growth.md).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from uuid import uuid4

import pytest

from bench import growth
from bench.growth import CELLS, GROWING, NOW, OPERATIONS, books, known, metered
from bench.store import Row, Store
from chalicelib.aws.flights import ROLLING_S
from chalicelib.aws.table import Table
from chalicelib.vocabulary.records import Conversation, Seat, Thread
from sandbox.stage.aws import TABLE
from tests.aws.conftest import ACCOUNT, Cloud

PARTS = 1000


class Counter:
    """Calls by name, and rows that were looked at."""

    def __init__(self) -> None:
        self.calls: list[str] = []
        self.rows = 0

    def __call__(self, parsed: dict[str, Any], model: Any, **_: Any) -> None:
        self.calls.append(model.name)
        self.rows += parsed.get("ScannedCount", 0)


@contextmanager
def counted(client: Any) -> Iterator[Counter]:
    counter = Counter()
    client.meta.events.register("after-call.dynamodb.*", counter)
    try:
        yield counter
    finally:
        client.meta.events.unregister("after-call.dynamodb.*", counter)


def filling(client: Any) -> Callable[[Iterator[Row]], None]:
    """Puts rows into the emulator's table."""

    def fill(rows: Iterator[Row]) -> None:
        puts: Any = [{"PutRequest": {"Item": row}} for row in rows]
        for start in range(0, len(puts), 25):
            client.batch_write_item(RequestItems={TABLE: puts[start : start + 25]})

    return fill


@pytest.fixture(scope="module")
def both(cloud: Cloud) -> tuple[Conversation, Conversation]:
    """One in which little was said, and one in which much was, beside many others'."""
    client = cloud.aws.client("dynamodb")
    on, fill = books(client), filling(client)
    on.table.away("genesys", NOW)  # from here on its row is there
    return known(on, fill, 1), known(on, fill, PARTS)


@pytest.mark.parametrize("operation", OPERATIONS)
def test_an_operation_costs_the_same_however_much_there_is(
    cloud: Cloud, both: tuple[Conversation, Conversation], operation: str
) -> None:
    client = cloud.aws.client("dynamodb")
    found = []
    for whose in both:
        books(client).table.back("genesys")
        with metered(client) as cost:
            OPERATIONS[operation](books(client), whose)
        found += cost
    little, much = found
    assert much == little
    assert not {"Scan"}.intersection(much.calls)


def test_the_count_would_tell_a_query_that_reads_a_conversation(cloud: Cloud, both: tuple[Conversation, ...]) -> None:
    client = cloud.aws.client("dynamodb")
    table = Table(TABLE, client)
    with counted(client) as counter, metered(client) as cost:
        table.begun(both[1], "OUT#")
    assert counter.rows >= PARTS
    assert cost[0].rows == counter.rows


def test_everything_that_the_table_is_asked_is_among_them(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    client, asked, wanted = cloud.aws.client("dynamodb"), set[str](), set[str]()
    on = books(client)
    whose = known(on, filling(client), 1)

    def spied(name: str, method: Callable[..., Any]) -> Callable[..., Any]:
        def recorded(*given: Any, **named: Any) -> Any:
            asked.add(name)
            return method(*given, **named)

        return recorded

    for kind in map(type, on):
        for name, method in vars(kind).items():
            if callable(method) and not name.startswith("_"):
                wanted.add(f"{kind.__name__}.{name}")
                monkeypatch.setattr(kind, name, spied(f"{kind.__name__}.{name}", method))
    for work in (*OPERATIONS.values(), *(one.work for one in GROWING.values())):
        work(on, whose)
    assert wanted - asked == set()


# The same in this process, with what reads cost


def test_read_units_are_counted_by_the_documented_rules() -> None:
    """4 KB or what has begun of it: a unit, consistently read; half of one otherwise; a query adds up first."""
    store = Store()
    whose = Conversation("instagram", "1", "2")
    store.fill(growth.item(f"CONV#{whose.key}", f"IN#{number}", body="x" * 1500) for number in range(10))

    def units(name: str, **asked: Any) -> float:
        before = store.read_units
        with store.watched():
            getattr(store.client, name)(TableName=TABLE, **asked)
        return store.read_units - before

    key = {"pk": {"S": f"CONV#{whose.key}"}, "sk": {"S": "IN#0"}}
    values = {":pk": key["pk"], ":no": {"S": "no"}}
    query = {"KeyConditionExpression": "pk = :pk", "ExpressionAttributeValues": {":pk": key["pk"]}}
    filtered = query | {"FilterExpression": "body = :no", "ExpressionAttributeValues": values}
    assert units("get_item", Key=key, ConsistentRead=True) == 1
    assert units("get_item", Key=key) == 0.5
    assert units("get_item", Key=key | {"sk": {"S": "none"}}, ConsistentRead=True) == 1
    assert units("query", ConsistentRead=True, **query) == 4  # 15.5 KB
    assert units("query", **query) == 2
    assert units("query", ConsistentRead=True, **filtered) == 4
    store.fill([growth.item(f"CONV#{whose.key}", "big", body="x" * 5000)])
    assert units("get_item", Key=key | {"sk": {"S": "big"}}, ConsistentRead=True) == 2


def test_nothing_grows_with_the_table_or_with_a_conversation() -> None:
    found = growth.measured([(1, 0), (300, 0), (300, 3_000)])
    first, *rest = found.values()
    assert [name for name, cost in first.items() if any(cell[name] != cost for cell in rest)] == []
    assert sum(cost.read_units for cost in first.values()) > 0


def test_what_grows_grows_with_what_it_answers() -> None:
    """And with nothing else: each is told with what it grows by."""
    found = growth.grown((1, 50))
    assert {name for name, (little, much) in found.items() if much.rows >= 50 * little.rows} == set(GROWING)


def test_the_paper_is_of_these_operations_and_of_the_whole_measure() -> None:
    text = growth.GROWTH.read_text()
    rows = [line.split(" | ")[0].removeprefix("| ") for line in text.splitlines() if line.startswith("| ")]
    assert [name for name in rows if name != "operation"] == [*OPERATIONS, *GROWING]
    assert all(f"{parts:,} beside {beside:,}" in text for parts, beside in CELLS)
    assert "up to" not in text


# What is on its way


def test_what_earlier_versions_have_begun_is_found_too(cloud: Cloud) -> None:
    """A row of theirs is named by nobody: as long as they may run all is looked through, and what was found stays."""
    client, whose = cloud.aws.client("dynamodb"), Conversation("instagram", ACCOUNT["id"], uuid4().hex)
    table = cloud.table
    table.delivered(whose, "IN#first", NOW, Thread(seat=Seat(conversation="d"), customer_ms=1))

    def begun_by_an_earlier_version(item: str) -> None:
        row = {"state": {"S": "doubt"}, "text": {"S": item}, "expires_at": {"N": str(int(NOW) + 86_400)}}
        client.put_item(TableName=TABLE, Item={"pk": {"S": f"CONV#{whose.key}"}, "sk": {"S": item}, **row})

    begun_by_an_earlier_version("OUT#old#1")
    assert {*table.in_flight(whose, NOW)} == {"OUT#old#1"}
    begun_by_an_earlier_version("OUT#old#2")
    assert {*table.in_flight(whose, NOW + ROLLING_S - 1)} == {"OUT#old#1", "OUT#old#2"}
    assert {*table.in_flight(whose, NOW + ROLLING_S + 1)} == {"OUT#old#1", "OUT#old#2"}
    table.sent(whose, "OUT#old#1", NOW, "p")
    assert {*table.in_flight(whose, NOW + ROLLING_S + 1)} == {"OUT#old#2"}


def test_what_has_ended_otherwise_than_by_being_sent_leaves_when_somebody_looks(cloud: Cloud) -> None:
    client, whose = cloud.aws.client("dynamodb"), Conversation("instagram", ACCOUNT["id"], uuid4().hex)
    table, later = Table(TABLE, client), NOW + ROLLING_S + 1
    table.delivered(whose, "IN#first", NOW, Thread(seat=Seat(conversation="d"), customer_ms=1))
    table.in_flight(whose, NOW)
    for number in range(1, 6):
        table.claim(whose, f"OUT#m#{number}", later, 90)
    table.release(whose, "OUT#m#5")  # somebody may be about to claim it again
    table.refuse(whose, "OUT#m#1", later, "other", "")
    table.refuse(whose, "OUT#m#2", later, "unconfirmed", "")
    table.doubt(whose, "OUT#m#3", later, later + 60)
    flights = table.in_flight(whose, later)
    assert {item: flight.given_up for item, flight in flights.items()} == {
        "OUT#m#2": True, "OUT#m#3": False, "OUT#m#4": False,
    }  # fmt: skip
    with counted(client) as counter:
        assert table.in_flight(whose, later) == flights
    assert counter.calls == ["GetItem"] * 5
    table.claim(whose, "OUT#m#5", later, 90)
    assert {*table.in_flight(whose, later)} == {*flights, "OUT#m#5"}


def test_an_echo_in_a_conversation_of_which_nothing_is_known_leaves_nothing(cloud: Cloud) -> None:
    whose = Conversation("instagram", ACCOUNT["id"], uuid4().hex)
    assert cloud.table.in_flight(whose, NOW) == {}
    assert list(cloud.table.all_of(whose)) == []
