"""Who may call X: tokens, scopes, signatures, limits and credits."""

from __future__ import annotations

import time
from email.message import Message
from typing import Any
from urllib.parse import quote

import pytest
import requests

from sandbox.simulators.x.access import _signature
from sandbox.stage.web import Call
from tests.sandbox.conftest import WAIT_S
from tests.sandbox.simulators.x.conftest import APP, PERSON, SHOP, Network


def refreshed(network: Network, token: str, **more: Any) -> requests.Response:
    form = {"grant_type": "refresh_token", "refresh_token": token}
    given = {"auth": (APP.client_id, APP.client_secret)} | more
    return requests.post(f"{network.sim.url}/2/oauth2/token", data=form, timeout=WAIT_S, **given)


def test_a_token_lives_two_hours_and_its_refresh_token_is_good_once(network: Network) -> None:
    assert network.ask("GET", "/2/users/me").json()["data"]["id"] == SHOP
    network.clock.offset_s = 7201
    assert network.ask("GET", "/2/users/me").status_code == 401
    fresh = refreshed(network, "refresh").json()
    assert (fresh["expires_in"], "offline.access" in fresh["scope"]) == (7200, True)
    assert network.ask("GET", "/2/users/me", token=fresh["access_token"]).ok
    again = refreshed(network, "refresh")
    assert (again.status_code, again.json()["error"]) == (400, "invalid_request")
    assert refreshed(network, fresh["refresh_token"]).ok


def test_a_confidential_client_proves_itself(network: Network) -> None:
    answer = refreshed(network, "refresh", auth=(APP.client_id, "wrong"))
    assert (answer.status_code, answer.json()["error"]) == (401, "unauthorized_client")


def test_a_revoked_account_is_nobodys(network: Network) -> None:
    network.do("revoke")
    assert network.ask("GET", "/2/users/me").status_code == 401
    assert refreshed(network, "refresh").status_code == 400


def test_a_kind_of_token_that_may_not_is_told(network: Network) -> None:
    answer = network.app("GET", "/2/users/me")
    assert (answer.status_code, answer.json()["type"].rpartition("/")[2]) == (403, "unsupported-authentication")
    assert network.ask("GET", "/2/webhooks").status_code == 403


def test_a_missing_scope_is_forbidden(network: Network) -> None:
    network.sim.add_account(SHOP, access_token="narrow", refresh_token="r", webhook_url="", scopes=("users.read",))
    assert network.ask("GET", "/2/media/upload?media_id=1&command=STATUS", token="narrow").status_code == 403


# developer.x.com: "Creating a signature", its worked example
EXAMPLE = {
    "oauth_consumer_key": "xvz1evFS4wEEPTGEFPHBog",
    "oauth_nonce": "kYjzVBB8Y0ZFabxSWbWovY3uYSQ2pTgmZeNu2VS4cg",
    "oauth_signature_method": "HMAC-SHA1",
    "oauth_timestamp": "1318622958",
    "oauth_token": "370773112-GmHxMAgYyLbNEtIKZeRNFsMKPR9EyMZeS9weJAEb",
    "oauth_version": "1.0",
}


def test_oauth_1_is_signed_as_x_shows_it() -> None:
    headers = Message()
    headers["Content-Type"] = "application/x-www-form-urlencoded"
    body = b"status=Hello%20Ladies%20%2b%20Gentlemen%2c%20a%20signed%20OAuth%20request%21"
    call = Call("POST", "/1.1/statuses/update.json", {"include_entities": "true"}, headers, body)
    secrets = ("kAcSOqF21Fu85e7zjz7ZN2U4ZRhfV3WpwPAoE3Z7kBw", "LswwdoUaIvS8ltyTt5jkRh4J50vUPVVHtR2YPi5kE")
    assert _signature(call, "https://api.twitter.com", EXAMPLE, *secrets) == "hCtSmYh+iHYCEqBWrE7C7hYmtUk="


def test_a_signature_is_good_once_and_in_its_time(network: Network) -> None:
    said = EXAMPLE | {"oauth_consumer_key": APP.consumer_key, "oauth_token": "one"}

    def asked(stamp: str) -> int:
        said["oauth_timestamp"] = stamp
        call = Call("GET", "/2/users/me", {}, Message(), b"")
        made = {**said, "oauth_signature": _signature(call, network.sim.url, said, APP.consumer_secret, "one-secret")}
        given = ", ".join(f'{name}="{quote(value, safe="")}"' for name, value in made.items())
        return network.ask("GET", "/2/users/me", headers={"Authorization": f"OAuth {given}"}).status_code

    now = str(int(time.time()))
    assert [asked(now), asked(now), asked("1318622958")] == [200, 401, 401]


def test_each_answer_tells_its_limit_and_the_end_of_it_is_kept(network: Network) -> None:
    network.do("text", text="Hi")
    network.sim.network.limits.most["dm_send"] = 2
    path, body = f"/2/dm_conversations/with/{PERSON}/messages", {"text": "Hello"}
    answers = [network.ask("POST", path, body) for _ in range(3)]
    assert [one.status_code for one in answers] == [201, 201, 429]
    assert [one.headers["x-rate-limit-remaining"] for one in answers] == ["1", "0", "0"]
    assert answers[2].json() == {"errors": [{"code": 88, "message": "Rate limit exceeded"}]}
    assert network.ask("GET", "/2/users/me").ok
    network.clock.offset_s = 901
    assert network.ask("POST", path, body).status_code == 201


def test_credits_that_are_used_up_stop_messages(network: Network) -> None:
    network.do("text", text="Hi")
    network.sim.network.credits = False
    assert network.ask("POST", f"/2/dm_conversations/with/{PERSON}/messages", {"text": "Hello"}).status_code == 402
    assert network.ask("GET", "/2/users/me").ok


@pytest.mark.parametrize(
    ("fault", "status", "body"),
    [
        ({"status": 429}, 429, {"errors": [{"code": 88, "message": "Rate limit exceeded"}]}),
        ({"status": 403, "code": 326, "message": "Locked."}, 403, {"errors": [{"code": 326, "message": "Locked."}]}),
        (
            {"status": 403, "message": "This operation is not permitted."}, 403,
            {"title": "Forbidden", "detail": "This operation is not permitted.", "type": "about:blank", "status": 403},
        ),
    ],
)  # fmt: skip
def test_an_error_is_as_it_is_ordered(network: Network, fault: dict[str, Any], status: int, body: object) -> None:
    network.faults.add("x", "status", **fault)
    answer = network.ask("GET", "/2/users/me")
    assert (answer.status_code, answer.json()) == (status, body)
