"""What still comes of a customer who was erased is let go; what came later waits until the erasure has ended."""

from __future__ import annotations

from typing import Protocol

from chalicelib.errors import Waiting
from chalicelib.observability import Metrics, log
from chalicelib.pipeline.batch import Work
from chalicelib.pipeline.ports import Clock, Turn
from chalicelib.vocabulary.records import Erasure, Event

LOOK_S = 5.0


class Erasures(Protocol):
    """Who was erased. Raises Retryable."""

    def erasure(self, mark: str) -> Erasure | None:
        """Whether the events with the mark were erased, and up to when."""


class Heeding:
    """A queue's work, without what was erased (docs/adr/0013-erasure.md)."""

    def __init__(self, work: Work, erasures: Erasures, clock: Clock, metrics: Metrics) -> None:
        self._work = work
        self._erasures = erasures
        self._clock = clock
        self._metrics = metrics

    def handle(self, event: Event, turn: Turn) -> None:
        """The work's own, of what was not erased. Raises Retryable; Waiting while the customer is being erased."""
        if not self._gone(event):
            self._work.handle(event, turn)

    def give_up(self, event: Event, turn: Turn, reason: str) -> None:
        """As `handle`: what was erased leaves no dead letter."""
        if not self._gone(event):
            self._work.give_up(event, turn, reason)

    def _gone(self, event: Event) -> bool:
        """Whether it came before the erasure, by the platform's clock too: a platform delivers for days."""
        erasure = self._erasures.erasure(event.mark) if event.mark else None
        if erasure is None:
            return False
        if min(event.received_ms, event.sent_ms or event.received_ms) <= erasure.until_ms:
            self._metrics.count("erased", source=event.source)
            log.info("erased", event=event.id, source=event.source)
            return True
        if self._clock() < erasure.open_s:
            raise Waiting("the customer is being erased", LOOK_S)
        return False
