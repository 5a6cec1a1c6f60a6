"""reconcile: what is missing is told and brought, and what stands in the way is named with what mends it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
import pytest
import requests

from chalicelib.aws.table import Table
from chalicelib.pipeline.chores.reconciling import lock_of
from chalicelib.pipeline.comparing import Comparing
from chalicelib.vocabulary.records import Account, Conversation, Event, Thread
from sandbox.stage.aws import TABLE
from tests.ops.conftest import INSTAGRAM, TIKTOK, Deployment, Ran

pytestmark = pytest.mark.xdist_group("ops")
EARLIER_S = -3600.0
ANA, BEN = "1000000000000001", "1000000000000002"


class Kit:
    """Three messages that nobody has brought, of two customers, an hour ago."""

    def __init__(self, deployment: Deployment) -> None:
        self.deployment, self.vendors = deployment, deployment.vendors
        self.table = Table(TABLE, deployment.dynamodb)
        for name in ("inbound", "outbound"):
            self.taken(name)
        self.vendors.clock.offset_s = EARLIER_S
        self.mids = [self.vendors.instagram.write(INSTAGRAM, ANA, text) for text in ("one", "two")]
        self.mids.append(self.vendors.instagram.write(INSTAGRAM, BEN, "three"))
        self.vendors.clock.offset_s = 0.0

    def run(self, *more: str, account: str = INSTAGRAM, since: str = "3h") -> Ran:
        return self.vendors.run("reconcile", "--account", account, "--since", since, "--json", *more)

    def taken(self, queue: str = "inbound") -> list[Event]:
        """What lies on the queue; it is empty then."""
        sqs, url = self.deployment.aws.client("sqs"), self.deployment.urls[queue]
        found: list[Event] = []
        while held := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", []):
            for one in held:
                sqs.delete_message(QueueUrl=url, ReceiptHandle=one["ReceiptHandle"])
                event = msgspec.json.decode(one["Body"], type=Event)
                found += event.bundle or [event]
        return found

    def chat(self, customer: str) -> str:
        """The platform's id of the conversation with them."""
        url = f"{self.vendors.instagram.url}/v25.0/me/conversations?platform=instagram&user_id={customer}"
        found = requests.get(url, headers={"Authorization": f"Bearer token-{INSTAGRAM}"}, timeout=60).json()
        return str(found["data"][0]["id"])

    def delivered(self, *mids: str, customer: str = ANA) -> None:
        for mid in mids:
            whose = Conversation("instagram", INSTAGRAM, customer)
            self.table.delivered(whose, f"IN#message:{mid}", self.vendors.clock(), Thread(customer_ms=1))


@pytest.fixture
def kit(deployment: Deployment, monkeypatch: pytest.MonkeyPatch) -> Kit:
    monkeypatch.setattr("chalicelib.channels.instagram.archive.InstagramArchive.apart_s", 0.0)
    monkeypatch.setattr("chalicelib.pipeline.comparing.DESK_APART_S", 0.0)
    return Kit(deployment)


def test_what_is_missing_is_brought_as_its_webhooks_would_have(kit: Kit) -> None:
    kit.delivered(kit.mids[0])
    dry = kit.run("--dry-run")
    assert (dry.code, dry.json["inbound"]["missing"], kit.taken()) == (0, 2, [])
    ran = kit.run()
    assert (ran.code, ran.json["conversations"], ran.json["inbound"]["received"]) == (0, 2, 3)
    assert {one["id"] for one in ran.json["missing"]} == set(kit.mids[1:])
    assert all(one["brought"] for one in ran.json["missing"])
    events = kit.taken()
    assert {(event.id, event.party) for event in events} == {
        (f"message:{kit.mids[1]}", ANA),
        (f"message:{kit.mids[2]}", BEN),
    }
    assert all(event.late for event in events)


def test_people_read_it_in_a_table_and_nothing_of_what_was_written(kit: Kit) -> None:
    told = kit.vendors.run("reconcile", "--account", "our.shop", "--since", "3h", "--dry-run").out
    assert "MISSING" in told
    assert f"missing: inbound {kit.mids[0]} of {ANA}" in told
    assert "three" not in told


def test_it_goes_on_where_a_throttle_ended_it(kit: Kit) -> None:
    chat = kit.chat(ANA)  # the second: the newest come first
    kit.vendors.faults.add("instagram", "status", status=429, retry_after=120, path=chat, count=1)
    first = kit.run()
    assert (first.code, first.json["fix"]) == (1, "run it again in 3 minutes: it goes on from there")
    assert [event.party for event in kit.taken()] == [BEN]
    second = kit.run()
    assert "goes on with what was compared until" in second.err
    assert [event.party for event in kit.taken()] == [ANA, ANA]
    assert (second.code, second.json["inbound"]["missing"], second.json["conversations"]) == (0, 3, 2)


def _paused(kit: Kit) -> None:
    assert kit.vendors.run("pause", "--account", INSTAGRAM).code == 0


def _locked(kit: Kit) -> None:
    account = Account(channel="instagram", id=INSTAGRAM, integration="i", secret="s")
    assert kit.table.lock(lock_of(account), kit.vendors.clock(), 90)


def _dead(kit: Kit) -> None:
    kit.deployment.secret(f"dmdesk/account/{INSTAGRAM}", {"access_token": "token-that-has-ended"})


@pytest.mark.parametrize(
    ("stands", "fix"),
    [
        (_paused, f"dmdesk resume --account {INSTAGRAM}"),
        (_locked, "run it again in two minutes"),
        (_dead, "log the account in again"),
    ],
)
def test_what_stands_in_the_way_is_named_with_what_mends_it(kit: Kit, stands: Callable[[Kit], None], fix: str) -> None:
    stands(kit)
    ran = kit.run()
    assert ran.code == 1
    assert fix in ran.json["fix"]
    assert kit.taken() == []


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"since": "yesterday"}, "is no time"),
        ({"since": "2999-01-01"}, "is not over yet"),
        ({"account": "nobody"}, "no account is called"),
    ],
)
def test_what_is_typed_wrongly_is_told(kit: Kit, options: dict[str, Any], error: str) -> None:
    ran = kit.run(**options)
    assert ran.code == 1
    assert error in ran.json["error"]


def test_no_more_is_compared_than_the_ledger_remembers(kit: Kit) -> None:
    ran = kit.run("--dry-run", since="60d")
    assert "may have forgotten" in ran.err
    assert ran.json["since"] > ran.json["until"][:4]


def test_an_id_of_two_channels_wants_its_channel(kit: Kit) -> None:
    kit.deployment.account("tiktok", INSTAGRAM)
    assert "--channel" in kit.run("--dry-run").json["fix"]
    assert kit.run("--dry-run", "--channel", "instagram").code == 0


def test_an_id_that_begins_with_a_dash_is_no_option(kit: Kit) -> None:
    assert kit.run("--dry-run", account=TIKTOK).json["account"] == TIKTOK


def test_a_channel_that_tells_no_history_says_so(kit: Kit, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Comparing, "compares", lambda comparing, account: False)
    assert "no history" in kit.run().json["error"]
