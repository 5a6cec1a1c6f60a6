"""What customers are shown beside messages: that an agent is typing, that they were read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from chalicelib.errors import Retryable
from chalicelib.observability import Metrics, log, new_codes, where
from chalicelib.pipeline.outbound.addressing import Addressing
from chalicelib.pipeline.outbound.reply import Reply
from chalicelib.pipeline.ports import Clock, Ledger
from chalicelib.protocols.channel import Client
from chalicelib.rules import windows
from chalicelib.vocabulary.records import Account, Conversation, Event, Thread
from chalicelib.vocabulary.replies import AgentTyping, Recipient

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

    def typing(self, account: Account, typing: AgentTyping, event: Event) -> None:
        """An agent types. Never raises."""
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
        allowed = self._addressing.decide(account, thread, "human")
        if not isinstance(allowed, windows.Allow) or allowed.comment:
            self._metrics.count("ignored", reason="typing_window_closed")
            return
        self._act(account, typing.customer, thread, "typing")

    def seen(self, reply: Reply) -> None:
        """An agent has answered: the customer sees that they were read, once. Never raises."""
        account, thread = reply.account, reply.thread
        unseen = thread.customer_ms > thread.seen_ms and reply.message.author == "human"
        can = self._clients[account.channel].capabilities
        if account.mark_seen and can.seen and unseen and self._act(account, reply.message.customer, thread, "seen"):
            try:
                self._ledger.seen(reply.conversation, self._clock(), thread.customer_ms)
            except Retryable as error:
                log.info("not noted as seen", account=account.id, reason=error.reason)

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
