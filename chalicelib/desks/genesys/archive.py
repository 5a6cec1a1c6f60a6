"""What Genesys Cloud tells of the past: what its conversations hold, and agents' messages as the webhooks that should
have told of them.

developer.genesys.cloud/analyticsdatamanagement/analytics/detail/conversation-query and the API's
post_conversations_message_messages_bulk
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from chalicelib.credentials import Secrets
from chalicelib.desks.genesys.client import Genesys, open_desk, provider_id
from chalicelib.errors import Retryable, Uncertain
from chalicelib.http import Outgoing
from chalicelib.protocols.archive import Kept
from chalicelib.vocabulary.proof import Told
from chalicelib.vocabulary.records import Account, Seat
from chalicelib.wire import moment_ms

# A message's status (SDK model MessageData.status), where it says how an agent's message ended.
ENDED: dict[str, Told] = {
    "delivery-success": "delivered",
    "read": "delivered",
    "published": "delivered",
    "delivery-failed": "failed",
    "failed": "failed",
    "removed": "failed",
}
# Typing and receipts are none.
MESSAGES = {"Text", "Structured"}


class GenesysArchive:
    """By the same calls as what a retry looks for: one for the search, two for each conversation."""

    def __init__(self, genesys: Genesys) -> None:
        self._genesys = genesys

    def kept(self, account: Account, customer: str, seat: Seat, since_s: float, now: float) -> list[Kept]:
        """The seat's conversation and the customer's newest five since then; of each its 100 newest messages."""
        try:
            found = self._genesys.search(customer, since_s, now)
            conversations = dict.fromkeys([*reversed(found), *([seat.conversation] if seat.conversation else [])])
            held = [
                kept
                for conversation in conversations
                for entity in self._genesys.held(customer, conversation)
                if (kept := _kept(account, conversation, entity))
            ]
        except Uncertain as error:
            raise Retryable(f"reading back: {error.reason}") from error
        return sorted({kept.id: kept for kept in held}.values(), key=lambda kept: kept.at_ms)


def _kept(account: Account, conversation: str, entity: dict[str, Any]) -> Kept | None:
    """The message; None where it is none, or another integration's."""
    said, identifier = entity.get("normalizedMessage"), entity.get("id")
    at_ms = moment_ms(str(entity.get("timestamp")))
    if not (isinstance(said, dict) and isinstance(identifier, str) and identifier and at_ms):
        return None
    channel = said.get("channel")
    integration = channel.get("id") if isinstance(channel, dict) else None
    if said.get("type") not in MESSAGES or integration not in {None, account.integration}:
        return None
    outbound = str(entity.get("direction", "")).lower() == "outbound"
    given = "" if outbound else str(provider_id(entity) or "")
    kept = Kept(id=identifier, at_ms=at_ms, outbound=outbound, given=given)
    if not outbound or integration is None:
        return kept
    whole = said | {"id": identifier, "conversationId": conversation, "direction": "Outbound"}
    told = ENDED.get(str(entity.get("status", "")).lower(), "")
    text = said.get("text")
    words = text if isinstance(text, str) else ""
    return msgspec.structs.replace(kept, told=told, text=words, delivery=msgspec.json.encode(whole))


def open_desk_archive(
    http: Outgoing,
    secrets: Secrets,
    refresh: Callable[[str], bool],
    setting: Callable[[str], str],
    clock: Callable[[], float],
) -> GenesysArchive:
    """The archive over that session. See `OpenDeskArchive`."""
    return GenesysArchive(open_desk(http, secrets, refresh, setting, clock))
