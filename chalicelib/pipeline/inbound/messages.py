"""What a customer wrote, shown to the agents once, or its place where it is given up."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from typing import Protocol

import msgspec

from chalicelib.errors import Refused, Retryable
from chalicelib.observability import Metrics, log, where
from chalicelib.pipeline.budgets import Budgets, WornOut
from chalicelib.pipeline.delivering import Delivering
from chalicelib.pipeline.delivery import Delivery, Together
from chalicelib.pipeline.inbound.acknowledging import Acknowledging
from chalicelib.pipeline.inbound.composing import Composing
from chalicelib.pipeline.inbound.introducing import Introducing
from chalicelib.pipeline.inbound.leads import Leads
from chalicelib.pipeline.inbound.mentions import Mentions
from chalicelib.pipeline.intake import Intake
from chalicelib.pipeline.ports import Arrival, Clock, Ledger
from chalicelib.pipeline.presenting import desk_id, line_message, remembered
from chalicelib.protocols.channel import Client
from chalicelib.rules import folding
from chalicelib.rules.catalogue import say
from chalicelib.rules.quoting import beginning
from chalicelib.vocabulary import claims
from chalicelib.vocabulary.messages import CustomerEvent, CustomerMessage, DeskMessage
from chalicelib.vocabulary.records import Account, Claim

Noted = Callable[[tuple[str, ...]], Sequence[CustomerMessage] | None]
"""The messages of the events that an earlier try has shown with this one; None where they are not to be had any more.
Raises Waiting where they may be later."""
# The results of a message that was buried, and of one that a guard has parked or dropped.
GIVEN_UP = "given up"
SET_ASIDE = "set aside"


class Guard(Protocol):
    """Who judges messages before anything is done for them (pipeline/front/guards.py)."""

    def let_through(
        self, arrival: Arrival, message: CustomerMessage, others: Sequence[CustomerMessage] = ()
    ) -> CustomerMessage | None:
        """The message as it goes on, None where it does not. Raises Waiting while it is held, Together, and Retryable
        where it cannot be parked."""


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
        introducing: Introducing,
        acknowledging: Acknowledging,
        intake: Intake[list[CustomerEvent]],
        ledger: Ledger,
        budgets: Budgets,
        clock: Clock,
        metrics: Metrics,
        guard: Callable[[], Guard],
    ) -> None:
        """`guard` is asked for where an account has guards."""
        self._guard = guard
        self._clients = clients
        self._composing = composing
        self._leads = leads
        self._mentions = mentions
        self._delivering = delivering
        self._introducing = introducing
        self._acknowledging = acknowledging
        self._intake = intake
        self._ledger = ledger
        self._budgets = budgets
        self._clock = clock
        self._metrics = metrics

    def show(
        self,
        arrival: Arrival,
        message: CustomerMessage,
        others: Sequence[CustomerMessage] = (),
        noted: Noted | None = None,
    ) -> str:
        """Shows the message, in one with the `others`, or with those that an earlier try has `noted`. Answers "" where
        they were shown, GIVEN_UP where it was buried, SET_ASIDE where a guard kept it back, the result of its claim
        where that had ended before. Raises Retryable; Together where it cannot be shown with others."""
        account = arrival.account
        message = self._leads.told(self._mentions.told(account, message))
        if not message.starts_window and self._is_own(account, message):
            self._metrics.count("ignored", reason=f"{account.channel}_own")
            return ""
        if account.front.guards:
            passed = self._guard().let_through(arrival, message, others)
            return self._show(arrival, passed, others, noted) if passed else SET_ASIDE
        return self._show(arrival, message, others, noted)

    def _show(
        self, arrival: Arrival, message: CustomerMessage, others: Sequence[CustomerMessage], noted: Noted | None
    ) -> str:
        account = arrival.account
        if any(line.key == "unknown" for line in message.lines):
            self._metrics.count("unknown_kind", channel=account.channel)
        message, replies = self._acknowledging.told(arrival, message)
        work = self._work(arrival, message, others, replies, noted)
        try:
            result = self._delivering.once(account, work, partial(self._budgets.died, arrival.turn))
            self._leads.over(message)
            return result
        except Together:
            raise
        except Retryable:
            self._acknowledging.waits(arrival, message)
            raise
        except WornOut as no:
            return self._given_up(arrival, message, no)
        except Exception as error:
            if others:  # whichever of them it is, that is told when each is shown by itself
                log.warning("not folded", event=message.id, account=account.id, error=where(error))
                raise Together from error
            if not isinstance(error, Refused):
                raise
            return self._given_up(arrival, message, error)

    def _work(
        self,
        arrival: Arrival,
        message: CustomerMessage,
        others: Sequence[CustomerMessage],
        replies: int,
        noted: Noted | None,
    ) -> Delivery:
        """What is to be done for the message, in one with the others."""
        account = arrival.account
        whole = folding.one([message, *others]) if others else message

        def again(events: tuple[str, ...]) -> Delivery:
            named = noted(events) if noted else None
            work = self._work(arrival, message, named or (), replies, None)
            return work if named is not None else msgspec.structs.replace(work, apart=True)

        for other in others:
            log.info("folded", event=other.id, key=desk_id(account, whole.id), account=account.id)
        return Delivery(
            conversation=message.conversation,
            id=message.id,
            build=partial(self._built, arrival, [message, *others]),
            thread=partial(remembered, whole, replies=replies),
            words=_begins(account, message),
            since_ms=arrival.event.received_ms,
            late=arrival.event.late,
            also={other.id: _begins(account, other) for other in others},
            shown_as=whole.id if others else "",
            noted=again if noted else None,
            introduces=partial(self._introducing.introduce, account, message),
            bots=all(map(_is_talk, [message, *others])),
            said=message.said,
        )

    def _given_up(self, arrival: Arrival, message: CustomerMessage, no: Refused) -> str:
        self.missing(arrival.account, message)
        self._intake.bury(arrival.event, arrival.turn, str(no))
        log.error("the desk refuses a message", event=message.id, detail=no.detail, account=arrival.account.id)
        return GIVEN_UP

    def _built(self, arrival: Arrival, messages: Sequence[CustomerMessage], claim: Claim) -> DeskMessage:
        """The messages as one, each with the newest of its edits. Raises Retryable, Dropped."""
        if len(messages) == 1:
            return self._composing.message(arrival, messages[0], claim)
        edits = (claim.edited, *claim.others)
        worded = [
            msgspec.structs.replace(message, text=edit or message.text)
            for message, edit in zip(messages, edits, strict=True)
        ]
        return self._composing.message(arrival, folding.one(worded), msgspec.structs.replace(claim, edited=""))

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


def _is_talk(message: CustomerMessage) -> bool:
    """Whether it is words in a conversation, and nothing else: what came encrypted was meant for nobody else, and what
    anybody can read is answered by people."""
    seen_by_few = not (message.sealed or message.public or message.comment) and message.starts_window
    return seen_by_few and message.media is None and bool(message.text.strip() or message.tap)


def _begins(account: Account, message: CustomerMessage) -> str:
    """How the message begins, by which it is named later; of one that came encrypted nothing is written down."""
    if message.sealed:
        return ""
    return beginning(account.language, message.text, message.media.kind if message.media else "")
