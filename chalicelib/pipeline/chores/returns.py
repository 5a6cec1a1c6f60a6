"""Events that were parked because no account was theirs come back by themselves once one is."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Protocol

from chalicelib.errors import Malformed
from chalicelib.observability import Metrics, log
from chalicelib.pipeline.accounts import workable
from chalicelib.pipeline.alone import REPLAY, Busy, alone
from chalicelib.pipeline.parking import PARKED, UNKNOWN_ACCOUNT, account_mark, named
from chalicelib.pipeline.ports import Clock, UpkeepLedger
from chalicelib.pipeline.returning import Returning, Shelved
from chalicelib.vocabulary.about import About
from chalicelib.vocabulary.records import Account
from chalicelib.wire import bounded

HOUR_S = 3600
# So many come back in a run, the oldest first: reading and putting them takes some ten seconds.
MOST = 200
WHO = "the upkeep"


class Listed(Protocol):
    """The bucket, as far as it tells what lies there."""

    def keys(self, prefix: str) -> Iterator[str]:
        """The keys that begin so. Raises Retryable."""


class Returns:
    """The chore that brings them back. `hours` is how old an event may be, 0 for none: what is older, an operator
    brings back, who knows whether anybody still waits for it."""

    name = "returns"
    every_s = 300

    def __init__(
        self,
        *,
        shelf: Listed,
        returning: Returning,
        ledger: UpkeepLedger,
        channels: Mapping[str, About],
        desks: Mapping[str, About],
        hours: int,
        clock: Clock,
        metrics: Metrics,
    ) -> None:
        self._shelf = shelf
        self._returning = returning
        self._ledger = ledger
        self._channels = channels
        self._desks = desks
        self._hours = hours
        self._clock = clock
        self._metrics = metrics

    def run(self, now: float) -> None:
        """Brings back what belongs to an account now, unless an operator's replay is under way. May be cut off
        anywhere. Raises Retryable."""
        keys = self._due(now) if self._hours else []
        if not keys:
            return
        try:
            with alone(self._ledger, REPLAY, WHO, self._clock) as still:
                self._bring_back(keys, lambda count: still())
        except Busy as busy:
            log.info("left for the next run", kind=self.name, reason=str(busy))

    def _due(self, now: float) -> list[str]:
        """The keys of what comes back in this run, in the order of the queues' counts: whatever is left for the next
        one has come after it."""
        since_ms = (now - self._hours * HOUR_S) * 1000
        found: list[tuple[str, int, str]] = []
        if next(self._shelf.keys(f"{PARKED}{UNKNOWN_ACCOUNT}/"), None) is None:  # as nearly always: one look will do
            return []
        for source, marks in self._marks().items():
            for day in _days(now - self._hours * HOUR_S, now):
                for key in self._shelf.keys(f"{PARKED}{UNKNOWN_ACCOUNT}/{source}/{day}/"):
                    told = named(key)
                    if told.account in marks and told.since_ms >= since_ms:
                        found.append((told.order, told.since_ms, key))
        return [key for _, _, key in sorted(found)[:MOST]]

    def _marks(self) -> dict[str, set[str]]:
        """By which the accounts that there are now are told, by whose events name them. Raises Retryable."""
        marks: dict[str, set[str]] = {}
        for account in workable(self._ledger.accounts(), self._channels, self._desks):
            for source, name in names_of(account, next(iter(self._desks))):
                marks.setdefault(source, set()).add(account_mark(source, bounded(name)))
        return marks

    def _bring_back(self, keys: list[str], done: Callable[[int], object]) -> None:
        back: list[Shelved] = []
        for key in keys:
            try:
                shelved = self._returning.read(key)
            except Malformed as no:
                log.error("cannot be read, and stays", key=key, detail=str(no))
            else:
                back += [shelved] if shelved else []
        left = self._returning.back(back, done)
        for shelved, why in left:
            log.error("cannot come back, and stays", key=shelved.key, detail=why)
        self._metrics.count("returned", len(back) - len(left))
        log.info("returned", count=len(back) - len(left))


def names_of(account: Account, first_desk: str) -> list[tuple[str, str]]:
    """By whose events the account is named, and how: by its id on the platform, by its integrations at the desk."""
    desk, integrations = account.desk or first_desk, (account.integration, *account.former_integrations)
    return [(account.channel, account.id), *((desk, integration) for integration in integrations)]


def _days(since_s: float, until_s: float) -> Iterator[str]:
    """The days (UTC) from then until then, as `parking.place` has them."""
    day, last = (datetime.fromtimestamp(moment, UTC).date() for moment in (since_s, until_s))
    while day <= last:
        yield day.isoformat()
        day += timedelta(days=1)
