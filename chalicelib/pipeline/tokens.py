"""Access tokens are renewed before they end, by one function at a time, and what is renewed is stored at once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from chalicelib.channels.base import Renewal
from chalicelib.errors import Refused, Retryable, Uncertain
from chalicelib.messages import Account, Conversation
from chalicelib.observability import Metrics, log
from chalicelib.pipeline.ports import Clock, Ledger, SecretKeeper

LEASE_S = 90.0
DAY_S = 86_400.0
ITEM = "RENEW"


class Upkeep:
    """What runs every hour. `app_secrets` maps a channel to the name of its app's secret."""

    def __init__(
        self,
        *,
        renewals: Mapping[str, Renewal],
        app_secrets: Mapping[str, str],
        ledger: Ledger,
        secrets: SecretKeeper,
        clock: Clock,
        metrics: Metrics,
    ) -> None:
        self._renewals = renewals
        self._app_secrets = app_secrets
        self._ledger = ledger
        self._secrets = secrets
        self._clock = clock
        self._metrics = metrics

    def run(self) -> None:
        """Every account once; one account's trouble is no other's. Raises Retryable where none can be read."""
        for account in self._ledger.accounts():
            try:
                self._account(account)
            except (Retryable, Uncertain, Refused) as error:
                self._metrics.count("token_not_renewed", channel=account.channel)
                advice = f"if it persists, log the account in again and store its tokens in the secret {account.secret}"
                log.error("token not renewed", account=account.id, detail=str(error), advice=advice)

    def _account(self, account: Account) -> None:
        renewal = self._renewals[account.channel]
        now = self._clock()
        self._secrets.refresh(account.secret)
        held = self._secrets.get(account.secret)
        if renewal.due(account, held, now):
            held = self._renewed(account, renewal) or held
        ends = held.get("refresh_expires_at") or held.get("expires_at")
        if isinstance(ends, (int, float)):
            self._metrics.count("token_days_left", int((ends - now) / DAY_S), account=account.id)

    def _renewed(self, account: Account, renewal: Renewal) -> dict[str, Any] | None:
        """The new secret, None where another function is at it. TikTok's old refresh token may be dead from
        the moment of the answer, so the new one is stored before anything else is done."""
        turn = Conversation("tokens", account.channel, account.id)
        if self._ledger.claim(turn, ITEM, self._clock(), LEASE_S).state not in {"fresh", "lapsed"}:
            return None
        try:
            app = self._secrets.get(self._app_secrets[account.channel])
            new = renewal.renew(account, self._secrets.get(account.secret), app, self._clock())
            self._secrets.put(account.secret, new)
        finally:
            self._ledger.release(turn, ITEM)
        self._metrics.count("token_renewed", channel=account.channel)
        log.info("token renewed", account=account.id)
        return new
