"""A desk's conversation is over: nobody has it any more, what was offered in it counts no more, and the customer's next
message opens another. The desk tells it, or is asked (`pipeline/chores/ends.py`)."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import msgspec

from chalicelib.errors import Misconfigured, Refused, Retryable
from chalicelib.observability import Metrics, log
from chalicelib.pipeline.desks import Desks
from chalicelib.pipeline.outbound.farewell import Farewell
from chalicelib.pipeline.ports import Clock, Ledger, Turn
from chalicelib.vocabulary.records import Account, Conversation, Event, Seat
from chalicelib.vocabulary.replies import DeskEnded
from chalicelib.wire import digest

if TYPE_CHECKING:
    from chalicelib.pipeline.front.owning import Owning

# The section of an event that the bridge itself makes of an end, once a desk that was asked has said so.
SECTION = "ended"


class Ending:
    """Empties seats."""

    def __init__(
        self,
        desks: Desks,
        ledger: Ledger,
        farewell: Farewell,
        owning: Callable[[], Owning],
        clock: Clock,
        metrics: Metrics,
    ) -> None:
        """`owning` is asked for where an account shares conversations with other apps."""
        self._owning = owning
        self._desks = desks
        self._ledger = ledger
        self._farewell = farewell
        self._clock = clock
        self._metrics = metrics

    def end(self, account: Account, customer: str, seat: Seat, received_s: float, turn: Turn) -> None:
        """Empties the seat, and says what the account says after an end; unless the conversation sits elsewhere by now,
        or goes on. An end that comes again says it, if it was not said, and nothing twice. Raises Retryable."""
        conversation = Conversation(account.channel, account.id, customer)
        known = self._ledger.standing(conversation)
        thread = known.thread
        if not thread.seat.conversation and known.ended == seat.conversation:
            self._farewell.say(account, customer, seat, thread, received_s, turn)
            self._over(account, conversation, turn)
            self._metrics.count("duplicate", channel=account.channel)
        elif thread.seat.place != seat.place:
            self._metrics.count("ignored", reason="desk_ended_elsewhere")
        elif not self._ended(account, customer, thread.seat):
            self._ledger.ask(conversation, self._clock())
            self._metrics.count("ignored", reason="desk_ended_open")
        elif self._ledger.end(conversation, known, self._clock(), self._desks.listed(thread.seat)):
            self._metrics.count("desk_ended", channel=account.channel)
            log.info("desk ended", account=account.id, desk_conversation=seat.conversation,
                     conversation=conversation.key)  # fmt: skip
            thread = msgspec.structs.replace(thread, seat=thread.seat.moved())
            if became := self._farewell.say(account, customer, seat, thread, received_s, turn):
                self._metrics.count("after_end", channel=account.channel, outcome=became)
            self._over(account, conversation, turn)
        else:
            raise Retryable("something is shown in the conversation at this moment")

    def _over(self, account: Account, conversation: Conversation, turn: Turn) -> None:
        """Another app may have it. Raises Retryable."""
        if account.front.routing is not None:
            self._owning().over(account, conversation, turn)

    def _ended(self, account: Account, customer: str, seat: Seat) -> bool:
        """Whether an end may be believed. A desk that cannot say so now holds up nobody: it is asked later."""
        desk = self._desks.at(seat)
        if not desk.capabilities.reopens:
            return True
        try:
            return not desk.is_open(account, customer, seat)
        except Misconfigured as error:
            self._metrics.count("misconfigured")
            log.error("misconfigured", reason=error.reason, advice=error.advice, account=account.id)
        except (Refused, Retryable) as error:
            log.warning("not looked at", reason=error.reason, account=account.id)
        return False


def told(event: Event) -> DeskEnded:
    """The end that such an event tells."""
    return msgspec.json.decode(event.raw, type=DeskEnded)


def found(source: str, account: Account, conversation: Conversation, seat: Seat, now: float) -> Event:
    """What is put on the outbound queue of an end that a desk of that name has told when it was asked: in the order of
    the customer's replies, the same for whoever finds it within the hour."""
    end = DeskEnded(
        desk_conversation=seat.conversation, integration=account.integration, customer=conversation.customer
    )
    return Event(
        source=source,
        account=account.integration,
        party=conversation.customer,
        id=digest(SECTION, seat.conversation, str(seat.generation), str(int(now // 3600))),
        received_ms=int(now * 1000),
        section=SECTION,
        raw=msgspec.Raw(msgspec.json.encode(end)),
    )
