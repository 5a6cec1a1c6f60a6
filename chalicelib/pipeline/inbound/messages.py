"""What a customer wrote, shown to the agents once, or its place where it is given up."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from functools import partial

from chalicelib.errors import Refused, Retryable
from chalicelib.observability import Metrics, log
from chalicelib.pipeline.budgets import Budgets
from chalicelib.pipeline.delivering import Delivering
from chalicelib.pipeline.delivery import Delivery
from chalicelib.pipeline.inbound.acknowledging import Acknowledging
from chalicelib.pipeline.inbound.composing import Composing
from chalicelib.pipeline.inbound.leads import Leads
from chalicelib.pipeline.inbound.mentions import Mentions
from chalicelib.pipeline.intake import Intake
from chalicelib.pipeline.ports import Arrival, Clock, Ledger
from chalicelib.pipeline.presenting import line_message, remembered
from chalicelib.protocols.channel import Client
from chalicelib.rules.catalogue import say
from chalicelib.rules.quoting import beginning
from chalicelib.vocabulary import claims
from chalicelib.vocabulary.messages import CustomerEvent, CustomerMessage, DeskMessage
from chalicelib.vocabulary.records import Account, Claim


class Messages:
    """Delivers messages, and buries those that the desk takes in no form."""

    def __init__(
        self,
        *,
        clients: Mapping[str, Client],
        composing: Composing,
        leads: Leads,
        mentions: Mentions,
        delivering: Delivering,
        acknowledging: Acknowledging,
        intake: Intake[list[CustomerEvent]],
        ledger: Ledger,
        budgets: Budgets,
        clock: Clock,
        metrics: Metrics,
    ) -> None:
        self._clients = clients
        self._composing = composing
        self._leads = leads
        self._mentions = mentions
        self._delivering = delivering
        self._acknowledging = acknowledging
        self._intake = intake
        self._ledger = ledger
        self._budgets = budgets
        self._clock = clock
        self._metrics = metrics

    def show(self, arrival: Arrival, message: CustomerMessage) -> str:
        """Shows the message; answers the result of its claim where that had ended before. Raises Retryable."""
        account = arrival.account
        message = self._leads.told(self._mentions.told(account, message))
        if not message.starts_window and self._is_own(account, message):
            self._metrics.count("ignored", reason=f"{account.channel}_own")
            return ""
        if any(line.key == "unknown" for line in message.lines):
            self._metrics.count("unknown_kind", channel=account.channel)
        message, replies = self._acknowledging.told(arrival, message)
        work = Delivery(
            conversation=message.conversation,
            id=message.id,
            build=partial(self._composing.message, arrival, message),
            thread=partial(remembered, message, replies=replies),
            words=beginning(account.language, message.text, message.media.kind if message.media else ""),
            since_ms=arrival.event.received_ms,
            late=arrival.event.late,
        )
        try:
            result = self._delivering.once(account, work, partial(self._budgets.died, arrival.turn))
            self._leads.over(message)
            return result
        except Refused as no:
            self.missing(account, message)
            self._intake.bury(arrival.event, arrival.turn, str(no))
            log.error("the desk refuses a message", event=message.id, detail=no.detail, account=account.id)
            return ""
        except Retryable:
            self._acknowledging.waits(arrival, message)
            raise

    def _is_own(self, account: Account, message: CustomerMessage) -> bool:
        return self._clients[account.channel].own(account, message.conversation.customer, message.username)

    def missing(self, account: Account, message: CustomerMessage) -> None:
        """A line in the place of a message that is given up: what comes after it is read with that in mind. Raises
        Retryable."""
        if not self._ledger.buried(message.conversation, claims.inbound(message.id), self._clock()):
            return  # it was shown after all
        identifier = f"missing:{message.id}"
        text = say(account.language, "missing")

        def build(claim: Claim) -> DeskMessage:
            return line_message(account, identifier, message.conversation.customer, message.sent_ms, text)

        work = Delivery(
            conversation=message.conversation, id=identifier, build=build, thread=partial(remembered, message)
        )
        with suppress(Refused):
            self._delivering.once(account, work)
