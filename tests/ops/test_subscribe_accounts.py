"""subscribe and accounts, against the simulated platforms and the embedded AWS."""

from __future__ import annotations

import json

import pytest

from ops.channels.instagram import graph
from ops.channels.tiktok.app import COMMENT_TYPES, EVENT_TYPE
from ops.output import Out, table
from tests.ops.conftest import (
    APP,
    COMMENT_SCOPES,
    HOOK,
    INSTAGRAM,
    PAGE_ACCOUNT,
    SCOPES,
    TIKTOK,
    Deployment,
    Ran,
    comments_cannot_be_asked,
)

pytestmark = pytest.mark.xdist_group("ops")
ELSEWHERE = "http://127.0.0.1:9/elsewhere"


def subscribe_comments(deployment: Deployment, *arguments: str) -> Ran:
    return deployment.vendors.run("subscribe", "--comments", "--webhook-url", HOOK, *arguments)


def statuses(ran: Ran, part: str) -> list[tuple[str, str]]:
    """Account and status of that part, in order."""
    return [(one["account"], one["status"]) for one in ran.json if one["part"] == part]


def test_every_account_is_subscribed(deployment: Deployment) -> None:
    ran = deployment.vendors.run("subscribe", "--webhook-url", HOOK, "--json")
    assert ran.code == 0
    assert statuses(ran, "messages") == [
        (f"instagram {INSTAGRAM}", "changed"),
        (f"instagram {PAGE_ACCOUNT}", "changed"),
        (f"tiktok app {APP}", "ok"),
    ]
    again = deployment.vendors.run("subscribe", "--webhook-url", HOOK, "--json")
    assert {status for _, status in statuses(again, "messages")} == {"ok"}


def test_comments_are_not_subscribed_unasked(deployment: Deployment) -> None:
    ran = deployment.vendors.run("subscribe", "--webhook-url", HOOK, "--json")
    assert statuses(ran, "comments") == [
        (f"instagram {INSTAGRAM}", "off"),
        (f"instagram {PAGE_ACCOUNT}", "by hand"),
        (f"tiktok app {APP}", "off"),
        (f"tiktok app {APP}", "off"),
    ]
    assert deployment.instagram_fields() == sorted(graph.FIELDS)
    assert [deployment.tiktok_webhook(one) for one in COMMENT_TYPES] == ["", ""]


def test_comments_are_subscribed_beside_the_messages(deployment: Deployment) -> None:
    deployment.tiktok_scope(f"{SCOPES},{COMMENT_SCOPES}")
    ran = subscribe_comments(deployment, "--json")
    assert ran.code == 0
    assert statuses(ran, "comments") == [
        (f"instagram {INSTAGRAM}", "changed"),
        (f"instagram {PAGE_ACCOUNT}", "by hand"),
        (f"tiktok app {APP}", "changed"),
        (f"tiktok app {APP}", "changed"),
        (f"tiktok {TIKTOK}", "ok"),
    ]
    assert deployment.instagram_fields() == sorted(graph.FIELDS + graph.COMMENT_FIELDS)
    assert [deployment.tiktok_webhook(one) for one in (EVENT_TYPE, *COMMENT_TYPES)] == [HOOK] * 3
    again = subscribe_comments(deployment, "--json")
    assert {one["status"] for one in again.json} == {"ok", "by hand"}


def test_a_page_is_told_where_to_tick_comments(deployment: Deployment) -> None:
    ran = subscribe_comments(deployment)
    assert f"by hand   instagram {PAGE_ACCOUNT}, comments: tick comments, live_comments and mentions for" in ran.out


