"""A reaction, an edit, a read, an unsend: what it changes, and the line that agents read of it."""

from __future__ import annotations

from chalicelib.observability import Metrics
from chalicelib.pipeline.inbound.passing import PASSING, Passing
from chalicelib.pipeline.inbound.reads import Reads
from chalicelib.pipeline.inbound.showing import Showing
from chalicelib.pipeline.inbound.wording import Wording
from chalicelib.pipeline.lines import Shown
from chalicelib.pipeline.media import MediaStore
from chalicelib.pipeline.ports import Arrival, Clock, Ledger
from chalicelib.pipeline.presenting import words
from chalicelib.rules.quoting import names_words, worded
from chalicelib.vocabulary import claims
from chalicelib.vocabulary.messages import Note
from chalicelib.vocabulary.records import Edited
from chalicelib.wire import LATEST_MS, bounded

# An unsend is the last of a message's edits: one that it overtook is not shown after it.
LAST_EDIT = LATEST_MS + 1


class Notes:
    """Deals with notes."""

    def __init__(
        self,
        *,
        reads: Reads,
        passing: Passing,
        showing: Showing,
        wording: Wording,
        media: MediaStore,
        ledger: Ledger,
        clock: Clock,
        metrics: Metrics,
    ) -> None:
        self._reads = reads
        self._passing = passing
        self._showing = showing
        self._wording = wording
        self._media = media
        self._ledger = ledger
        self._clock = clock
        self._metrics = metrics

    def take(self, arrival: Arrival, note: Note) -> None:
        """Takes our copies away where the note does, and shows it where agents have seen what it is about; a read is
        told by the desk's own sign, too. Raises Retryable."""
        if note.removes:
            self._media.forget(note.conversation, note.removes)
        if note.kind in PASSING:
            self._in_passing(arrival, note)
        elif note.prevents and self._prevented(note):
            self._metrics.count("ignored", reason="unsent_before_shown")
        elif note.edit and self._edit(note) == "older":
            self._metrics.count("ignored", reason="edit_overtaken")
        else:
            self._showing.show(arrival, self._line(arrival, note), note.kind)

    def _in_passing(self, arrival: Arrival, note: Note) -> None:
        """Agents see it only where the account asks for it; a read, by the desk's own sign, wherever it has one."""
        if arrival.account.show_reads:
            self._passing.show(arrival, self._line(arrival, note), note)
        elif not (note.kind == "read" and self._reads.tell(arrival.account, note)):
            self._metrics.count("ignored", reason=note.kind)

    def _line(self, arrival: Arrival, note: Note) -> Shown:
        about = note.about if names_words(note.lines) else ""
        lines = worded(note.lines, self._wording.beginning(note.conversation, about))
        text = words(arrival.account, lines, note.text)
        return Shown(conversation=note.conversation, id=note.id, sent_ms=note.sent_ms, text=text)

    def _prevented(self, note: Note) -> bool:
        """Whether agents have seen nothing of the message that was taken back, and never will."""
        item, now = claims.inbound(note.prevents), self._clock()
        if self._ledger.forestall(note.conversation, item, now):
            return True
        self._ledger.edited(note.conversation, item, now, LAST_EDIT, "")
        return False

    def _edit(self, note: Note) -> Edited:
        """Whether this is the newest text of its message. It is kept for a message that has not come yet, too,
        unless it came encrypted: of that nothing is written down."""
        item = claims.inbound(bounded(self._wording.event(note.conversation, note.about)))
        return self._ledger.edited(note.conversation, item, self._clock(), note.edit, "" if note.sealed else note.text)
