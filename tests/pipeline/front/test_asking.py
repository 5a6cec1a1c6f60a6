"""Several who are asked: side by side, in their order, and nothing of what the bridge knows is replaced."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.errors import Uncertain
from chalicelib.pipeline.front.asking import together
from chalicelib.pipeline.inbound.composing import Draft, switched
from chalicelib.vocabulary.front import NOTHING, Front
from tests.pipeline.front.kit import CRM, RIGHT, TRIAGE, Kit, account, draft

BOTH = Front(crm=CRM, triage=TRIAGE)


@pytest.fixture
def kit() -> Kit:
    return Kit()


def test_both_are_asked_at_once(kit: Kit, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each answers only when the other has been asked."""
    met = threading.Barrier(2, timeout=60)
    post, judge = kit.says.post, kit.says.judge
    monkeypatch.setattr(kit.says, "post", lambda *asked: (met.wait(), post(*asked))[1])
    monkeypatch.setattr(kit.says, "judge", lambda *asked: (met.wait(), judge(*asked))[1])
    kit.container()
    kit.says.crm = {"tier": "gold", "priority": 5}
    told = kit.asking.enrich(draft(BOTH, facts={"channel": "instagram"})).facts
    assert list(told) == [
        "channel", "priority", "triageIntent", "triageSentiment", "triageLanguage", "triageUrgency", "triageSpam",
        "crm_tier",
    ]  # fmt: skip
    assert told["priority"] == "900"


def test_what_is_off_is_not_asked_and_what_is_on_once(kit: Kit) -> None:
    assert kit.asking.enrich(draft(NOTHING)).facts == {}
    assert (kit.says.posts, kit.says.questions, kit.memory.held, kit.metrics.lines) == ([], [], {}, [])
    kit.asking.enrich(draft(BOTH))
    assert (len(kit.says.posts), len(kit.says.questions)) == (1, 1)


def test_one_that_fails_is_not_the_others_trouble(kit: Kit) -> None:
    kit.says.crm = Uncertain("late")
    assert kit.asking.enrich(draft(BOTH)).facts["triageIntent"] == RIGHT["intent"]
    kit.container()
    kit.says.crm, kit.says.model = {"tier": "gold"}, Uncertain("late")
    kit.clock.advance(3600)
    kit.memory.held.clear()
    assert kit.asking.enrich(draft(BOTH)).facts == {"crm_tier": "gold"}


def test_who_is_switched_off_is_not_even_made() -> None:
    made: list[str] = []

    def make() -> Any:
        made.append("made")
        return lambda draft: draft

    enrich = switched(lambda account: account.front.crm is not None, make)
    one, other = draft(NOTHING), draft(Front(crm=CRM))
    assert enrich(one) is one
    assert made == []
    assert enrich(other) is other
    assert made == ["made"]


names = st.sampled_from(["priority", "channel", "crm_a", "triageIntent"])
numbered = st.dictionaries(names, st.integers(0, 99).map(str))


@given(known=numbered, told=st.lists(numbered, max_size=3))
def test_what_is_known_stays_and_comes_first(known: dict[str, str], told: list[dict[str, str]]) -> None:
    facts = together(known, told)
    assert list(facts)[: len(known)] == list(known)
    assert all(facts[name] == value for name, value in known.items())
    assert facts.keys() == known.keys() | {name for more in told for name in more}


def test_a_draft_keeps_all_else(kit: Kit) -> None:
    before: Draft = draft(BOTH)
    after = kit.asking.enrich(before)
    assert (after.message, after.claim, after.arrival) == (before.message, before.claim, before.arrival)
    assert after.account == account(BOTH)


def test_not_even_a_table_that_refuses_is_the_messages_trouble(kit: Kit, monkeypatch: pytest.MonkeyPatch) -> None:
    """A right that a role lacks is no outage, and is told by another exception."""

    def refuse(*_: object) -> bytes:
        raise PermissionError

    for method in ("get", "keep", "keep_first"):
        monkeypatch.setattr(kit.counted, method, refuse)
    before = draft(BOTH, facts={"a": "b"})
    assert kit.asking.enrich(before) is before
