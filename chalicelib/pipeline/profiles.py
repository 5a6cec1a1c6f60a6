"""Who the customers are: asked of the platform once a week, never waited for."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping

from chalicelib.channels.base import Client
from chalicelib.errors import Refused, Retryable, Uncertain
from chalicelib.messages import Account, CustomerMessage, Profile
from chalicelib.observability import Metrics
from chalicelib.pipeline.ports import Clock, Ledger
from chalicelib.replies import Recipient

WEEK_S = 7 * 86_400.0
# A platform that does not answer is left alone for a minute, and one that knows nothing is asked again in an hour.
PAUSE_S = 60.0
HOUR_S = 3600.0
REMEMBERED = 10_000


class Profiles:
    """Profiles by conversation, in memory and in the table."""

    def __init__(self, clients: Mapping[str, Client], ledger: Ledger, clock: Clock, metrics: Metrics) -> None:
        self._clients = clients
        self._ledger = ledger
        self._clock = clock
        self._metrics = metrics
        self._known: OrderedDict[str, tuple[float, Profile | None]] = OrderedDict()
        self._paused: dict[str, float] = {}

    def of(self, account: Account, said: CustomerMessage) -> Profile | None:
        """The customer's profile, None where it is not to be had now. Never raises: a message does not wait for it."""
        key, now = said.conversation.key, self._clock()
        until, profile = self._known.get(key, (0.0, None))
        if now < until:
            return profile
        if now < self._paused.get(account.id, 0.0):
            return None
        try:
            kept = self._ledger.profile(said.conversation, now)
            return self._remember(key, kept, now + HOUR_S) if kept else self._asked(account, said, key, now)
        except (Retryable, Refused, Uncertain):
            self._paused[account.id] = now + PAUSE_S
            self._metrics.count("profile_failed", channel=account.channel)
            return None

    def _asked(self, account: Account, said: CustomerMessage, key: str, now: float) -> Profile | None:
        to = Recipient(customer=said.conversation.customer, thread=said.platform_thread)
        profile = self._clients[account.channel].profile(account, to)
        if profile is None:
            return self._remember(key, None, now + HOUR_S)
        self._ledger.keep_profile(said.conversation, now, profile)
        return self._remember(key, profile, now + WEEK_S)

    def _remember(self, key: str, profile: Profile | None, until: float) -> Profile | None:
        self._known[key] = (until, profile)
        if len(self._known) > REMEMBERED:
            self._known.popitem(last=False)
        return profile
