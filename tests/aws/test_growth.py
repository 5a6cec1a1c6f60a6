"""What an operation reads does not grow with the table, nor with what was ever said in a conversation.

Counted are calls and the rows that DynamoDB looks at for them, before filters. Why a thousand rows speak for a million:
every operation names its key, or one partition whose rows this test has grown.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from uuid import uuid4

import msgspec
import pytest

from chalicelib.aws.flights import ROLLING_S
from chalicelib.aws.table import Table
from chalicelib.vocabulary.messages import Led
from chalicelib.vocabulary.records import Account, Conversation, Profile, Seat, Thread
from sandbox.stage.aws import TABLE
from tests.aws.conftest import ACCOUNT, Cloud

NOW = 1_800_000_000.0
PARTS = 1000
ACCOUNT_OF = msgspec.convert(ACCOUNT, Account)
Operation = Callable[[Table, Conversation], object]

OPERATIONS: dict[str, Operation] = {
    "a message is claimed": lambda table, whose: table.claim(whose, "IN#new", NOW, 90),
    "a message is shown": lambda table, whose: table.delivered(
        whose, "IN#new", NOW, Thread(seat=Seat(conversation="d"), customer_ms=int(NOW * 1000))
    ),
    "a message is refused": lambda table, whose: table.refuse(whose, "IN#new", NOW, "other", ""),
    "a message is given up": lambda table, whose: table.buried(whose, "IN#new", NOW),
    "a message is edited": lambda table, whose: table.edited(whose, "IN#new", NOW, 1, "Hello"),
    "a message is quoted": lambda table, whose: table.words(whose, "message:new", "new"),
    "a reply is begun": lambda table, whose: table.begin(whose, "OUT#new#1", NOW, 90, int(NOW * 1000), "text"),
    "a part is claimed": lambda table, whose: table.claim(whose, "OUT#new#2", NOW, 90),
    "a part is sent": lambda table, whose: table.sent(whose, "OUT#new#2", NOW, "new"),
    "a part is doubted": lambda table, whose: table.doubt(whose, "OUT#new#2", NOW, NOW + 60),
    "a part is given back": lambda table, whose: table.release(whose, "OUT#new#2"),
    "a reply's parts are looked up": lambda table, whose: table.begun(whose, "OUT#new#"),
    "an echo of ours": lambda table, whose: table.is_ours(whose, "p-0"),
    "an echo of somebody else's": lambda table, whose: table.in_flight(whose, NOW),
    "a conversation is looked at": lambda table, whose: table.thread(whose),
    "a conversation is moved": lambda table, whose: table.seat(whose, table.thread(whose).seat, Seat("x", "y"), NOW),
    "a conversation ends": lambda table, whose: table.end(whose, table.standing(whose), NOW),
    "a profile is kept": lambda table, whose: table.keep_profile(whose, NOW, Profile(name="A")),
    "a profile": lambda table, whose: table.profile(whose, NOW),
    "what led here is kept": lambda table, whose: table.keep_led(
        whose, NOW, Led(id="r", conversation=whose, sent_ms=1, attributes={}, from_ad=False)
    ),
    "what led here": lambda table, whose: table.led(whose, NOW),
    "a try": lambda table, whose: table.tried(whose.customer, "file", NOW),
    "a lock": lambda table, whose: table.lock(whose.customer, NOW, 10),
    "accounts": lambda table, whose: table.accounts(),
    "pauses and outages": lambda table, whose: table.held(NOW),
    "who was erased": lambda table, whose: table.erasures(),
    "when customers last wrote": lambda table, whose: table.last_inbound_ms(),
    "who waits": lambda table, whose: next(iter(table.waiting(ACCOUNT_OF, int(NOW * 1000))), None),
}  # fmt: skip


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


def said(client: Any, whose: Conversation, parts: int) -> None:
    """So much was said in the conversation, both ways, and has ended."""
    ends = {"N": str(int(NOW) + 86_400)}
    done = {"state": {"S": "done"}, "expires_at": ends}
    rows = [
        {"pk": {"S": f"CONV#{whose.key}"}, "sk": {"S": name}, **done}
        for number in range(parts)
        for name in (f"OUT#{number:06d}#1", f"IN#{number:06d}", f"SENT#p-{number}")
    ]
    for start in range(0, len(rows), 25):
        puts: Any = [{"PutRequest": {"Item": row}} for row in rows[start : start + 25]]
        client.batch_write_item(RequestItems={TABLE: puts})


def known(table: Table, parts: int, client: Any) -> Conversation:
    """A conversation in which that was said, and in which an echo has been looked at before."""
    whose = Conversation("instagram", ACCOUNT["id"], uuid4().hex)
    table.delivered(
        whose, "IN#first", NOW - 10, Thread(seat=Seat(conversation="d"), customer_ms=int(NOW * 1000) - 10_000)
    )
    said(client, whose, parts)
    table.in_flight(whose, NOW - ROLLING_S)
    return whose


@pytest.fixture(scope="module")
def both(cloud: Cloud) -> tuple[Conversation, Conversation]:
    """One in which little was said, and one in which much was, beside many others'."""
    client = cloud.aws.client("dynamodb")
    return known(cloud.table, 1, client), known(cloud.table, PARTS, client)


@pytest.mark.parametrize("operation", OPERATIONS)
def test_an_operation_costs_the_same_however_much_there_is(
    cloud: Cloud, both: tuple[Conversation, Conversation], operation: str
) -> None:
    client = cloud.aws.client("dynamodb")
    found = []
    for whose in both:
        with counted(client) as counter:
            OPERATIONS[operation](Table(TABLE, client), whose)
        found.append((counter.calls, counter.rows))
    little, much = found
    assert much == little
    assert not {"Scan"}.intersection(much[0])


def test_the_count_would_tell_a_query_that_reads_a_conversation(cloud: Cloud, both: tuple[Conversation, ...]) -> None:
    client = cloud.aws.client("dynamodb")
    table = Table(TABLE, client)
    with counted(client) as counter:
        table.begun(both[1], "OUT#")
    assert counter.rows >= PARTS


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
