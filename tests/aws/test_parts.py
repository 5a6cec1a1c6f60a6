"""A part of an agent's message is begun in its conversation's state, and is claimed there as it would be in its row."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import uuid4

import pytest
from botocore.exceptions import ClientError

from chalicelib.aws.table import Table
from chalicelib.vocabulary.proof import Worked
from chalicelib.vocabulary.records import Claim, Conversation, Flight, Seat, Thread
from sandbox.stage.aws import TABLE
from tests.aws.conftest import Cloud, Counted, Lossy, row

# epoch s; what the customer wrote, and when the agent answered (epoch ms)
NOW = 1_000.0
WROTE_MS, SAID_MS = 999_000, 1_001_000
ITEM = "OUT#m#1"


def known(cloud: Cloud) -> Conversation:
    """A customer who has written, under this version."""
    conversation = Conversation("instagram", "1784", uuid4().hex)
    thread = Thread(seat=Seat(conversation="d"), customer_ms=WROTE_MS)
    assert cloud.table.delivered(conversation, "IN#1", NOW, thread)
    return conversation


def begin(
    cloud: Cloud, conversation: Conversation, item: str = ITEM, said_ms: int = SAID_MS, *, again: bool = False,
    now: float = NOW + 1,
) -> tuple[Claim | None, Thread]:  # fmt: skip
    return cloud.table.begin(conversation, item, now, 90, said_ms, "mark", again=again)


def test_one_call_reads_the_conversation_and_claims(cloud: Cloud) -> None:
    conversation = known(cloud)
    counted: Any = Counted(cloud.aws.client("dynamodb"))
    table = Table(TABLE, counted)
    claim, thread = table.begin(conversation, ITEM, NOW, 90, SAID_MS, "mark")
    assert counted.calls == ["update_item"]
    assert claim == Claim(state="fresh", since_s=NOW)
    assert (thread.customer_ms, thread.seat) == (WROTE_MS, Seat(conversation="d"))
    table.sent(conversation, ITEM, NOW, "mid", said_ms=SAID_MS, said="m", seen_ms=WROTE_MS)
    assert counted.calls == ["update_item", "transact_write_items"]
    assert row(cloud, conversation, ITEM)["state"] == {"S": "done"}
    assert table.is_ours(conversation, "mid")
    thread = table.thread(conversation)
    assert (thread.replies, thread.said_ms, thread.seen_ms) == (1, SAID_MS, WROTE_MS)
    assert ITEM not in row(cloud, conversation, "STATE")


def test_one_of_many_workers_begins_it(cloud: Cloud) -> None:
    conversation = known(cloud)

    def tried(_: int) -> str:
        claim, _thread = begin(cloud, conversation)
        return (claim or cloud.table.claim(conversation, ITEM, NOW + 1, 90, "mark")).state

    with ThreadPoolExecutor(8) as workers:
        states = list(workers.map(tried, range(24)))
    assert sorted(states) == ["busy"] * 23 + ["fresh"]


def test_what_a_worker_died_over_is_taken_over_as_ever(cloud: Cloud) -> None:
    conversation = known(cloud)
    begin(cloud, conversation)
    claim, thread = begin(cloud, conversation, again=True, now=NOW + 2)
    assert claim is None
    assert thread.customer_ms == WROTE_MS
    busy = cloud.table.claim(conversation, ITEM, NOW + 2, 90, "mark")
    assert (busy.state, busy.until_s) == ("busy", NOW + 91)
    lapsed = cloud.table.claim(conversation, ITEM, NOW + 100, 90, "mark")
    assert (lapsed.state, lapsed.since_s) == ("lapsed", NOW + 1)
    assert row(cloud, conversation, ITEM)["text"] == {"S": "mark"}


ENDS: dict[str, tuple[Callable[[Table, Conversation], object], str]] = {
    "doubt": (lambda table, whose: table.doubt(whose, ITEM, NOW + 2, NOW + 62), "doubt"),
    "refuse": (lambda table, whose: table.refuse(whose, ITEM, NOW + 2, "other", "no"), "refused"),
    "sent": (lambda table, whose: table.sent(whose, ITEM, NOW + 2, "mid"), "done"),
    "release": (lambda table, whose: table.release(whose, ITEM), "fresh"),
}


@pytest.mark.parametrize("end", ENDS)
def test_however_it_ends_its_row_tells_and_nothing_is_begun_twice(cloud: Cloud, end: str) -> None:
    conversation = known(cloud)
    begin(cloud, conversation)
    ENDS[end][0](cloud.table, conversation)
    assert ITEM not in row(cloud, conversation, "STATE")
    assert begin(cloud, conversation)[0] is None
    assert begin(cloud, conversation, said_ms=SAID_MS + 7)[0] is None  # a copy that tells another time
    assert cloud.table.claim(conversation, ITEM, NOW + 3, 90, "mark").state == ENDS[end][1]


def test_a_refusal_is_told_once_it_is_written_and_not_where_an_echo_was_faster(cloud: Cloud) -> None:
    refused, delivered = known(cloud), known(cloud)
    for conversation in (refused, delivered):
        begin(cloud, conversation)
    cloud.table.sent(delivered, ITEM, NOW + 1, "mid")
    assert cloud.table.refuse(refused, ITEM, NOW + 2, "other", "no")
    assert not cloud.table.refuse(delivered, ITEM, NOW + 2, "other", "no")
    cloud.table.doubt(delivered, ITEM, NOW + 2, NOW + 62)
    cloud.table.release(delivered, ITEM)
    assert cloud.table.claim(delivered, ITEM, NOW + 3, 90).state == "done"


def test_an_echo_finds_what_is_begun_and_counts_it_once(cloud: Cloud) -> None:
    conversation = known(cloud)
    begin(cloud, conversation)
    assert cloud.table.in_flight(conversation, NOW + 1) == {ITEM: Flight(text="mark")}
    for _ in ("the echo", "the send's own answer"):
        cloud.table.sent(conversation, ITEM, NOW + 2, "mid")
    assert cloud.table.in_flight(conversation, NOW + 3) == {}
    assert cloud.table.thread(conversation).replies == 1


@pytest.mark.parametrize("said_ms", [SAID_MS, SAID_MS - 1, WROTE_MS])
def test_what_was_not_written_after_all_that_was_begun_is_looked_up(cloud: Cloud, said_ms: int) -> None:
    conversation = known(cloud)
    begin(cloud, conversation)
    assert begin(cloud, conversation, "OUT#other#1", said_ms)[0] is None
    assert begin(cloud, conversation, "OUT#other#1", SAID_MS + 1)[0] is not None


def test_what_is_handed_out_again_is_looked_up_and_noted(cloud: Cloud) -> None:
    """A worker of the version before may have begun it, in its row; and once it has ended, its copy is not new."""
    conversation = known(cloud)
    cloud.table.claim(conversation, ITEM, NOW, 90, "mark")
    claim, thread = begin(cloud, conversation, again=True)
    assert (claim, thread.customer_ms) == (None, WROTE_MS)
    assert begin(cloud, conversation)[0] is None
    assert cloud.table.claim(conversation, ITEM, NOW + 1, 90, "mark").state == "busy"


def test_what_the_version_before_has_sent_is_not_new(cloud: Cloud) -> None:
    conversation = known(cloud)
    cloud.table.claim(conversation, ITEM, NOW, 90, "mark")
    cloud.table.sent(conversation, ITEM, NOW, "mid", said_ms=SAID_MS, said="m")
    assert begin(cloud, conversation)[0] is None


OLD: dict[str, dict[str, dict[str, str]]] = {
    "nobody has written": {},
    "a state of the version before": {"desk": {"S": "d"}, "customer_ms": {"N": str(WROTE_MS)}, "replies": {"N": "2"}},
}


@pytest.mark.parametrize("known_of_it", OLD)
def test_in_a_state_of_the_version_before_nothing_is_certain(cloud: Cloud, known_of_it: str) -> None:
    conversation, fields = Conversation("instagram", "1784", uuid4().hex), OLD[known_of_it]
    key = {"pk": {"S": f"CONV#{conversation.key}"}, "sk": {"S": "STATE"}}
    if fields:
        cloud.aws.client("dynamodb").put_item(TableName=TABLE, Item=key | fields | {"expires_at": {"N": "5000"}})
    claim, thread = begin(cloud, conversation)
    assert (claim, thread.customer_ms, thread.replies) == (None, WROTE_MS if fields else 0, 2 if fields else 0)
    assert set(row(cloud, conversation, "STATE")) - set(key) - {"expires_at"} == set(fields)
    # with the customer's next message it is
    assert cloud.table.delivered(conversation, "IN#2", NOW, Thread(customer_ms=WROTE_MS + 1))
    assert begin(cloud, conversation)[0] is not None


def test_a_claim_whose_answer_was_lost_is_ours(cloud: Cloud) -> None:
    """botocore makes the call again, and the condition does not hold any more."""
    conversation = known(cloud)

    lossy: Any = Lossy(cloud.aws.client("dynamodb"))
    claim, _ = Table(TABLE, lossy).begin(conversation, ITEM, NOW, 90, SAID_MS, "mark")
    assert claim is not None
    assert claim.state == "fresh"


def test_whoever_dies_as_the_claim_gets_its_row_leaves_it_in_one_place(cloud: Cloud) -> None:
    conversation = known(cloud)
    begin(cloud, conversation)

    class Dying:
        def __getattr__(self, name: str) -> Any:
            return getattr(cloud.aws.client("dynamodb"), name)

        def transact_write_items(self, **asked: Any) -> Any:
            error: Any = {"Error": {"Code": "ValidationException", "Message": "died"}}
            raise ClientError(error, "TransactWriteItems")

    dying: Any = Dying()
    with pytest.raises(ClientError):
        Table(TABLE, dying).doubt(conversation, ITEM, NOW + 2, NOW + 62)
    assert cloud.table.in_flight(conversation, NOW + 2) == {ITEM: Flight(text="mark")}
    assert not row(cloud, conversation, ITEM)


def test_what_is_begun_is_told_as_a_claim(cloud: Cloud) -> None:
    """To a comparison, to who erases and has to wait for it, to who exports or traces."""
    conversation = known(cloud)
    begin(cloud, conversation)
    assert cloud.table.known(conversation).work[ITEM] == Worked(state="leased", since_s=NOW + 1)
    told = {one.name: one.fields for one in cloud.table.all_of(conversation)}
    assert told[ITEM] == {"state": "leased", "until": NOW + 91, "since": NOW + 1, "expires_at": 1001 + 30 * 86_400}
    assert ITEM not in told["STATE"]
    cloud.table.sent(conversation, ITEM, NOW + 2, "mid")
    assert cloud.table.known(conversation).work[ITEM] == Worked(state="done", result="mid", since_s=NOW + 2)


def test_the_version_before_can_read_the_state(cloud: Cloud) -> None:
    """It takes every attribute for a text or a whole number."""
    conversation = known(cloud)
    begin(cloud, conversation)
    held = row(cloud, conversation, "STATE")
    assert ITEM in held
    assert [name for name, value in held.items() if "S" not in value and not value["N"].isdigit()] == []


@pytest.mark.parametrize("end", ["doubt", "refuse", "release"])
def test_who_gives_it_its_row_meanwhile_is_in_nobodys_way(cloud: Cloud, end: str) -> None:
    """A copy of its event comes to another worker just as the first has looked for the row."""
    conversation = known(cloud)
    begin(cloud, conversation)
    client = cloud.aws.client("dynamodb")
    met: list[str] = []

    class Racing:
        def __getattr__(self, name: str) -> Any:
            return getattr(client, name)

        def update_item(self, **asked: Any) -> Any:
            try:
                return client.update_item(**asked)
            except ClientError:
                if not met:
                    met.append("the copy")
                    assert begin(cloud, conversation, again=True)[0] is None
                raise

    racing: Any = Racing()
    table = Table(TABLE, racing)
    answer = ENDS[end][0](table, conversation)
    assert met == ["the copy"]
    assert answer is (True if end == "refuse" else None)
    assert cloud.table.claim(conversation, ITEM, NOW + 3, 90, "mark").state == ENDS[end][1]
