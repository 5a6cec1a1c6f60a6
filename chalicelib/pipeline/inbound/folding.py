"""Quick texts of one customer become one message: the first waits on its queue, and is shown with what lies behind it.

Every event keeps its claim. What was shown together is written on the first one's claim before it is sent, so that who
tries again shows the same, whatever has come since (docs/adr/0018-folding.md).
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from chalicelib.errors import MoreMayCome, Waiting
from chalicelib.observability import Metrics, log
from chalicelib.pipeline.budgets import Budgets
from chalicelib.pipeline.delivery import Together
from chalicelib.pipeline.inbound.messages import Messages, Noted
from chalicelib.pipeline.inbound.unsealing import Opening
from chalicelib.pipeline.intake import Intake
from chalicelib.pipeline.ports import Arrival, Clock
from chalicelib.rules import folding
from chalicelib.vocabulary.messages import CustomerEvent, CustomerMessage
from chalicelib.vocabulary.records import Event

LOOK_S = 1.0


class Folding:
    """Shows a message, with those behind it where the account wants that."""

    def __init__(
        self,
        *,
        intake: Intake[list[CustomerEvent]],
        opening: Opening,
        messages: Messages,
        budgets: Budgets,
        clock: Clock,
        metrics: Metrics,
    ) -> None:
        self._intake = intake
        self._opening = opening
        self._messages = messages
        self._budgets = budgets
        self._clock = clock
        self._metrics = metrics

    def show(self, arrival: Arrival, message: CustomerMessage) -> Sequence[str]:
        """Shows the message; answers the ids of the events behind it that were shown with it. Raises Waiting while
        others may follow, and Retryable."""
        shown: list[CustomerMessage] = self._others(arrival, message) if arrival.account.fold_s else []

        def noted(events: tuple[str, ...]) -> list[CustomerMessage] | None:
            nonlocal shown
            named = self._named(arrival, events)
            shown = named or []
            return named

        try:
            ended = self._messages.show(arrival, message, shown, noted)
        except Together as told:
            shown = []
            ended = self._alone(arrival, message, noted, told.__cause__)
        taken = [] if ended else shown  # else each of them finds out by itself
        if taken:
            self._metrics.count("folded", len(taken), channel=arrival.account.channel)
        return [other.id for other in taken]

    def _alone(self, arrival: Arrival, message: CustomerMessage, noted: Noted, failed: BaseException | None) -> str:
        """Shows it by itself. What failed, and may have been shown all the same, fails as anything does."""
        try:
            return self._messages.show(arrival, message, (), noted)
        except Together:
            if failed is not None:
                raise failed from None
            raise

    def _others(self, arrival: Arrival, message: CustomerMessage) -> list[CustomerMessage]:
        """What is to be shown with it. Raises Waiting while more may follow: nothing else has come behind it, and its
        time is not over."""
        event, within_s = arrival.event, arrival.account.fold_s
        if _returns(event) or not folding.plain(message):
            return []
        behind = [self._read(arrival, one) for one in arrival.turn.behind]
        number = folding.together(message, behind, within_s)
        left_s = folding.waits_s(event.received_ms, self._clock(), within_s)
        if number == len(behind) and left_s > 0:
            log.info("waits for others", event=event.id, count=number, delay_s=math.ceil(left_s))
            raise MoreMayCome("the customer may go on writing", left_s)
        return [one for one in behind[:number] if one is not None]

    def _named(self, arrival: Arrival, events: Sequence[str]) -> list[CustomerMessage] | None:
        """The messages of the events, which were handed out with this one; None where they were not, again and again.
        Raises Waiting while they may be."""
        behind = {event.id: event for event in arrival.turn.behind if event.id in events}
        read = [self._read(arrival, behind[event]) for event in events if event in behind]
        named = [message for message in read if message is not None]
        if len(named) == len(events):
            return named
        if self._budgets.spent(arrival.turn, "folded"):
            return None
        raise Waiting("what it is shown with was not handed out with it", LOOK_S)

    def _read(self, arrival: Arrival, event: Event) -> CustomerMessage | None:
        """The message that the event holds, None where it is something else, or more, or comes back: it is then dealt
        with when its turn comes."""
        peeked = (None if _returns(event) else self._intake.peek(event)) or []
        happened = self._opening.peeked(arrival.account, peeked)
        first = happened[0] if len(happened) == 1 else None
        return first if isinstance(first, CustomerMessage) and first.id == event.id else None


def _returns(event: Event) -> bool:
    """Whether no webhook has just brought it: who replays, or compares, shows what was missing in its place."""
    return event.late or event.order != ""
