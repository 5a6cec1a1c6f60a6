"""A customer is erased wherever something of them lies, and nobody else; export hands out what would go."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import msgspec
import pytest

from chalicelib.aws import letters
from chalicelib.aws.bucket import Bucket
from chalicelib.aws.letters import Letters
from chalicelib.aws.queues import Queue
from chalicelib.aws.table import Table
from chalicelib.pipeline import erasing
from chalicelib.pipeline.media import folder
from chalicelib.pipeline.parking import Parking
from chalicelib.pipeline.ports import Turn
from chalicelib.vocabulary.records import Conversation, Event, Parked, Profile, Seat, Thread, mark
from ops import privacy_commands
from sandbox.stage.aws import BUCKET, QUEUES, TABLE
from tests.fakes import FakeMetrics
from tests.ops.conftest import INSTAGRAM, PAGE_ACCOUNT, Deployment

pytestmark = pytest.mark.xdist_group("ops")
CUSTOMER, OTHER = "1000000000000001", "1000000000000002"
TEXT = "what-the-customer-wrote"
ORDER = "00000000000000000001"


def event(customer: str, source: str = "instagram", account: str = INSTAGRAM) -> Event:
    raw = msgspec.Raw(json.dumps({"sender": {"id": customer}, "text": TEXT}).encode())
    return Event(source=source, account=account, party=customer, id=uuid4().hex, received_ms=1_700_000_000_000, raw=raw)


class Held:
    """The deployment's places, filled for a customer."""

    def __init__(self, deployment: Deployment) -> None:
        self.deployment = deployment
        aws = deployment.aws
        self.table = Table(TABLE, aws.client("dynamodb"))
        self.bucket = Bucket(BUCKET, aws.client("s3"))
        self.queues = {
            name: Queue(deployment.urls[name], deployment.urls[f"{name}_dead_letters"], aws.client("sqs"))
            for name in QUEUES
        }
        self.parking = Parking("inbound", self.bucket, lambda: 1_700_000_000.0, FakeMetrics())

    def fill(self, customer: str, account: str = INSTAGRAM) -> Conversation:
        """One of everything that may lie somewhere."""
        whose = Conversation("instagram", account, customer)
        self.table.claim(whose, "IN#1", 100, 10)
        self.table.delivered(whose, "IN#1", 101, Thread(seat=Seat(conversation="desk-1"), customer_ms=5000), words=TEXT)
        self.table.keep_profile(whose, 100, Profile(name="Ana"))
        self.bucket.keep_media(f"{folder(whose)}{'0' * 32}/0", b"picture", "image/png", "image.png")
        parked = event(customer, account=account)
        self.parking.park(parked, Turn(life="l", order=ORDER, remaining_s=lambda: 60.0), "unknown_account", "add it")
        self.bucket.keep(f"aside/instagram/{parked.mark}/1700000000000-{parked.dedup}", bytes(parked.raw))
        for _ in range(12):  # more than the queue hands out at once of one conversation
            self.queues["inbound"].bury(event(customer, account=account), "why", uuid4().hex, ORDER)
        reply = event(customer, source="genesys", account=f"int-{account}")
        self.queues["outbound"].bury(reply, "why", uuid4().hex, ORDER)
        told = msgspec.structs.replace(reply, source="instagram", party="", about=customer, id=uuid4().hex)
        self.queues["outbound"].bury(told, "why", uuid4().hex, ORDER)
        return whose

    def everything(self) -> str:
        """All that lies in the table, the bucket and the queues, as one text."""
        aws = self.deployment.aws
        pages = aws.client("dynamodb").get_paginator("scan").paginate(TableName=TABLE)
        rows = [item for page in pages for item in page["Items"] if item["pk"]["S"] != "ACCOUNT"]
        objects = [key + self.bucket.fetch(key).decode() for key in aws.objects("")]
        letters = [message["Body"] for held in aws.waiting(self.deployment.urls).values() for message in held]
        return "\n".join([json.dumps(rows), *objects, *letters])

    def letters(self) -> int:
        waiting = self.deployment.aws.waiting(self.deployment.urls)
        return sum(len(waiting[f"{name}_dead_letters"]) for name in QUEUES)


@pytest.fixture
def held(deployment: Deployment, monkeypatch: pytest.MonkeyPatch) -> Iterator[Held]:
    for name in ("SETTLE_S", "LOOK_S"):
        monkeypatch.setattr(erasing, name, 0.01)
    monkeypatch.setattr(letters, "WAIT_S", 0)
    deployment.aws.empty()
    yield Held(deployment)
    deployment.aws.empty()


def erase(held: Held, *more: str, customer: str = CUSTOMER) -> Any:
    run = held.deployment.vendors.run
    told = run("erase", "--channel", "instagram", "--customer", customer, "--account", INSTAGRAM, "--json", *more)
    assert told.code == 0, told.out
    assert TEXT not in told.out + told.err
    [one] = told.json
    return one


