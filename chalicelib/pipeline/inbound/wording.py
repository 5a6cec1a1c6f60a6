"""How a message stands by now: with the newest of its edits, what it quotes, and told to be late if it is."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from chalicelib.errors import Retryable
from chalicelib.observability import log
from chalicelib.pipeline.inbound.composing import Draft
from chalicelib.pipeline.ports import Ledger
from chalicelib.protocols.channel import Client
from chalicelib.rules.quoting import worded
from chalicelib.vocabulary.messages import Line
from chalicelib.vocabulary.records import Conversation


class Wording:
    """Knows how messages begin, by which others name them."""

    def __init__(self, clients: Mapping[str, Client], ledger: Ledger) -> None:
        self._clients = clients
        self._ledger = ledger

    def enrich(self, draft: Draft) -> Draft:
        """The draft as its message stands. Raises Retryable."""
        message, claim = draft.message, draft.claim
        lines = worded(message.lines, self.beginning(message.conversation, message.quotes))
        if claim.buried or draft.arrival.event.late or self._overtaken(draft):
            lines = (Line("late"), *lines)
        message = msgspec.structs.replace(message, text=claim.edited or message.text, lines=lines)
        return msgspec.structs.replace(draft, message=message)

    def _overtaken(self, draft: Draft) -> bool:
        """Whether an operator brought it back after the agents had read what the customer wrote behind it. What was
        parked has no claim that tells, and no line in its place."""
        message = draft.message
        if not draft.arrival.event.order:
            return False
        return self._ledger.thread(message.conversation).customer_ms > message.sent_ms

    def beginning(self, conversation: Conversation, about: str) -> str:
        """How the message that the platform knows by this id begins; "" where that is not remembered. Never raises."""
        if not about:
            return ""
        try:
            return self._ledger.words(conversation, self.event(conversation, about), about)
        except Retryable as error:
            log.info("not to be had", kind="words", account=conversation.account, detail=error.reason)
            return ""

    def event(self, conversation: Conversation, about: str) -> str:
        """The id of the event that brought the message which the platform knows by this one."""
        return self._clients[conversation.channel].capabilities.message_event.format(about)
