"""What guards remember, as the table keeps it."""

from __future__ import annotations

from uuid import uuid4

import msgspec
import pytest

from chalicelib.aws import keys
from chalicelib.aws.guarding import TALK_S, Guarding
from chalicelib.vocabulary.guarding import QUIET, Held, Rule, Said, Step, Talk
from chalicelib.vocabulary.records import Account, Conversation, Seat, Thread
from sandbox.stage.aws import TABLE
from tests.aws.conftest import ACCOUNT, Cloud

NOW = 1_000_000.0
SEATED = Thread(seat=Seat(conversation="d"), customer_ms=5000)


@pytest.fixture
def book(cloud: Cloud) -> Guarding:
    return Guarding(TABLE, cloud.aws.client("dynamodb"))


@pytest.fixture
def conversation() -> Conversation:
    return Conversation("instagram", uuid4().hex, "55501")


@pytest.fixture
def account(conversation: Conversation) -> Account:
    return msgspec.convert(ACCOUNT | {"id": conversation.account}, Account)


def customer(at_ms: int, mark: str = "m") -> Said:
    return Said(by="customer", at_ms=at_ms, mark=mark)


def held(conversation: Conversation, until_s: float = NOW + 600, step: Step = "hold") -> Held:
    return Held(conversation=conversation, step=step, why="one", since_s=NOW, until_s=until_s)


def test_turns_are_remembered_in_the_writes_that_are_made_anyway(
    cloud: Cloud, book: Guarding, conversation: Conversation
) -> None:
    assert book.talk(conversation) == QUIET
    cloud.table.delivered(conversation, "IN#1", NOW, SEATED, said=customer(1))
    cloud.table.claim(conversation, "OUT#1#1", NOW, 90)
    ours = Said(by="automatic", at_ms=2)
    cloud.table.sent(conversation, "OUT#1#1", NOW, "p-1", turned=ours)
    cloud.table.sent(conversation, "OUT#1#1", NOW, "p-1", turned=ours)  # whose echo came first
    assert book.talk(conversation).said == (customer(1), ours)
    new = msgspec.structs.replace(customer(3), kept=(ours,))
    cloud.table.delivered(conversation, "IN#2", NOW, SEATED, said=new)
    assert book.talk(conversation).said == (ours, customer(3))
    cloud.table.claim(conversation, "OUT#2#1", NOW, 90)
    cloud.table.sent(conversation, "OUT#2#1", NOW, "p-2", turned=Said(by="person", at_ms=4))
    assert book.talk(conversation).said == ()


def test_a_hold_is_listed_told_and_released(book: Guarding, conversation: Conversation) -> None:
    book.hold(held(conversation))
    assert book.talk(conversation) == Talk(step="hold", until_s=NOW + 600, why="one")
    assert held(conversation) in book.held(NOW)
    book.tell(conversation)
    assert book.talk(conversation).told
    book.hold(held(conversation, NOW + 700, "park"))
    assert not book.talk(conversation).told
    assert [one.step for one in book.held(NOW) if one.conversation == conversation] == ["park"]
    assert [one for one in book.held(NOW + 701) if one.conversation == conversation] == []
    book.release(conversation, NOW)
    book.release(conversation, NOW)
    assert book.talk(conversation) == Talk(released_ms=int(NOW * 1000))
    assert [one for one in book.held(NOW) if one.conversation == conversation] == []


def test_it_ends_with_the_customer_and_by_itself(cloud: Cloud, book: Guarding, conversation: Conversation) -> None:
    cloud.table.delivered(conversation, "IN#1", NOW, SEATED, said=customer(1))
    book.hold(held(conversation))
    row = cloud.aws.client("dynamodb").get_item(TableName=TABLE, Key=keys.item(conversation, keys.TALK))["Item"]
    assert row["expires_at"] == {"N": str(int(NOW) + TALK_S)}
    assert keys.owner(keys.held(conversation)) == conversation
    cloud.table.erase(conversation)
    assert book.talk(conversation) == QUIET
    assert [one for one in book.held(NOW) if one.conversation == conversation] == []


def test_rules_are_kept_replaced_and_removed(cloud: Cloud, book: Guarding) -> None:
    name = uuid4().hex
    rule = Rule(id=name, kind="pattern", value="free.*", action="mark", account="instagram#1")
    book.keep_rule(rule)
    assert [one for one in book.rules() if one.id == name] == [rule]
    book.keep_rule(msgspec.structs.replace(rule, action="hold", account=""))
    assert [one.action for one in book.rules() if one.id == name] == ["hold"]
    odd = {**keys.rule(f"{name}-odd"), "kind": {"S": "horoscope"}, "value": {"S": "x"}, "action": {"S": "mark"}}
    cloud.aws.client("dynamodb").put_item(TableName=TABLE, Item=odd)
    assert f"{name}-odd" not in {one.id for one in book.rules()}
    for one in (name, name, f"{name}-odd"):
        book.remove_rule(one)
    assert name not in {one.id for one in book.rules()}
    assert keys.outlives(keys.rule(name))


def test_what_was_done_is_counted_by_day(book: Guarding, account: Account) -> None:
    book.count(account, "hold", "loop:same+fast", NOW)
    book.count(account, "hold", "loop:same+fast", NOW + 60)
    book.count(account, "drop", "troll", NOW + 86_400)
    mine = [one for one in book.tallies("1970-01-12") if one.account == account.id]
    assert [(one.action, one.why, one.count) for one in mine] == [("hold", "loop:same+fast", 2)]
    assert [one.why for one in book.tallies("1970-01-13") if one.account == account.id] == ["troll"]


def test_newcomers_are_counted_by_span(book: Guarding, account: Account) -> None:
    assert [book.newcomer(account, NOW + second, 600) for second in (0, 1, 2)] == [1, 2, 3]
    assert book.newcomer(account, NOW + 600, 600) == 1
