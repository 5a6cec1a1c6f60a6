"""What a classifier is asked, and what its answer may be, whatever a customer writes."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.rules import triage as rules
from chalicelib.vocabulary.front import Triage
from tests.corpus.injection import ANSWERS, MESSAGES

TRIAGE = Triage(intents={"order": "asks where an order is", "returns": ""}, model="amazon.nova-micro-v1:0")
RIGHT = {"intent": "order", "sentiment": "negative", "language": "de", "urgency": "high", "spam": 7}
TOLD = {
    "triageIntent": "order",
    "triageSentiment": "negative",
    "triageLanguage": "de",
    "triageUrgency": "high",
    "triageSpam": "7",
}


def test_an_answer_becomes_participant_data() -> None:
    assert rules.facts(TRIAGE, RIGHT) == TOLD
    assert rules.facts(TRIAGE, json.dumps(RIGHT)) == TOLD
    assert rules.facts(TRIAGE, RIGHT | {"intent": "other", "language": "und"}) == TOLD | {
        "triageIntent": "other",
        "triageLanguage": "und",
    }


def test_the_accounts_priority_of_an_urgency_is_told() -> None:
    triage = Triage(intents={"order": ""}, model="m", priorities={"high": 1440})
    assert rules.facts(triage, RIGHT) == {"priority": "1440"} | TOLD
    assert rules.facts(triage, RIGHT | {"urgency": "low"}) == TOLD | {"triageUrgency": "low"}


def test_no_dictated_answer_gets_outside_of_the_schema() -> None:
    """Each message of the corpus, to a model that says whatever it was talked into."""
    outside = [(message, answer) for message in MESSAGES for answer in ANSWERS if rules.facts(TRIAGE, answer)]
    print(f"answers outside of the schema that were taken: {len(outside)} of {len(MESSAGES) * len(ANSWERS)}")
    assert outside == []


def test_what_a_customer_dictates_within_the_schema_is_data_of_the_accounts_own_list() -> None:
    """Nobody can tell a dictated label from a judged one: that is why none of them decides anything by itself."""
    told = rules.facts(TRIAGE, RIGHT | {"spam": 0, "urgency": "high"})
    assert told is not None
    assert told["triageIntent"] in {"order", "returns", "other"}


@pytest.mark.parametrize("message", MESSAGES, ids=range(len(MESSAGES)))
def test_no_message_closes_the_marks_around_it(message: str) -> None:
    mark = "5f1c0a"
    asked = rules.fenced(rules.judged(TRIAGE, message), mark)
    assert asked.split("\n")[0] == mark == asked.split("\n")[-1]
    assert asked.count(mark) == 2
    assert message not in rules.instructions(TRIAGE.intents, mark)


def test_the_model_reads_the_accounts_intents_and_their_meaning() -> None:
    asked = rules.instructions(TRIAGE.intents, "mark")
    assert "- order: asks where an order is\n- returns: returns\n" in asked


def test_numbers_and_addresses_leave_only_where_that_is_wanted() -> None:
    text = "mail a@example.com, card 4111 1111 1111 1111"
    assert rules.judged(TRIAGE, text) == "mail [email], card [card]"
    plain = Triage(intents={"order": ""}, model="m", redact=False)
    assert rules.judged(plain, text) == text


@given(text=st.text(max_size=50), times=st.integers(0, 400))
def test_no_more_leaves_than_is_judged(text: str, times: int) -> None:
    assert len(rules.judged(TRIAGE, text * times)) <= rules.LONGEST_TEXT