@pytest.mark.parametrize("before", [(), ("messages", "standby"), graph.FIELDS])
def test_refused_comments_leave_instagrams_messages(deployment: Deployment, before: tuple[str, ...]) -> None:
    deployment.instagram_comments(allowed=False)
    deployment.instagram_fields(*before)
    ran = subscribe_comments(deployment, "--json")
    assert (ran.code, deployment.instagram_fields()) == (1, sorted(graph.FIELDS))
    messages, comments, *_ = ran.json
    assert (messages["status"], messages["missing"]) == ("ok" if before == graph.FIELDS else "changed", [])
    assert (comments["status"], comments["missing"]) == ("missing", ["comments", "live_comments"])
    assert "code 200: (#200) To subscribe to the comments field" in comments["detail"]
    assert "add the permission instagram_business_manage_comments in the App Dashboard" in comments["fix"]
    assert deployment.tiktok_webhook("COMMENT") == HOOK


def test_people_read_what_mends_refused_comments(deployment: Deployment) -> None:
    deployment.instagram_comments(allowed=False)
    out = subscribe_comments(deployment).out
    assert f"changed   instagram {INSTAGRAM}: delivers 9 of 9 fields\n" in out
    assert f"missing   instagram {INSTAGRAM}, comments: delivers 0 of 2 fields; not comments, live_comments: " in out
    assert "\n          fix: add the permission instagram_business_manage_comments" in out


def test_comments_stay_when_messages_are_subscribed_anew(deployment: Deployment) -> None:
    deployment.instagram_fields("messages", "comments")
    ran = deployment.vendors.run("subscribe", "--webhook-url", HOOK, "--json")
    assert (ran.code, deployment.instagram_fields()) == (0, sorted((*graph.FIELDS, "comments")))
    assert ran.json[1]["status"] == "ok"


def test_messages_are_mended_though_comments_are_no_longer_allowed(deployment: Deployment) -> None:
    deployment.instagram_fields("messages", "comments")
    deployment.vendors.instagram._accounts[INSTAGRAM].comments = False
    ran = deployment.vendors.run("subscribe", "--webhook-url", HOOK, "--json")
    assert deployment.instagram_fields() == sorted(graph.FIELDS)
    assert (ran.code, ran.json[1]["missing"]) == (1, ["comments"])


def test_a_refused_event_type_leaves_tiktoks_others(deployment: Deployment) -> None:
    deployment.tiktok_scope(f"{SCOPES},{COMMENT_SCOPES}")
    deployment.vendors.faults.add("tiktok", "status", status=200, code=40001, count=1, path="webhook/update")
    ran = subscribe_comments(deployment, "--json")
    assert ran.code == 1
    (refused,) = (one for one in ran.json if one["status"] == "missing")
    assert (refused["part"], refused["missing"]) == ("comments", ["COMMENT"])
    assert "code 40001" in refused["detail"]
    assert "have TikTok approve comment.list (My Apps" in refused["fix"]
    assert [deployment.tiktok_webhook(one) for one in (EVENT_TYPE, *COMMENT_TYPES)] == [HOOK, "", HOOK]


def test_an_account_that_did_not_allow_comments_is_told(deployment: Deployment) -> None:
    deployment.tiktok_scope(f"{SCOPES},comment.list")
    ran = subscribe_comments(deployment, "--json")
    assert (ran.code, ran.json[-1]["missing"], ran.json[-1]["detail"]) == (
        1, ["biz.brand.insights"], "lacks biz.brand.insights",
    )  # fmt: skip
    assert "have TikTok approve biz.brand.insights" in ran.json[-1]["fix"]


def test_an_account_without_a_token_does_not_stop_the_rest(deployment: Deployment) -> None:
    deployment.secret(f"dmdesk/account/{TIKTOK}", {})
    ran = subscribe_comments(deployment, "--json")
    assert (ran.code, ran.json[-1]["status"]) == (1, "missing")
    assert "holds no access_token" in ran.json[-1]["detail"]


def test_check_tells_comments_without_wanting_them(deployment: Deployment) -> None:
    deployment.everything_right()
    deployment.instagram_fields(*graph.FIELDS, "comments")
    deployment.tiktok_webhook("COMMENT", ELSEWHERE)
    ran = deployment.vendors.run("subscribe", "--check", "--webhook-url", HOOK)
    assert ran.code == 0
    assert f"ok        instagram {INSTAGRAM}, comments: delivers 1 of 1 fields" in ran.out
    assert f"off       tiktok app {APP}, comments: COMMENT goes to {ELSEWHERE}" in ran.out
    assert f"off       tiktok app {APP}, comments: BRAND_MENTION goes to nowhere" in ran.out


