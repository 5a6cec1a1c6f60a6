"""subscribe and accounts, against the simulated platforms and the embedded AWS."""

from __future__ import annotations

import json

import pytest

from ops import instagram
from ops.output import Out, table
from tests.ops.conftest import APP, HOOK, INSTAGRAM, PAGE_ACCOUNT, TIKTOK, Deployment

pytestmark = pytest.mark.xdist_group("ops")
ELSEWHERE = "http://127.0.0.1:9/elsewhere"


def test_every_account_is_subscribed(deployment: Deployment) -> None:
    ran = deployment.vendors.run("subscribe", "--webhook-url", HOOK, "--json")
    assert ran.code == 0
    assert [(one["account"], one["status"]) for one in ran.json] == [
        (f"instagram {INSTAGRAM}", "changed"),
        (f"instagram {PAGE_ACCOUNT}", "changed"),
        (f"tiktok app {APP}", "ok"),
    ]
    again = deployment.vendors.run("subscribe", "--webhook-url", HOOK, "--json")
    assert {one["status"] for one in again.json} == {"ok"}


def test_tiktok_is_given_the_new_url(deployment: Deployment) -> None:
    ran = deployment.vendors.run("subscribe", "--webhook-url", ELSEWHERE, "--json")
    assert ran.json[-1] == {
        "account": f"tiktok app {APP}", "status": "changed", "detail": f"DIRECT_MESSAGE goes to {ELSEWHERE}",
        "missing": [],
    }  # fmt: skip


def test_check_changes_nothing_and_fails(deployment: Deployment) -> None:
    ran = deployment.vendors.run("subscribe", "--check", "--webhook-url", ELSEWHERE)
    assert ran.code == 1
    assert f"missing   instagram {INSTAGRAM}: delivers 0 of {len(instagram.FIELDS)} fields; not" in ran.out
    assert f"missing   tiktok app {APP}: DIRECT_MESSAGE goes to {HOOK}" in ran.out
    assert deployment.vendors.run("subscribe", "--check", "--json").json[0]["missing"] == sorted(instagram.FIELDS)


def test_tiktok_needs_a_url(deployment: Deployment) -> None:
    ran = deployment.vendors.run("subscribe")
    assert (ran.code, "pass --webhook-url" in ran.err) == (1, True)


def test_tiktok_needs_the_app_id(deployment: Deployment) -> None:
    deployment.secret("dmdesk/tiktok", {"secrets": ["tiktok-app-secret-0001"]})
    ran = deployment.vendors.run("subscribe", "--webhook-url", HOOK)
    assert "holds no app_id" in ran.err
    assert deployment.vendors.run("subscribe", "--webhook-url", HOOK, "--tiktok-app-id", APP).code == 0


def test_a_wrong_tiktok_secret_is_told(deployment: Deployment) -> None:
    deployment.secret("dmdesk/tiktok", {"secrets": ["wrong-secret"], "app_id": APP})
    ran = deployment.vendors.run("subscribe", "--webhook-url", HOOK)
    assert "code 40002" in ran.err
    assert "put app_id and the app's secret" in ran.err
    assert "wrong-secret" not in ran.err


def test_an_expired_instagram_token_is_told(deployment: Deployment) -> None:
    deployment.vendors.clock.offset_s = 61 * 86_400
    ran = deployment.vendors.run("subscribe", "--webhook-url", HOOK)
    assert ran.code == 1
    assert "code 190" in ran.err
    assert "Generate token" in ran.err


def test_a_missing_token_is_told(deployment: Deployment) -> None:
    deployment.secret(f"dmdesk/account/{INSTAGRAM}", {})
    assert "holds no access_token" in deployment.vendors.run("subscribe", "--webhook-url", HOOK).err


def test_accounts_are_listed_with_their_last_inbound(deployment: Deployment) -> None:
    now_ms = int(deployment.vendors.clock() * 1000)
    deployment.wrote("instagram", INSTAGRAM, "one#two", now_ms - 2 * 3_600_000)
    deployment.wrote("instagram", INSTAGRAM, "older", now_ms - 9 * 3_600_000)
    listed = {one["id"]: one for one in deployment.vendors.run("accounts", "--json").json}
    assert list(listed) == [INSTAGRAM, PAGE_ACCOUNT, TIKTOK]
    assert listed[INSTAGRAM]["integration"] == f"int-{INSTAGRAM}"
    assert listed[INSTAGRAM]["age_s"] == pytest.approx(7200, abs=60)
    assert (listed[TIKTOK]["age_s"], listed[TIKTOK]["login"]) == (None, "")
    lines = deployment.vendors.run("accounts").out.splitlines()
    assert lines[0].split() == ["CHANNEL", "ID", "NAME", "LOGIN", "INTEGRATION", "LAST", "INBOUND"]
    assert "(2 h ago)" in lines[1]
    assert lines[3].endswith("never")


def test_no_accounts_are_told(deployment: Deployment) -> None:
    deployment.clear()
    assert "terraform apply" in deployment.vendors.run("accounts").out


def test_missing_settings_are_named(deployment: Deployment, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DMDESK_TABLE")
    ran = deployment.vendors.run("accounts", "--json")
    assert ran.code == 1
    assert "set DMDESK_TABLE" in ran.json["error"]


def test_a_wrong_table_is_told(deployment: Deployment, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DMDESK_TABLE", "another")
    assert "table another: ResourceNotFoundException" in deployment.vendors.run("accounts").err


def test_secrets_are_hidden_wherever_they_stand(capsys: pytest.CaptureFixture[str]) -> None:
    out = Out(as_json=True)
    out.hide({"clients": [{"secret": 'qu"ote-secret'}], "short": "abc", "token": "täglich-neu"})
    out.result({"said": 'token täglich-neu and qu"ote-secret, abc'}, [])
    assert json.loads(capsys.readouterr().out) == {"said": "token [hidden] and [hidden], abc"}


def test_a_table_is_aligned() -> None:
    assert table([("A", "LONG"), ("longer", "b")]) == ["A       LONG", "longer  b"]
