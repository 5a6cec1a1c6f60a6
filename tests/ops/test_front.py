"""doctor of who is asked before an agent is: an endpoint that refuses, and the mode that a model takes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from sandbox.simulators.front.simulator import KEY, SECRET, Front, Script
from sandbox.stage.faults import Faults
from tests.ops.conftest import INSTAGRAM, Deployment

pytestmark = pytest.mark.xdist_group("ops")
INTENTS = {"order": "asks where an order is"}


@pytest.fixture
def front(deployment: Deployment, monkeypatch: pytest.MonkeyPatch) -> Iterator[Front]:
    made = Front(deployment.vendors.clock, Faults())
    made.start()
    monkeypatch.setenv("DMDESK_MEDIA_HOSTS", made.url)
    monkeypatch.setenv("DMDESK_BEDROCK_API", made.url)
    deployment.secret(SECRET, {"keys": [KEY]})
    yield made
    made.stop()


def found(deployment: Deployment, check: str, front: dict[str, Any]) -> dict[str, Any]:
    """The finding of an account with that front."""
    deployment.account("instagram", INSTAGRAM, login="instagram", name="our.shop", front=json.dumps(front))
    everything = deployment.vendors.run("doctor", "--json").json
    [hit] = [one for one in everything if one["check"] == check]
    assert INSTAGRAM in hit["subject"]
    told: dict[str, Any] = hit
    return told


def test_a_crm_that_takes_a_signed_call(deployment: Deployment, front: Front) -> None:
    crm = {"crm": {"url": f"{front.url}/crm", "secret": SECRET}}
    assert found(deployment, "crm", crm)["status"] == "ok"
    [call] = front.calls()
    assert json.loads(call["body"])["customerId"] == "dmdesk-doctor"


def test_a_crm_that_refuses_and_one_without_a_key(deployment: Deployment, front: Front) -> None:
    deployment.secret(SECRET, {"keys": ["whsec_" + "QUJD" * 12]})
    crm = {"crm": {"url": f"{front.url}/crm", "secret": SECRET}}
    hit = found(deployment, "crm", crm)
    assert (hit["status"], hit["detail"]) == ("fail", "the endpoint answered 401")
    deployment.secret(SECRET, {})
    hit = found(deployment, "crm", crm)
    assert (hit["status"], "whsec_" in hit["fix"]) == ("fail", True)


def test_a_model_that_answers(deployment: Deployment, front: Front) -> None:
    hit = found(deployment, "triage", {"triage": {"intents": INTENTS, "model": "amazon.nova-micro-v1:0"}})
    assert hit["status"] in {"ok", "warn"}  # a busy machine may be slower than a model
    assert hit["detail"].startswith("tool: answers")


@pytest.mark.parametrize("taken", ["schema", "text"])
def test_the_mode_that_a_model_takes_is_found(deployment: Deployment, front: Front, taken: Any) -> None:
    front.script = Script(modes=(taken,))
    hit = found(deployment, "triage", {"triage": {"intents": INTENTS, "model": "anthropic.claude-x"}})
    assert hit["status"] == "fail"
    assert "400 ValidationException" in hit["detail"]
    assert hit["fix"] == f'set front.triage.mode to "{taken}" and run terraform apply'


def test_a_model_that_talks_in_every_mode(deployment: Deployment, front: Front) -> None:
    front.script = Script(model="nonsense")
    hit = found(deployment, "triage", {"triage": {"intents": INTENTS, "model": "m", "mode": "text"}})
    assert hit["status"] == "fail"
    assert hit["detail"] == "answers something else than it was asked for"


def test_a_bot_that_answers(deployment: Deployment, front: Front) -> None:
    hit = found(deployment, "bot", {"bot": {"model": "amazon.nova-lite-v1:0"}})
    assert (hit["status"], hit["detail"]) == ("ok", "answers within 8 s")


@pytest.mark.parametrize("taken", ["schema", "text"])
def test_the_mode_in_which_a_bot_answers_is_found(deployment: Deployment, front: Front, taken: Any) -> None:
    front.script = Script(modes=(taken,))
    hit = found(deployment, "bot", {"bot": {"model": "anthropic.claude-x"}})
    assert (hit["status"], hit["fix"]) == ("fail", f'set front.bot.mode to "{taken}" and run terraform apply')


def test_a_bot_that_answers_something_else(deployment: Deployment, front: Front) -> None:
    hit = found(deployment, "bot", {"bot": {"url": f"{front.url}/crm", "secret": SECRET}})
    assert (hit["status"], hit["detail"]) == ("fail", "answers something else than it was asked for")


@pytest.mark.usefixtures("front")
def test_who_has_none_is_told_nothing(deployment: Deployment) -> None:
    assert [
        one for one in deployment.vendors.run("doctor", "--json").json if one["check"] in {"crm", "triage", "bot"}
    ] == []


@pytest.mark.parametrize(("zone", "status"), [("Europe/Berlin", "ok"), ("UTC", "ok"), ("Mars/Olympus", "fail")])
def test_the_clock_of_the_thanks(deployment: Deployment, front: Front, zone: str, status: str) -> None:
    hit = found(deployment, "thanks", {"thanks": {"zone": zone}})
    assert (hit["status"], zone in hit["detail"]) == (status, True)
    assert ("front.thanks.zone" in hit.get("fix", "")) == (status == "fail")
