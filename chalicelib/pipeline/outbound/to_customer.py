"""An agent's message on its way to the customer, and what became of it on its way back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from chalicelib.errors import Malformed, Refused, Retryable, Waiting
from chalicelib.observability import Metrics, log, new_codes, where
from chalicelib.pipeline.accounts import Accounts
from chalicelib.pipeline.budgets import Budgets
from chalicelib.pipeline.outbound.sending import Outcome, Reply, Sending
from chalicelib.pipeline.outbound.telling import SECTION, Telling, Told
from chalicelib.pipeline.parking import Parking
from chalicelib.pipeline.ports import Clock, Ledger, Redelivery, Turn
from chalicelib.protocols.channel import Client
from chalicelib.protocols.desk import DeskTranslator
from chalicelib.rules import windows
from chalicelib.rules.budgets import BUDGETS
from chalicelib.vocabulary.messages import Ignored
from chalicelib.vocabulary.records import Account, Conversation, Event, Thread
from chalicelib.vocabulary.replies import AgentMessage, AgentTyping, DeskEvent, DeskReceipt, Recipient

UNKNOWN_S = 5.0
# Who types is not typing any more after this.
TYPING_S = 10.0
# How soon the end of a customer's first message, which is on its way to the desk, is looked for again.
COMMIT_S = 1.0


class ToCustomer:
    """The outbound worker's use case."""

    def __init__(
        self,
        *,
        translator: DeskTranslator,
        clients: Mapping[str, Client],
        accounts: Accounts,
        ledger: Ledger,
        sending: Sending,
        telling: Telling,
        budgets: Budgets,
        parking: Parking,
        queue: Redelivery,
        clock: Clock,
        metrics: Metrics,
    ) -> None:
        self._translator = translator
        self._clients = clients
        self._accounts = accounts
        self._ledger = ledger
        self._sending = sending
        self._telling = telling
        self._budgets = budgets
        self._parking = parking
        self._queue = queue
        self._clock = clock
        self._metrics = metrics

    def handle(self, event: Event, turn: Turn) -> None:
        """One event of the outbound queue. Raises Retryable."""
        whole = self._parking.fetched(event)
        if event.section == SECTION:
            self._telling.again(whole, turn)
            return
        try:
            said = self._translator.parse(whole)
        except Malformed as error:
            self._parking.park(whole, turn, "unreadable", str(error))
            return
        if isinstance(said, Ignored):
            self._metrics.count("ignored", reason=said.reason)
            return
        account = self._accounts.of_integration(said.integration)
        if isinstance(said, DeskReceipt):
            self._about_a_customers(said, account)
        elif account is None:
            self._unknown(whole, turn, said)
        elif isinstance(said, AgentTyping):
            self._typing(account, said, event)
        else:
            self._message(account, said, event, turn)

    def give_up(self, event: Event, turn: Turn, reason: str) -> None:
        """Buries the event; the agent of a message reads that it was not delivered. Raises Retryable."""
        self._queue.bury(event, reason, turn.life, turn.order)
        self._metrics.count("dead_letter", source=event.source)
        said = self._read(event)
        if isinstance(said, AgentMessage):
            account = self._accounts.of_integration(said.integration) or _stranger(said.integration)
            self._tell(account, said, Outcome(refused=Refused("other", f"the bridge failed: {reason}"), news=True))

    def _read(self, event: Event) -> DeskEvent | None:
        """What the desk said in an event that nobody can deal with; None where even reading it fails."""
        try:
            return None if event.section == SECTION else self._translator.parse(self._parking.fetched(event))
        except Retryable:
            raise
        except Exception as error:
            log.error("what is given up cannot be read", error=where(error), event=event.id)
            return None

    def _unknown(self, event: Event, turn: Turn, said: AgentMessage | AgentTyping) -> None:
        """An account may just have been added; a message is told to its agent and kept for its return."""
        if isinstance(said, AgentTyping):
            self._metrics.count("ignored", reason="typing_unknown_account")
            return
        if not self._budgets.spent(turn, "account"):
            raise Retryable(f"no account with the integration {said.integration} yet", UNKNOWN_S)
        advice = f"no account has the integration {said.integration}; add it to Terraform's accounts, then replay"
        self._parking.park(event, turn, "unknown_account", advice)
        no = Refused("account_disconnected", "no account of the bridge has this integration")
        self._tell(_stranger(said.integration), said, Outcome(refused=no, news=True))

    def _about_a_customers(self, told: DeskReceipt, account: Account | None) -> None:
        """The desk says that a customer's message did not get through: an alarm, and a line for the agent."""
        self._metrics.count("desk_receipt", reason=told.reason)
        log.error("desk receipt", event=told.message, integration=told.integration, reason=told.reason,
                  detail=told.detail, status=told.status, desk_conversation=told.desk_conversation)  # fmt: skip
        if account is not None:
            self._telling.trouble(account, told)

    # --- a message

    def _message(self, account: Account, said: AgentMessage, event: Event, turn: Turn) -> None:
        conversation = Conversation(account.channel, account.id, said.customer)
        reply = Reply(
            account=account,
            said=said,
            conversation=conversation,
            thread=self._thread(conversation, event),
            received_s=event.received_ms / 1000,
            turn=turn,
        )
        outcome = self._sending.send(reply)
        if not outcome.news:
            self._metrics.count("duplicate", channel=account.channel)
            return
        self._tell(account, said, outcome)
        if outcome.refused is None:
            self._metrics.measure("latency_ms", self._clock() * 1000 - event.received_ms, direction="outbound")
            log.info("sent", message=said.id, account=account.id, desk_conversation=said.desk_conversation)
            self._after(reply)

    def _thread(self, conversation: Conversation, event: Event) -> Thread:
        """What is remembered of the conversation. An answer may overtake the end of the customer's first message:
        as long as one is under way, nothing is decided from an empty thread. Raises Waiting."""
        thread = self._ledger.thread(conversation)
        now = self._clock()
        fresh = now - event.received_ms / 1000 < BUDGETS["reply"].for_s
        if not (thread.customer_ms or thread.comment) and fresh and self._ledger.under_way(conversation, now):
            raise Waiting("the customer's first message is on its way to the desk", COMMIT_S)
        return thread

    def _tell(self, account: Account, said: AgentMessage, outcome: Outcome) -> None:
        no = outcome.refused
        told = Told(
            account=account,
            message=said.id,
            customer=said.customer,
            desk_conversation=said.desk_conversation,
            author=said.author,
            delivered=no is None,
            reason=no.reason if no else "",
            detail=no.detail if no else "",
            arrived=outcome.arrived,
            rest=outcome.rest,
            left_out=", ".join(outcome.left_out) if not outcome.rest else "",
        )
        self._telling.tell(told)

    def _after(self, reply: Reply) -> None:
        """The customer sees that they were read; the operator, that the platform's cap is near. Never raises."""
        account, thread = reply.account, reply.thread
        can = self._clients[account.channel].capabilities
        unseen = thread.customer_ms > thread.seen_ms and reply.said.author == "human"
        if account.mark_seen and can.seen and unseen and self._act(account, reply.said.customer, thread, "seen"):
            try:
                self._ledger.seen(reply.conversation, self._clock(), thread.customer_ms)
            except Retryable as error:
                log.info("not noted as seen", account=account.id, reason=error.reason)
        if can.window.cap and thread.replies + 1 >= can.window.cap:
            self._metrics.count("reply_cap", channel=account.channel)
            log.warning("reply cap", account=account.id, message=reply.said.id, count=thread.replies + 1)

    # --- what is shown at once or not at all

    def _typing(self, account: Account, typing: AgentTyping, event: Event) -> None:
        client = self._clients[account.channel]
        conversation = Conversation(account.channel, account.id, typing.customer)
        if self._clock() - event.received_ms / 1000 > TYPING_S or not client.capabilities.typing:
            self._metrics.count("ignored", reason="typing_late")
            return
        try:
            thread = self._ledger.thread(conversation)
        except Retryable:
            self._metrics.count("ignored", reason="typing_table_busy")
            return
        allowed = self._sending.decide(account, thread, "human")
        if not isinstance(allowed, windows.Allow) or allowed.comment:
            self._metrics.count("ignored", reason="typing_window_closed")
            return
        self._act(account, typing.customer, thread, "typing")

    def _act(self, account: Account, customer: str, thread: Thread, action: Literal["typing", "seen"]) -> bool:
        to = Recipient(customer=customer, thread=thread.platform)
        try:
            with new_codes(self._metrics, account.channel):
                self._clients[account.channel].act(account, to, action)
        except Exception as error:  # whatever it is, it is worth no retry
            self._metrics.count("action_failed", action=action, channel=account.channel)
            log.info("action failed", account=account.id, kind=action, error=where(error))
            return False
        self._metrics.count("action", action=action, channel=account.channel)
        return True


def _stranger(integration: str) -> Account:
    """An integration that no account has: as much of one as it takes to tell its agents, now or later."""
    return Account(channel="unknown", id="unknown", integration=integration, secret="unknown")  # noqa: S106 — the name of a secret, and of none
