"""Events that one worker is at beside each other, and one that has to be alone with it.

A worker that dies takes all of them with it, and nobody can tell over which of them it died. So what is found so is
dealt with by itself from then on: only its own deaths count against it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Condition

from chalicelib.errors import Waiting


class Company:
    """Those that are dealt with at the moment."""

    def __init__(self) -> None:
        self._changed = Condition()
        self._present = 0
        self._wanting = 0

    @contextmanager
    def joined(self, most_s: Callable[[], float]) -> Iterator[Callable[[], None]]:
        """Is among them for as long as an event is dealt with, and begins when nobody is alone, or wants to be. Yields
        what sends the others away: it returns once they have ended, and none begins until this one has. It raises
        Waiting where they have not within `most_s` (seconds)."""
        alone = False

        def apart() -> None:
            nonlocal alone
            if not alone:
                self._wait_for_others(most_s())
                alone = True

        with self._changed:
            self._changed.wait_for(lambda: not self._wanting)
            self._present += 1
        try:
            yield apart
        finally:
            with self._changed:
                self._present -= 1
                self._wanting -= alone
                self._changed.notify_all()

    def _wait_for_others(self, most_s: float) -> None:
        """Whoever waits counts as ended for the others: of several that want to be alone each has its turn."""
        with self._changed:
            self._wanting += 1
            self._present -= 1
            self._changed.notify_all()
            ended = self._changed.wait_for(lambda: not self._present, max(0.0, most_s))
            self._present += 1
            if not ended:
                self._wanting -= 1
                self._changed.notify_all()
                raise Waiting("a worker died over it, or over what it was at beside it: it needs one for itself", 1.0)
