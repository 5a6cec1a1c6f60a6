"""The desk ends a conversation: nobody has it any more, and the customer's next message opens another."""

from __future__ import annotations

from chalicelib.errors import Retryable
from chalicelib.observability import Metrics, log
from chalicelib.pipeline.ports import Clock, Ledger
from chalicelib.vocabulary.records import Conversation, Seat


class Ending:
    """Empties seats."""

    def __init__(self, ledger: Ledger, clock: Clock, metrics: Metrics) -> None:
        self._ledger = ledger
        self._clock = clock
        self._metrics = metrics

    def end(self, conversation: Conversation, seat: Seat) -> None:
        """Empties the seat, unless the conversation sits elsewhere by now. Raises Retryable."""
        now = self._ledger.thread(conversation).seat
        if now.place != seat.place:
            self._metrics.count("ignored", reason="desk_ended_elsewhere")
        elif self._ledger.seat(conversation, now, now.moved(), self._clock()):
            self._metrics.count("desk_ended", channel=conversation.channel)
            log.info("desk ended", account=conversation.account, desk_conversation=seat.conversation)
        else:
            raise Retryable("the conversation is moved at this moment")
