"""Whatever the ledger writes, the TTL takes away again: every method, from every state of the work."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import msgspec
import pytest

from chalicelib.aws.claimed import REMEMBERED_S
from chalicelib.aws.table import Table
from chalicelib.vocabulary.messages import Led, Tap
from chalicelib.vocabulary.proof import Comparison
from chalicelib.vocabulary.records import Account, Acknowledged, Conversation, Erasure, Profile, Seat, Thread
from chalicelib.wire import LATEST_MS
from sandbox.stage.aws import TABLE
from tests.aws.conftest import ACCOUNT, Cloud

NOW = 1_000_000.0
LONGEST_S = 90 * 86_400
ITEM = "IN#message:mid"
TAP = Tap(message="gen-1", type="QuickReply", text="Yes", payload="YES")
TOLD = Acknowledged(outage_s=int(NOW), message="m", at_ms=int(NOW * 1000))
AFTER = Seat("counter", "session-1", "key", 1)
Drive = Callable[[Table, Conversation], object]


def _account(whose: Conversation) -> Account:
    return msgspec.structs.replace(msgspec.convert(ACCOUNT, Account), id=whose.customer)


def forgotten(table: Table, whose: Conversation) -> bool:
    noted = table.acknowledge(whose, TOLD, 5)
    table.unacknowledge(whose, TOLD)
    return noted


DRIVES: dict[str, Drive] = {
    "claim": lambda table, whose: table.claim(whose, ITEM, NOW, 10, "text"),
    "begin": lambda table, whose: table.begin(whose, "OUT#m#1", NOW, 10, LATEST_MS, "text"),
    "release": lambda table, whose: table.release(whose, ITEM),
    "doubt": lambda table, whose: table.doubt(whose, ITEM, NOW, NOW + 60, Seat(conversation="d")),
    "buried": lambda table, whose: table.buried(whose, ITEM, NOW),
    "refuse": lambda table, whose: table.refuse(whose, ITEM, NOW, "other", "code 1"),
    "delivered": lambda table, whose: table.delivered(
        whose, ITEM, NOW, Thread(seat=Seat(conversation="d"), customer_ms=5), "Hello"
    ),
    "seat": lambda table, whose: table.seat(whose, table.thread(whose).seat, AFTER, NOW, listed=True),
    "end": lambda table, whose: table.end(
        whose, table.standing(whose), NOW, listed=table.standing(whose).thread.seat.desk != ""
    ),
    "standing": lambda table, whose: table.standing(whose),
    "ask": lambda table, whose: table.ask(whose, NOW),
    "sitting": lambda table, whose: list(table.sitting(msgspec.convert(ACCOUNT, Account), NOW)),
    "seated": lambda table, whose: table.seated(*AFTER.place),
    "sent": lambda table, whose: table.sent(whose, ITEM, NOW, "mid", "c-1", "Hello"),
    "forestall": lambda table, whose: table.forestall(whose, ITEM, NOW),
    "edited": lambda table, whose: table.edited(whose, ITEM, NOW, 1, "Hello!"),
    "words": lambda table, whose: table.words(whose, "message:mid", "mid"),
    "keep_led": lambda table, whose: table.keep_led(
        whose, NOW, Led(id="r", conversation=whose, sent_ms=1, attributes={}, from_ad=False)
    ),
    "led": lambda table, whose: table.led(whose, NOW),
    "drop_led": lambda table, whose: table.drop_led(whose),
    "seen": lambda table, whose: table.seen(whose, NOW, 5),
    "offer": lambda table, whose: table.offer(whose, "key", NOW, [TAP]),
    "offered": lambda table, whose: table.offered(whose, "key", 0),
    "keep_profile": lambda table, whose: table.keep_profile(whose, NOW, Profile(name="Ana")),
    "profile": lambda table, whose: table.profile(whose, NOW),
    "introduce": lambda table, whose: table.introduce(whose, "connect", NOW),
    "introduced": lambda table, whose: table.introduced(whose, "connect", NOW),
    "take_passing": lambda table, whose: table.take_passing(whose, "read", "read:1", 5),
    "leave_passing": lambda table, whose: table.leave_passing(
        whose, "read", table.take_passing(whose, "read", "read:2", 6)[0]
    ),
    "thread": lambda table, whose: table.thread(whose),
    "is_ours": lambda table, whose: table.is_ours(whose, "mid"),
    "in_flight": lambda table, whose: table.in_flight(whose, NOW),
    "begun": lambda table, whose: table.begun(whose, "IN#"),
    "under_way": lambda table, whose: table.under_way(whose, NOW),
    "tried": lambda table, whose: table.tried(whose.customer, "file", NOW),
    "lock": lambda table, whose: table.lock(whose.customer, NOW, 10),
    "prolong": lambda table, whose: table.prolong(
        whose.customer, table.lock(whose.customer, NOW, 10, "ana") or "", NOW, 10
    ),
    "holder": lambda table, whose: table.holder(whose.customer, NOW),
    "unlock": lambda table, whose: table.unlock(whose.customer, table.lock(whose.customer, NOW, 10) or ""),
    "pause": lambda table, whose: table.pause(whose.channel, whose.customer, "inbound", NOW),
    "resume": lambda table, whose: table.resume(whose.channel, whose.customer, "inbound"),
    "pauses": lambda table, whose: table.pauses(NOW),
    "spend": lambda table, whose: table.spend(whose, NOW, 3, 5),
    "held": lambda table, whose: table.held(NOW),
    "away": lambda table, whose: table.away(whose.customer, NOW),
    "back": lambda table, whose: table.back(table.away(whose.customer, NOW).desk),
    "acknowledge": lambda table, whose: table.acknowledge(whose, TOLD, 5),
    "unacknowledge": lambda table, whose: forgotten(table, whose),
    "acknowledged": lambda table, whose: table.acknowledged(whose),
    "accounts": lambda table, whose: table.accounts(),
    "waiting": lambda table, whose: list(table.waiting(msgspec.convert(ACCOUNT, Account), 10_000)),
    "known": lambda table, whose: table.known(whose),
    "comparison": lambda table, whose: table.comparison(_account(whose), "daily"),
    "keep_comparison": lambda table, whose: table.keep_comparison(
        _account(whose), "daily", NOW, Comparison(since_ms=1, until_ms=2, floor_ms=1, began_s=NOW)
    ),
    "all_of": lambda table, whose: list(table.all_of(whose)),
    "erase": lambda table, whose: table.erase(whose),
    "forget": lambda table, whose: table.forget(whose.customer, Erasure(until_ms=5), NOW),
    "erasures": lambda table, whose: table.erasures(),
    "last_inbound_ms": lambda table, whose: table.last_inbound_ms(),
}
WRITING = {
    "claim", "begin", "release", "doubt", "buried", "refuse", "delivered", "seat", "sent", "forestall", "edited",
    "keep_led", "drop_led", "seen", "offer", "keep_profile", "introduce", "tried", "lock", "prolong", "unlock", "erase",
    "forget", "in_flight",
    "pause", "resume", "spend", "end", "ask", "keep_comparison", "away", "back", "acknowledge", "unacknowledge",
    "take_passing", "leave_passing",
}  # fmt: skip
# What has happened to the work before, by the methods that did it.
STATES = [(), ("claim",), ("claim", "doubt"), ("claim", "buried"), ("claim", "refuse"), ("claim", "delivered"),
          ("claim", "sent"), ("edited",), ("edited", "claim"), ("claim", "release"), ("forestall",),
          ("keep_led", "lock")]  # fmt: skip


class Watched:
    """DynamoDB, and the keys of all that was written into it or deleted from it."""

    def __init__(self, client: Any) -> None:
        self._client = client
        self.keys: list[dict[str, Any]] = []

    def __getattr__(self, name: str) -> Any:
        assert name in {"get_item", "query", "get_paginator"}, f"{name}: does it write?"
        return getattr(self._client, name)

    def put_item(self, **asked: Any) -> Any:
        return self._noted(asked, self._client.put_item(**asked))

    def update_item(self, **asked: Any) -> Any:
        return self._noted(asked, self._client.update_item(**asked))

    def delete_item(self, **asked: Any) -> Any:
        return self._noted(asked, self._client.delete_item(**asked))

    def transact_write_items(self, **asked: Any) -> Any:
        answer = self._client.transact_write_items(**asked)
        for write in asked["TransactItems"]:
            (one,) = write.values()
            self._noted(one, answer)
        return answer

    def batch_write_item(self, **asked: Any) -> Any:
        answer = self._client.batch_write_item(**asked)
        for write in asked["RequestItems"][TABLE]:
            (one,) = write.values()
            self._noted(one, answer)
        return answer

    def _noted(self, write: dict[str, Any], answer: Any) -> Any:
        held = write.get("Key") or write["Item"]
        self.keys.append({name: held[name] for name in ("pk", "sk")})
        return answer


def test_every_method_of_the_table_is_driven_here() -> None:
    assert set(DRIVES) == {name for name in vars(Table) if not name.startswith("_")}


def came_to(before: tuple[str, ...], table: Table) -> Conversation:
    """A new conversation, to which that has happened."""
    whose = Conversation("instagram", "1784", uuid4().hex)
    for step in before:
        DRIVES[step](table, whose)
    return whose


@pytest.fixture(scope="module")
def read_only(cloud: Cloud) -> list[Conversation]:
    """One for each state, for the methods that write nothing: each is the same for the next."""
    return [came_to(before, cloud.table) for before in STATES]


@pytest.mark.parametrize("method", DRIVES)
def test_everything_that_is_written_expires(cloud: Cloud, read_only: list[Conversation], method: str) -> None:
    written: list[dict[str, Any]] = []
    for before, untouched in zip(STATES, read_only, strict=True):
        client: Any = Watched(cloud.aws.client("dynamodb"))
        whose = came_to(before, cloud.table) if method in WRITING else untouched
        DRIVES[method](Table(TABLE, client), whose)
        for key in client.keys:
            row = cloud.aws.client("dynamodb").get_item(TableName=TABLE, Key=key).get("Item")
            assert row is None or NOW < int(row["expires_at"]["N"]) <= NOW + LONGEST_S, (before, key)
        written += client.keys
    assert bool(written) is (method in WRITING)


@pytest.mark.parametrize("method", sorted(WRITING - {"erase"}))
def test_nothing_of_a_conversation_outlives_its_end_by_more_than_the_ledgers_days(cloud: Cloud, method: str) -> None:
    """However it came to its end, and whatever is written of it after that."""
    table, whose = cloud.table, Conversation("instagram", "1784", uuid4().hex)
    for step in ("claim", "delivered", "keep_led", "keep_profile", "offer", "sent", "seat", method):
        DRIVES[step](table, whose)
    if method != "end":
        assert table.end(whose, table.standing(whose), NOW, listed=True)
        DRIVES[method](table, whose)
    rows = list(table.all_of(whose))
    pointer = next(row.name for row in rows if row.name.startswith("SEAT#"))
    there = cloud.aws.client("dynamodb").get_item(
        TableName=TABLE, Key={"pk": {"S": pointer}, "sk": {"S": "CONVERSATION"}}
    )["Item"]
    ends = [int(there["expires_at"]["N"]), *(int(row.fields["expires_at"]) for row in rows)]
    # whatever takes a seat anew begins another conversation
    assert method == "seat" or max(ends) <= NOW + REMEMBERED_S
