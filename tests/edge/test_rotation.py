"""A webhook's secret changes while deliveries and forgeries come: what is genuine is taken while its sender repeats."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError, ConnectTimeoutError
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.aws.secrets import LIFETIME_S, SOONEST_REFRESH_S, SecretStore
from tests.contract.signing import signed
from tests.edge.kit import BODIES, PLATFORMS, SECRET, EdgeKit
from tests.fakes import START, FakeClock

NEXT = "the-next-secret-of-the-tests"
# Genesys repeats five times, 5 s apart, at 429, 5xx or silence; Meta and TikTok for hours.
# developer.genesys.cloud/commdigital/digital/openmessaging/validate
REPEATS, APART_S = 5, 5.0
each_platform = pytest.mark.parametrize("platform", PLATFORMS)


class Manager:
    """Secrets Manager as far as the store uses it; counts reads."""

    def __init__(self) -> None:
        self.reads = 0
        self.secrets: list[str] = [SECRET]
        self.fails: Callable[[], None] = lambda: None

    def get_secret_value(self, SecretId: str) -> dict[str, str]:
        self.reads += 1
        self.fails()
        return {"SecretString": json.dumps({"secrets": self.secrets, "verify_tokens": self.secrets})}


class Fleet:
    """Containers over one Secrets Manager and one clock."""

    def __init__(self, platform: str, containers: int = 1) -> None:
        self.platform = platform
        self.manager = Manager()
        self.clock = FakeClock()
        self.containers = [self.cold() for _ in range(containers)]

    def cold(self) -> EdgeKit:
        client: Any = self.manager
        kit = EdgeKit(SecretStore(self.clock, client))
        kit.clock = self.clock
        kit.edge._clock = self.clock
        return kit

    def deliver(self, kit: EdgeKit, secret: str = SECRET) -> int:
        return kit.post(self.platform, signed(self.platform, BODIES[self.platform], secret, self.clock())).status

    def forge(self, kit: EdgeKit) -> int:
        return self.deliver(kit, "a guess")


def throttled() -> None:
    raise ClientError({"Error": {"Code": "ThrottlingException"}}, "GetSecretValue")


def hangs() -> None:
    raise ConnectTimeoutError(endpoint_url="x")


def denied() -> None:
    raise ClientError({"Error": {"Code": "AccessDeniedException"}}, "GetSecretValue")


@each_platform
@pytest.mark.parametrize("age_s", [0.1, 3.0, SOONEST_REFRESH_S - 0.1])
def test_a_mismatch_is_not_final_where_the_copy_is_young(platform: str, age_s: float) -> None:
    fleet = Fleet(platform)
    [kit] = fleet.containers
    fleet.deliver(kit)
    fleet.manager.secrets = [NEXT]
    fleet.clock.advance(age_s)
    assert fleet.deliver(kit, NEXT) == 503
    endpoint = "desk" if platform == "genesys" else "social"
    assert kit.metrics.lines[-1] == ("not_checked", 1, {"endpoint": endpoint, "reason": "signature_mismatch"})
    fleet.clock.advance(APART_S)
    assert fleet.deliver(kit, NEXT) == 200
    assert len(kit.stored) == 2


@each_platform
def test_a_mismatch_is_final_by_a_secret_that_was_loaded_for_it(platform: str) -> None:
    fleet = Fleet(platform)
    [kit] = fleet.containers
    assert fleet.forge(kit) == 401  # a cold container has just read it
    fleet.clock.advance(SOONEST_REFRESH_S)
    assert fleet.forge(kit) == 401
    assert fleet.manager.reads == 2
    assert kit.metrics.total("rejected", reason="signature_mismatch") == 2
    assert kit.metrics.total("not_checked") == 0


@each_platform
@pytest.mark.parametrize("fails", [throttled, hangs, denied])
def test_a_mismatch_is_not_final_where_no_newer_secret_can_be_read(platform: str, fails: Callable[[], None]) -> None:
    fleet = Fleet(platform)
    [kit] = fleet.containers
    fleet.deliver(kit)
    fleet.manager.fails = fails
    for _ in range(20):
        fleet.clock.advance(7)
        assert fleet.deliver(kit, NEXT) == 503
        assert fleet.deliver(kit) == 200  # what the old secret proves goes on
    fleet.clock.advance(LIFETIME_S)
    assert fleet.deliver(kit) == 200


@each_platform
def test_without_any_secret_read_the_sender_is_asked_to_repeat(platform: str) -> None:
    fleet = Fleet(platform)
    [kit] = fleet.containers
    fleet.manager.fails = hangs
    assert [fleet.deliver(kit) for _ in range(3)] == [500] * 3
    assert fleet.manager.reads == 1  # and is not kept waiting each time
    fleet.manager.fails = lambda: None
    fleet.clock.advance(SOONEST_REFRESH_S)
    assert fleet.deliver(kit) == 200


@each_platform
def test_a_secret_that_was_empty_is_found_while_the_sender_repeats(platform: str) -> None:
    fleet = Fleet(platform)
    fleet.manager.secrets = [""]
    [kit] = fleet.containers
    assert fleet.deliver(kit) == 401  # just read: there is none
    fleet.manager.secrets = [SECRET]
    assert fleet.deliver(kit) in {401, 503}
    fleet.clock.advance(SOONEST_REFRESH_S)
    assert fleet.deliver(kit) == 200


@each_platform
@pytest.mark.parametrize("every_s", [0.05, 1.0, 30.0])
def test_a_flood_of_forgeries_is_no_flood_of_reads(platform: str, every_s: float) -> None:
    fleet = Fleet(platform)
    [kit] = fleet.containers
    fleet.deliver(kit)
    while fleet.clock() < START + 300:
        assert fleet.forge(kit) in {401, 503}
        fleet.clock.advance(every_s)
    assert fleet.manager.reads <= 1 + 300 / max(every_s, SOONEST_REFRESH_S) + 1
    assert fleet.deliver(kit) == 200


@settings(max_examples=150)
@given(data=st.data())
def test_what_is_genuine_is_taken_while_genesys_repeats(data: st.DataObject) -> None:
    """Warm and cold containers, forgeries at any pace on any of them, a rotation at any moment."""
    fleet = Fleet("genesys", data.draw(st.integers(1, 8), "warm containers"))
    for kit in fleet.containers:
        fleet.clock.now = START + data.draw(st.floats(0, 20), "when it read its secret")
        fleet.deliver(kit)
    # what was read in the very instant of a rotation was read after it: a container does one thing at a time
    fleet.clock.now = START + 20 + data.draw(st.floats(1e-3, 400), "the rotation")
    fleet.manager.secrets = [NEXT]
    every_s = data.draw(st.sampled_from([0.3, 1.0, 4.9, 5.0, 5.1, 30.0]), "forgeries come every")
    answers: list[int] = []
    while not answers or (answers[-1] == 503 and len(answers) <= REPEATS):
        if data.draw(st.booleans(), "a cold container"):
            fleet.containers.append(fleet.cold())
        answers.append(fleet.deliver(data.draw(st.sampled_from(fleet.containers), "takes it"), NEXT))
        ends = fleet.clock() + APART_S
        while fleet.clock() < ends:
            fleet.forge(data.draw(st.sampled_from(fleet.containers), "takes the forgery"))
            fleet.clock.advance(every_s)
    assert answers[-1] == 200
    assert len(answers) <= 2
