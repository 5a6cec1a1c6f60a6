"""X's webhooks: who is told what, as long as the URL proves itself; and what is replayed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from tests.sandbox.conftest import until
from tests.sandbox.simulators.x.conftest import APP, PERSON, SHOP, Hook, Network, signature


def reason(network: Network, method: str, path: str, body: object = None) -> str:
    answer = network.app(method, path, body)
    assert answer.status_code == 400
    return str(answer.json()["title"])


def identifier(network: Network) -> str:
    told: str = network.app("GET", "/2/webhooks").json()["data"][0]["id"]
    return told


def test_a_delivery_is_signed_over_its_bytes(network: Network, hook: Hook) -> None:
    network.sim.write(SHOP, PERSON, "Hola")
    [call] = hook.calls
    assert call.header("X-Twitter-Webhooks-Signature") == signature(APP.consumer_secret, call.body)
    data = hook.told(1)[0]["data"]
    assert (data["event_type"], data["filter"]) == ("dm.received", {"user_id": SHOP})


def test_raw_bytes_are_delivered_as_they_are(network: Network, hook: Hook) -> None:
    assert network.sim.deliver(b"no json") == 200
    assert (hook.calls[0].body, hook.calls[0].header("x-twitter-webhooks-signature")) == (
        b"no json", signature(APP.consumer_secret, b"no json"),
    )  # fmt: skip


def test_account_activity_and_x_activity_each_deliver(network: Network, hook: Hook) -> None:
    path = f"/2/account_activity/webhooks/{identifier(network)}/subscriptions/all"
    assert network.ask("GET", path).json() == {"data": {"subscribed": False}}
    assert network.ask("POST", path, {}).json() == {"data": {"subscribed": True}}
    assert network.ask("POST", path, {}).json()["title"] == "DuplicateSubscriptionFailed"
    message = network.sim.write(SHOP, PERSON, "Twice")
    one, other = hook.told(2)
    assert one["data"]["payload"]["direct_message_events"] == other["direct_message_events"]
    assert (other["for_user_id"], other["direct_message_events"][0]["id"]) == (SHOP, message)
    assert other["users"][PERSON]["screen_name"] == one["data"]["payload"]["users"][PERSON]["data"]["username"]
    network.sim.whisper(SHOP, PERSON, "Only X Activity tells of this")
    assert hook.told(3)[2]["data"]["event_type"] == "chat.received"
    network.do("revoke")
    assert [hook.told(5)[n].get("user_event", {}).get("revoke", {}).get("source") for n in (3, 4)] == [
        None, {"user_id": SHOP},
    ]  # fmt: skip


def test_a_url_that_signs_wrongly_hears_nothing_until_it_proves_itself(network: Network, hook: Hook) -> None:
    path = f"/2/webhooks/{identifier(network)}"
    hook.secret = "another"
    network.clock.offset_s = 3601
    assert network.sim.network.hooks.hooks[identifier(network)].valid
    network.sim.write(SHOP, PERSON, "Unheard")
    assert hook.calls == []
    assert network.app("GET", "/2/webhooks").json()["data"][0]["valid"] is False
    assert reason(network, "PUT", path) == "CrcValidationFailed"
    hook.secret = APP.consumer_secret
    assert network.app("PUT", path).json() == {"data": {"valid": True}}
    network.sim.write(SHOP, PERSON, "Heard")
    assert len(hook.calls) == 1


def test_a_url_that_fails_is_given_up_after_28_hours(network: Network, hook: Hook) -> None:
    hook.crc_status = 503
    for hours, heard in ((2, 1), (27, 2), (29, 2)):
        network.clock.offset_s = hours * 3600
        network.sim.write(SHOP, PERSON, f"After {hours} h")
        assert len(hook.calls) == heard


def test_what_is_wrong_with_a_webhook_is_named(network: Network, hook: Hook) -> None:
    assert reason(network, "POST", "/2/webhooks", {"url": hook.url}) == "DuplicateUrlFailed"
    assert reason(network, "POST", "/2/webhooks", {"url": "http://example.com/x"}) == "UrlValidationFailed"
    assert reason(network, "POST", "/2/webhooks", {"url": "https://example.com:5000/x"}) == "UrlValidationFailed"
    assert reason(network, "POST", "/2/webhooks", {"url": hook.url + "/2"}) == "WebhookLimitExceeded"
    assert network.app("DELETE", f"/2/webhooks/{identifier(network)}").json() == {"data": {"deleted": True}}
    hook.secret = "another"
    assert reason(network, "POST", "/2/webhooks", {"url": hook.url}) == "CrcValidationFailed"
    hook.secret = APP.consumer_secret
    assert network.app("POST", "/2/webhooks", {"url": hook.url}).json()["data"]["valid"] is True
    assert reason(network, "PUT", "/2/webhooks/1") == "WebhookIdInvalid"


def test_private_events_want_the_accounts_own_token(network: Network) -> None:
    body = {"event_type": "chat.conversation.join", "filter": {"user_id": SHOP}, "webhook_id": identifier(network)}
    assert network.app("POST", "/2/activity/subscriptions", body).status_code == 403
    known = network.ask("POST", "/2/activity/subscriptions", body).json()
    assert known["title"] == "DuplicateSubscriptionFailed"  # by its canonical name
    assert network.ask("POST", "/2/activity/subscriptions", body | {"event_type": "dm.seen"}).status_code == 400
    [one] = [
        one for one in network.ask("GET", "/2/activity/subscriptions").json()["data"]
        if one["event_type"] == "dm.received"
    ]  # fmt: skip
    path = f"/2/activity/subscriptions/{one['subscription_id']}"
    assert network.app("DELETE", path).json() == {"data": {"deleted": True}}
    assert network.sim.write(SHOP, PERSON, "Nobody asked")


def minute(when: datetime) -> str:
    return when.strftime("%Y%m%d%H%M")


def test_a_replay_brings_what_was_lost_and_tells_its_end(network: Network, hook: Hook) -> None:
    hook.status = 500
    network.sim.write(SHOP, PERSON, "Lost")
    hook.status = 200
    now = datetime.now(UTC)
    body = {
        "webhook_id": identifier(network),
        "from_date": minute(now - timedelta(minutes=5)),
        "to_date": minute(now + timedelta(minutes=5)),
    }
    job = network.app("POST", "/2/webhooks/replay", body).json()["data"]["job_id"]
    lost, again, status = hook.told(3)
    assert again == lost
    assert status["replay_job_status"] | {"webhook_id": ""} == {
        "webhook_id": "", "job_state": "Complete", "job_state_description": "Job completed successfully", "job_id": job,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("before_h", "after_h"), [(25, 0), (1, 2)], ids=["more than a day ago", "the end before the beginning"]
)
def test_a_replay_goes_back_a_day(network: Network, before_h: int, after_h: int) -> None:
    now = datetime.now(UTC)
    dates = {"from_date": minute(now - timedelta(hours=before_h)), "to_date": minute(now - timedelta(hours=after_h))}
    assert network.app("POST", "/2/webhooks/replay", {"webhook_id": identifier(network)} | dates).status_code == 400


def test_what_was_lost_comes_after_all(network: Network, hook: Hook) -> None:
    network.sim.deliveries.loses = True
    network.sim.write(SHOP, PERSON, "Lost")
    assert network.sim.deliveries.deliver_lost() == 1
    until(lambda: len(hook.calls) == 1)
