"""pause and resume: told, seen by doctor, and ended."""

from __future__ import annotations

import time

import pytest

from chalicelib.aws.table import Table
from chalicelib.wire import iso
from sandbox.stage.aws import TABLE
from tests.ops.conftest import INSTAGRAM, Deployment

pytestmark = pytest.mark.xdist_group("ops")


def test_a_pause_is_told_and_ended(deployment: Deployment) -> None:
    run = deployment.vendors.run
    told = run("pause", "--account", "our.shop", "--direction", "outbound", "--json").json
    assert [(one["account"], one["direction"], one["paused"]) for one in told] == [(INSTAGRAM, "outbound", True)]
    again = run("pause", "--account", INSTAGRAM, "--json").json
    assert [one["direction"] for one in again if one["paused"]] == ["inbound", "outbound"]
    assert again[1]["since"] == told[0]["since"]
    found = [one for one in run("doctor", "--json").json if one["check"] == "paused"]
    assert {one["status"] for one in found} == {"warn"}
    assert found[0]["fix"] == f"dmdesk resume --account {INSTAGRAM} --direction inbound"
    assert not any(one["paused"] for one in run("resume", "--account", INSTAGRAM, "--json").json)
    assert "runs" in run("resume", "--account", INSTAGRAM).out
    assert [one for one in run("doctor", "--json").json if one["check"] == "paused"] == []


def test_a_desk_that_is_away_is_seen_by_doctor(deployment: Deployment) -> None:
    run, table, now = deployment.vendors.run, Table(TABLE), time.time()
    table.away("genesys", now - 3600)
    table.away("genesys", now)
    [found] = [one for one in run("doctor", "--json").json if one["check"] == "desk away"]
    assert (found["subject"], found["status"]) == ("genesys", "warn")
    assert f"since {iso(int((now - 3600) * 1000))}" in found["detail"]
    assert [one for one in run("doctor", "--json").json if one["check"] == "paused"] == []
    table.back("genesys")
    assert [one for one in run("doctor", "--json").json if one["check"] == "desk away"] == []


def test_an_account_that_is_not_there_is_said(deployment: Deployment) -> None:
    told = deployment.vendors.run("pause", "--account", "nobody")
    assert (told.code, "no account is called 'nobody'" in told.err) == (1, True)
