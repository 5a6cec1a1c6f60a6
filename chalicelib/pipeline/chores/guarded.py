"""The daily report of what guards have held, parked and dropped: a log line and a metric per account, and supervisors
read of it, where anybody does."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Protocol

from chalicelib.observability import Metrics, log
from chalicelib.pipeline.accounts import workable
from chalicelib.pipeline.chores.warning import Warnings
from chalicelib.pipeline.ports import Ledger
from chalicelib.vocabulary.about import About
from chalicelib.vocabulary.guarding import Held, Tally
from chalicelib.vocabulary.records import Account

WHY = "Guards keep this back (docs/front.md); `dmdesk held list` tells what is held now, and `held release` ends that."


class Book(Protocol):
    """What guards have done. Both methods may raise Retryable."""

    def tallies(self, day: str) -> Sequence[Tally]: ...
    def held(self, now: float) -> Sequence[Held]: ...


class Guarded:
    """The chore that tells of yesterday (UTC)."""

    name = "guarded"
    every_s = 86_400.0

    def __init__(
        self,
        *,
        ledger: Ledger,
        book: Callable[[], Book],
        warnings: Warnings,
        channels: Mapping[str, About],
        desks: Mapping[str, About],
        metrics: Metrics,
    ) -> None:
        """`book` is opened where an account has guards; `channels` and `desks` are those that there are."""
        self._ledger = ledger
        self._book = book
        self._warnings = warnings
        self._channels = channels
        self._desks = desks
        self._metrics = metrics

    def run(self, now: float) -> None:
        """Raises Retryable where the table cannot be read."""
        rows = workable(self._ledger.accounts(), self._channels, self._desks)
        accounts = [account for account in rows if account.front.guards]
        if not accounts:
            return
        day = (datetime.fromtimestamp(now, UTC).date() - timedelta(days=1)).isoformat()
        done: defaultdict[tuple[str, str], list[Tally]] = defaultdict(list)
        for tally in self._book().tallies(day):
            done[tally.channel, tally.account].append(tally)
        held = self._book().held(now)
        for account in accounts:
            of = [
                one
                for one in held
                if (one.conversation.channel, one.conversation.account) == (account.channel, account.id)
            ]
            self._told(account, day, done[account.channel, account.id], len(of))

    def _told(self, account: Account, day: str, tallies: Sequence[Tally], held: int) -> None:
        total = sum(one.count for one in tallies)
        self._metrics.count("guarded_day", total, account=account.id)
        log.info("guarded", account=account.id, count=total)
        if not tallies and not held:
            return
        lines = [f"{one.count}  {one.action}  {one.why}" for one in sorted(tallies, key=lambda one: -one.count)]
        self._warnings.tell(account, "guarded", f"{total} kept back by guards on {day}, {held} held now", WHY, lines)
