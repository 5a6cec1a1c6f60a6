"""One thing that is to be shown to the agents, and one try at it."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from chalicelib.errors import Waiting
from chalicelib.protocols.desk import Desk
from chalicelib.vocabulary import claims
from chalicelib.vocabulary.guarding import Said
from chalicelib.vocabulary.messages import DeskMessage
from chalicelib.vocabulary.records import Account, Claim, Conversation, Seat, Thread


class Dropped(Exception):
    """Nobody is to be shown this; `reason` is counted."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class HandedOver(Exception):
    """The bot has given the conversation to people, and they are to be shown this."""


class Together(Waiting):
    """The message is not to be shown with these others, or only with others: who cannot do that leaves it to whoever
    can."""

    def __init__(self) -> None:
        super().__init__("it is to be shown with others, or alone")


class Delivery(msgspec.Struct, frozen=True, kw_only=True):
    """One thing to be shown: its claim, how it is put into the desk's words, what is remembered of it.

    `build` is given the claim and may raise Retryable, or Dropped where it is not to be shown; `thread` is given the
    seat at which it was shown. `seat` is the only one at which it may be shown, None where it goes wherever the
    conversation sits. `words` is how it begins, by which a quote or a reaction names it later; `since_ms` is when the
    bridge was given it (epoch ms), 0 where nobody waits for it. `late` tells that no webhook had brought it.
    `also` are the events whose texts are shown in the same message, each with how it begins; they are claimed and done
    with it. `shown_as` is the id under which the desk has it, "" where that is its own. `noted` answers the delivery of
    the same with the events that an earlier try has noted, which it may have shown; it may raise Waiting. `apart` shows
    it by itself whatever was noted. `introduces` is told where it was shown, which desk that is, once all is done:
    it never raises. `bots` tells that a bot before the desk may answer it. `said` is how the guards
    remember it.
    """

    conversation: Conversation
    id: str
    build: Callable[[Claim], DeskMessage]
    thread: Callable[[Seat], Thread]
    seat: Seat | None = None
    words: str = ""
    since_ms: int = 0
    late: bool = False
    also: dict[str, str] = {}
    shown_as: str = ""
    noted: Callable[[tuple[str, ...]], Delivery] | None = None
    apart: bool = False
    introduces: Callable[[str, Desk], None] | None = None
    bots: bool = False
    said: Said | None = None

    @property
    def item(self) -> str:
        return claims.inbound(self.id)

    @property
    def others(self) -> dict[str, str]:
        """The items that are done with it, with how each begins."""
        return {claims.inbound(event): words for event, words in self.also.items()}

    @property
    def items(self) -> tuple[str, ...]:
        """All that is given back where it is not shown, its own last: a claim that is there tells of the others."""
        return *self.others, self.item


class Attempt(msgspec.Struct, frozen=True, kw_only=True):
    """A worker's try at a delivery whose claim it holds. `seat` is where it is to be shown, at its `desk`; `before` the
    seat as it was read, None where nobody had to know it."""

    account: Account
    work: Delivery
    claim: Claim
    before: Seat | None
    seat: Seat
    desk: Desk
