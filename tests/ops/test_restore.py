"""A restore, rehearsed: what the table lost comes back once, and nobody who was erased since."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest

from chalicelib.aws import letters
from chalicelib.aws.table import Table
from chalicelib.pipeline import erasing
from chalicelib.vocabulary.records import Conversation, Profile, Seat, Thread, mark
from chalicelib.wire import iso
from ops.restoring import MARGIN_MS
from sandbox.stage.aws import TABLE
from tests.ops.conftest import INSTAGRAM, Deployment

pytestmark = pytest.mark.xdist_group("ops")
STAYS, ERASED, BEFORE = "1000000000000001", "1000000000000002", "1000000000000003"


class Rehearsal:
    """A deployment whose table is backed up and restored by the embedded AWS."""

    def __init__(self, deployment: Deployment) -> None:
        self.deployment = deployment
        self.client = deployment.aws.client("dynamodb")
        self.table = Table(TABLE, self.client)
        self.restored = f"restored-{uuid4().hex[:8]}"

    def write(self, customer: str, words: str = "hello") -> Conversation:
        """One of every kind of row that tells of a conversation."""
        whose, now = Conversation("instagram", INSTAGRAM, customer), time.time()
        self.table.claim(whose, f"IN#{words}", now, 10)
        seat = Seat("loft", f"talk-{customer}")
        thread = Thread(seat=seat, customer_ms=int(now * 1000))
        self.table.delivered(whose, f"IN#{words}", now, thread, words=words)
        self.table.keep_profile(whose, now, Profile(name="Ana"))
        self.table.spend(whose, now, 1, int(now * 1000))
        return whose

    def back_up(self) -> str:
        """Makes another table of this one, as AWS does; answers as of when."""
        arn = self.client.create_backup(TableName=TABLE, BackupName=self.restored)["BackupDetails"]["BackupArn"]
        self.client.restore_table_from_backup(TargetTableName=self.restored, BackupArn=arn)
        return iso(int(time.time() * 1000))

    def lose(self) -> None:
        """All of the table, but what Terraform wrote."""
        for row in self.rows():
            if row["pk"]["S"] != "ACCOUNT":
                self.client.delete_item(TableName=TABLE, Key={name: row[name] for name in ("pk", "sk")})

    def erase(self, customer: str, ended_ms: int | None = None) -> None:
        """By the operator's command; `ended_ms` is written into the certificate, for one of another time."""
        options = ["--channel", "instagram", "--customer", customer, "--account", INSTAGRAM, "--json", "--yes"]
        told = self.deployment.vendors.run("erase", *options)
        assert told.code == 0, told.out
        if ended_ms is not None:
            bucket, _, key = told.json[0]["kept"].removeprefix("s3://").partition("/")
            s3 = self.deployment.aws.client("s3")
            kept = json.loads(s3.get_object(Bucket=bucket, Key=key)["Body"].read())
            s3.put_object(Bucket=bucket, Key=key, Body=json.dumps(kept | {"ended": iso(ended_ms)}).encode())

    def restore(self, as_of: str, *more: str, source: str = "") -> Any:
        told = self.deployment.vendors.run(
            "restore", "--from", source or self.restored, "--as-of", as_of, "--json", *(more or ("--yes",))
        )
        assert told.code == 0, told.out
        return told.json

    def rows(self, table: str = TABLE) -> list[dict[str, Any]]:
        pages = self.client.get_paginator("scan").paginate(TableName=table)
        return [row for page in pages for row in page["Items"]]

    def text(self) -> str:
        return json.dumps(self.rows())


@pytest.fixture
def rehearsal(deployment: Deployment, monkeypatch: pytest.MonkeyPatch) -> Iterator[Rehearsal]:
    for name in ("SETTLE_S", "LOOK_S"):
        monkeypatch.setattr(erasing, name, 0.01)
    monkeypatch.setattr(letters, "WAIT_S", 0)
    deployment.aws.empty()
    made = Rehearsal(deployment)
    yield made
    if made.restored in made.client.list_tables()["TableNames"]:
        made.client.delete_table(TableName=made.restored)
    deployment.aws.empty()


def test_what_was_lost_comes_back_and_the_erased_do_not(rehearsal: Rehearsal) -> None:
    kept = rehearsal.write(STAYS)
    rehearsal.write(ERASED)
    before = {json.dumps(row, sort_keys=True) for row in rehearsal.rows() if STAYS in json.dumps(row)}
    as_of = rehearsal.back_up()
    rehearsal.erase(ERASED)
    rehearsal.lose()
    assert ERASED in json.dumps(rehearsal.rows(rehearsal.restored)), "AWS brings the erased back"
    told = rehearsal.restore(as_of)
    assert {json.dumps(row, sort_keys=True) for row in rehearsal.rows() if STAYS in json.dumps(row)} == before
    assert rehearsal.table.thread(kept).customer_ms
    assert ERASED not in rehearsal.text()
    assert told["customers"] == 1
    assert told["rows"]["brought"] == len(before) + 1  # and when a customer last wrote to the account
    assert told["rows"]["erased"] == len(before)


