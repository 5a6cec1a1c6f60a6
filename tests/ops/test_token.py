"""token: what is piped in ends in the account's secret and nowhere else, and how long access lasts is told."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from click.testing import CliRunner

from chalicelib.aws.table import Table
from chalicelib.pipeline.chores.tokens import LEASE_S
from chalicelib.wire import iso
from ops.__main__ import cli
from sandbox.stage.aws import TABLE
from tests.ops.conftest import INSTAGRAM, PAGE_ACCOUNT, TIKTOK, Deployment, Ran

pytestmark = pytest.mark.xdist_group("ops")
DAY_S = 86_400
NEW, NEXT = "IGAA-new-token-0001", "rft.new-refresh-0001"


def put(given: str | bytes, *asked: str) -> Ran:
    ran = Ran(CliRunner().invoke(cli, ["token", "set", *asked], input=given))
    assert NEW not in ran.out + ran.err
    assert NEXT not in ran.out + ran.err
    return ran


def held(deployment: Deployment, account: str) -> dict[str, Any]:
    found = deployment.aws.client("secretsmanager").get_secret_value(SecretId=f"dmdesk/account/{account}")
    return dict(json.loads(found["SecretString"]))


@pytest.mark.parametrize(
    "pasted", [NEW, f"{NEW}\n", f'\ufeff "{NEW}"\r\n', f'{{"access_token": " {NEW}\\n"}}', f"‘{NEW}’"]
)
def test_a_token_is_stored_trimmed_and_what_else_the_secret_holds_stays(deployment: Deployment, pasted: str) -> None:
    before = {"access_token": f"token-{INSTAGRAM}", "expires_at": 5, "renewed_at": 1, "note": "ours", "list": [1]}
    deployment.secret(f"dmdesk/account/{INSTAGRAM}", before)
    ran = put(pasted, "instagram", INSTAGRAM, "--json")
    assert ran.json == {
        "channel": "instagram", "id": INSTAGRAM, "secret": f"dmdesk/account/{INSTAGRAM}",
        "set": ["access_token", "renewed_at"], "removed": ["expires_at"],
    }  # fmt: skip
    stored = held(deployment, INSTAGRAM)
    assert stored.pop("renewed_at") == pytest.approx(time.time(), abs=60)
    assert stored == {"access_token": NEW, "note": "ours", "list": [1]}


def test_a_pages_token_has_no_times(deployment: Deployment) -> None:
    assert put(NEW, "instagram", PAGE_ACCOUNT).code == 0
    assert held(deployment, PAGE_ACCOUNT) == {"access_token": NEW}


def test_how_long_instagrams_token_lives_is_kept_where_it_is_told(deployment: Deployment) -> None:
    assert put(json.dumps({"access_token": NEW, "expires_in": 30 * DAY_S}), "instagram", INSTAGRAM).code == 0
    assert held(deployment, INSTAGRAM)["expires_at"] == pytest.approx(time.time() + 30 * DAY_S, abs=60)


def test_tiktoks_answer_is_taken_whole(deployment: Deployment) -> None:
    answer = {
        "code": 0, "message": "OK", "data": {
            "access_token": "act.new-token-0001", "refresh_token": NEXT, "expires_in": DAY_S, "open_id": TIKTOK,
            "refresh_token_expires_in": 365 * DAY_S, "scope": "message.list.read",
        },
    }  # fmt: skip
    ran = put(json.dumps(answer), "tiktok", TIKTOK)
    assert (ran.code, "act.new-token-0001" in ran.out) == (0, False)
    assert TIKTOK in ran.out
    stored, now = held(deployment, TIKTOK), time.time()
    assert (stored["access_token"], stored["refresh_token"]) == ("act.new-token-0001", NEXT)
    ends = (stored["renewed_at"], stored["expires_at"], stored["refresh_expires_at"])
    assert ends == pytest.approx((now, now + DAY_S, now + 365 * DAY_S), abs=60)
    assert set(stored) == {"access_token", "refresh_token", "renewed_at", "expires_at", "refresh_expires_at"}


def test_tiktoks_refresh_token_stays_with_its_end_where_only_the_other_is_given(deployment: Deployment) -> None:
    before = {"access_token": "a", "refresh_token": "rft.1", "expires_at": 7, "refresh_expires_at": 9, "renewed_at": 1}
    deployment.secret(f"dmdesk/account/{TIKTOK}", before)
    assert put("act.new-token-0001", "tiktok", TIKTOK).code == 0
    stored = held(deployment, TIKTOK)
    assert stored.pop("renewed_at") == pytest.approx(time.time(), abs=60)
    assert stored == {"access_token": "act.new-token-0001", "refresh_token": "rft.1", "refresh_expires_at": 9}


@pytest.mark.parametrize(
    "given",
    [
        {"access_token": "act.new-token-0001", "expires_in": DAY_S},
        {"access_token": "act.new-token-0001", "expires_in": DAY_S, "refresh_token": NEXT},
    ],
)
def test_the_end_of_a_day_is_not_taken_for_the_end_of_the_access(deployment: Deployment, given: dict[str, Any]) -> None:
    assert put(json.dumps(given), "tiktok", TIKTOK).code == 0
    assert "expires_at" not in held(deployment, TIKTOK)
    [told] = deployment.vendors.run("token", "status", "tiktok", "--json").json
    assert (told["status"], told["days_left"]) == ("ok", None)


def test_a_new_refresh_token_alone_is_used_within_the_hour(deployment: Deployment) -> None:
    deployment.secret(f"dmdesk/account/{TIKTOK}", {"access_token": "a", "expires_at": 7, "refresh_expires_at": 9})
    assert put(json.dumps({"refresh_token": NEXT}), "tiktok", TIKTOK).code == 0
    assert held(deployment, TIKTOK) == {"access_token": "a", "refresh_token": NEXT}


@pytest.mark.parametrize(
    ("given", "asked", "says"),
    [
        ("", ("instagram", INSTAGRAM), "holds no token"),
        (" \n", ("instagram", INSTAGRAM), "holds no token"),
        (b"\xff\xfe", ("instagram", INSTAGRAM), "holds no token"),
        ("x" * 70_000, ("instagram", INSTAGRAM), "holds no token"),
        ("hidden words", ("instagram", INSTAGRAM), "cannot be one"),
        ("tökén-0001", ("tiktok", TIKTOK), "cannot be one"),
        ("{", ("instagram", INSTAGRAM), "begins as JSON"),
        ('{"token": "some-token-0001"}', ("instagram", INSTAGRAM), "no access_token was given"),
        ('{"token": "some-token-0001"}', ("tiktok", TIKTOK), "neither"),
        ('{"access_token": 5}', ("tiktok", TIKTOK), "cannot be one"),
        ("0123456789abcdef0123456789abcdef", ("instagram", INSTAGRAM), "an app secret"),
        ("rft.some-token-0001", ("tiktok", TIKTOK), "mixed up"),
        ('{"access_token": "act.0000001", "open_id": "-other"}', ("tiktok", TIKTOK), "another account's"),
        (NEW, ("instagram", "0"), "no account instagram 0"),
        (NEW, ("tiktok", INSTAGRAM), "no account tiktok"),
    ],
)
def test_what_can_be_no_token_is_told_without_it_and_changes_nothing(
    deployment: Deployment, given: str | bytes, asked: tuple[str, str], says: str
) -> None:
    ran = put(given, *asked)
    assert ran.code == 1
    assert says in ran.err
    assert "\n  fix: " in ran.err
    for told in ("tökén", "0123456789abcdef", "some-token-0001", "hidden words"):
        assert told not in ran.out + ran.err
    for account in (INSTAGRAM, TIKTOK):
        assert held(deployment, account) == {"access_token": f"token-{account}"}


def test_set_without_an_account_was_called_wrongly(deployment: Deployment) -> None:
    assert put(NEW, "instagram").code == 2


def test_no_token_is_typed_at_a_terminal(deployment: Deployment, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("click.testing._NamedTextIOWrapper.isatty", lambda self: True, raising=False)
    assert "pipe it in" in put(NEW, "instagram", INSTAGRAM).err


def test_nothing_is_stored_while_the_token_is_being_renewed(deployment: Deployment) -> None:
    table, now = Table(TABLE, deployment.dynamodb), time.time()
    token = table.lock(f"renewal/instagram/{INSTAGRAM}", now, LEASE_S)
    assert token is not None
    ran = put(NEW, "instagram", INSTAGRAM)
    assert (ran.code, "being renewed" in ran.err) == (1, True)
    assert held(deployment, INSTAGRAM) == {"access_token": f"token-{INSTAGRAM}"}
    table.unlock(f"renewal/instagram/{INSTAGRAM}", token)
    assert put(NEW, "instagram", INSTAGRAM).code == 0
    assert put(NEW, "instagram", INSTAGRAM).code == 0  # its own turn was given back


# --- status


def test_what_is_left_of_each_accounts_access_is_told(deployment: Deployment) -> None:
    now = time.time()
    for account, more in (
        (INSTAGRAM, {"expires_at": now + 5.5 * DAY_S, "renewed_at": now - DAY_S}),
        (TIKTOK, {"expires_at": now + 3600, "refresh_expires_at": now - 2 * DAY_S, "refresh_token": NEXT}),
    ):
        deployment.secret(f"dmdesk/account/{account}", {"access_token": f"token-{account}", **more})
    ran = deployment.vendors.run("token", "status", "--json")
    instagram, page, tiktok = ran.json
    assert ran.code == 1
    assert (instagram["status"], instagram["days_left"]) == ("warn", 5.5)
    assert instagram["renewed"] == iso(int((now - DAY_S) * 1000))
    assert (page["status"], page["days_left"], page["ends"], page["fix"]) == ("ok", None, "", "")
    assert (tiktok["status"], tiktok["days_left"], tiktok["detail"]) == ("fail", -2.0, "ended 2.0 d ago")
    assert f"dmdesk token set tiktok {TIKTOK}" in tiktok["fix"]
    shown = deployment.vendors.run("token", "status")
    assert "good for 5.5 d more" in shown.out
    assert NEXT not in shown.out + shown.err


def test_the_status_of_one_account_or_channel(deployment: Deployment) -> None:
    assert [one["id"] for one in deployment.vendors.run("token", "status", "tiktok", "--json").json] == [TIKTOK]
    asked = ("token", "status", "instagram", PAGE_ACCOUNT, "--json")
    assert [one["id"] for one in deployment.vendors.run(*asked).json] == [PAGE_ACCOUNT]
    assert deployment.vendors.run("token", "status", "instagram", TIKTOK).code == 1


@pytest.mark.parametrize("odd", [{"access_token": " "}, {}, {"access_token": "a", "expires_at": 1e300}])
def test_an_odd_secret_is_no_traceback(deployment: Deployment, odd: dict[str, Any]) -> None:
    deployment.secret(f"dmdesk/account/{TIKTOK}", odd)
    [told] = deployment.vendors.run("token", "status", "tiktok", "--json").json
    assert told["status"] == ("ok" if odd.get("expires_at") else "fail")


def test_an_id_that_looks_like_options_is_an_id(deployment: Deployment) -> None:
    ran = put(NEW, "tiktok", "-000hAb1jsonCd2")
    assert (ran.code, "no account tiktok -000hAb1jsonCd2" in ran.err) == (1, True)
