"""That the customer has read what agents wrote, as a desk has a sign for: told once it happens, or not at all."""

from __future__ import annotations

from chalicelib.errors import Refused
from chalicelib.observability import Metrics, log, where
from chalicelib.pipeline.desks import Desks
from chalicelib.pipeline.ports import Clock, Ledger
from chalicelib.vocabulary.messages import Note
from chalicelib.vocabulary.records import Account, Thread
from chalicelib.vocabulary.replies import Receipt


class Reads:
    """Where no desk has such a sign, nothing is looked up."""

    def __init__(self, *, desks: Desks, ledger: Ledger, clock: Clock, metrics: Metrics) -> None:
        self._desks = desks
        self._ledger = ledger
        self._clock = clock
        self._metrics = metrics

    def tell(self, account: Account, note: Note, thread: Thread | None = None) -> bool:
        """Whether the desk was told that the customer had read all that had been written by then, in a conversation of
        which that is remembered (None: it is looked up). Never raises: a sign is worth no retry."""
        if not self._desks.tells_reads:
            return False
        try:
            told = self._told(account, note, thread or self._ledger.thread(note.conversation))
        except Refused as no:  # it was written in the conversation before, or elsewhere
            log.info("not told as read", account=account.id, detail=no.detail)
            return False
        except Exception as error:
            self._metrics.count("action_failed", action="read", channel=account.channel)
            log.info("action failed", account=account.id, kind="read", error=where(error))
            return False
        if told:
            self._metrics.count("action", action="read", channel=account.channel)
        return told

    def _told(self, account: Account, note: Note, thread: Thread) -> bool:
        """Platforms tell one message, or a moment: up to either, the newest that went out was read."""
        desk = self._desks.at(thread.seat)
        if not (thread.seat.conversation and desk.capabilities.reads and 0 < thread.said_ms <= note.sent_ms):
            return False
        receipt = Receipt(message=thread.said, customer=note.conversation.customer, delivered=True, read=True)
        desk.report(account, receipt, thread.seat, self._clock())
        return True
