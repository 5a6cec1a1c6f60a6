"""Something is shown to the agents once, whoever tries, however often."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from chalicelib.desks.base import Desk
from chalicelib.errors import AlreadyThere, Refused, Retryable, Uncertain
from chalicelib.messages import Account, Claim, Conversation, DeskMessage, Event, Thread
from chalicelib.observability import Metrics, log
from chalicelib.pipeline.ports import Clock, Ledger, Redelivery
from chalicelib.pipeline.presenting import desk_id

# No worker is at a message longer than this: the deployed function's timeout is below it.
LEASE_S = 90.0
# Genesys needs a moment to show what it took.
DOUBT_S = 5.0


class Delivery(msgspec.Struct, frozen=True, kw_only=True):
    """One thing to be shown: its claim, how it is put into the desk's words, what is remembered of it.

    `build` may raise Retryable; `thread` is given the desk's conversation id.
    """

    conversation: Conversation
    id: str
    build: Callable[[], DeskMessage]
    thread: Callable[[str], Thread]

    @property
    def item(self) -> str:
        return f"IN#{self.id}"


class Delivering:
    """Claims, posts, and after an unknown outcome reads back before it posts again."""

    def __init__(self, *, desk: Desk, ledger: Ledger, queue: Redelivery, clock: Clock, metrics: Metrics) -> None:
        self._desk = desk
        self._ledger = ledger
        self._queue = queue
        self._clock = clock
        self._metrics = metrics

    def once(self, event: Event, account: Account, work: Delivery) -> str:
        """Delivers what nobody has delivered; answers the claim's result where somebody has. Raises Retryable."""
        claim = self._ledger.claim(work.conversation, work.item, self._clock(), LEASE_S)
        if claim.state in {"done", "refused"}:
            self._metrics.count("duplicate", channel=account.channel)
            return claim.result
        if claim.state == "busy":
            raise Retryable("another worker is at this message", max(1.0, claim.until_s - self._clock()))
        if claim.state == "lapsed":  # from here on a retry finds out first, and need not wait for the lease
            self._ledger.doubt(work.conversation, work.item)
        try:
            found = self._read_back(account, work, claim) if claim.state != "fresh" else None
            desk = found or self._deliver(account, work, claim)
        except Refused as no:
            self._queue.bury(event, str(no))
            self._ledger.release(work.conversation, work.item)  # so that a replay is not taken for a duplicate
            self._metrics.count("dead_letter", source=event.source)
            log.error("the desk refuses a message", event=event.id, detail=no.detail, account=account.id)
            return ""
        self._ledger.delivered(work.conversation, work.item, self._clock(), work.thread(desk))
        self._metrics.count("delivered", channel=account.channel)
        log.info("delivered", event=work.id, account=account.id, desk_conversation=desk)
        return ""

    def _deliver(self, account: Account, work: Delivery, claim: Claim) -> str:
        """Posts the message; answers the desk's conversation id."""
        try:
            return self._posted(account, work.build())
        except Retryable:
            if claim.state == "fresh":
                self._ledger.release(work.conversation, work.item)
            raise
        except Uncertain as error:
            self._ledger.doubt(work.conversation, work.item)
            self._metrics.count("uncertain", channel=account.channel)
            raise Retryable(f"did the desk take it? {error.reason}", DOUBT_S) from error
        except AlreadyThere as error:
            return self._already_there(account, work, claim, error)

    def _posted(self, account: Account, message: DeskMessage) -> str:
        """A file that the desk does not take (its content profile decides) goes as a link."""
        try:
            return self._desk.deliver(account, message, self._clock())
        except Refused as no:
            if message.attachment is None:
                raise
            self._metrics.count("media", outcome="linked", channel=account.channel)
            log.warning("the desk refuses a file", account=account.id, detail=no.detail)
            text = "\n".join(part for part in (message.text, message.attachment.url) if part)
            return self._desk.deliver(
                account, msgspec.structs.replace(message, attachment=None, text=text), self._clock()
            )

    def _already_there(self, account: Account, work: Delivery, claim: Claim, error: AlreadyThere) -> str:
        """A 409: delivered if the desk holds it, or if we have tried before; else it is tried once more."""
        found = self._find(account, work, claim)
        if found is not None:
            return found
        if claim.state == "fresh":
            self._ledger.doubt(work.conversation, work.item)
            raise Retryable(f"the desk conflicts, and does not hold the message: {error.detail}", DOUBT_S)
        self._metrics.count("conflict_taken_as_delivered", channel=account.channel)
        log.warning("conflict taken as delivered", event=work.id, account=account.id, detail=error.detail)
        return ""

    def _read_back(self, account: Account, work: Delivery, claim: Claim) -> str | None:
        """Somebody tried before and the outcome is unknown: what does the desk hold?"""
        found = self._find(account, work, claim)
        self._metrics.count("found_at_desk" if found is not None else "sent_again", channel=account.channel)
        return found

    def _find(self, account: Account, work: Delivery, claim: Claim) -> str | None:
        known = self._ledger.thread(work.conversation).desk
        wanted = desk_id(account, work.id)
        return self._desk.find(account, wanted, work.conversation.customer, known, claim.since_s, self._clock())
