"""Every day each account that asks for it is compared with what its platform and its desk hold: what no webhook brought
is brought, and what became of everything is told."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from functools import partial
from typing import Protocol

import msgspec

from chalicelib.errors import AccountStopped, Misconfigured, RateLimited, Refused, Retryable, TokenRefused, Uncertain
from chalicelib.observability import Metrics, log, where
from chalicelib.pipeline.accounts import readable
from chalicelib.pipeline.comparing import NO_HISTORY, Comparing, Found, Way
from chalicelib.pipeline.ports import Clock, UpkeepLedger
from chalicelib.rules.reconciling import DAY_S, until_ms
from chalicelib.vocabulary.about import About
from chalicelib.vocabulary.proof import Comparison, Tally
from chalicelib.vocabulary.records import Account, Direction
from chalicelib.wire import iso

# What all accounts together take of a start, of which the function's other chores have the rest (s).
WORK_S = 25.0
# A comparison that was not finished in this is told as far as it has come, and the next begins (s).
LONGEST_S = 3 * DAY_S
# Whoever throttles is left alone for so long at least; what somebody has to mend, for an hour (s).
THROTTLED_S = 300.0
STOPPED_S = 3600.0
# Longer than one start is at it: no other is beside it (s).
LEASE_S = 90.0
DAILY = "daily"


class Notes(Protocol):
    """How far each account's comparisons have come. Both methods may raise Retryable."""

    def comparison(self, account: Account, name: str) -> Comparison | None:
        """The account's comparison of that name; None where there is none."""

    def keep_comparison(self, account: Account, name: str, now: float, held: Comparison) -> None:
        """Remembers it."""


