"""doctor's lines on X, and the tokens that an operator pastes."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

import pytest

from tests.ops.channels.x.conftest import SECRET, TOKENS, OnX
from tests.ops.channels.x.platform import BRAND, problem
from tests.ops.channels.x.test_keys import Made
from tests.ops.conftest import HOOK

pytestmark = pytest.mark.xdist_group("ops")
SCOPE = "tweet.read users.read dm.read dm.write media.write offline.access"
NAME, APP = f"x {BRAND}", "x app"


def found(on_x: OnX) -> dict[tuple[str, str], dict[str, Any]]:
    """Every line on X by its check and subject."""
    told = on_x.run("doctor", "--json").json
    return {(one["check"], one["subject"]): one for one in told if one["subject"] in {NAME, APP, "dmdesk/x"}}


@pytest.fixture
def right(on_x: OnX) -> OnX:
    """Everything as it should be."""
    made = Made()
    on_x.platform.rows.append(made.row)
    on_x.holds(x_keys=made.kept, scope=SCOPE, expires_at=time.time() + 7000)
    assert on_x.run("x-webhook", "subscribe").code == 0
    return on_x


def test_everything_is_right(right: OnX) -> None:
    told = {key: one["status"] for key, one in found(right).items() if key[0] not in {"integration", "last inbound"}}
    assert told == {
        ("secret", "dmdesk/x"): "ok", ("webhook", APP): "ok", ("subscriptions", NAME): "ok", ("token", NAME): "ok",
        ("ids", NAME): "ok", ("scopes", NAME): "ok", ("keys", NAME): "ok",
        ("requests", NAME): "ok",
    }  # fmt: skip


def unregistered(on_x: OnX) -> None:
    on_x.platform.hooks.clear()


def elsewhere(on_x: OnX) -> None:
    on_x.platform.hooks[0]["url"] = "https://old.example/hook"


def given_up(on_x: OnX) -> None:
    on_x.platform.hooks[0]["valid"] = False


def without(*events: str) -> Callable[[OnX], None]:
    def changed(on_x: OnX) -> None:
        on_x.platform.subscriptions[:] = [
            one for one in on_x.platform.subscriptions if one["event_type"] not in set(events)
        ]

    return changed


def led_away(on_x: OnX) -> None:
    for one in on_x.platform.subscriptions:
        one["webhook_id"] = "999"


def broke(on_x: OnX) -> None:
    on_x.platform.refusals["GET", "/2/webhooks"] = problem(402, "Payment Required")


def no_bearer(on_x: OnX) -> None:
    on_x.deployment.secret("dmdesk/x", {"secrets": ["x-consumer-secret-0001"]})


def fewer_scopes(on_x: OnX) -> None:
    on_x.deployment.secret(SECRET, on_x.held | {"scope": "tweet.read users.read dm.read dm.write offline.access"})


def no_media(on_x: OnX) -> None:
    """Which nobody told with the token."""
    on_x.platform.scopes.clear()
    on_x.deployment.secret(SECRET, {name: value for name, value in on_x.held.items() if name != "scope"})


def anothers(on_x: OnX) -> None:
    on_x.platform.owner = "5"


def over(on_x: OnX) -> None:
    on_x.deployment.secret(SECRET, on_x.held | {"expires_at": time.time() - 60})


def keyless(on_x: OnX) -> None:
    on_x.deployment.secret(SECRET, {name: value for name, value in on_x.held.items() if name != "x_keys"})


def other_keys(on_x: OnX) -> None:
    on_x.platform.rows[:] = [Made().row]


def requested(on_x: OnX) -> None:
    on_x.platform.requests = True


def cut_off(on_x: OnX) -> None:
    on_x.deployment.secret(SECRET, on_x.held | {"x_keys_pending": Made("7").kept})


@pytest.mark.parametrize(
    ("wrong", "key", "status", "says", "fix"),
    [
        (unregistered, ("webhook", APP), "fail", f"to {HOOK}; none is registered", "dmdesk x-webhook create"),
        (elsewhere, ("webhook", APP), "fail", "registered: https://old.example/hook", "dmdesk x-webhook create"),
        (given_up, ("webhook", APP), "fail", "X has stopped delivering", "dmdesk x-webhook validate"),
        (without("dm.received"), ("subscriptions", NAME), "fail", "dm.received", "dmdesk x-webhook subscribe"),
        (without("chat.received"), ("subscriptions", NAME), "fail", "chat.received", "dmdesk x-webhook subscribe"),
        (without("dm.read"), ("subscriptions", NAME), "warn", "not delivered: dm.read", "dmdesk x-webhook subscribe"),
        (led_away, ("subscriptions", NAME), "fail", "chat.conversation_join", "dmdesk x-webhook subscribe"),
        (broke, ("webhook", APP), "fail", "HTTP 402: X's credits are used up", "console.x.com > Billing"),
        (no_bearer, ("webhook", APP), "fail", "holds no bearer_token", "Keys and tokens > Bearer Token"),
        (fewer_scopes, ("scopes", NAME), "fail", "lacks media.write", f"dmdesk token set x {BRAND}"),
        (no_media, ("scopes", NAME), "fail", "lacks media.write", f"dmdesk token set x {BRAND}"),
        (anothers, ("ids", NAME), "fail", "its token belongs to 5", "set the account's id"),
        (over, ("token", NAME), "fail", "ended", f"dmdesk token set x {BRAND}"),
        (keyless, ("keys", NAME), "warn", "the bridge has no keys", f"dmdesk x-keys import {BRAND}"),
        (other_keys, ("keys", NAME), "fail", "none of X's rows belongs", f"dmdesk x-keys import {BRAND}"),
        (requested, ("requests", NAME), "warn", "message requests wait", "accept them in the app"),
        (cut_off, ("keys", NAME), "fail", "are not registered", f"dmdesk x-keys create {BRAND}"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_one_line_with_what_mends_it(
    right: OnX, wrong: Callable[[OnX], None], key: tuple[str, str], status: str, says: str, fix: str
) -> None:
    wrong(right)
    line = found(right)[key]
    assert line["status"] == status
    assert says in line["detail"]
    assert fix in line["fix"]


# --- tokens


def paste(on_x: OnX, given: dict[str, Any] | str) -> Any:
    text = given if isinstance(given, str) else json.dumps(given)
    return on_x.run("token", "set", "x", BRAND, given=text)


ANSWER = {
    "token_type": "bearer", "expires_in": 7200, "access_token": "x-new-access-0001",
    "refresh_token": "x-new-refresh-0001", "scope": SCOPE,
}  # fmt: skip


def test_xs_answer_is_taken_whole_and_the_keys_stay(on_x: OnX) -> None:
    made = Made()
    on_x.holds(x_keys=made.kept, oauth1={"token": "t", "token_secret": "s"})
    assert paste(on_x, ANSWER).code == 0
    held = on_x.held
    assert (held.pop("renewed_at"), held.pop("expires_at")) == pytest.approx(
        (time.time(), time.time() + 7200), abs=60
    )  # fmt: skip
    assert held == {
        "access_token": "x-new-access-0001", "refresh_token": "x-new-refresh-0001", "scope": SCOPE,
        "x_keys": made.kept, "oauth1": {"token": "t", "token_secret": "s"},
    }  # fmt: skip


def test_both_halves_of_oauth_1_stand_beside_the_other_token(on_x: OnX) -> None:
    assert paste(on_x, {"oauth_token": "5-abcdef", "oauth_token_secret": "s-0123456789"}).code == 0
    assert on_x.held == TOKENS | {"oauth1": {"token": "5-abcdef", "token_secret": "s-0123456789"}}


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ("x-new-access-0001", "ends within two hours"),
        ({"access_token": "x-new-access-0001", "expires_in": 7200}, "ends within two hours"),
        ({"refresh_token": "x-new-refresh-0001"}, "no access_token was given"),
        ({"oauth_token": "5-abcdef"}, "no oauth_token_secret was given"),
    ],
)
def test_half_a_token_is_refused(on_x: OnX, given: dict[str, Any] | str, says: str) -> None:
    ran = paste(on_x, given)
    assert (ran.code, on_x.held) == (1, TOKENS)
    assert says in ran.err


def test_a_token_that_renews_itself_ends_for_nobody(right: OnX) -> None:
    [told] = right.run("token", "status", "x", "--json").json
    assert (told["status"], told["days_left"]) == ("ok", None)


def test_versions_and_ids_are_no_secrets(right: OnX) -> None:
    out = right.run("x-keys", "status").out
    assert "[hidden]" not in out
    assert BRAND in out
