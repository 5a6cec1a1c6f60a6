"""The inbound message flow: Architect cannot be asked offline, so its shape is checked against what we know of it."""

from __future__ import annotations

import re
from types import SimpleNamespace
from typing import Any, get_args

import msgspec
import pytest
import yaml

from chalicelib.rules import windows
from chalicelib.rules.participant import NAMES
from sandbox.simulators.genesys.flows import BadFlow, flow_in
from tests.genesys_module.conftest import MODULE

TEXT = (MODULE / "flows" / "inbound_message.yaml").read_text(encoding="utf-8")
FILLED = {
    "flow_name": '"acme: inbound # 1"', "division": '"Home"', "queue_name": '"Social \\"messages\\""',
    "late_reply": '"Zu spät 😀\\n{x}: \\u003cbye\\u003e"', "late_after_hours": "23", "priority": "-5",
}  # fmt: skip


class _Strict(msgspec.Struct, forbid_unknown_fields=True, rename="camel", kw_only=True):
    """An object in which an unknown key is an error."""


class Value(_Strict):
    """lit, exp, var or noValue: exactly one."""

    lit: str | dict[str, str] | None = None
    exp: str | None = None
    no_value: bool | None = None

    def __post_init__(self) -> None:
        given = [one for one in (self.lit, self.exp, self.no_value) if one is not None]
        if len(given) != 1:
            raise ValueError("one of lit, exp, noValue")


class Variable(_Strict):
    name: str
    initial_value: Value
    is_input: bool
    is_output: bool


class StringVariable(_Strict):
    string_variable: Variable


class Attribute(_Strict):
    name: Value
    variable: str


class AttributeItem(_Strict):
    attribute: Attribute


class GetParticipantData(_Strict):
    name: str
    attributes: list[AttributeItem]


class SendResponse(_Strict):
    name: str
    message_body: Value


class Disconnect(_Strict):
    name: str


class TransferToAcd(_Strict):
    name: str
    target_queue: Value
    priority: Value
    preferred_agents: Value
    language_skill: Value


class Action(_Strict):
    """One action under its name."""

    get_participant_data: GetParticipantData | None = None
    decision: Decision | None = None
    send_response: SendResponse | None = None
    disconnect: Disconnect | None = None
    transfer_to_acd: TransferToAcd | None = None

    def __post_init__(self) -> None:
        if sum(getattr(self, name) is not None for name in self.__struct_fields__) != 1:
            raise ValueError("one action each")


class Actions(_Strict):
    actions: list[Action]


class Decision(_Strict):
    name: str
    condition: Value
    outputs: dict[str, Actions]


class State(_Strict):
    name: str
    ref_id: str
    variables: list[StringVariable]
    actions: list[Action]


class StateItem(_Strict):
    state: State


class Flow(_Strict):
    name: str
    division: str
    start_up_ref: str
    default_language: str
    supported_languages: dict[str, Any]
    settings_error_handling: dict[str, Any]
    states: list[StateItem]


class Document(_Strict):
    inbound_short_message: Flow


def filled(**changed: str) -> str:
    text = TEXT
    for key, value in (FILLED | changed).items():
        text = text.replace("{{" + key + "}}", value)
    return text


def state(**changed: str) -> State:
    document = msgspec.convert(yaml.safe_load(filled(**changed)), Document)
    (item,) = document.inbound_short_message.states
    return item.state


def test_it_has_the_shape_of_an_inbound_message_flow() -> None:
    flow = msgspec.convert(yaml.safe_load(filled()), Document).inbound_short_message
    assert flow.name == "acme: inbound # 1"
    assert flow.start_up_ref == f"/inboundShortMessage/states/state[{flow.states[0].state.ref_id}]"


def test_texts_survive_the_substitution() -> None:
    decision = next(action.decision for action in state().actions if action.decision)
    reply, end = decision.outputs["yes"].actions
    assert reply.send_response is not None
    assert reply.send_response.message_body.lit == "Zu spät 😀\n{x}: <bye>"
    assert end.disconnect is not None


