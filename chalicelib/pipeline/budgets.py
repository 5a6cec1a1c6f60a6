"""What an event has left: its own tries, counted in the ledger, against the table of budgets."""

from __future__ import annotations

from chalicelib.errors import Refused, Retryable
from chalicelib.pipeline.ports import Clock, Ledger, Turn
from chalicelib.rules.budgets import BUDGETS, used_up
from chalicelib.vocabulary.records import Tried


class WornOut(Refused):
    """Workers died over it, again and again."""


class Budgets:
    """Counts tries by the event's life on the queue."""

    def __init__(self, ledger: Ledger, clock: Clock) -> None:
        self._ledger = ledger
        self._clock = clock

    def tried(self, turn: Turn, what: str) -> Tried:
        """Counts a try. Where the ledger cannot be asked it is the first, which spends nothing."""
        now = self._clock()
        try:
            return self._ledger.tried(turn.life, what, now)
        except Retryable:
            return Tried(count=1, first_s=now)

    def spent(self, turn: Turn, what: str, since_s: float | None = None) -> bool:
        """Counts a try that failed; whether it was the last that its budget allows. `since_s` (epoch s) is from
        when the budget's time runs, if not from the first try."""
        return used_up(BUDGETS[what], self.tried(turn, what), self._clock(), since_s)

    def died(self, turn: Turn) -> None:
        """A worker began this and never came back. Raises WornOut where that happens again and again, and Waiting.

        It may have died over what it was at beside this: a death counts once nothing can be beside it any more."""
        turn.apart()
        if self.spent(turn, "died"):
            raise WornOut("other", "workers died over it, again and again")
