"""Tokens of OAuth clients: asked for seldom, spread over conversations, blocked where Genesys says so."""

from __future__ import annotations

import base64
import json
from collections import Counter
from typing import Any

import pytest

from chalicelib.desks.genesys.oauth import Tokens
from chalicelib.errors import Misconfigured, Retryable, Uncertain, Waiting
from chalicelib.http import Answer
from tests.fakes import FakeClock, FakeOutgoing, answer

CLIENTS = [{"id": f"client-{number}", "secret": f"client-secret-{number}"} for number in range(3)]


class Kit:
    def __init__(self, *answers: Answer | Exception, clients: Any = CLIENTS) -> None:
        self.clock = FakeClock()
        self.http = FakeOutgoing(*answers)
        self.secret: dict[str, Any] = {"clients": clients}
        self.tokens = Tokens(self.http, lambda name: self.secret, "s/oauth", "https://login.example", self.clock)


class Stored(Kit):
    """Secrets Manager holds another object than the cache, until it is asked again."""

    def __init__(self, *answers: Answer | Exception, cached: Any, stored: Any) -> None:
        super().__init__(*answers, clients=cached)
        self.stored: dict[str, Any] = {"clients": stored}
        self.refreshes = True
        self.tokens = Tokens(
            self.http, lambda name: self.secret, "s/oauth", "https://login.example", self.clock, self.refresh
        )

    def refresh(self, name: str) -> bool:
        assert name == "s/oauth"
        if self.refreshes:
            self.secret = self.stored
        return self.refreshes


def granted(name: str = "token-1", expires_in: int = 86_400) -> Answer:
    return answer(200, {"access_token": name, "token_type": "bearer", "expires_in": expires_in})


def test_the_request_is_the_client_credentials_grant() -> None:
    kit = Kit(granted())
    assert kit.tokens.token("client-1") == "token-1"
    [call] = kit.http.calls
    assert (call.method, call.url) == ("POST", "https://login.example/oauth/token")
    assert call.body == b"grant_type=client_credentials"
    basic = base64.b64encode(b"client-1:client-secret-1").decode()
    assert call.headers == {
        "Authorization": f"Basic {basic}",
        "Content-Type": "application/x-www-form-urlencoded",
    }


def test_a_token_is_kept_until_a_minute_before_it_expires() -> None:
    kit = Kit(granted("first", expires_in=300), granted("second", expires_in=300))
    assert kit.tokens.token("client-1") == "first"
    kit.clock.advance(239)
    assert kit.tokens.token("client-1") == "first"
    kit.clock.advance(1)
    assert kit.tokens.token("client-1") == "second"
    assert len(kit.http.calls) == 2


def test_a_token_that_lives_less_than_a_minute_serves_one_call() -> None:
    kit = Kit(granted("first", expires_in=30), granted("second", expires_in=30))
    assert [kit.tokens.token("client-1"), kit.tokens.token("client-1")] == ["first", "second"]


def test_each_client_has_its_own_token() -> None:
    kit = Kit(granted("zero"), granted("one"))
    assert [kit.tokens.token(name) for name in ("client-0", "client-1", "client-0")] == ["zero", "one", "zero"]


def test_a_conversation_keeps_its_client_and_many_are_spread() -> None:
    kit = Kit()
    chosen = {f"customer-{number}": kit.tokens.client_for(f"customer-{number}") for number in range(300)}
    assert all(kit.tokens.client_for(name) == client for name, client in chosen.items())
    counts = Counter(chosen.values())
    assert set(counts) == {"client-0", "client-1", "client-2"}
    assert min(counts.values()) > 60
    kit.secret["clients"] = list(reversed(CLIENTS))  # the order in the secret does not matter
    assert all(kit.tokens.client_for(name) == client for name, client in chosen.items())


GOOD = {"id": "client-0", "secret": "client-secret-0"}
NO_CLIENTS: dict[str, Any] = {
    "nothing": {},
    "an empty list": {"clients": []},
    "null": {"clients": None},
    "an object": {"clients": GOOD},
    "a text": {"clients": "client-0"},
    "a number": {"clients": 3},
    "numbers": {"clients": [1, 2]},
    "nulls": {"clients": [None]},
    "a list in the list": {"clients": [[GOOD]]},
    "names of another form": {"clients": [{"client_id": "a", "client_secret": "b"}]},
    "no secret": {"clients": [{"id": "client-0"}]},
    "a secret that is null": {"clients": [{"id": "client-0", "secret": None}]},
    "a blank secret": {"clients": [{"id": "client-0", "secret": " \n"}]},
    "a secret that is a number": {"clients": [{"id": "client-0", "secret": 5}]},
    "an id with a space": {"clients": [{"id": "client 0", "secret": "x"}]},
    "an id that is a list": {"clients": [{"id": ["client-0"], "secret": "x"}]},
    "a placeholder": {"clients": [{"id": "…", "secret": "…"}]},
}


