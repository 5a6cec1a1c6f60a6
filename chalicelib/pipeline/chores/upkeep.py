"""The upkeep: a list of chores that runs every hour, and in which one that fails stops no other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from chalicelib.errors import Misconfigured, Refused, Retryable, Uncertain
from chalicelib.observability import Metrics, log, where
from chalicelib.pipeline.ports import Clock


class Chore(Protocol):
    """What is done by the clock."""

    @property
    def name(self) -> str:
        """What it is called in metrics and logs."""

    def run(self, now: float) -> None:
        """Does what is due. `now` is when the whole run began (epoch s): its function's end is counted from there."""


class Upkeep:
    """Runs the chores in their order."""

    def __init__(self, chores: Sequence[Chore], clock: Clock, metrics: Metrics) -> None:
        self._chores = chores
        self._clock = clock
        self._metrics = metrics

    def run(self) -> None:
        """Every chore once. Where none of them succeeded, the first one's error is raised."""
        now = self._clock()
        failures: list[Exception] = []
        for chore in self._chores:
            try:
                chore.run(now)
            except Exception as error:  # whatever it is, the next chore's turn comes
                failures.append(error)
                self._failed(chore, error)
        if failures and len(failures) == len(self._chores):
            raise failures[0]

    def _failed(self, chore: Chore, error: Exception) -> None:
        self._metrics.count("chore_failed", chore=chore.name)
        detail = str(error) if isinstance(error, (Retryable, Uncertain, Refused)) else where(error)
        advice = error.advice if isinstance(error, Misconfigured) else "it is tried again in an hour"
        log.error("chore failed", kind=chore.name, detail=detail, advice=advice)
