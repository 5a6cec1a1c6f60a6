"""Who has a conversation: what Meta is asked and told, and what its answers mean."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from chalicelib.channels.instagram.routing import GraphThreads, open_routing
from chalicelib.errors import AccountStopped, Misconfigured, RateLimited, Refused, Retryable, TokenRefused
from chalicelib.http import Answer
from chalicelib.vocabulary.records import Account
from tests.channels.instagram.test_client import TOKENS, URLS, error
from tests.fakes import INSTAGRAM, PAGE, FakeOutgoing, answer

ANA = "55501"
DONE = answer(200, {"success": True})
PAGE_URL = "https://fb.example/v25.0/100000000000888"


def threads(http: FakeOutgoing) -> GraphThreads:
    return open_routing(http, lambda name: TOKENS.get(name, {}), URLS.__getitem__)


Call = Callable[[GraphThreads, Account], Any]
CALLS: dict[str, tuple[Call, dict[str, Any]]] = {
    "take_thread_control": (lambda to, account: to.take(account, ANA), {}),
    "request_thread_control": (lambda to, account: to.request(account, ANA), {}),
    "release_thread_control": (lambda to, account: to.release(account, ANA), {}),
    "pass_thread_control": (lambda to, account: to.give(account, ANA, "2222"), {"target_app_id": "2222"}),
    "extend_thread_control": (lambda to, account: to.extend(account, ANA, 3600), {"duration": 3600}),
}


@pytest.mark.parametrize("edge", CALLS)
def test_each_call_is_the_pages(edge: str) -> None:
    work, more = CALLS[edge]
    http = FakeOutgoing(DONE)
    work(threads(http), PAGE)
    [call] = http.calls
    assert (call.method, call.url) == ("POST", f"{PAGE_URL}/{edge}")
    assert call.headers["Authorization"] == "Bearer token-page"
    assert call.json() == {"recipient": {"id": ANA}} | more


def test_without_a_target_it_is_passed_to_the_default_app_and_prolonged_by_a_week_at_most() -> None:
    http = FakeOutgoing(DONE, DONE)
    threads(http).give(PAGE, ANA, "")
    threads(http).extend(PAGE, ANA, 10**9)
    assert [call.json() for call in http.calls] == [
        {"recipient": {"id": ANA}},
        {"recipient": {"id": ANA}, "duration": 604_800},
    ]


@pytest.mark.parametrize(
    ("told", "owns"),
    [
        ([{"is_owner": True, "id": "t"}], True), ([{"is_owner": False, "id": "t"}], False), ([], None),
        ([{"id": "t"}], None), ([{"is_owner": "true"}], None), ("x", None),
    ],
)  # fmt: skip
def test_who_owns_it_is_read_of_the_conversation(told: Any, owns: bool | None) -> None:
    http = FakeOutgoing(answer(200, {"data": told}))
    assert threads(http).owns(PAGE, ANA) is owns
    [call] = http.calls
    assert call.url == f"{PAGE_URL}/conversations?platform=instagram&user_id={ANA}&fields=is_owner"


@pytest.mark.parametrize("work", [*(work for work, _ in CALLS.values()), lambda to, account: to.owns(account, ANA)])
def test_no_call_is_made_by_instagrams_own_login(work: Call) -> None:
    http = FakeOutgoing()
    with pytest.raises(Refused, match="Instagram Login"):
        work(threads(http), INSTAGRAM)
    assert http.calls == []


def test_nobody_has_a_conversation_with_who_is_no_person() -> None:
    with pytest.raises(Refused, match="no_conversation"):
        threads(FakeOutgoing()).take(PAGE, "comment:17")


MEANS: list[tuple[Answer, type[Exception]]] = [
    (error(27), Refused), (error(100), Refused), (error(551), Refused), (error(200), AccountStopped),
    (error(190), TokenRefused), (error(4, status=429), RateLimited), (answer(200, {"success": False}), Refused),
    (answer(500, {}), Retryable), (answer(200, []), Retryable),
]  # fmt: skip


@pytest.mark.parametrize(("told", "problem"), MEANS)
def test_what_meta_answers(told: Answer, problem: type[Exception]) -> None:
    with pytest.raises(problem):
        threads(FakeOutgoing(told)).take(PAGE, ANA)


def test_an_account_without_a_token_waits() -> None:
    with pytest.raises(Misconfigured):
        threads(FakeOutgoing()).take(msgspec.structs.replace(PAGE, secret="s/none"), ANA)