@pytest.mark.parametrize("held", NO_CLIENTS.values(), ids=NO_CLIENTS)
def test_without_a_client_everything_waits_and_somebody_is_told_what_to_store(held: dict[str, Any]) -> None:
    kit = Kit()
    kit.secret = held
    for work, given in ((kit.tokens.client_for, "customer"), (kit.tokens.token, "client-0")):
        with pytest.raises(Misconfigured) as caught:
            work(given)
        assert "s/oauth" in caught.value.reason
        assert '{"clients": [{"id": "…", "secret": "…"}]} in the secret s/oauth' in caught.value.advice
        assert caught.value.after_s == 60
    assert kit.http.calls == []


def test_a_client_that_cannot_be_read_leaves_the_work_to_the_others() -> None:
    kit = Kit(granted())
    kit.secret["clients"] = [{"client_id": "x"}, 7, GOOD, {"id": "client-9"}]
    assert {kit.tokens.client_for(f"customer-{number}") for number in range(20)} == {"client-0"}
    assert kit.tokens.token("client-0") == "token-1"


@pytest.mark.parametrize("around", ["{}\n", " {}\r\n", "\ufeff{}", '"{}"', "\u00a0{}\u200b", "'{}' "])
def test_a_client_is_read_without_what_was_pasted_with_it(around: str) -> None:
    kit = Kit(granted())
    kit.secret["clients"] = [{name: around.format(text) for name, text in GOOD.items()}]
    assert kit.tokens.token(kit.tokens.client_for("customer")) == "token-1"
    basic = base64.b64encode(b"client-0:client-secret-0").decode()
    assert kit.http.calls[0].headers["Authorization"] == f"Basic {basic}"


@pytest.mark.parametrize("expires_in", [None, "soon", "", True, -5, 0, float("nan"), float("inf"), [86400], 10**400])
def test_a_token_whose_lifetime_is_not_told_lives_for_the_shortest(expires_in: Any) -> None:
    body = {"access_token": "first", "expires_in": expires_in}
    kit = Kit(Answer(status=200, headers={}, body=json.dumps(body).encode()), granted("second"))
    assert kit.tokens.token("client-1") == "first"
    kit.clock.advance(239)
    assert kit.tokens.token("client-1") == "first"
    kit.clock.advance(1)
    assert kit.tokens.token("client-1") == "second"


def test_forgetting_a_token_asks_for_another_but_only_for_that_token() -> None:
    kit = Kit(granted("first"), granted("second"))
    kit.tokens.token("client-1")
    kit.tokens.forget("client-1", "an older one")
    assert kit.tokens.token("client-1") == "first"
    kit.tokens.forget("client-1", "first")
    assert kit.tokens.token("client-1") == "second"
    kit.tokens.forget("client-2", "never seen")


def test_a_blocked_client_waits_and_others_do_not() -> None:
    kit = Kit(granted("one"), granted("two"))
    kit.tokens.token("client-1")
    kit.tokens.block("client-1", 30)
    kit.clock.advance(10)
    with pytest.raises(Waiting) as caught:
        kit.tokens.token("client-1")
    assert caught.value.after_s == 20
    assert kit.tokens.token("client-2") == "two"
    kit.clock.advance(20)
    assert kit.tokens.token("client-1") == "one"


@pytest.mark.parametrize(
    ("asked", "waits"),
    [
        ([1, 1, 1, 1, 1, 1, 1, 1], [1, 2, 4, 8, 16, 32, 60, 60]),
        ([0, 0, 0], [1, 2, 4]),
        ([None, None], [60, 60]),
        ([45, 1, 1], [45, 60, 60]),
        ([300, 1], [300, 60]),
        ([5, 30, 5], [5, 30, 60]),
    ],
)
def test_while_one_limit_follows_another_the_wait_grows_and_is_never_less_than_asked(
    asked: list[float | None], waits: list[float]
) -> None:
    kit = Kit()
    for one, wait in zip(asked, waits, strict=True):
        assert kit.tokens.block("client-1", one) == wait
        kit.clock.advance(wait)
    kit.tokens.passed("client-1")
    assert kit.tokens.block("client-1", 1) == 1
    assert kit.tokens.block("client-2", 1) == 1


def test_of_calls_that_were_made_beside_each_other_one_refusal_is_as_good_as_ten() -> None:
    kit = Kit(granted("one"))
    assert [kit.tokens.block("client-1", 4) for _ in range(10)] == [4] * 10
    kit.tokens.passed("client-1")  # of one that was taken before the limit was met
    assert kit.tokens.block("client-1", 9) == 9
    kit.clock.advance(8)
    with pytest.raises(Waiting):
        kit.tokens.token("client-1")
    kit.clock.advance(1)
    assert kit.tokens.token("client-1") == "one"
    assert kit.tokens.block("client-1", 1) == 8


