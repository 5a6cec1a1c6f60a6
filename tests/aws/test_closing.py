"""What has been done about a window that closes: taken once, told once, by the table's conditions."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import uuid4

import msgspec
import pytest
from botocore.exceptions import ClientError
from botocore.stub import Stubber

from chalicelib.aws import keys
from chalicelib.aws.closing import BATCH, Closing
from chalicelib.aws.topics import Topic
from chalicelib.errors import Misconfigured, Retryable
from chalicelib.vocabulary.records import Account, Conversation, Seat, Spent, Thread, Wait
from sandbox.stage.aws import TABLE
from tests.aws.conftest import ACCOUNT, Cloud

NOW, CLOSES_MS, LEASE_S = 1_000.0, 90_000_000, 90.0


@pytest.fixture
def rows(cloud: Cloud) -> Closing:
    return Closing(TABLE, cloud.aws.client("dynamodb"))


@pytest.fixture
def account() -> Account:
    return msgspec.convert(ACCOUNT | {"id": uuid4().hex}, Account)


def wrote(cloud: Cloud, account: Account, at_ms: int = 5000, event: str = "1", customer: str = "") -> Conversation:
    conversation = Conversation(account.channel, account.id, customer or uuid4().hex)
    thread = Thread(seat=Seat(conversation="d"), customer_ms=at_ms)
    cloud.table.delivered(conversation, f"IN#{event}", NOW, thread)
    return conversation


def held(rows: Closing, conversation: Conversation) -> Wait:
    (wait,) = rows.waits([conversation])
    return wait


def step(wait: Wait, number: int, closes_ms: int = CLOSES_MS) -> Wait:
    return msgspec.structs.replace(wait.at(closes_ms), step=number, raised=number, urged="raised")


def test_who_waits_is_found_the_shortest_wait_first_and_read_with_what_was_done(
    cloud: Cloud, rows: Closing, account: Account
) -> None:
    several = [wrote(cloud, account, 1000 * number) for number in range(1, 4)]
    assert rows.waiting(account, 3000) == [(several[1], 2000), (several[0], 1000)]
    wait = held(rows, several[0])
    assert wait == Wait(
        conversation=several[0], thread=Thread(seat=Seat(conversation="d"), customer_ms=1000), since_ms=1000,
        shown_ms=1_000_000,
    )  # fmt: skip
    assert rows.take(step(wait, 2), NOW, LEASE_S)
    taken = held(rows, several[0])
    assert (taken.closes_ms, taken.step, taken.raised, taken.urged) == (CLOSES_MS, 2, 2, "raised")
    assert taken.telling_s == NOW + LEASE_S
    rows.told(step(wait, 2))
    assert held(rows, several[0]).telling_s == 0


def test_more_than_one_call_takes_are_read(cloud: Cloud, rows: Closing, account: Account) -> None:
    several = [wrote(cloud, account, 1000 + number) for number in range(BATCH + 3)]
    unknown = Conversation(account.channel, account.id, "nobody")
    assert {wait.conversation for wait in rows.waits([*several, unknown])} == set(several)


def test_one_of_many_takes_a_step_and_the_next_step_is_another(cloud: Cloud, rows: Closing, account: Account) -> None:
    wait = held(rows, wrote(cloud, account))
    for taken in (step(wait, 1), step(wait, 2)):
        with ThreadPoolExecutor(8) as pool:
            assert sum(pool.map(rows.take, [taken] * 8, [NOW] * 8, [LEASE_S] * 8)) == 1
    assert not rows.take(step(wait, 1), NOW, LEASE_S)


def test_what_somebody_died_over_may_be_told_when_their_time_is_over(
    cloud: Cloud, rows: Closing, account: Account
) -> None:
    wait = held(rows, wrote(cloud, account))
    assert rows.take(step(wait, 1), NOW, LEASE_S)
    assert not rows.take(step(wait, 1), NOW + LEASE_S, LEASE_S)
    assert rows.take(step(wait, 1), NOW + LEASE_S + 1, LEASE_S)
    rows.told(step(wait, 1))
    assert not rows.take(step(wait, 1), NOW + 2 * LEASE_S + 2, LEASE_S)


def test_where_there_is_nobody_to_tell_nothing_is_left_to_tell(cloud: Cloud, rows: Closing, account: Account) -> None:
    conversation = wrote(cloud, account)
    assert rows.take(step(held(rows, conversation), 1), NOW, 0)
    assert held(rows, conversation).telling_s == 0


def test_an_answer_ends_it_and_another_wait_begins_anew(cloud: Cloud, rows: Closing, account: Account) -> None:
    conversation = wrote(cloud, account)
    wait = held(rows, conversation)
    assert rows.take(step(wait, 1), NOW, LEASE_S)
    cloud.table.sent(conversation, "OUT#m#1", NOW, "mid-1")
    assert list(rows.waits([conversation])) == []
    assert not rows.take(step(wait, 2), NOW, LEASE_S)
    rows.raised(step(wait, 2))
    wrote(cloud, account, 6000, "2", conversation.customer)
    assert held(rows, conversation).raised == 1  # of a window that is another by now:
    assert held(rows, conversation).at(CLOSES_MS + 1000).step == 0


def test_a_customer_who_has_written_again_is_looked_at_again(cloud: Cloud, rows: Closing, account: Account) -> None:
    conversation = wrote(cloud, account)
    before = held(rows, conversation)
    wrote(cloud, account, 7000, "2", conversation.customer)
    assert not rows.take(step(before, 1), NOW, LEASE_S)
    assert held(rows, conversation).since_ms == 5000
    assert rows.take(step(held(rows, conversation), 1, CLOSES_MS + 2000), NOW, LEASE_S)


def test_a_comment_alone_may_be_taken(cloud: Cloud, rows: Closing, account: Account) -> None:
    conversation = Conversation(account.channel, account.id, uuid4().hex)
    cloud.table.delivered(conversation, "IN#1", NOW, Thread(comment="c", comment_ms=2000))
    assert rows.take(step(held(rows, conversation), 1), NOW, LEASE_S)


def test_that_it_was_raised_later_is_written_down(cloud: Cloud, rows: Closing, account: Account) -> None:
    conversation = wrote(cloud, account)
    wait = msgspec.structs.replace(held(rows, conversation).at(CLOSES_MS), step=1)
    assert rows.take(wait, NOW, LEASE_S)
    rows.raised(msgspec.structs.replace(wait, raised=1, urged="held"))
    found = held(rows, conversation)
    assert (found.step, found.raised, found.urged) == (1, 1, "held")


@pytest.mark.parametrize(("at_s", "refused"), [(4, False), (6, True)])
def test_a_refusal_counts_since_the_customer_waits(
    cloud: Cloud, rows: Closing, account: Account, at_s: float, refused: bool
) -> None:
    conversation = wrote(cloud, account)
    cloud.table.claim(conversation, "OUT#m#1", at_s, 10)
    cloud.table.refuse(conversation, "OUT#m#1", at_s, "window_closed", "10")
    assert held(rows, conversation).refused is refused


def test_a_refusal_that_is_told_again_still_counts_and_one_of_what_has_arrived_does_not(
    cloud: Cloud, rows: Closing, account: Account
) -> None:
    refused, arrived = wrote(cloud, account), wrote(cloud, account)
    for conversation in (refused, arrived):
        cloud.table.claim(conversation, "OUT#m#1", 6, 10)
    cloud.table.sent(arrived, "OUT#m#1", 6, "mid")
    wrote(cloud, account, 7000, "2", arrived.customer)
    for _ in range(2):
        assert cloud.table.refuse(refused, "OUT#m#1", 8, "window_closed", "10")
        assert not cloud.table.refuse(arrived, "OUT#m#1", 8, "window_closed", "10")
    assert held(rows, refused).refused
    assert not held(rows, arrived).refused


def test_a_refusal_to_whom_nothing_is_owed_leaves_nothing(cloud: Cloud, account: Account) -> None:
    conversation = Conversation(account.channel, account.id, uuid4().hex)
    cloud.table.claim(conversation, "OUT#m#1", 6, 10)
    assert cloud.table.refuse(conversation, "OUT#m#1", 6, "window_closed", "10")
    [state] = [row for row in cloud.table.all_of(conversation) if row.name == "STATE"]
    assert "refused_ms" not in state.fields


def test_what_is_almost_spent_is_told_once_and_gone_when_it_is_settled(
    cloud: Cloud, rows: Closing, account: Account
) -> None:
    conversation = Conversation(account.channel, account.id, "one#two")
    cloud.table.spend(conversation, NOW, 3, 5000)
    spent = Spent(conversation=conversation, left=3, customer_ms=5000)
    assert [one for one in rows.spent() if one.conversation.account == account.id] == [spent]
    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(lambda _: rows.tell_spent(spent, NOW, LEASE_S), range(8))) == 1
    assert rows.tell_spent(spent, NOW + LEASE_S + 1, LEASE_S)
    cloud.table.spend(conversation, NOW, 1, 5000)
    rows.settle(spent)
    assert not rows.tell_spent(spent, NOW, LEASE_S)
    fewer = msgspec.structs.replace(spent, left=1)
    assert rows.tell_spent(fewer, NOW, LEASE_S)
    rows.settle(fewer)
    rows.settle(fewer)
    assert [one for one in rows.spent() if one.conversation.account == account.id] == []


def test_what_is_almost_spent_expires_and_is_erased(cloud: Cloud, account: Account) -> None:
    conversation = Conversation(account.channel, account.id, uuid4().hex)
    cloud.table.spend(conversation, NOW, 3, 5000)
    client = cloud.aws.client("dynamodb")
    row = client.get_item(TableName=TABLE, Key=keys.spent(conversation))["Item"]
    assert row["expires_at"] == {"N": str(1000 + 7 * 86_400)}
    cloud.table.erase(conversation)
    assert "Item" not in client.get_item(TableName=TABLE, Key=keys.spent(conversation))


class Busy:
    """A table that leaves some of each call's reads undone."""

    def __init__(self, client: Any, leaves: int) -> None:
        self._client, self._leaves = client, leaves

    def batch_get_item(self, **asked: Any) -> Any:
        ((table, wanted),) = asked["RequestItems"].items()
        now, rest = wanted["Keys"][self._leaves :], wanted["Keys"][: self._leaves]
        answer = self._client.batch_get_item(RequestItems={table: {"Keys": now or rest}})
        return answer | {"UnprocessedKeys": {table: {"Keys": rest}} if now and rest else {}}


