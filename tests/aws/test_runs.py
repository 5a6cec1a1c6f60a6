"""Of many starts one runs a chore, and when it last ran is remembered only where it came to its end."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import uuid4

import pytest

from chalicelib.aws import keys
from chalicelib.aws.runs import Runs
from sandbox.stage.aws import TABLE
from tests.aws.conftest import Cloud, Lossy

LEASE_S = 90.0
NOW = 1_000_000.5


@pytest.fixture
def runs(cloud: Cloud) -> Runs:
    return Runs(TABLE, cloud.aws.client("dynamodb"))


@pytest.fixture
def name(cloud: Cloud) -> Iterator[str]:
    chore = uuid4().hex
    yield chore
    cloud.aws.client("dynamodb").delete_item(TableName=TABLE, Key=keys.ran(chore))


def test_a_run_is_remembered_by_when_it_began(runs: Runs, name: str) -> None:
    assert name not in runs.last()
    token = runs.begin(name, 0.0, NOW, LEASE_S)
    assert token
    assert name not in runs.last()
    runs.end(name, token, NOW)
    assert runs.last()[name] == NOW


def test_one_of_many_starts_runs_it(runs: Runs, name: str) -> None:
    with ThreadPoolExecutor(16) as pool:
        tokens = list(pool.map(lambda _: runs.begin(name, 0.0, NOW, LEASE_S), range(16)))
    (token,) = [token for token in tokens if token]
    runs.end(name, token, NOW)
    # a start that had read before what this one has done since
    assert runs.begin(name, 0.0, NOW + 1, LEASE_S) is None
    assert runs.begin(name, NOW, NOW + 300, LEASE_S)


def test_what_failed_may_be_run_at_once_and_what_was_killed_when_its_turn_has_ended(runs: Runs, name: str) -> None:
    token = runs.begin(name, 0.0, NOW, LEASE_S)
    assert token
    runs.end(name, token)
    assert name not in runs.last()
    assert runs.begin(name, 0.0, NOW, LEASE_S)
    assert runs.begin(name, 0.0, NOW + LEASE_S, LEASE_S) is None
    assert runs.begin(name, 0.0, NOW + LEASE_S + 1, LEASE_S)


def test_whose_turn_is_over_ends_nobody_elses(runs: Runs, name: str) -> None:
    late = runs.begin(name, 0.0, NOW, LEASE_S)
    assert late
    assert runs.begin(name, 0.0, NOW + LEASE_S + 1, LEASE_S)
    runs.end(name, late, NOW)
    assert name not in runs.last()
    assert runs.begin(name, 0.0, NOW + LEASE_S + 2, LEASE_S) is None


def test_a_begin_whose_answer_was_lost_is_its_own(cloud: Cloud, name: str) -> None:
    client: Any = Lossy(cloud.aws.client("dynamodb"))
    assert Runs(TABLE, client).begin(name, 0.0, NOW, LEASE_S)


def test_what_is_written_expires(cloud: Cloud, runs: Runs, name: str) -> None:
    token = runs.begin(name, 0.0, NOW, LEASE_S)
    assert token
    for _ in range(2):
        row = cloud.aws.client("dynamodb").get_item(TableName=TABLE, Key=keys.ran(name))["Item"]
        assert row["expires_at"] == {"N": str(1_000_000 + 30 * 86_400)}
        runs.end(name, token, NOW)
