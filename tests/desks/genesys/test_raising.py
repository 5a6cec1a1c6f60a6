"""Who waits in a queue is raised and marked: what is sent, and what each answer means."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.errors import Misconfigured, RateLimited, Refused, Retryable, Uncertain, Unreachable
from chalicelib.http import Answer
from chalicelib.vocabulary.records import Seat
from tests import oracle
from tests.desks.genesys.test_against_simulator import Org, org
from tests.desks.genesys.test_client import API, MESSAGES, Kit, said
from tests.fakes import INSTAGRAM, answer

pytestmark = pytest.mark.xdist_group("sdk")  # its import takes a process three seconds

MARKS = {"windowWarning": "4", "windowExpiresAt": "2027-01-15T12:00:00.000Z"}
CUSTOMER = {"id": "p-1", "purpose": "customer", "state": "connected"}
ACD = {"id": "p-2", "purpose": "acd", "state": "connected"}
ROUTING = f"{API}/api/v2/routing/conversations/desk-1"
MARKED = f"{MESSAGES}/desk-1/participants/p-1/attributes"

__all__ = ["org"]


def shown(*others: dict[str, Any], customer: dict[str, Any] = CUSTOMER) -> Answer:
    return answer(200, {"participants": [customer, *others]})


def urge(kit: Kit, priority: int = 1440, conversation: str = "desk-1") -> str:
    return kit.desk.urge(INSTAGRAM, "55501", Seat(conversation=conversation), priority, MARKS)


def test_what_is_sent_is_what_genesys_takes() -> None:
    kit = Kit(shown(ACD), answer(200), answer(200))
    assert urge(kit) == "raised"
    assert [(call.method, call.url) for call in kit.http.calls[1:]] == [
        ("GET", f"{MESSAGES}/desk-1"), ("PATCH", ROUTING), ("PATCH", MARKED),
    ]  # fmt: skip
    routed, marked = (call.json() for call in kit.http.calls[2:])
    assert (routed, marked) == ({"priority": 1440}, {"attributes": MARKS})
    assert oracle.takes("RoutingConversationAttributesRequest", routed) == []
    assert oracle.takes("ParticipantAttributes", marked) == []


def test_a_conversation_that_the_desk_has_not_named_is_let_be() -> None:
    kit = Kit()
    assert urge(kit, conversation="") == "held"
    assert kit.urls == []


@pytest.mark.parametrize("held", [1440, 2000])
def test_a_priority_that_is_as_high_stays(held: int) -> None:
    kit = Kit(shown(ACD | {"conversationRoutingData": {"priority": held}}), answer(200))
    assert urge(kit) == "raised"
    assert kit.urls == [f"{MESSAGES}/desk-1", MARKED]


@pytest.mark.parametrize("told", [{"priority": 60}, {"priority": None}, {"priority": True}, {}, None, "x"])
def test_one_that_is_lower_or_not_told_is_raised(told: object) -> None:
    kit = Kit(shown(ACD | {"conversationRoutingData": told}), answer(200), answer(200))
    assert urge(kit) == "raised"
    assert kit.urls[1] == ROUTING


@pytest.mark.parametrize(
    ("state", "asked"), [("connected", False), ("parked", False), ("alerting", True), ("disconnected", True)]
)
def test_what_an_agent_has_taken_is_marked_only(state: str, asked: bool) -> None:
    kit = Kit(shown({"purpose": "agent", "state": state}), *[answer(200)] * (2 if asked else 1))
    assert urge(kit) == ("raised" if asked else "held")
    assert (ROUTING in kit.urls) is asked
    assert kit.urls[-1] == MARKED


def test_without_a_priority_it_is_marked_only() -> None:
    kit = Kit(shown(ACD), answer(200))
    assert urge(kit, 0) == "held"
    assert kit.urls == [f"{MESSAGES}/desk-1", MARKED]


@pytest.mark.parametrize("status", [400, 404, 409])
def test_what_waits_in_no_queue_is_marked(status: int) -> None:
    kit = Kit(shown(ACD), said(status), answer(200))
    assert urge(kit) == "held"


@pytest.mark.parametrize(
    "given",
    [
        said(404),
        shown(customer=CUSTOMER | {"state": "disconnected"}),
        answer(200, {}),
        answer(200, {"participants": 7}),
    ],
)
def test_what_is_over_is_let_be(given: Answer) -> None:
    kit = Kit(given)
    assert urge(kit) == "over"
    assert len(kit.urls) == 1


def test_what_ends_meanwhile_is_no_trouble() -> None:
    assert urge(Kit(shown(ACD), answer(200), said(404))) == "raised"


@pytest.mark.parametrize("place", [0, 1, 2])
@pytest.mark.parametrize(
    ("given", "kind"),
    [
        (said(429, retry_after="7"), RateLimited),
        (said(403), Misconfigured),
        (said(500), Retryable),
        (said(408), Retryable),
        (said(422), Refused),
        (Uncertain("no answer"), Retryable),
        (Retryable("nothing was sent"), Retryable),
    ],
)
def test_what_an_answer_means_wherever_it_comes(place: int, given: Answer | Exception, kind: type[Exception]) -> None:
    answers: list[Answer | Exception] = [shown(ACD), answer(200), answer(200)]
    answers[place] = given
    with pytest.raises(kind) as caught:
        urge(Kit(*answers))
    away = place == 0 and isinstance(given, Answer) and given.status == 500  # of a read, it tells that the desk is away
    assert type(caught.value) is (Unreachable if away else kind)


def test_the_permission_that_is_missing_is_named() -> None:
    with pytest.raises(Misconfigured) as caught:
        urge(Kit(shown(ACD), said(403, "missing.permissions")))
    assert "routing:conversation:edit" in caught.value.advice


def test_who_is_raised_is_next_in_the_simulated_queue(org: Org) -> None:
    grant(org, "conversation:message:receive", "conversation:message:view", "routing:conversation:edit")
    first = org.deliver()
    org.clock.offset_s += 3600
    second = org.desk.deliver(INSTAGRAM, message("m2", "55502"), Seat(), org.clock()).conversation
    assert org.sim.queue() == [first, second]
    assert org.desk.urge(INSTAGRAM, "55502", Seat(conversation=second), 59, MARKS) == "raised"
    assert org.sim.queue() == [first, second]
    assert org.desk.urge(INSTAGRAM, "55502", Seat(conversation=second), 61, MARKS) == "raised"
    assert org.sim.queue() == [second, first]
    assert org.desk.urge(INSTAGRAM, "55502", Seat(conversation=second), 1, MARKS) == "raised"
    assert org.sim.queue() == [second, first]  # what somebody else has raised further stays
    told = {one["id"]: one for one in org.sim.conversations()}
    assert told[second]["attributes"] == MARKS
    org.sim.reply(second, text="Hello")
    assert org.desk.urge(INSTAGRAM, "55502", Seat(conversation=second), 99, MARKS) == "held"
    org.sim.disconnect(second)
    assert org.desk.urge(INSTAGRAM, "55502", Seat(conversation=second), 99, MARKS) == "over"
    assert org.sim.queue() == [first]


def test_a_role_without_the_permission_is_told_what_it_lacks(org: Org) -> None:
    grant(org, "conversation:message:receive", "conversation:message:view")
    conversation = org.deliver()
    with pytest.raises(Misconfigured) as caught:
        org.desk.urge(INSTAGRAM, "55501", Seat(conversation=conversation), 60, MARKS)
    assert "routing:conversation:edit" in caught.value.advice


def grant(org: Org, *permissions: str) -> None:
    split = [permission.split(":") for permission in permissions]
    policies = [{"domain": domain, "entityName": entity, "actionSet": [action]} for domain, entity, action in split]
    org.sim.admin.grant("client", org.sim.admin.add_role({"name": "bridge", "permissionPolicies": policies}))


def message(identifier: str, customer: str) -> Any:
    from chalicelib.vocabulary.messages import DeskMessage

    return DeskMessage(
        id=identifier, customer=customer, sent_ms=1_700_000_000_000, text="Hola", nickname="", attributes={}
    )
