"""The queue of a simulated Genesys Cloud organisation: who is next, and what its API changes of who waits.

The published schema's RoutingConversationAttributesRequest and ParticipantAttributes; a point of priority counts as a
minute of waiting, and only a conversation in a queue has one. How another is refused is not documented: 400 here.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any, TypeVar

import msgspec
from msgspec import Meta, Struct

from sandbox.simulators.genesys.schema import MALFORMED, ApiError, json_body
from sandbox.simulators.genesys.store import Conversation, NotFound
from sandbox.stage.web import Call

POINT_S = 60.0


class Attributes(Struct, rename="camel"):
    """What is set of a conversation in a queue; what is absent stays."""

    priority: Annotated[int, Meta(ge=-25_000_000, le=25_000_000)] | None = None
    skill_ids: list[str] | None = None
    skill_expression: str | None = None
    language_id: str | None = None
    label_id: str | None = None


class Marks(Struct):
    """Participant data to be added; an empty text takes it away."""

    attributes: dict[str, str]


Shape = TypeVar("Shape", Attributes, Marks)


def queue(conversations: Iterable[Conversation], now: float) -> list[Conversation]:
    """Those that wait for an agent, the next one first."""
    waiting = [one for one in conversations if one.in_queue]
    return sorted(waiting, key=lambda one: (-(now - one.started) - one.priority * POINT_S, one.id))


def route(conversation: Conversation, call: Call) -> dict[str, Any]:
    """PATCH /api/v2/routing/conversations/{id}."""
    asked = _parsed(call, Attributes)
    if not conversation.in_queue:
        raise ApiError(400, "bad.request", "The conversation is not in a queue.")
    if asked.priority is not None:
        conversation.priority = asked.priority
    return {"priority": conversation.priority}


def mark(conversation: Conversation, participant: str, call: Call) -> dict[str, Any]:
    """PATCH /api/v2/conversations/messages/{id}/participants/{id}/attributes."""
    if participant != conversation.customer_participant:
        raise NotFound(participant)
    conversation.attributes |= _parsed(call, Marks).attributes
    conversation.attributes = {name: value for name, value in conversation.attributes.items() if value}
    return {"attributes": dict(conversation.attributes)}


def _parsed(call: Call, shape: type[Shape]) -> Shape:
    try:
        return msgspec.convert(json_body(call), shape)
    except msgspec.ValidationError as error:
        raise ApiError(400, "bad.request", f"{MALFORMED} {error}") from error
