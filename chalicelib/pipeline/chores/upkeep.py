"""The upkeep: a list of chores. It starts every five minutes and does those that are due, each once; one that fails
stops no other, and is due again at the next start.

A start may be missed, late, doubled, or run beside another: who is due is told by when each chore last came to its end,
and who does it by a condition on just that.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from typing import Protocol

from chalicelib.errors import Misconfigured, Refused, Retryable, Uncertain
from chalicelib.observability import Metrics, log, where
from chalicelib.pipeline.ports import Clock

# As app.py and Terraform schedule it; a test compares.
STARTS_S = 300.0
# Longer than the function lives, shorter than it takes to start again: what a killed one left is due at the next start.
LEASE_S = 90.0


class Chore(Protocol):
    """What is done by the clock."""

    @property
    def name(self) -> str:
        """What it is called in metrics, logs and the table."""

    @property
    def every_s(self) -> float:
        """How often it is done (s), by the start that is nearest."""

    def run(self, now: float) -> None:
        """Does what is due. `now` is when the whole run began (epoch s): its function's end is counted from there."""


class Runs(Protocol):
    """What is remembered of the chores' runs. All methods may raise Retryable."""

    def last(self) -> dict[str, float]:
        """When the last run of each that came to its end began (epoch s), by its name."""

    def begin(self, name: str, last: float, now: float, lease_s: float) -> str | None:
        """The token of whoever runs the chore from now on, for so long at most; None while another does, or where
        another has since `last` (epoch s, 0 for never)."""

    def end(self, name: str, token: str, began: float = 0.0) -> None:
        """The run is over; where it came to its end, it counts as the last one, by when it began (epoch s)."""


class Upkeep:
    """Runs the chores in their order."""

    def __init__(self, chores: Sequence[Chore], runs: Runs, clock: Clock, metrics: Metrics) -> None:
        self._chores = chores
        self._runs = runs
        self._clock = clock
        self._metrics = metrics

    def run(self) -> None:
        """Every chore that is due, once. Where none of them succeeded, the first one's error is raised; Retryable where
        nobody knows which are due."""
        now = self._clock()
        last = self._runs.last()
        due = [chore for chore in self._chores if _due(chore, last.get(chore.name, 0.0), now)]
        failures: list[Exception] = []
        for chore in due:
            try:
                self._once(chore, last.get(chore.name, 0.0), now)
            except Exception as error:  # whatever it is, the next chore's turn comes
                failures.append(error)
                self._failed(chore, error)
        if failures and len(failures) == len(due):
            raise failures[0]

    def _once(self, chore: Chore, last: float, now: float) -> None:
        token = self._runs.begin(chore.name, last, now, LEASE_S)
        if token is None:  # another start is at it, or was
            return
        try:
            chore.run(now)
        except Exception:
            self._end(chore, token, 0.0)
            raise
        self._end(chore, token, now)

    def _end(self, chore: Chore, token: str, began: float) -> None:
        with suppress(Retryable):  # its turn ends by itself, and then it is done once more
            self._runs.end(chore.name, token, began)

    def _failed(self, chore: Chore, error: Exception) -> None:
        self._metrics.count("chore_failed", chore=chore.name)
        detail = str(error) if isinstance(error, (Retryable, Uncertain, Refused)) else where(error)
        advice = error.advice if isinstance(error, Misconfigured) else "it is tried again in five minutes"
        log.error("chore failed", kind=chore.name, detail=detail, advice=advice)


def _due(chore: Chore, last: float, now: float) -> bool:
    """No start comes on the second, so that the one nearest to the time does. A last run that lies ahead was told by a
    clock that was wrong, and says as little as none."""
    return abs(now - last) >= chore.every_s - STARTS_S / 2
