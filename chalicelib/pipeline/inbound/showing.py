"""What belongs to an open conversation: shown there, and nowhere else."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from chalicelib.errors import Misconfigured, Refused, Retryable
from chalicelib.observability import Metrics, log
from chalicelib.pipeline.budgets import Budgets
from chalicelib.pipeline.lines import Lines, Shown
from chalicelib.pipeline.ports import Arrival, Ledger
from chalicelib.vocabulary.records import Seat, Thread


class Showing:
    """Shows notes and echoes; nothing waits long for it."""

    def __init__(self, *, lines: Lines, ledger: Ledger, budgets: Budgets, metrics: Metrics) -> None:
        self._lines = lines
        self._ledger = ledger
        self._budgets = budgets
        self._metrics = metrics

    def show(
        self,
        arrival: Arrival,
        line: Shown,
        kind: str,
        thread: Callable[[Seat], Thread] = lambda seat: Thread(seat=seat),
    ) -> None:
        """Into the conversation if it is open; it is never opened for this. `thread` is the delivery's. Raises
        Retryable."""
        seat = self._ledger.thread(line.conversation).seat
        if not self.is_open(arrival, line, seat):
            self._metrics.count("ignored", reason=f"{kind}_no_open_conversation")
            return
        try:
            self._lines.put(arrival.account, line, seat, thread, partial(self._budgets.died, arrival.turn))
        except Refused as no:
            self._metrics.count("ignored", reason=f"{kind}_refused")
            log.warning("the desk refuses a line", event=line.id, detail=no.detail, account=arrival.account.id)

    def is_open(self, arrival: Arrival, line: Shown, seat: Seat) -> bool:
        """Whether the conversation goes on; no, where that cannot be told. Raises Retryable."""
        try:
            return self._lines.is_open(arrival.account, line.conversation, seat)
        except Misconfigured as error:
            self._metrics.count("misconfigured")
            log.error("misconfigured", reason=error.reason, advice=error.advice, account=arrival.account.id)
        except Refused as no:
            log.warning("not looked at", detail=no.detail, account=arrival.account.id)
        except Retryable:
            if not self._budgets.spent(arrival.turn, "note"):
                raise
        return False