def test_a_token_that_two_threads_were_refused_is_forgotten_once() -> None:
    kit = Kit(granted("one"), granted("two"))
    assert kit.tokens.token("client-1") == "one"
    for _ in range(2):
        kit.tokens.forget("client-1", "one")
    assert kit.tokens.token("client-1") == "two"
    kit.tokens.forget("client-1", "one")
    assert kit.tokens.token("client-1") == "two"


class Reloaded(Stored):
    """Another thread has just asked Secrets Manager, so that nobody asks again."""

    def refresh(self, name: str) -> bool:
        self.secret = self.stored
        return False


def test_a_client_whose_newer_secret_another_thread_has_loaded_logs_in_with_that() -> None:
    newer = [{"id": "client-1", "secret": "newer"}]
    kit = Reloaded(answer(401, {"error": "invalid_client"}), granted("one"), cached=CLIENTS, stored=newer)
    assert kit.tokens.token("client-1") == "one"
    assert kit.http.calls[1].headers["Authorization"] == f"Basic {base64.b64encode(b'client-1:newer').decode()}"


@pytest.mark.parametrize("status", [400, 401, 403])
def test_a_refused_client_is_told_with_where_to_look(status: int) -> None:
    kit = Kit(answer(status, {"error": "invalid_client", "description": "words"}))
    with pytest.raises(Misconfigured) as caught:
        kit.tokens.token("client-1")
    assert "client-1" in caught.value.reason
    assert "Admin > Integrations > OAuth" in caught.value.advice
    assert "client-secret" not in caught.value.reason + caught.value.advice
    assert caught.value.after_s == 60


@pytest.mark.parametrize(
    ("given", "after_s"),
    [
        (answer(500), None),
        (answer(429, retry_after="8"), 8.0),
        (answer(200, {}), None),
        (answer(200, {"access_token": ""}), None),
        (answer(200, {"access_token": None}), None),
        (answer(200, {"access_token": ["token"]}), None),
        (answer(200, {"access_token": "to ken"}), None),
        (answer(200, []), None),
        (answer(302), None),
        (Uncertain("no answer"), None),
        (Retryable("no connection", 5), None),
    ],
)
def test_a_login_that_fails_otherwise_is_tried_again(given: Answer | Exception, after_s: float | None) -> None:
    kit = Kit(given, granted())
    with pytest.raises(Retryable) as caught:
        kit.tokens.token("client-1")
    assert not isinstance(caught.value, Misconfigured)
    assert caught.value.after_s == after_s
    assert kit.tokens.token("client-1") == "token-1"


def test_a_login_that_cannot_be_called_as_configured_says_so() -> None:
    kit = Kit(Misconfigured("an address that is none", "correct DMDESK_GENESYS_LOGIN"))
    with pytest.raises(Misconfigured) as caught:
        kit.tokens.token("client-1")
    assert caught.value.advice == "correct DMDESK_GENESYS_LOGIN"


def test_a_login_that_is_down_says_what_is() -> None:
    kit = Kit(Retryable("no connection to login.example: TimeoutError"))
    with pytest.raises(Retryable, match=r"Genesys login: no connection to login\.example: TimeoutError"):
        kit.tokens.token("client-1")


@pytest.mark.parametrize("cached", [[], None, "x", [{"id": "client-0"}], [{"id": " ", "secret": "a b"}]])
def test_a_secret_that_was_mended_serves_at_once(cached: Any) -> None:
    kit = Stored(granted(), cached=cached, stored=CLIENTS)
    assert kit.tokens.token(kit.tokens.client_for("customer")) == "token-1"


@pytest.mark.parametrize("refreshes", [True, False])
def test_a_secret_that_is_still_wrong_waits(refreshes: bool) -> None:
    kit = Stored(cached=[], stored=[] if refreshes else CLIENTS)
    kit.refreshes = refreshes
    with pytest.raises(Misconfigured):
        kit.tokens.client_for("customer")


@pytest.mark.parametrize("status", [400, 401, 403])
def test_a_client_whose_secret_was_rotated_logs_in_with_the_new_one(status: int) -> None:
    rotated = [one | {"secret": f"new-{one['secret']}"} for one in CLIENTS]
    kit = Stored(answer(status, {}), granted(), cached=CLIENTS, stored=rotated)
    assert kit.tokens.token("client-1") == "token-1"
    basic = base64.b64encode(b"client-1:new-client-secret-1").decode()
    assert kit.http.calls[-1].headers["Authorization"] == f"Basic {basic}"


@pytest.mark.parametrize("stored", [CLIENTS, CLIENTS[:1]])
def test_a_client_that_is_refused_is_asked_for_again_with_another_secret_only(stored: Any) -> None:
    kit = Stored(answer(401, {}), cached=CLIENTS, stored=stored)
    with pytest.raises(Misconfigured, match="client-1"):
        kit.tokens.token("client-1")
    assert len(kit.http.calls) == 1