def counts(certificate: Any) -> dict[str, int]:
    return {place: told["count"] for place, told in certificate["erased"].items()}


FULL = {"table": 3, "media": 1, "parked": 1, "aside": 1, "dead_letters": 14}


def test_everything_of_the_customer_goes_and_nothing_of_another(held: Held) -> None:
    held.fill(CUSTOMER)
    held.fill(OTHER)
    both = held.everything()
    assert CUSTOMER in both
    certificate = erase(held, "--yes")
    left = held.everything()
    assert CUSTOMER not in left
    assert left.count(OTHER) == both.count(OTHER)
    assert held.letters() == 14
    assert counts(certificate) == FULL
    assert certificate["left"] == []


def test_the_certificate_is_kept_and_tells_nobodys_name(held: Held) -> None:
    whose = held.fill(CUSTOMER)
    certificate = erase(held, "--yes")
    bucket, _, key = certificate.pop("kept").removeprefix("s3://").partition("/")
    kept = held.bucket.fetch(key)
    assert bucket == BUCKET
    assert json.loads(kept) == certificate
    assert CUSTOMER.encode() not in kept
    assert whose.key.encode() not in kept
    elsewhere = {"queues", "backups of the table", "logs", "instagram", "genesys"}
    assert {one["where"] for one in certificate["elsewhere"]} == elsewhere
    assert certificate["ended"] > certificate["began"]


def test_dry_run_tells_as_much_and_changes_nothing(held: Held) -> None:
    held.fill(CUSTOMER)
    before = held.everything()
    told = erase(held, "--dry-run")
    assert {place: count for place, count in told["held"].items() if place != "dead_letters"} == {
        place: count for place, count in FULL.items() if place != "dead_letters"
    }
    assert told["held"]["dead_letters"] > 0
    assert held.everything() == before


def test_again_finds_nothing_and_is_no_error(held: Held) -> None:
    held.fill(CUSTOMER)
    erase(held, "--yes")
    assert set(counts(erase(held, "--yes")).values()) == {0}


