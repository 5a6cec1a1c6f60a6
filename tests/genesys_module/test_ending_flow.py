"""The workflow that tells ends: what it is given, what it gives on, and that nothing of it is left to be filled in."""

from __future__ import annotations

import re
from typing import Any

import pytest
import yaml
from PureCloudPlatformClientV2 import CustomerEndDetailEventTopicCustomerEndEvent

from sandbox.simulators.genesys.flows import BadFlow, call_of, flow_in
from tests.genesys_module.conftest import MODULE

TEXT = (MODULE / "flows" / "conversation_end.yaml").read_text(encoding="utf-8")
TERRAFORM = (MODULE / "ending.tf").read_text(encoding="utf-8")
FILLED = {"flow_name": '"acme: end"', "division": '"Home"', "category": '"acme: end"', "action": '"Tell # it"'}
ACTION = ("acme: end", "Tell # it")
# Architect's variables by the types of Genesys' model; the model's field → its type.
TYPES = {"stringVariable": "str", "integerVariable": "int"}
JSON_TYPES = {"str": "string", "int": "integer"}
EVENT: dict[str, str] = {
    name: CustomerEndDetailEventTopicCustomerEndEvent().swagger_types[attribute]
    for attribute, name in CustomerEndDetailEventTopicCustomerEndEvent().attribute_map.items()
}


def filled() -> str:
    return re.sub(r"\{\{(\w+)\}\}", lambda name: FILLED[name[1]], TEXT)


def variables() -> dict[str, str]:
    """The workflow's input, with the types of Genesys' model."""
    listed: list[dict[str, dict[str, Any]]] = yaml.safe_load(filled())["workflow"]["variables"]
    found = [next(iter(one.items())) for one in listed]
    assert all(held["isInput"] for _, held in found)
    return {held["name"].removeprefix("Flow."): TYPES[kind] for kind, held in found}


def test_it_is_given_fields_that_the_event_has_of_the_same_type() -> None:
    assert variables() == {name: EVENT[name] for name in variables()}


def test_it_gives_the_action_what_the_contract_wants() -> None:
    contract = dict(re.findall(r'^      (\w+)\s+= \{ type = "(\w+)" \}$', TERRAFORM, re.MULTILINE))
    wanted = {name: JSON_TYPES[kind] for name, kind in variables().items()} | {"type": "string"}
    assert contract == wanted
    event: dict[str, Any] = {
        "conversationId": "c",
        "eventTime": 7,
        "addressTo": "i",
        "addressFrom": "55501",
        "ani": "x",
    }
    call = call_of(filled(), event)
    assert (call.category, call.action) == ACTION
    assert call.inputs == {"type": "Ended"} | {name: event[name] for name in variables()}
    assert call_of(filled(), {"conversationId": "c"}).inputs == {"type": "Ended", "conversationId": "c"}


def test_every_placeholder_has_a_substitution_and_the_other_way_round() -> None:
    block = re.search(r"substitutions = \{(.*?)\n  \}", TERRAFORM, re.DOTALL)
    assert block
    given = re.findall(r"^\s+(\w+)\s+=", block[1], re.MULTILINE)
    assert set(re.findall(r"\{\{(\w+)\}\}", TEXT)) == set(given) == set(FILLED)


def test_the_simulated_architect_takes_it_where_it_finds_the_action() -> None:
    assert flow_in(filled(), set(), {ACTION}) == ("acme: end", "workflow")
    with pytest.raises(BadFlow, match="no data action"):
        flow_in(filled(), set())
    with pytest.raises(BadFlow, match="was not substituted"):
        flow_in(TEXT, set())
