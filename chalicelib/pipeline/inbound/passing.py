"""What a customer does in passing (they have read, or are writing), as a line: at most once, and only while it is the
newest of its kind. It says nothing that anybody answers, so that it is rather left out than shown twice."""

from __future__ import annotations

from contextlib import suppress

import msgspec

from chalicelib.errors import AlreadyThere, Refused, Retryable, Uncertain
from chalicelib.observability import Metrics, log
from chalicelib.pipeline import lines
from chalicelib.pipeline.delivering import DOUBT_S
from chalicelib.pipeline.desks import Desks
from chalicelib.pipeline.inbound.reads import Reads
from chalicelib.pipeline.inbound.showing import Showing
from chalicelib.pipeline.lines import Shown
from chalicelib.pipeline.ports import Arrival, Clock, Ledger
from chalicelib.pipeline.posting import Posting
from chalicelib.rules import seating
from chalicelib.vocabulary import claims
from chalicelib.vocabulary.messages import Note
from chalicelib.vocabulary.records import Account, Seat, Thread

# The kinds of notes that are no more than this.
PASSING = frozenset({"read", "typing"})
# What happened so short a time ago (s), and is handed out for the first time, nobody has shown before: the queue
# refuses its copies for five minutes, and clocks differ.
# docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/FIFO-queues-exactly-once-processing.html
FRESH_S = 240.0


class Passing:
    """Takes it, looks whether the conversation is open where the desk does not refuse by itself, and shows it."""

    def __init__(
        self,
        *,
        reads: Reads,
        showing: Showing,
        desks: Desks,
        posting: Posting,
        ledger: Ledger,
        clock: Clock,
        metrics: Metrics,
    ) -> None:
        self._reads = reads
        self._showing = showing
        self._desks = desks
        self._posting = posting
        self._ledger = ledger
        self._clock = clock
        self._metrics = metrics

    def show(self, arrival: Arrival, line: Shown, note: Note) -> None:
        """Into the conversation if it is open, and a read by the desk's own sign besides. Raises Retryable."""
        owner, thread = self._ledger.take_passing(note.conversation, note.kind, note.id, note.sent_ms)
        if not (owner and thread.seat.conversation):
            self._ignored(note, "overtaken" if thread.seat.conversation else "no_open_conversation")
            return
        try:
            after = self._shown(arrival, line, note, thread)
        except Retryable:
            self._ledger.leave_passing(note.conversation, note.kind, owner)
            raise
        self._moved(note, thread.seat, after)

    def _shown(self, arrival: Arrival, line: Shown, note: Note, thread: Thread) -> Seat:
        """Where the conversation sits after that. Raises Retryable where it is certain that nothing was shown."""
        if self._known(arrival, note):
            self._metrics.count("duplicate", channel=arrival.account.channel)
            return thread.seat
        if note.kind == "read":
            self._reads.tell(arrival.account, note, thread)
        if not self._may_be_open(arrival, line, thread.seat):
            self._ignored(note, "no_open_conversation")
            return thread.seat
        return self._posted(arrival.account, line, note, thread.seat)

    def _known(self, arrival: Arrival, note: Note) -> bool:
        """Whether an earlier version has begun it, which made a claim of it: looked up where one may have."""
        if not arrival.turn.again and self._clock() - note.sent_ms / 1000 < FRESH_S:
            return False
        item = claims.inbound(note.id)
        return item in self._ledger.begun(note.conversation, item)

    def _posted(self, account: Account, line: Shown, note: Note, seat: Seat) -> Seat:
        desk, message = self._desks.at(seat), lines.message(account, line)
        log.info("posting", event=note.id, key=message.id, conversation=note.conversation.key)
        try:
            after = self._posting.post(desk, account, message, seat)
        except AlreadyThere:
            self._metrics.count("duplicate", channel=account.channel)
        except Refused as no:
            self._ignored(note, "no_open_conversation" if no.reason == "no_conversation" else "refused")
            log.warning("the desk refuses a line", event=note.id, detail=no.detail, account=account.id)
        except Uncertain as unknown:
            self._metrics.count("uncertain", channel=account.channel)
            if desk.capabilities.idempotent:  # given once more, it is shown once
                raise Retryable(f"did the desk take it? {unknown.reason}", DOUBT_S) from unknown
            log.info("shown or not", event=note.id, detail=unknown.reason, account=account.id)
        else:
            self._metrics.count("delivered", channel=account.channel)
            log.info("delivered", event=note.id, account=account.id, desk_conversation=after.conversation,
                     conversation=note.conversation.key)  # fmt: skip
            return after
        return seat

    def _may_be_open(self, arrival: Arrival, line: Shown, seat: Seat) -> bool:
        """Whether the conversation goes on, or the desk refuses the line where it does not."""
        can = self._desks.at(seat).capabilities if self._desks.has(seat) else None
        if can is not None and can.notices and can.refuses_over:
            return True
        return self._showing.is_open(arrival, line, seat)

    def _moved(self, note: Note, before: Seat, after: Seat) -> None:
        """It was over in the moment between the look and the line, and another has begun: that is remembered, if it can
        be. The customer's next message tells it, too."""
        taken = seating.taken(before, msgspec.structs.replace(after, desk=before.desk))
        if taken.conversation != before.conversation:
            with suppress(Retryable):
                item = claims.inbound(note.id)
                self._ledger.delivered(note.conversation, item, self._clock(), Thread(seat=taken), before=before)

    def _ignored(self, note: Note, why: str) -> None:
        self._metrics.count("ignored", reason=f"{note.kind}_{why}")
