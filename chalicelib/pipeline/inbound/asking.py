"""What a platform or a desk is asked beside a message's way: never waited for, and never the message's trouble.

What one customer or one post is refused for concerns that one. Whoever throttles, is away or takes no token is left
alone for a while, by one account.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Generic, Literal, TypeVar

from chalicelib.errors import RateLimited, Refused, Retryable, TokenRefused, Uncertain
from chalicelib.observability import Metrics, log, new_codes, where
from chalicelib.pipeline.inbound.remembering import Remembered
from chalicelib.pipeline.ports import Clock
from chalicelib.vocabulary.records import Account

Found = TypeVar("Found")
Kind = Literal["profile", "post", "mention", "introduction"]

# That there is nothing to tell holds for an hour; what was refused is asked for again in a minute.
HOUR_S = 3600.0
AGAIN_S = 60.0
# How long an account is left alone after an outage, unless the platform names a longer time (at most an hour). It is
# shorter than AGAIN_S: one customer for whom the platform always falls silent must not keep all others nameless.
PAUSE_S = 30.0


class Asking(Generic[Found]):
    """Answers by key, in memory; None where there is none."""

    def __init__(self, kind: Kind, keep_s: float, remembered: int, clock: Clock, metrics: Metrics) -> None:
        """`keep_s` is how long an answer holds, `remembered` the most keys."""
        self._kind = kind
        self._keep_s = keep_s
        self._clock = clock
        self._metrics = metrics
        self._known: Remembered[Found] = Remembered(remembered)
        self._paused: dict[str, float] = {}
        self._failing: dict[str, Hashable] = {}

    def get(self, account: Account, key: Hashable, ask: Callable[[], Found | None]) -> Found | None:
        """What `ask` answers, or has: the last answer where that is not to be had now. Never raises."""
        now = self._clock()
        until, last = self._known.get(key)
        if now < until or now < self._paused.get(account.id, 0.0):
            return last
        try:
            with new_codes(self._metrics, account.channel):
                fresh = ask()
            self._failing.pop(account.id, None)
            return self._known.keep(key, fresh, now + (self._keep_s if fresh else HOUR_S))
        except (Retryable, Uncertain) as error:
            self._pause(account, key, now, error)
            self.failed(account, error.reason)
        except Refused as no:
            self.failed(account, no.detail)
        except Exception as error:
            self.failed(account, where(error))
        return self._known.keep(key, last, now + AGAIN_S)

    def _pause(self, account: Account, key: Hashable, now: float, error: Retryable | Uncertain) -> None:
        """A throttle or a refused token is the account's. What else fails for one may be that one's own: only where
        another fails next is the platform away."""
        asked_s = error.after_s if isinstance(error, Retryable) else None
        accounts = isinstance(error, (RateLimited, TokenRefused)) or asked_s is not None
        if accounts or self._failing.setdefault(account.id, key) != key:
            self._paused[account.id] = now + min(max(asked_s or 0.0, PAUSE_S), HOUR_S)

    def failed(self, account: Account, detail: str) -> None:
        """Counts and tells a failure; `detail` holds nobody's words."""
        channel = account.channel
        if self._kind == "profile":
            self._metrics.count("profile_failed", channel=channel)
        elif self._kind == "post":
            self._metrics.count("post_failed", channel=channel)
        elif self._kind == "mention":
            self._metrics.count("mention_failed", channel=channel)
        else:
            self._metrics.count("introduction_failed", channel=channel)
        log.info("not to be had", kind=self._kind, account=account.id, detail=detail)