class Reconciling:
    """The chore. It is started often and goes on from where it stopped; a new comparison begins once a day.

    What an account was sent before it asked for this, or while it did not for days, is never brought: somebody has long
    answered it elsewhere.
    """

    name = "reconciling"
    every_s = 300.0

    def __init__(
        self,
        *,
        comparing: Comparing,
        notes: Notes,
        ledger: UpkeepLedger,
        channels: Mapping[str, About],
        desks: Mapping[str, About],
        clock: Clock,
        metrics: Metrics,
    ) -> None:
        self._comparing = comparing
        self._notes = notes
        self._ledger = ledger
        self._channels = channels
        self._desks = desks
        self._clock = clock
        self._metrics = metrics

    def run(self, now: float) -> None:
        """A share of the time for each account that is due; one account's trouble is no other's. Raises Retryable where
        none can be read."""
        listed = readable(self._ledger.accounts(), self._channels, self._desks, self._metrics)
        asked = [account for account in listed if account.reconcile]
        paused = {(pause.channel, pause.account) for pause in self._ledger.pauses(now)} if asked else set()
        due = [
            (account, held)
            for account in asked
            if (held := self._due(account, now, paused=(account.channel, account.id) in paused))
        ]
        for account, held in due:
            try:
                self._account(account, held, min(self._clock() + WORK_S / len(due), now + WORK_S))
            except Exception as error:  # whatever it is, the next account's turn comes
                self._failed(account, where(error), "report it: docs/troubleshooting.md")

    def _due(self, account: Account, now: float, *, paused: bool) -> Comparison | None:
        """The comparison that is to be gone on with now, None where there is none. Raises Retryable."""
        held = self._notes.comparison(account, DAILY)
        if held is None or (held.ended_s and now - held.ended_s > LONGEST_S):
            self._first(account, now)
            return None
        if not self._comparing.compares(account):
            return None
        begins = held.ended_s and now - held.began_s >= DAY_S - self.every_s / 2
        if not begins and (held.ended_s or now < held.rests_s):
            return None
        if paused:  # what waits on its queue is not missing
            log.info("not compared", account=account.id, reason="paused")
            return None
        return self._comparing.begun(held.until_ms, held.floor_ms) if begins else held

    def _first(self, account: Account, now: float) -> None:
        """From now on."""
        if not self._comparing.compares(account):
            log.warning("not compared", account=account.id, reason="no_history", advice=NO_HISTORY)
        since_ms = until_ms(now)
        held = Comparison(since_ms=since_ms, until_ms=since_ms, floor_ms=since_ms, began_s=now, ended_s=now)
        self._notes.keep_comparison(account, DAILY, now, held)

    def _account(self, account: Account, held: Comparison, until_s: float) -> None:
        turn = lock_of(account)
        token = self._ledger.lock(turn, self._clock(), LEASE_S)
        if token is None:
            return
        kept = [held]

        def keep(now_held: Comparison) -> None:
            kept[0] = now_held
            self._notes.keep_comparison(account, DAILY, self._clock(), now_held)

        way = Way(brings=True, keep=keep, tell=partial(told, account), until_s=until_s)
        try:
            held = self._comparing.go_on(account, held, way)
        except (Retryable, Refused, Uncertain) as error:
            held = self._stopped(account, kept[0], error)
        finally:
            with suppress(Retryable):  # the lease ends by itself, too
                self._ledger.unlock(turn, token)
        if not held.ended_s and self._clock() - held.began_s > LONGEST_S:
            held = msgspec.structs.replace(held, ended_s=self._clock())
            log.warning("compared in part", account=account.id, count=held.looked)
        self._notes.keep_comparison(account, DAILY, self._clock(), held)
        if held.ended_s:
            self._proven(account, held)

    def _stopped(self, account: Account, held: Comparison, error: Retryable | Refused | Uncertain) -> Comparison:
        """Rests, and goes on from there."""
        now = self._clock()
        if isinstance(error, RateLimited):
            log.info("comparison rests", account=account.id, reason=error.reason)
            return msgspec.structs.replace(held, rests_s=now + max(error.after_s or 0.0, THROTTLED_S))
        advice = error.advice if isinstance(error, (Misconfigured, TokenRefused, AccountStopped)) else ""
        mends = isinstance(error, (Misconfigured, TokenRefused, Refused))
        detail = error.detail if isinstance(error, Refused) else error.reason
        self._failed(account, detail, advice or "it goes on by itself")
        return msgspec.structs.replace(held, rests_s=now + (STOPPED_S if mends else 0.0))

    def _failed(self, account: Account, detail: str, advice: str) -> None:
        self._metrics.count("reconcile_failed", account=account.id)
        log.error("not compared", account=account.id, detail=detail, advice=advice)

    def _proven(self, account: Account, held: Comparison) -> None:
        """The day's line, and its metrics."""
        tallies: dict[Direction, Tally] = {"inbound": held.inbound, "outbound": held.outbound}
        for direction, tally in tallies.items():
            labels = {"account": account.id, "direction": direction}
            self._metrics.count("proof_received", tally.received, **labels)
            self._metrics.count("proof_delivered", tally.delivered, **labels)
            self._metrics.count("proof_told", tally.told, **labels)
            self._metrics.count("proof_missing", tally.missing, **labels)
            self._metrics.count("proof_doubled", tally.doubled, **labels)
            self._metrics.count("proof_out_of_order", tally.out_of_order, **labels)
            self._metrics.count("proof_gaps", tally.missing + tally.doubled + tally.out_of_order, **labels)
            log.info("proof", account=account.id, kind=direction, count=held.looked, received=tally.received,
                     delivered=tally.delivered, told=tally.told, under_way=tally.under_way, missing=tally.missing,
                     doubled=tally.doubled, out_of_order=tally.out_of_order)  # fmt: skip
        if held.short:
            log.warning("history too short", account=account.id, count=held.short)


def told(account: Account, found: Found) -> None:
    """The line of a message that nobody had brought, by which it is traced."""
    log.warning("missing", message=found.id, account=account.id, kind=found.direction, detail=iso(found.sent_ms),
                conversation=found.conversation.key, status="brought" if found.brought else "left")  # fmt: skip


def lock_of(account: Account) -> str:
    """The name of the lock under which the account is compared."""
    return f"reconciling/{account.channel}/{account.id}"
