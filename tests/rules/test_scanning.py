"""What each verdict of a malware scanner means."""

from __future__ import annotations

from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.rules.scanning import Policy, fate

# docs.aws.amazon.com/guardduty/latest/ug/monitoring-malware-protection-s3-scans-gdu.html
OUTCOMES = ["NO_THREATS_FOUND", "THREATS_FOUND", "UNSUPPORTED", "ACCESS_DENIED", "FAILED"]
policies = st.builds(
    Policy,
    wait_s=st.floats(5, 900),
    without_verdict=st.sampled_from(["refuse", "allow", "hold"]),
    unscannable=st.sampled_from(["refuse", "allow"]),
)


@pytest.mark.parametrize(
    ("verdict", "refusing", "allowing"),
    [
        ("NO_THREATS_FOUND", "clean", "clean"),
        ("THREATS_FOUND", "threat", "threat"),
        ("UNSUPPORTED", "unchecked", "clean"),
        ("ACCESS_DENIED", "unchecked", "clean"),
        ("FAILED", "unchecked", "clean"),
        ("SOMETHING_NEW", "unchecked", "clean"),
        ("no_threats_found", "unchecked", "clean"),
    ],
)
def test_every_outcome_has_its_rule(verdict: str, refusing: str, allowing: str) -> None:
    assert fate(verdict, 0, Policy(wait_s=60)) == refusing
    assert fate(verdict, 0, Policy(wait_s=60, unscannable="allow")) == allowing


@pytest.mark.parametrize(
    ("without", "waited_s", "became"),
    [
        ("refuse", 59.9, "waits"),
        ("refuse", 60, "unchecked"),
        ("allow", 59.9, "waits"),
        ("allow", 60, "clean"),
        ("hold", 60, "waits"),
        ("hold", 6 * 3600 - 1, "waits"),
        ("hold", 6 * 3600, "unchecked"),
    ],
)
def test_what_is_without_a_verdict_waits_and_then_as_is_set(
    without: Literal["refuse", "allow", "hold"], waited_s: float, became: str
) -> None:
    policy = Policy(wait_s=60, without_verdict=without)
    assert fate("", waited_s, policy) == became


@given(policy=policies, waited_s=st.floats(0, 1e9))
def test_what_is_found_infected_is_never_handed_on(policy: Policy, waited_s: float) -> None:
    assert fate("THREATS_FOUND", waited_s, policy) == "threat"


@given(policy=policies, verdict=st.sampled_from(["", *OUTCOMES]), waited_s=st.floats(0, 1e9))
def test_only_a_clean_verdict_or_a_setting_hands_a_file_on(policy: Policy, verdict: str, waited_s: float) -> None:
    if fate(verdict, waited_s, policy) == "clean" and verdict != "NO_THREATS_FOUND":
        assert "allow" in {policy.without_verdict if verdict == "" else policy.unscannable}


@given(policy=policies)
def test_nothing_waits_for_ever(policy: Policy) -> None:
    assert fate("", 86_400, policy) != "waits"
