"""What customers are shown beside messages: that an agent is typing, that they were read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import msgspec

from chalicelib.errors import Retryable
from chalicelib.observability import Metrics, log, new_codes, where
from chalicelib.pipeline.outbound.addressing import Addressing
from chalicelib.pipeline.outbound.reply import Reply
from chalicelib.pipeline.ports import Clock, Ledger
from chalicelib.protocols.channel import Client
from chalicelib.rules import windows
from chalicelib.vocabulary.capabilities import Capabilities
from chalicelib.vocabulary.records import Account, Conversation, Event, Seat, Thread
from chalicelib.vocabulary.replies import AgentRead, AgentTyping, Recipient

# Who types is not typing any more after this.
TYPING_S = 10.0


class Acts:
    """Shown at once or not at all."""

    def __init__(
        self,
        *,
        clients: Mapping[str, Client],
        ledger: Ledger,
        addressing: Addressing,
        clock: Clock,
        metrics: Metrics,
    ) -> None:
        self._clients = clients
        self._ledger = ledger
        self._addressing = addressing
        self._clock = clock
        self._metrics = metrics

    def typing(self, account: Account, typing: AgentTyping, event: Event, wrote_ms: int = 0) -> None:
        """An agent types, or a bot that answers what the customer wrote at that time (epoch ms), which may not be
        remembered yet. Never raises."""
        if self._clock() - event.received_ms / 1000 > TYPING_S or not self._can(account).typing:
            self._metrics.count("ignored", reason="typing_late")
            return
        thread = self._thread(account, typing.customer, "typing", wrote_ms)
        if thread is not None:
            self._act(account, typing.customer, thread, "typing")

    def read(self, account: Account, read: AgentRead, seat: Seat, event: Event) -> None:
        """An agent has read what the customer has written so far, at that seat. Never raises."""
        if not self._can(account).seen or not account.mark_seen:
            self._metrics.count("ignored", reason="agent_read_not_shown")
            return
        thread = self._thread(account, read.customer, "agent_read")
        if thread is None:
            return
        if thread.seat.place != seat.place or thread.customer_ms > event.sent_ms > 0:
            self._metrics.count("ignored", reason="agent_read_overtaken")
            return
        self._seen(account, read.customer, thread)

    def seen(self, reply: Reply, *, noted: bool) -> None:
        """An agent has answered: the customer sees that they were read, once; where that is `noted` already, that is
        taken back if it fails, for the next answer. Never raises."""
        account, thread = reply.account, reply.thread
        until_ms = reply.seen_ms(self._can(account))
        if until_ms and self._act(account, reply.message.customer, thread, "seen") != noted:
            self._note(reply.conversation, thread.seen_ms if noted else until_ms)

    def _seen(self, account: Account, customer: str, thread: Thread) -> None:
        if thread.customer_ms > thread.seen_ms and self._act(account, customer, thread, "seen"):
            self._note(Conversation(account.channel, account.id, customer), thread.customer_ms)

    def _note(self, whose: Conversation, until_ms: int) -> None:
        try:
            self._ledger.seen(whose, self._clock(), until_ms)
        except Retryable as error:
            log.info("not noted as seen", account=whose.account, reason=error.reason)

    def _can(self, account: Account) -> Capabilities:
        return self._clients[account.channel].capabilities

    def _thread(
        self, account: Account, customer: str, act: Literal["typing", "agent_read"], wrote_ms: int = 0
    ) -> Thread | None:
        """What is remembered of the conversation, None where that is not to be had or allows no act."""
        try:
            thread = self._ledger.thread(Conversation(account.channel, account.id, customer))
        except Retryable:
            self._metrics.count("ignored", reason=f"{act}_table_busy")
            return None
        thread = msgspec.structs.replace(thread, customer_ms=max(wrote_ms, thread.customer_ms))
        allowed = self._addressing.decide(account, thread, "human")
        if not isinstance(allowed, windows.Allow) or allowed.comment:
            self._metrics.count("ignored", reason=f"{act}_window_closed")
            return None
        return thread

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
