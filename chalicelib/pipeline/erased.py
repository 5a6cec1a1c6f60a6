"""What still comes of a customer who was erased is let go; what came later waits until the erasure has ended."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

import msgspec

from chalicelib.errors import Waiting
from chalicelib.observability import Metrics, log
from chalicelib.pipeline.batch import Work
from chalicelib.pipeline.ports import Clock, Turn
from chalicelib.sharing import Shared
from chalicelib.vocabulary.records import Erasure, Event

LOOK_S = 5.0
# One read serves a container's events for so long (s): erasures are few, and messages are many.
KNOWN_S = 20.0


class Erasures(Protocol):
    """Who was erased. Raises Retryable."""

    def erasures(self) -> Mapping[str, Erasure]:
        """By the marks of their events: up to when, and until when what came later waits."""


def _nobody(event: Event) -> None:
    """Nobody waits to hear what became of a customer's event."""


class Heeding:
    """A queue's work, without what was erased (docs/adr/0013-erasure.md). `let_go` tells who has to know of an event
    that is let go; it may raise Retryable."""

    def __init__(
        self,
        work: Work,
        erasures: Erasures,
        clock: Clock,
        metrics: Metrics,
        let_go: Callable[[Event], None] = _nobody,
    ) -> None:
        self._work = work
        self._let_go = let_go
        self._erasures = erasures
        self._clock = clock
        self._metrics = metrics
        self._known: Mapping[str, Erasure] = {}
        self._read_s = float("-inf")
        self._reading: Shared[None] = Shared()

    def handle(self, event: Event, turn: Turn) -> Sequence[str] | None:
        """The work's own, of what was not erased. Raises Retryable; Waiting while the customer is being erased."""
        if self._gone(event):
            self._let_go(event)
            self._metrics.count("erased", source=event.source)
            log.info("erased", event=event.id, source=event.source)
            return ()
        left = tuple(one for one in turn.behind if not self._gone(one))
        return self._work.handle(event, turn if left == turn.behind else msgspec.structs.replace(turn, behind=left))

    def give_up(self, event: Event, turn: Turn, reason: str) -> None:
        """As `handle`: what was erased leaves no dead letter, even where nobody can be told."""
        if self._gone(event):
            self._metrics.count("erased", source=event.source)
        else:
            self._work.give_up(event, turn, reason)

    def _gone(self, event: Event) -> bool:
        """Whether it came before the erasure, by the platform's clock too: a platform delivers for days."""
        erased = self._all() if event.party or event.about else None
        erasure = erased.get(event.mark) if erased else None  # mostly nobody was
        if erasure is None:
            return False
        if event.since_ms <= erasure.until_ms:
            return True
        if self._clock() < erasure.open_s:
            raise Waiting("the customer is being erased", LOOK_S)
        return False

    def _all(self) -> Mapping[str, Erasure]:
        """Those that there are, as of `KNOWN_S` ago at the most. Raises Retryable where they cannot be read anew."""
        now = self._clock()
        if abs(now - self._read_s) > KNOWN_S:
            self._reading(lambda: self._read(now))
        return self._known

    def _read(self, now: float) -> None:
        self._known = self._erasures.erasures()
        self._read_s = now
