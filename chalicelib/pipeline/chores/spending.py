"""Conversations in which few messages may still follow the customer's (`WindowPolicy.cap`): supervisors are told, and
the desk marks them, once as each number of `rules/closing.LEFT` is reached. The worker that sends writes that down, and
it is told here, unless the customer has written meanwhile."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Protocol

from chalicelib.observability import Metrics
from chalicelib.pipeline.accounts import readable
from chalicelib.pipeline.chores.raising import Raising
from chalicelib.pipeline.chores.warning import Warnings, conversations, line
from chalicelib.pipeline.ports import Clock, Ledger
from chalicelib.rules.participant import MESSAGES_LEFT
from chalicelib.vocabulary.about import About
from chalicelib.vocabulary.records import Account, Seat, Spent

# As for closing.BEGIN_S: whose turn comes before.
BEGIN_S = 18.0
_Taken = tuple[Account, Spent, Seat]


class Rows(Protocol):
    """What the table knows of them. All methods may raise Retryable."""

    def spent(self) -> Sequence[Spent]:
        """Where few messages may still follow, and nobody has been told."""

    def tell_spent(self, spent: Spent, now: float, lease_s: float) -> bool:
        """Whoever asks tells of it within that time (s). False where another does, or where fewer are left by now."""

    def settle(self, spent: Spent) -> None:
        """Nobody has to tell of it any more; no effect where fewer are left by now."""


class Spending:
    """The chore that tells of them."""

    name = "spending"
    every_s = 300.0

    def __init__(
        self,
        *,
        ledger: Ledger,
        rows: Rows,
        raising: Raising,
        warnings: Warnings,
        channels: Mapping[str, About],
        desks: Mapping[str, About],
        clock: Clock,
        metrics: Metrics,
    ) -> None:
        """`channels` and `desks` are those that there are, by their names."""
        self._ledger = ledger
        self._rows = rows
        self._raising = raising
        self._warnings = warnings
        self._channels = channels
        self._desks = desks
        self._clock = clock
        self._metrics = metrics

    def run(self, now: float) -> None:
        """Raises Retryable where the table cannot be read or written."""
        listed = self._rows.spent()
        if not listed:
            return
        rows = readable(self._ledger.accounts(), self._channels, self._desks, self._metrics)
        accounts = {(one.channel, one.id): one for one in rows}
        self._raising.begin(now + BEGIN_S)
        taken: list[_Taken] = []
        for spent in sorted(listed, key=lambda one: one.left):
            if self._clock() > now + BEGIN_S:
                break
            account = accounts.get((spent.conversation.channel, spent.conversation.account))
            if account is None or account.closing == "off":
                self._rows.settle(spent)
            elif seat := self._take(account, spent, now):
                taken.append((account, spent, seat))
        self._tell(taken)

    def _take(self, account: Account, spent: Spent, now: float) -> Seat | None:
        """Where the conversation sits, if it is ours to tell of."""
        thread = self._ledger.thread(spent.conversation)
        if thread.customer_ms != spent.customer_ms or not thread.replies:
            self._rows.settle(spent)
            return None
        if account.closing == "raise":
            marks = {MESSAGES_LEFT: str(spent.left)}
            # without it the supervisors are told all the same, and nobody is told twice for its sake
            self._raising.urge(account, spent.conversation, thread.seat, 0, marks)
        if not self._rows.tell_spent(spent, now, self._warnings.lease_s):
            return None
        self._metrics.count("messages_left", channel=account.channel, left=str(spent.left))
        return thread.seat

    def _tell(self, taken: Sequence[_Taken]) -> None:
        def place(one: _Taken) -> tuple[str, str, int]:
            account, spent, _ = one
            return account.channel, account.id, spent.left

        for (_, _, left), group in groupby(sorted(taken, key=place), place):
            several = list(group)
            said = f"{conversations(len(several))} with {left or 'no'} more {'message' if left == 1 else 'messages'}"
            why = "So many may still be sent there before the customer writes again."
            lines = [line(0, seat) for _, _, seat in several]
            if self._warnings.tell(several[0][0], "messages", said, why, lines):
                for _, spent, _ in several:
                    self._rows.settle(spent)
