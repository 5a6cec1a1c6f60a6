"""thread, and doctor's checks of conversations that an account shares with other apps."""

from __future__ import annotations

import json
from typing import Any

import pytest

from chalicelib.aws.routes import Routes
from chalicelib.vocabulary.records import NOBODY, SOMEBODY, Conversation
from sandbox.simulators.instagram.routing import OTHER, OURS, Mode
from sandbox.stage.aws import TABLE
from tests.ops.conftest import INSTAGRAM, PAGE, PAGE_ACCOUNT, Deployment

pytestmark = pytest.mark.xdist_group("ops")
ANA = "1000000000000001"
WHO = Conversation("instagram", PAGE_ACCOUNT, ANA)


def shared(deployment: Deployment, mode: Mode = "other", account: str = PAGE_ACCOUNT, **routing: Any) -> None:
    """The account shares its conversations, and Meta's routing is set so."""
    front = json.dumps({"routing": {"app": OURS} | routing})
    login = {"login": "facebook", "page": PAGE} if account == PAGE_ACCOUNT else {"login": "instagram"}
    deployment.account("instagram", account, **login, name="our.page", front=front)
    deployment.vendors.instagram.routing.set(account, mode)


def found(deployment: Deployment, check: str, account: str = PAGE_ACCOUNT) -> dict[str, Any]:
    everything = deployment.vendors.run("doctor", "--json").json
    [hit] = [one for one in everything if one["check"] == check and account in one["subject"]]
    told: dict[str, Any] = hit
    return told


def test_doctor_tells_which_calls_work_with_routing_on_and_off(deployment: Deployment) -> None:
    shared(deployment)
    on = found(deployment, "routing")
    assert (on["status"], "take, pass, release and extend work" in on["detail"]) == ("ok", True)
    shared(deployment, "off")
    off = found(deployment, "routing")
    assert (off["status"], "take does not" in off["detail"]) == ("ok", True)
    shared(deployment, "off", primary=True)
    differs = found(deployment, "routing")
    assert (differs["status"], "primary" in differs["fix"]) == ("warn", True)


def test_doctor_compares_the_app_and_the_fields(deployment: Deployment) -> None:
    shared(deployment, app="7")
    hit = found(deployment, "routing app")
    assert (hit["status"], OURS in hit["fix"]) == ("fail", True)
    assert found(deployment, "routing fields")["status"] == "fail"
    shared(deployment)
    assert found(deployment, "routing app")["status"] == "ok"


def test_doctor_tells_that_instagrams_own_login_only_reads(deployment: Deployment) -> None:
    shared(deployment, account=INSTAGRAM)
    hit = found(deployment, "routing", INSTAGRAM)
    assert (hit["status"], "Instagram Login" in hit["detail"]) == ("warn", True)


def test_an_account_without_it_is_not_asked(deployment: Deployment) -> None:
    everything = deployment.vendors.run("doctor", "--json").json
    assert [one for one in everything if one["check"].startswith("routing")] == []
    ran = deployment.vendors.run("thread", "show", ANA, "--account", PAGE_ACCOUNT)
    assert (ran.code, "front.routing" in ran.err) == (1, True)


def test_a_conversation_is_shown_taken_passed_and_released(deployment: Deployment) -> None:
    shared(deployment)
    meta, run = deployment.vendors.instagram, deployment.vendors.run
    meta.write_unseen(PAGE_ACCOUNT, ANA, "Hello")
    meta.routing.gives(PAGE_ACCOUNT, ANA, OTHER)
    routes = Routes(TABLE, deployment.aws.client("dynamodb"))
    routes.held(WHO, SOMEBODY, 1_700_000_000_000, 1_700_000_000.0)
    args = (ANA, "--account", PAGE_ACCOUNT, "--json")
    told = run("thread", "show", *args).json
    assert (told["holder"], told["owner"], told["since"][:4]) == ("another app", "no", "2023")
    told = run("thread", "take", *args).json
    assert (told["holder"], told["owner"]) == ("another app", "yes")  # who finds it ours shows what was said
    told = run("thread", "pass", *args, "--app", OTHER).json
    assert (told["holder"], told["owner"], meta.routing.owner(PAGE_ACCOUNT, ANA)) == (f"the app {OTHER}", "no", OTHER)
    ran = run("thread", "release", *args)
    assert (ran.code, "refuses it" in ran.out + ran.err) == (1, True)
    run("thread", "take", *args)
    assert run("thread", "release", *args).json["holder"] == "nobody"
    assert routes.held(WHO, SOMEBODY, 1, 1_700_000_000.0).holder == NOBODY
