"""x-webhook and subscribe: the app's webhook at X, and what every account delivers to it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from ops.channels.x import subscriptions
from sandbox.stage.web import RESET, Answer
from tests.ops.channels.x.conftest import OnX
from tests.ops.channels.x.platform import BRAND, JOB, RESET_AT, WEBHOOK, problem
from tests.ops.conftest import HOOK

pytestmark = pytest.mark.xdist_group("ops")
ELSEWHERE = "https://elsewhere.example/hook"
SEVEN = {
    "dm.received", "dm.sent", "dm.read", "dm.indicate_typing", "chat.received", "chat.sent", "chat.conversation.join",
}  # fmt: skip


def events(on_x: OnX, webhook: str = WEBHOOK) -> set[str]:
    """What X delivers of the account to that webhook."""
    rows = on_x.platform.subscriptions
    return {
        str(row["event_type"]) for row in rows if row["webhook_id"] == webhook and row["filter"] == {"user_id": BRAND}
    }


# --- create


def test_the_webhook_is_registered_once(on_x: OnX) -> None:
    assert on_x.run("x-webhook", "create").out == f"webhook {WEBHOOK}: {HOOK} (changed)\n"
    again = on_x.run("x-webhook", "create", "--json")
    assert again.json == {"id": WEBHOOK, "url": HOOK, "valid": True, "changed": False}
    assert on_x.platform.made("POST") == [("/2/webhooks", {"url": HOOK})]


def test_one_that_x_gave_up_is_asked_again(on_x: OnX) -> None:
    on_x.platform.hook(HOOK, valid=False)
    assert on_x.run("x-webhook", "create", "--json").json["valid"] is True
    assert on_x.platform.made("PUT") == [(f"/2/webhooks/{WEBHOOK}", None)]
    assert on_x.platform.made("POST") == []


def test_an_answer_that_is_lost_changes_nothing(on_x: OnX) -> None:
    on_x.platform.refusals["POST", "/2/webhooks"] = RESET
    ran = on_x.run("x-webhook", "create", "--json")
    assert (ran.code, ran.json["url"]) == (0, HOOK)
    assert len(on_x.platform.hooks) == 1


def test_one_that_goes_elsewhere_is_replaced_where_that_is_wanted(on_x: OnX) -> None:
    on_x.platform.most = 1
    on_x.platform.hook(ELSEWHERE, identifier="999")
    assert on_x.run("x-webhook", "create").code == 1
    assert on_x.platform.hooks[0]["url"] == ELSEWHERE
    assert on_x.run("x-webhook", "create", "--replace").code == 0
    assert [hook["url"] for hook in on_x.platform.hooks] == [HOOK]


def test_another_webhook_stays_where_there_is_room(on_x: OnX) -> None:
    on_x.platform.hook(ELSEWHERE, identifier="999")
    assert on_x.run("x-webhook", "create", "--replace").code == 0
    assert [hook["url"] for hook in on_x.platform.hooks] == [ELSEWHERE, HOOK]


def test_without_a_url_nothing_is_asked(on_x: OnX, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DMDESK_WEBHOOK_URL")
    ran = on_x.run("x-webhook", "create")
    assert (ran.code, on_x.platform.calls) == (1, [])
    assert ran.err.startswith("Error: no webhook URL for X\n  fix: pass --webhook-url")


@pytest.mark.parametrize(
    ("refusal", "says", "fix"),
    [
        (Answer(400, {"errors": [{"message": "CrcValidationFailed"}]}), "CrcValidationFailed", "x.app_secrets has to"),
        (Answer(400, {"errors": [{"message": "UrlValidationFailed"}]}), "UrlValidationFailed", "without a port"),
        (Answer(400, {"errors": [{"message": "WebhookLimitExceeded"}]}), "WebhookLimitExceeded", "create --replace"),
        (problem(402, "CreditsDepleted"), "X's credits are used up", "console.x.com > Billing > Credits"),
        (problem(403, "Client Forbidden", "client-not-enrolled"), "HTTP 403", "in a project with pay-per-use access"),
        (problem(401, "Unauthorized"), "HTTP 401: Unauthorized", "console.x.com > Apps > your app > Keys and tokens"),
        (
            Answer(429, {"errors": [{"code": 88, "message": "Rate limit exceeded"}]}, {"x-rate-limit-reset": RESET_AT}),
            "X's limit is reached until 2026-11-27T11:00:00", "run it again then",
        ),
        (Answer(500, b"<html>", content_type="text/html"), "X webhooks: HTTP 500", "response-codes-and-errors"),
    ],
)  # fmt: skip
def test_a_refusal_says_where_it_is_mended(on_x: OnX, refusal: Answer, says: str, fix: str) -> None:
    on_x.platform.refusals["POST", "/2/webhooks"] = refusal
    ran = on_x.run("x-webhook", "create", "--json")
    assert ran.code == 1
    assert says in ran.json["error"]
    assert fix in ran.json["fix"]


def test_without_the_apps_own_token_it_says_where_that_stands(on_x: OnX) -> None:
    on_x.deployment.secret("dmdesk/x", {"secrets": ["x-consumer-secret-0001"]})
    ran = on_x.run("x-webhook", "create", "--json")
    assert (ran.code, ran.json["error"]) == (1, "the secret dmdesk/x holds no bearer_token")
    assert "Keys and tokens > Bearer Token" in ran.json["fix"]


# --- validate


def test_a_webhook_is_taken_up_again(on_x: OnX) -> None:
    on_x.platform.hook(HOOK, valid=False)
    assert on_x.run("x-webhook", "validate").code == 0
    assert on_x.platform.hooks[0]["valid"] is True


def test_one_that_x_does_not_take_up_is_a_failure(on_x: OnX) -> None:
    on_x.platform.answers = False
    on_x.platform.hook(HOOK, valid=False)
    ran = on_x.run("x-webhook", "validate", "--json")
    assert (ran.code, ran.json["error"]) == (1, f"X does not take {HOOK} up again")


@pytest.mark.parametrize("action", ["validate", "replay"])
def test_what_is_not_registered_is_told_with_what_is(on_x: OnX, action: str) -> None:
    on_x.platform.hook(ELSEWHERE)
    ran = on_x.run("x-webhook", action, "--json")
    assert ran.json == {
        "error": f"no webhook of X's goes to {HOOK}; registered: {ELSEWHERE}", "fix": "dmdesk x-webhook create",
    }  # fmt: skip


# --- replay


def sent_span(on_x: OnX) -> tuple[datetime, datetime]:
    path, body = on_x.platform.made("POST")[-1]
    assert (path, body["webhook_id"]) == ("/2/webhooks/replay", WEBHOOK)
    first, last = (datetime.strptime(body[name], "%Y%m%d%H%M").replace(tzinfo=UTC) for name in ("from_date", "to_date"))
    return first, last


@pytest.mark.parametrize(("since", "hours"), [("3h", 3), ("24h", 24), ("3d", 24)])
def test_a_span_of_at_most_a_day_is_delivered_again(on_x: OnX, since: str, hours: int) -> None:
    on_x.platform.hook(HOOK)
    ran = on_x.run("x-webhook", "replay", "--since", since, "--json")
    first, last = sent_span(on_x)
    now = datetime.now(UTC)
    assert (ran.code, ran.json["job"]) == (0, JOB)
    # whole minutes: the first is begun, and where a day ends it is not over
    earliest = now - timedelta(hours=hours) - timedelta(minutes=1 if hours < 24 else 0)
    assert earliest <= first <= now - timedelta(hours=hours, minutes=-3)
    assert now - timedelta(minutes=1) <= last <= now + timedelta(minutes=1)


def test_an_end_that_x_does_not_take_is_this_minute(on_x: OnX, monkeypatch: pytest.MonkeyPatch) -> None:
    on_x.platform.hook(HOOK)
    on_x.platform.future = False
    assert on_x.run("x-webhook", "replay", "--since", "3h").code == 0
    refused, taken = (body["to_date"] for _, body in on_x.platform.made("POST"))
    assert taken < refused


@pytest.mark.parametrize("since", ["tomorrow", "0s", "2999-01-01T00:00"])
def test_a_span_that_is_none_is_not_asked_for(on_x: OnX, since: str) -> None:
    on_x.platform.hook(HOOK)
    ran = on_x.run("x-webhook", "replay", "--since", since, "--json")
    assert (ran.code, on_x.platform.made("POST")) == (1, [])
    assert "--since 6h" in ran.json["fix"]


# --- subscribe


def told(ran: Any, account: str = f"x {BRAND}") -> dict[str, Any]:
    [one] = [line for line in ran.json if line["account"] == account]
    return dict(one)


def test_subscribing_registers_and_asks_for_every_event(on_x: OnX) -> None:
    first = on_x.run("x-webhook", "subscribe", "--json")
    assert (first.code, told(first)["status"], told(first)["missing"]) == (0, "changed", [])
    assert events(on_x) == SEVEN
    asked = len(on_x.platform.made("POST"))
    again = on_x.run("x-webhook", "subscribe", "--json")
    assert {one["status"] for one in again.json} == {"ok"}
    assert len(on_x.platform.made("POST")) == asked


def test_subscribe_of_all_channels_does_the_same(on_x: OnX) -> None:
    ran = on_x.run("subscribe", "--json")
    assert told(ran)["status"] == "changed"
    assert events(on_x) == SEVEN


def test_comparing_changes_nothing(on_x: OnX) -> None:
    ran = on_x.run("subscribe", "--check", "--json")
    assert (ran.code, told(ran)["status"], told(ran)["missing"]) == (1, "missing", list(subscriptions.EVENTS))
    assert [on_x.platform.made(method) for method in ("POST", "PUT")] == [[], []]


def test_what_goes_elsewhere_is_led_here(on_x: OnX) -> None:
    on_x.platform.hook(ELSEWHERE, identifier="999")
    one = {"subscription_id": "1", "event_type": "dm.received", "filter": {"user_id": BRAND}, "webhook_id": "999"}
    on_x.platform.subscriptions.append(one)
    assert on_x.run("x-webhook", "subscribe").code == 0
    assert events(on_x) == SEVEN
    assert (len(on_x.platform.subscriptions), events(on_x, "999")) == (8, set())


def test_anothers_subscription_is_none_of_ours(on_x: OnX) -> None:
    on_x.platform.hook(HOOK)
    theirs = {"subscription_id": "1", "event_type": "dm.received", "filter": {"user_id": "5"}, "webhook_id": WEBHOOK}
    on_x.platform.subscriptions.append(dict(theirs))
    assert on_x.run("x-webhook", "subscribe").code == 0
    assert events(on_x) == SEVEN
    assert on_x.platform.subscriptions[0] == theirs


def test_a_refused_kind_leaves_the_others(on_x: OnX, monkeypatch: pytest.MonkeyPatch) -> None:
    real = on_x.platform._subscribe

    def subscribe(body: dict[str, Any], *, app: bool) -> Answer:
        return problem(403, "Forbidden") if body["event_type"].startswith("chat.") else real(body, app=app)

    monkeypatch.setattr(on_x.platform, "_subscribe", subscribe)
    ran = on_x.run("x-webhook", "subscribe", "--json")
    line = told(ran)
    assert (ran.code, line["missing"]) == (1, ["chat.received", "chat.sent", "chat.conversation_join"])
    assert "HTTP 403" in line["detail"]
    assert f"dmdesk token set x {BRAND}" in line["fix"]
    assert events(on_x) == {one for one in SEVEN if one.startswith("dm.")}


def test_an_app_that_may_not_hear_of_revocations_goes_on(on_x: OnX, monkeypatch: pytest.MonkeyPatch) -> None:
    real = on_x.platform._subscribe

    def subscribe(body: dict[str, Any], *, app: bool) -> Answer:
        return problem(400, "Invalid Request") if body["event_type"] == "oauth.revoke" else real(body, app=app)

    monkeypatch.setattr(on_x.platform, "_subscribe", subscribe)
    ran = on_x.run("x-webhook", "subscribe", "--json")
    assert (ran.code, ran.json[-1]["status"]) == (0, "off")
    assert ran.json[-1]["detail"].startswith("oauth.revoke: X: HTTP 400")


def test_an_account_without_a_token_stops_no_other(on_x: OnX) -> None:
    on_x.deployment.account("x", "1111111111111111112")
    on_x.deployment.secret("dmdesk/account/1111111111111111112", {"note": "empty"})
    ran = on_x.run("x-webhook", "subscribe", "--json")
    assert (ran.code, told(ran)["status"]) == (1, "changed")
    other = told(ran, "x 1111111111111111112")
    assert (other["status"], "holds no access_token" in other["detail"]) == ("missing", True)


def test_without_an_account_of_x_it_says_so(on_x: OnX) -> None:
    on_x.deployment.dynamodb.delete_item(
        TableName="dmdesk", Key={"pk": {"S": "ACCOUNT"}, "sk": {"S": f"x#{BRAND}"}}
    )  # fmt: skip
    ran = on_x.run("x-webhook", "subscribe", "--json")
    assert (ran.code, ran.json["error"]) == (1, "this deployment has no account of X")