def test_what_a_busy_table_leaves_is_asked_for_again(cloud: Cloud, account: Account) -> None:
    several = [wrote(cloud, account, 1000 + number) for number in range(5)]
    client: Any = Busy(cloud.aws.client("dynamodb"), leaves=2)
    assert {wait.conversation for wait in Closing(TABLE, client).waits(several)} == set(several)


# The topic


class Sns:
    def __init__(self, code: str = "", status: int = 400) -> None:
        self.code, self.status = code, status
        self.asked: list[dict[str, Any]] = []

    def publish(self, **asked: Any) -> None:
        self.asked.append(asked)
        if self.code:
            told: Any = {"Error": {"Code": self.code}, "ResponseMetadata": {"HTTPStatusCode": self.status}}
            raise ClientError(told, "Publish")


def test_a_subject_is_as_the_topic_takes_it() -> None:
    sns = Sns()
    Topic("arn", sns).publish("té (Instagram): " + "x" * 100, "text é", {"kind": "lost"})
    (asked,) = sns.asked
    assert asked["Subject"] == ("t? (Instagram): " + "x" * 100)[:100]
    assert asked["Message"] == "text é"
    assert asked["MessageAttributes"] == {"kind": {"DataType": "String", "StringValue": "lost"}}


@pytest.mark.parametrize(
    ("code", "status", "kind"),
    [
        ("AuthorizationError", 403, Misconfigured), ("NotFound", 404, Misconfigured), ("Throttling", 400, Retryable),
        ("KMSAccessDenied", 400, Misconfigured), ("InternalError", 500, Retryable),
        ("InvalidParameter", 400, ClientError),
    ],
)  # fmt: skip
def test_what_a_refusal_of_the_topics_means(code: str, status: int, kind: type[Exception]) -> None:
    with pytest.raises(kind) as caught:
        Topic("arn", Sns(code, status)).publish("s", "t", {})
    assert type(caught.value) is kind


def test_what_is_published_is_what_the_service_takes(cloud: Cloud) -> None:
    client = cloud.aws.client("sns")
    with Stubber(client) as answers:
        answers.add_response("publish", {"MessageId": "1"})  # the parameters are held against the service's model
        Topic("arn:aws:sns:eu-west-1:111122223333:supervisors", client).publish("s", "t", {"kind": "closing"})
