"""doctor: a healthy deployment, and each thing that may be wrong with one."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from ops.bridge import Bridge
from ops.channels.instagram import graph
from ops.channels.tiktok.app import COMMENT_TYPES
from ops.desks.genesys.checks import RUNTIME_PERMISSIONS
from tests.ops.conftest import (
    APP,
    COMMENT_SCOPES,
    HOOK,
    INSTAGRAM,
    PAGE,
    PAGE_ACCOUNT,
    RUNTIME,
    SCOPES,
    TIKTOK,
    Deployment,
    Ran,
    comments_cannot_be_asked,
)

pytestmark = pytest.mark.xdist_group("ops")


def doctor(deployment: Deployment, *arguments: str) -> Ran:
    return deployment.vendors.run("doctor", "--webhook-url", HOOK, *arguments)


def found(deployment: Deployment, check: str, subject: str = "", *arguments: str) -> dict[str, Any]:
    """The one finding of that name (about that subject)."""
    everything = doctor(deployment, "--json", *arguments).json
    hits = [one for one in everything if one["check"] == check and subject in one["subject"]]
    assert len(hits) == 1, everything
    hit: dict[str, Any] = hits[0]
    return hit


def test_a_healthy_deployment_passes_every_check(deployment: Deployment) -> None:
    deployment.everything_right()
    ran = doctor(deployment, "--json")
    assert [one for one in ran.json if one["status"] != "ok"] == []
    assert ran.code == 0
    assert {one["check"] for one in ran.json} == {
        "secret", "genesys runtime login", "genesys login", "role permissions", "integration", "flow", "token", "ids",
        "conversation end",
        "graph version", "graph answers", "login", "webhook fields", "webhook", "comments", "scopes", "region",
        "last inbound", "queue", "dead letters", "access log", "clock",
    }  # fmt: skip


def test_people_read_one_line_for_each_check(deployment: Deployment) -> None:
    ran = doctor(deployment)
    assert ran.code == 1
    assert f"fail  flow, instagram {INSTAGRAM}: no flow is attached: conversations reach nobody" in ran.out
    assert f"      fix: dmdesk link-flow --integration int-{INSTAGRAM} --flow …" in ran.out
    assert ran.out.splitlines()[-1].endswith("failed")


def test_an_empty_secret_is_a_failure(deployment: Deployment) -> None:
    deployment.secret("dmdesk/genesys-webhook", {"secrets": []})
    hit = found(deployment, "secret", "dmdesk/genesys-webhook")
    assert (hit["status"], hit["detail"]) == ("fail", "holds no secrets: the bridge refuses what it cannot verify")


def test_the_runtime_client_must_get_tokens(deployment: Deployment) -> None:
    deployment.secret("dmdesk/genesys-oauth", {"clients": [{"id": RUNTIME[0], "secret": "not-the-secret"}]})
    ran = doctor(deployment, "--json")
    hit = next(one for one in ran.json if one["check"] == "genesys runtime login")
    assert (hit["status"], "HTTP 401" in hit["detail"]) == ("fail", True)
    assert "not-the-secret" not in ran.out


def test_the_operators_login_is_checked_and_the_rest_goes_on(
    deployment: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GENESYSCLOUD_OAUTHCLIENT_ID", "nobody")
    everything = doctor(deployment, "--json").json
    names = {one["check"] for one in everything if one["status"] == "ok"}
    assert "genesys runtime login" in names
    assert "queue" in names
    assert [one["status"] for one in everything if one["check"] == "genesys login"] == ["fail"]
    assert not [one for one in everything if one["check"] == "integration"]


def test_missing_permissions_are_named(deployment: Deployment) -> None:
    poor = deployment.vendors.genesys.admin.add_role(
        {
            "name": "poor",
            "permissionPolicies": [{"domain": "conversation", "entityName": "message", "actionSet": ["receive"]}],
        }
    )
    deployment.vendors.genesys.admin.grant(RUNTIME[0], poor)
    hit = found(deployment, "role permissions")
    assert hit["detail"] == "lacks conversation:message:view, analytics:conversationDetail:view"
    assert "role_id" in hit["fix"]


def test_a_wide_role_is_enough(deployment: Deployment) -> None:
    policies = [
        {"domain": "conversation", "entityName": "*", "actionSet": ["*"]},
        {"domain": "analytics", "entityName": "conversationDetail", "actionSet": ["*"]},
    ]
    wide = deployment.vendors.genesys.admin.add_role({"name": "wide", "permissionPolicies": policies})
    deployment.vendors.genesys.admin.grant(RUNTIME[0], wide)
    assert found(deployment, "role permissions")["status"] == "ok"


def test_an_integration_that_is_gone_is_a_failure(deployment: Deployment) -> None:
    deployment.account("instagram", INSTAGRAM, integration="int-gone", login="instagram")
    hit = found(deployment, "integration", INSTAGRAM)
    assert (hit["status"], hit["detail"]) == ("fail", "integration int-gone does not exist in this organisation")


def test_an_integration_that_is_not_ready_is_a_failure(deployment: Deployment) -> None:
    deployment.vendors.genesys.admin.delays = 99
    fresh = deployment.vendors.genesys.admin.create_integration("Fresh", HOOK, "webhook-secret-0001")
    deployment.account("tiktok", TIKTOK, integration=fresh)
    assert found(deployment, "integration", TIKTOK)["detail"] == "Initiated"


def test_a_trigger_that_is_gone_or_off_is_to_be_looked_at(deployment: Deployment) -> None:
    hit = found(deployment, "conversation end")
    assert (hit["status"], HOOK in hit["detail"], "conversation_end" in hit["fix"]) == ("warn", True, True)
    deployment.everything_right()
    assert found(deployment, "conversation end")["detail"] == f"Conversation end tells {HOOK}"
    (trigger,) = deployment.vendors.genesys.admin._automation.triggers.values()
    trigger["enabled"] = False
    assert found(deployment, "conversation end")["status"] == "warn"


def test_the_app_scoped_id_is_recognised(deployment: Deployment) -> None:
    deployment.clear()
    scoped = f"28{int(INSTAGRAM) % 10**15:015d}"
    deployment.account("instagram", scoped, login="instagram")
    deployment.secret(f"dmdesk/account/{scoped}", {"access_token": f"token-{INSTAGRAM}"})
    hit = found(deployment, "ids")
    assert hit["detail"] == "is the app-scoped id; webhooks carry user_id and find no account"
    assert INSTAGRAM in hit["fix"]


def test_another_accounts_token_is_recognised(deployment: Deployment) -> None:
    deployment.secret(f"dmdesk/account/{PAGE_ACCOUNT}", {"access_token": f"token-{PAGE_ACCOUNT}"})
    deployment.account("instagram", PAGE_ACCOUNT, login="facebook", page="100000000000009")
    hit = found(deployment, "ids", PAGE_ACCOUNT)
    assert (hit["status"], hit["detail"]) == ("fail", f"its token belongs to {PAGE_ACCOUNT}, Page {PAGE}")


# Versions of Graph, and logins


AUTUMN_2026 = 1_795_000_000.0  # 2026-11-18


@pytest.mark.parametrize(
    ("version", "days", "status", "words"),
    [
        ("v25.0", 0, "ok", "lives until 2028-07-29"),
        ("v23.0", 0, "ok", "lives until 2027-10-08"),
        ("v21.0", 0, "warn", "lives until 2027-01-21"),
        ("v21.0", 64, "warn", "lives until 2027-01-21"),
        ("v21.0", 65, "fail", "is over since 2027-01-21"),
        ("v25.0", 700, "fail", "is over since 2028-07-29"),
        ("v20.0", 0, "fail", "is over"),
        ("v9.0", 0, "fail", "is over"),
        ("v26.0", 0, "warn", "is newer than v25.0, with which dmdesk is tested"),
        ("v27.0", 0, "warn", "is newer than v25.0, with which dmdesk is tested"),
        ("v28.0", 0, "warn", "is newer than any that this release knows"),
        ("v100.0", 0, "warn", "is newer than any that this release knows"),
    ],
)
def test_a_version_of_graph_will_do_or_not(version: str, days: int, status: str, words: str) -> None:
    assert graph.version_of(version, AUTUMN_2026 + days * 86_400) == (status, words)


def test_the_version_that_is_the_default_is_the_one_that_is_tested() -> None:
    from chalicelib.settings import variables

    assert variables()["graph_version"] == graph.TESTED


def test_a_version_that_is_set_is_judged(deployment: Deployment, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DMDESK_GRAPH_VERSION", "v27.0")
    hit = found(deployment, "graph version")
    assert (hit["status"], hit["subject"]) == ("warn", "v27.0")
    assert "vendors.graph_version" in hit["fix"]


def test_an_answer_in_another_version_is_told(deployment: Deployment) -> None:
    deployment.vendors.instagram.answers_as = "v26.0"
    hit = found(deployment, "graph answers", INSTAGRAM)
    assert (hit["status"], hit["detail"]) == ("warn", "asked for v25.0, answered as v26.0")


@pytest.mark.parametrize(
    ("account", "login"), [(INSTAGRAM, "by instagram: /me answers id, user_id, username"),
                           (PAGE_ACCOUNT, "by facebook: /me answers id, instagram_business_account, name")],
)  # fmt: skip
def test_an_answer_tells_which_login_the_token_is_of(deployment: Deployment, account: str, login: str) -> None:
    hit = found(deployment, "login", account)
    assert (hit["status"], hit["detail"]) == ("ok", login)


@pytest.mark.parametrize(
    "answer", [{"id": "7", "username": "our.shop", "unified_id": "9"}, {"id": "7"}, {"id": "7", "user_id": None}, {}]
)
def test_an_answer_of_neither_login_may_be_unified_login(
    deployment: Deployment, monkeypatch: pytest.MonkeyPatch, answer: dict[str, Any]
) -> None:
    monkeypatch.setattr("sandbox.simulators.instagram.simulator.me", lambda account, call: answer)
    for account in (INSTAGRAM, PAGE_ACCOUNT):
        hit = found(deployment, "login", account)
        assert hit["status"] == "warn"
        assert "Unified Login" in hit["fix"]
        assert ", ".join(sorted(answer)) in hit["detail"]


def test_fields_that_are_not_delivered_are_named(deployment: Deployment) -> None:
    hit = found(deployment, "webhook fields", INSTAGRAM)
    assert hit["status"] == "fail"
    assert "messages" in hit["detail"]
    assert "dmdesk subscribe" in hit["fix"]


def test_a_tiktok_webhook_elsewhere_is_a_failure(deployment: Deployment) -> None:
    deployment.vendors.run("subscribe", "--webhook-url", "http://127.0.0.1:9/other")
    hit = found(deployment, "webhook")
    assert (hit["status"], hit["detail"]) == ("fail", "DIRECT_MESSAGE goes to http://127.0.0.1:9/other")


def test_scopes_that_are_not_granted_are_named(deployment: Deployment) -> None:
    deployment.tiktok_scope("user.info.basic,message.list.read")
    hit = found(deployment, "scopes")
    assert hit["detail"] == "lacks message.list.send, message.list.manage"
    assert "EEA" in hit["fix"]


def test_a_token_that_tiktok_refuses_is_a_failure(deployment: Deployment) -> None:
    deployment.secret(f"dmdesk/account/{TIKTOK}", {"access_token": "revoked-token"})
    hit = found(deployment, "scopes")
    assert (hit["status"], "40105" in hit["detail"]) == ("fail", True)


@pytest.mark.parametrize(
    ("days", "instagram", "tiktok"),
    [(0.5, "ok", "ok"), (0.9, "ok", "warn"), (55, "warn", "fail"), (61, "fail", "fail")],
)
def test_tokens_grow_old(
    deployment: Deployment, monkeypatch: pytest.MonkeyPatch, days: float, instagram: str, tiktok: str
) -> None:
    monkeypatch.setattr("ops.bridge.Bridge.secret_age_s", lambda self, name: days * 86_400)
    everything = {one["subject"]: one["status"] for one in doctor(deployment, "--json").json if one["check"] == "token"}
    assert everything == {
        f"instagram {INSTAGRAM}": instagram, f"instagram {PAGE_ACCOUNT}": "ok", f"tiktok {TIKTOK}": tiktok,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("account", "ends", "status", "detail"),
    [
        (INSTAGRAM, {"expires_at": 50.0}, "ok", "good for 50.0 d more"),
        (INSTAGRAM, {"expires_at": 5.0}, "warn", "good for 5.0 d more"),
        (INSTAGRAM, {"expires_at": -2.5}, "fail", "ended 2 d ago"),
        (TIKTOK, {"expires_at": 0.9, "refresh_expires_at": 300.0}, "ok", "good for 300.0 d more"),
        (TIKTOK, {"expires_at": 0.9, "refresh_expires_at": 9.0}, "warn", "good for 9.0 d more"),
        (TIKTOK, {"expires_at": 0.9}, "ok", "good for 0.9 d more"),
        (TIKTOK, {"expires_at": -0.51, "refresh_expires_at": 300.0}, "fail", "ended 12 h ago"),
    ],
)
def test_what_renewal_knows_of_a_token_counts_first(
    deployment: Deployment, account: str, ends: dict[str, float], status: str, detail: str
) -> None:
    now = deployment.vendors.clock()
    times = {name: now + days * 86_400 + 30 for name, days in ends.items()}
    deployment.secret(f"dmdesk/account/{account}", {"access_token": f"token-{account}", **times})
    hit = found(deployment, "token", account)
    assert (hit["status"], hit["detail"]) == (status, detail)


def test_comments_that_are_subscribed_are_told(deployment: Deployment) -> None:
    deployment.tiktok_scope(f"{SCOPES},{COMMENT_SCOPES}")
    assert deployment.vendors.run("subscribe", "--comments", "--webhook-url", HOOK).code == 0
    told = [one for one in doctor(deployment, "--json").json if one["check"] == "comments"]
    assert [(one["subject"], one["status"], one["detail"]) for one in told] == [
        (f"instagram {INSTAGRAM}", "ok", "every field is delivered"),
        (f"instagram {PAGE_ACCOUNT}", "ok", "as ticked in the App Dashboard"),
        (f"tiktok app {APP}", "ok", f"COMMENT goes to {HOOK}, BRAND_MENTION goes to {HOOK}"),
        (f"tiktok {TIKTOK}", "ok", "has comment.list, biz.brand.insights"),
    ]


def test_half_of_instagrams_comments_is_worth_a_look(deployment: Deployment) -> None:
    deployment.instagram_fields("comments")
    hit = found(deployment, "comments", INSTAGRAM)
    assert (hit["status"], hit["detail"]) == ("warn", "not delivered: live_comments")


def test_comments_that_go_elsewhere_are_worth_a_look(deployment: Deployment) -> None:
    for event_type in COMMENT_TYPES:
        deployment.tiktok_webhook(event_type, f"{HOOK}/former")
    hit = found(deployment, "comments", "tiktok app")
    assert (hit["status"], hit["fix"]) == ("warn", "dmdesk subscribe --comments --webhook-url …")


def test_half_of_tiktoks_comments_is_worth_a_look(deployment: Deployment) -> None:
    deployment.tiktok_webhook("COMMENT", HOOK)
    hit = found(deployment, "comments", "tiktok app")
    assert (hit["status"], hit["detail"]) == ("warn", f"COMMENT goes to {HOOK}, BRAND_MENTION goes to nowhere")


def test_an_account_that_did_not_allow_registered_comments_is_worth_a_look(deployment: Deployment) -> None:
    deployment.tiktok_webhook("COMMENT", HOOK)
    hit = found(deployment, "comments", TIKTOK)
    assert (hit["status"], hit["detail"]) == ("warn", "lacks comment.list")


def test_who_wants_no_comments_need_not_be_let_ask(deployment: Deployment, monkeypatch: pytest.MonkeyPatch) -> None:
    comments_cannot_be_asked(monkeypatch)
    assert found(deployment, "comments", "tiktok app")["status"] == "ok"


def test_silence_is_worth_a_look(deployment: Deployment) -> None:
    deployment.wrote("instagram", INSTAGRAM, "customer", int((deployment.vendors.clock() - 4 * 86_400) * 1000))
    hit = found(deployment, "last inbound", INSTAGRAM)
    assert (hit["status"], hit["detail"]) == ("warn", "4 d ago")


def test_dead_letters_are_a_failure(deployment: Deployment) -> None:
    url = deployment.urls["outbound_dead_letters"]
    sqs = deployment.aws.client("sqs")
    sqs.send_message(QueueUrl=url, MessageBody="{}", MessageGroupId="g", MessageDeduplicationId="d")
    try:
        hit = found(deployment, "dead letters", "outbound")
        assert (hit["status"], hit["detail"]) == ("fail", "1 waiting")
    finally:
        sqs.purge_queue(QueueUrl=url)


def test_a_stuck_queue_is_worth_a_look(deployment: Deployment, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ops.bridge.Bridge.oldest_s", lambda self, url: 301.0)
    hit = found(deployment, "queue", "inbound")
    assert (hit["status"], hit["detail"]) == ("warn", "0 waiting, the oldest for 301 s")


def test_the_age_of_the_oldest_message_is_what_cloudwatch_measured(deployment: Deployment) -> None:
    cloudwatch = deployment.aws.client("cloudwatch")
    name = deployment.urls["inbound"].rpartition("/")[2]
    metric = {"MetricName": "ApproximateAgeOfOldestMessage", "Value": 42.0, "Unit": "Seconds"}
    metric["Dimensions"] = [{"Name": "QueueName", "Value": name}]
    cloudwatch.put_metric_data(Namespace="AWS/SQS", MetricData=[metric])
    assert "the oldest for 42 s" in found(deployment, "queue", "inbound")["detail"]


@pytest.mark.parametrize(("offset", "word"), [(600, "ahead of"), (-600, "behind")])
def test_a_wrong_clock_is_a_failure(
    deployment: Deployment, monkeypatch: pytest.MonkeyPatch, offset: float, word: str
) -> None:
    now = deployment.vendors.clock
    monkeypatch.setattr("ops.__main__.clock", lambda: now() + offset)
    hit = found(deployment, "clock")
    assert hit["status"] == "fail"
    assert word in hit["detail"]


def test_no_accounts_is_a_failure(deployment: Deployment) -> None:
    deployment.clear()
    assert found(deployment, "accounts")["fix"] == "run terraform apply"


def test_the_role_that_terraform_makes_is_what_doctor_wants() -> None:
    from tests.genesys_module.conftest import MODULE

    text = (MODULE / "role.tf").read_text()
    for permission in RUNTIME_PERMISSIONS:
        domain, entity, action = permission.split(":")
        for word in (domain, entity, action):
            assert f'"{word}"' in text


def test_a_role_for_access_logs_that_somebody_took_away_is_a_failure(deployment: Deployment) -> None:
    """Another bridge's end, say: the account still names its role."""
    iam = deployment.aws.client("iam")
    assert found(deployment, "access log")["status"] == "ok"
    iam.delete_role(RoleName="api-gateway-logs")
    try:
        hit = found(deployment, "access log")
    finally:
        deployment.aws.let_apis_log()
    assert (hit["status"], "which is gone" in hit["detail"]) == ("fail", True)
    assert "examples/account" in hit["fix"]


def test_an_aws_account_without_a_role_for_access_logs_is_a_failure(deployment: Deployment) -> None:
    api = deployment.aws.client("apigateway")
    was = api.get_account()["cloudwatchRoleArn"]
    api.update_account(patchOperations=[{"op": "replace", "path": "/cloudwatchRoleArn", "value": ""}])
    try:
        hit = found(deployment, "access log")
    finally:
        api.update_account(patchOperations=[{"op": "replace", "path": "/cloudwatchRoleArn", "value": was}])
    assert (hit["status"], "names no role" in hit["detail"]) == ("fail", True)


def test_who_may_not_ask_for_the_role_of_access_logs_is_warned(
    deployment: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    denied = ClientError({"Error": {"Code": "AccessDeniedException", "Message": "no"}}, "GetAccount")

    def log_role(bridge: Bridge) -> str:
        def ask() -> str:
            raise denied

        return str(bridge.aws(ask, "API Gateway's settings of the AWS account"))

    monkeypatch.setattr(Bridge, "log_role", log_role)
    hit = found(deployment, "access log")
    assert (hit["status"], bool(hit["fix"])) == ("warn", True)