def test_check_fails_where_comments_are_wanted(deployment: Deployment) -> None:
    deployment.everything_right()
    ran = subscribe_comments(deployment, "--check")
    assert ran.code == 1
    assert f"missing   instagram {INSTAGRAM}, comments: delivers 0 of 2 fields" in ran.out
    assert f"missing   tiktok app {APP}, comments: COMMENT goes to nowhere" in ran.out
    assert deployment.instagram_fields() == sorted(graph.FIELDS)
    assert deployment.tiktok_webhook("COMMENT") == ""


def test_who_wants_no_comments_need_not_be_let_ask(deployment: Deployment, monkeypatch: pytest.MonkeyPatch) -> None:
    comments_cannot_be_asked(monkeypatch)
    ran = deployment.vendors.run("subscribe", "--webhook-url", HOOK, "--json")
    assert (ran.code, ran.json[-1]["status"]) == (0, "off")
    assert "BRAND_MENTION: code 40001" in ran.json[-1]["detail"]


def test_tiktok_is_given_the_new_url(deployment: Deployment) -> None:
    ran = deployment.vendors.run("subscribe", "--webhook-url", ELSEWHERE, "--json")
    (told,) = (one for one in ran.json if one["part"] == "messages" and one["account"] == f"tiktok app {APP}")
    assert told == {
        "account": f"tiktok app {APP}", "part": "messages", "status": "changed",
        "detail": f"DIRECT_MESSAGE goes to {ELSEWHERE}", "missing": [], "fix": "",
    }  # fmt: skip


def test_check_changes_nothing_and_fails(deployment: Deployment) -> None:
    ran = deployment.vendors.run("subscribe", "--check", "--webhook-url", ELSEWHERE)
    assert ran.code == 1
    assert f"missing   instagram {INSTAGRAM}: delivers 0 of {len(graph.FIELDS)} fields; not" in ran.out
    assert f"missing   tiktok app {APP}: DIRECT_MESSAGE goes to {HOOK}" in ran.out
    assert deployment.vendors.run("subscribe", "--check", "--json").json[0]["missing"] == sorted(graph.FIELDS)


def test_tiktok_needs_a_url(deployment: Deployment) -> None:
    ran = deployment.vendors.run("subscribe")
    assert (ran.code, "pass --webhook-url" in ran.err) == (1, True)


def test_tiktok_needs_the_app_id(deployment: Deployment) -> None:
    deployment.secret("dmdesk/tiktok", {"secrets": ["tiktok-app-secret-0001"]})
    ran = deployment.vendors.run("subscribe", "--webhook-url", HOOK)
    assert "missing   tiktok app: the secret dmdesk/tiktok holds no app_id" in ran.out
    assert deployment.vendors.run("subscribe", "--webhook-url", HOOK, "--tiktok-app-id", APP).code == 0


def test_a_wrong_tiktok_secret_is_told(deployment: Deployment) -> None:
    deployment.secret("dmdesk/tiktok", {"secrets": ["wrong-secret"], "app_id": APP})
    ran = deployment.vendors.run("subscribe", "--webhook-url", HOOK)
    assert ran.code == 1
    assert "code 40002" in ran.out
    assert "put app_id and the app's secret" in ran.out
    assert "wrong-secret" not in ran.out


def test_an_expired_instagram_token_is_told(deployment: Deployment) -> None:
    deployment.vendors.clock.offset_s = 61 * 86_400
    ran = deployment.vendors.run("subscribe", "--webhook-url", HOOK)
    assert ran.code == 1
    assert "code 190" in ran.out
    assert "Generate token" in ran.out


def test_a_missing_token_is_told(deployment: Deployment) -> None:
    deployment.secret(f"dmdesk/account/{INSTAGRAM}", {})
    assert "holds no access_token" in deployment.vendors.run("subscribe", "--webhook-url", HOOK).out


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
