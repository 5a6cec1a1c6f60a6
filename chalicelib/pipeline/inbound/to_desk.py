"""A customer's event on its way to the agents."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from chalicelib.errors import Retryable
from chalicelib.observability import Metrics, log
from chalicelib.pipeline.accounts import Accounts
from chalicelib.pipeline.budgets import Budgets
from chalicelib.pipeline.inbound.echoes import Echoes
from chalicelib.pipeline.inbound.folding import Folding
from chalicelib.pipeline.inbound.leads import Leads
from chalicelib.pipeline.inbound.looking_up import LookingUp
from chalicelib.pipeline.inbound.messages import SET_ASIDE, Messages
from chalicelib.pipeline.inbound.notes import Notes
from chalicelib.pipeline.inbound.unsealing import Opening, stand_in
from chalicelib.pipeline.intake import Intake
from chalicelib.pipeline.parking import UNKNOWN_ACCOUNT
from chalicelib.pipeline.ports import Arrival, Turn
from chalicelib.vocabulary.messages import (
    Control,
    CustomerEvent,
    CustomerMessage,
    Echo,
    Ignored,
    Led,
    Note,
    Overheard,
    Sealed,
    Trouble,
    Unseen,
)
from chalicelib.vocabulary.records import PREVENTED, Event

if TYPE_CHECKING:
    from chalicelib.pipeline.front.routing import Listening
    from chalicelib.pipeline.front.thanks import Offering

UNKNOWN_S = 5.0
_OTHERS = (Overheard, Control)


class ToDesk:
    """The inbound worker's use case."""

    def __init__(
        self,
        *,
        intake: Intake[list[CustomerEvent]],
        accounts: Accounts,
        opening: Opening,
        messages: Messages,
        folding: Folding,
        looking_up: LookingUp,
        notes: Notes,
        echoes: Echoes,
        leads: Leads,
        offering: Callable[[], Offering],
        listening: Callable[[], Listening],
        budgets: Budgets,
        metrics: Metrics,
    ) -> None:
        """`offering` is asked for where an account thanks, `listening` where it shares conversations with other
        apps."""
        self._listening = listening
        self._intake = intake
        self._accounts = accounts
        self._opening = opening
        self._messages = messages
        self._folding = folding
        self._looking_up = looking_up
        self._notes = notes
        self._echoes = echoes
        self._leads = leads
        self._offering = offering
        self._budgets = budgets
        self._metrics = metrics

    def handle(self, event: Event, turn: Turn) -> Sequence[str]:
        """One event of the inbound queue; answers the ids of those behind it that were shown in its message. Raises
        Retryable."""
        happened = self._intake.read(event, turn) or []
        known = [happening for happening in happened if not isinstance(happening, Ignored)]
        if known:
            self._accounts.ready(event.source, event.account, "inbound")
        self._ignored(happened)
        if not known:
            return ()
        account = self._accounts.of_channel(event.source, event.account)
        if account is None and all(isinstance(happening, _OTHERS) for happening in known):
            self._others(known)
            return ()
        if account is not None:
            return self._taken(Arrival(event=event, turn=turn, account=account), known)
        if self._budgets.spent(turn, "account"):
            advice = f"add the {event.source} account {event.account} to Terraform's accounts, then replay"
            self._intake.park(event, turn, UNKNOWN_ACCOUNT, advice)
            return ()
        raise Retryable(f"no account {event.account} of {event.source} yet", UNKNOWN_S)

    def give_up(self, event: Event, turn: Turn, reason: str) -> None:
        """Buries the event, and shows the agents that a message of the customer's is missing. Raises Retryable."""
        account = self._accounts.of_channel(event.source, event.account)
        if account is not None:
            for happening in self._intake.read_again(event) or []:
                if isinstance(happening, CustomerMessage):
                    self._messages.missing(account, happening)
                elif isinstance(happening, Sealed) and not (happening.own or happening.silent):
                    self._messages.missing(account, stand_in(happening))
        self._intake.bury(event, turn, reason)

    def _taken(self, arrival: Arrival, happened: Sequence[CustomerEvent]) -> Sequence[str]:
        read = self._opening.opened(arrival, happened)
        self._ignored(read)
        routing = arrival.account.front.routing
        if routing is not None:
            return self._listening().around(routing, arrival, read, self._thanked)
        self._others(read)
        return self._thanked(arrival, read)

    def _thanked(self, arrival: Arrival, read: Sequence[CustomerEvent]) -> Sequence[str]:
        thanks = arrival.account.front.thanks
        if thanks is not None:
            return self._offering().around(thanks, arrival, read, self._shown)
        return self._shown(arrival, read)

    def _shown(self, arrival: Arrival, read: Sequence[CustomerEvent]) -> Sequence[str]:
        match read:
            case [CustomerMessage() as only] if only.id == arrival.event.id:
                return self._folding.show(arrival, only)
        self._all(arrival, read)
        return ()

    def _others(self, happened: Sequence[CustomerEvent]) -> None:
        """What is about other apps is counted where nobody takes notice of them."""
        for happening in happened:
            if isinstance(happening, _OTHERS):
                self._metrics.count("ignored", reason=happening.ignored)

    def _ignored(self, happened: Sequence[CustomerEvent]) -> None:
        for happening in happened:
            if isinstance(happening, Ignored):
                self._metrics.count("ignored", reason=happening.reason)

    def _all(self, arrival: Arrival, happened: Sequence[CustomerEvent]) -> None:
        """In order. What the customer took back before it came, or a guard keeps back, is left out as a whole."""
        for happening in happened:
            if isinstance(happening, CustomerMessage):
                if self._messages.show(arrival, happening) in {PREVENTED, SET_ASIDE}:
                    return
            elif isinstance(happening, Note):
                self._notes.take(arrival, happening)
            elif isinstance(happening, Echo):
                self._echoes.take(arrival, happening)
            elif isinstance(happening, Led):
                self._leads.keep(happening)
            elif isinstance(happening, Unseen):
                self._looking_up.show(arrival, happening)
            elif isinstance(happening, Trouble):
                self._metrics.count("account_stopped", account=arrival.account.id)
                log.error(
                    "account stopped", account=arrival.account.id, reason=happening.reason, advice=happening.advice
                )
