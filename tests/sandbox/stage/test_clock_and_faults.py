"""The shared clock and the faults."""

from __future__ import annotations

import time
from typing import Any

import pytest

from sandbox.stage.clock import Clock, iso
from sandbox.stage.faults import Fault, Faults, struck
from sandbox.stage.web import HANG, RESET, Answer


def test_the_clock_is_the_time_plus_its_offset() -> None:
    clock = Clock()
    before = time.time()
    assert before <= clock() <= time.time()
    clock.offset_s, before = -3600, time.time()
    assert before - 3600 <= clock() <= time.time() - 3600


def test_iso_has_milliseconds_and_z() -> None:
    assert iso(1789814497.488) == "2026-09-19T10:41:37.488Z"
    assert iso(0) == "1970-01-01T00:00:00.000Z"


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"target": "x"}, "target must be one of"),
        ({"kind": "explode"}, "kind must be one of"),
        ({"status": 42}, "status must be"),
        ({"rate": 1.5}, "rate must be"),
        ({"count": 0}, "count must be"),
        ({"delay_ms": -1}, "delay_ms must"),
        ({"retry_after": -1}, "retry_after must"),
        ({"target": "tiktok", "code": "conflict"}, "code must be a number"),
    ],
)
def test_wrong_faults_are_refused(faults: Faults, wrong: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        faults.add(**({"target": "genesys", "kind": "status"} | wrong))


def test_count_path_and_target_limit_a_fault(faults: Faults) -> None:
    faults.add("genesys", "reset", count=1, path="/inbound/")
    assert faults.pick("instagram", "/inbound/", accepting=True) is None
    assert faults.pick("genesys", "/oauth/token", accepting=False) is None
    assert faults.pick("genesys", "/x/inbound/open", accepting=False) is not None
    assert faults.pick("genesys", "/x/inbound/open", accepting=False) is None
    assert faults.describe()[0]["fired"] == 1
    faults.clear()
    assert faults.describe() == []


def test_timeout_after_accept_strikes_only_what_creates(faults: Faults) -> None:
    faults.add("tiktok", "timeout_after_accept")
    assert faults.pick("tiktok", "/x/", accepting=False) is None
    assert faults.pick("tiktok", "/x/", accepting=True) is not None


def test_rate_is_a_seeded_chance() -> None:
    def strikes(seed: int) -> list[bool]:
        faults = Faults()
        faults.enter("genesys", numbered=False)
        faults.add("genesys", "status", rate=0.3, seed=seed)
        return [faults.pick("genesys", "/", accepting=False) is not None for _ in range(200)]

    assert strikes(1) == strikes(1) != strikes(2)
    assert 30 < sum(strikes(1)) < 90


def test_struck_carries_out_each_kind() -> None:
    done: list[str] = []

    def work() -> Answer:
        done.append("work")
        return Answer(200, after=lambda: done.append("after"))

    def under(fault: Fault | None) -> object:
        done.clear()
        return struck(fault, work=work, refuse=lambda f: Answer(f.status), pause=lambda s: done.append(f"{s}"))

    assert isinstance(under(None), Answer)
    assert done == ["work"]
    assert under(Fault("genesys", "reset")) is RESET
    assert done == []
    assert under(Fault("genesys", "status", status=503)) == Answer(503)
    assert done == []
    under(Fault("genesys", "delay", delay_ms=250))
    assert done == ["0.25", "work"]
    assert under(Fault("genesys", "timeout_after_accept")) is HANG
    assert done == ["work", "after"]