def test_one_that_was_cut_off_goes_on_with_the_same_certificate(held: Held, monkeypatch: pytest.MonkeyPatch) -> None:
    whose = held.fill(CUSTOMER)
    with monkeypatch.context() as patched:
        patched.setattr(Table, "erase", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        held.deployment.vendors.run("erase", "--channel", "instagram", "--customer", CUSTOMER, "--yes")
    assert list(held.table.all_of(whose))
    [begun] = held.deployment.aws.objects(erasing.CERTIFICATES)
    certificate = erase(held, "--yes")
    assert certificate["kept"].endswith(begun)
    assert counts(certificate)["media"] == 1
    assert CUSTOMER not in held.everything()


def test_nothing_is_asked_where_nobody_can_answer(held: Held) -> None:
    held.fill(CUSTOMER)
    before = held.everything()
    told = held.deployment.vendors.run("erase", "--channel", "instagram", "--customer", CUSTOMER)
    assert told.code == 1
    assert "--yes" in told.err
    assert held.everything() == before


def test_without_an_account_the_customer_of_each_is_erased(held: Held) -> None:
    held.fill(CUSTOMER)
    held.fill(CUSTOMER, PAGE_ACCOUNT)
    run = held.deployment.vendors.run
    told = run("erase", "--channel", "instagram", "--customer", CUSTOMER, "--yes", "--json")
    assert [one["account"] for one in told.json] == [INSTAGRAM, PAGE_ACCOUNT]
    assert CUSTOMER not in held.everything()


def test_an_unknown_channel_is_told(held: Held) -> None:
    told = held.deployment.vendors.run("erase", "--channel", "pigeon", "--customer", "1", "--yes")
    assert told.code == 1
    assert "pigeon" in told.err


@pytest.mark.parametrize("skew", [-30, 30])
def test_by_a_wrong_clock_nothing_is_erased(held: Held, monkeypatch: pytest.MonkeyPatch, skew: float) -> None:
    held.fill(CUSTOMER)
    before = held.everything()
    monkeypatch.setattr(privacy_commands, "time", SimpleNamespace(time=lambda: time.time() + skew))
    told = held.deployment.vendors.run("erase", "--channel", "instagram", "--customer", CUSTOMER, "--yes")
    assert told.code == 1
    assert f"{'ahead of' if skew > 0 else 'behind'} AWS" in told.err
    assert held.everything() == before


@pytest.mark.parametrize("customer", ["", " ", f" {CUSTOMER}", f"{CUSTOMER}\n"])
@pytest.mark.parametrize("command", ["erase", "export"])
def test_what_can_be_no_id_is_told(held: Held, command: str, customer: str) -> None:
    told = held.deployment.vendors.run(command, "--channel", "instagram", "--customer", customer)
    assert told.code == 1
    assert "participant data" in told.err


@pytest.mark.parametrize("customer", ["*", "../..", "a#b/c", "x" * 300, "\udc80"])
def test_any_other_id_erases_nobody_and_says_so(held: Held, customer: str) -> None:
    held.fill(CUSTOMER)
    before = held.everything().count(CUSTOMER)
    told = held.deployment.vendors.run(
        "erase", "--channel", "instagram", "--account", INSTAGRAM, "--customer", customer, "--yes"
    )
    assert told.code == 0
    assert "nothing was held" in told.out
    assert held.everything().count(CUSTOMER) == before


def test_what_was_parked_and_put_aside_by_an_earlier_release_is_found_too(held: Held) -> None:
    theirs, others = event(CUSTOMER), event(OTHER)
    for one in (theirs, others):
        parked = Parked(queue="inbound", reason="unknown_account", advice="", parked_ms=1, event=one)
        name = f"{one.received_ms:013d}-{ORDER}-{one.dedup}"
        held.bucket.keep(f"parked/unknown_account/instagram/2026-01-01/{name}", msgspec.json.encode(parked))
    held.bucket.keep(f"aside/instagram/{theirs.dedup}", bytes(theirs.raw))
    certificate = erase(held, "--yes")
    assert counts(certificate)["parked"] == 1
    assert [one["key"] for one in certificate["left"]] == [f"aside/instagram/{theirs.dedup}"]
    assert [key for key in held.deployment.aws.objects("parked/") if others.dedup in key]


def test_a_delivery_that_names_others_too_is_left_and_told(held: Held) -> None:
    held.parking.keep_body("not_json", "look", "instagram", f'{{"{CUSTOMER}": "{OTHER}"'.encode())
    [key] = held.deployment.aws.objects("parked/")
    assert [one["key"] for one in erase(held, "--yes")["left"]] == [key]
    assert held.deployment.aws.objects("parked/") == [key]


def test_the_workers_are_told_up_to_when(held: Held) -> None:
    held.fill(CUSTOMER)
    erase(held, "--yes")
    for whose in (mark("instagram", INSTAGRAM, CUSTOMER), mark("genesys", f"int-{INSTAGRAM}", CUSTOMER)):
        erasure = held.table.erasures().get(whose)
        assert erasure is not None
        assert erasure.until_ms > 1_700_000_000_000
        assert erasure.open_s == 0
    assert mark("instagram", INSTAGRAM, OTHER) not in held.table.erasures()


def test_every_version_of_a_file_goes(held: Held) -> None:
    s3 = held.deployment.aws.client("s3")
    s3.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
    try:
        whose = held.fill(CUSTOMER)
        held.bucket.keep_media(f"{folder(whose)}{'0' * 32}/0", b"newer", "image/png", "image.png")
        erase(held, "--yes")
        found = s3.list_object_versions(Bucket=BUCKET, Prefix=folder(whose))
        assert (found.get("Versions", []), found.get("DeleteMarkers", [])) == ([], [])
    finally:
        s3.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Suspended"})


def test_other_letters_can_be_read_at_once(held: Held) -> None:
    held.fill(OTHER)
    erase(held, "--yes")
    seen = Letters(held.deployment.urls["inbound_dead_letters"], held.deployment.aws.client("sqs"))
    assert seen.of({mark("instagram", INSTAGRAM, OTHER)})


def test_export_hands_out_all_of_it_and_nothing_of_another(held: Held) -> None:
    held.fill(CUSTOMER)
    held.fill(OTHER)
    run = held.deployment.vendors.run
    told = run("export", "--channel", "instagram", "--customer", CUSTOMER, "--account", INSTAGRAM, "--json")
    assert told.code == 0
    [one] = told.json
    assert {row["name"] for row in one["table"]} == {"IN#1", "PROFILE", "STATE"}
    assert [(file["mime"], file["link"][:4]) for file in one["media"]] == [("image/png", "http")]
    assert one["parked"][0]["event"]["raw"]["text"] == TEXT
    assert one["aside"][0]["event"]["text"] == TEXT
    assert one["dead_letters"]
    assert OTHER not in told.out


def test_export_writes_files_that_only_their_owner_reads(held: Held, tmp_path: Path) -> None:
    held.fill(CUSTOMER)
    into = tmp_path / "customer"
    run = held.deployment.vendors.run
    told = run("export", "--channel", "instagram", "--customer", CUSTOMER, "--folder", str(into), "--json")
    assert told.json == {"export": str(into / "export.json"), "files": 1}
    document = json.loads((into / "export.json").read_text())
    [file] = [file for one in document for file in one["media"]]
    assert (into / file["file"]).read_bytes() == b"picture"
    assert {path.stat().st_mode & 0o077 for path in [into, *into.iterdir()]} == {0}
