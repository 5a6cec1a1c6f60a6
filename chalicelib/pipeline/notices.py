"""The line that an agent reads in the conversation where a reply was not delivered: desks do not show why."""

from __future__ import annotations

from chalicelib.desks.base import Desk
from chalicelib.errors import AlreadyThere, Reason, Refused, Retryable, Uncertain
from chalicelib.messages import Account, Conversation
from chalicelib.observability import Metrics, log
from chalicelib.pipeline.ports import Clock, Ledger
from chalicelib.pipeline.presenting import line_message
from chalicelib.replies import AgentMessage
from chalicelib.rules.catalogue import PLATFORMS, say

LEASE_S = 90.0


class Notices:
    """Puts a notice into an open conversation, once."""

    def __init__(self, desk: Desk, ledger: Ledger, clock: Clock, metrics: Metrics) -> None:
        self._desk = desk
        self._ledger = ledger
        self._clock = clock
        self._metrics = metrics

    def tell(self, account: Account, said: AgentMessage, reason: Reason) -> None:
        """Says why. Raises Retryable.

        Only what a person wrote is explained: a bot would take the notice for the customer's answer, and
        answer it.
        """
        if not account.notices or said.author != "human":
            return
        conversation = Conversation(account.channel, account.id, said.customer)
        identifier = f"notice:{said.id}"
        if self._ledger.claim(conversation, f"IN#{identifier}", self._clock(), LEASE_S).state != "fresh":
            return
        try:
            outcome = self._told(account, said, identifier, reason)
        except Retryable:
            self._ledger.release(conversation, f"IN#{identifier}")
            raise
        self._metrics.count("notice", outcome=outcome, channel=account.channel)
        log.info("notice", message=said.id, account=account.id, reason=reason, status=outcome)

    def _told(self, account: Account, said: AgentMessage, identifier: str, reason: Reason) -> str:
        if not self._desk.is_open(account, said.customer, said.desk_conversation):
            return "conversation_over"
        platform = PLATFORMS.get(account.channel, account.channel)
        why = say(account.language, f"why_{reason}", platform=platform)
        now = self._clock()
        text = say(account.language, "notice", reason=why)
        try:
            self._desk.deliver(account, line_message(account, identifier, said.customer, int(now * 1000), text), now)
        except (Refused, Uncertain, AlreadyThere):  # it may be there; a second one would be worse than none
            return "unconfirmed"
        return "told"
