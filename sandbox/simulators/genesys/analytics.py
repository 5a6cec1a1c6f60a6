"""The part of POST /api/v2/analytics/conversations/details/query a bridge uses to find a conversation."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

import msgspec

from sandbox.simulators.genesys.schema import ApiError
from sandbox.simulators.genesys.store import Conversation
from sandbox.stage.clock import iso


class Predicate(msgspec.Struct, forbid_unknown_fields=True):
    dimension: Literal["addressFrom", "messageType"]
    value: str
    type: Literal["dimension"] = "dimension"
    operator: Literal["matches"] = "matches"


class SegmentFilter(msgspec.Struct, forbid_unknown_fields=True):
    type: Literal["and"]
    predicates: Annotated[list[Predicate], msgspec.Meta(min_length=1)]


class Paging(msgspec.Struct, rename="camel", frozen=True):
    page_size: Annotated[int, msgspec.Meta(ge=1, le=100)] = 25
    page_number: Annotated[int, msgspec.Meta(ge=1)] = 1


class Query(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    """What is simulated of a ConversationQuery; anything else is refused rather than ignored."""

    interval: str
    segment_filters: list[SegmentFilter] = []
    order: Literal["asc", "desc"] = "asc"
    order_by: Literal["conversationStart"] = "conversationStart"
    paging: Paging = Paging()


def found_conversations(body: Any, conversations: list[Conversation], now: float) -> dict[str, Any]:
    """Answer the ConversationQuery `body`; ApiError 400 if it is wrong. `now` in epoch seconds."""
    try:
        query = msgspec.convert(body, Query)
    except msgspec.ValidationError as error:
        raise ApiError(400, "bad.request", f"The query is not valid: {error}") from error
    start, end = _interval(query.interval)
    hits = [found for found in conversations if found.started <= end and now >= start and _matches(found, query)]
    hits.sort(key=lambda found: found.started, reverse=query.order == "desc")
    size, first = query.paging.page_size, (query.paging.page_number - 1) * query.paging.page_size
    return {"totalHits": len(hits), "conversations": [_shown(hit) for hit in hits[first : first + size]]}


def _interval(interval: str) -> tuple[float, float]:
    start, slash, end = interval.partition("/")
    try:
        times = datetime.fromisoformat(start).timestamp(), datetime.fromisoformat(end).timestamp()
    except ValueError:
        slash = ""
    if not slash or times[0] >= times[1]:
        raise ApiError(400, "bad.request", "interval must be two ISO-8601 times, start/end")
    return times


def _matches(conversation: Conversation, query: Query) -> bool:
    held = {"addressFrom": conversation.customer["id"], "messageType": "open"}
    return all(held[p.dimension] == p.value for f in query.segment_filters for p in f.predicates)


def _shown(conversation: Conversation) -> dict[str, Any]:
    return {
        "conversationId": conversation.id,
        "conversationStart": iso(conversation.started),
        "originatingDirection": "inbound",
        "participants": [
            {
                "participantId": conversation.customer_participant,
                "purpose": "customer",
                "sessions": [
                    {
                        "mediaType": "message",
                        "messageType": "open",
                        "direction": "inbound",
                        "addressFrom": conversation.customer["id"],
                        "addressTo": conversation.integration_id,
                    }
                ],
            }
        ],
    }
