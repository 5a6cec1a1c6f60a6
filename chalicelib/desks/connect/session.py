"""What is remembered of a contact beside its id: the keys to it. Never in a log, and in the table encrypted at rest."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec

from chalicelib.errors import Retryable

# A connection's token lives for a day, a participant's as long as the contact: CreateParticipantConnection.
DAY_S = 86_400.0
# One that ends so soon is renewed before it is used.
MARGIN_S = 300.0


class Session(msgspec.Struct, frozen=True, array_like=True):
    """The participant's token, its connection's, and when that one ends (epoch s)."""

    participant: str
    connection: str
    ends_s: float

    def __repr__(self) -> str:
        return "Session(…)"

    @property
    def state(self) -> str:
        """As a seat has it."""
        return msgspec.json.encode(self).decode()

    def ends(self, now: float) -> bool:
        """Whether it is to be renewed."""
        return now >= self.ends_s - MARGIN_S


def read(state: str) -> Session | None:
    """What a seat's state holds; None where it holds none."""
    try:
        return msgspec.json.decode(state, type=Session)
    except msgspec.MsgspecError:
        return None


def connected(participant: str, answer: dict[str, Any], now: float) -> Session:
    """The session of a participant to whom that was answered. Raises Retryable where the answer has no connection."""
    credentials = answer.get("ConnectionCredentials")
    told = credentials if isinstance(credentials, dict) else {}
    token = told.get("ConnectionToken")
    if not isinstance(token, str) or not token:
        raise Retryable("Connect answers without a connection")
    return Session(participant, token, _ends_s(told.get("Expiry"), now))


def _ends_s(expiry: Any, now: float) -> float:
    try:
        return datetime.fromisoformat(str(expiry)).timestamp()
    except (ValueError, OverflowError):
        return now + DAY_S
