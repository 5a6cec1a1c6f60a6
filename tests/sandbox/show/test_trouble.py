"""The switches: each makes its trouble, and is off again when it is turned off."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from chalicelib.channels.instagram.webhook import WEBHOOK as INSTAGRAM
from chalicelib.channels.tiktok.webhook import WEBHOOK as TIKTOK
from chalicelib.errors import Rejected
from chalicelib.http import Answer, Request
from chalicelib.protocols.webhook import Webhook
from sandbox.cast import tokens_of
from sandbox.show.masking import Masker
from sandbox.show.road import Road
from sandbox.show.trouble import FORGED, Toggle, Trouble, faults_of
from sandbox.simulators.front.simulator import Front
from sandbox.simulators.instagram.simulator import InstagramSimulator
from sandbox.stage.clock import Clock
from sandbox.stage.faults import Fault, Faults
from sandbox.stage.journal import Journal
from sandbox.stage.mirror import Mirror
from sandbox.stage.poller import WorkerKilled
from tests.sandbox.conftest import Receiver, until
from tests.sandbox.kit import VENDORS, an_event, calls, names, played, simulators

SHOP, PERSON = "17841400000000001", "1000000000000001"
FAULTS = faults_of([*VENDORS, Front])
OTHERS = ("model_nonsense", "customer_bot", "duplicates", "reorder", "kill_worker")
SEND = "https://graph.example/v25.0/me/messages"


@pytest.fixture
def instagram(clock: Clock, faults: Faults, receiver: Receiver) -> Iterator[InstagramSimulator]:
    simulator = InstagramSimulator(clock, faults, retry_delays_s=())
    simulator.add_account(SHOP, access_token="IGAA1", app_secret="s", webhook_url=receiver.url)
    simulator.start()
    yield simulator
    simulator.stop()


@pytest.fixture
def road(clock: Clock) -> Road:
    return Road(Journal(), Masker(), clock, names(), calls())


@pytest.fixture
def trouble(
    clock: Clock, faults: Faults, instagram: InstagramSimulator, road: Road, receiver: Receiver
) -> Iterator[Trouble]:
    genesys, _, tiktok = others = simulators(clock, faults)
    front, mirror = Front(clock, faults), Mirror({})
    toggles = {
        "model_nonsense": Toggle(front.talks_nonsense, front.talk_nonsense),
        "customer_bot": Toggle(mirror.is_on, mirror.turn),
    }
    yield Trouble(faults, played(genesys, instagram, tiktok, clock), road, receiver.url, [front], toggles)
    for simulator in (*others, front):
        simulator.stop()


@pytest.mark.parametrize("name", [*FAULTS, *OTHERS])
def test_a_switch_is_on_until_it_is_off(trouble: Trouble, name: str) -> None:
    trouble.switch(name, True)
    assert [one for one, on in trouble.state().items() if on] == [name]
    trouble.switch(name, False)
    assert not any(trouble.state().values())


def test_every_switch_is_named(trouble: Trouble) -> None:
    assert trouble.names == (*FAULTS, *OTHERS, FORGED)


@pytest.mark.parametrize("name", FAULTS)
def test_switched_on_twice_is_off_at_once(trouble: Trouble, faults: Faults, name: str) -> None:
    for on in (True, True, False):
        trouble.switch(name, on)
    assert faults.describe() == []


@pytest.mark.parametrize(
    ("switch", "fault", "others"),
    [
        (None, None, False),
        (None, Fault("genesys", "delay"), True),
        ("genesys_down", None, False),
        ("genesys_down", Fault("genesys", "delay"), True),
        (None, FAULTS["platform_429"][0], True),  # one half of a switch is no switch that is on
        (None, FAULTS["genesys_down"][0], False),  # made elsewhere, and the same
    ],
)
def test_faults_that_no_switch_made_are_told(
    trouble: Trouble, faults: Faults, switch: str | None, fault: Fault | None, others: bool
) -> None:
    if switch:
        trouble.switch(switch, True)
    if fault:
        faults.arm(fault)
    assert trouble.state()["others"] is others


def test_a_switch_leaves_other_faults_alone(trouble: Trouble, faults: Faults) -> None:
    faults.add("genesys", "reset", count=1)
    trouble.switch("genesys_down", True)
    trouble.switch("genesys_down", False)
    assert faults.armed() == [Fault("genesys", "reset", count=1)]


def test_clearing_the_faults_turns_their_switches_off(trouble: Trouble, faults: Faults) -> None:
    trouble.switch("genesys_429", True)
    faults.clear()
    assert not trouble.state()["genesys_429"]


def test_a_reset_turns_the_rest_off(trouble: Trouble) -> None:
    for name in OTHERS:
        trouble.switch(name, True)
    trouble.reset()
    assert not any(trouble.state().values())


def test_an_unknown_switch_is_refused(trouble: Trouble) -> None:
    with pytest.raises(ValueError, match="genesys_429, genesys_down"):
        trouble.switch("meteor", True)


@pytest.mark.parametrize(
    ("name", "target", "path", "status"),
    [
        ("genesys_429", "genesys", "/api/v2/conversations/messages/i/inbound/open/message", 429),
        ("genesys_down", "genesys", "/oauth/token", 503),
        ("platform_refuses", "instagram", "/v25.0/me/messages", 400),
        ("platform_429", "tiktok", "/open_api/v1.3/business/message/send/", 429),
        ("model_down", "model", "/model/a-model/converse", 503),
        ("crm_down", "crm", "/crm", 503),
    ],
)
def test_what_is_answered(trouble: Trouble, faults: Faults, name: str, target: str, path: str, status: int) -> None:
    trouble.switch(name, True)
    fault = faults.pick(target, path, accepting=True)
    assert fault is not None
    assert fault.status == status


def texts(receiver: Receiver, count: int) -> list[str]:
    bodies: list[Any] = [json.loads(call.body) for call in receiver.wait(count)]
    return [body["entry"][0]["messaging"][0]["message"]["text"] for body in bodies]


def test_webhooks_come_twice(trouble: Trouble, instagram: InstagramSimulator, receiver: Receiver) -> None:
    trouble.switch("duplicates", True)
    instagram.write(SHOP, PERSON, "Hola")
    first, second = receiver.wait(2)
    assert first.body == second.body


def test_webhooks_overtake_each_other(trouble: Trouble, instagram: InstagramSimulator, receiver: Receiver) -> None:
    trouble.switch("reorder", True)
    for text in ("first", "second"):
        instagram.write(SHOP, PERSON, text)
    assert texts(receiver, 2) == ["second", "first"]


def test_a_forged_webhook_is_sent_and_its_answer_told(trouble: Trouble, receiver: Receiver) -> None:
    receiver.answers = [401]
    assert trouble.switch("forged", True) == {"status": 401}
    assert texts(receiver, 1) == ["Forged"]
    assert receiver.calls[0].header("X-Hub-Signature-256") == f"sha256={'0' * 64}"


@pytest.mark.parametrize(("channel", "webhook"), [(0, INSTAGRAM), (1, TIKTOK)], ids=["Instagram", "TikTok"])
def test_a_forged_webhook_is_all_right_but_for_its_signature(
    clock: Clock, faults: Faults, channel: int, webhook: Webhook
) -> None:
    """Any channel may be the one whose customer the forger pretends to be."""
    vendors = played(*simulators(clock, faults), clock)
    forger = vendors.channels[channel]
    for account in forger.accounts:
        forger.connect(account, "http://127.0.0.1:9", tokens_of(account))
    body, headers = forger.forged(clock())
    (event,) = forger.source.events(body)
    assert (event.account, event.party) == (forger.accounts[0]["id"], forger.customer)
    sent = {name.lower(): value for name, value in headers.items()}
    with pytest.raises(Rejected, match="signature_mismatch"):
        webhook.verify(Request(method="POST", headers=sent, query={}, body=body), ["a secret"], clock())
    for vendor in vendors.all:
        vendor.simulator.stop()


def test_a_worker_dies_once_and_after_its_call(trouble: Trouble, road: Road) -> None:
    made: list[int] = []

    def sent() -> Answer:
        made.append(1)
        return Answer(status=200, headers={}, body=b"{}")

    def handle(event: object, attempt: int) -> None:
        road.call("POST", SEND, {}, b"", sent)

    trouble.switch("kill_worker", True)
    with pytest.raises(WorkerKilled):
        road.work(an_event(), 1, handle)
    assert made == [1]
    assert not trouble.state()["kill_worker"]
    road.work(an_event(), 2, handle)
    assert made == [1, 1]


def test_what_nobody_took_is_known_until_it_is_forgotten(instagram: InstagramSimulator, receiver: Receiver) -> None:
    receiver.answers = [500]
    instagram.write(SHOP, PERSON, "Hola")
    assert instagram.deliveries.given_up() == {receiver.calls[0].body}
    instagram.reset()
    assert instagram.deliveries.given_up() == set()


def test_what_is_taken_at_a_retry_is_not_given_up(clock: Clock, faults: Faults, receiver: Receiver) -> None:
    simulator = InstagramSimulator(clock, faults, retry_delays_s=(0,))
    simulator.add_account(SHOP, access_token="IGAA1", app_secret="s", webhook_url=receiver.url)
    receiver.answers = [500, 200]
    simulator.write(SHOP, PERSON, "Hola")
    receiver.wait(2)
    until(lambda: simulator.deliveries.given_up() == set())
    simulator.stop()
