"""Access tokens are renewed before they end, by one function at a time, and what is renewed is stored at once."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from math import isfinite
from typing import Any

from chalicelib.credentials import Secret, trimmed
from chalicelib.errors import Misconfigured, Refused, Retryable, Uncertain
from chalicelib.observability import Metrics, log, where
from chalicelib.pipeline.accounts import readable
from chalicelib.pipeline.ports import Clock, SecretKeeper, UpkeepLedger
from chalicelib.protocols.channel import Renewal
from chalicelib.vocabulary.about import About
from chalicelib.vocabulary.records import Account

LEASE_S = 90.0
HOUR_S = 3600.0
DAY_S = 86_400.0
# No renewal is begun later in a run, so that the function's end never comes between a platform's answer and its
# being stored: a call, and half a minute of tries to write, fit into what a function lives (60 s at the least).
# What is left for the next run is due half a day before it ends.
BEGIN_S = 10.0


class Tokens:
    """The chore that renews them, of the channels of `renewals`, and goes through their accounts every so often (s):
    one for each pace that a channel's tokens ask for. `app_secrets` maps a channel to the name of its app's secret,
    where it renews by one; `channels` and `desks` are those that there are, by their names."""

    def __init__(
        self,
        *,
        every_s: float,
        renewals: Mapping[str, Renewal],
        app_secrets: Mapping[str, str],
        channels: Mapping[str, About],
        desks: Mapping[str, About],
        ledger: UpkeepLedger,
        secrets: SecretKeeper,
        clock: Clock,
        metrics: Metrics,
    ) -> None:
        self.name = "tokens" if every_s == HOUR_S else f"tokens_{int(every_s)}"
        self.every_s = every_s
        self._renewals = renewals
        self._app_secrets = app_secrets
        self._channels = channels
        self._desks = desks
        self._ledger = ledger
        self._secrets = secrets
        self._clock = clock
        self._metrics = metrics

    def run(self, now: float) -> None:
        """Every account once; one account's trouble is no other's. Raises Retryable where none can be read."""
        latest_s = now + BEGIN_S
        for account in readable(self._ledger.accounts(), self._channels, self._desks, self._metrics):
            if account.channel not in self._renewals:
                continue
            try:
                self._account(account, latest_s)
            except Exception as error:  # whatever it is, the next account's turn comes
                self._failed(account, error)

    def _account(self, account: Account, latest_s: float) -> None:
        renewal = self._renewals[account.channel]
        held = self._secrets.read(account.secret)
        if renewal.due(account, held, self._clock()):
            held = self._renewed(account, renewal, latest_s) or held
        ends = ends_s(held)
        if ends is not None:
            self._metrics.count("token_days_left", int((ends - self._clock()) / DAY_S), account=account.id)

    def _renewed(self, account: Account, renewal: Renewal, latest_s: float) -> dict[str, Any] | None:
        """The new secret, None where another function is at it, or was, or where it is too late in this run.
        What was held may be dead from the moment of the answer: that the secret can be written is tried
        before, and the answer is stored before anything else is done."""
        turn = lock_of(account)
        token = self._ledger.lock(turn, self._clock(), LEASE_S)
        if token is None:
            return None
        try:
            held = self._secrets.read(account.secret)
            if not renewal.due(account, held, self._clock()):
                return None
            self._secrets.put(account.secret, held)
            if self._clock() > latest_s:
                log.warning("token left for the next run", account=account.id)
                return None
            new = renewal.renew(account, held, lambda: self._app(account), self._clock())
            self._secrets.put(account.secret, new)
        finally:
            with suppress(Retryable):  # the lease ends by itself, too
                self._ledger.unlock(turn, token)
        self._metrics.count("token_renewed", channel=account.channel)
        log.info("token renewed", account=account.id)
        return new

    def _app(self, account: Account) -> Secret:
        name = self._app_secrets[account.channel]
        return Secret(name, self._secrets.read(name))

    def _failed(self, account: Account, error: Exception) -> None:
        self._metrics.count("token_not_renewed", channel=account.channel)
        advice = f"if it persists, log the account in again and store its tokens in the secret {account.secret}"
        if isinstance(error, Misconfigured):
            advice = error.advice
        detail = str(error) if isinstance(error, (Retryable, Uncertain, Refused)) else where(error)
        log.error("token not renewed", account=account.id, detail=detail, advice=advice)


def ends_s(held: dict[str, Any]) -> float | None:
    """When a person has to log the account in again (epoch s), by what its secret holds; None where that is not told:
    a token that renews itself ends with what it is renewed by."""
    ends = held.get("refresh_expires_at") or (None if trimmed(held.get("refresh_token")) else held.get("expires_at"))
    return float(ends) if isinstance(ends, (int, float)) and isfinite(ends) else None


def lock_of(account: Account) -> str:
    """The name of the lock under which the account's token is renewed."""
    return f"renewal/{account.channel}/{account.id}"
