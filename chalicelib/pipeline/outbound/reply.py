"""An agent's message on its way to the customer, and how far it came."""

from __future__ import annotations

import msgspec

from chalicelib.errors import Refused
from chalicelib.pipeline.ports import Turn
from chalicelib.vocabulary import claims
from chalicelib.vocabulary.capabilities import Capabilities
from chalicelib.vocabulary.records import Account, Claim, Conversation, Seat, Thread
from chalicelib.vocabulary.replies import AgentMessage

# A redelivery that comes this long (s) after the work was begun is no first delivery: the queue refuses those for
# five minutes, and the clocks of two functions differ by less.
SAME_S = 60.0


class Reply(msgspec.Struct, frozen=True, kw_only=True):
    """An agent's message, the seat where it was written, where it goes, and when the bridge was given it (epoch s).
    `said_ms` is when it was written, 0 where the desk does not tell. `turn_of_bot` is which of the answers of the bot
    before the desk it is, 0 where it is none. `begun` is the claim of its first part, where that has been made."""

    account: Account
    message: AgentMessage
    seat: Seat
    conversation: Conversation
    thread: Thread
    received_s: float
    turn: Turn
    said_ms: int = 0
    turn_of_bot: int = 0
    begun: Claim | None = None

    def seen_ms(self, can: Capabilities) -> int:
        """Up to when (epoch ms) the customer sees that they were read, once a person has answered; 0 where they are
        shown no such thing, or have been."""
        shown = self.account.mark_seen and can.seen and self.message.author == "human"
        return self.thread.customer_ms if shown and self.thread.customer_ms > self.thread.seen_ms else 0

    @property
    def overtaken(self) -> bool:
        """Whether one that was written later has gone out before."""
        return 0 < self.said_ms < self.thread.said_ms

    @property
    def newest(self) -> tuple[int, str]:
        """When the newest message was written that has gone out once this one has, and the desk's id of that; 0 where
        the desk does not tell."""
        if not self.said_ms:
            return 0, ""
        return (self.thread.said_ms, self.thread.said) if self.overtaken else (self.said_ms, self.message.id)

    def item(self, number: int) -> str:
        """The claim of its part of that number, from 1."""
        return claims.outbound(self.message.id, number)

    def is_news(self, claim: Claim) -> bool:
        """Whether this delivery of the message has to do with a part: it had not ended when the delivery came."""
        return claim.state not in {"done", "refused"} or claim.since_s > self.received_s - SAME_S


class Outcome(msgspec.Struct, kw_only=True):
    """How far a reply came: `refused` stopped it, or the parts of `left_out`; `arrived` parts reached the customer,
    `rest` is how the first one that did not begins. `news` is False where all of it had ended before this delivery
    of it came: whoever has to know was told then. `seen` tells that the customer's messages are noted as seen."""

    refused: Refused | None = None
    arrived: int = 0
    rest: str = ""
    left_out: list[str] = msgspec.field(default_factory=list)
    news: bool = False
    seen: bool = False
