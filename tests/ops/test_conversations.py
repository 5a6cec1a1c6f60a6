"""conversations: who waits, since when, and until when they may be answered; found without a scan."""

from __future__ import annotations

from typing import Any

import pytest

from bench.measure import listening
from chalicelib.aws.table import Table
from chalicelib.vocabulary.records import Conversation
from sandbox.stage.aws import TABLE
from tests.ops.conftest import INSTAGRAM, PAGE_ACCOUNT, TIKTOK, Deployment

pytestmark = pytest.mark.xdist_group("ops")
HOUR_MS = 3_600_000
INSTAGRAM_H, TIKTOK_H = 24, 48


def waits(deployment: Deployment) -> int:
    """Four customers wait, one has been answered; when it is."""
    now_ms = int(deployment.vendors.clock() * 1000)
    for channel, account, customer, hours in (
        ("instagram", INSTAGRAM, "one#two", 22), ("instagram", PAGE_ACCOUNT, "just-now", 1),
        ("tiktok", TIKTOK, "longest", 30), ("instagram", INSTAGRAM, "too-late", 25), ("tiktok", TIKTOK, "answered", 40),
    ):  # fmt: skip
        deployment.wrote(channel, account, customer, now_ms - hours * HOUR_MS)
    whose = Conversation("tiktok", TIKTOK, "answered")
    Table(TABLE, deployment.dynamodb).sent(whose, "OUT#m#1", deployment.vendors.clock(), "mid-1")
    return now_ms


def told(deployment: Deployment, *asked: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = deployment.vendors.run("conversations", *asked, "--json").json
    return found


def test_the_longest_wait_of_every_account_comes_first_and_the_answered_are_not_told(deployment: Deployment) -> None:
    waits(deployment)
    found = told(deployment, "--waiting")
    assert [(one["channel"], one["account"], one["customer"]) for one in found] == [
        ("tiktok", TIKTOK, "longest"), ("instagram", INSTAGRAM, "too-late"), ("instagram", INSTAGRAM, "one#two"),
        ("instagram", PAGE_ACCOUNT, "just-now"),
    ]  # fmt: skip
    assert found[0]["waits_s"] == pytest.approx(30 * 3600, abs=60)
    assert [one["window"] for one in found] == ["open", "closed", "open", "open"]
    assert [one["customer"] for one in told(deployment)] == [one["customer"] for one in found]


def test_when_a_window_closes_is_told_by_the_channels_own_policy(deployment: Deployment) -> None:
    waits(deployment)
    left = {one["customer"]: one["closes_s"] / 3600 for one in told(deployment)}
    assert left == pytest.approx(
        {"longest": TIKTOK_H - 30, "too-late": INSTAGRAM_H - 25, "one#two": INSTAGRAM_H - 22, "just-now": 23}, abs=0.1
    )


def test_an_account_with_the_human_agent_tag_has_longer(deployment: Deployment) -> None:
    waits(deployment)
    row = {"channel": "instagram", "id": INSTAGRAM, "integration": f"int-{INSTAGRAM}", "secret": "s"}
    item: dict[str, Any] = {name: {"S": value} for name, value in row.items()} | {"human_agent": {"BOOL": True}}
    key = {"pk": {"S": "ACCOUNT"}, "sk": {"S": f"instagram#{INSTAGRAM}"}}
    deployment.dynamodb.put_item(TableName=TABLE, Item=key | item)
    windows = {one["customer"]: (one["window"], one["closes_s"]) for one in told(deployment)}
    assert windows["too-late"][0] == "human_agent"
    assert windows["too-late"][1] == pytest.approx((7 * 24 - 25) * 3600, abs=60)


@pytest.mark.parametrize(
    ("hours", "customers"),
    [("1", []), ("2.5", ["one#two"]), ("20", ["one#two", "longest"]), ("48", ["one#two", "longest", "just-now"])],
)
def test_those_that_close_soon_are_told_the_soonest_first_and_what_is_closed_is_not(
    deployment: Deployment, hours: str, customers: list[str]
) -> None:
    waits(deployment)
    assert [one["customer"] for one in told(deployment, "--closing", hours)] == customers


def test_people_read_a_table(deployment: Deployment) -> None:
    assert deployment.vendors.run("conversations").out == "nobody waits\n"
    waits(deployment)
    head, longest, late, *_ = deployment.vendors.run("conversations", "--waiting").out.splitlines()
    assert head.split() == ["CHANNEL", "ACCOUNT", "CUSTOMER", "SINCE", "WINDOW", "CLOSES"]
    assert "(1 d ago)" in longest
    assert "(in 17 h)" in longest or "(in 18 h)" in longest
    assert late.endswith("(closed 1 h ago)")


@pytest.mark.parametrize("hours", ["0", "-1", "soon"])
def test_hours_that_are_none_are_refused(deployment: Deployment, hours: str) -> None:
    assert deployment.vendors.run("conversations", "--closing", hours).code == 2


@pytest.mark.parametrize("command", ["conversations", "accounts", "doctor"])
def test_no_command_scans_the_table(deployment: Deployment, command: str) -> None:
    waits(deployment)
    asked: list[str] = []
    with listening(lambda _, operation, __: asked.append(operation), lambda *_: None):
        deployment.vendors.run(command)
    assert "Query" in asked
    assert "Scan" not in asked