def test_every_variable_is_read_and_every_expression_knows_its_variables() -> None:
    found = state()
    declared = {one.string_variable.name for one in found.variables}
    read = {
        item.attribute.variable
        for action in found.actions if action.get_participant_data
        for item in action.get_participant_data.attributes
    }  # fmt: skip
    assert read == declared == {
        "State.source", "State.sentAt", "State.late", "State.ageHours", "State.windowState", "State.priority",
    }  # fmt: skip
    assert set(re.findall(r"State\.\w+", filled())) <= declared


def test_what_the_bridge_sends_is_read_under_its_own_name() -> None:
    found = state()
    names = [
        (item.attribute.name.lit, item.attribute.variable)
        for action in found.actions if action.get_participant_data
        for item in action.get_participant_data.attributes
    ]  # fmt: skip
    assert all(variable == f"State.{name}" for name, variable in names)


def test_what_it_reads_is_sent_by_the_bridge_or_set_by_others() -> None:
    read = {one.string_variable.name.removeprefix("State.") for one in state().variables}
    assert read - set(NAMES) == {"ageHours"}


@pytest.mark.parametrize("window", ["", *get_args(windows.State), "of a later release"])
def test_it_says_that_it_is_late_only_where_a_flow_may_answer(window: str) -> None:
    assert _late(windowState=window, late="true") is (window in {"", "open", "unknown"})


@pytest.mark.parametrize(
    ("late", "age", "expected"),
    [("", "", False), ("true", "", True), ("false", "99", False), ("", "22", False), ("", "23", True)],
)
def test_lateness_is_told_or_else_comes_with_age(late: str, age: str, expected: bool) -> None:
    assert _late(late=late, ageHours=age) is expected


@pytest.mark.parametrize("name", ["late", "ageHours", "windowState", "priority"])
def test_no_expression_trusts_an_attribute_to_be_there(name: str) -> None:
    expressions = [one for action in state().actions for one in _expressions(action) if f"State.{name}" in one]
    assert expressions
    assert all(f"IsNotSetOrEmpty(State.{name})" in one for one in expressions)


def test_it_ends_in_the_queue_with_a_priority() -> None:
    transfer, end = state().actions[-2:]
    assert transfer.transfer_to_acd is not None
    assert transfer.transfer_to_acd.target_queue.lit == {"name": 'Social "messages"'}
    assert transfer.transfer_to_acd.priority.exp == "If(IsNotSetOrEmpty(State.priority), -5, ToInt(State.priority))"
    assert end.disconnect is not None


def test_only_functions_that_architect_has_are_called() -> None:
    called = {name for one in state().actions for text in _expressions(one) for name in re.findall(r"(\w+)\(", text)}
    assert called == {"If", "IsNotSetOrEmpty", "ToInt"}


def test_every_placeholder_has_a_substitution_and_the_other_way_round() -> None:
    terraform = (MODULE / "flow.tf").read_text()
    block = re.search(r"substitutions = \{(.*?)\n  \}", terraform, re.DOTALL)
    assert block
    given = re.findall(r"^\s+(\w+)\s+=", block[1], re.MULTILINE)
    assert set(re.findall(r"\{\{(\w+)\}\}", TEXT)) == set(given) == set(FILLED)


def test_the_simulated_architect_takes_it() -> None:
    assert flow_in(filled(), {'Social "messages"'}) == ("acme: inbound # 1", "inboundshortmessage")
    with pytest.raises(BadFlow, match="no queue named"):
        flow_in(filled(), {"Other"})
    with pytest.raises(BadFlow, match="was not substituted"):
        flow_in(TEXT, set())


def _expressions(action: Action) -> list[str]:
    if action.decision:
        return [action.decision.condition.exp or ""]
    return [action.transfer_to_acd.priority.exp or ""] if action.transfer_to_acd else []


def _late(**told: str) -> bool:
    """Whether the flow replies that the message came too late; Architect's expressions read like Python's."""
    decision = next(action.decision for action in state().actions if action.decision)
    known = {
        "State": SimpleNamespace(**({"windowState": "", "late": "", "ageHours": ""} | told)),
        "true": True, "false": False,
        "If": lambda condition, yes, no: yes if condition else no,
        "IsNotSetOrEmpty": lambda text: not text,
        "ToInt": lambda text: int(text or 0),
    }  # fmt: skip
    return bool(eval(decision.condition.exp or "", {"__builtins__": {}}, known))  # noqa: S307 — our own flow's text, and nothing else in reach
