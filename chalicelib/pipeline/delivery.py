"""One thing that is to be shown to the agents, and one try at it."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from chalicelib.protocols.desk import Desk
from chalicelib.vocabulary import claims
from chalicelib.vocabulary.messages import DeskMessage
from chalicelib.vocabulary.records import Account, Claim, Conversation, Seat, Thread


class Dropped(Exception):
    """Nobody is to be shown this; `reason` is counted."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Delivery(msgspec.Struct, frozen=True, kw_only=True):
    """One thing to be shown: its claim, how it is put into the desk's words, what is remembered of it.

    `build` is given the claim and may raise Retryable, or Dropped where it is not to be shown; `thread` is given the
    seat at which it was shown. `seat` is the only one at which it may be shown, None where it goes wherever the
    conversation sits. `words` is how it begins, by which a quote or a reaction names it later; `since_ms` is when the
    bridge was given it (epoch ms), 0 where nobody waits for it. `late` tells that no webhook had brought it.
    """

    conversation: Conversation
    id: str
    build: Callable[[Claim], DeskMessage]
    thread: Callable[[Seat], Thread]
    seat: Seat | None = None
    words: str = ""
    since_ms: int = 0
    late: bool = False

    @property
    def item(self) -> str:
        return claims.inbound(self.id)


class Attempt(msgspec.Struct, frozen=True, kw_only=True):
    """A worker's try at a delivery whose claim it holds. `seat` is where it is to be shown, at its `desk`; `before` the
    seat as it was read, None where nobody had to know it."""

    account: Account
    work: Delivery
    claim: Claim
    before: Seat | None
    seat: Seat
    desk: Desk
