"""One owner at a time, and none for longer than its lease."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

from chalicelib.aws import keys
from chalicelib.pipeline.chores.tokens import lock_of
from chalicelib.vocabulary.records import Conversation, Holder
from sandbox.stage.aws import TABLE
from tests.aws.conftest import Cloud
from tests.fakes import TIKTOK

LEASE_S = 10.0


def test_one_of_many_gets_the_lock(cloud: Cloud) -> None:
    name = uuid4().hex
    with ThreadPoolExecutor(16) as pool:
        tokens = list(pool.map(lambda _: cloud.table.lock(name, 100, LEASE_S), range(16)))
    assert len([token for token in tokens if token]) == 1


def test_one_of_many_takes_over_what_a_dead_owner_left(cloud: Cloud) -> None:
    name = uuid4().hex
    assert cloud.table.lock(name, 100, LEASE_S)
    assert cloud.table.lock(name, 110, LEASE_S) is None
    with ThreadPoolExecutor(16) as pool:
        tokens = list(pool.map(lambda _: cloud.table.lock(name, 110.5, LEASE_S), range(16)))
    assert len([token for token in tokens if token]) == 1


def test_a_lock_is_given_back_by_its_owner_alone(cloud: Cloud) -> None:
    name = uuid4().hex
    late = cloud.table.lock(name, 100, LEASE_S)
    assert late
    owner = cloud.table.lock(name, 111, LEASE_S)
    assert owner
    cloud.table.unlock(name, late)
    assert cloud.table.lock(name, 112, LEASE_S) is None
    cloud.table.unlock(name, owner)
    cloud.table.unlock(name, owner)
    assert cloud.table.lock(name, 112, LEASE_S) not in {None, late, owner}


def test_an_owner_prolongs_its_lock_and_is_told_when_it_is_anothers(cloud: Cloud) -> None:
    name = uuid4().hex
    assert cloud.table.holder(name, 100) is None
    first = cloud.table.lock(name, 100, LEASE_S, "ana") or ""
    assert cloud.table.prolong(name, first, 105, LEASE_S)
    assert cloud.table.holder(name, 114) == Holder(who="ana", since_s=100, until_s=115)
    assert cloud.table.lock(name, 114, LEASE_S) is None
    second = cloud.table.lock(name, 116, LEASE_S, "ben")
    assert second
    assert not cloud.table.prolong(name, first, 116, LEASE_S)
    assert cloud.table.holder(name, 117) == Holder(who="ben", since_s=116, until_s=126)
    assert cloud.table.holder(name, 127) is None
    cloud.table.unlock(name, second)
    assert cloud.table.holder(name, 117) is None


def test_locks_of_other_names_are_free(cloud: Cloud) -> None:
    name = uuid4().hex
    assert cloud.table.lock(name, 100, LEASE_S)
    assert cloud.table.lock(name + "x", 100, LEASE_S)


def test_giving_back_what_was_never_taken_leaves_nothing(cloud: Cloud) -> None:
    name = uuid4().hex
    cloud.table.unlock(name, "nobody's")
    assert "Item" not in cloud.aws.client("dynamodb").get_item(TableName=TABLE, Key=keys.lock(name))


def test_a_renewals_turn_of_former_releases_is_no_lock(cloud: Cloud) -> None:
    cloud.table.claim(Conversation("tokens", TIKTOK.channel, TIKTOK.id), "RENEW", 100, 90)
    assert cloud.table.lock(lock_of(TIKTOK), 101, LEASE_S)


def test_a_row_outlives_its_lease_by_a_day(cloud: Cloud) -> None:
    name = uuid4().hex
    cloud.table.lock(name, 100.9, LEASE_S)
    row = cloud.aws.client("dynamodb").get_item(TableName=TABLE, Key=keys.lock(name))["Item"]
    assert row["expires_at"] == {"N": str(110 + 86_400)}
