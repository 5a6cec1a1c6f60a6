"""What the platform tells of what the brand's account sent: ours, which it confirms, or somebody's else."""

from __future__ import annotations

from chalicelib.errors import Waiting
from chalicelib.observability import Metrics
from chalicelib.pipeline.budgets import Budgets
from chalicelib.pipeline.desks import Desks
from chalicelib.pipeline.inbound.showing import Showing
from chalicelib.pipeline.lines import Shown
from chalicelib.pipeline.ports import Arrival, Clock, Ledger
from chalicelib.pipeline.presenting import words
from chalicelib.rules.echoes import own_part
from chalicelib.vocabulary.messages import Echo, Line

# An echo may overtake the answer of the send that it belongs to.
ECHO_WAIT_S = 2.0


class Echoes:
    """Tells ours from others', which it shows."""

    def __init__(
        self,
        *,
        showing: Showing,
        desks: Desks,
        ledger: Ledger,
        budgets: Budgets,
        clock: Clock,
        metrics: Metrics,
    ) -> None:
        self._desks = desks
        self._showing = showing
        self._ledger = ledger
        self._budgets = budgets
        self._clock = clock
        self._metrics = metrics

    def take(self, arrival: Arrival, echo: Echo) -> None:
        """Ours is known by its id, by its mark, or by the send that is under way. Raises Retryable."""
        account, conversation = arrival.account, echo.conversation
        if self._ledger.is_ours(conversation, echo.id):
            self._own()
            return
        flights = self._ledger.in_flight(conversation, self._clock())
        same = own_part(conversation, echo, flights)
        under_way = any(not flight.given_up for flight in flights.values())
        if same:
            self._ledger.sent(conversation, same, self._clock(), echo.id)
            self._own()
            self._metrics.count("confirmed_by_echo", channel=conversation.channel)
            if flights[same].given_up:
                self._arrived_after_all(arrival, echo)
        elif under_way and not self._budgets.spent(arrival.turn, "echo", arrival.event.received_ms / 1000):
            raise Waiting("an echo while a send is under way", ECHO_WAIT_S)
        elif self._ledger.is_ours(conversation, echo.id):  # the send has ended between the two looks
            self._own()
        else:
            self._metrics.count("echo_elsewhere", channel=conversation.channel)
            self._desks.person_wrote(account, conversation)
            self._show(arrival, echo, "echo", words(account, echo.lines, echo.text))

    def _own(self) -> None:
        self._metrics.count("ignored", reason="echo_own")

    def _arrived_after_all(self, arrival: Arrival, echo: Echo) -> None:
        """The agent was told that nobody knows; now somebody does."""
        self._metrics.count("arrived_after_all", channel=echo.conversation.channel)
        self._show(arrival, echo, "arrived", words(arrival.account, [Line("arrived_after_all")], echo.text))

    def _show(self, arrival: Arrival, echo: Echo, kind: str, text: str) -> None:
        identifier = f"{kind}:{echo.id}"
        line = Shown(conversation=echo.conversation, id=identifier, sent_ms=echo.sent_ms, text=text)
        self._showing.show(arrival, line, kind)