def test_the_workers_are_told_again_of_the_erased(rehearsal: Rehearsal) -> None:
    """The table that held it is gone, and with it what stops an event that a platform delivers once more."""
    rehearsal.write(ERASED)
    as_of = rehearsal.back_up()
    rehearsal.erase(ERASED)
    stood = rehearsal.table.erasures()
    rehearsal.lose()
    assert rehearsal.table.erasures() == {}
    rehearsal.restore(as_of)
    back = rehearsal.table.erasures()
    assert mark("instagram", INSTAGRAM, ERASED) in back
    assert {name: one.until_ms for name, one in back.items()} == {name: one.until_ms for name, one in stood.items()}


def test_what_is_there_stays_as_it_is_and_a_second_run_changes_nothing(rehearsal: Rehearsal) -> None:
    whose = rehearsal.write(STAYS)
    as_of = rehearsal.back_up()
    rehearsal.table.keep_profile(whose, time.time(), Profile(name="Ana, renamed"))
    before = rehearsal.text()
    assert rehearsal.restore(as_of)["rows"]["there"] > 0
    assert rehearsal.restore(as_of)["rows"].get("brought", 0) == 0
    assert rehearsal.text() == before


def test_one_erased_long_before_who_wrote_again_comes_back(rehearsal: Rehearsal) -> None:
    rehearsal.write(BEFORE)
    rehearsal.erase(BEFORE, ended_ms=int(time.time() * 1000) - MARGIN_MS - 60_000)
    rehearsal.write(BEFORE, "again")
    as_of = rehearsal.back_up()
    rehearsal.lose()
    rehearsal.restore(as_of)
    assert "IN#again" in rehearsal.text()
    assert BEFORE in rehearsal.text()


def test_an_erasure_that_was_cut_off_counts(rehearsal: Rehearsal, monkeypatch: pytest.MonkeyPatch) -> None:
    rehearsal.write(ERASED)
    as_of = rehearsal.back_up()
    with monkeypatch.context() as patched:
        patched.setattr(Table, "erase", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        options = ["--channel", "instagram", "--customer", ERASED, "--account", INSTAGRAM, "--yes"]
        rehearsal.deployment.vendors.run("erase", *options)
    rehearsal.lose()
    assert rehearsal.restore(as_of)["customers"] == 1
    assert ERASED not in rehearsal.text()


def test_a_restored_table_in_the_deployments_place_is_cleared_of_the_erased(rehearsal: Rehearsal) -> None:
    """AWS restores a deleted table under its own name, too."""
    rehearsal.write(STAYS)
    rehearsal.write(ERASED)
    as_of = rehearsal.back_up()
    rehearsal.erase(ERASED)
    rehearsal.lose()
    for row in rehearsal.rows(rehearsal.restored):
        rehearsal.client.put_item(TableName=TABLE, Item=row)
    assert ERASED in rehearsal.text()
    told = rehearsal.restore(as_of, source=TABLE)
    assert ERASED not in rehearsal.text()
    assert STAYS in rehearsal.text()
    assert told["rows"]["erased"] > 0
    assert told["rows"].get("brought", 0) == 0


def test_neither_accounts_nor_locks_nor_what_is_over_come_back(rehearsal: Rehearsal) -> None:
    whose = rehearsal.write(STAYS)
    rehearsal.table.keep_profile(whose, time.time() - 40 * 86_400, Profile(name="long ago"))
    gone = {"pk": {"S": "ACCOUNT"}, "sk": {"S": "instagram#removed-since"}}
    lock = {"pk": {"S": "LOCK#replay"}, "sk": {"S": "LOCK"}, "expires_at": {"N": "9999999999"}}
    for row in (gone, lock):
        rehearsal.client.put_item(TableName=TABLE, Item=row)
    as_of = rehearsal.back_up()
    rehearsal.lose()
    rehearsal.client.delete_item(TableName=TABLE, Key=gone)
    told = rehearsal.restore(as_of)
    assert "removed-since" not in rehearsal.text()
    assert "LOCK" not in rehearsal.text()
    assert "long ago" not in rehearsal.text()
    assert told["rows"]["over"] == 1
    assert told["rows"]["own"] >= 2


def test_dry_run_tells_and_changes_nothing(rehearsal: Rehearsal) -> None:
    rehearsal.write(STAYS)
    as_of = rehearsal.back_up()
    rehearsal.lose()
    before = rehearsal.text()
    assert rehearsal.restore(as_of, "--dry-run")["rows"]["brought"] > 0
    assert rehearsal.text() == before


@pytest.mark.parametrize(
    ("source", "as_of", "more", "said"),
    [
        ("no-such-table", "1h", ["--yes"], "no-such-table"),
        (TABLE, "yesterday", ["--yes"], "'yesterday' is no time"),
        (TABLE, "2999-01-01", ["--yes"], "has not come yet"),
        (TABLE, "1h", [], "nobody was asked"),
    ],
)
def test_what_cannot_be_is_told(rehearsal: Rehearsal, source: str, as_of: str, more: list[str], said: str) -> None:
    before = rehearsal.text()
    told = rehearsal.deployment.vendors.run("restore", "--from", source, "--as-of", as_of, *more)
    assert told.code == 1
    assert said in told.err
    assert rehearsal.text() == before
